"""The audit logs of Graph: every change, who made it, what it changed."""

from __future__ import annotations

import pytest

from graph.test_directory import RULE, USER
from graph.test_licences import GROUP
from support.graph_client import Graph, mint, person
from taxiway import autopilot, directory
from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.store import journal

AUDITS = "/v1.0/auditLogs/directoryAudits"
EVENTS = "/v1.0/deviceManagement/auditEvents"


async def test_each_change_is_audited_with_actor_target_and_values(graph, rt, tenant):
    """Who, what and on what; old and new value of each property; the newest first, on pages that can be followed."""
    user, group = await graph.post("/v1.0/users", USER), await graph.post("/v1.0/groups", GROUP)
    me = (await graph.get("/v1.0/me"))["id"]
    await graph.call("PATCH", f"/v1.0/users/{user['id']}", {"department": "Sales"}, expect=204)
    reference = {"@odata.id": f"x/{user['id']}"}
    await graph.post(f"/v1.0/groups/{group['id']}/members/$ref", reference, expect=204)
    await graph.call("DELETE", f"/v1.0/users/{user['id']}", expect=204)
    found = await graph.values(f"{AUDITS}?$filter=targetResources/any(t:t/id eq '{user['id']}')")
    names = [one["activityDisplayName"] for one in found]
    assert {
        "Add user",
        "Update user",
        "Remove member from group",
        "Revoke sign-in sessions",
        "Add member to group",
        "Delete user",
        "Set user password",
    } <= set(names)
    changed = next(one for one in found if one["activityDisplayName"] == "Update user")
    assert changed["initiatedBy"]["user"]["userPrincipalName"] == "root@contoso.example"
    [target] = changed["targetResources"]
    assert (target["userPrincipalName"], target["type"]) == (USER["userPrincipalName"], "User")
    assert target["modifiedProperties"] == [{"displayName": "department", "oldValue": None, "newValue": "Sales"}]
    joined = next(one for one in found if one["activityDisplayName"] == "Add member to group")
    assert [one["id"] for one in joined["targetResources"]] == [user["id"], group["id"]]
    assert await graph.get(f"{AUDITS}/{found[0]['id']}") == {
        "@odata.context": "https://localhost:8443/v1.0/$metadata#auditLogs/directoryAudits/$entity",
        **found[0],
    }
    both = f"category eq 'GroupManagement' and initiatedBy/user/id eq '{me}'"
    shown = await graph.values(f"{AUDITS}?$filter={both}")
    assert {one["activityDisplayName"] for one in shown} == {
        "Add group",
        "Add member to group",
        "Remove member from group",
    }
    page = await graph.get(f"{AUDITS}?$top=2&$orderby=activityDateTime desc")
    seen = [one["id"] for one in page["value"]]
    while "@odata.nextLink" in page:
        page = await graph.get(page["@odata.nextLink"])
        seen += [one["id"] for one in page["value"]]
    assert seen == [one["id"] for one in await graph.values(f"{AUDITS}?$top=999")]


async def test_an_audit_is_searched_by_time(graph, rt):
    """From, until, and both; a time before everything and one after it find nothing."""
    times = []
    for name in ("a", "b", "c"):
        rt.clock.advance(3600)
        times.append(rt.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"))
        await graph.post("/v1.0/groups", {**GROUP, "displayName": name})

    async def names(text):
        found = await graph.values(f"{AUDITS}?$filter=activityDisplayName eq 'Add group' and {text}")
        return [one["targetResources"][0]["displayName"] for one in found]

    assert await names(f"activityDateTime ge {times[1]}") == ["c", "b"]
    assert await names(f"activityDateTime le {times[1]}") == ["b", "a"]
    assert await names(f"activityDateTime ge {times[1]} and activityDateTime le {times[1]}") == ["b"]
    assert await names(f"activityDateTime gt {times[0]} and activityDateTime lt {times[2]}") == ["b"]
    assert await names("activityDateTime le 2001-01-01T00:00:00Z") == []
    assert await names("activityDateTime ge 2101-01-01T00:00:00Z") == []


async def test_a_page_looks_through_a_bounded_part_of_the_log(graph, rt, tenant, monkeypatch):
    """What is rare in a long log is found over several pages, none of which reads it whole."""
    made = await graph.post("/v1.0/groups", GROUP)
    await rt.store.write(tenant, lambda tx: [tx.log("session.ended", subject="x") for _ in range(95)])
    monkeypatch.setattr(journal, "WINDOW", 20)
    address, pages, found = f"{AUDITS}?$filter=activityDisplayName eq 'Add group'", 0, []
    while address:
        page = await graph.get(address)
        pages, found, address = pages + 1, found + page["value"], page.get("@odata.nextLink")
    assert pages > 4
    assert [one["targetResources"][0]["id"] for one in found] == [made["id"]]


async def test_intune_audits_what_its_rooms_change(graph, rt, tenant):
    """A profile made and assigned; IntuneCD's query is taken as it is; the directory's changes are not among them."""

    def write(tx):
        return autopilot.create_profile(tx, {"display_name": "Standard"}, principal=SYSTEM_PRINCIPAL)["id"]

    profile = await rt.store.write(tenant, write, actor="user:nobody")
    group = await graph.post("/v1.0/groups", GROUP)
    target = {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": group["id"]}
    path = f"/beta/deviceManagement/windowsAutopilotDeploymentProfiles/{profile}/assignments"
    await graph.post(path, {"target": target})
    query = "$filter=activityDateTime gt 2020-01-01T00:00:00Z and activityOperationType ne 'Get'"
    found = await graph.values(f"{EVENTS}?{query}&$orderby=activityDateTime desc&$select=activityType,actor,resources")
    made = found[-1]
    assert made["activityType"] == "Create WindowsAutopilotDeploymentProfile"
    assert (made["actor"]["auditActorType"], made["actor"]["userId"]) == ("ItPro", "nobody")
    assert (made["resources"][0]["resourceId"], made["resources"][0]["displayName"]) == (profile, "Standard")
    assert {one["actor"]["userPrincipalName"] for one in found[:-1]} == {"root@contoso.example"}
    assert "displayName" not in made
    assert (await graph.get(f"{EVENTS}/{made['id']}"))["activityResult"] == "Success"


@pytest.mark.parametrize(
    "query",
    [
        "$filter=result eq 'success' or category eq 'x'",
        "$filter=secret eq 'x'",
        "$filter=activityDateTime ge 'soon'",
        "$filter=targetResources/any(t:t/displayName eq 'x')",
        "$filter=not (category eq 'x')",
        "$orderby=activityDateTime",
        "$top=0",
        "$skiptoken=-1",
        "$search=x",
        "$filter=category eq",
    ],
)
async def test_what_an_audit_cannot_be_asked_is_a_named_400(graph, query):
    """Neither a scan nor a silence."""
    for address in (AUDITS, EVENTS):
        await graph.get(f"{address}?{query}", expect=400)


async def test_who_may_read_the_audit(rt, tenant, client, graph):
    """Its own permission and a role that reads it; an unknown item is a 404; a failure is never on record."""
    await graph.post("/v1.0/groups", {**GROUP, "groupTypes": ["DynamicMembership"], "membershipRule": RULE})
    assert await graph.values(f"{AUDITS}?$filter=result eq 'failure'") == []
    for wrong in ("Directory_0", "Directory_999999", "x", "Directory_1_", f"Directory_{10**30}"):
        await graph.get(f"{AUDITS}/{wrong}", expect=404)
    for name, roles, ours, theirs in (
        ("plain", [], 403, 403),
        ("intune", [directory.INTUNE_ADMINISTRATOR], 403, 200),
    ):
        user = await person(rt, tenant, name, *roles)
        hers = Graph(rt, client, await mint(rt, tenant, user["id"]))
        await hers.get(AUDITS, expect=ours)
        await hers.get(EVENTS, expect=theirs)
    reader = await person(rt, tenant, "reader", "f2ef992c-3afb-46b9-b7cf-a126ee74c451")
    await Graph(rt, client, await mint(rt, tenant, reader["id"])).get(AUDITS)
    await Graph(rt, client, await mint(rt, tenant, reader["id"], "User.Read")).get(AUDITS, expect=403)


async def test_intune_events_are_found_by_the_type_of_what_was_changed(graph):
    """As IntuneCD asks: with the service's namespace before the type, or without it."""
    body = {"@odata.type": "#microsoft.graph.webApp", "displayName": "Site"}
    made = await graph.post("/beta/deviceAppManagement/mobileApps", body)
    await graph.post("/beta/deviceManagement/deviceShellScripts", {"displayName": "Printers"})
    for name in ("Microsoft.Management.Services.Api.MobileApp", "mobileapp"):
        [event] = await graph.values(f"{EVENTS}?$filter=resources/any(s:s/auditResourceType eq '{name}')")
        assert event["resources"][0]["resourceId"] == made["id"]
    await graph.get(f"{EVENTS}?$filter=resources/any(s:s/displayName eq 'x')", expect=400)


async def test_an_audit_log_is_searched_from_the_beginning_of_time_to_its_end(graph, rt, tenant):
    """The first and the last moment of the calendar, in any zone, are moments like others."""
    await graph.post("/v1.0/groups", GROUP)
    whole = "activityDateTime ge {} and activityDateTime le {}"
    for first, last in (
        ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"),
        ("0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-14:00"),
    ):
        for path in (AUDITS, EVENTS):
            found = await graph.values(f"{path}?$filter={whole.format(first, last)}")
            assert (path == EVENTS) or found
    assert await graph.values(f"{AUDITS}?$filter=activityDateTime gt 9999-12-31T23:59:59.999999Z") == []
