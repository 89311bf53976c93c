"""powershell-intune-samples: the old samples with their ADAL token, replayed (02 section 10, C8)."""

from __future__ import annotations

import json

from clients.story import PERSON, TOOL
from clients.tenant import upn
from clients.wire import GRAPH, JSON
from taxiway.kernel import SystemEntropy
from taxiway.rehearsal.content import made_up_msi

CLIENT = "powershell-intune-samples"
DEVICES = "beta/deviceManagement/managedDevices"


def test_a_group_and_its_members_are_found(story, ledger):
    """With the property in lower case, and ``Members`` with a capital."""
    client = story.adal
    assert story.registered
    [group] = client.values("v1.0/groups?$filter=displayname eq 'Rollout devices'")
    assert [one["displayName"] for one in client.values(f"v1.0/groups?$filter=id eq '{group['id']}'")]
    members = client.values(f"v1.0/groups/{group['id']}/Members")
    assert [one["@odata.type"] for one in members] == ["#microsoft.graph.device"]
    ledger.note(CLIENT, "ADAL token, groups and `Members`", "read")


def test_managed_devices_are_listed_as_the_samples_filter_them(story, ledger):
    """Encoded filters over what has no column, keys in parentheses, hardware and apps in lower case."""
    client, managed = story.adal, story.deployed
    assert client.values(f"{DEVICES}?$filter=managementAgent eq 'mdm' and managementAgent eq 'easmdm'") == []
    pcs = "(((deviceType%20eq%20%27desktop%27)%20or%20(deviceType%20eq%20%27windowsRT%27)))"
    assert [one["id"] for one in client.values(f"{DEVICES}?$filter={pcs}")] == [managed["id"]]
    phones = "(((deviceType%20eq%20%27android%27)%20or%20(deviceType%20eq%20%27androidForWork%27)))"
    assert client.values(f"{DEVICES}?$filter={phones}") == []
    assert len(client.values(f"{DEVICES}?$filter=enrolledDateTime ge {managed['enrolledDateTime']}")) == 1
    assert client.values(f"{DEVICES}?$filter=lastSyncDateTime le 2020-01-01T00:00:00Z") == []
    lower = DEVICES.replace("managedDevices", "manageddevices")
    hardware = client.graph("GET", f"{lower}('{managed['id']}')?$select=hardwareinformation,iccid,udid").json
    assert "hardwareInformation" in hardware
    apps = client.graph("GET", f"{lower}('{managed['id']}')?$expand=detectedApps").json["detectedApps"]
    assert TOOL in [app["displayName"] for app in apps]
    overview = client.graph("GET", "v1.0/deviceManagement/managedDeviceOverview").json
    assert overview["enrolledDeviceCount"] == 1
    [device] = client.values(f"v1.0/devices?$filter=deviceId eq '{managed['azureADDeviceId']}'")
    assert [one["userPrincipalName"] for one in client.values(f"v1.0/devices/{device['id']}/registeredOwners")]
    ledger.note(CLIENT, "managed devices: lists, hardware, apps, overview", "read")


def test_the_primary_user_and_the_ownership_are_set(story, ledger):
    """The user by a ``$ref``, the owner by an object with a bare key."""
    client, managed = story.adal, story.deployed
    one = f"{DEVICES}('{managed['id']}')"
    assert [user["id"] for user in client.values(f"{DEVICES}/{managed['id']}/users")] == [story.person]
    ada = client.graph("GET", f"v1.0/users/{upn('ada')}").json["id"]
    body = json.dumps({"@odata.id": f"{GRAPH}/beta/users/{ada}"})
    client.graph("POST", f"{one}/users/$ref", body, expect=204)
    assert [device["id"] for device in client.values(f"beta/users/{ada}/managedDevices")] == [managed["id"]]
    client.graph("DELETE", f"{one}/users/$ref", expect=204)
    body = json.dumps({"@odata.id": f"{GRAPH}/beta/users/{story.person}"})
    client.graph("POST", f"{one}/users/$ref", body, expect=204)
    for owner in ("personal", "company"):
        client.graph("PATCH", one, f'\n{{\n    ownerType:"{owner}"\n}}\n\n')
        assert client.graph("GET", one).json["ownerType"] == owner
    ledger.note(CLIENT, "primary user, ownership (bare keys)", "set")


def test_configuration_and_compliance_are_added_and_assigned(story, ledger):
    """Types without ``#``, nulls; assigned to a group; how they stand is read as the reports do."""
    client, group, v1 = story.adal, story.group("Sample users"), "v1.0/deviceManagement"
    setting = {"@odata.type": "microsoft.graph.omaSettingInteger", "displayName": "Cortana", "value": 0}
    setting |= {"omaUri": "./Device/Vendor/MSFT/Policy/Config/Experience/AllowCortana", "description": None}
    configuration = {"@odata.type": "microsoft.graph.windows10CustomConfiguration", "displayName": "Sample"}
    configuration |= {"id": "", "version": 0, "description": None, "omaSettings": [setting]}
    block = {"actionType": "block", "gracePeriodHours": 0, "notificationTemplateId": ""}
    policy = {"@odata.type": "microsoft.graph.windows10CompliancePolicy", "displayName": "Sample"}
    policy |= {"scheduledActionsForRule": [{"ruleName": "PasswordRequired", "scheduledActionConfigurations": [block]}]}
    policy |= {"secureBootEnabled": True, "osMinimumVersion": None}
    target = {"target": {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": group}}
    for path, content in (("deviceConfigurations", configuration), ("deviceCompliancePolicies", policy)):
        made = client.graph("POST", f"{v1}/{path}", json.dumps(content), expect=201).json
        at = f"{v1}/{path}/{made['id']}"
        client.graph("POST", f"{at}/assign", json.dumps({"assignments": [target]}))
        assert [one["target"]["groupId"] for one in client.values(f"{at}/assignments")] == [group]
        assert client.values(f"{at}/userStatuses") == []
        assert client.graph("GET", f"{at}/deviceStatusOverview").json["successCount"] == 0
        [found] = client.values(f"{v1}/{path}?$filter=displayName eq 'Sample'")
        assert found["id"] == made["id"]
        client.graph("DELETE", at)
    state = f"{DEVICES}/{story.deployed['id']}/deviceCompliancePolicyStates"
    assert isinstance(client.values(state), list)
    ledger.note(CLIENT, "configurations and compliance policies: add, assign, statuses", "kept, assigned, read")


def test_restrictions_and_scripts_are_kept(story, ledger):
    """The limit is patched; a script is assigned by the older member, to a group by its id."""
    client, group, beta = story.adal, story.group("Script users"), "beta/deviceManagement"
    found = client.values(f"{beta}/deviceEnrollmentConfigurations")
    [limit] = [one for one in found if one["@odata.type"] == "#microsoft.graph.deviceEnrollmentLimitConfiguration"]
    body = '{"@odata.type":"#microsoft.graph.deviceEnrollmentLimitConfiguration","displayName":"%s","limit":%d}'
    at = f"{beta}/deviceEnrollmentConfigurations/{limit['id']}"
    client.graph("PATCH", at, body % (limit["displayName"], 12))
    assert client.graph("GET", at).json["limit"] == 12
    client.graph("PATCH", at, body % (limit["displayName"], limit["limit"]))
    script = {"@odata.type": "#microsoft.graph.deviceManagementScript", "displayName": "s.ps1", "description": ""}
    script |= {"runSchedule": {"@odata.type": "microsoft.graph.runSchedule"}, "scriptContent": "V3JpdGUtT3V0cHV0IDE="}
    script |= {"runAsAccount": "system", "enforceSignatureCheck": "false", "fileName": "s.ps1"}
    made = client.graph("POST", f"{beta}/deviceManagementScripts", json.dumps(script), expect=201).json
    one = {"@odata.type": "#microsoft.graph.deviceManagementScriptGroupAssignment", "targetGroupId": group, "id": "x"}
    wanted = json.dumps({"deviceManagementScriptGroupAssignments": [one]})
    at = f"{beta}/deviceManagementScripts/{made['id']}"
    client.graph("POST", f"{at}/assign", wanted)
    assert client.graph("GET", at).json["scriptContent"] == script["scriptContent"]
    client.graph("DELETE", at)
    ledger.note(CLIENT, "enrollment restrictions, scripts", "changed, assigned")


def test_an_msi_is_uploaded_and_looked_at(story, ledger):
    """The sample for line-of-business apps: blocks of one MiB, no category, assigned for everybody as available."""
    client, apps = story.adal, "beta/deviceAppManagement/mobileApps"
    body = {"@odata.type": "#microsoft.graph.windowsMobileMSI", "displayName": "Sample MSI", "fileName": "sample.msi"}
    body |= {"publisher": "Contoso", "description": "Sample", "identityVersion": "1.0.0", "informationUrl": None}
    body |= {"isFeatured": False, "productCode": "{5F0C6D1E-0000-4000-8000-2F6A3C1D9E01}", "productVersion": "1.0.0"}
    body |= {"ignoreVersionDetection": False, "notes": "", "owner": "", "developer": "", "privacyInformationUrl": None}
    made = client.graph("POST", apps, json.dumps(body), expect=201).json
    app = f"{apps}/{made['id']}"
    msi = made_up_msi(1_500_000, SystemEntropy())
    blob = ("x-ms-blob-type: BlockBlob", "Content-Type: application/x-www-form-urlencoded")
    version = story.upload(client, f"{app}/microsoft.graph.windowsMobileMSI", msi, size=1_048_576, headers=blob)
    commit = {"@odata.type": "#microsoft.graph.windowsMobileMSI", "committedContentVersion": version}
    client.graph("PATCH", app, json.dumps(commit))
    target = {"target": {"@odata.type": "#microsoft.graph.allLicensedUsersAssignmentTarget"}, "intent": "available"}
    wanted = {"mobileAppAssignments": [{"@odata.type": "#microsoft.graph.mobileAppAssignment", **target}]}
    client.graph("POST", f"{app}/assign", json.dumps(wanted))
    found = client.graph("GET", f"{app}/?$expand=categories,assignments").json
    assert (found["publishingState"], found["size"] >= 1_500_000) == ("published", True)
    assert [one["intent"] for one in found["assignments"]] == ["available"]
    assert client.values(f"{app}/userStatuses") == []
    client.graph("DELETE", app)
    ledger.note(CLIENT, "line-of-business app: upload, assignment, statuses", "published, assigned")


def test_actions_are_ordered_and_those_of_phones_refused(story, ledger):
    """POST without a body; a lock is refused in words. A sync is done when the PC has been there; then it is wiped."""
    client, managed = story.adal, story.deployed
    one = f"{DEVICES}/{managed['id']}"
    for action in ("remoteLock", "resetPasscode"):
        refused = client.graph("POST", f"{one}/{action}", expect=400).json["error"]["message"]
        assert "not supported for a Windows PC" in refused
    client.graph("POST", f"{DEVICES}('{managed['id']}')/syncDevice", expect=204)
    story.sync()
    results = client.graph("GET", one).json["deviceActionResults"]
    assert {each["actionName"]: each["actionState"] for each in results} == {"syncDevice": "done"}
    wipe = '{"keepUserData": false, "keepEnrollmentData": false}'
    by_serial = f"v1.0/deviceManagement/managedDevices?$filter=serialNumber eq '{story.pc.serial}'"
    [found] = story.connected.values(by_serial)
    path = f"v1.0/deviceManagement/managedDevices/{found['id']}/wipe"
    story.connected.graph("POST", path, wipe, *JSON, expect=204)
    assert client.graph("GET", one).json["managementState"] == "wipePending"
    assert [device["id"] for device in client.values(f"beta/users/{upn(PERSON)}/managedDevices")] == [managed["id"]]
    ledger.note(CLIENT, "actions: sync, lock, passcode", "done; 400 for what Windows does not know")
    ledger.note("WindowsAutopilotInfo, community edition", "`-Wipe`", "ordered")
