"""The checklist of the eight steps, and both questions over HTTP (01 section 1.1)."""

from uuid import UUID

import httpx
import pytest

from support.graph_client import Graph, mint, person
from taxiway import autopilot, directory, enrollment, management
from taxiway.directory import SYSTEM_PRINCIPAL, Target
from taxiway.doors import Door
from taxiway.insight import checklist, http
from taxiway.wire.hardware_hash import HardwareHash

RULE = '(device.devicePhysicalIDs -any (_ -startsWith "[ZTDid]"))'


@pytest.fixture
async def client(rt):
    door = Door(http.routes(rt), rt.entropy)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(door), base_url="https://localhost:8443") as made:
        yield made


async def set_up(rt, tenant):
    """Steps 1 to 6 for one device; its Autopilot id."""
    by = SYSTEM_PRINCIPAL
    hashed = HardwareHash(serial="SN-1", manufacturer="Contoso", product="Falcon", smbios_uuid=UUID(int=1))
    rows = [autopilot.ImportRow(serial_number="SN-1", hardware_identifier=hashed.encode_base64())]
    [imported] = await autopilot.import_devices(rt, tenant, rows, principal=by, correlation="an-import")

    def write(tx):
        directory.update_mdm_policy(tx, by, {"applies_to": "all"})
        group = directory.create_group(tx, principal=by, display_name="Autopilot", kind="dynamic_device", rule=RULE)
        here = [Target("group", group["id"])]
        esp = enrollment.create_configuration(tx, enrollment.ESP, {"display_name": "Pilot"}, principal=by)
        enrollment.assign_configuration(tx, esp["id"], here, principal=by)
        profile = autopilot.create_profile(tx, {"display_name": "Standard"}, principal=by)
        autopilot.assign_profile(tx, profile["id"], here, principal=by)

    await rt.store.write(tenant, write)
    return imported["state"]["deviceRegistrationId"]


async def test_a_fresh_tenant_misses_nearly_everything(rt, tenant):
    """Joining is allowed from the start; all other steps say what is missing."""
    steps = await rt.store.read(tenant, checklist)
    assert [step.number for step in steps] == list(range(1, 9))
    assert [step.number for step in steps if step.done] == [2]
    assert all(step.missing for step in steps if not step.done and step.number not in (7, 8))


async def test_a_tenant_that_is_set_up_waits_for_people_and_devices(rt, tenant):
    """Steps 1 to 6 done; 7 and 8 name the device."""
    await set_up(rt, tenant)
    steps = await rt.store.read(tenant, checklist)
    assert [step.number for step in steps if not step.done] == [7, 8]
    assert steps[6].missing == ["SN-1 has no assigned user."]
    assert steps[7].missing == ["SN-1 has not enrolled."]


async def test_r012_an_assigned_user_outside_the_scope_or_without_licence_is_named(rt, tenant):
    """For whom a step is not done: the assigned user who could not enroll."""
    ztdid = await set_up(rt, tenant)
    await person(rt, tenant, "ada")

    def write(tx):
        autopilot.DEVICES.update(tx, ztdid, {"user_principal_name": "ada@contoso.example"})
        directory.update_mdm_policy(tx, SYSTEM_PRINCIPAL, {"applies_to": "selected", "group_ids": []})

    await rt.store.write(tenant, write)
    first = (await rt.store.read(tenant, checklist))[0]
    assert not first.done
    assert any("ada@contoso.example is outside" in line for line in first.missing)
    assert any("ada@contoso.example has no licence" in line for line in first.missing)


async def test_both_are_asked_over_http(rt, tenant, client):
    """Administrators read them; others, strangers and unknown devices get their refusal."""
    await set_up(rt, tenant)
    admin = await person(rt, tenant, "root", directory.GLOBAL_ADMINISTRATOR)
    signed_in = Graph(rt, client, await mint(rt, tenant, admin["id"]))
    assert [step["number"] for step in await signed_in.values("/taxiway/checklist")] == list(range(1, 9))
    assert (await signed_in.get("/taxiway/timeline/SN-1"))["entries"] == []
    await signed_in.get("/taxiway/timeline/SN-9", expect=404)
    await signed_in.get("/taxiway/timeline/%00", expect=404)
    eve = await person(rt, tenant, "eve")
    await Graph(rt, client, await mint(rt, tenant, eve["id"])).get("/taxiway/checklist", expect=403)
    await Graph(rt, client).get("/taxiway/checklist", expect=401)


async def test_p13_the_checklist_notes_what_a_configuration_does_to_the_deployment(rt, tenant):
    """A setting that restarts the PC in device setup is a note on the page's step, with the configuration's name."""
    await set_up(rt, tenant)
    uri = "./Device/Vendor/MSFT/Policy/Config/DeviceLock/MinDevicePasswordLength"
    setting = {"@odata.type": "#microsoft.graph.omaSettingInteger", "displayName": "s", "omaUri": uri, "value": 8}
    values = {"display_name": "Long PIN", "oma_settings": [setting]}

    def make(tx):
        row = management.create_configuration(tx, "windows10CustomConfiguration", values, principal=SYSTEM_PRINCIPAL)
        management.assign_configuration(tx, row["id"], [Target("all_devices")], principal=SYSTEM_PRINCIPAL)

    await rt.store.write(tenant, make)
    steps = await rt.store.read(tenant, checklist)
    assert [len(step.notes) for step in steps] == [0, 0, 0, 0, 2, 0, 0, 0]
    assert steps[4].notes[0].startswith(f"'Long PIN': {uri} is assigned to devices")


async def test_p21_p22_the_checklist_notes_what_waits_for_an_administrator(rt, tenant):
    """A replaced board that needs approval, and a device that another tenant claims, with the commands that help."""
    ztdid = await set_up(rt, tenant)
    other = rt.entropy.uuid()
    await rt.store.write(
        other, lambda tx: directory.create_tenant(tx, display_name="Fabrikam", domain="fabrikam.example")
    )
    hashed = HardwareHash(serial="SN-1", manufacturer="Contoso", product="Falcon", smbios_uuid=UUID(int=1))
    row = autopilot.ImportRow(serial_number="SN-1", hardware_identifier=hashed.encode_base64())
    await autopilot.claim_device(rt, other, row, principal=SYSTEM_PRINCIPAL, correlation="")
    attention = {"remediation_state": "manualRemediationRequired"}
    await rt.store.write(tenant, lambda tx: autopilot.DEVICES.update(tx, ztdid, attention))
    notes = (await rt.store.read(tenant, checklist))[2].notes
    assert [("rebind SN-1" in note, "fabrikam.example claims SN-1" in note) for note in notes] == [
        (True, False),
        (False, True),
    ]
