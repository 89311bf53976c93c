"""WindowsAutopilotInfo, community edition: its script and the cmdlets of its module, replayed (02 section 10, C1)."""

from __future__ import annotations

import json

from clients.story import IDENTITIES, IMPORTED, NEVER, PAGES, TOOL
from clients.wire import JSON

CLIENT = "WindowsAutopilotInfo, community edition"
SETTINGS = "beta/deviceManagement/windowsAutopilotSettings"


def test_online_registers_a_device_and_adds_it_to_a_group(story, ledger):
    """Import, poll of the whole list, the identity by its registration id, group member by a foreign address."""
    found = story.registered
    assert found["lastContactedDateTime"] == NEVER
    assert [one["id"] for one in story.connected.values(f"{IDENTITIES}") if one["id"] == found["id"]] == [found["id"]]
    members = story.connected.values(f"beta/groups/{story.devices}/members")
    assert [one["deviceId"] for one in members] == [found["azureActiveDirectoryDeviceId"]]
    ledger.note(CLIENT, "`-Online`, `-AddToGroup`, `-Assign`", "registered, in the group, profile assigned")


def test_updatetag_sends_an_object_with_a_bare_key(story, ledger):
    """``{ groupTag: "X" }``; then the import goes and a sync is asked for, with neither body nor Content-Type."""
    client, found = story.connected, story.register(story.hardware("tagged"))
    device = f"{IDENTITIES}/{found['id']}"
    client.graph("POST", f"{device}/UpdateDeviceProperties", '{ groupTag: "KIOSK" }', *JSON, expect=204)
    assert client.graph("GET", device).json["groupTag"] == "KIOSK"
    body = '{ userPrincipalName: "", addressableUserName: "Kiosk", displayName: "KIOSK-1", }'
    client.graph("POST", f"{device}/UpdateDeviceProperties", body, *JSON, expect=204)
    assert client.graph("GET", device).json["displayName"] == "KIOSK-1"
    client.graph("DELETE", f"{IMPORTED}/{found['import']}", expect=204)
    client.graph("POST", f"{SETTINGS}/sync", expect=204)
    assert client.graph("GET", SETTINGS).json["lastManualSyncTriggerDateTime"] != NEVER
    ledger.note(CLIENT, "`-updatetag`: bare keys, trailing comma, empty POST", "accepted")


def test_module_cmdlets_keep_profiles_by_their_old_names(story, ledger):
    """New-AutopilotProfile sends the old half; Set-AutopilotProfile sends all of it back with the old half edited."""
    client, group = story.connected, story.group("Module devices")
    at = story.new_profile("Replayed")
    current = client.graph("GET", at).json
    assert (current["outOfBoxExperienceSetting"]["userType"], current["locale"]) == ("standard", "os-default")
    del current["@odata.context"]
    current["outOfBoxExperienceSettings"]["userType"] = "administrator"
    client.graph("PATCH", at, json.dumps(current), *JSON)
    assert client.graph("GET", at).json["outOfBoxExperienceSetting"]["userType"] == "administrator"
    name = story.assign_profile(at, group)
    [assigned] = client.values(f"{at}/assignments")
    [known] = client.values(f"beta/groups?$filter=id eq '{assigned['target']['groupId']}'")
    assert known["displayName"] == "Module devices"
    assert client.values(f"{at}/assignedDevices") == []
    client.graph("DELETE", f"{at}/assignments/{name}")
    client.graph("DELETE", at)
    ledger.note(CLIENT, "profile cmdlets: old property names, assignment by a made-up id", "kept, assigned, removed")


def test_module_cmdlets_send_a_status_page_as_texts(story, ledger):
    """Add-EnrollmentStatusPage: booleans and numbers in quotes, a comma before the brace."""
    client = story.connected
    body = (
        '{\r\n    "@odata.type": "#microsoft.graph.windows10EnrollmentCompletionPageConfiguration",\r\n'
        '    "displayName": "Replayed page",\r\n    "description": "",\r\n    "showInstallationProgress": "True",\r\n'
        '    "blockDeviceSetupRetryByUser": "False",\r\n    "allowDeviceResetOnInstallFailure": "true",\r\n'
        '    "allowLogCollectionOnInstallFailure": "True",\r\n    "customErrorMessage": "Call us.",\r\n'
        '    "installProgressTimeoutInMinutes": "45",\r\n    "allowDeviceUseOnInstallFailure": "False",\r\n}'
    )
    made = client.graph("POST", PAGES, body, *JSON, expect=201).json
    found = client.graph("GET", f"{PAGES}/{made['id']}").json
    assert (found["showInstallationProgress"], found["installProgressTimeoutInMinutes"]) == (True, 45)
    assert found["blockDeviceSetupRetryByUser"] is False
    kind = "#microsoft.graph.windows10EnrollmentCompletionPageConfiguration"
    pages = [one for one in client.values(PAGES) if one["@odata.type"] == kind]
    assert [one["displayName"] for one in pages if one["priority"] == 0] == ["All users and all devices"]
    client.graph("PATCH", f"{PAGES}/{made['id']}", body.replace('"45"', '"50"').replace(",\r\n}", "\r\n}"), *JSON)
    assert client.graph("GET", f"{PAGES}/{made['id']}").json["installProgressTimeoutInMinutes"] == 50
    client.graph("DELETE", f"{PAGES}/{made['id']}")
    ledger.note(CLIENT, "status page cmdlets: texts for booleans and numbers, trailing comma", "kept, changed, removed")


def test_identifier_is_looked_for_and_imported(story, ledger):
    """Nothing is found first; after the import it is, spelled another way."""
    client, path = story.connected, "beta/deviceManagement/importedDeviceIdentities"
    one = '{"importedDeviceIdentifier": "%s", "importedDeviceIdentityType": "manufacturerModelSerial"}'
    sought = '{"importedDeviceIdentities": [' + one % "Contoso Ltd.,Book 14,R-1" + "]}"
    assert client.graph("POST", f"{path}/searchExistingIdentities", sought, *JSON).json["value"] == []
    wanted = sought.removesuffix("}") + ',"overwriteImportedDeviceIdentities": false}'
    [made] = client.graph("POST", f"{path}/importDeviceIdentityList", wanted, *JSON).json["value"]
    assert made["status"] is True
    again = sought.replace("Contoso Ltd.", "CONTOSO LTD")
    [found] = client.graph("POST", f"{path}/searchExistingIdentities", again, *JSON).json["value"]
    assert found["id"] == made["id"]
    ledger.note(CLIENT, "`-identifier`", "imported, found")


def test_a_device_is_found_by_pieces_of_its_serial_number_and_deleted_everywhere(story, ledger):
    """Get-AutopilotDevice by ``contains``; then the script deletes identity, managed device and directory device."""
    client, found = story.connected, story.register(story.hardware("leaving"))
    serial = found["serialNumber"]
    listed = client.values(f"{IDENTITIES}?$filter=contains(serialNumber,'{serial[2:]}')")
    assert [one["id"] for one in listed] == [found["id"]]
    client.graph("DELETE", f"{IDENTITIES}/{found['id']}")
    assert client.values(f"beta/deviceManagement/managedDevices?$filter=startsWith(serialNumber, '{serial}')") == []
    assert client.values(f"beta/devices?$filter=deviceID eq '{found['azureActiveDirectoryDeviceId']}'") == []
    client.graph("GET", f"{IDENTITIES}/{found['id']}", expect=404)
    client.graph("DELETE", f"{IDENTITIES}/{found['id']}", expect=404)
    ledger.note(CLIENT, "`Get-AutopilotDevice`, `Remove-AutopilotDevice`", "found, removed; 404 the second time")


def test_the_diagnostics_script_reads_what_was_deployed(story, ledger):
    """Apps, catalogue policies and scripts, page by page, and the events of the deployment."""
    client, managed = story.connected, story.deployed
    assert TOOL in [app["displayName"] for app in client.values("beta/deviceAppManagement/mobileApps")]
    for path in ("configurationPolicies", "deviceManagementScripts"):
        client.values(f"beta/deviceManagement/{path}")
    events = client.values("beta/deviceManagement/autopilotEvents")
    mine = next(one for one in events if one["deviceSerialNumber"] == story.pc.serial)
    assert (mine["deviceId"], mine["deploymentState"]) == (managed["id"], "success")
    [organization] = client.values("v1.0/organization")
    assert [one["name"] for one in organization["verifiedDomains"] if one["isDefault"]] == ["contoso.example"]
    assert client.graph("GET", f"{IDENTITIES}/{story.registered['id']}").json["enrollmentState"] == "enrolled"
    ledger.note(CLIENT, "`Get-AutopilotEvent`, diagnostics script, offline profile", "read")
