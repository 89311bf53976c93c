"""IntuneManagement: export, import and deletion of objects, replayed (02 section 10, C5)."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest

from clients.story import PAGES, PROFILES, TOOL

CLIENT = "IntuneManagement"
FULL, MINIMAL = "Accept: application/json;odata.metadata=full", "Accept: application/json;odata.metadata=minimal"
CONFIGURATIONS = "beta/deviceManagement/deviceConfigurations"
#: What an import takes off an object before it is sent.
_NOT_SENT = ("id", "createdDateTime", "lastModifiedDateTime", "version", "assignments", "supportsScopeTags")


@pytest.fixture
def client(story):
    """Its headers: a content type on everything, and when the token ends."""
    token = story.connected.headers[0]
    always = ("Content-Type: application/json; charset=utf-8", "ExpiresOn: 11/26/2026 09:00:00 +00:00")
    return story.client(token, *always, f"x-ms-client-request-id: {uuid4()}")


def exported(client, path):
    """An object as it lies in an export."""
    return client.graph("GET", f"{path}?$expand=assignments", b"", FULL).json


def sent_again(content):
    """The object without what is the server's."""
    kept = {name: value for name, value in content.items() if name not in _NOT_SENT and "@odata.c" not in name}
    return json.dumps(kept, indent=4).encode()


def test_it_finds_out_where_it_is(client, ledger):
    """The organization and the person, in capital letters."""
    [organization] = client.graph("GET", "v1.0/Organization").json["value"]
    assert organization["displayName"] == "Contoso"
    assert client.graph("GET", "beta/ME").json["userPrincipalName"] == "admin@contoso.example"
    ledger.note(CLIENT, "sign-in: `Organization`, `ME`", "read")


def test_profiles_are_exported_in_a_batch_imported_and_deleted(client, story, ledger):
    """Integer ids, a leading slash; the copy is made from what was read, and is deleted with its direct assignments."""
    assert story.registered
    listed = client.graph("GET", f"{PROFILES}?$expand=assignments&$top=100", b"", FULL).json["value"]
    requests = [
        {
            "id": number,
            "method": "GET",
            "url": f"/deviceManagement/windowsAutopilotDeploymentProfiles/{one['id']}?$expand=assignments",
            "headers": {"Accept": "application/json;odata.metadata=Full"},
        }
        for number, one in enumerate(listed, 1)
    ]
    body = json.dumps({"requests": requests}, indent=4).encode()
    answers = client.graph("POST", "beta/$batch", body).json["responses"]
    found = [one["body"] for one in sorted(answers, key=lambda one: int(one["id"])) if one["status"] < 300]
    [profile] = [one for one in found if one["displayName"] == "Rollout"]
    assert profile["@odata.type"].split(".")[2] == "azureADWindowsAutopilotDeploymentProfile"
    copied = {**profile, "displayName": "Rollout copy"}
    made = client.graph("POST", PROFILES, sent_again(copied), expect=201).json
    assert made["outOfBoxExperienceSettings"] == profile["outOfBoxExperienceSettings"]
    for assignment in profile["assignments"]:
        target = json.dumps({"target": assignment["target"]}, indent=4).encode()
        client.graph("POST", f"{PROFILES}/{made['id']}/assignments", target, expect=201)
    given = client.graph("GET", f"{PROFILES}/{made['id']}/assignments", b"", MINIMAL).json["value"]
    assert [one["target"]["groupId"] for one in given] == [story.devices]
    for assignment in given:
        if assignment["source"] == "direct":
            client.graph("DELETE", f"{PROFILES}/{made['id']}/assignments/{assignment['id']}")
    client.graph("DELETE", f"{PROFILES}/{made['id']}")
    ledger.note(CLIENT, "Autopilot profiles: batch export, import, deletion", "the copy is alike")


def test_status_pages_are_imported_in_their_order(client, ledger):
    """The built-in page is patched with all of itself; another one is posted and then put where it was."""
    pages = [
        one
        for one in client.values(f"{PAGES}?$expand=assignments")
        if one["@odata.type"] == "#microsoft.graph.windows10EnrollmentCompletionPageConfiguration"
    ]
    [default] = [one for one in pages if one["priority"] == 0]
    client.graph("PATCH", f"{PAGES}/{default['id']}", sent_again({**default, "customErrorMessage": "Call the desk."}))
    assert exported(client, f"{PAGES}/{default['id']}")["customErrorMessage"] == "Call the desk."
    client.graph("PATCH", f"{PAGES}/{default['id']}", sent_again(default))
    first = client.graph("POST", PAGES, sent_again({**default, "displayName": "First"}), expect=201).json
    second = client.graph("POST", PAGES, sent_again({**default, "displayName": "Second"}), expect=201).json
    client.graph("POST", f"{PAGES}/{second['id']}/setpriority", b'{"priority": 1}')
    order = {one["displayName"]: one["priority"] for one in client.values(PAGES) if one["priority"]}
    assert order["Second"] < order["First"]
    for one in (first, second):
        client.graph("DELETE", f"{PAGES}/{one['id']}")
    ledger.note(CLIENT, "status pages: built-in patched, others posted, `setpriority`", "kept, in order")


def test_a_configuration_goes_there_and_back_with_its_secret(client, story, ledger):
    """The plain text behind the mask is asked for, and the copy hides it again; keys stand in parentheses."""
    plain = {"@odata.type": "#microsoft.graph.omaSettingInteger", "displayName": "Cortana", "value": 0}
    plain |= {"omaUri": "./Device/Vendor/MSFT/Policy/Config/Experience/AllowCortana"}
    secret = {"@odata.type": "#microsoft.graph.omaSettingString", "displayName": "Password", "value": "s3cret-7"}
    secret |= {"omaUri": "./Device/Vendor/MSFT/Accounts/Users/kiosk/Password"}
    body = {"@odata.type": "#microsoft.graph.windows10CustomConfiguration", "displayName": "Kiosk"}
    made = client.graph("POST", CONFIGURATIONS, json.dumps({**body, "omaSettings": [plain, secret]}), expect=201).json
    content = exported(client, f"{CONFIGURATIONS}('{made['id']}')")
    for setting in content["omaSettings"]:
        if setting.get("isEncrypted"):
            asked = f"getOmaSettingPlainTextValue(secretReferenceValueId='{setting['secretReferenceValueId']}')"
            setting["value"] = client.graph("GET", f"{CONFIGURATIONS}/{made['id']}/{asked}").json["value"]
    assert [one["value"] for one in content["omaSettings"]] == [0, "s3cret-7"]
    copy = client.graph("POST", CONFIGURATIONS, sent_again({**content, "displayName": "Kiosk copy"}), expect=201).json
    assert copy["omaSettings"][1]["value"] == "****"
    wanted = {"assignments": [{"target": {"@odata.type": "#microsoft.graph.allDevicesAssignmentTarget"}}]}
    client.graph("POST", f"{CONFIGURATIONS}/{copy['id']}/assign", json.dumps(wanted))
    client.graph("POST", f"{CONFIGURATIONS}/{copy['id']}/assign", b'{"assignments": []}')
    for one in (made, copy):
        client.graph("DELETE", f"{CONFIGURATIONS}/{one['id']}")
    ledger.note(CLIENT, "custom configurations: export with `getOmaSettingPlainTextValue`, import, `assign`", "alike")


def test_apps_and_groups_are_looked_up_as_an_import_does(client, story, ledger):
    """The filter on managed apps, relations of one side, a group by its name and one that is made."""
    assert story.tool
    managed = "(microsoft.graph.managedApp/appAvailability eq null or microsoft.graph.managedApp/appAvailability eq "
    managed += "'lineOfBusiness' or isAssigned eq true)"
    found = client.values(f"beta/deviceAppManagement/mobileApps?$filter={managed}&$orderby=displayName")
    [tool] = [one for one in found if one["displayName"] == TOOL]
    at = f"beta/deviceAppManagement/mobileApps/{tool['id']}"
    whole = client.graph("GET", f"{at}?$expand=categories,assignments", b"", FULL).json
    assert whole["assignments"][0]["target"]["groupId"] == story.devices
    assert whole["assignments@odata.context"]
    child = "targetType%20eq%20microsoft.graph.mobileAppRelationshipType%27child%27"
    assert client.values(f"{at}/relationships?$filter={child}") == []
    assert client.values("beta/groups?$filter=displayName eq 'It''s nobody''s'") == []
    body = {"displayName": "It's nobody's", "mailEnabled": False, "mailNickname": "x", "securityEnabled": True}
    made = client.graph("POST", "beta/groups", json.dumps(body), expect=201).json
    [group] = client.values("beta/groups?$filter=displayName eq 'It''s nobody''s'")
    assert group["id"] == made["id"]
    ledger.note(CLIENT, "apps, relations and groups of an import", "found, made")
