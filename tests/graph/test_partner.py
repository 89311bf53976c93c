"""A partner registers devices for a customer who consented (R-45; 06 section 2.5)."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest

from support.applications import make_application
from support.graph_client import Graph
from support.hardware import make_hardware
from taxiway import autopilot, directory
from taxiway.autopilot import hardware as recognition
from taxiway.autopilot.http import routes as device_routes
from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.doors import Door
from taxiway.signin import tokens
from taxiway.store import entries, eq
from taxiway.wire.autopilot_profile import PROFILE_PATH, TOKEN_HEADER, parse_profile
from taxiway.wire.ztd import TICKET_PATH, DeviceTicketRequest, digest_facts, parse_ticket_response, render

pytestmark = pytest.mark.anyio

KEY = "3305400111222"


async def app_token(rt, tenant, app, *roles):
    now = rt.clock.now()
    body = {
        "ver": "1.0",
        "tid": tenant,
        "iss": tokens.issuer(rt.urls.login, tenant, "1.0"),
        "aud": "https://graph.microsoft.com",
        "oid": app.principal["id"],
        "sub": app.principal["id"],
        "appid": app.id,
        "app_displayname": "Reseller",
        "idtyp": "app",
        "roles": list(roles),
        "uti": rt.entropy.token(12),
        "iat": int(now.timestamp()),
        "nbf": int(now.timestamp()),
        "exp": int((now + timedelta(minutes=600)).timestamp()),
    }
    return (await tokens.sign(rt, body))[0]


class Partner(Graph):
    """An application at Partner Center's addresses."""

    customer = ""

    @property
    def batches(self):
        return f"/v1/customers/{self.customer}/deviceBatches"

    async def uploaded(self, *devices, batch="B-1", into=None):
        """The results of an upload, in the order of its devices."""
        path, body = (self.batches, {"BatchId": batch, "Devices": devices}) if into is None else (into, devices)
        answer = await self.call("POST", path, body, expect=202)
        found = await self.get(f"/v1{answer.headers['location']}")
        assert (found["startedTime"], len(found["devicesStatus"])) == (found["completedTime"], len(devices))
        return [(one["status"], one["errorCode"], one["errorDescription"]) for one in found["devicesStatus"]]


async def make_partner(rt, tenant, client, name="Reseller"):
    app = await make_application(rt, tenant, name=name, roles=(autopilot.PARTNER_PERMISSION,))
    made = Partner(rt, client, await app_token(rt, tenant, app, autopilot.PARTNER_PERMISSION))
    made.customer = tenant
    return made


@pytest.fixture
async def partner(rt, tenant, client):
    return await make_partner(rt, tenant, client)


def tuple_of(hardware):
    return {
        "SerialNumber": hardware.serial,
        "OemManufacturerName": hardware.manufacturer,
        "ModelName": hardware.product,
    }


async def download(rt, hardware):
    """What the PC gets: its profile, or the status of the refusal."""
    transport = httpx.ASGITransport(app=Door(device_routes(rt), rt.entropy))
    async with httpx.AsyncClient(transport=transport, base_url="https://devices.test") as http:
        body = render(DeviceTicketRequest(digest_facts(hardware.identity())))
        ticket = parse_ticket_response((await http.post(TICKET_PATH, content=body)).content).ticket
        answer = await http.get(PROFILE_PATH, headers={TOKEN_HEADER: f"t={ticket}"})
        return parse_profile(answer.content) if answer.status_code == 200 else answer.status_code


@pytest.fixture
async def profile(rt, tenant):
    def make(tx):
        made = autopilot.create_profile(tx, {"display_name": "Everything"}, principal=SYSTEM_PRINCIPAL)
        target = directory.Target("all_devices")
        autopilot.assign_profile(tx, made["id"], [target], principal=SYSTEM_PRINCIPAL)

    await rt.store.write(tenant, make)


FINISHED = ("finished", "0", "")


async def test_r045_the_allowed_combinations_are_registered_and_no_others(partner):
    """Hash with or without the others, product key alone, the tuple; anything else has its own code."""
    hashes = [make_hardware() for _ in range(3)]
    good = [
        {"HardwareHash": hashes[0].encode_base64()},
        {"HardwareHash": hashes[1].encode_base64(), "SerialNumber": hashes[1].serial},
        {"HardwareHash": hashes[2].encode_base64(), "SerialNumber": hashes[2].serial, "ProductKey": "1"},
        {"ProductKey": KEY},
        tuple_of(make_hardware()),
    ]
    bad = [
        {"SerialNumber": "S-1"},
        {"SerialNumber": "S-1", "OemManufacturerName": "Contoso"},
        {**tuple_of(make_hardware()), "ProductKey": "3305400999999"},
        {},
        {"HardwareHash": "AAAA"},
        {"SerialNumber": "Default string", "OemManufacturerName": "Contoso", "ModelName": "Book"},
    ]
    found = await partner.uploaded(*good, *bad)
    assert found[:5] == [FINISHED] * 5
    assert [code for _, code, _ in found[5:]] == ["801", "801", "801", "803", "802", "803"]
    listed = await partner.get(f"{partner.batches}/B-1/devices")
    assert listed["totalCount"] == 5
    assert {one["productKey"] for one in listed["items"]} == {"", "1", KEY}
    assert [one["devicesCount"] for one in (await partner.get(partner.batches))["items"]] == [5]


async def test_r045_the_customers_own_import_needs_the_hash(partner, graph):
    """Tuple or product key alone: ZtdDeviceNotFound."""
    imported = "/beta/deviceManagement/importedWindowsAutopilotDeviceIdentities"
    for body in ({"serialNumber": "S-1"}, {"productKey": KEY}):
        state = (await graph.post(imported, body))["state"]
        assert (state["deviceImportStatus"], state["deviceErrorName"]) == ("error", "ZtdDeviceNotFound")


@pytest.mark.parametrize("by", ["tuple", "key"])
@pytest.mark.usefixtures("profile")
async def test_r045_one_fact_is_enough_at_the_lookup_and_the_rest_is_learned(partner, rt, tenant, by):
    """The first contact completes the record: a swapped part is known afterwards, another device never."""
    hardware = make_hardware(product_key_id=KEY)
    said = tuple_of(hardware) if by == "tuple" else {"ProductKey": KEY}
    assert await partner.uploaded(said) == [FINISHED]
    stranger = make_hardware(product_key_id="3305400777777")
    assert await download(rt, stranger) == 404
    got = await download(rt, hardware)
    assert got.deployment_profile_name == "Everything"
    again = await rt.store.read(tenant, lambda tx: recognition.recognise(tx, digest_facts(hardware.identity())))
    assert (again.ztdid, again.score >= 150) == (got.ztd_registration_id, True)
    log = await rt.store.read(tenant, entries)
    assert [entry.kind for entry in log].count("autopilot.hardware_completed") == 1
    assert (await download(rt, hardware)).ztd_registration_id == got.ztd_registration_id
    thief = make_hardware(serial=hardware.serial, product_key_id=KEY)
    assert await download(rt, thief) == 404


async def test_r045_a_device_is_registered_once_whatever_it_was_named_by(partner, rt):
    """Twice in a batch, and again by its hash: duplicated, then 806; by the tuple of another tenant's device: 808."""
    hardware = make_hardware(product_key_id=KEY)
    found = await partner.uploaded(tuple_of(hardware), {"HardwareHash": hardware.encode_base64()}, tuple_of(hardware))
    assert [name for _, _, name in found] == ["", "ZtdDeviceDuplicated", "ZtdDeviceDuplicated"]
    again = await partner.uploaded({"HardwareHash": hardware.encode_base64()}, into=f"{partner.batches}/B-1/devices")
    assert again == [("finished_with_errors", "806", "ZtdDeviceAlreadyAssigned")]
    other = rt.entropy.uuid()
    await rt.store.write(
        other, lambda tx: directory.create_tenant(tx, display_name="Fabrikam", domain="fabrikam.example")
    )
    theirs = await make_partner(rt, other, partner.client)
    assert [code for _, code, _ in await theirs.uploaded(tuple_of(hardware))] == ["808"]
    held = await partner.uploaded({"ProductKey": KEY}, batch="B-2")
    assert held == [FINISHED]
    sealed = make_hardware(product_key_id=KEY)
    assert [code for _, code, _ in await theirs.uploaded({"HardwareHash": sealed.encode_base64()}, batch="B-9")] == [
        "808"
    ]


async def test_r045_a_partner_needs_consent_and_sees_its_own_alone(partner, rt, tenant, client, graph):
    """403 without the permission, for another customer and for a person; another partner's batch is 404."""
    plain = await make_application(rt, tenant, name="Nobody")
    nobody = Partner(rt, client, await app_token(rt, tenant, plain))
    for caller in (nobody, graph):
        await caller.call("GET", partner.batches, expect=403)
    await partner.call("GET", f"/v1/customers/{rt.entropy.uuid()}/deviceBatches", expect=403)
    await Partner(rt, client).call("GET", partner.batches, expect=401)
    await partner.uploaded(tuple_of(make_hardware()))
    rival = await make_partner(rt, tenant, client, "Rival")
    assert (await rival.get(rival.batches))["totalCount"] == 0
    await rival.call("GET", f"{rival.batches}/B-1/devices", expect=404)
    [device] = (await partner.get(f"{partner.batches}/B-1/devices"))["items"]
    await rival.call("DELETE", f"{rival.batches}/B-1/devices/{device['id']}", expect=404)
    await partner.call("PATCH", f"{partner.batches}/B-1/devices/{device['id']}", {}, expect=501)


async def test_r045_a_partner_takes_back_the_registration_and_nothing_else(partner, rt, tenant):
    """The device that has joined stays in the directory; its registration is gone, here and for the partner."""
    await partner.uploaded(tuple_of(make_hardware()))
    [device] = (await partner.get(f"{partner.batches}/B-1/devices"))["items"]
    path = f"{partner.batches}/B-1/devices/{device['id']}"

    def join(tx):
        anchor = directory.DEVICES.find(tx, eq("ztdid", device["id"]))
        directory.join_device(
            tx,
            device_id=anchor["device_id"],
            display_name="PC-1",
            os="Windows",
            os_version="10.0.26100.1",
            trust_type="AzureAd",
        )

    await rt.store.write(tenant, join)
    await partner.call("DELETE", path, expect=204)
    await partner.call("DELETE", path, expect=404)
    assert await rt.store.read(tenant, autopilot.DEVICES.count) == 0
    assert await rt.store.read(tenant, directory.DEVICES.count) == 1


async def test_r045_a_batch_has_a_name_and_at_most_a_thousand_devices(partner):
    """Anything else is a 400 that says so; a batch is made once and added to by name."""
    device = tuple_of(make_hardware())
    for body in (
        {"BatchId": "B-1", "Devices": [device] * 1001},
        {"BatchId": "B-1", "Devices": []},
        {"Devices": [device]},
        {"BatchId": "", "Devices": [device]},
        {"BatchId": "B-1", "Devices": [{"SerialNumber": 7}]},
        {"BatchId": "B-1", "Devices": "x"},
        [device],
    ):
        refused = (await partner.call("POST", partner.batches, body, expect=400)).json()
        assert refused["description"]
    await partner.uploaded(device)
    await partner.call("POST", partner.batches, {"BatchId": "B-1", "Devices": [device]}, expect=400)
    await partner.call("POST", f"{partner.batches}/B-7/devices", [device], expect=404)
    await partner.call("GET", f"/v1/customers/{partner.customer}/batchJobStatus/nothing", expect=404)
    await partner.call("GET", f"{partner.batches}/%00/devices", expect=404)
