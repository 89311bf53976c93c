"""The enrollment client: every fault is a number on the screen, and a server's mistakes end it (04 sections 12, 18)."""

from __future__ import annotations

import base64
import re

import httpx
import pytest

from device.cloud import DMCLIENT, PROVIDER
from taxiway.device import PC
from taxiway.device.enroll import ACCOUNT_SLOT, MANAGEMENT_KEY
from taxiway.device.state import CORRELATIONS
from taxiway.wire.soap_fault import ERROR_TYPE_HRESULT, SUBCODE_HRESULT, Fault
from taxiway.wire.syncml import Command, Item

pytestmark = pytest.mark.anyio

UNENROLL = f"./Device/{DMCLIENT}/Unenroll"


async def refused(pc, cloud, power_on, fault):
    cloud.fault = fault
    outcome = await power_on(pc)
    assert outcome.failure.step == "enrollment"
    return outcome.failure.code


@pytest.mark.parametrize(("subcode", "number"), list(enumerate(SUBCODE_HRESULT)))
async def test_each_subcode_is_a_number_on_the_screen(pc, cloud, power_on, subcode, number):
    """0x80180001 to 0x80180007, in the order of 04 section 12.2."""
    code = await refused(pc, cloud, power_on, Fault(subcode=number, reason="no"))
    assert code == f"0x8018000{subcode + 1}"


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("DeviceCapReached", "0x80180013"),
        ("DeviceNotSupported", "0x80180014"),
        ("NotSupported", "0x80180015"),
        ("NotEligibleToRenew", "0x80180016"),
        ("InMaintenance", "0x80180017"),
        ("UserLicense", "0x80180018"),
        ("InvalidEnrollmentData", "0x80180019"),
        ("CustomServerError", "0x80180032"),
    ],
)
async def test_each_detail_is_a_number_on_the_screen(pc, cloud, power_on, kind, code):
    """The detail wins over the subcode (04 section 12.3); none is forgotten."""
    assert kind in {str(known) for known in ERROR_TYPE_HRESULT}
    fault = Fault(subcode="s:EnrollmentServer", reason="Talk to us.", error_type=kind)
    assert await refused(pc, cloud, power_on, fault) == code


async def test_the_reason_of_a_custom_error_is_shown(pc, cloud, power_on):
    """What the server writes for people is what they read (04 section 12.3)."""
    cloud.fault = Fault(subcode="s:Authentication", reason="Use the page instead.", error_type="CustomServerError")
    outcome = await power_on(pc)
    assert "Use the page instead." in outcome.failure.reason


# ---------------------------------------------------------------------------------------------- a server's mistakes


def spoil(cloud, path, change):
    """Let a service answer with something else than it would."""
    honest = cloud.handle

    def handle(request, identity):
        response = honest(request, identity)
        return change(response) if request.method == "POST" and request.url.path.endswith(path) else response

    cloud.handle = handle


def document(change):
    """A provisioning document with a mistake in it."""

    def spoiled(response):
        def again(found):
            return b">" + base64.b64encode(change(base64.b64decode(found[1]))) + b"</wsse:BinarySecurityToken>"

        content = re.sub(rb">([A-Za-z0-9+/=]+)</wsse:BinarySecurityToken>", again, response.content)
        assert content != response.content
        return httpx.Response(200, content=content)

    return spoiled


def replaced(old, new):
    def change(raw):
        assert old in raw
        return raw.replace(old, new)

    return change


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda raw: re.sub(rb'(type="My"><characteristic type=")System', rb"\1User", raw), "0x8018001E"),
        (replaced(b'"NumberOfSecondRetries" value="10"', b'"NumberOfSecondRetries" value="0"'), "0x80180020"),
        (replaced(b'"NumberOfFirstRetries" value="5"', b'"NumberOfFirstRetries" value="0"'), "0x80180020"),
        (replaced(b'name="AAUTHDATA" value="AQID"', b'name="AAUTHDATA" value=""'), "0x80180023"),
        (replaced(b'"ADDR" value="https:', b'"ADDR" value="http:'), "0x8018001F"),
        (replaced(b"</wap-provisioningdoc>", b""), "0x80180001"),
    ],
    ids=["m19 store", "m22 two endless", "m22 no first", "m08 nonce", "plain http", "cut"],
)
async def test_m19_m22_a_wrong_document_ends_with_the_number_of_its_block(pc, cloud, power_on, change, code):
    """Each mistake of 04 section 18 that stands in the document, made by the server, stops the PC."""
    spoil(cloud, "Enrollment.svc", document(change))
    outcome = await power_on(pc)
    assert (outcome.failure.step, outcome.failure.code) == ("enrollment", code)
    assert pc.state.enrolled is None


@pytest.mark.parametrize("service", ["Discovery.svc", "Policy.svc", "Enrollment.svc"])
async def test_m23_a_chunked_answer_ends_it(pc, cloud, power_on, service):
    """The services answer with a length, or not at all (04 section 2.1)."""

    def chunked(response):
        return httpx.Response(200, headers={"transfer-encoding": "chunked"}, content=iter_of(response.content))

    spoil(cloud, service, chunked)
    outcome = await power_on(pc)
    assert (outcome.failure.step, outcome.failure.code) == ("enrollment", "0x80180001")


async def iter_of(content):
    yield content


async def test_m20_a_policy_with_an_unbound_prefix_ends_it(pc, cloud, power_on):
    """It is no XML with namespaces."""

    def unbound(response):
        return httpx.Response(200, content=response.content.replace(b"<policySchema>", b"<xcep:policySchema>"))

    spoil(cloud, "Policy.svc", unbound)
    outcome = await power_on(pc)
    assert (outcome.failure.step, outcome.failure.code) == ("enrollment", "0x80180001")


@pytest.mark.parametrize(
    ("url", "text"), [("", "is not correctly configured"), ("https://elsewhere.test/terms", "can't connect to the URL")]
)
async def test_r008_an_empty_or_unreachable_terms_page_is_said_so(pc, cloud, power_on, url, text):
    """The page of the error, not a crash, and no enrollment past the terms (R-08)."""
    cloud.terms_url = url
    outcome = await power_on(pc)
    assert (outcome.failure.step, outcome.failure.code) == ("enrollment", "0x80180031")
    assert text in outcome.failure.reason


# ---------------------------------------------------------------------------------------------- leaving


def nothing_is_left(pc):
    """What 04 section 16.3 says goes with the account."""
    state, tpm = pc.state, pc._storage.folder / "tpm"
    assert (state.enrolled, state.leaving, state.installed, state.mdm) == (None, False, {}, {})
    assert "EntDMID" not in state.registry[CORRELATIONS]
    assert not list(tpm.glob(f"{MANAGEMENT_KEY}.*"))
    assert not list(tpm.glob(f"{ACCOUNT_SLOT}.*"))
    kept = " ".join(state.device_nodes)
    for gone in ("provider/", "rootcatrustedcertificates", "policy/", "enterprisedesktopappmanagement", "wifi"):
        assert gone not in kept
    assert not any(state.user_nodes.values())


async def test_an_enrolled_pc_has_what_leaving_takes_away(pc, power_on):
    """The control: certificate, account, app, settings are there."""
    assert (await power_on(pc)).reached == "desktop"
    assert pc.state.installed
    assert pc.state.enrolled.provider == PROVIDER
    assert (pc._storage.folder / "tpm" / f"{MANAGEMENT_KEY}.key").exists()


LEAVE = Command("Exec", "", (Item(target=UNENROLL, format="chr", data=PROVIDER),))


def order_at_the_desktop(cloud):
    """Have the PC leave in the last session of its deployment: the second one of its user."""
    plan = cloud._plan

    def planned(message):
        usual = plan(message)
        return [[LEAVE]] if cloud.logins.count("user") == 2 else usual

    cloud._plan = planned


async def test_the_server_can_have_the_pc_leave(pc, cloud, power_on):
    """No Status for the Exec; another session says that it leaves, and nothing of the account is left."""
    order_at_the_desktop(cloud)
    outcome = await power_on(pc)
    assert outcome.reached == "unmanaged"
    assert ("Exec", UNENROLL, 200) not in cloud.statuses
    assert ("com.microsoft:mdm.unenrollment.userrequest", "1") in cloud.alerts
    nothing_is_left(pc)


async def test_a_pc_that_has_to_leave_during_its_setup_stops(pc, cloud, power_on):
    """There is no management any more that the page could wait for: 0x80180026; the next start goes on without."""
    cloud.later = [LEAVE]
    outcome = await power_on(pc)
    assert (outcome.failure.step, outcome.failure.code) == ("management", "0x80180026")
    nothing_is_left(pc)
    assert (await power_on(pc)).reached == "unmanaged"


async def test_a_person_can_disconnect_the_account(pc, cloud, power_on, endpoints):
    """One session with the alert; afterwards there is nothing to disconnect."""
    await power_on(pc)
    assert await pc.disconnect(endpoints, connect=cloud.connect)
    assert cloud.alerts[-1] == ("com.microsoft:mdm.unenrollment.userrequest", "1")
    nothing_is_left(pc)
    assert not await pc.disconnect(endpoints, connect=cloud.connect)


async def test_a_person_can_disconnect_while_the_server_is_away(pc, cloud, power_on, endpoints):
    """Best effort: the PC leaves anyway (04 section 16.1)."""
    await power_on(pc)
    cloud.down = 10**6
    assert await pc.disconnect(endpoints, connect=cloud.connect)
    nothing_is_left(pc)


async def test_a_power_cut_on_the_way_out_does_not_keep_the_pc(pc, cloud, power_on, host, tmp_path, monkeypatch):
    """It had decided to leave; when the power comes back it does."""
    order_at_the_desktop(cloud)

    class PowerCut(Exception):
        """The plug is pulled."""

    async def cut(*_):
        raise PowerCut

    with monkeypatch.context() as patch:
        patch.setattr("taxiway.device.omadm.OmaDm.leave", cut)
        with pytest.raises(PowerCut):
            await power_on(pc)
    again = PC.open(tmp_path / "pc", host)
    assert again.state.leaving
    assert (await power_on(again)).reached == "unmanaged"
    nothing_is_left(again)
