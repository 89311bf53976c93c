"""AutopilotMonitor and the Terraform provider: programs that act by themselves, replayed (02 section 10, C4 and C7)."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest

from clients.story import IDENTITIES, PERSON, PROFILES, Hardware
from clients.tenant import GRAPH as GRAPH_APP
from clients.tenant import upn
from clients.wire import GRAPH, JSON, LOGIN

MONITOR, TERRAFORM = "AutopilotMonitor", "terraform-provider-microsoft365"
_ROLES = ("DeviceManagementServiceConfig.ReadWrite.All", "DeviceManagementConfiguration.Read.All")
_ROLES += ("DeviceManagementManagedDevices.Read.All",)


@pytest.fixture(scope="session")
def program(story):
    """A registered program with a secret and roles that its grant script gave it; a client with its token."""
    admin, graph = story.connected, story.world.graph
    made = graph("POST", "/v1.0/applications", {"displayName": "Monitor"})
    secret = graph("POST", f"/v1.0/applications/{made['id']}/addPassword", {})["secretText"]
    graph("POST", "/v1.0/servicePrincipals", {"appId": made["appId"]})
    [own] = admin.values(f"v1.0/servicePrincipals?$filter=appId eq '{made['appId']}'&$select=id,appId,displayName")
    [api] = admin.values(f"v1.0/servicePrincipals?$filter=appId eq '{GRAPH_APP}'&$select=id,appRoles")
    for role in [one for one in api["appRoles"] if one["value"] in _ROLES]:
        body = {"principalId": own["id"], "resourceId": api["id"], "appRoleId": role["id"]}
        admin.graph(
            "POST", f"v1.0/servicePrincipals/{own['id']}/appRoleAssignments", json.dumps(body), *JSON, expect=201
        )
    form = f"client_id={made['appId']}&scope={quote(GRAPH + '/.default', safe='')}&client_secret={quote(secret)}"
    path = f"{LOGIN}/{story.world.tenant}/oauth2/v2.0/token"
    encoded = "Content-Type: application/x-www-form-urlencoded"
    token = story.client().send("POST", path, f"{form}&grant_type=client_credentials", encoded).json["access_token"]
    return story.signed_in(token, "Accept: application/json")


def test_the_monitor_validates_a_device(story, program, ledger):
    """By serial number, then as a corporate identifier, then as associated before its first contact."""
    serial, v1 = story.registered["serialNumber"], "v1.0/deviceManagement/windowsAutopilotDeviceIdentities"
    found = program.values(f"{v1}?$top=100&$filter=contains(serialNumber,'{serial}')")
    assert [one["serialNumber"] for one in found] == [serial]
    beta = "beta/deviceManagement"
    sought = f"{beta}/importedDeviceIdentities?$top=100&$filter=contains(importedDeviceIdentifier,'{serial}')"
    assert program.values(sought) == []
    associated = f"{beta}/tenantAssociatedDevices?$top=25&$filter=contains(serialNumber,'{serial}')"
    assert program.values(f"{associated}&$orderby=preAssociationDateTime desc") == []
    assert isinstance(program.values(f"{beta}/deviceManagementScripts?$select=id,displayName,fileName&$top=50"), list)
    ledger.note(MONITOR, "grant script, app-only token, device validation", "validated")


def test_terraform_keeps_an_identity(story, program, ledger):
    """Created without a hash, given to a user, changed, read with an encoded key, deleted."""
    assert story.person
    body = {"serialNumber": "TF-0001", "manufacturer": "Contoso", "model": "Book 14", "groupTag": "TF"}
    made = program.graph("POST", IDENTITIES, json.dumps(body), *JSON, expect=201).json
    at = f"{IDENTITIES}/{made['id']}"
    user = {"userPrincipalName": upn(PERSON), "addressableUserName": "Rita"}
    program.graph("POST", f"{at}/assignUserToDevice", json.dumps(user), *JSON, expect=204)
    changed = program.graph("PATCH", at, '{"groupTag":"TF-2","displayName":"TF-PC"}', *JSON).json
    assert (changed["groupTag"], changed["userPrincipalName"]) == ("TF-2", upn(PERSON))
    assert program.graph("GET", f"{at}?%24select=id%2CgroupTag").json["groupTag"] == "TF-2"
    for action in ("allowNextEnrollment", "unassignUserFromDevice"):
        program.graph("POST", f"{at}/{action}", expect=204)
    program.graph("DELETE", at)
    program.graph("GET", at, expect=404)
    ledger.note(TERRAFORM, "`windows_autopilot_device_identity` and its actions", "created, changed, deleted")


def test_terraform_keeps_a_profile(story, program, ledger):
    """Both halves of the names are sent; assignments are made one by one and deleted one by one."""
    new = {"privacySettingsHidden": True, "eulaHidden": True, "userType": "standard", "deviceUsageType": "singleUser"}
    body = {"@odata.type": "#microsoft.graph.azureADWindowsAutopilotDeploymentProfile", "displayName": "TF profile"}
    body |= {"locale": "os-default", "deviceType": "windowsPc", "outOfBoxExperienceSetting": new, "description": ""}
    made = program.graph("POST", PROFILES, json.dumps(body), *JSON, expect=201).json
    at = f"{PROFILES}/{made['id']}"
    target = {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": story.group("TF devices")}
    program.graph("POST", f"{at}/assignments", json.dumps({"target": target}), *JSON, expect=201)
    assert program.graph("GET", f"{at}?%24expand=assignments").json["assignments"][0]["target"]["groupId"]
    program.graph("PATCH", at, '{"description":"changed"}', *JSON)
    for assignment in program.values(f"{at}/assignments"):
        program.graph("DELETE", f"{at}/assignments/{assignment['id']}")
    program.graph("DELETE", at)
    ledger.note(TERRAFORM, "`windows_autopilot_deployment_profile`", "created, changed, deleted")


def test_terraform_validates_the_apps_of_a_status_page(story, program, ledger):
    """Eight types in one filter; a device that is registered already is refused by name."""
    assert story.tool
    kinds = ("windowsAppX", "windowsMobileMSI", "windowsUniversalAppX", "officeSuiteApp", "windowsMicrosoftEdgeApp")
    kinds += ("winGetApp", "win32LobApp", "win32CatalogApp")
    wanted = quote(" or ".join(f"isof('microsoft.graph.{kind}')" for kind in kinds), safe="")
    admin = story.connected
    found = admin.values(f"beta/deviceAppManagement/mobileApps?%24filter={wanted}&%24orderby=displayname&%24top=250")
    assert story.tool["id"] in [one["id"] for one in found]
    known: Hardware = story.pc
    body = {"serialNumber": known.serial, "hardwareIdentifier": known.hash}
    refused = program.graph("POST", IDENTITIES, json.dumps(body), *JSON, expect=400).json["error"]
    assert "ZtdDeviceAlreadyAssigned" in refused["message"]
    ledger.note(TERRAFORM, "`windows_enrollment_status_page`: its filter on apps", "found")
