"""Owners, managers and extension attributes over Graph (02 sections 6.1 to 6.3)."""

from __future__ import annotations

from graph.test_directory import RULE, USER
from graph.test_licences import GROUP
from support.graph_client import Graph, mint, person
from taxiway import directory


def ref(row):
    return {"@odata.id": f"https://graph.microsoft.com/v1.0/directoryObjects/{row['id']}"}


async def test_owners_are_added_listed_and_removed(graph):
    """By reference and on creation; a second time, an unknown object and another type are named errors."""
    user = await graph.post("/v1.0/users", USER)
    group = await graph.post("/v1.0/groups", {**GROUP, "owners@odata.bind": [ref(user)["@odata.id"]]})
    owners = f"/v1.0/groups/{group['id']}/owners"
    assert [one["id"] for one in await graph.values(owners)] == [user["id"]]
    shown = await graph.get(f"/v1.0/groups/{group['id']}?$expand=owners")
    assert shown["owners"][0]["@odata.type"] == "#microsoft.graph.user"
    await graph.post(f"{owners}/$ref", ref(user), expect=400)
    await graph.post(f"{owners}/$ref", ref(group), expect=400)
    await graph.post(f"{owners}/$ref", ref({"id": "00000000-0000-4000-8000-000000000001"}), expect=404)
    await graph.call("DELETE", f"{owners}/{user['id']}/$ref", expect=204)
    await graph.call("DELETE", f"{owners}/{user['id']}/$ref", expect=404)
    await graph.post(f"{owners}/$ref", ref(user), expect=204)
    count = await graph.call("GET", f"{owners}/$count", headers={"ConsistencyLevel": "eventual"})
    assert count.text == "1"


async def test_an_owner_needs_no_role_for_their_group(graph, rt, tenant, client):
    """Name, members and deletion are the owner's; pausing is not, nor is any other group."""
    owner = await person(rt, tenant, "olga")
    group = await graph.post("/v1.0/groups", GROUP)
    dynamic = await graph.post(
        "/v1.0/groups",
        {**GROUP, "groupTypes": ["DynamicMembership"], "membershipRule": RULE, "membershipRuleProcessingState": "On"},
    )
    other = await graph.post("/v1.0/groups", GROUP)
    for one in (group, dynamic):
        await graph.post(f"/v1.0/groups/{one['id']}/owners/$ref", ref(owner), expect=204)
    hers = Graph(rt, client, await mint(rt, tenant, owner["id"]))
    await hers.call("PATCH", f"/v1.0/groups/{group['id']}", {"displayName": "Hers"}, expect=204)
    await hers.post(f"/v1.0/groups/{group['id']}/members/$ref", ref(owner), expect=204)
    paused = {"membershipRuleProcessingState": "Paused"}
    await hers.call("PATCH", f"/v1.0/groups/{dynamic['id']}", paused, expect=403)
    await graph.call("PATCH", f"/v1.0/groups/{dynamic['id']}", paused, expect=204)
    await hers.call("PATCH", f"/v1.0/groups/{other['id']}", {"displayName": "Hers"}, expect=403)
    await hers.call("DELETE", f"/v1.0/groups/{other['id']}", expect=403)
    await hers.call("DELETE", f"/v1.0/groups/{group['id']}", expect=204)


async def test_managers_and_their_reports(graph):
    """Set, read from both ends, followed by the rule for direct reports, taken away; nobody manages themselves."""
    ada = await graph.post("/v1.0/users", USER)
    boss = await graph.post("/v1.0/users", {**USER, "userPrincipalName": "boss@contoso.example"})
    rule = f'Direct Reports for "{boss["id"]}"'
    body = {**GROUP, "groupTypes": ["DynamicMembership"], "membershipRule": rule, "membershipRuleProcessingState": "On"}
    error = (await graph.post("/v1.0/groups", {**body, "membershipRule": "Direct Reports for x"}, expect=400))["error"]
    assert "innerError" in error
    group = await graph.post("/v1.0/groups", body)
    address = f"/v1.0/users/{ada['id']}/manager"
    await graph.get(address, expect=404)
    await graph.call("PUT", f"{address}/$ref", ref(boss), expect=204)
    await graph.call("PUT", f"{address}/$ref", ref(ada), expect=400)
    await graph.call("PUT", f"{address}/$ref", ref(group), expect=404)
    assert (await graph.get(address))["userPrincipalName"] == "boss@contoso.example"
    [report] = await graph.values("/v1.0/users/boss@contoso.example/directReports")
    assert (report["@odata.type"], report["id"]) == ("#microsoft.graph.user", ada["id"])
    assert [one["id"] for one in await graph.values(f"/v1.0/groups/{group['id']}/members")] == [ada["id"]]
    await graph.call("DELETE", f"{address}/$ref", expect=204)
    assert await graph.values("/v1.0/users/boss@contoso.example/directReports") == []
    assert await graph.values(f"/v1.0/groups/{group['id']}/members") == []


async def test_extension_attributes_of_a_device_are_changed_one_by_one(graph, rt, tenant):
    """What a PATCH does not name stays, null takes away, an unknown one is refused, and rules follow at once."""
    device = await rt.store.write(
        tenant,
        lambda tx: directory.join_device(
            tx, display_name="PC", os="Windows", os_version="10.0.26100.1", trust_type="AzureAd"
        ),
    )
    rule = 'device.extensionAttribute1 -eq "kiosk"'
    body = {**GROUP, "groupTypes": ["DynamicMembership"], "membershipRule": rule, "membershipRuleProcessingState": "On"}
    group = await graph.post("/v1.0/groups", body)
    address = f"/v1.0/devices/{device['id']}"

    async def patch(expect=204, **attributes):
        await graph.call("PATCH", address, {"extensionAttributes": attributes}, expect=expect)
        members = await graph.values(f"/v1.0/groups/{group['id']}/members")
        return (await graph.get(address.replace("v1.0", "beta")))["extensionAttributes"], len(members)

    assert await patch(extensionAttribute1="Kiosk") == ({"extensionAttribute1": "Kiosk"}, 1)
    both = {"extensionAttribute1": "Kiosk", "extensionAttribute15": "x"}
    assert await patch(extensionattribute15="x") == (both, 1)
    assert await patch(extensionAttribute1=None) == ({"extensionAttribute15": "x"}, 0)
    for wrong in ({"extensionAttribute16": "x"}, {"extensionAttribute1": 7}, {"extensionAttribute1": "x" * 1025}):
        await patch(expect=400, **wrong)


async def test_what_is_expanded_needs_the_permission_of_its_address(graph, rt, tenant):
    """A token that may not list members, devices or people does not get them beside something else."""
    me = await graph.get("/v1.0/me")

    async def holding(scopes):
        return Graph(rt, graph.client, await mint(rt, tenant, me["id"], scopes))

    myself, basic = await holding("User.Read"), await holding("Group.ReadBasic.All")
    for name in ("ownedDevices", "memberOf", "manager", "directReports"):
        await myself.get(f"/v1.0/me?$expand={name}", expect=403)
    await basic.get("/v1.0/groups?$expand=members", expect=403)
    await basic.get("/v1.0/groups?$expand=members($select=id)", expect=403)
    await basic.get("/v1.0/groups?$expand=owners")
    await (await holding("GroupMember.Read.All")).get("/v1.0/groups?$expand=members")
    await (await holding("User.Read Device.Read.All")).get("/v1.0/me?$expand=ownedDevices")
