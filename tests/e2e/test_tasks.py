"""The tasks a deployment is for, whole: on the PC, at Graph, in the timeline, and foreseen (R-119 to R-125)."""

from __future__ import annotations

import dataclasses

import httpx
import pytest

from e2e.administering import administrator, sit_down
from e2e.deploying import EVERYBODY, EVERYWHERE, Deploying
from taxiway import autopilot, directory, join, management
from taxiway.device import PC, Firmware
from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.insight import explain_tasks, timeline
from taxiway.kernel import SystemEntropy

pytestmark = pytest.mark.anyio

BITLOCKER = "./Device/Vendor/MSFT/BitLocker"
XTS_256 = '<enabled/><data id="EncryptionMethodWithXtsOsDropDown_Name" value="7"/>'
PIN = '<enabled/><data id="ConfigurePINUsageDropDown_Name" value="1"/>'
ESCROW_FIRST = '<enabled/><data id="OSRequireActiveDirectoryBackup_Name" value="true"/>'
STATES = "/beta/deviceManagement/managedDeviceEncryptionStates"
KEYS = "/v1.0/informationProtection/bitlocker/recoveryKeys"


@pytest.fixture
async def deploying(instance, tmp_path):
    return Deploying(instance, tmp_path)


async def encrypt(deploying, target=EVERYWHERE, method=XTS_256, **more):
    """Silent encryption for a target."""
    switches = {"RequireDeviceEncryption": 1, "AllowWarningForOtherDiskEncryption": 0}
    for name, value in {**switches, "AllowStandardUserEncryption": 1, **more}.items():
        kind = "String" if isinstance(value, str) else "Integer"
        await deploying.policy(f"{BITLOCKER}/{name}", value, target, kind)
    if method:
        await deploying.policy(f"{BITLOCKER}/EncryptionMethodByDriveType", method, target, "String")


async def comply(deploying, grace=0, **rules):
    """A compliance policy for every device."""
    actions = [{"scheduledActionConfigurations": [{"actionType": "block", "gracePeriodHours": grace}]}]
    values = {"display_name": "+".join(rules), "scheduled_actions_for_rule": actions, **rules}

    def make(tx):
        row = management.create_policy(tx, "windows10CompliancePolicy", values, principal=SYSTEM_PRINCIPAL)
        management.assign_policy(tx, row["id"], [EVERYWHERE], principal=SYSTEM_PRINCIPAL)

    await deploying.write(make)


async def task(deploying, name, pc=None):
    """One task as it is explained: state, whether it is well, and the codes of the reasons."""
    serial = (pc or deploying.current).firmware.serial
    found = await deploying.read(lambda tx: explain_tasks(tx, serial))
    [mine] = [each for each in found["tasks"] if each["task"] == name]
    return mine["state"], mine["ok"], {reason["code"] for reason in mine["why"]}


async def moments(deploying, *kinds):
    """The entries of these kinds in the PC's timeline, in order."""
    serial = deploying.current.firmware.serial
    found = await deploying.read(lambda tx: timeline(tx, serial))
    return [moment for moment in found.entries if moment.kind in kinds]


async def test_r119_a_policy_for_devices_encrypts_by_its_method(deploying):
    """Foreseen before the first boot; then encrypted after the page, by the policy's method, with its key escrowed."""
    await encrypt(deploying)
    pc = await deploying.pc()
    state, good, codes = await task(deploying, "encryption", pc)
    assert (state, good) == ("will encrypt", True)
    assert "encryption.method_differs" not in codes
    desk = await sit_down_at(deploying, pc)
    assert (desk.outcome.encryption.method, desk.outcome.encryption.escrowed) == ("XTS-AES 256", True)
    shown = await desk.graph.get(f"{STATES}/{desk.outcome.intune_device_id}")
    assert (shown["encryptionState"], shown["advancedBitLockerStates"]) == ("encrypted", "success")
    assert (await desk.graph.get(desk.path))["isEncrypted"] is True
    told = await moments(deploying, "encryption.changed", "recovery_key.escrowed", "esp.moved")
    order = [moment.kind for moment in told]
    assert order.index("recovery_key.escrowed") > order.index("esp.moved")
    assert [m.what["encrypted"] for m in told if m.kind == "encryption.changed"][-1] is True
    assert (await task(deploying, "encryption"))[0] == "encrypted"
    await desk.graph.client.aclose()


async def test_r119_a_policy_for_users_meets_the_default_method(deploying):
    """The mismatch is foreseen, named by the status, by Graph and by the timeline."""
    await encrypt(deploying, EVERYBODY)
    pc = await deploying.pc()
    await assign(deploying, pc)
    assert "encryption.method_differs" in (await task(deploying, "encryption", pc))[2]
    desk = await sit_down_at(deploying, pc)
    assert desk.outcome.encryption.method == "XTS-AES 128"
    shown = await desk.graph.get(f"{STATES}/{desk.outcome.intune_device_id}")
    assert shown["advancedBitLockerStates"] == "osVolumeEncryptionMethodMismatch"
    told = (await moments(deploying, "encryption.changed"))[-1]
    assert [reason["code"] for reason in told.why] == ["encryption.method_differs"]
    await desk.graph.client.aclose()


@pytest.mark.parametrize(
    ("firmware", "more", "foreseen", "reported"),
    [
        ({"tpm": False}, {}, "encryption.no_tpm", "tpmNotAvailable"),
        ({"secure_boot": False}, {}, None, "tpmNotReady"),
        ({}, {"SystemDrivesRequireStartupAuthentication": PIN}, "encryption.pin_required", "osVolumeTpmPinRequired"),
    ],
)
async def test_r120_what_stands_against_silent_encryption_is_named_everywhere(
    deploying, firmware, more, foreseen, reported
):
    """Before the first boot as far as the hash tells, and after it by the device: status, Graph, timeline, PC."""
    await encrypt(deploying, **more)
    await deploying.pc()
    made = Firmware.new(SystemEntropy(), **firmware)
    pc = PC.create(deploying.folder / "other", made, deploying.instance.host)
    await deploying.instance.register(pc)
    state, good, codes = await task(deploying, "encryption", pc)
    assert (state, good) == (("will not encrypt", False) if foreseen else ("will encrypt", True))
    assert (foreseen or "encryption.secure_boot_unknown") in codes
    desk = await sit_down_at(deploying, pc)
    assert (desk.outcome.encryption.method, bool(desk.outcome.encryption.reason)) == ("", True)
    shown = await desk.graph.get(f"{STATES}/{desk.outcome.intune_device_id}")
    assert shown["encryptionState"] == "notEncrypted"
    assert reported in shown["advancedBitLockerStates"].split(",")
    told = (await moments(deploying, "encryption.changed"))[-1]
    assert told.what["encrypted"] is False
    assert len(told.why) >= 2
    assert await desk.graph.values(f"{KEYS}?$filter=deviceId eq '{desk.outcome.entra_device_id}'") == []
    await desk.graph.client.aclose()


async def test_r121_a_rotation_leaves_the_old_key_and_the_new_one(deploying):
    """Escrowed by the device; looked at on record; changed on order, done when the status is that of the request."""
    await encrypt(deploying, ConfigureRecoveryPasswordRotation=1, SystemDrivesRecoveryOptions=ESCROW_FIRST)
    desk = await sit_down(deploying)
    of_device = f"{KEYS}?$filter=deviceId eq '{desk.outcome.entra_device_id}'"
    [old] = await desk.graph.values(of_device)
    password = (await desk.graph.get(f"{KEYS}/{old['id']}?$select=key"))["key"]
    assert [entry.what["kid"] for entry in await desk.log("recovery_key.read")] == [old["id"]]
    await desk.order("rotateBitLockerKeys")
    await desk.sync()
    await desk.sync()
    assert await desk.results() == {"rotateBitLockerKeys": "done"}
    found = await desk.graph.values(of_device)
    assert len(found) == 2
    [new] = [one for one in found if one["id"] != old["id"]]
    changed = (await desk.graph.get(f"{KEYS}/{new['id']}?$select=key"))["key"]
    assert changed != password
    assert changed.encode() in (desk.pc._storage.folder / "tpm" / "recovery.sealed").read_bytes()
    kinds = [m.kind for m in await moments(deploying, "recovery_key.escrowed", "device_action.done")]
    assert kinds == ["recovery_key.escrowed", "recovery_key.escrowed", "device_action.done"]
    eve = await desk.another("eve")
    await eve.get(f"{KEYS}/{old['id']}?$select=key", expect=403)
    await desk.graph.client.aclose()


async def test_r121_a_rotation_that_the_policy_does_not_allow_fails_with_its_reason(deploying):
    """The one key stays, and the action says what the device said."""
    await encrypt(deploying)
    desk = await sit_down(deploying)
    await desk.order("rotateBitLockerKeys")
    await desk.sync()
    await desk.sync()
    found = await desk.result("rotateBitLockerKeys")
    assert (found["actionState"], found["errorCode"]) == ("failed", 0x80070032)
    keys = await deploying.read(lambda tx: join.recovery_keys(tx, desk.outcome.entra_device_id))
    assert len(keys) == 1
    await desk.graph.client.aclose()


async def test_r122_hello_is_set_up_between_account_setup_and_the_desktop(deploying):
    """Foreseen with its demand for a second factor; then its page, its key at the directory, and a PRT by the key."""
    pc = await deploying.pc()
    await assign(deploying, pc)
    assert (await task(deploying, "Windows Hello", pc))[:2] == ("will be set up", True)
    desk = await sit_down_at(deploying, pc)
    assert desk.outcome.hello == "provisioned"
    screens = [event.name for event in desk.instance.events if type(event).__name__ == "ScreenShown"]
    assert screens.index("FirstSignInAnimation") < screens.index("NGC") < screens.index("Desktop")
    [registered] = await moments(deploying, "hello_key.registered")
    assert registered.what["upn"] == desk.outcome.user
    assert (await task(deploying, "Windows Hello"))[0] == "set up"
    assert (await desk.sync()).user == desk.outcome.user, "the PRT of the key gives tokens"
    await desk.graph.client.aclose()


async def test_r122_hello_without_a_second_factor_is_foreseen_and_not_set_up(deploying):
    """It demands a fresh one; a user who has none reaches the desktop without Windows Hello."""
    pc = await deploying.pc()
    deploying.person = await deploying.instance.make_user("bob@contoso.example", access_pass=False)
    await assign(deploying, pc)
    state, good, codes = await task(deploying, "Windows Hello", pc)
    assert (state, good, codes) == ("will not be set up", False, {"hello.no_factor"})
    desk = await sit_down_at(deploying, pc)
    assert "provisioned" not in desk.outcome.hello
    assert await moments(deploying, "hello_key.registered") == []
    await desk.graph.client.aclose()


async def test_r122_hello_that_a_policy_switches_off_shows_no_page(deploying):
    """Told in the device phase; foreseen, and nothing is registered."""
    tenant = deploying.instance.tenant
    uri = f"./Device/Vendor/MSFT/PassportForWork/{tenant}/Policies/UsePassportForWork"
    await deploying.policy(uri, value=False, kind="Boolean")
    desk = await sit_down(deploying)
    assert desk.outcome.hello == "off by policy"
    assert "NGC" not in [event.name for event in desk.instance.events if type(event).__name__ == "ScreenShown"]
    assert await moments(deploying, "hello_key.registered") == []
    assert (await task(deploying, "Windows Hello"))[0] == "off by policy"
    await desk.graph.client.aclose()


async def test_r123_compliance_is_judged_at_check_in_and_never_awaited(deploying):
    """The page ends although the device is not compliant; both objects agree in one commit, with the rule on record."""
    await deploying.page()
    await comply(deploying, os_minimum_version="10.0.99999")
    pc = await deploying.pc()
    assert (await task(deploying, "compliance", pc))[0] == "unknown"
    desk = await sit_down_at(deploying, pc)
    shown = await desk.graph.get(desk.path)
    [device] = await desk.graph.values(f"/v1.0/devices?$filter=deviceId eq '{desk.outcome.entra_device_id}'")
    assert (shown["complianceState"], device["isCompliant"]) == ("noncompliant", False)
    assert await deploying.report() == ["success"]
    changed = (await moments(deploying, "compliance.changed"))[-1]
    assert [reason["code"] for reason in changed.why] == ["compliance.os_minimum_version"]
    device_log = [e for e in await desk.log("device.changed") if "is_compliant" in e.what["changed"]]
    verdicts = await desk.log("compliance.changed")
    assert verdicts[-1].correlation == device_log[-1].correlation
    assert (await task(deploying, "compliance"))[:2] == ("noncompliant", False)
    await desk.graph.client.aclose()


async def test_r124_bitlocker_is_attested_at_boot(deploying):
    """Encrypted after the page: not compliant until the next restart; storageRequireEncryption needs none."""
    await encrypt(deploying)
    await comply(deploying, bit_locker_enabled=True)
    await comply(deploying, storage_require_encryption=True)
    pc = await deploying.pc()
    assert "compliance.attested_at_boot" in (await task(deploying, "compliance", pc))[2]
    desk = await sit_down_at(deploying, pc)
    await desk.sync()
    assert await policies_of(desk) == {"bit_locker_enabled": "nonCompliant", "storage_require_encryption": "compliant"}
    assert (await desk.graph.get(desk.path))["complianceState"] == "noncompliant"
    desk.pc.restart()
    await desk.sync()
    assert await policies_of(desk) == {"bit_locker_enabled": "compliant", "storage_require_encryption": "compliant"}
    assert (await desk.graph.get(desk.path))["complianceState"] == "compliant"
    attested = (await desk.graph.get(desk.path))["deviceHealthAttestationState"]
    assert (attested["bitLockerStatus"], attested["restartCount"]) == ("enabled", desk.pc.state.boot.number)
    taken = await moments(deploying, "attestation.taken")
    assert [moment.what["bit_locker"] for moment in taken] == [False, True]
    await desk.graph.client.aclose()


async def test_r124_a_grace_of_a_quarter_of_a_day_covers_the_time_until_the_restart(deploying):
    """In its grace period the device still counts as compliant in the directory."""
    await encrypt(deploying)
    await comply(deploying, grace=6, bit_locker_enabled=True)
    desk = await sit_down(deploying)
    await desk.sync()
    shown = await desk.graph.get(desk.path)
    [device] = await desk.graph.values(f"/v1.0/devices?$filter=deviceId eq '{desk.outcome.entra_device_id}'")
    assert (shown["complianceState"], device["isCompliant"]) == ("inGracePeriod", True)
    assert "compliance.attested_at_boot" in (await task(deploying, "compliance"))[2]
    await desk.graph.client.aclose()


async def test_r124_a_report_counts_for_one_device_and_one_check_in(deploying):
    """A report of another PC, an old one, a forged one: the rule stays unmet, and the refusal is on record."""
    await encrypt(deploying)
    await comply(deploying, bit_locker_enabled=True)
    desk = await sit_down(deploying)
    desk.pc.restart()
    await desk.sync()
    assert await policies_of(desk) == {"bit_locker_enabled": "compliant"}
    old = desk.pc.state.attestation.report
    desk.pc._storage.state.disk.encrypted = False
    desk.pc.restart()

    def replay(identity):
        return Replaying(desk, identity, old)

    await desk.pc.sync(desk.instance.endpoints, connect=replay)
    assert len(await desk.log("attestation.refused")) == 1
    async with httpx.AsyncClient(verify=desk.graph.client._transport._pool._ssl_context) as http:
        address = f"{desk.instance.settings.urls.mdm}/attestation"
        for body in (b"", b"{}", b'{"measured":"e30=","signature":"AA=="}', b"\xff" * 100):
            assert (await http.post(address, content=body)).status_code in {400, 403}
    await desk.graph.client.aclose()


class Replaying(httpx.AsyncBaseTransport):
    """A network in which the attestation service answers with an old report."""

    def __init__(self, desk, identity, report):
        from taxiway.device.tpm import Tpm
        from taxiway.device.transport import Transport

        host, state = desk.pc._host, desk.pc.state
        tpm = Tpm(desk.pc._storage.folder / "tpm", host.workers, host.keys)
        wanted = Transport(host, tpm, state.correlation, desk.instance.endpoints.ca_file)
        self._inner = httpx.AsyncHTTPTransport(verify=wanted._context(identity))
        self._report = report

    async def handle_async_request(self, request):
        if request.url.path == "/attestation":
            return httpx.Response(200, json={"report": self._report})
        return await self._inner.handle_async_request(request)

    async def aclose(self):
        await self._inner.aclose()


@pytest.mark.parametrize("secure", [True, False])
async def test_r125_a_device_without_a_policy_follows_the_tenants_switch(deploying, secure):
    """Both ways, with the switch as the reason, foreseen and at Graph."""
    await deploying.write(lambda tx: management.set_secure_by_default(tx, secure, principal=SYSTEM_PRINCIPAL))
    pc = await deploying.pc()
    foreseen, good, codes = await task(deploying, "compliance", pc)
    assert (good, codes) == (not secure, {"compliance.no_policy"})
    desk = await sit_down_at(deploying, pc)
    shown = await desk.graph.get(desk.path)
    assert shown["complianceState"] == foreseen == ("noncompliant" if secure else "compliant")
    changed = (await moments(deploying, "compliance.changed"))[-1]
    assert [reason["code"] for reason in changed.why] == ["compliance.no_policy"]
    await desk.graph.client.aclose()


async def sit_down_at(deploying, pc):
    """Deploy a PC that is there already."""
    from e2e.administering import Desk

    outcome = await deploying.deploy(pc)
    assert outcome.reached == "desktop", outcome.failure
    return Desk(deploying, pc, await administrator(deploying.instance), outcome)


async def assign(deploying, pc):
    """The PC is for the deploying person."""

    def write(tx):
        record = autopilot.record_of_serial(tx, pc.firmware.serial)
        user = directory.find_user(tx, deploying.person.upn)
        autopilot.assign_user(tx, record["id"], user["id"], principal=SYSTEM_PRINCIPAL)

    await deploying.write(write)


async def policies_of(desk):
    """How each compliance policy stands on the device, at Graph."""
    found = await desk.graph.values(f"{desk.path}/deviceCompliancePolicyStates")
    return {one["displayName"]: one["state"] for one in found}


def test_the_pc_is_the_one_that_is_foreseen():
    """Every reason of the preflight that the PC can meet has its bit in the PC's status (05 section 10.8)."""
    from taxiway.management.configuration.encryption import Hardware, foresee

    base = {f"{BITLOCKER}/RequireDeviceEncryption": "1", f"{BITLOCKER}/AllowWarningForOtherDiskEncryption": "0"}
    good = Hardware(tpm=True, secure_boot=True, standard_user=False)
    assert foresee(base, frozenset(), good).value
    for values, hardware, code in (
        (base, dataclasses.replace(good, tpm=False), "no_tpm"),
        (base, dataclasses.replace(good, secure_boot=False), "secure_boot_off"),
        (base, dataclasses.replace(good, standard_user=True), "administrator_needed"),
        ({**base, f"{BITLOCKER}/AllowWarningForOtherDiskEncryption": "1"}, good, "consent_missing"),
        ({**base, f"{BITLOCKER}/SystemDrivesRequireStartupAuthentication": PIN}, good, "pin_required"),
        ({}, good, "not_asked"),
    ):
        found = foresee(values, frozenset(), hardware)
        assert not found.value
        assert f"encryption.{code}" in {reason.code for reason in found.reasons}
