"""Autopilot over Graph: import, devices, profiles, users, sync (02 section 3)."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from support.graph_client import Graph, mint, person
from taxiway import autopilot, directory
from taxiway.wire.hardware_hash import HardwareHash

IMPORTED = "/beta/deviceManagement/importedWindowsAutopilotDeviceIdentities"
DEVICES = "/beta/deviceManagement/windowsAutopilotDeviceIdentities"
PROFILES = "/beta/deviceManagement/windowsAutopilotDeploymentProfiles"
SETTINGS = "/beta/deviceManagement/windowsAutopilotSettings"
PROFILE = {
    "@odata.type": "#microsoft.graph.azureADWindowsAutopilotDeploymentProfile",
    "displayName": "Standard",
    "deviceNameTemplate": "CON-%RAND:6%",
    "locale": "en-US",
    "outOfBoxExperienceSetting": {"eulaHidden": True, "userType": "standard"},
}


def row(serial, number=1, **more):
    hashed = HardwareHash(
        serial=serial,
        manufacturer="Contoso",
        product="Falcon",
        smbios_uuid=UUID(int=number),
        tpm_ek=bytes([number]) * 256,
    )
    return {"serialNumber": serial, "hardwareIdentifier": hashed.encode_base64(), **more}


async def registered(graph, serial="SN-1", number=1, **more):
    """Import one device; its Autopilot id."""
    made = await graph.post(IMPORTED, row(serial, number, **more))
    found = await graph.get(f"{IMPORTED}/{made['id']}?$select=id,state")
    assert found["state"]["deviceImportStatus"] == "complete", found
    return found["state"]["deviceRegistrationId"]


async def group_of_autopilot_devices(graph):
    body = {
        "displayName": "Autopilot devices",
        "mailEnabled": False,
        "mailNickname": "autopilot",
        "securityEnabled": True,
        "groupTypes": ["DynamicMembership"],
        "membershipRule": '(device.devicePhysicalIDs -any (_ -startsWith "[ZTDid]"))',
        "membershipRuleProcessingState": "On",
    }
    return (await graph.post("/v1.0/groups", body))["id"]


def target(group_id):
    return {"target": {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": group_id}}


async def test_import_answers_for_each_row(graph):
    """Every good row becomes a device; a bad one has its code and name; the second time is 806."""
    rows = [row("SN-1", 1, groupTag="KIOSK"), row("SN-2", 2), {"serialNumber": "SN-3", "hardwareIdentifier": "AAAA"}]
    answer = await graph.post(f"{IMPORTED}/import", {"importedWindowsAutopilotDeviceIdentities": rows}, expect=200)
    assert answer["@odata.context"].endswith("#Collection(microsoft.graph.importedWindowsAutopilotDeviceIdentity)")
    states = [item["state"] for item in await graph.values(IMPORTED)]
    assert sorted(state["deviceImportStatus"] for state in states) == ["complete", "complete", "error"]
    [device] = await graph.values(f"{DEVICES}/?$filter=contains(serialNumber,'SN-1')")
    assert device["groupTag"] == "KIOSK"
    assert device["manufacturer"] == "Contoso"
    assert device["lastContactedDateTime"] == "0001-01-01T00:00:00Z"
    assert device["managedDeviceId"] == "00000000-0000-0000-0000-000000000000"
    assert device["deploymentProfileAssignmentStatus"] == "notAssigned"
    [entra] = await graph.values(f"/v1.0/devices?$filter=deviceId eq '{device['azureActiveDirectoryDeviceId']}'")
    assert f"[ZTDID]:{device['id']}" in entra["physicalIds"]
    assert "[OrderID]:KIOSK" in entra["physicalIds"]
    again = (await graph.post(IMPORTED, row("SN-1", 1)))["state"]
    assert (again["deviceErrorCode"], again["deviceErrorName"]) == (806, "ZtdDeviceAlreadyAssigned")
    await graph.post(f"{IMPORTED}/import", {"importedWindowsAutopilotDeviceIdentities": "x"}, expect=400)


async def test_v1_shows_less_than_beta(graph):
    """The profile status is beta's alone; the profiles' collection does not exist in v1.0."""
    ztdid = await registered(graph)
    shown = await graph.get(f"/v1.0/deviceManagement/windowsAutopilotDeviceIdentities/{ztdid}")
    assert "deploymentProfileAssignmentStatus" not in shown
    assert "serialNumber" in shown
    await graph.get(PROFILES.replace("beta", "v1.0"), expect=404)


async def test_a_profile_reaches_the_group_and_its_devices(graph):
    """Create, assign, see the status and the profile behind the device; unassign, delete."""
    ztdid = await registered(graph)
    group = await group_of_autopilot_devices(graph)
    profile = await graph.post(PROFILES, PROFILE)
    assert profile["outOfBoxExperienceSettings"]["hideEULA"] is True
    assert profile["language"] == "en-US"
    made = await graph.post(f"{PROFILES}/{profile['id']}/assignments", target(group))
    assert made["id"] == f"{profile['id']}_{group}_0"
    device = await graph.get(f"{DEVICES}/{ztdid}?$expand=deploymentProfile,intendedDeploymentProfile")
    assert device["deploymentProfileAssignmentStatus"].startswith("assigned")
    assert device["deploymentProfile"]["displayName"] == "Standard"
    assert "deploymentProfile@odata.context" in device
    assert [one["id"] for one in await graph.values(f"{PROFILES}/{profile['id']}/assignedDevices")] == [ztdid]
    [expanded] = await graph.values(f"{PROFILES}?$expand=assignments")
    assert expanded["assignments"][0]["target"]["groupId"] == group
    assert expanded["assignments@odata.context"].endswith(f"('{profile['id']}')/assignments")
    patched = (await graph.call("PATCH", f"{PROFILES}/{profile['id']}", {"description": "x", "id": "y"})).json()
    assert (patched["id"], patched["description"]) == (profile["id"], "x")
    await graph.call("DELETE", f"{PROFILES}/{profile['id']}", expect=400)
    await graph.call("DELETE", f"{PROFILES}/{profile['id']}/assignments/{made['id']}")
    await graph.call("DELETE", f"{PROFILES}/{profile['id']}")
    await graph.get(f"{PROFILES}/{profile['id']}", expect=404)


async def test_a_batch_finds_the_assignments_of_each_profile(graph):
    """The context of a batch answer names the object, by which clients match it."""
    profile = await graph.post(PROFILES, PROFILE)
    url = f"deviceManagement/windowsAutopilotDeploymentProfiles/{profile['id']}/assignments"
    answer = await graph.post("/beta/$batch", {"requests": [{"id": 1, "method": "GET", "url": url}]}, expect=200)
    assert profile["id"] in answer["responses"][0]["body"]["@odata.context"]


@pytest.mark.parametrize("action", ["updateDeviceProperties", "UpdateDeviceProperties"])
async def test_properties_change_alone(graph, action):
    """A bare key and any case of the action are taken; what was not sent stays."""
    ztdid = await registered(graph, groupTag="A")
    await graph.call("POST", f"{DEVICES}/{ztdid}/{action}", raw=b'{ displayName: "CON-1" }', expect=204)
    device = await graph.get(f"{DEVICES}/{ztdid}")
    assert (device["displayName"], device["groupTag"]) == ("CON-1", "A")


async def test_a_user_is_assigned_and_unassigned(graph):
    """Step 7, with the greeting name."""
    user = {
        "accountEnabled": True,
        "displayName": "Ada",
        "mailNickname": "ada",
        "userPrincipalName": "ada@contoso.example",
        "usageLocation": "US",
        "passwordProfile": {"password": "Tw-made-up-7a"},
    }
    made = await graph.post("/v1.0/users", user)
    sku = (await graph.values("/v1.0/subscribedSkus"))[0]["skuId"]
    licence = {"addLicenses": [{"skuId": sku}], "removeLicenses": []}
    await graph.post(f"/v1.0/users/{made['id']}/assignLicense", licence, expect=200)
    ztdid = await registered(graph)
    body = {"userPrincipalName": "ada@contoso.example", "addressableUserName": "Ada"}
    await graph.post(f"{DEVICES}/{ztdid}/assignUserToDevice", body, expect=204)
    device = await graph.get(f"{DEVICES}/{ztdid}")
    assert (device["userPrincipalName"], device["addressableUserName"]) == ("ada@contoso.example", "Ada")
    await graph.call("POST", f"{DEVICES}/{ztdid}/unassignUserFromDevice", expect=204)
    assert (await graph.get(f"{DEVICES}/{ztdid}"))["userPrincipalName"] == ""
    await graph.post(f"{DEVICES}/nothing/assignUserToDevice", body, expect=404)


async def test_a_deleted_device_is_gone_with_its_marks(graph):
    """200 as the real service answers; the second time 404."""
    ztdid = await registered(graph)
    await graph.call("DELETE", f"{DEVICES}/{ztdid}", expect=200)
    await graph.call("DELETE", f"{DEVICES}/{ztdid}", expect=404)
    assert await graph.values("/v1.0/devices?$filter=physicalIds/any(p:startswith(p,'[ZTDID]'))") == []


async def test_r036_a_sync_is_possible_every_ten_minutes(graph, clock):
    """204, then 429 with the seconds to wait, then again (R-36)."""
    assert (await graph.get(SETTINGS))["syncStatus"] == "unknown"
    await graph.call("POST", f"{SETTINGS}/sync", expect=204)
    refused = await graph.call("POST", f"{SETTINGS}/sync", expect=429)
    assert int(refused.headers["retry-after"]) <= 601
    clock.advance(601)
    await graph.call("POST", f"{SETTINGS}/sync", expect=204)
    assert (await graph.get(SETTINGS))["syncStatus"] == "completed"


async def test_p24_priorities_over_graph(graph):
    """The switch stands with the settings, each profile shows its place, and can be moved."""
    settings = "/beta/deviceManagement/windowsAutopilotSettings"
    profiles = "/beta/deviceManagement/windowsAutopilotDeploymentProfiles"
    kind = "#microsoft.graph.azureADWindowsAutopilotDeploymentProfile"
    made = [(await graph.post(profiles, {"@odata.type": kind, "displayName": name}))["id"] for name in "AB"]
    assert (await graph.get(settings))["@taxiway.explicitPriority"] is False
    assert "@taxiway.priority" not in await graph.get(f"{profiles}/{made[1]}")
    await graph.call("POST", f"{profiles}/{made[1]}/taxiwaySetPriority", {"priority": 1}, expect=400)
    await graph.call("PATCH", settings, {"@taxiway.explicitPriority": "x"}, expect=400)
    changed = (await graph.call("PATCH", settings, {"@taxiway.explicitPriority": True})).json()
    assert changed["@taxiway.explicitPriority"] is True
    await graph.call("POST", f"{profiles}/{made[1]}/taxiwaySetPriority", {"priority": 1}, expect=204)
    shown = {item["displayName"]: item["@taxiway.priority"] for item in await graph.values(profiles)}
    assert shown == {"A": 2, "B": 1}


async def test_p26_the_offline_file_over_graph(graph):
    """Our own address below a profile; a profile of another mode has none, and says so."""
    profiles = "/beta/deviceManagement/windowsAutopilotDeploymentProfiles"
    kind = "#microsoft.graph.azureADWindowsAutopilotDeploymentProfile"
    made = (await graph.post(profiles, {"@odata.type": kind, "displayName": "A"}))["id"]
    assert (await graph.get(f"{profiles}/{made}/taxiwayOfflineFile"))["ZtdCorrelationId"] == made
    hybrid = "#microsoft.graph.activeDirectoryWindowsAutopilotDeploymentProfile"
    other = (await graph.post(profiles, {"@odata.type": hybrid, "displayName": "B"}))["id"]
    refused = await graph.call("GET", f"{profiles}/{other}/taxiwayOfflineFile", expect=400)
    assert "hybrid join" in refused.text
    await graph.call("GET", f"{profiles}/nothing/taxiwayOfflineFile", expect=404)


async def test_p20_a_device_is_removed_from_the_tenant_in_one_call(graph, rt, tenant, client):
    """What goes is listed first; the token has to carry the permission for each documented step."""
    ztdid = await registered(graph)
    planned = await graph.get(f"{DEVICES}/{ztdid}/taxiwayRemoval")
    assert [step["what"] for step in planned["goes"]] == ["Autopilot registration", "device object"]
    admin = await person(rt, tenant, "intune", directory.INTUNE_ADMINISTRATOR)
    narrow = Graph(rt, client, await mint(rt, tenant, admin["id"], "DeviceManagementServiceConfig.ReadWrite.All"))
    await narrow.call("POST", f"{DEVICES}/{ztdid}/taxiwayRemove", expect=403)
    await graph.post(f"{DEVICES}/{ztdid}/taxiwayRemove", expect=200)
    await graph.get(f"{DEVICES}/{ztdid}/taxiwayRemoval", expect=404)
    assert await graph.values("/v1.0/devices") == []


async def test_r036_p03_nothing_waits_for_a_sync(graph):
    """With the sync used up: an import, a new tag and a deletion are in the list with the next request."""
    await graph.call("POST", f"{SETTINGS}/sync", expect=204)
    ztdid = await registered(graph, "SN-7", groupTag="A")
    assert [one["serialNumber"] for one in await graph.values(DEVICES)] == ["SN-7"]
    body = {"groupTag": "B"}
    await graph.call("POST", f"{DEVICES}/{ztdid}/updateDeviceProperties", body, expect=204)
    assert [one["groupTag"] for one in await graph.values(DEVICES)] == ["B"]
    [entra] = await graph.values("/v1.0/devices")
    assert "[OrderID]:B" in entra["physicalIds"]
    await graph.call("DELETE", f"{DEVICES}/{ztdid}")
    assert await graph.values(DEVICES) == []


_COLUMNS = {
    prop.graph_name: prop
    for name, prop in autopilot.DEVICES.entity.props.items()
    if prop.filterable and name not in autopilot.DEVICE_INTERNAL
}


async def test_r037_the_list_is_searched_and_filtered_by_every_column(graph, rt, tenant):
    """Search by serial number; each filterable column finds the one of two devices that has the value (R-37)."""
    found, other = await registered(graph, "SN-AAA", 1), await registered(graph, "SN-BBB", 2)
    moments = [datetime(2026, 3, 1 + number, tzinfo=UTC) for number in range(20)]
    values = {
        prop.name: moments.pop() if prop.kind == "datetime" else f"value of {prop.name}" for prop in _COLUMNS.values()
    }
    await rt.store.write(tenant, lambda tx: autopilot.DEVICES.update(tx, found, values))
    assert {one["id"] for one in await graph.values(DEVICES)} == {found, other}
    assert len(_COLUMNS) >= 14
    for name, prop in _COLUMNS.items():
        value = values[prop.name]
        literal = value.strftime("%Y-%m-%dT%H:%M:%SZ") if prop.kind == "datetime" else f"'{value}'"
        listed = await graph.values(f"{DEVICES}?$filter={name} eq {literal}")
        assert [one["id"] for one in listed] == [found], name
    assert [one["id"] for one in await graph.values(f"{DEVICES}?$search=SN-BB")] == [other]


async def test_p19_registered_and_enrolled_are_dates_of_their_own(graph, rt, tenant, clock):
    """The time of the registration stays what it was when the device enrolls later; before that there is no other."""
    ztdid = await registered(graph)
    shown = await graph.get(f"{DEVICES}/{ztdid}")
    registered_at = shown["@taxiway.registeredDateTime"]
    assert shown["@taxiway.enrolledDateTime"] is None
    clock.advance(3600)
    await rt.store.write(tenant, lambda tx: autopilot.mark_enrolled(tx, ztdid, "m-1", "u-1"))
    shown = await graph.get(f"{DEVICES}/{ztdid}")
    assert shown["@taxiway.registeredDateTime"] == registered_at
    assert shown["@taxiway.enrolledDateTime"] > registered_at
    listed = await graph.values(f"{DEVICES}?$filter=@taxiway.enrolledDateTime gt {registered_at}")
    assert [one["id"] for one in listed] == [ztdid]


async def test_p05_an_import_warns_of_a_user_who_cannot_sign_in(graph):
    """Unknown or without a licence: complete as in the original, with a finding that says what will happen."""
    user = {
        "accountEnabled": True,
        "displayName": "Bob",
        "mailNickname": "bob",
        "userPrincipalName": "bob@contoso.example",
        "usageLocation": "US",
        "passwordProfile": {"password": "Tw-made-up-7a"},
    }
    await graph.post("/v1.0/users", user)
    rows = [
        row("SN-1", 1, assignedUserPrincipalName="nobody@contoso.example"),
        row("SN-2", 2, assignedUserPrincipalName="bob@contoso.example"),
        row("SN-3", 3),
    ]
    body = {"importedWindowsAutopilotDeviceIdentities": rows}
    made = (await graph.post(f"{IMPORTED}/import", body, expect=200))["value"]
    assert {one["state"]["deviceImportStatus"] for one in made} == {"complete"}
    assert [[finding["code"] for finding in one["@taxiway.findings"]] for one in made] == [
        ["assigned_user.unknown"],
        ["assigned_user.unlicensed"],
        [],
    ]
    ztdid = made[0]["state"]["deviceRegistrationId"]
    await graph.call("POST", f"{DEVICES}/{ztdid}/unassignUserFromDevice", expect=204)
    assert (await graph.get(f"{DEVICES}/{ztdid}"))["userPrincipalName"] == ""


CLAIMS = "/beta/deviceManagement/taxiwayDeviceClaims"


async def test_p21_a_device_is_claimed_and_handed_over(graph, rt, client):
    """Each tenant sees its own side of the claim, and answers by the addresses of its own."""
    other = rt.entropy.uuid()
    await rt.store.write(
        other, lambda tx: directory.create_tenant(tx, display_name="Fabrikam", domain="fabrikam.example")
    )
    admin = await person(rt, other, "root", directory.GLOBAL_ADMINISTRATOR)
    theirs = Graph(rt, client, await mint(rt, other, admin["id"]))
    await registered(graph)
    await theirs.post(CLAIMS, {"serialNumber": "SN-1"}, expect=400)
    made = await theirs.post(CLAIMS, row("SN-1", 1))
    assert (made["direction"], made["state"], made["serialNumber"]) == ("made", "waiting", "SN-1")
    [received] = await graph.values(f"{CLAIMS}?$filter=state eq 'waiting'")
    assert (received["direction"], received["domain"]) == ("received", "fabrikam.example")
    assert "row" not in received
    await theirs.call("POST", f"{CLAIMS}/{received['id']}/consent", expect=400)
    await graph.call("POST", f"{CLAIMS}/nothing/consent", expect=404)
    answered = await graph.post(f"{CLAIMS}/{received['id']}/consent", expect=200)
    assert answered["state"] == "done"
    assert await graph.values(DEVICES) == []
    assert [one["serialNumber"] for one in await theirs.values(DEVICES)] == ["SN-1"]
    await graph.call("POST", f"{CLAIMS}/{received['id']}/refuse", expect=400)
