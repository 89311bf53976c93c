"""The whole way of a PC, against stand-ins for the services."""

from __future__ import annotations

import asyncio
import dataclasses
import stat
from uuid import UUID

import httpx
import msgspec
import pytest

from device.cloud import (
    DEVICE_ID,
    DMCLIENT,
    DOMAIN,
    MANAGED_ID,
    PASSWORD,
    UPN,
    USER_ID,
    finish,
    install_msi,
    replace,
)
from taxiway.device import PC, EspItemChanged, Failed, Noted, Person, Place, ScreenShown, StepDone
from taxiway.wire.autopilot_profile import render_offline
from taxiway.wire.device_certificate import sid
from taxiway.wire.join import LOCAL_ADMINISTRATORS, JoinError, MembershipChange
from taxiway.wire.json_body import BadJson
from taxiway.wire.provisioning import FirstSyncStatus
from taxiway.wire.soap_fault import Fault
from taxiway.wire.ztd import MISMATCH, MODE_NOT_SERVED, NO_PROFILE, NOT_REGISTERED, PROFILE_DELETED, ZtdError

pytestmark = pytest.mark.anyio

AUTOPILOT = "OobeAutopilot"
HELLO_OFF = "./Device/Vendor/MSFT/PassportForWork/11111111-2222-4333-8444-555555555555/Policies/UsePassportForWork"


def screens(power_on) -> list[str]:
    return [event.name for event in power_on.events if isinstance(event, ScreenShown)]


async def test_a_sealed_pc_reaches_the_desktop(pc, cloud, power_on):
    """From power-on to desktop: named, joined, enrolled, managed in both phases, with a Windows Hello key."""
    outcome = await power_on(pc)
    assert outcome.failure is None
    assert (outcome.reached, outcome.device_name, outcome.user) == ("desktop", "C-SN-0001", UPN)
    assert (outcome.entra_device_id, outcome.intune_device_id) == (DEVICE_ID, MANAGED_ID)
    assert outcome.profile_name == "Standard"
    assert outcome.hello == "provisioned"
    assert cloud.hello_keys == 1
    assert cloud.logins[0] == "others"
    assert cloud.logins[-1] == "user"
    assert {code for _, _, code in cloud.statuses} <= {200, 202}
    assert pc.state.installed == {"{11111111-2222-3333-4444-555555555555}": "1.4.0"}
    assert cloud.results[f"./Device/{DMCLIENT}/FirstSyncStatus/IsSyncDone"] == "true"


async def test_the_phases_sum_to_the_wall_clock(pc, power_on):
    """No time is lost between the phases, and none is counted twice."""
    outcome = await power_on(pc)
    marks = pc.state.marks
    assert round(outcome.seconds * 1000) == pc.state.ended - marks[0][1]
    names = [name for name, _ in outcome.phases]
    assert names[:5] == ["network", "profile", "sign-in", "join", "enrollment"]
    assert names[-1] == "desktop"


async def test_one_correlation_goes_with_every_request(pc, cloud, power_on):
    """The server can tell which requests belong to one deployment."""
    outcome = await power_on(pc)
    assert {request.headers["client-request-id"] for request in cloud.requests} == {outcome.correlation}


async def test_no_secret_leaves_through_state_or_events(pc, cloud, power_on, tmp_path):
    """Password and tokens are in no event and not in the state file; key files are private."""
    await power_on(pc)
    told = repr(power_on.events) + (tmp_path / "pc" / "pc.json").read_text()
    assert PASSWORD not in told
    assert "prt-1" not in told
    assert "drs-token" not in told
    assert "device-secret" not in told
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "pc").rglob("*") if path.is_file()}
    assert modes == {0o600}


async def test_r109_the_order_of_screens_on_a_wired_start(pc, cloud, power_on):
    """With everything hidden only the pages that no profile hides are left, in their order."""
    cloud.profile = _profile(cloud, 286 + 1024)
    await power_on(pc)
    assert screens(power_on) == ["OobeZdp", "OobeAAD", "MDMProgress", "FirstSignInAnimation", "NGC", "Desktop"]


@pytest.mark.parametrize("eula", [True, False])
@pytest.mark.parametrize("privacy", [True, False])
@pytest.mark.parametrize("keyboard", [True, False])
@pytest.mark.parametrize("language", [True, False])
async def test_r102_each_page_shows_unless_its_switch_hides_it(pc, cloud, power_on, eula, privacy, keyboard, language):
    """The four switches hide their own page and no other."""
    bits = 264 + 16 * eula + 4 * privacy + 1024 * keyboard
    cloud.profile = _profile(cloud, bits, "de-DE" if language else None)
    await power_on(pc)
    shown = screens(power_on)
    assert ("OobeEula" not in shown) == eula
    assert ("OobeSettings" not in shown) == privacy
    assert ("OobeKeyboard" not in shown) == keyboard
    assert ("OobeRegion" not in shown) == language


async def test_r103_a_wireless_start_shows_language_and_keyboard_anyway(pc, cloud, host, power_on, tmp_path):
    """Without a network at start the profile is not there yet; the later pages obey it."""
    cloud.profile = _profile(cloud, 286 + 1024)
    wireless = PC.open(tmp_path / "pc", dataclasses.replace(host, place=Place(network="wireless")))
    await power_on(wireless)
    assert screens(power_on)[:5] == ["OobeRegion", "OobeKeyboard", "OobeSecondKeyboard", "OobeWireless", "OobeZdp"]
    assert "OobeEula" not in screens(power_on)


@pytest.mark.parametrize(("company", "shown"), [("Contoso Ltd", "Contoso Ltd"), ("", DOMAIN)])
async def test_the_sign_in_page_bears_the_name_of_the_organization(pc, cloud, power_on, company, shown):
    """The name is the one the page gives, the domain where it gives none; the page shows once for all its forms."""
    cloud.company, cloud.second_factor = company, "AccessPass"
    await power_on(pc, Person(UPN, PASSWORD, "tap-123"))
    texts = [event.text for event in power_on.events if isinstance(event, ScreenShown) and event.name == "OobeAAD"]
    assert texts == [f"Welcome to {shown}"]


@pytest.mark.parametrize(
    "changes", [{"cloud_assigned_domain_join_method": 1}, {"cloud_assigned_oobe_config": 286 + 96}]
)
async def test_a_profile_of_another_mode_is_refused_by_name(pc, cloud, power_on, changes):
    """Hybrid join and self-deploying mode end at the profile, before anybody signs in; nothing else is done instead."""
    cloud.profile = msgspec.structs.replace(cloud.profile, **changes)
    outcome = await power_on(pc)
    assert (outcome.failure.step, outcome.failure.code) == ("profile", "0x80070032")
    assert not [request for request in cloud.requests if "/oauth2/" in request.url.path]


async def test_an_unregistered_pc_ends_at_the_generic_page(pc, cloud, power_on):
    """Without a profile the PC says so with the service's code, and goes no further."""
    cloud.profile_error = ZtdError.of(NOT_REGISTERED)
    outcome = await power_on(pc)
    assert outcome.reached == "failed"
    assert (outcome.failure.step, outcome.failure.code) == ("profile", "807")
    assert screens(power_on)[-1] == "OobeIDPS"
    assert 807 in [event.number for event in power_on.events if isinstance(event, Noted)]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (NOT_REGISTERED, "not registered with an organization"),
        (NO_PROFILE, "no profile is assigned to it yet. Wait"),
        (PROFILE_DELETED, "has been deleted"),
        (MISMATCH, "differs from its registration"),
        (MODE_NOT_SERVED, "not done here"),
    ],
)
async def test_p07_the_screen_says_why_there_is_no_profile(pc, cloud, power_on, code, said):
    """Each result of the service has a sentence of its own on the screen, and a code of its own in the outcome."""
    cloud.profile_error = ZtdError.of(code)
    outcome = await power_on(pc)
    assert outcome.failure.code == str(code)
    texts = [event.text for event in power_on.events if isinstance(event, ScreenShown) and event.name == AUTOPILOT]
    assert said in texts[-1]
    assert len(texts) == 1


async def test_p06_a_pc_without_profile_asks_again_and_goes_on_when_there_is_one(
    pc, cloud, host, power_on, tmp_path, monkeypatch
):
    """It says that it waits, and the profile that is assigned meanwhile is enough: nobody restarts anything."""
    cloud.profile_error, answer = ZtdError.of(NO_PROFILE), cloud._ztd

    def assigned_meanwhile(request):
        response = answer(request)
        cloud.profile_error = None if response.status_code == 404 else cloud.profile_error
        return response

    monkeypatch.setattr(cloud, "_ztd", assigned_meanwhile)
    patient = PC.open(tmp_path / "pc", dataclasses.replace(host, pace=dataclasses.replace(host.pace, prefetch=30)))
    assert (await power_on(patient)).reached == "desktop"
    [text] = [event.text for event in power_on.events if isinstance(event, ScreenShown) and event.name == AUTOPILOT]
    assert "Waiting for its profile" in text


async def test_p07_trouble_with_the_network_is_not_a_missing_registration(pc, cloud, power_on, monkeypatch):
    """An answer that is none of the service's says nothing about the PC: another code, another sentence."""
    monkeypatch.setattr(cloud, "_ztd", lambda _request: httpx.Response(404, text="<html>proxy</html>"))
    outcome = await power_on(pc)
    assert (outcome.failure.step, outcome.failure.code) == ("network", "0x80190194")
    [text] = [event.text for event in power_on.events if isinstance(event, ScreenShown) and event.name == AUTOPILOT]
    assert "nobody knows whether it is registered" in text
    assert "OobeIDPS" not in screens(power_on)


async def test_p26_an_offline_profile_skips_language_and_keyboard_without_a_wire(pc, cloud, host, power_on, tmp_path):
    """Nobody registered the PC: it deploys by the file on its disk, and says by which one when it enrolls."""
    profile = _profile(cloud, 286 + 1024)
    offline = msgspec.structs.replace(profile, cloud_assigned_language="en-US", cloud_assigned_region="en-US")
    cloud.profile_error = ZtdError.of(NOT_REGISTERED)
    wireless = PC.open(tmp_path / "pc", dataclasses.replace(host, place=Place(network="wireless")))
    wireless.take_offline_profile(render_offline(offline, profile_id="p-1", name="Offline"))
    outcome = await power_on(wireless)
    assert outcome.reached == "desktop", outcome.failure
    assert screens(power_on)[:2] == ["OobeWireless", "OobeZdp"]
    [context] = cloud.contexts
    assert ("OfflineAutoPilotEnrollmentCorrelator", "p-1") in context.context
    with pytest.raises(BadJson, match="ASCII"):
        wireless.take_offline_profile("{}".encode("utf-16"))


async def test_a_registered_pc_ignores_its_offline_profile(pc, cloud, power_on):
    """What the service says counts: its profile, and also that there is none yet (06 section 3.10)."""
    pc.take_offline_profile(render_offline(_profile(cloud, 286), profile_id="p-1", name="Offline"))
    outcome = await power_on(pc)
    assert outcome.profile_name == cloud.profile.deployment_profile_name
    [context] = cloud.contexts
    assert not [item for item in context.context if item[0] == "OfflineAutoPilotEnrollmentCorrelator"]


async def test_a_wrong_password_shows_the_documented_code(pc, power_on):
    """The sign-in page's error number is on the screen."""
    outcome = await power_on(pc, Person(UPN, "wrong"))
    assert (outcome.failure.step, outcome.failure.code) == ("sign-in", "AADSTS50126")


async def test_a_temporary_access_pass_answers_the_second_factor(pc, cloud, power_on):
    """The pass is handed in, and the primary refresh token then comes from the refresh token of that sign-in."""
    cloud.second_factor = "AccessPass"
    outcome = await power_on(pc, Person(UPN, PASSWORD, "tap-123"))
    assert outcome.reached == "desktop"
    assert cloud.prt_requests[0]["grant_type"] == "refresh_token"


async def test_a_second_factor_nobody_has_is_named(pc, cloud, power_on):
    """A person without the factor that is asked for stops at the sign-in."""
    cloud.second_factor = "FidoKey"
    outcome = await power_on(pc)
    assert outcome.failure.code == "AADSTS50076"


@pytest.mark.parametrize(
    ("kind", "code"), [("AuthorizationError", "0x801C0003"), ("DeviceQuotaExceeded", "0x801C000E")]
)
async def test_a_refused_join_shows_its_hresult(pc, cloud, power_on, kind, code):
    """Not allowed and over quota are told apart on the screen (03 section 8.9)."""
    cloud.join_error = JoinError(error_type=kind, message="no", trace_id="t", time="now")
    outcome = await power_on(pc)
    assert (outcome.failure.step, outcome.failure.code) == ("join", code)


async def test_a_refused_enrollment_shows_its_hresult(pc, cloud, power_on):
    """The detail of the fault decides the code (04 section 12.3)."""
    cloud.fault = Fault(subcode="s:Authorization", reason="no licence", error_type="UserLicense")
    outcome = await power_on(pc)
    assert (outcome.failure.step, outcome.failure.code) == ("enrollment", "0x80180018")


async def test_r003_a_user_outside_the_mdm_scope_gets_an_unmanaged_desktop(pc, cloud, power_on):
    """Joined, not enrolled, no status page."""
    cloud.in_scope = False
    outcome = await power_on(pc)
    assert outcome.reached == "unmanaged"
    assert outcome.entra_device_id == DEVICE_ID
    assert not cloud.contexts
    assert "MDMProgress" not in screens(power_on)


async def test_the_enrollment_says_what_the_pc_is(pc, cloud, power_on):
    """The context carries the registration id of the profile, the terms that were accepted, and OOBE."""
    await power_on(pc)
    context = cloud.contexts[0]
    assert context.first("ZeroTouchProvisioning") == cloud.profile.ztd_registration_id
    assert context.first("EnrollmentData") == "blob-1"
    assert context.flag("NotInOobe") is False
    assert context.first("HWDevID") == pc.firmware.hardware_id
    assert cloud.joins[0].attributes["MSA-DDID"]


@pytest.mark.parametrize("listed", [True, False])
async def test_r101_the_join_decides_who_is_a_local_administrator(pc, cloud, power_on, listed):
    """The user is one when the answer to the join names the user's SID, and not otherwise."""
    own = sid(UUID(USER_ID)) if listed else "S-1-12-1-1-2-3-4"
    cloud.membership = (MembershipChange(LOCAL_ADMINISTRATORS, (own,)),)
    await power_on(pc)
    joined = next(event for event in power_on.events if isinstance(event, StepDone) and event.step == "join")
    assert joined.facts["administrator"] is listed


async def test_a_server_that_is_away_for_a_moment_costs_nothing_but_time(pc, cloud, power_on):
    """Requests are repeated until the server is back."""
    cloud.down = 6
    assert (await power_on(pc)).reached == "desktop"


@pytest.mark.parametrize("path", ["/oauth2/token", "/EnrollmentServer/device/", "Enrollment.svc", "MDM.svc", "/key/"])
async def test_a_lost_answer_is_survived_at_every_step(pc, cloud, power_on, path):
    """The server acted, the PC saw nothing: it repeats the request or begins the step again."""
    cloud.drop_after = path
    assert (await power_on(pc)).reached == "desktop"


async def test_a_server_that_stays_away_is_named(pc, cloud, power_on):
    """After its patience the PC gives up with a code."""
    cloud.down = 100000
    outcome = await power_on(pc)
    assert (outcome.failure.step, outcome.failure.code) == ("network", "0x80072EFD")


@pytest.mark.parametrize("stop", [3, 8, 12, 16, 20, 22, 24, 26, 28, 30])
async def test_a_power_cut_anywhere_is_survived(pc, cloud, host, endpoints, person, power_on, tmp_path, stop):
    """Killed at any request, the PC goes on from its folder and reaches the desktop."""
    task = asyncio.ensure_future(power_on(pc))
    handle = cloud.handle

    def cut(request, identity):
        if len(cloud.requests) == stop:
            task.cancel()
        return handle(request, identity)

    cloud.handle = cut
    with pytest.raises(asyncio.CancelledError):
        await task
    cloud.handle = handle
    again = PC.open(tmp_path / "pc", host)
    outcome = await power_on(again)
    assert outcome.reached == "desktop", outcome.failure
    assert round(outcome.seconds * 1000) == again.state.ended - again.state.marks[0][1]


async def test_a_failed_app_ends_the_page_with_its_code_and_buttons(pc, cloud, host, power_on, tmp_path):
    """Status 60 and the installer's code are on the page, with the buttons the server allows."""
    exits = {"{11111111-2222-3333-4444-555555555555}": 1603}
    broken = PC.open(tmp_path / "pc", dataclasses.replace(host, place=Place(exit_codes=exits)))
    outcome = await power_on(broken)
    assert (outcome.failure.step, outcome.failure.code) == ("esp", "0x80070643")
    failed = next(event for event in power_on.events if isinstance(event, Failed))
    assert failed.buttons == ("Reset PC", "Try again")
    items = [event for event in power_on.events if isinstance(event, EspItemChanged) and event.item == "Apps"]
    item = [event for event in items if event.phase == "device setup"][-1]
    assert (item.state, item.code) == ("failed", "0x80070643")


async def test_continue_anyway_leads_to_the_desktop(pc, cloud, host, power_on, tmp_path):
    """Where the server allows it, the person may go on without the app."""
    cloud.first_sync = FirstSyncStatus(skip_device_page=False, skip_user_page=False, block=4, timeout=60)
    place = Place(exit_codes={"{11111111-2222-3333-4444-555555555555}": 1603}, presses=("Continue anyway",))
    outcome = await power_on(PC.open(tmp_path / "pc", dataclasses.replace(host, place=place)))
    assert outcome.reached == "desktop"


async def test_switching_off_and_on_after_a_failure_tries_again(pc, cloud, host, power_on, tmp_path):
    """What failed is ordered again when the PC comes back; with a good installer it succeeds."""
    exits = {"{11111111-2222-3333-4444-555555555555}": 1603}
    await power_on(PC.open(tmp_path / "pc", dataclasses.replace(host, place=Place(exit_codes=exits))))
    assert (await power_on(PC.open(tmp_path / "pc", host))).reached == "desktop"


async def test_the_page_times_out_with_the_documented_code(pc, cloud, host, power_on, tmp_path, monkeypatch):
    """A server that never finishes fails the page at its minute (05 section 11.3, D4)."""
    cloud.device_work = [replace(f"./Device/{DMCLIENT}/FirstSyncStatus/TimeOutUntilSyncFailure", "1", "int")]
    monkeypatch.setattr("taxiway.device.esp.Esp._elapsed", lambda self, phase: 61.0)
    outcome = await power_on(pc)
    assert outcome.failure.code == "0x800705B4"
    assert "device setup" in outcome.failure.reason


async def test_skipped_pages_wait_for_nothing(pc, cloud, power_on):
    """Without pages the PC goes straight on; the work goes on in the background."""
    cloud.first_sync = FirstSyncStatus(skip_device_page=True, skip_user_page=True)
    cloud.device_work = install_msi()
    cloud.user_work = []
    outcome = await power_on(pc)
    assert outcome.reached == "desktop"
    assert not [event for event in power_on.events if isinstance(event, EspItemChanged) and event.item == "Apps"]


async def test_r122_hello_is_off_when_the_device_phase_says_so(pc, cloud, power_on):
    """No page and no key."""
    cloud.device_work = [replace(HELLO_OFF, "false", "bool"), *finish("Device")]
    outcome = await power_on(pc)
    assert outcome.hello == "off by policy"
    assert cloud.hello_keys == 0
    assert "NGC" not in screens(power_on)


async def test_r122_hello_demands_a_fresh_second_factor(pc, cloud, power_on):
    """Somebody who can show one gets the key; somebody who cannot reaches the desktop without, and is told why."""
    cloud.demand_fresh = True
    outcome = await power_on(pc)
    assert outcome.reached == "desktop"
    assert outcome.hello.startswith("AADSTS50076: a fresh second factor")  # the code once
    pc.reset()
    cloud.logins.clear()
    outcome = await power_on(pc, Person(UPN, PASSWORD, "tap-123"))
    assert outcome.hello == "provisioned"


async def test_r122_the_pc_signs_on_with_the_key_that_it_registered(pc, cloud, power_on):
    """The last primary refresh token comes by an assertion of the Hello key, which the service verifies."""
    outcome = await power_on(pc)
    assert outcome.hello == "provisioned"
    last = cloud.prt_requests[-1]
    assert last["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
    assert "password" not in last


async def test_the_server_may_challenge_with_md5(pc, cloud, power_on):
    """A challenge is answered by package 1 again, with the digest (05 section 4)."""
    cloud.ask_md5 = True
    outcome = await power_on(pc)
    assert outcome.reached == "desktop"


async def test_a_restart_renames_the_pc_and_asks_for_the_sign_in_again(pc, cloud, power_on):
    """One restart for all that asked for it, named in the event log (01 section 6.8)."""
    cloud.device_work = [
        replace("./DevDetail/Ext/Microsoft/DNSComputerName", "RENAMED"),
        *finish("Device"),
    ]
    outcome = await power_on(pc)
    assert outcome.device_name == "RENAMED"
    assert 2800 in [event.number for event in power_on.events if isinstance(event, Noted)]
    assert "SignIn" in screens(power_on)


async def test_a_reset_pc_is_sealed_again(pc, cloud, power_on, tmp_path):
    """Keys, settings and apps are gone, the firmware stays, and the PC can be set up anew."""
    await power_on(pc)
    firmware, first = pc.firmware, pc.state.correlation
    pc.reset()
    assert pc.firmware == firmware
    assert not list((tmp_path / "pc" / "tpm").glob("*")) if (tmp_path / "pc" / "tpm").exists() else True
    cloud.logins.clear()
    outcome = await power_on(pc)
    assert outcome.reached == "desktop"
    assert outcome.correlation != first


def _profile(cloud, bits: int, language: str | None = "en-US"):
    return msgspec.structs.replace(cloud.profile, cloud_assigned_oobe_config=bits, cloud_assigned_language=language)
