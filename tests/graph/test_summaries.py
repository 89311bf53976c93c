"""Summaries, singletons and twins: what tools read beside the collections (02 sections 4.2, 5.1, 6.4 and 9)."""

import pytest

from graph.test_intune import CONFIGURATIONS, ESP, OMA, a_group, target
from support.graph_client import Graph, mint, person
from taxiway import enrollment, management
from taxiway.management.session import statuses
from taxiway.store import entries


@pytest.fixture
async def configuration(graph, rt, tenant):
    """A configuration that stands well on one of Ada's devices, badly on the other, and waits on nobody's."""
    made = await graph.post(CONFIGURATIONS, OMA)
    ada = await person(rt, tenant, "ada")
    uri = OMA["omaSettings"][0]["omaUri"]

    def write(tx):
        for state, user in (("succeeded", ada["id"]), ("error", ada["id"]), ("pending", None)):
            values = {"user_id": user, "user_display_name": "Ada", "upn": ada["user_principal_name"]}
            device = enrollment.MANAGED.insert(tx, values if user else {})
            errors = [{"uri": uri, "status": 404, "error": ""}] if state == "error" else []
            key = (management.CONFIGURATIONS.entity.name, made["id"])
            statuses.write(tx, device["id"], key, state, {"name": "No Cortana", "errors": errors}, fresh=True)

    await rt.store.write(tenant, write)
    return f"{CONFIGURATIONS}/{made['id']}"


async def test_statuses_are_summed_up_by_device_user_and_setting(graph, configuration):
    """A user's worst device counts; a setting has the devices that said something of it."""
    found = await graph.get(f"{configuration}/deviceStatusOverview")
    assert (found["successCount"], found["errorCount"], found["pendingCount"]) == (1, 1, 1)
    assert found["configurationVersion"] == 1
    assert "conflictCount" not in await graph.get(f"{configuration.replace('beta', 'v1.0')}/deviceStatusOverview")
    [user] = await graph.values(f"{configuration}/userStatuses")
    assert (user["userPrincipalName"], user["devicesCount"], user["status"]) == ("ada@contoso.example", 2, "error")
    found = await graph.get(f"{configuration}/userStatusOverview")
    assert (found["errorCount"], found["successCount"]) == (1, 0)
    [setting] = await graph.values(f"{configuration}/deviceSettingStateSummaries")
    assert setting["settingName"] == OMA["omaSettings"][0]["omaUri"]
    assert (setting["errorDeviceCount"], setting["compliantDeviceCount"]) == (1, 0)
    for name in ("deviceStatusOverview", "userStatuses"):
        await graph.get(f"{CONFIGURATIONS}/nothing/{name}", expect=404)


async def test_a_masked_oma_setting_is_read_in_plain_text_by_those_who_may(graph, rt, tenant, configuration):
    """By the reference that the masked setting shows; it is on record, and nobody without the role reads it."""
    uri = "./Device/Vendor/MSFT/Accounts/Users/kiosk/Password"
    secret = {
        "@odata.type": "#microsoft.graph.omaSettingString",
        "displayName": "P",
        "omaUri": uri,
        "value": "s3cret-7",
    }
    await graph.call("PATCH", configuration, {**OMA, "omaSettings": [*OMA["omaSettings"], secret]}, expect=204)
    [plain, masked] = (await graph.get(configuration))["omaSettings"]
    assert (plain["isEncrypted"], masked["isEncrypted"], masked["value"]) == (False, True, "****")
    reference = masked["secretReferenceValueId"]
    path = f"{configuration}/getOmaSettingPlainTextValue(secretReferenceValueId='{reference}')"
    assert (await graph.get(path))["value"] == "s3cret-7"
    subject = f"device_configuration:{configuration.rpartition('/')[2]}"
    logged = await rt.store.read(tenant, lambda tx: entries(tx, subject=subject))
    assert [entry.kind for entry in logged][-1] == "device_configuration.value_read"
    await graph.get(path.replace(reference, "x"), expect=404)
    eve = await person(rt, tenant, "eve")
    await Graph(rt, graph.client, await mint(rt, tenant, eve["id"])).get(path, expect=403)


async def test_the_service_tells_and_keeps_its_one_switch(graph, rt, tenant):
    """secureByDefault is turned, also as a text; every other setting is kept."""
    path = "/beta/deviceManagement"
    found = await graph.get(path)
    assert (found["subscriptionState"], found["settings"]["secureByDefault"]) == ("active", False)
    assert found["@odata.context"].endswith("/$metadata#deviceManagement/$entity")
    await graph.call("PATCH", path, {"settings": {**found["settings"], "secureByDefault": "True"}}, expect=204)
    assert (await graph.get(path))["settings"]["secureByDefault"] is True
    assert await rt.store.read(tenant, management.secure_by_default) is True
    await graph.call("PATCH", path, {"settings": {"deviceComplianceCheckinThresholdDays": 7}}, expect=204)
    assert (await graph.get(f"{path}/settings"))["deviceComplianceCheckinThresholdDays"] == 7
    assert (await graph.get("/v1.0/deviceAppManagement"))["isEnabledForMicrosoftStoreForBusiness"] is False


async def test_the_scope_of_app_management_is_the_twin_of_that_of_mdm(graph):
    """Groups make it selected, 'none' empties it; the MDM scope does not move."""
    path = "/beta/policies/mobileAppManagementPolicies"
    [policy] = await graph.values(path)
    at = f"{path}/{policy['id']}"
    group = await a_group(graph)
    address = f"https://graph.microsoft.com/beta/groups/{group}"
    await graph.call("POST", f"{at}/includedGroups/$ref", {"@odata.id": address}, expect=204)
    assert [one["id"] for one in await graph.values(f"{at}/includedGroups")] == [group]
    assert (await graph.get(at))["appliesTo"] == "selected"
    await graph.call("PATCH", at, {"discoveryUrl": "http://insecure.example"}, expect=400)
    await graph.call("PATCH", at, {"discoveryUrl": "https://wip.example/Enroll"}, expect=204)
    assert (await graph.get(at))["discoveryUrl"] == "https://wip.example/Enroll"
    await graph.call("PATCH", at, {"appliesTo": "none"}, expect=204)
    assert await graph.values(f"{at}/includedGroups") == []
    [mdm] = await graph.values("/beta/policies/mobileDeviceManagementPolicies")
    assert (mdm["appliesTo"], "wip" in mdm["discoveryUrl"]) == ("none", False)


async def test_what_holds_for_a_user_is_told(graph, rt, tenant):
    """The assigned page and the defaults of the other kinds; payload links say that the page is assigned."""
    ada = await person(rt, tenant, "ada")
    group = await a_group(graph)
    await graph.call("POST", f"/v1.0/groups/{group}/members/$ref", {"@odata.id": f"x/{ada['id']}"}, expect=204)
    body = {"@odata.type": "#microsoft.graph.windows10EnrollmentCompletionPageConfiguration", "displayName": "Ours"}
    page = (await graph.post(ESP, body))["id"]
    wanted = {"enrollmentConfigurationAssignments": [target(group)]}
    await graph.post(f"{ESP}/{page}/assign", wanted, expect=200)
    found = await graph.values(f"/beta/users/{ada['id']}/deviceEnrollmentConfigurations")
    assert [one["displayName"] for one in found] == ["Ours", *["All users and all devices"] * 3]
    links = (await graph.post(f"{ESP}/hasPayloadLinks", {"payloadIds": [page]}, expect=200))["value"]
    assert links == [{"payloadId": page, "hasLink": True, "error": None, "sources": ["direct"]}]


async def test_the_tenant_and_its_domain_answer_their_actions(graph, tenant):
    """The authority is Intune; a domain is proven, and says by which records it would be."""
    path = f"/v1.0/organization/{tenant}"
    answer = await graph.post(f"{path}/setMobileDeviceManagementAuthority", expect=200)
    assert answer["value"] == 0
    found = await graph.get(f"{path}?$select=id,mobileDeviceManagementAuthority")
    assert found["mobileDeviceManagementAuthority"] == "intune"
    records = await graph.values("/v1.0/domains/contoso.example/verificationDnsRecords")
    assert [record["recordType"] for record in records] == ["Txt", "Mx"]
    assert records[0]["text"].startswith("MS=ms")
    assert (await graph.post("/v1.0/domains/Contoso.example/verify", expect=200))["isVerified"] is True
    await graph.post("/v1.0/domains/other.example/verify", expect=404)


async def test_a_domain_is_added_and_used(graph):
    """It counts as proven; nobody else of this instance can add it, and users may bear it."""
    made = await graph.post("/v1.0/domains", {"id": "Fabrikam.example"})
    assert (made["id"], made["isVerified"], made["isDefault"]) == ("fabrikam.example", True, False)
    await graph.post("/v1.0/domains", {"id": "fabrikam.example"}, expect=400)
    await graph.post("/v1.0/domains", {"id": "no domain"}, expect=400)
    [organization] = await graph.values("/v1.0/organization")
    assert "fabrikam.example" in [one["name"] for one in organization["verifiedDomains"]]


async def test_what_lies_below_me_is_the_users_own(graph):
    """The same as below the user who signed in."""
    me, group = (await graph.get("/v1.0/me"))["id"], await a_group(graph)
    await graph.call("POST", f"/v1.0/groups/{group}/members/$ref", {"@odata.id": f"x/{me}"}, expect=204)
    assert [one["id"] for one in await graph.values("/v1.0/me/memberOf")] == [group]
    assert await graph.values("/v1.0/me/managedDevices") == []


async def test_what_graph_has_and_nobody_serves_is_named(graph):
    """501 with the address, for the whole of Intune's metadata; what Graph does not have stays a 400."""
    for path in ("termsAndConditions", "userExperienceAnalyticsOverview", "managedDevices/x/getFileVaultKey"):
        error = (await graph.get(f"/beta/deviceManagement/{path}", expect=501))["error"]
        assert path.replace("/x/", "/{id}/") in error["message"]
    await graph.get("/beta/deviceManagement/noSuchThing", expect=400)


async def test_scheduled_actions_are_a_collection_of_their_own(graph):
    """As they are when expanded."""
    block = {"actionType": "block", "gracePeriodHours": 24}
    rule = {"ruleName": "PasswordRequired", "scheduledActionConfigurations": [block]}
    body = {"@odata.type": "#microsoft.graph.windows10CompliancePolicy", "displayName": "P"}
    made = await graph.post(
        "/v1.0/deviceManagement/deviceCompliancePolicies", {**body, "scheduledActionsForRule": [rule]}
    )
    path = f"/v1.0/deviceManagement/deviceCompliancePolicies/{made['id']}/scheduledActionsForRule"
    [found] = await graph.values(path)
    assert found["scheduledActionConfigurations"][0]["gracePeriodHours"] == 24
