"""Enrollment configurations, apps and their content, configurations, compliance (02 sections 4, 8 and 9)."""

import base64
import hashlib

from taxiway.graph.settings import GraphSettings
from taxiway.wire.app_content import encrypt_content

ESP = "/beta/deviceManagement/deviceEnrollmentConfigurations"
APPS = "/beta/deviceAppManagement/mobileApps"
CONFIGURATIONS = "/beta/deviceManagement/deviceConfigurations"
POLICIES = "/beta/deviceManagement/deviceCompliancePolicies"
MSI = "microsoft.graph.windowsMobileMSI"
ESP_BODY = {
    "@odata.type": "#microsoft.graph.windows10EnrollmentCompletionPageConfiguration",
    "displayName": "Pilot",
    "showInstallationProgress": "True",
    "installProgressTimeoutInMinutes": "60",
    "selectedMobileAppIds": None,
}
APP = {
    "@odata.type": f"#{MSI}",
    "displayName": "Contoso VPN",
    "publisher": "Contoso",
    "fileName": "vpn.msi",
    "productCode": "{01234567-89AB-CDEF-0123-456789ABCDEF}",
    "productVersion": "1.0.0",
    "useDeviceContext": True,
}
COMPLIANCE = {
    "@odata.type": "#microsoft.graph.windows10CompliancePolicy",
    "displayName": "Encrypted",
    "storageRequireEncryption": True,
    "scheduledActionsForRule": [
        {
            "ruleName": "PasswordRequired",
            "scheduledActionConfigurations": [{"actionType": "block", "gracePeriodHours": 6}],
        }
    ],
}
OMA = {
    "@odata.type": "#microsoft.graph.windows10CustomConfiguration",
    "displayName": "No Cortana",
    "omaSettings": [
        {
            "@odata.type": "#microsoft.graph.omaSettingInteger",
            "displayName": "Cortana",
            "omaUri": "./Device/Vendor/MSFT/Policy/Config/Experience/AllowCortana",
            "value": 0,
        }
    ],
}


async def a_group(graph):
    body = {"displayName": "G", "mailEnabled": False, "mailNickname": "g", "securityEnabled": True}
    return (await graph.post("/v1.0/groups", body))["id"]


def target(group_id, **more):
    return {"target": {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": group_id}, **more}


async def test_the_built_in_configurations_are_there(graph, tenant):
    """Four of them, by the name that clients filter on; they can be changed, not deleted or assigned."""
    found = await graph.values(ESP)
    assert len([one for one in found if one["displayName"] == "All users and all devices"]) == 4
    default = f"{tenant}_DefaultWindows10EnrollmentCompletionPageConfiguration"
    assert (await graph.get(f"{ESP}/{default}"))["createdDateTime"] == "0001-01-01T00:00:00Z"
    await graph.call("DELETE", f"{ESP}/{default}", expect=400)


async def test_an_esp_profile_is_made_assigned_and_ordered(graph):
    """String booleans and numbers are taken; v1.0 shows one property of it; assign and setPriority answer 200."""
    made = await graph.post(ESP, ESP_BODY)
    assert made["id"].endswith("_Windows10EnrollmentCompletionPageConfiguration")
    assert made["showInstallationProgress"] is True
    assert made["installProgressTimeoutInMinutes"] == 60
    assert "limit" not in made
    group = await a_group(graph)
    body = {"enrollmentConfigurationAssignments": [target(group)]}
    answer = await graph.call("POST", f"{ESP}/{made['id']}/assign", body, expect=200)
    assert answer.content == b""
    shown = await graph.get(f"{ESP}/{made['id']}?$expand=assignments")
    assert shown["@odata.context"].endswith("deviceEnrollmentConfigurations(assignments())/$entity")
    assert shown["assignments"][0]["target"]["deviceAndAppManagementAssignmentFilterType"] == "none"
    await graph.post(f"{ESP}/{made['id']}/setpriority", {"priority": 1}, expect=200)
    old = await graph.get(f"{ESP.replace('beta', 'v1.0')}/{made['id']}")
    assert "allowNonBlockingAppInstallation" in old
    assert "showInstallationProgress" not in old
    kind = "windows10EnrollmentCompletionPageConfiguration"
    assert len(await graph.values(f"{ESP}?$filter=deviceEnrollmentConfigurationType eq '{kind}'")) == 1
    assert len(await graph.values(f"{ESP}?$filter=isof('microsoft.graph.{kind}')")) == 2
    await graph.call("PATCH", f"{ESP}/{made['id']}", {"installProgressTimeoutInMinutes": 9999}, expect=400)
    await graph.call("DELETE", f"{ESP}/{made['id']}", expect=200)


async def test_an_object_of_another_type_is_kept_in_its_collection(graph):
    """Shown again unchanged, found by its type, assigned and changed; a name that cannot be a type is a named 501."""
    for path, name, member in (
        (APPS, "macOSLobApp", "mobileAppAssignments"),
        (CONFIGURATIONS, "iosGeneralDeviceConfiguration", "assignments"),
        (POLICIES, "iosCompliancePolicy", "assignments"),
        (ESP, "windowsRestoreDeviceEnrollmentConfiguration", "enrollmentConfigurationAssignments"),
    ):
        await _kept(graph, path, name, member)
        error = await graph.post(path, {"@odata.type": "#microsoft.graph.no-type", "displayName": "x"}, expect=501)
        assert "no-type" in error["error"]["message"]


async def test_what_is_no_type_of_an_enrollment_configuration_is_refused(graph):
    """Neither the name of a kind nor one too long for an id: a 501 that names it."""
    for name in ("limit", "defaultLimit", "windowsHelloForBusiness", "x" * 70):
        await graph.post(ESP, {"@odata.type": f"#microsoft.graph.{name}", "displayName": "x"}, expect=501)
    made = await graph.post(ESP, {"@odata.type": f"#microsoft.graph.{'x' * 60}", "displayName": "x"})
    assert len(made["id"]) <= 100


async def _kept(graph, path, name, member):
    sent = {
        "@odata.type": f"#microsoft.graph.{name}",
        "displayName": "Phones",
        "description": "kept",
        "passwordRequired": {"not": "of the type that Windows has"},
        "limit": "x",
        "size": None,
        "apps": [{"name": "a", "nested": {"b": 1.5}}],
    }
    ours = {"createdDateTime": "2020-01-01T00:00:00Z", "version": 7} | ({"isAssigned": True} if path == APPS else {})
    made = await graph.post(path, {**sent, **ours})
    at = f"{path}/{made['id']}"
    shown = await graph.get(at)
    assert {key: shown[key] for key in sent} == sent
    assert not {name: value for name, value in ours.items() if shown.get(name) == value}
    [listed] = await graph.values(f"{path}?$filter=isof('microsoft.graph.{name}')")
    assert listed["apps"] == sent["apps"]
    await graph.post(f"{at}/assign", {member: [target(await a_group(graph))]}, expect=200)
    assert len((await graph.get(f"{at}?$expand=assignments"))["assignments"]) == 1
    code = 204 if member == "assignments" else 200
    await graph.call("PATCH", at, {"Limit": "y", "displayName": "Tablets"}, expect=code)
    changed = await graph.get(at)
    assert (changed["limit"], changed["displayName"], changed["apps"]) == ("y", "Tablets", sent["apps"])
    await graph.call("DELETE", at, expect=200)


async def test_a_configuration_that_is_kept_says_so(graph):
    """``@taxiway.findings`` names the type that nothing acts on."""
    kept = await graph.post(
        CONFIGURATIONS, {"@odata.type": "#microsoft.graph.sharedPCConfiguration", "displayName": "Kiosk"}
    )
    [finding] = kept["@taxiway.findings"]
    assert (finding["code"], "sharedPCConfiguration" in finding["text"]) == ("notActedOn", True)


async def test_managed_apps_of_telephones_are_told_from_all_others(graph):
    """``managedApp/appAvailability`` is null for apps that have no such property."""
    for name in ("managedIOSStoreApp", "webApp", "managedAndroidLobApp"):
        await graph.post(APPS, {"@odata.type": f"#microsoft.graph.{name}", "displayName": name})
    at = "(microsoft.graph.managedApp/appAvailability)"
    query = f"$filter={at} eq null or {at} eq 'lineOfBusiness' or isAssigned eq true"
    assert {one["displayName"] for one in await graph.values(f"{APPS}?{query}")} == {"webApp", "managedAndroidLobApp"}
    assert [one["displayName"] for one in await graph.values(f"{APPS}?$filter={at} eq 'global'")] == [
        "managedIOSStoreApp"
    ]


async def upload(graph, app, content, info, *, chunk=1000):
    """The whole upload flow; the file's last state."""
    version = (await graph.post(f"{APPS}/{app}/{MSI}/contentVersions", {}))["id"]
    files = f"{APPS}/{app}/{MSI}/contentVersions/{version}/files"
    body = {"name": "vpn.msi", "size": 5000, "sizeEncrypted": len(content), "manifest": None, "isDependency": False}
    file = await graph.post(files, body)
    assert file["azureStorageUri"] is None
    ready = await graph.get(f"{files}/{file['id']}")
    assert ready["uploadState"] == "azureStorageUriRequestSuccess"
    names = []
    for start in range(0, len(content), chunk):
        names.append(base64.b64encode(f"{start:06d}".encode()).decode())
        put = await graph.client.put(
            f"{ready['azureStorageUri']}&comp=block&blockid={names[-1]}", content=content[start : start + chunk]
        )
        assert put.status_code == 201, put.text
    listed = "".join(f"<Latest>{name}</Latest>" for name in names)
    document = f'<?xml version="1.0" encoding="utf-8"?><BlockList>{listed}</BlockList>'
    put = await graph.client.put(f"{ready['azureStorageUri']}&comp=blocklist", content=document)
    assert put.status_code == 201, put.text
    address = f"{files}/{file['id']}"
    committed = await graph.client.post(
        f"{address}/commit",
        json={"fileEncryptionInfo": info.as_graph()},
        headers={"authorization": f"Bearer {graph.token}"},
    )
    return committed.status_code, await graph.get(address), ready["azureStorageUri"]


async def test_an_app_is_uploaded_in_blocks_and_published(graph, rt):
    """What arrives is what was encrypted; the app is published with the hash of its plain content."""
    app = await graph.post(APPS, APP)
    assert app["publishingState"] == "notPublished"
    plain = bytes(range(256)) * 20
    content, info = encrypt_content(plain, encryption_key=b"k" * 32, mac_key=b"m" * 32, vector=b"v" * 16)
    status, file, address = await upload(graph, app["id"], content, info)
    assert (status, file["uploadState"], file["isCommitted"]) == (200, "commitFileSuccess", True)
    changed = await graph.call(
        "PATCH", f"{APPS}/{app['id']}", {"@odata.type": f"#{MSI}", "committedContentVersion": "1"}
    )
    assert changed.json()["publishingState"] == "published"
    assert changed.json()["committedContentVersion"] == "1"
    assert "contentSha256" not in changed.text
    assert rt.blobs.size(hashlib.sha256(plain).hexdigest()) == len(plain)
    assert rt.blobs.size(hashlib.sha256(content).hexdigest()) is None
    late = await graph.client.put(f"{address}&comp=block&blockid=AA==", content=b"x")
    assert late.status_code == 403


async def test_an_upload_never_takes_away_finished_content(graph, rt):
    """A block that is byte for byte somebody's finished content is an upload of its own: the other stays."""
    keys = {"encryption_key": b"k" * 32, "mac_key": b"m" * 32, "vector": b"v" * 16}
    plain = b"an inner content"
    finished, _ = encrypt_content(plain, **keys)  # what another tenant may well have as its finished content
    known, _ = await rt.workers.run(rt.blobs.put, [finished])
    app = await graph.post(APPS, APP)
    status, _, _ = await upload(graph, app["id"], finished, encrypt_content(plain, **keys)[1])
    assert status == 200
    assert rt.blobs.size(known) == len(finished)


async def test_content_that_was_changed_on_the_way_is_not_published(graph):
    """A wrong mac fails the commit by name; the app stays unpublished."""
    app = await graph.post(APPS, APP)
    content, info = encrypt_content(b"x" * 500, encryption_key=b"k" * 32, mac_key=b"m" * 32, vector=b"v" * 16)
    status, file, _ = await upload(graph, app["id"], content[:-1] + b"!", info)
    assert (status, file["uploadState"]) == (400, "commitFileFailed")
    assert (await graph.get(f"{APPS}/{app['id']}"))["publishingState"] == "notPublished"


async def test_an_upload_needs_its_own_address(graph, tenant):
    """Without the signature, with another tenant, with nonsense: refused; nothing is a server error."""
    for path in (
        f"/content-uploads/{tenant}/nothing?sig=x&comp=block&blockid=A",
        "/content-uploads/nobody/nothing?sig=x&comp=blocklist",
        f"/content-uploads/{tenant}/nothing",
    ):
        assert (await graph.client.put(path, content=b"x")).status_code == 403


async def test_apps_are_assigned_with_their_intent(graph):
    """``assign`` replaces; the list carries its count and can be asked by type."""
    app = await graph.post(APPS, APP)
    group = await a_group(graph)
    body = {"mobileAppAssignments": [target(group, intent="required", settings=None)]}
    await graph.call("POST", f"{APPS}/{app['id']}/assign", body, expect=200)
    page = await graph.get(f"{APPS}?$filter=isof('{MSI}')&$expand=assignments&$orderby=displayName")
    assert page["@odata.count"] == 1
    assert page["value"][0]["assignments"][0]["intent"] == "required"
    assert page["value"][0]["isAssigned"] is True
    assert (await graph.get(f"{APPS}?$filter=isof('microsoft.graph.win32LobApp')"))["@odata.count"] == 0
    managed = "(microsoft.graph.managedApp/appAvailability) eq null or isAssigned eq true"
    assert len(await graph.values(f"{APPS}?$filter={managed}")) == 1
    assert len(await graph.values(f"{APPS}/{MSI}")) == 1
    await graph.call("DELETE", f"{APPS}/{app['id']}", expect=200)


async def test_configurations_keep_their_secrets(graph):
    """A Wi-Fi key goes in and never comes out; PATCH is 204 as the real service answers; assign shows the result."""
    body = {
        "@odata.type": "#microsoft.graph.windowsWifiConfiguration",
        "displayName": "Office",
        "ssid": "Contoso",
        "networkName": "Contoso",
        "wifiSecurityType": "wpa2Personal",
        "preSharedKey": "rehearsal-only-key",
        "connectAutomatically": True,
    }
    made = await graph.post(CONFIGURATIONS, body)
    assert made["@odata.type"] == "#microsoft.graph.windowsWifiConfiguration"
    assert "rehearsal-only-key" not in str(made)
    assert "omaSettings" not in made
    await graph.call("PATCH", f"{CONFIGURATIONS}/{made['id']}", {"description": "x"}, expect=204)
    body = {"assignments": [target(await a_group(graph))]}
    assigned = await graph.post(f"{CONFIGURATIONS}/{made['id']}/assign", body, expect=200)
    assert len(assigned["value"]) == 1
    assert await graph.values(f"{CONFIGURATIONS}/{made['id']}/deviceStatuses") == []


async def test_custom_settings_are_checked(graph):
    """An OMA-URI goes through as it is; a setting that is no object is a 400."""
    made = await graph.post(CONFIGURATIONS, OMA)
    assert made["omaSettings"][0]["value"] == 0
    for wrong in ("x", ["x"], {"a": 1}):
        await graph.post(CONFIGURATIONS, {**OMA, "omaSettings": wrong}, expect=400)


async def test_r123_a_compliance_policy_needs_its_block_action(graph):
    """Exactly one; the actions come back only when expanded."""
    made = await graph.post(POLICIES, COMPLIANCE)
    assert "scheduledActionsForRule" not in made
    expand = "$expand=scheduledActionsForRule($expand=scheduledActionConfigurations)"
    shown = await graph.get(f"{POLICIES}/{made['id']}/?{expand}")
    [rule] = shown["scheduledActionsForRule"]
    assert rule["scheduledActionConfigurations"][0]["actionType"] == "block"
    await graph.post(POLICIES, {**COMPLIANCE, "scheduledActionsForRule": []}, expect=400)
    wrong = [{"ruleName": "x", "scheduledActionConfigurations": ["block"]}]
    await graph.post(POLICIES, {**COMPLIANCE, "scheduledActionsForRule": wrong}, expect=400)
    body = {"assignments": [target(await a_group(graph))]}
    await graph.post(f"{POLICIES}/{made['id']}/assign", body, expect=200)


async def test_status_codes_can_follow_the_documentation(rt, graph):
    """204 for a delete, 200 with a body for a change, where the reference pages say so."""
    import httpx

    from taxiway.doors import Door
    from taxiway.graph import http

    door = Door(http.routes(rt, GraphSettings(status_codes="docs")), rt.entropy)
    made = await graph.post(CONFIGURATIONS, {**WIFI_OPEN})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(door), base_url="https://localhost:8443") as client:
        headers = {"authorization": f"Bearer {graph.token}"}
        answer = await client.patch(f"{CONFIGURATIONS}/{made['id']}", json={"description": "x"}, headers=headers)
        assert (answer.status_code, answer.json()["description"]) == (200, "x")
        assert (await client.delete(f"{CONFIGURATIONS}/{made['id']}", headers=headers)).status_code == 204


WIFI_OPEN = {
    "@odata.type": "#microsoft.graph.windowsWifiConfiguration",
    "displayName": "Guests",
    "ssid": "Guests",
    "networkName": "Guests",
    "wifiSecurityType": "open",
}


async def test_the_value_of_a_sealed_setting_is_read_by_its_reference(graph):
    """Beta says of each OMA setting whether it is encrypted; the value is for who may change it, and the log has it."""
    secret = "./Device/Vendor/MSFT/Accounts/Users/helper/Password"
    plain = "./Device/Vendor/MSFT/Policy/Config/Experience/AllowCortana"
    body = {
        "@odata.type": "#microsoft.graph.windows10CustomConfiguration",
        "displayName": "Helper",
        "omaSettings": [
            {"@odata.type": "#microsoft.graph.omaSettingString", "omaUri": secret, "value": "A-secret-1"},
            {"@odata.type": "#microsoft.graph.omaSettingInteger", "omaUri": plain, "value": 0},
        ],
    }
    made = await graph.post(CONFIGURATIONS, body)
    sealed, other = made["omaSettings"]
    assert (sealed["value"], sealed["isEncrypted"], other["isEncrypted"]) == ("****", True, False)
    at = f"{CONFIGURATIONS}/{made['id']}"
    call = f"{at}/getOmaSettingPlainTextValue(secretReferenceValueId='{sealed['secretReferenceValueId']}')"
    assert (await graph.get(call))["value"] == "A-secret-1"
    await graph.get(f"{at}/getOmaSettingPlainTextValue(secretReferenceValueId='x')", expect=404)
    older = await graph.get(at.replace("beta", "v1.0"))
    assert not any("isEncrypted" in setting for setting in older["omaSettings"])
