"""A managed PC leaves: by the administrator's order over Graph, and by its person's (04 section 16)."""

from __future__ import annotations

import ssl

import httpx
import pytest

from support.graph_client import Graph, mint, person
from taxiway import directory, enrollment, pki
from taxiway.directory import GLOBAL_ADMINISTRATOR
from taxiway.store import entries

pytestmark = pytest.mark.anyio


@pytest.fixture
async def deployed(instance, tmp_path):
    """A PC at its desktop, its person, and the outcome."""
    who = await instance.make_user()
    await instance.profile()
    pc = instance.make_pc(tmp_path / "pc")
    await instance.register(pc)
    outcome = await instance.power_on(pc, who)
    assert outcome.reached == "desktop", outcome.failure
    return pc, who, outcome


async def gone(instance, outcome):
    """The record is gone, its certificates are revoked, and the Entra device is there and no longer managed."""

    def read(tx):
        managed = enrollment.managed_device(tx, outcome.intune_device_id)
        certificates = pki.certificates_of(tx, f"managed:{outcome.intune_device_id}", "management")
        device = directory.find_device(tx, device_id=outcome.entra_device_id)
        return managed, [row["revoked_at"] is not None for row in certificates], device["is_managed"]

    return await instance.rt.store.read(instance.tenant, read)


async def test_an_administrator_retires_a_pc(instance, deployed):
    """204 from Graph, one order at the next check-in, and then both sides have forgotten each other."""
    pc, who, outcome = deployed
    admin = await person(instance.rt, instance.tenant, "admin", GLOBAL_ADMINISTRATOR)
    token = await mint(instance.rt, instance.tenant, admin["id"])
    path = f"/v1.0/deviceManagement/managedDevices/{outcome.intune_device_id}"
    origin = instance.settings.urls.graph
    trusted = ssl.create_default_context(cafile=str(instance.files.root))
    async with httpx.AsyncClient(base_url=origin, verify=trusted) as http:
        graph = Graph(instance.rt, http, token)
        await graph.call("POST", f"{path}/retire", expect=204)
        shown = await graph.get(path)
        assert shown["managementState"] == "retirePending"
        assert [one["actionState"] for one in shown["deviceActionResults"]] == ["pending"]
        assert (await instance.power_on(pc, who)).reached == "unmanaged"
        await graph.get(path, expect=404)
    assert await gone(instance, outcome) == (None, [True], False)
    log = await instance.rt.store.read(instance.tenant, entries)
    left = [entry for entry in log if entry.kind == "device.unenrolled"]
    assert [reason["code"] for reason in left[0].why] == ["device.retired"]
    assert pc.state.enrolled is None


async def test_a_person_disconnects_a_pc(instance, deployed):
    """The alert over its own certificate, once; the server revokes it and forgets the device."""
    pc, _, outcome = deployed
    assert await pc.disconnect(instance.endpoints)
    assert await gone(instance, outcome) == (None, [True], False)
    log = await instance.rt.store.read(instance.tenant, entries)
    assert [reason["code"] for entry in log if entry.kind == "device.unenrolled" for reason in entry.why] == [
        "device.user_left"
    ]
    assert not await pc.disconnect(instance.endpoints)
