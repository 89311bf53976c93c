"""`$expand`, `$search`, `$orderby`, `$count`, paging: honoured, or refused by name (02 sections 1.7 and 1.8)."""

import re

import pytest

from support.graph_client import person
from taxiway import autopilot, directory, management
from taxiway.directory import SYSTEM_PRINCIPAL

ADVANCED = {"ConsistencyLevel": "eventual"}
DEVICE_MANAGEMENT = "/beta/deviceManagement"
AUTOPILOT = f"{DEVICE_MANAGEMENT}/windowsAutopilotDeviceIdentities"
POLICIES = f"{DEVICE_MANAGEMENT}/deviceCompliancePolicies"
APPS = "/beta/deviceAppManagement/mobileApps"
APP = {
    "@odata.type": "#microsoft.graph.windowsMobileMSI",
    "displayName": "Contoso VPN",
    "publisher": "Contoso",
    "fileName": "vpn.msi",
    "productCode": "{01234567-89AB-CDEF-0123-456789ABCDEF}",
    "productVersion": "1.0.0",
}
POLICY = {
    "@odata.type": "#microsoft.graph.windows10CompliancePolicy",
    "displayName": "Encrypted",
    "scheduledActionsForRule": [
        {
            "ruleName": "PasswordRequired",
            "scheduledActionConfigurations": [{"actionType": "block", "gracePeriodHours": 6}],
        }
    ],
}


async def _group(rt, tenant, name, **more):
    def write(tx):
        return directory.create_group(tx, principal=SYSTEM_PRINCIPAL, display_name=name, **more)["id"]

    return await rt.store.write(tenant, write)


async def _fill(rt, tenant, group, users):
    def write(tx):
        for user in users:
            directory.add_member(tx, group, "user", user["id"], principal=SYSTEM_PRINCIPAL)

    await rt.store.write(tenant, write)


async def test_expanded_objects_are_narrowed_as_asked(graph, rt, tenant):
    """`members($select=...)` shows what was selected, twenty of them at the most, with a context of their own."""
    team = await _group(rt, tenant, "Team")
    await _fill(rt, tenant, team, [await person(rt, tenant, f"user{n:02}") for n in range(22)])
    shown = await graph.get(f"/v1.0/groups/{team}?$select=displayName&$expand=members($select=id,displayName)")
    assert shown["@odata.context"].endswith("#groups(displayName,members(id,displayName))/$entity")
    assert shown["members@odata.context"].endswith(f"#groups('{team}')/members")
    assert len(shown["members"]) == 20
    assert set(shown["members"][0]) == {"@odata.type", "id", "displayName"}
    few = await graph.get(f"/v1.0/groups?$expand=members($top=2;$select=displayName)&$filter=id eq '{team}'")
    assert [len(one["members"]) for one in few["value"]] == [2]
    refused = await graph.get("/v1.0/groups?$expand=members&$count=true", expect=400, headers=ADVANCED)
    assert refused["error"]["code"] == "Request_UnsupportedQuery"


async def test_managers_reports_owners_and_groups_are_expanded(graph, rt, tenant):
    """The navigations of users, devices and groups that clients expand."""
    boss, worker = await person(rt, tenant, "boss"), await person(rt, tenant, "worker")
    inner, outer = await _group(rt, tenant, "Inner"), await _group(rt, tenant, "Outer")

    def write(tx):
        directory.update_user(tx, worker["id"], {"manager_id": boss["id"]})
        directory.add_member(tx, inner, "user", worker["id"], principal=SYSTEM_PRINCIPAL)
        directory.add_member(tx, outer, "group", inner, principal=SYSTEM_PRINCIPAL)
        directory.add_owner(tx, inner, boss["id"], principal=SYSTEM_PRINCIPAL)
        return directory.join_device(
            tx, display_name="PC", os="Windows", os_version="10", trust_type="AzureAd", owner_id=worker["id"]
        )

    device = await rt.store.write(tenant, write)
    path = f"/v1.0/users/{worker['id']}"
    shown = await graph.get(f"{path}?$expand=manager($select=displayName)")
    assert shown["manager"] == {"@odata.type": "#microsoft.graph.user", "id": boss["id"], "displayName": "Boss"}
    assert (await graph.get(f"/v1.0/users/{boss['id']}?$expand=manager"))["manager"] is None
    for name, expected in (
        ("memberOf", [inner]),
        ("transitiveMemberOf", sorted([inner, outer])),
        ("ownedDevices", [device["id"]]),
    ):
        assert [one["id"] for one in (await graph.get(f"{path}?$expand={name}"))[name]] == expected
    assert [
        one["id"] for one in (await graph.get(f"/v1.0/users/{boss['id']}?$expand=directReports"))["directReports"]
    ] == [worker["id"]]
    [pc] = await graph.values("/v1.0/devices?$expand=registeredOwners")
    assert [one["id"] for one in pc["registeredOwners"]] == [worker["id"]]
    group = await graph.get(f"/v1.0/groups/{outer}?$expand=transitiveMembers,owners")
    assert {one["id"] for one in group["transitiveMembers"]} == {inner, worker["id"]}
    assert group["owners"] == []


async def test_nested_navigations_of_intune_are_expanded(graph):
    """Compliance actions within their rule, settings of a policy, categories beside assignments."""
    made = await graph.post(POLICIES, POLICY)
    expand = "$expand=assignments,scheduledActionsForRule($expand=scheduledActionConfigurations($select=actionType))"
    [shown] = await graph.values(f"{POLICIES}?{expand}")
    [rule] = shown["scheduledActionsForRule"]
    assert [set(one) for one in rule["scheduledActionConfigurations"]] == [{"id", "actionType"}]
    assert shown["assignments"] == []
    assert shown["assignments@odata.context"].endswith(f"deviceCompliancePolicies('{made['id']}')/assignments")
    app = (await graph.post(APPS, APP))["id"]
    both = await graph.get(f"{APPS}/{app}?$expand=categories,assignments")
    assert (both["categories"], both["assignments"]) == ([], [])
    assert both["@odata.context"].endswith("mobileApps(categories(),assignments())/$entity")


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "query",
    [
        "$expand=nothing",
        "$expand=members(",
        "$expand=members)",
        "$expand=members($filter=id eq 'x')",
        "$expand=members($expand=owners)",
        "$expand=members($top=0)",
        "$expand=members($select=id;$select=id)",
        "$expand=" + "members(" * 30 + ")" * 30,
        "$expand=" + ",".join(["members"] * 30),
        "$skip=1",
        "$orderby=displayName sideways",
        "$orderby=" + ",".join(["displayName"] * 30),
        "$select=nothing",
        "$top=1000",
        "$top=1&$top=2",
        "$top=1&top=2",
        "$count=maybe",
    ],
)
async def test_what_is_not_honoured_is_refused(graph, query):
    """No option is dropped in silence: 400 before the directory is asked."""
    assert (await graph.get(f"/v1.0/groups?{query}", expect=400))["error"]["code"] == "BadRequest"


async def test_search_speaks_both_dialects(graph, rt, tenant):
    """Directory: named clauses with the header; Intune: free text; AND binds closer than OR."""
    for name, description in (("Red", "warm"), ("Blue", "cold"), ("Reddish", "cold")):
        await _group(rt, tenant, name, description=description)

    async def found(text):
        listed = await graph.client.get(
            "/v1.0/groups",
            params={"$search": text},
            headers={"authorization": f"Bearer {graph.token}", **ADVANCED},
        )
        assert listed.status_code == 200, listed.text
        return sorted(one["displayName"] for one in listed.json()["value"])

    assert await found('"displayName:red"') == ["Red", "Reddish"]
    assert await found('"displayName:red" AND "description:cold"') == ["Reddish"]
    assert await found('"description:warm" OR "displayName:blue"') == ["Blue", "Red"]
    assert await found('"description:warm" OR "displayName:red" AND "description:cold"') == ["Red", "Reddish"]
    refused = await graph.get('/v1.0/groups?$search="displayName:red"', expect=400)
    assert refused["error"]["code"] == "Request_UnsupportedQuery"
    for number in range(3):
        await rt.store.write(
            tenant,
            lambda tx, n=number: management.APPS.insert(tx, {"kind": "win32LobApp", "display_name": f"Tool {n}"}),
        )
    isof = "$filter=isof('microsoft.graph.win32LobApp')"
    assert len(await graph.values(f'{APPS}?$search="tool 1"&{isof}')) == 1
    assert len(await graph.values(f"{APPS}?$search=tool&{isof}")) == 3
    assert len(await graph.values(f'{APPS}?$search="tool 1" OR "tool 2"&{isof}')) == 2


async def test_advanced_queries_need_header_and_count(graph, rt, tenant):
    """Each of the harder queries is refused without both, and answered with them."""
    await _group(rt, tenant, "Red")
    for query in (
        "$filter=displayName ne 'x'",
        "$filter=not(startswith(displayName,'x'))",
        "$filter=endswith(mail,'x')",
        "$filter=startswith(displayName,'R')&$orderby=displayName",
        "$filter=members/$count eq 0",
    ):
        for headers, more in ((None, "&$count=true"), (ADVANCED, "")):
            refused = await graph.get(f"/v1.0/groups?{query}{more}", expect=400, headers=headers)
            assert refused["error"]["code"] == "Request_UnsupportedQuery", query
        assert "@odata.count" in await graph.get(f"/v1.0/groups?{query}&$count=true", headers=ADVANCED)
    assert "@odata.count" not in await graph.get("/v1.0/groups?$count=true")
    refused = await graph.get("/v1.0/groups/$count", expect=400)
    assert refused["error"]["code"] == "Request_BadRequest"
    counted = await graph.call("GET", "/v1.0/groups/$count?$filter=displayName ne 'x'", headers=ADVANCED)
    assert (counted.text, counted.headers["content-type"]) == ("1", "text/plain; charset=utf-8")
    assert (await graph.call("GET", f"{AUTOPILOT}/$count")).text == "0"


async def test_members_of_one_type_are_filtered_searched_and_sorted(graph, rt, tenant):
    """With a cast a list of members is a list like any other; without one what it cannot do is refused by name."""
    team, outer = await _group(rt, tenant, "Team"), await _group(rt, tenant, "Outer")
    users = [await person(rt, tenant, name) for name in ("ann", "bob", "ada")]
    await _fill(rt, tenant, team, users)
    await rt.store.write(tenant, lambda tx: directory.add_member(tx, outer, "group", team, principal=SYSTEM_PRINCIPAL))

    async def found(path, **params):
        headers = {"authorization": f"Bearer {graph.token}", **ADVANCED}
        answer = await graph.client.get(f"/v1.0/groups/{path}", params=params, headers=headers)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert all(one["@odata.type"] == "#microsoft.graph.user" for one in body["value"])
        return [one["displayName"] for one in body["value"]]

    members = f"{team}/members/microsoft.graph.user"
    count = {"$count": "true"}
    assert sorted(await found(members, **{"$filter": "startswith(displayName,'a')"})) == ["Ada", "Ann"]
    assert await found(members, **{"$orderby": "displayName desc", "$filter": "accountEnabled eq true"}, **count) == [
        "Bob",
        "Ann",
        "Ada",
    ]
    assert await found(f"{outer}/transitiveMembers/graph.user", **{"$search": '"displayName:ad"'}) == ["Ada"]
    assert await found(f"{outer}/members/graph.user", **{"$search": '"displayName:ad"'}) == []
    for query in ("$filter=displayName eq 'Ann'", "$orderby=displayName", "$skip=1"):
        assert (await graph.get(f"/v1.0/groups/{team}/members?{query}", expect=400))["error"]["code"] == "BadRequest"
    await graph.get(f"/v1.0/groups/{users[0]['id']}/members/graph.user?$filter=displayName eq 'Ann'", expect=404)


async def test_pages_stay_as_they_are_while_rows_come_and_go(graph, rt, tenant):
    """Who stays is shown once, in either family and among members, whoever is added or deleted between two pages."""
    users = [await person(rt, tenant, f"u{n}") for n in range(6)]
    team = await _group(rt, tenant, "Team")
    await _fill(rt, tenant, team, users)
    path = f"/v1.0/groups/{team}/members?$top=2"
    seen = await _pages(graph, path, lambda: _leave(graph, team, min(user["id"] for user in users)))
    assert sorted(seen) == sorted({user["id"] for user in users})

    def write(tx):
        return [autopilot.DEVICES.insert(tx, {"serial_number": f"S{n}"})["id"] for n in range(6)]

    rows = await rt.store.write(tenant, write)

    async def change():
        await rt.store.write(tenant, lambda tx: autopilot.DEVICES.delete(tx, rows[0]))
        await rt.store.write(tenant, lambda tx: autopilot.DEVICES.insert(tx, {"serial_number": "S0"}))

    shown = await _pages(graph, f"{AUTOPILOT}?$top=2&$orderby=serialNumber", change)
    assert shown == rows
    skipped = await graph.values(f"{AUTOPILOT}?$skip=1&$top=2&$orderby=serialNumber desc")
    assert [one["serialNumber"] for one in skipped] == ["S4", "S3"]


async def _pages(graph, path, meanwhile):
    """The ids on every page; something happens after the first."""
    page, seen = await graph.get(path), []
    seen += [one["id"] for one in page["value"]]
    await meanwhile()
    while "@odata.nextLink" in page:
        assert re.fullmatch(r"[\w-]+", page["@odata.nextLink"].rpartition("skiptoken=")[2])
        page = await graph.get(page["@odata.nextLink"])
        seen += [one["id"] for one in page["value"]]
    return seen


async def _leave(graph, team, user_id):
    await graph.call("DELETE", f"/v1.0/groups/{team}/members/{user_id}/$ref", expect=204)


async def test_lists_are_sorted_by_what_clients_ask_for(graph, rt, tenant):
    """The names that the surveyed clients sort by, nulls first, in any case."""

    def write(tx):
        for serial, contacted in (("b", None), ("a", rt.clock.now())):
            autopilot.DEVICES.insert(tx, {"serial_number": serial, "last_contacted_at": contacted})

    await rt.store.write(tenant, write)
    sorted_by = [one["serialNumber"] for one in await graph.values(f"{AUTOPILOT}?$orderBy=lastContactedDateTime")]
    assert sorted_by == ["b", "a"]
    for path in (
        "/v1.0/users?$orderby=displayName",
        "/v1.0/groups?$orderby=displayName desc",
        "/v1.0/devices?$orderby=displayName",
        f"{APPS}?$orderby=displayName",
        f"{APPS}?$orderby=createdDateTime desc",
        f"{DEVICE_MANAGEMENT}/configurationPolicies?$orderby=name",
        f"{DEVICE_MANAGEMENT}/deviceConfigurations?$orderby=displayName asc",
        f"{DEVICE_MANAGEMENT}/managedDevices?$orderby=lastSyncDateTime desc",
        f"{DEVICE_MANAGEMENT}/auditEvents?$orderby=activityDateTime desc",
        f"{DEVICE_MANAGEMENT}/windowsAutopilotDeploymentProfiles?$orderby=displayName",
        f"{DEVICE_MANAGEMENT}/deviceEnrollmentConfigurations?$orderby=priority",
    ):
        await graph.get(path)
