"""Every state of the page ends, for a reason that is on record; "Try again" mends the record (05 section 14)."""

from __future__ import annotations

import pytest

from management.uris import CORTANA, MSI, PAGE, USER_NODE
from taxiway import directory, management
from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.enrollment import ENROLLMENTS, EspSettings
from taxiway.management.esp import blocks
from taxiway.wire.csp import check_write
from taxiway.wire.expected import split_uris

pytestmark = pytest.mark.anyio

RELEASE = f"./Device/{PAGE}/ServerHasFinishedProvisioning"
USER_RELEASE = f"./User/{PAGE}/ServerHasFinishedProvisioning"
TIME_OUT = f"./Device/{PAGE}/TimeOutUntilSyncFailure"
OUTCOME = f"./Device/{PAGE}/WasDeviceSuccessfullyProvisioned"
LATE = 66 * 60


async def reason(pc, phase="device"):
    """Why the page last moved."""
    return [entry for entry in await pc.log("esp.moved") if entry.what["phase"] == phase][-1].why[0]


def replaced(said):
    return [(uri, data) for verb, uri, data in said if verb == "Replace"]


async def test_r086_a_server_that_never_finishes_ends_at_the_deadline(pc, msi, everywhere, clock):
    """A command that is never answered holds the lists back; the record names it."""
    await msi("Tool", everywhere)
    await pc.post(pc.first("A"))
    clock.advance(LATE)
    assert await pc.write(management.expire_pages) == 1
    told = await reason(pc)
    assert told["code"] == "esp.deadline"
    assert any("SkipDeviceStatusPage" in what for what in told["facts"]["waiting_for"])


async def test_a_list_that_never_completes_ends_at_the_deadline(pc, msi, everywhere, clock):
    """The installer runs for ever: the reason names the app's node, also in the device's own session."""
    await msi("Tool", everywhere)
    pc.install = "50"
    await pc.session()
    await pc.session()
    assert (await pc.moves())[-1] == "released"
    clock.advance(LATE)
    await pc.session()
    assert (await pc.moves())[-1] == "failed"
    assert f"{MSI}/Status" in (await reason(pc))["facts"]["waiting_for"]


async def test_p01_a_405_is_on_record_and_ends_at_the_deadline(pc, clock):
    """A release that is refused in every session ends with the status that it got, not in silence."""
    await pc.session()
    pc.user_id = pc.owner
    pc.refuse[USER_RELEASE] = 405
    await pc.session("user")
    clock.advance(LATE)
    await pc.session("user")
    assert (await pc.moves("user"))[-1] == "failed"
    assert (await reason(pc, "user"))["facts"]["refused"] == {USER_RELEASE: 405}


async def test_p24_a_user_who_never_comes_back_ends_the_users_half(pc, clock):
    """Housekeeping ends it without the device; the device's half, done long ago, stays done."""
    await pc.session()
    pc.finish()
    await pc.session()
    pc.user_id = pc.owner
    await pc.post(pc.first("U", "user"))
    clock.advance(LATE)
    assert await pc.write(management.expire_pages) == 1
    assert (await pc.moves("user"))[-1] == "failed"
    assert (await pc.moves())[-1] == "done"
    assert (await reason(pc, "user"))["code"] == "esp.user_deadline"
    assert await pc.write(management.expire_pages) == 0


async def test_a_user_whose_half_failed_late_can_still_be_released(pc, clock):
    """After the deadline the refused release is taken: the page ends well and the record says so."""
    await pc.session()
    pc.user_id = pc.owner
    pc.refuse[USER_RELEASE] = 405
    await pc.session("user")
    clock.advance(LATE)
    await pc.session("user")
    pc.refuse.clear()
    await pc.session("user")
    assert pc.nodes[USER_RELEASE] == "true"
    pc.finish("User")
    await pc.session("user")
    assert (await pc.moves("user"))[-2:] == ["failed", "done"]


async def test_r071_p18_try_again_sends_what_was_refused_once_more(pc, msi, everywhere):
    """The device takes its failure back: page and app begin anew, and the record is mended."""
    await msi("Tool", everywhere)
    pc.refuse[f"{MSI}/DownloadInstall"] = 405
    assert (TIME_OUT, "1") in replaced(await pc.session())
    pc.nodes[OUTCOME] = "0"
    await pc.session()
    pc.refuse.clear()
    pc.nodes[OUTCOME] = "2"
    said = replaced(await pc.session())
    assert (TIME_OUT, "60") in said
    assert (RELEASE, "true") in said
    pc.finish()
    await pc.session()
    assert (await pc.moves())[2:] == ["failed", "collecting", "sent", "released", "done"]


async def test_try_again_in_vain_fails_the_page_again(pc, msi, everywhere):
    """What is still refused fails it a second time, with the same words sent a second time."""
    await msi("Tool", everywhere)
    pc.refuse[f"{MSI}/DownloadInstall"] = 405
    await pc.session()
    for told in ("0", "2"):
        pc.nodes[OUTCOME] = told
        said = replaced(await pc.session())
    assert (TIME_OUT, "1") in said
    assert (await pc.moves())[-2:] == ["collecting", "failed"]


async def test_r082_an_unlicensed_user_is_told_so(pc):
    """No endless "Identifying": the page fails within a minute and says why; with a licence it begins anew."""
    licence = ["INTUNE_A"]
    await pc.session()
    await pc.write(lambda tx: directory.assign_licenses(tx, pc.owner, (), licence))
    pc.user_id = pc.owner
    said = dict(replaced(await pc.session("user")))
    assert said[TIME_OUT] == "1"
    assert "ada@contoso.example has no license" in said[f"./Device/{PAGE}/CustomErrorText"]
    assert (await reason(pc, "user"))["code"] == "esp.user_unlicensed"
    await pc.write(lambda tx: directory.assign_licenses(tx, pc.owner, licence))
    said = replaced(await pc.session("user"))
    assert (TIME_OUT, "60") in said
    assert (USER_RELEASE, "true") in said


async def test_r063_a_page_that_was_left_is_recorded_as_left(pc, esp, msi, everywhere):
    """Neither well nor badly: the device says that the page is over, and of its success it says nothing."""
    await msi("Tool", everywhere)
    pc.install = "50"
    await pc.session()
    pc.nodes |= {f"./Device/{PAGE}/IsSyncDone": "true", OUTCOME: "2"}
    await pc.session()
    assert (await pc.moves())[-1] == "done"
    assert (await reason(pc))["code"] == "esp.left"


async def test_r075_without_policies_the_list_has_one_entry(pc):
    """The one that Windows shows as 1 of 1: our id for the device."""
    await pc.session()
    (identity,) = split_uris(pc.nodes[f"./Device/{PAGE}/ExpectedPolicies"])
    assert identity.endswith("/EntDMID")


async def test_r075_p16_a_refused_policy_is_not_listed(pc, custom, everywhere):
    """A list names only what arrived: nothing on it can wait for ever."""
    other = "./Device/Vendor/MSFT/Policy/Config/System/AllowTelemetry"
    await custom("No Cortana", CORTANA, 0, everywhere)
    await custom("Telemetry", other, 0, everywhere)
    pc.refuse[other] = 400
    await pc.session()
    assert split_uris(pc.nodes[f"./Device/{PAGE}/ExpectedPolicies"])[1:] == [CORTANA]


async def test_r076_p16_the_users_policies_are_in_the_users_list(pc, custom, everyone):
    """Account setup tracks what was delivered for the user."""
    await custom("Mine", USER_NODE, "x", everyone, kind="String")
    await pc.session()
    pc.user_id = pc.owner
    await pc.session("user")
    assert split_uris(pc.nodes[f"./User/{PAGE}/ExpectedPolicies"])[1:] == [USER_NODE]


async def test_r080_account_setup_hidden_by_a_setting_waits_for_nothing(pc, custom, everywhere, everyone):
    """The device says that the page does not show: the record does not wait for its end."""
    hidden = f"./Device/{PAGE}/SkipUserStatusPage"
    await custom("Hide", hidden, "true", everywhere, kind="Boolean")
    await pc.session()
    assert pc.nodes[hidden] == "true"
    pc.user_id = pc.owner
    await pc.session("user")
    assert (await pc.moves("user"))[-1] == "done"
    assert (await reason(pc, "user"))["code"] == "esp.user_hidden"


async def test_p15_an_administrator_can_update_frozen_settings(pc, clock):
    """Settings are frozen until they are ordered anew; then the device gets what its profile says now."""
    await pc.session()
    before = (await pc.read(lambda tx: ENROLLMENTS.get(tx, pc.managed_id)))["esp"]["profile_name"]
    await pc.write(lambda tx: management.order_esp(tx, pc.managed_id, "update", principal=SYSTEM_PRINCIPAL))
    said = dict(replaced(await pc.session()))
    after = (await pc.read(lambda tx: ENROLLMENTS.get(tx, pc.managed_id)))["esp"]["profile_name"]
    assert (before, after) == ("ESP", "All users and all devices")
    assert said[f"./Device/{PAGE}/BlockInStatusPage"] == "2"
    assert len(await pc.log("esp.updated")) == 1


async def test_an_administrator_can_spare_later_users_the_page(pc):
    """The order is carried out although the device's half is long over."""
    await pc.session()
    pc.finish()
    await pc.session()
    await pc.write(lambda tx: management.order_esp(tx, pc.managed_id, "hide", principal=SYSTEM_PRINCIPAL))
    await pc.session()
    assert pc.nodes[f"./Device/{PAGE}/SkipUserStatusPage"] == "true"


async def test_check_04_lists_first_and_the_release_last(pc, custom, make, msi, everywhere):
    """One app, one network, one policy: each in its list, the lists after the work, the release behind them."""
    await msi("Tool", everywhere)
    await custom("No Cortana", CORTANA, 0, everywhere)
    wifi = {"ssid": "corp", "wifi_security_type": "open"}
    await make("windowsWifiConfiguration", {"display_name": "Wi-Fi", **wifi}, everywhere)
    said = [uri for _, uri, _ in await pc.session() if not uri.endswith(("IsSyncDone", "Provisioned"))]
    lists = [f"./Device/{PAGE}/Expected{name}" for name in ("Policies", "NetworkProfiles", "MSIAppPackages")]
    work = [CORTANA, "./Device/Vendor/MSFT/WiFi/Profile/corp/WlanXml", f"{MSI}/DownloadInstall"]
    assert max(said.index(uri) for uri in work) < min(said.index(uri) for uri in lists)
    assert max(said.index(uri) for uri in lists) < said.index(RELEASE)
    assert [len(split_uris(pc.nodes[uri])) for uri in lists] == [2, 1, 1]


async def test_check_05_a_refusal_outside_the_users_session_costs_nothing(pc, custom, everyone):
    """Withheld while others or nobody is signed in; and a 405 in five sessions does not use the release up."""
    await custom("Mine", USER_NODE, "x", everyone, kind="String")
    for login in ("others", "none"):
        assert not [uri for _, uri, _ in await pc.session(login) if uri.startswith("./User/")]
    pc.user_id = pc.owner
    pc.refuse[USER_RELEASE] = 405
    for _ in range(5):
        said = await pc.session("user")
        assert [uri for uri, _ in replaced(said)].count(USER_RELEASE) == 1
    pc.refuse.clear()
    await pc.session("user")
    assert pc.nodes[USER_RELEASE] == "true"


def test_check_14_every_command_of_the_page_fits_the_facts():
    """Verb, format and value of each command of each block; the nodes of the page are all in the table."""
    settings = EspSettings.from_dict(
        {
            "profile_id": "p",
            "profile_name": "P",
            "via": "device",
            "show": True,
            "show_user_page": True,
            "timeout_minutes": 60,
            "block": True,
            "block_flags": 7,
            "allow_collect_logs": True,
            "custom_error_text": "Call us.",
            "selected_apps": [],
            "first_user_only": True,
            "quality_updates": True,
        }
    )
    lists = {"policies": [CORTANA], "networks": ["./Device/Vendor/MSFT/WiFi/Profile/x"], "msi": [f"{MSI}/Status"]}
    commands = [
        *blocks.opening(settings, "id"),
        *blocks.release("Device", "device", **lists),
        *blocks.release("User", "user:u", **lists),
        *blocks.user_nodes("user:u"),
        *blocks.failure(settings, "text"),
        blocks.hide_user_page(),
    ]
    assert [check_write(each.uri, each.verb, each.format, each.data) for each in commands] == [[]] * len(commands)


@pytest.mark.parametrize(
    ("uri", "form", "data"),
    [
        (f"./Device/{PAGE}/ExpectedPolicies/Something", "chr", "x"),
        (f"./Device/{PAGE}/BlockInStatusPage", "bool", "true"),
        (TIME_OUT, "int", "10800"),
        (
            "./Device/Vendor/MSFT/EnrollmentStatusTracking/DevicePreparation/PolicyProviders/A/TrackingPolicies",
            "bool",
            "true",
        ),
    ],
)
def test_check_14_what_others_got_wrong_is_refused(uri, form, data):
    """Children of a list, a boolean for flags, seconds for minutes, a node that is not there (05 section 11.11)."""
    assert check_write(uri, "Replace", form, data)
