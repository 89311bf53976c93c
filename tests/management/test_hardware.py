"""What enrolled devices tell of their hardware: a changed board (01 section 4.7, 06 section 1.10)."""

from __future__ import annotations

import msgspec
import pytest

from support.hardware import make_hardware, row_of
from taxiway import autopilot, directory, enrollment
from taxiway.autopilot import hardware as recognition
from taxiway.directory import SYSTEM_PRINCIPAL, Target
from taxiway.enrollment import ENROLLMENTS, MANAGED
from taxiway.wire import hardware_change
from taxiway.wire.hardware_change import HASH_NODE, NODE, HardwareChange

pytestmark = pytest.mark.anyio

FIX_PENDING = (
    "We've detected a hardware change on this device. We're trying to automatically register the new hardware. You "
    "don't need to do anything now; the status will be updated at the next check in with the result."
)


@pytest.fixture
def esp(esp):
    """These devices show no status page."""
    return {**esp, "show": False, "show_user_page": False}


async def register(pc, hardware, tenant=None):
    [row] = await autopilot.import_devices(
        pc.rt, tenant or pc.tenant, [row_of(hardware)], principal=SYSTEM_PRINCIPAL, correlation=""
    )
    assert row["state"]["deviceImportStatus"] == "complete", row
    return row["state"]["deviceRegistrationId"]


def other_board(hardware, **changes):
    """The same PC after a repair: another TPM, UUID and wired adapter; disk, serial number and model as before."""
    new = make_hardware()
    return msgspec.structs.replace(
        hardware, tpm_ek=new.tpm_ek, smbios_uuid=new.smbios_uuid, adapters=new.adapters, **changes
    )


class Repaired:
    """A registered, enrolled PC whose board can be replaced."""

    def __init__(self, pc, hardware, ztdid):
        self.pc, self.before, self.ztdid = pc, hardware, ztdid
        self.now = hardware

    def replace(self, now):
        self.now = now
        self.pc.nodes[NODE] = hardware_change.render(HardwareChange(self.before, now))
        self.pc.nodes[HASH_NODE] = now.encode_base64()

    async def check_in(self):
        return [uri for verb, uri, _ in await self.pc.session() if verb == "Get"]

    async def record(self):
        return await self.pc.read(lambda tx: autopilot.record_of(tx, self.ztdid))

    async def state(self):
        return (await self.record())["remediation_state"]

    async def change(self):
        return await self.pc.read(lambda tx: autopilot.hardware_change(tx, self.ztdid))

    async def recognised(self, hardware):
        facts = recognition.facts_of(hardware)
        found = await self.pc.read(lambda tx: recognition.recognise(tx, facts))
        return None if found is None or found.mismatch else found.ztdid


@pytest.fixture
async def repaired(pc):
    hardware = make_hardware()
    ztdid = await register(pc, hardware)
    await pc.write(lambda tx: ENROLLMENTS.update(tx, pc.managed_id, {"ztdid": ztdid}))
    pc.nodes[NODE] = ""
    return Repaired(pc, hardware, ztdid)


async def test_r104_a_new_board_with_the_old_serial_number_is_registered_again(repaired):
    """Fix pending with the literal text, at the next check-in assigned; the lookup knows the new board, not the old."""
    asked = await repaired.check_in()
    assert (NODE in asked, HASH_NODE in asked) == (True, False)
    assert await repaired.state() == "noRemediationRequired"
    new = other_board(repaired.before)
    repaired.replace(new)
    assert await repaired.recognised(new) is None
    await repaired.check_in()
    assert await repaired.state() == "automaticRemediationRequired"
    change = await repaired.change()
    assert (change["status"], change["text"], change["score"]) == ("Fix pending", FIX_PENDING, 50)
    [pending] = await repaired.pc.log("autopilot.hardware_changed")
    assert pending.why[0]["text"] == FIX_PENDING
    assert HASH_NODE in await repaired.check_in()
    assert await repaired.state() == "noRemediationRequired"
    assert await repaired.recognised(new) == repaired.ztdid
    assert await repaired.recognised(repaired.before) is None
    [bound] = await repaired.pc.log("autopilot.hardware_bound")
    assert bound.what["by"] == "the service"
    texts = [reason["text"] for reason in bound.why]
    assert {"TPM key: differs.", "serial number, manufacturer and model: same.", "disk: same."} <= set(texts)
    await repaired.check_in()
    assert await repaired.state() == "noRemediationRequired"
    assert len(await repaired.pc.log("autopilot.hardware_changed")) == 1


async def test_r104_p22_a_board_that_is_too_strange_waits_for_an_administrator(repaired):
    """Attention required with each fact; the approval binds, and serial number and lookup are the new board's."""
    new = other_board(repaired.before, serial="NEW-1")
    repaired.replace(new)
    await repaired.check_in()
    await repaired.check_in()
    assert await repaired.state() == "manualRemediationRequired"
    change = await repaired.change()
    assert (change["status"], change["score"], change["enough"]) == ("Attention required", 10, 50)
    assert change["registered"]["serial_number"] == repaired.before.serial
    assert change["reported"]["serial_number"] == "NEW-1"
    same = {fact["name"]: fact["same"] for fact in change["facts"]}
    assert (same["disk"], same["TPM key"], same["product key"]) == (True, False, None)
    await repaired.check_in()
    assert await repaired.state() == "manualRemediationRequired"
    assert await repaired.recognised(new) is None
    plain = directory.Principal("user", "nobody", repaired.pc.tenant)
    with pytest.raises(directory.Forbidden):
        await repaired.pc.write(lambda tx: autopilot.rebind(tx, repaired.ztdid, principal=plain))
    await repaired.pc.write(lambda tx: autopilot.rebind(tx, repaired.ztdid, principal=SYSTEM_PRINCIPAL))
    record = await repaired.record()
    assert (record["remediation_state"], record["serial_number"]) == ("noRemediationRequired", "NEW-1")
    assert await repaired.recognised(new) == repaired.ztdid
    [bound] = await repaired.pc.log("autopilot.hardware_bound")
    assert (bound.what["by"], bound.why[0]["code"]) == ("an administrator", "hardware.approved")
    with pytest.raises(autopilot.NothingToBind):
        await repaired.pc.write(lambda tx: autopilot.rebind(tx, repaired.ztdid, principal=SYSTEM_PRINCIPAL))


async def test_r104_another_serial_number_is_never_bound_without_a_person(repaired):
    """However many of the other facts are the same: attention required, and the reason is the serial number."""
    kept = {"adapters": repaired.before.adapters, "disk_identities": repaired.before.disk_identities}
    new = make_hardware(serial="NEW-2", smbios_uuid=repaired.before.smbios_uuid, **kept)
    repaired.replace(new)
    await repaired.check_in()
    await repaired.check_in()
    assert await repaired.state() == "manualRemediationRequired"
    assert (await repaired.change())["reasons"][0].code == "hardware.serial_differs"
    repaired.pc.nodes |= {NODE: "", HASH_NODE: repaired.before.encode_base64()}
    await repaired.check_in()
    assert await repaired.state() == "automaticRemediationRequired"
    await repaired.check_in()
    assert await repaired.state() == "noRemediationRequired"
    assert await repaired.recognised(repaired.before) == repaired.ztdid


async def test_r104_the_old_board_put_back_ends_it(repaired):
    """Fix pending, then the board as it was registered: assigned, and nothing moved."""
    repaired.replace(other_board(repaired.before))
    await repaired.check_in()
    repaired.pc.nodes |= {NODE: "", HASH_NODE: repaired.before.encode_base64()}
    await repaired.check_in()
    assert await repaired.state() == "noRemediationRequired"
    assert await repaired.recognised(repaired.before) == repaired.ztdid
    assert await repaired.pc.log("autopilot.hardware_bound") == []


@pytest.mark.parametrize("where", ["here", "elsewhere"])
async def test_p22_hardware_of_another_registration_cannot_be_taken(repaired, where):
    """Neither by itself nor with approval: attention required, and a named refusal without naming the other tenant."""
    tenant = repaired.pc.tenant
    if where == "elsewhere":
        tenant = repaired.pc.rt.entropy.uuid()
        await repaired.pc.rt.store.write(
            tenant, lambda tx: directory.create_tenant(tx, display_name="Fabrikam", domain="fabrikam.example")
        )
    taken = make_hardware(serial="TAKEN", disk_identities=repaired.before.disk_identities)
    await register(repaired.pc, taken, tenant)
    repaired.replace(taken)
    await repaired.check_in()
    await repaired.check_in()
    assert await repaired.state() == "manualRemediationRequired"
    with pytest.raises(autopilot.HardwareHeld) as refused:
        await repaired.pc.write(lambda tx: autopilot.rebind(tx, repaired.ztdid, principal=SYSTEM_PRINCIPAL))
    wanted = {"here": "hardware.registered", "elsewhere": "hardware.other_tenant"}[where]
    assert [reason.code for reason in refused.value.reasons] == [wanted]
    assert "fabrikam" not in str(refused.value).lower()


@pytest.mark.parametrize("told", ["not base64!", "e30=", "bnVsbA==", "eyJhIjog"])
async def test_what_cannot_be_read_of_the_hardware_is_on_record(repaired, told):
    """The session goes on, nothing changes, and the log says what is wrong."""
    repaired.pc.nodes[NODE] = told
    assert NODE in await repaired.check_in()
    assert await repaired.state() == "noRemediationRequired"
    [entry] = await repaired.pc.log("device.hardware_unreadable")
    assert entry.why[0]["code"] == "hardware.unreadable"


async def test_r039_another_disk_is_not_a_change(repaired):
    """A PC that reports a new disk under the same board is known: nothing is pending (R-39)."""
    repaired.replace(msgspec.structs.replace(repaired.before, disk_identities=make_hardware().disk_identities))
    await repaired.check_in()
    assert await repaired.state() == "noRemediationRequired"
    assert await repaired.change() is None


async def test_a_device_that_nobody_registered_is_not_asked_for_a_changed_board(pc):
    """There is nothing to compare with."""
    pc.nodes[NODE] = ""
    assert NODE not in [uri for _, uri, _ in await pc.session()]


# ---------------------------------------------------------------------------------------------- conversion


@pytest.fixture
async def targeted(pc):
    """The enrolled PC, corporate, in the group of a profile that converts its targeted devices; not registered."""

    def make(tx):
        MANAGED.update(tx, pc.managed_id, {"ownership": "company"})
        group = directory.create_group(tx, principal=SYSTEM_PRINCIPAL, display_name="PCs", kind="assigned")
        device_id, _ = enrollment.links_of(tx, pc.managed_id)
        directory.add_member(tx, group["id"], "device", device_id)
        values = {"display_name": "Converting", "extract_hardware_hash": True}
        profile = autopilot.create_profile(tx, values, principal=SYSTEM_PRINCIPAL)
        autopilot.assign_profile(tx, profile["id"], [Target("group", group["id"])], principal=SYSTEM_PRINCIPAL)
        return profile["id"], device_id

    pc.profile_id, pc.device_id = await pc.write(make)
    pc.hardware = make_hardware()
    pc.nodes |= {HASH_NODE: pc.hardware.encode_base64(), NODE: ""}
    return pc


async def registrations(pc):
    return await pc.read(autopilot.DEVICES.select)


async def test_r041_a_corporate_device_of_the_groups_is_registered_at_its_next_check_in(targeted):
    """Its own device object becomes the anchor; record, profile, managed device and lookup are there at once (R-41)."""
    objects = await targeted.read(directory.DEVICES.count)
    assert HASH_NODE in [uri for _, uri, _ in await targeted.session()]
    [record] = await registrations(targeted)
    assert (record["serial_number"], record["device_object_id"]) == (targeted.hardware.serial, targeted.device_id)
    assert (record["enrollment_state"], record["managed_device_id"]) == ("enrolled", targeted.managed_id)
    assert (record["deployment_profile_id"], record["group_tag"]) == (targeted.profile_id, "")
    assert await targeted.read(directory.DEVICES.count) == objects
    device = await targeted.read(lambda tx: directory.find_device(tx, id=targeted.device_id))
    assert f"[ZTDID]:{record['id']}" in device["physical_ids"]
    facts = recognition.facts_of(targeted.hardware)
    assert (await targeted.read(lambda tx: recognition.recognise(tx, facts))).ztdid == record["id"]
    managed = await targeted.read(lambda tx: enrollment.managed_device(tx, targeted.managed_id))
    assert managed["autopilot_enrolled"] is True
    [entry] = await targeted.log("autopilot.registered")
    assert entry.why[0]["code"] == "conversion.asked"
    assert HASH_NODE not in [uri for _, uri, _ in await targeted.session()]
    assert len(await registrations(targeted)) == 1


async def test_r041_a_personal_device_is_left_alone(targeted):
    """It is not even asked (R-41)."""
    await targeted.write(lambda tx: MANAGED.update(tx, targeted.managed_id, {"ownership": "personal"}))
    assert HASH_NODE not in [uri for _, uri, _ in await targeted.session()]
    assert await registrations(targeted) == []


async def test_r041_turning_it_off_deregisters_nothing(targeted):
    """Before the check-in it stops the conversion, after it the registration stays (R-41)."""

    def switch(*, on):
        changes = {"extract_hardware_hash": on}
        return lambda tx: autopilot.update_profile(tx, targeted.profile_id, changes, principal=SYSTEM_PRINCIPAL)

    await targeted.write(switch(on=False))
    assert HASH_NODE not in [uri for _, uri, _ in await targeted.session()]
    await targeted.write(switch(on=True))
    await targeted.session()
    await targeted.write(switch(on=False))
    await targeted.session()
    assert len(await registrations(targeted)) == 1


async def test_r041_hardware_that_is_registered_already_is_not_registered_twice(targeted):
    """The log says so once, and not at every check-in."""
    await register(targeted, targeted.hardware)
    await targeted.session()
    await targeted.session()
    assert len(await registrations(targeted)) == 1
    [entry] = await targeted.log("autopilot.not_converted")
    assert entry.why[0]["code"] == "conversion.registered_apart"
