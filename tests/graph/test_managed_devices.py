"""Managed devices, their states, and recovery keys over Graph (02 section 7; 01 R-121)."""

import pytest

from support.graph_client import Graph, mint, person
from taxiway import directory, enrollment, management
from taxiway.join import RECOVERY_KEYS
from taxiway.store import entries

DEVICES = "/v1.0/deviceManagement/managedDevices"
KEYS = "/v1.0/informationProtection/bitlocker/recoveryKeys"
KID = "0b1f0000-0000-4000-8000-000000000001"


@pytest.fixture
async def managed(rt, tenant):
    """A managed device's id."""

    def write(tx):
        row = enrollment.MANAGED.insert(
            tx,
            {
                "device_name": "CON-1",
                "serial_number": "SN-1",
                "azure_ad_device_id": "b2a10000-0000-4000-8000-000000000001",
                "enrolled_at": tx.now,
                "last_sync_at": tx.now,
                "enrollment_profile_name": "Standard",
                "autopilot_enrolled": True,
            },
        )
        return row["id"]

    return await rt.store.write(tenant, write)


async def test_a_managed_device_is_found_and_shown(graph, managed):
    """By serial number, with the spelling of the field; beta shows more; some only when selected."""
    [device] = await graph.values(f"{DEVICES}?$filter=startsWith(serialNumber, 'SN')")
    assert device["azureADDeviceId"].startswith("b2a1")
    assert device["managedDeviceOwnerType"] == "company"
    assert "autopilotEnrolled" not in device
    assert "notes" not in device
    assert "notes" in await graph.get(f"{DEVICES}/{managed}?$select=notes")
    assert (await graph.get(f"{DEVICES.replace('v1.0', 'beta')}/{managed}"))["autopilotEnrolled"] is True
    assert await graph.values(f"{DEVICES}?$filter=enrolledDateTime gt 2030-01-01T00:00:00Z") == []
    assert await graph.values(f"{DEVICES}/{managed}/deviceConfigurationStates") == []


async def test_a_sync_is_pending_until_the_device_comes(graph, rt, tenant, clock, managed):
    """204 and a pending action, the same when asked for again; what nobody fetches is given up by its time."""
    await graph.call("POST", f"{DEVICES}/nothing/syncDevice", expect=404)
    await graph.call("POST", f"{DEVICES}/{managed}/syncDevice", expect=204)
    clock.advance(5)
    await graph.call("POST", f"{DEVICES}/{managed}/syncDevice", expect=204)
    [action] = (await graph.get(f"{DEVICES}/{managed}"))["deviceActionResults"]
    assert (action["actionName"], action["actionState"]) == ("syncDevice", "pending")
    assert await rt.store.write(tenant, management.expire_actions) == 0
    clock.advance(31 * 86_400)
    assert await rt.store.write(tenant, management.expire_actions) == 1
    row = await rt.store.read(tenant, lambda tx: enrollment.managed_device(tx, managed))
    [action] = row["device_action_results"]
    assert (action["actionState"], action["errorDescription"]) == ("failed", "The device did not come within 30 days.")


async def test_a_device_is_noted_and_removed(graph, managed):
    """What may be written is written; a removed device is gone."""
    await graph.call("PATCH", f"{DEVICES}/{managed}", {"notes": "spare", "serialNumber": "no"}, expect=200)
    shown = await graph.get(f"{DEVICES}/{managed}?$select=notes,serialNumber")
    assert (shown["notes"], shown["serialNumber"]) == ("spare", "SN-1")
    owned = await graph.call("PATCH", f"{DEVICES}/{managed}", {"managedDeviceOwnerType": "personal"})
    assert owned.json()["managedDeviceOwnerType"] == "personal"
    await graph.call("PATCH", f"{DEVICES}/{managed}", {"managedDeviceOwnerType": "nobody"}, expect=400)
    await graph.call("DELETE", f"{DEVICES}/{managed}", expect=200)
    await graph.get(f"{DEVICES}/{managed}", expect=404)


async def test_r121_a_recovery_key_is_shown_to_the_permitted_and_on_record(graph, rt, tenant):
    """The list has no keys; ``$select=key`` has it and is logged; a user without the role sees neither."""
    device = "b2a10000-0000-4000-8000-000000000001"

    def write(tx):
        values = {"id": KID, "device_id": device, "created_at": tx.now, "volume_type": "operatingSystemVolume"}
        RECOVERY_KEYS.insert(tx, {**values, "key": "11-made-up"})

    await rt.store.write(tenant, write)
    [listed] = await graph.values(f"{KEYS}?$filter=deviceId eq '{device}'")
    assert "key" not in listed
    assert "key" not in await graph.get(f"{KEYS}/{KID}")
    assert (await graph.get(f"{KEYS}/{KID}?$select=key"))["key"] == "11-made-up"
    logged = await rt.store.read(tenant, lambda tx: entries(tx, subject=f"recovery_key:{KID}"))
    assert [entry.kind for entry in logged] == ["recovery_key.read"]
    eve = await person(rt, tenant, "eve")
    other = Graph(rt, graph.client, await mint(rt, tenant, eve["id"]))
    for path in (KEYS, f"{KEYS}/{KID}", f"{KEYS}/{KID}?$select=key"):
        await other.get(path, expect=403)


async def test_a_person_without_a_role_changes_nothing(graph, rt, tenant, managed):
    """The scope opens the route; the service still asks for the role."""
    eve = await person(rt, tenant, "eve")
    other = Graph(rt, graph.client, await mint(rt, tenant, eve["id"]))
    await other.call("DELETE", f"{DEVICES}/{managed}", expect=403)
    await other.call("POST", f"{DEVICES}/{managed}/syncDevice", expect=403)
    await other.call("PATCH", f"{DEVICES}/{managed}", {"notes": "x"}, expect=403)
    intune = await person(rt, tenant, "ina", directory.INTUNE_ADMINISTRATOR)
    admin = Graph(rt, graph.client, await mint(rt, tenant, intune["id"]))
    await admin.call("PATCH", f"{DEVICES}/{managed}", {"notes": "x"})
