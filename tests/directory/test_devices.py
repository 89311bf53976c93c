"""Entra device objects."""

import pytest

from taxiway import directory
from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.store import NotFound

pytestmark = pytest.mark.anyio

ZTDID = "00000000-0000-4000-8000-000000000701"


def anchor(tx):
    ids = directory.tagged_ids(ZTDID, "SALES")
    return directory.create_anchor(tx, ztdid=ZTDID, physical_ids=ids, display_name="SN-1")


def join(tx, **more):
    facts = {"display_name": "PC-1", "os": "Windows", "os_version": "10.0.26100.1", "trust_type": "AzureAd", **more}
    return directory.join_device(tx, **facts)


async def test_a_join_turns_the_anchor_into_the_joined_device(rt, tenant):
    """There is one object, never two: the anchor keeps its ids and its tags, and gets the facts of the join."""

    def run(tx):
        before = anchor(tx)
        after = join(tx, device_id=before["device_id"], owner_id="u1")
        return before, after, directory.DEVICES.count(tx)

    before, after, count = await rt.store.write(tenant, run)
    assert count == 1
    assert (after["id"], after["device_id"]) == (before["id"], before["device_id"])
    assert after["physical_ids"][:2] == [f"[ZTDID]:{ZTDID}", "[OrderID]:SALES"]
    assert [entry.split(":")[0] for entry in after["physical_ids"][2:]] == [
        "[HWID]",
        "[GID]",
        "[USER-HWID]",
        "[USER-GID]",
    ]
    assert before["registered_at"] is None
    assert after["registered_at"] == rt.clock.now()


async def test_an_anchor_is_made_once(rt, tenant):
    """The same registration asked for twice has one object."""
    first, second = await rt.store.write(tenant, lambda tx: (anchor(tx), anchor(tx)))
    assert first == second


async def test_a_join_onto_an_object_that_is_gone_is_refused(rt, tenant):
    """Joining with the id of a deleted object makes no new one (01 section 3, 0x801C03F3)."""
    with pytest.raises(NotFound):
        await rt.store.write(tenant, lambda tx: join(tx, device_id=ZTDID))


async def test_r017_joined_and_registered_devices_count_and_anchors_do_not(rt, tenant):
    """The quota counts what its user joined or registered, not hybrid devices and never an anchor."""

    def run(tx):
        device = anchor(tx)
        directory.update_device(tx, device["id"], {"owner_id": "u1"})
        mine = [join(tx, owner_id="u1", trust_type=trust)["id"] for trust in ("AzureAd", "Workplace", "ServerAd")]
        join(tx, owner_id="u2")
        return mine, {row["id"] for row in directory.owned_devices(tx, "u1")}

    mine, counted = await rt.store.write(tenant, run)
    assert counted == set(mine[:2])


async def test_r043_an_anchor_is_not_deleted_before_its_registration(rt, tenant):
    """Deleting the object of a registered device is refused; Autopilot itself may."""
    device = await rt.store.write(tenant, anchor)
    with pytest.raises(directory.AnchorInUse):
        await rt.store.write(tenant, lambda tx: directory.delete_device(tx, device["id"], principal=SYSTEM_PRINCIPAL))
    await rt.store.write(
        tenant, lambda tx: directory.delete_device(tx, device["id"], principal=SYSTEM_PRINCIPAL, force=True)
    )
    assert await rt.store.read(tenant, lambda tx: directory.find_device(tx, id=device["id"])) is None


async def test_r054_a_joined_device_outlives_its_registration_without_the_tags(rt, tenant):
    """Deregistration takes the three entries from a joined device, and takes an object that never joined away."""

    def run(tx):
        join(tx, device_id=anchor(tx)["device_id"])
        kept = directory.release_anchor(tx, ZTDID)
        anchor(tx)
        return kept, directory.release_anchor(tx, ZTDID), directory.DEVICES.count(tx)

    kept, gone, count = await rt.store.write(tenant, run)
    assert (kept["ztdid"], gone, count) == (None, None, 1)
    assert not any(entry.startswith(("[ZTDID]", "[OrderID]")) for entry in kept["physical_ids"])


async def test_an_update_that_changes_nothing_is_silent(rt, tenant):
    """Writing the value that is there already makes no new version and no log entry."""

    def run(tx):
        device = anchor(tx)
        return device, directory.update_device(tx, device["id"], {"display_name": "SN-1"})

    device, same = await rt.store.write(tenant, run)
    assert same["version"] == device["version"]


async def test_device_lookups_use_their_index(rt, tenant):
    """A device is found by its device id through an index, not by reading all of them."""
    if rt.store.engine.dialect.name != "sqlite":
        pytest.skip("the plan of an empty table says nothing on PostgreSQL")
    plan = "EXPLAIN QUERY PLAN SELECT * FROM directory_device WHERE tenant='t' AND device_id='d'"
    with rt.store.engine.connect() as connection:
        lines = [row[3] for row in connection.exec_driver_sql(plan)]
    assert any("ix_directory_device_device_id" in line for line in lines)
