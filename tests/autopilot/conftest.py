"""Made-up hardware, registered as an administrator would."""

from __future__ import annotations

from dataclasses import dataclass

import httpx
import pytest

from support.hardware import make_hardware, row_of
from taxiway import autopilot, directory
from taxiway.autopilot.http import routes
from taxiway.directory import SYSTEM_PRINCIPAL, Target
from taxiway.doors import Door
from taxiway.store import eq
from taxiway.wire.autopilot_profile import PROFILE_PATH, TOKEN_HEADER, parse_profile
from taxiway.wire.ztd import TICKET_PATH, DeviceTicketRequest, digest_facts, parse_error, parse_ticket_response, render


@dataclass
class Service:
    """The room behind its door, and an administrator of one tenant."""

    rt: object
    tenant: str
    http: httpx.AsyncClient

    async def imported(self, *rows, tenant=None, principal=SYSTEM_PRINCIPAL):
        return await autopilot.import_devices(
            self.rt, tenant or self.tenant, list(rows), principal=principal, correlation="import-1"
        )

    async def registered(self, hardware=None, **more):
        """The ZTDID of a PC that is registered now."""
        [row] = await self.imported(row_of(hardware or make_hardware(), **more))
        assert row["state"]["deviceImportStatus"] == "complete", row
        return row["state"]["deviceRegistrationId"]

    async def write(self, function, tenant=None):
        return await self.rt.store.write(tenant or self.tenant, function)

    async def read(self, function, tenant=None):
        return await self.rt.store.read(tenant or self.tenant, function)

    async def record(self, ztdid):
        return await self.read(lambda tx: autopilot.record_of(tx, ztdid))

    async def profile(self, name="Everything", *targets, **values):
        """A profile, assigned to the targets; to all devices when none are given."""

        def make(tx):
            made = autopilot.create_profile(tx, {"display_name": name, **values}, principal=SYSTEM_PRINCIPAL)
            wanted = list(targets) or [Target("all_devices")]
            autopilot.assign_profile(tx, made["id"], wanted, principal=SYSTEM_PRINCIPAL)
            return made

        return await self.write(make)

    async def group(self, name="Devices", rule=None, members=()):
        def make(tx):
            kind = "dynamic_device" if rule else "assigned"
            made = directory.create_group(tx, principal=SYSTEM_PRINCIPAL, display_name=name, kind=kind, rule=rule)
            for ztdid in members:
                device = directory.DEVICES.find(tx, eq("ztdid", ztdid))
                directory.add_member(tx, made["id"], "device", device["id"])
            return made["id"]

        return await self.write(make)

    async def device(self, ztdid):
        return await self.read(lambda tx: directory.DEVICES.find(tx, eq("ztdid", ztdid)))

    async def user(self, upn="ada@contoso.example", *, licensed=True):
        def make(tx):
            user = directory.create_user(
                tx, principal=SYSTEM_PRINCIPAL, upn=upn, display_name="Ada Lovelace", usage_location="US"
            )
            if licensed:
                directory.assign_licenses(tx, user["id"], add=["INTUNE_A"])
            return user

        return await self.write(make)

    async def ticket(self, hardware):
        body = render(DeviceTicketRequest(digest_facts(hardware.identity())))
        response = await self.http.post(TICKET_PATH, content=body)
        assert response.status_code == 200, response.text
        return parse_ticket_response(response.content).ticket

    async def download(self, hardware, *, correlation="11111111-2222-4333-8444-555555555555", ticket=None):
        """What the PC is told: the profile, or ``(status, code, name)``."""
        ticket = ticket or await self.ticket(hardware)
        headers = {TOKEN_HEADER: f"t={ticket}", "MS-CV": "vector.0", "client-request-id": correlation}
        response = await self.http.get(PROFILE_PATH, headers=headers)
        if response.status_code == 200:
            return parse_profile(response.content)
        error = parse_error(response.content)
        assert error.correlation_vector == "vector.0"
        return response.status_code, error.error_code, error.message


@pytest.fixture
async def service(rt, tenant):
    """The service on each database."""
    transport = httpx.ASGITransport(app=Door(routes(rt), rt.entropy))
    async with httpx.AsyncClient(transport=transport, base_url="https://devices.test") as http:
        yield Service(rt, tenant, http)


@pytest.fixture
async def other_tenant(rt):
    """A second tenant, fabrikam.example."""
    tenant_id = rt.entropy.uuid()
    await rt.store.write(
        tenant_id, lambda tx: directory.create_tenant(tx, display_name="Fabrikam", domain="fabrikam.example")
    )
    return tenant_id
