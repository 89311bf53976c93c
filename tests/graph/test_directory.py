"""Organization, users, groups, devices, roles and tenant policies over Graph (02 sections 5 and 6)."""

from support.graph_client import Graph, mint, person
from taxiway import directory
from taxiway.directory import SYSTEM_PRINCIPAL

ORIGIN = "https://localhost:8443"
USER = {
    "accountEnabled": True,
    "displayName": "Ada Lovelace",
    "mailNickname": "ada",
    "userPrincipalName": "ada@contoso.example",
    "usageLocation": "US",
    "passwordProfile": {"password": "Tw-made-up-7a", "forceChangePasswordNextSignIn": False},
}
RULE = '(device.devicePhysicalIDs -any (_ -startsWith "[ZTDid]"))'


async def test_the_organization_and_its_domains(graph, tenant):
    """What clients read first: one organization, its verified domains, its subscriptions."""
    [organization] = await graph.values("/v1.0/organization")
    assert organization["id"] == tenant
    assert organization["verifiedDomains"][0]["name"] == "contoso.example"
    assert "branding" not in organization
    assert (await graph.get("/v1.0/domains/contoso.example"))["isInitial"] is True
    assert "INTUNE_A" in {sku["skuPartNumber"] for sku in await graph.values("/v1.0/subscribedSkus")}


async def test_a_user_is_made_licensed_changed_and_deleted(graph):
    """201 with the default properties; the password never comes back; 204 for changes; 404 afterwards."""
    made = await graph.post("/v1.0/users", USER)
    assert made["@odata.context"].endswith("/v1.0/$metadata#users/$entity")
    assert made["userPrincipalName"] == USER["userPrincipalName"]
    assert "passwordProfile" not in made
    assert "accountEnabled" not in made
    sku = (await graph.values("/v1.0/subscribedSkus"))[0]["skuId"]
    body = {"addLicenses": [{"skuId": sku, "disabledPlans": []}], "removeLicenses": []}
    await graph.post(f"/v1.0/users/{made['id']}/assignLicense", body, expect=200)
    assert (await graph.values(f"/v1.0/users/{made['id']}/licenseDetails"))[0]["skuId"] == sku
    await graph.call("PATCH", "/v1.0/users/ada@contoso.example", {"jobTitle": "Countess"}, expect=204)
    shown = await graph.get("/v1.0/users/ada@contoso.example?$select=jobTitle,accountEnabled")
    assert (shown["jobTitle"], shown["accountEnabled"], "mail" in shown) == ("Countess", True, False)
    assert shown["@odata.context"].endswith("#users(jobTitle,accountEnabled)/$entity")
    await graph.call("DELETE", f"/v1.0/users/{made['id']}", expect=204)
    error = (await graph.get(f"/v1.0/users/{made['id']}", expect=404))["error"]
    assert error["code"] == "Request_ResourceNotFound"
    assert set(error["innerError"]) == {"date", "request-id", "client-request-id"}


async def test_a_weak_password_makes_no_user(graph):
    """The refusal comes before anything is stored."""
    await graph.post("/v1.0/users", {**USER, "passwordProfile": {"password": "a"}}, expect=400)
    assert await graph.values("/v1.0/users?$filter=userPrincipalName eq 'ada@contoso.example'") == []


async def test_me_is_the_caller(graph):
    """``/me`` answers with the token's user."""
    assert (await graph.get("/v1.0/me"))["userPrincipalName"] == "root@contoso.example"


async def test_an_access_pass_is_shown_once(graph):
    """A Temporary Access Pass comes with its code in the one answer that makes it."""
    user = await graph.post("/v1.0/users", USER)
    path = f"/v1.0/users/{user['id']}/authentication/temporaryAccessPassMethods"
    made = await graph.post(path, {"lifetimeInMinutes": 60, "isUsableOnce": True})
    assert len(made["temporaryAccessPass"]) >= 8
    await graph.post(path, {"lifetimeInMinutes": "soon"}, expect=400)


async def test_a_group_and_its_members(graph):
    """Members by reference; a second time and a missing object are named errors; the cast keeps one type."""
    user = await graph.post("/v1.0/users", USER)
    group = await graph.post(
        "/v1.0/groups", {"displayName": "Pilots", "mailEnabled": False, "mailNickname": "p", "securityEnabled": True}
    )
    reference = {"@odata.id": f"https://graph.microsoft.com/beta/directoryObjects/{user['id']}"}
    await graph.post(f"/v1.0/groups/{group['id']}/members/$ref", reference, expect=204)
    again = await graph.post(f"/v1.0/groups/{group['id']}/members/%24ref", reference, expect=400)
    assert again["error"]["code"] == "Request_BadRequest"
    [member] = await graph.values(f"/v1.0//groups('{group['id']}')/Members/")
    assert (member["@odata.type"], member["id"]) == ("#microsoft.graph.user", user["id"])
    assert await graph.values(f"/v1.0/groups/{group['id']}/members/microsoft.graph.device") == []
    assert len(await graph.values(f"/v1.0/groups/{group['id']}/members/graph.user")) == 1
    assert [g["id"] for g in await graph.values(f"/v1.0/users/{user['id']}/memberOf")] == [group["id"]]
    await graph.call("DELETE", f"/v1.0/groups/{group['id']}/members/{user['id']}/$ref", expect=204)
    await graph.call("DELETE", f"/v1.0/groups/{group['id']}/members/{user['id']}/$ref", expect=404)
    await graph.call("DELETE", f"/v1.0/groups/{group['id']}", expect=204)


async def test_r053_a_dynamic_group_takes_its_members_from_its_rule(graph, rt, tenant):
    """The device that matches is a member at once; members cannot be set by hand; a bad rule is refused."""
    body = {
        "displayName": "Autopilot",
        "mailEnabled": False,
        "mailNickname": "a",
        "securityEnabled": True,
        "groupTypes": ["DynamicMembership"],
        "membershipRule": RULE,
        "membershipRuleProcessingState": "On",
    }
    group = await graph.post("/v1.0/groups", body)
    assert group["groupTypes"] == ["DynamicMembership"]
    ztdid = "5f0c6d1e-0000-4000-8000-2f6a3c1d9e01"
    await rt.store.write(
        tenant,
        lambda tx: directory.create_anchor(tx, ztdid=ztdid, physical_ids=[f"[ZTDID]:{ztdid}"], display_name="SN-1"),
    )
    [member] = await graph.values(f"/v1.0/groups/{group['id']}/members")
    assert member["displayName"] == "SN-1"
    reference = {"@odata.id": f"{ORIGIN}/v1.0/directoryObjects/{member['id']}"}
    await graph.post(f"/v1.0/groups/{group['id']}/members/$ref", reference, expect=403)
    await graph.post("/v1.0/groups", {**body, "membershipRule": "device.nothing"}, expect=400)
    found = await graph.values("/v1.0/groups?$filter=groupTypes/any(c:c eq 'DynamicMembership')")
    assert [one["id"] for one in found] == [group["id"]]
    [device] = await graph.values("/v1.0/devices?$filter=physicalIds/any(p:startswith(p,'[ZTDId]'))")
    assert device["physicalIds"] == [f"[ZTDID]:{ztdid}"]
    assert (await graph.get(f"/v1.0/devices(deviceId='{device['deviceId']}')"))["id"] == device["id"]
    await graph.call("DELETE", f"/v1.0/devices/{device['id']}", expect=400)
    assert "transportKey" not in device


async def test_paging_follows_next_links_to_the_end(graph, rt, tenant):
    """Every object once, whatever the page size; the link is absolute and keeps the other options."""

    def write(tx):
        for number in range(5):
            directory.create_group(tx, principal=SYSTEM_PRINCIPAL, display_name=f"G{number}", kind="assigned")

    await rt.store.write(tenant, write)
    query = "$top=2&$orderby=displayName desc&$filter=startswith(displayName,'G')&$count=true"
    advanced = {"ConsistencyLevel": "eventual"}
    page = await graph.get(f"/v1.0/groups?{query}", headers=advanced)
    assert page["@odata.count"] == 5
    seen = [group["displayName"] for group in page["value"]]
    while "@odata.nextLink" in page:
        assert page["@odata.nextLink"].startswith(f"{ORIGIN}/v1.0/groups?")
        page = await graph.get(page["@odata.nextLink"], headers=advanced)
        assert "@odata.count" not in page
        seen += [group["displayName"] for group in page["value"]]
    assert seen == ["G4", "G3", "G2", "G1", "G0"]
    await graph.get("/v1.0/groups?$skiptoken=bogus", expect=400)


async def test_advanced_queries_need_their_header(graph):
    """``ne``, ``$search`` and ``/$count`` answer only with ConsistencyLevel: eventual."""
    advanced = {"ConsistencyLevel": "eventual"}
    refused = await graph.get("/v1.0/groups?$filter=displayName ne 'x'", expect=400)
    assert refused["error"]["code"] == "Request_UnsupportedQuery"
    await graph.get("/v1.0/groups?$filter=displayName ne 'x'&$count=true", headers=advanced)
    await graph.get('/v1.0/users?$search="displayName:root"', expect=400)
    assert len((await graph.get('/v1.0/users?$search="displayName:root"', headers=advanced))["value"]) == 1
    await graph.call("GET", "/v1.0/users/$count", expect=400)
    assert (await graph.call("GET", "/v1.0/users/$count", headers=advanced)).text == "1"


async def test_r001_the_mdm_user_scope(graph):
    """None, some, all: a group makes it ``selected``; ``selected`` itself cannot be set."""
    path = "/beta/policies/mobileDeviceManagementPolicies/0000000a-0000-0000-c000-000000000000"
    policy = await graph.get(path)
    assert policy["appliesTo"] == "none"
    assert policy["discoveryUrl"].endswith("/EnrollmentServer/Discovery.svc")
    await graph.call("PATCH", path, {"appliesTo": "selected"}, expect=400)
    await graph.call("PATCH", path, {"appliesTo": "all", "description": "x"}, expect=400)
    group = await graph.post(
        "/v1.0/groups", {"displayName": "Pilots", "mailEnabled": False, "mailNickname": "p", "securityEnabled": True}
    )
    await graph.post(f"{path}/includedGroups/$ref", {"@odata.id": f"{ORIGIN}/beta/groups/{group['id']}"}, expect=204)
    expanded = await graph.get(f"{path}?$expand=includedGroups")
    assert expanded["appliesTo"] == "selected"
    assert expanded["includedGroups"][0]["id"] == group["id"]
    assert "includedGroups@odata.context" in expanded
    await graph.call("DELETE", f"{path}/includedGroups/{group['id']}/$ref", expect=204)
    await graph.call("PATCH", path, {"appliesTo": "all"}, expect=204)
    assert (await graph.get(path))["appliesTo"] == "all"
    await graph.get("/v1.0" + path.removeprefix("/beta"), expect=404)


async def test_r015_who_may_join_and_how_many(graph):
    """The registration policy is read, changed as a whole and given back."""
    path = "/beta/policies/deviceRegistrationPolicy"
    policy = await graph.get(path)
    assert policy["azureADJoin"]["allowedToJoin"]["@odata.type"] == "#microsoft.graph.allDeviceRegistrationMembership"
    policy["userDeviceQuota"] = 20
    policy["azureADJoin"]["allowedToJoin"] = {
        "@odata.type": "#microsoft.graph.enumeratedDeviceRegistrationMembership",
        "users": [],
        "groups": ["g"],
    }
    changed = (await graph.call("PUT", path, policy)).json()
    assert changed["userDeviceQuota"] == 20
    assert changed["azureADJoin"]["allowedToJoin"]["groups"] == ["g"]
    await graph.call("PUT", path, {**policy, "userDeviceQuota": "many"}, expect=400)
    await graph.call("PATCH", path, {"multiFactorAuthConfiguration": "required"})
    assert (await graph.get(path))["userDeviceQuota"] == 20


async def test_r022_two_roles_may_change_who_may_join_and_a_plain_user_may_not(rt, tenant, client):
    """Cloud Device Administrator and Intune Administrator; everybody else is told which roles it takes."""
    path = "/beta/policies/deviceRegistrationPolicy"
    for name, *roles in (
        ("cloud", directory.CLOUD_DEVICE_ADMINISTRATOR),
        ("intune", directory.INTUNE_ADMINISTRATOR),
        ("plain",),
    ):
        user = await person(rt, tenant, name, *roles)
        graph = Graph(rt, client, await mint(rt, tenant, user["id"]))
        await graph.call("PATCH", path, {"userDeviceQuota": 7}, expect=200 if roles else 403)


async def test_roles_are_given_and_taken(graph):
    """Intune Administrator through either address."""
    user = await graph.post("/v1.0/users", USER)
    role = directory.INTUNE_ADMINISTRATOR
    body = {"principalId": user["id"], "roleDefinitionId": role, "directoryScopeId": "/"}
    made = await graph.post("/v1.0/roleManagement/directory/roleAssignments", body)
    members = await graph.values(f"/v1.0/directoryRoles(roleTemplateId='{role}')/members")
    assert [member["id"] for member in members] == [user["id"]]
    await graph.call("DELETE", f"/v1.0/roleManagement/directory/roleAssignments/{made['id']}", expect=204)
    assert await graph.values(f"/v1.0/directoryRoles/{role}/members") == []


async def test_the_mdm_endpoints_are_found(graph):
    """Where clients look for the enrollment URL (03 section 9.3)."""
    path = "/v1.0/myorganization/servicePrincipals/appId=0000000a-0000-0000-c000-000000000000/endpoints"
    found = {one["providerName"]: one["uri"] for one in await graph.values(path)}
    assert found["WindowsEnrollment"].endswith("Discovery.svc")


async def test_a_text_that_no_index_takes_is_refused(graph, rt, tenant):
    """Longer than a database can index: a 400 that names the property, on both databases."""
    user = await graph.post("/v1.0/users", USER)
    long = "".join(f"{number:x}" for number in range(6_000))
    refused = await graph.call("PATCH", f"/v1.0/users/{user['id']}", {"displayName": long}, expect=400)
    assert "displayName" in refused.json()["error"]["message"]
