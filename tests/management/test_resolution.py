"""What is remembered of an effective configuration holds exactly as long as what it rests on."""

from __future__ import annotations

import pytest

from management.conftest import settings_of
from management.uris import CORTANA
from taxiway import directory, management
from taxiway.directory import SYSTEM_PRINCIPAL, Target
from taxiway.management.configuration import resolution
from taxiway.store import Memory

pytestmark = pytest.mark.anyio


@pytest.fixture
def resolved(pc):
    """The values that hold for the device and its user now."""

    async def values(write=False):
        def read(tx):
            device = directory.DEVICES.select(tx)[0]
            found = management.resolve(tx, device=device, user=directory.find_user(tx, pc.owner))
            return {item.uri: item.data for item, _ in found.effective.items}

        return await (pc.write if write else pc.read)(read)

    return values


@pytest.fixture
def made(monkeypatch):
    """How often an effective configuration was worked out."""
    counted = []
    work = resolution._made
    monkeypatch.setattr(resolution, "_made", lambda *args: counted.append(1) or work(*args))
    return counted


async def test_the_same_question_is_worked_out_once(pc, custom, resolved, made, everywhere):
    """Nothing changed in between: the second answer is the first one."""
    await custom("Cortana", CORTANA, 0, everywhere)
    assert await resolved() == await resolved() == {CORTANA: "0"}
    assert len(made) == 1


async def test_every_change_is_seen_at_once(pc, custom, resolved, everywhere):
    """A value, an assignment, a group's member, a filter's rule, a deletion: each answer is the new one."""
    row_id = await custom("Cortana", CORTANA, 0, everywhere)
    assert await resolved() == {CORTANA: "0"}
    changes = settings_of(CORTANA, 1)
    await pc.write(lambda tx: management.update_configuration(tx, row_id, changes, principal=SYSTEM_PRINCIPAL))
    assert await resolved() == {CORTANA: "1"}
    make = {"principal": SYSTEM_PRINCIPAL, "display_name": "G"}
    group = await pc.write(lambda tx: directory.create_group(tx, **make)["id"])
    await pc.reassign(row_id, Target("group", group))
    assert await resolved() == {}
    device = (await pc.read(directory.DEVICES.select))[0]["id"]
    await pc.write(lambda tx: directory.add_member(tx, group, "device", device))
    assert await resolved() == {CORTANA: "1"}
    rule = {"principal": SYSTEM_PRINCIPAL, "display_name": "F", "rule": '(device.deviceName -eq "PC-1")'}
    filter_id = await pc.write(lambda tx: directory.create_filter(tx, **rule)["id"])
    await pc.reassign(row_id, Target("all_devices", filter_id=filter_id, filter_mode="include"))
    assert await resolved() == {CORTANA: "1"}
    await pc.write(lambda tx: directory.update_device(tx, device, {"display_name": "Other"}))
    assert await resolved() == {}
    other = {"rule": '(device.deviceName -eq "Other")'}
    await pc.write(lambda tx: directory.update_filter(tx, filter_id, other, principal=SYSTEM_PRINCIPAL))
    assert await resolved() == {CORTANA: "1"}
    await pc.write(lambda tx: management.delete_configuration(tx, row_id, principal=SYSTEM_PRINCIPAL))
    assert await resolved() == {}


async def test_what_was_rolled_back_leaves_nothing_behind(pc, custom, resolved, everywhere):
    """A transaction that changed, asked and failed: nobody else is told what it saw."""
    row_id = await custom("Cortana", CORTANA, 0, everywhere)

    def fail(tx):
        changes = settings_of(CORTANA, 1)
        management.update_configuration(tx, row_id, changes, principal=SYSTEM_PRINCIPAL)
        device = directory.DEVICES.select(tx)[0]
        found = management.resolve(tx, device=device, user=None).effective.items
        assert [item.data for item, _ in found] == ["1"]
        raise RuntimeError("undo")

    with pytest.raises(RuntimeError):
        await pc.write(fail)
    assert await resolved() == {CORTANA: "0"}
    changes = {"description": "the same version of the row, at the same time"}
    await pc.write(lambda tx: management.update_configuration(tx, row_id, changes, principal=SYSTEM_PRINCIPAL))
    assert await resolved() == {CORTANA: "0"}


async def test_a_configuration_that_is_meant_has_its_secrets_open(pc, make, everywhere):
    """Asked first and asked again: what is sent to a device can be made from the row."""
    values = {"display_name": "W", "ssid": "Office", "wifi_security_type": "wpa2Personal", "pre_shared_key": "k" * 12}
    await make("windowsWifiConfiguration", values, everywhere)

    def keys(tx):
        found = management.meant_for(tx, device=directory.DEVICES.select(tx)[0], user=None)
        return [each.row["pre_shared_key"] for each in found]

    assert [await pc.read(keys) for _ in range(2)] == [["k" * 12]] * 2


async def test_two_stores_remember_apart(pc):
    """Equal words in two stores of one process, as two runs of one seed have them, do not mix."""
    memory = Memory[str](8)

    class Other:
        ring = type(pc.rt.store.ring)({"k": bytes(32)}, "k")

    def recall(tx, value):
        return memory.recall(tx, ("tenant", "word"), lambda: value)

    assert await pc.read(lambda tx: [recall(tx, "one"), recall(tx, "two")]) == ["one", "one"]
    assert recall(Other, "two") == "two"


async def test_what_is_remembered_is_bounded(pc):
    """Full means forgotten, not grown."""
    memory = Memory[int](8)
    made = await pc.read(lambda tx: [memory.recall(tx, number, lambda n=number: n) for number in range(100)])
    assert made == list(range(100))
    assert all(len(kept) <= 8 for kept in memory._stores.values())
