"""A device leaves the tenant, and a registration that lost its device object gets another (P-20, R-43)."""

from __future__ import annotations

import pytest

from support.hardware import make_hardware
from taxiway import autopilot, directory, enrollment
from taxiway.directory import GLOBAL_ADMINISTRATOR, INTUNE_ADMINISTRATOR, SYSTEM_PRINCIPAL, Principal
from taxiway.enrollment import ENROLLMENTS, MANAGED
from taxiway.store import entries, router

pytestmark = pytest.mark.anyio


async def deployed(service, hardware):
    """A registered PC that has joined, enrolled, and is reserved for Ada; its ZTDID and managed device."""
    await service.user()
    ztdid = await service.registered(hardware, assigned_user_principal_name="ada@contoso.example")
    device = await service.device(ztdid)

    def enroll(tx):
        directory.join_device(
            tx,
            device_id=device["device_id"],
            display_name="PC-1",
            os="Windows",
            os_version="10.0.26100.1",
            trust_type="AzureAd",
        )
        managed = MANAGED.insert(tx, {"azure_ad_device_id": device["device_id"], "device_name": "PC-1"})
        ENROLLMENTS.insert(tx, {"id": managed["id"], "key_hash": "k", "entra_id": device["id"], "ztdid": ztdid})
        autopilot.mark_enrolled(tx, ztdid, managed["id"], "")
        return managed["id"]

    return ztdid, await service.write(enroll)


def administrator(service, *roles):
    return Principal("user", "u1", service.tenant, roles=frozenset(roles))


async def test_r043_p20_one_command_removes_all_of_a_device_from_the_tenant(service):
    """The dry run names the four things and changes nothing; then they are gone, and another tenant may register it."""
    hardware = make_hardware()
    ztdid, managed_id = await deployed(service, hardware)
    root = administrator(service, GLOBAL_ADMINISTRATOR)
    planned = await service.read(lambda tx: autopilot.removal(tx, ztdid, principal=root))
    assert [what for what, *_ in planned.goes] == [
        "managed device",
        "user assignment",
        "Autopilot registration",
        "device object",
    ]
    assert planned.obstacles == ()
    assert (await service.record(ztdid))["managed_device_id"] == managed_id
    await service.write(lambda tx: autopilot.remove(tx, ztdid, principal=root))
    assert await service.record(ztdid) is None
    assert await service.read(lambda tx: enrollment.managed_device(tx, managed_id)) is None
    assert await service.read(directory.DEVICES.count) == 0
    assert await service.read(lambda tx: tx.all(router.router.select().where(router.router.c.kind == "hardware"))) == []
    kinds = [entry.kind for entry in await service.read(entries)]
    order = ["managed_device.deleted", "autopilot.user_unassigned", "autopilot.deregistered", "device.deleted"]
    assert [kind for kind in kinds if kind in order] == order


async def test_p20_what_stands_in_the_way_is_said_and_nothing_goes(service):
    """Who may delete device objects and nothing else: each other step says so, and all of it stays."""
    ztdid, managed_id = await deployed(service, make_hardware())
    helper = administrator(service, directory.CLOUD_DEVICE_ADMINISTRATOR)
    planned = await service.read(lambda tx: autopilot.removal(tx, ztdid, principal=helper))
    assert {reason.facts["action"] for reason in planned.obstacles} == {
        "autopilot.devices.write",
        "management.delete",
    }
    with pytest.raises(autopilot.RemovalRefused):
        await service.write(lambda tx: autopilot.remove(tx, ztdid, principal=helper))
    assert await service.record(ztdid) is not None
    assert await service.read(lambda tx: enrollment.managed_device(tx, managed_id)) is not None
    intune = administrator(service, INTUNE_ADMINISTRATOR)
    assert (await service.read(lambda tx: autopilot.removal(tx, ztdid, principal=intune))).obstacles == ()


async def test_r042_r043_the_documented_steps_one_by_one(service):
    """Registration alone: still managed. Managed device, user, registration, object: each goes by itself (R-42)."""
    ztdid, managed_id = await deployed(service, make_hardware())
    device = await service.device(ztdid)
    with pytest.raises(directory.AnchorInUse):
        await service.write(lambda tx: directory.delete_device(tx, device["id"], principal=SYSTEM_PRINCIPAL))
    await service.write(lambda tx: autopilot.deregister(tx, ztdid, principal=SYSTEM_PRINCIPAL))
    assert await service.read(lambda tx: enrollment.managed_device(tx, managed_id)) is not None
    await service.write(lambda tx: enrollment.delete_managed_device(tx, managed_id, principal=SYSTEM_PRINCIPAL))
    await service.write(lambda tx: directory.delete_device(tx, device["id"], principal=SYSTEM_PRINCIPAL))
    assert await service.read(directory.DEVICES.count) == 0


@pytest.mark.parametrize("chance", ["lookup", "edit"])
async def test_p20_a_lost_device_object_is_made_again_at_the_next_chance(service, chance):
    """Tags, groups and profile are as before, the PC is told the new object's id, and the log says what happened."""
    hardware = make_hardware()
    group = await service.group(rule='(device.devicePhysicalIds -any (_ -eq "[OrderID]:KIOSK"))')
    await service.profile("Kiosk", directory.Target("group", group))
    ztdid = await service.registered(hardware, group_tag="KIOSK")
    assert (await service.download(hardware)).deployment_profile_name == "Kiosk"
    lost = await service.device(ztdid)
    await service.write(lambda tx: directory.delete_device(tx, lost["id"], principal=SYSTEM_PRINCIPAL, force=True))
    if chance == "edit":
        changes = {"purchase_order_identifier": "PO-1"}
        await service.write(lambda tx: autopilot.update_properties(tx, ztdid, changes, principal=SYSTEM_PRINCIPAL))
    profile = await service.download(hardware)
    made = await service.device(ztdid)
    assert (profile.deployment_profile_name, profile.aad_device_id) == ("Kiosk", made["device_id"])
    assert made["id"] != lost["id"]
    record = await service.record(ztdid)
    assert (record["device_object_id"], record["azure_active_directory_device_id"]) == (made["id"], made["device_id"])
    assert f"[ZTDID]:{ztdid}" in made["physical_ids"]
    [entry] = [entry for entry in await service.read(entries) if entry.kind == "autopilot.anchor_healed"]
    assert entry.why[0]["code"] == "anchor.gone"


async def test_p20_a_lost_device_object_decides_nothing_for_other_devices(service):
    """What is said of a registration without its object is not taken for the choice of those in no group either."""
    await service.profile("Everything")
    lost, other = make_hardware(), make_hardware()
    ztdid, kept = await service.registered(lost), await service.registered(other)
    device = await service.device(ztdid)
    await service.write(lambda tx: directory.delete_device(tx, device["id"], principal=SYSTEM_PRINCIPAL, force=True))
    assert (await service.read(lambda tx: autopilot.effective_profile(tx, ztdid))).value is None
    assert (await service.read(lambda tx: autopilot.effective_profile(tx, kept))).value["display_name"] == "Everything"
    assert (await service.read(lambda tx: autopilot.effective_profile(tx, ztdid))).value is None
