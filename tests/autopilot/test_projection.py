"""The profile columns of many devices follow in a job; what a device is told never waits for it (design, rule 4)."""

from __future__ import annotations

import pytest

from support.hardware import make_hardware
from taxiway import autopilot, directory
from taxiway.directory import SYSTEM_PRINCIPAL, Target

pytestmark = pytest.mark.anyio

ANY_ZTDID = '(device.devicePhysicalIds -any (_ -startsWith "[ZTDID]"))'


@pytest.fixture
def many(monkeypatch):
    """Three devices are more than are brought up to date at once; a slice has two."""
    monkeypatch.setattr("taxiway.autopilot.projection.SMALL", 2)
    monkeypatch.setattr("taxiway.autopilot.projection._SLICE", 2)
    monkeypatch.setattr("taxiway.autopilot.projection._MOVED", 1)


async def columns(service):
    """What the lists of registered devices show: profile and status."""
    rows = await service.read(autopilot.DEVICES.select)
    return {(row["deployment_profile_id"], row["deployment_profile_assignment_status"]) for row in rows}


async def test_p01_a_lookup_is_right_before_the_columns_of_many_devices_are(service, many):
    """A profile for all devices answers at once; the columns follow in a job, each with its date and its reason."""
    hardware = [make_hardware() for _ in range(5)]
    for each in hardware:
        await service.registered(each)
    made = await service.profile("Everything")
    assert await columns(service) == {(None, "notAssigned")}
    assert (await service.download(hardware[0])).deployment_profile_name == "Everything"
    await autopilot.settle_owed(service.rt, service.tenant)
    assert {profile for profile, _ in await columns(service)} == {made["id"]}
    rows = await service.read(autopilot.DEVICES.select)
    assert all(row["deployment_profile_assigned_at"] for row in rows)


async def test_a_change_meanwhile_begins_the_pass_anew(service, many, monkeypatch):
    """A pass that works for what was meant before ends; the next one has every device."""
    for _ in range(5):
        await service.registered()
    first = await service.profile("First")
    write, slices = service.rt.store.write, []

    async def interrupted(tenant, function, **more):
        done = await write(tenant, function, **more)
        slices.append(1)
        if len(slices) == 2:
            await write(tenant, lambda tx: autopilot.assign_profile(tx, first["id"], [], principal=SYSTEM_PRINCIPAL))
        return done

    monkeypatch.setattr(service.rt.store, "write", interrupted)
    await autopilot.settle_owed(service.rt, service.tenant)
    assert await columns(service) == {(None, "notAssigned")}
    assert len(slices) > 3


async def test_work_left_wakes_the_job_once_it_is_committed(service, many):
    """The store names the tenant after the commit, and only when something was left there."""
    store = service.rt.store
    for _ in range(3):
        await service.registered()
    assert not store._waiting

    def broken(tx):
        autopilot.create_profile(tx, {"display_name": "x"}, principal=SYSTEM_PRINCIPAL)
        tx.left_work = True
        raise LookupError

    with pytest.raises(LookupError):
        await service.write(broken)
    assert not store._waiting
    await service.profile("Everything")
    assert await store.work_left() == [service.tenant]


async def test_p01_the_reason_follows_a_renamed_group_and_a_renamed_profile(service):
    """What is remembered of a choice is not asked any more when a name in it changes."""
    await service.registered()
    group = await service.group("Before", rule=ANY_ZTDID)
    made = await service.profile("Old", Target("group", group))
    [device] = await service.read(autopilot.DEVICES.select)

    async def why():
        decision = await service.read(lambda tx: autopilot.effective_profile(tx, device["id"]))
        return " ".join(reason.text for reason in decision.reasons)

    assert "'Old'" in await why()
    assert "'Before'" in await why()
    await service.write(lambda tx: directory.update_group(tx, group, {"display_name": "After"}))
    changes = {"display_name": "New"}
    await service.write(lambda tx: autopilot.update_profile(tx, made["id"], changes, principal=SYSTEM_PRINCIPAL))
    assert "'New'" in await why()
    assert "'After'" in await why()
