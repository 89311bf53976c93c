"""Delta queries of users, groups and devices: readers of the one log (02 section 1.9; design, rule 4)."""

import base64
import json

import httpx
import pytest

from support.graph_client import Graph, mint, person
from taxiway import directory
from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.doors import Door
from taxiway.graph import http
from taxiway.graph.resources import deltas

GROUP = {"displayName": "Team", "mailEnabled": False, "mailNickname": "team", "securityEnabled": True}


async def _round(graph, link):
    """Follow a round to its end: everything on its pages, how many pages, and the link of the next round."""
    found, pages = [], 0
    while True:
        page = await graph.get(link)
        found += page["value"]
        pages += 1
        assert ("@odata.nextLink" in page) != ("@odata.deltaLink" in page)
        if "@odata.deltaLink" in page:
            return found, pages, page["@odata.deltaLink"]
        link = page["@odata.nextLink"]


async def _anchor(rt, tenant, number, tag=""):
    def write(tx):
        ztdid = f"ztd-{number}"
        ids = directory.tagged_ids(ztdid, tag)
        return directory.create_anchor(tx, ztdid=ztdid, physical_ids=ids, display_name=f"SN-{number}")["id"]

    return await rt.store.write(tenant, write)


async def test_users_are_told_once_and_then_what_changed(graph, rt, tenant):
    """Pages of the first round, then new, changed and deleted users; a round without changes is empty."""
    made = [await person(rt, tenant, f"user{n}") for n in range(4)]
    everybody, pages, link = await _round(graph, "/v1.0/users/delta?$select=displayName&$top=2")
    assert {one["id"] for one in everybody} >= {one["id"] for one in made}
    assert len(everybody) == 5
    assert pages == 3
    assert set(everybody[0]) == {"id", "displayName"}
    nothing, _, link = await _round(graph, link)
    assert nothing == []
    await graph.call("PATCH", f"/v1.0/users/{made[0]['id']}", {"displayName": "Changed"}, expect=204)
    await graph.call("DELETE", f"/v1.0/users/{made[1]['id']}", expect=204)
    new = await person(rt, tenant, "newcomer")
    changed, _, link = await _round(graph, link)
    assert {one["id"]: one.get("displayName") for one in changed} == {
        made[0]["id"]: "Changed",
        made[1]["id"]: None,
        new["id"]: "Newcomer",
    }
    [gone] = [one for one in changed if "@removed" in one]
    assert gone == {"id": made[1]["id"], "@removed": {"reason": "changed"}}
    await graph.call("DELETE", f"/v1.0/directory/deletedItems/{made[1]['id']}", expect=204)
    purged, _, _ = await _round(graph, link)
    assert purged == [{"id": made[1]["id"], "@removed": {"reason": "deleted"}}]


async def test_a_token_outlives_the_process(graph, rt, tenant):
    """Another process that opens the same database goes on where the token says: nothing is kept in memory."""
    _, _, link = await _round(graph, "/v1.0/users/delta?$select=displayName")
    new = await person(rt, tenant, "newcomer")
    door = Door(http.routes(rt), rt.entropy)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(door), base_url="https://localhost:8443") as client:
        found, _, _ = await _round(Graph(rt, client, graph.token), link)
    assert found == [{"id": new["id"], "displayName": "Newcomer"}]


async def test_what_changes_while_the_first_round_pages_is_told_in_the_next(graph, rt, tenant):
    """The log is read from where the first page stood, so that nothing falls between two pages."""
    for n in range(3):
        await person(rt, tenant, f"user{n}")
    first = await graph.get("/v1.0/users/delta?$top=2")
    seen = first["value"][0]["id"]
    await graph.call("PATCH", f"/v1.0/users/{seen}", {"displayName": "Meanwhile"}, expect=204)
    _, _, link = await _round(graph, first["@odata.nextLink"])
    changed, _, _ = await _round(graph, link)
    assert [(one["id"], one["displayName"]) for one in changed] == [(seen, "Meanwhile")]


async def test_r055_members_by_hand_and_by_rule_are_told(graph, rt, tenant):
    """`members@delta` says who came and who left, whether a person or a rule decided it."""
    user = await person(rt, tenant, "ann")
    team = (await graph.post("/v1.0/groups", GROUP))["id"]
    rule = '(device.devicePhysicalIds -any (_ -eq "[OrderID]:kiosk"))'
    kiosks = await graph.post(
        "/v1.0/groups",
        GROUP
        | {"displayName": "Kiosks", "mailNickname": "k", "groupTypes": ["DynamicMembership"], "membershipRule": rule},
    )
    everything, _, link = await _round(graph, "/v1.0/groups/delta")
    assert {one["id"]: one["members@delta"] for one in everything} == {team: [], kiosks["id"]: []}
    reference = {"@odata.id": f"https://graph.microsoft.com/v1.0/directoryObjects/{user['id']}"}
    await graph.call("POST", f"/v1.0/groups/{team}/members/$ref", reference, expect=204)
    device = await _anchor(rt, tenant, 1, "kiosk")
    came, _, link = await _round(graph, link)
    person_json = {"@odata.type": "#microsoft.graph.user", "id": user["id"]}
    device_json = {"@odata.type": "#microsoft.graph.device", "id": device}
    assert {one["id"]: one["members@delta"] for one in came} == {team: [person_json], kiosks["id"]: [device_json]}

    def retag(tx):
        row = directory.DEVICES.require(tx, device)
        entries = directory.tagged_ids(row["ztdid"], "desk")
        directory.update_device(tx, device, {"physical_ids": directory.retag(row, entries)})

    await rt.store.write(tenant, retag)
    await graph.call("DELETE", f"/v1.0/groups/{team}/members/{user['id']}/$ref", expect=204)
    left, _, link = await _round(graph, link)
    removed = {"@removed": {"reason": "deleted"}}
    assert {one["id"]: one["members@delta"] for one in left} == {
        team: [person_json | removed],
        kiosks["id"]: [device_json | removed],
    }
    await graph.call("DELETE", f"/v1.0/groups/{team}", expect=204)
    gone, _, _ = await _round(graph, link)
    assert gone == [{"id": team, "@removed": {"reason": "changed"}}]


async def test_members_of_nested_groups_are_not_told_as_members(graph, rt, tenant):
    """Only whom a group holds itself; who becomes its own member beside being nested is told too."""
    user = await person(rt, tenant, "ann")
    upper, lower = [(await graph.post("/v1.0/groups", GROUP | {"mailNickname": n}))["id"] for n in ("up", "low")]

    async def add(group_id, member_id):
        reference = {"@odata.id": f"https://x/directoryObjects/{member_id}"}
        await graph.call("POST", f"/v1.0/groups/{group_id}/members/$ref", reference, expect=204)

    await add(upper, lower)
    _, _, link = await _round(graph, "/v1.0/groups/delta?$select=displayName,members")
    await add(lower, user["id"])
    nested, _, link = await _round(graph, link)
    assert [(one["id"], len(one["members@delta"])) for one in nested] == [(lower, 1)]
    await add(upper, user["id"])
    own, _, link = await _round(graph, link)
    assert [(one["id"], one["members@delta"][0]["id"]) for one in own] == [(upper, user["id"])]
    await graph.call("DELETE", f"/v1.0/groups/{upper}/members/{user['id']}/$ref", expect=204)
    nested_again, _, _ = await _round(graph, link)
    assert [one["members@delta"][0]["@removed"] for one in nested_again] == [{"reason": "deleted"}]


async def test_a_large_group_goes_on_on_the_next_page(graph, rt, tenant, monkeypatch):
    """A page has only so many members; the group comes again until all were told, none twice."""
    monkeypatch.setattr(deltas, "MEMBERS", 2)
    team = (await graph.post("/v1.0/groups", GROUP))["id"]
    users = [await person(rt, tenant, f"user{n}") for n in range(5)]

    def fill(tx):
        for user in users:
            directory.add_member(tx, team, "user", user["id"], principal=SYSTEM_PRINCIPAL)

    await rt.store.write(tenant, fill)
    found, pages, _ = await _round(graph, "/v1.0/groups/delta?$expand=members")
    told = [member["id"] for one in found for member in one["members@delta"]]
    assert sorted(told) == sorted(user["id"] for user in users)
    assert {one["id"] for one in found} == {team}
    assert pages == 3


@pytest.mark.parametrize("form", ["delta", "delta()", "microsoft.graph.delta()"])
async def test_devices_in_every_spelling(graph, rt, tenant, form):
    """Anchors, changes and deletions; from `latest` on only what comes."""
    await _anchor(rt, tenant, 1)
    start = await graph.get(f"/v1.0/devices/{form}?$deltatoken=latest")
    assert start["value"] == []
    second = await _anchor(rt, tenant, 2)
    came, _, link = await _round(graph, start["@odata.deltaLink"])
    assert [one["id"] for one in came] == [second]

    def delete(tx):
        directory.delete_device(tx, second, principal=SYSTEM_PRINCIPAL, force=True)

    await rt.store.write(tenant, delete)
    gone, _, _ = await _round(graph, link)
    assert gone == [{"id": second, "@removed": {"reason": "deleted"}}]


async def test_only_the_objects_asked_for(graph, rt, tenant):
    """`$filter=id eq` narrows every round; another filter is refused."""
    one, two = await person(rt, tenant, "one"), await person(rt, tenant, "two")
    found, _, link = await _round(graph, f"/v1.0/users/delta?$filter=id eq '{one['id']}'&$select=displayName")
    assert [each["id"] for each in found] == [one["id"]]
    for user in (one, two):
        await graph.call("PATCH", f"/v1.0/users/{user['id']}", {"jobTitle": "x"}, expect=204)
    changed, _, _ = await _round(graph, link)
    assert [each["id"] for each in changed] == [one["id"]]
    refused = await graph.get("/v1.0/users/delta?$filter=displayName eq 'x'", expect=400)
    assert refused["error"]["code"] == "BadRequest"


@pytest.mark.parametrize("query", ["$deltatoken=nonsense", "$skiptoken=e30", "$orderby=displayName", "$expand=manager"])
async def test_what_is_no_delta_query_is_refused(graph, query):
    """A token that nobody made, and options that delta does not take, are a 400."""
    assert (await graph.get(f"/v1.0/users/delta?{query}", expect=400))["error"]["code"] == "BadRequest"


async def test_a_token_runs_out(graph, rt, tenant):
    """After seven days, or where the log does not reach, 410 says where to begin anew; another list's token is 400."""
    link = (await graph.get("/v1.0/users/delta?$deltatoken=latest&$select=id"))["@odata.deltaLink"]
    token = link.partition("$deltatoken=")[2]
    await graph.get(f"/v1.0/groups/delta?$deltatoken={token}", expect=400)
    state = json.loads(base64.urlsafe_b64decode(token + "=="))
    beyond = base64.urlsafe_b64encode(json.dumps(state | {"number": 10**9}).encode()).decode()
    later = await person(rt, tenant, "second", directory.GLOBAL_ADMINISTRATOR)
    for path, days in ((f"/v1.0/users/delta?$deltatoken={beyond}", 0), (link, 8)):
        rt.clock.advance(days * 86_400)
        graph = Graph(rt, graph.client, await mint(rt, tenant, later["id"]))
        answer = await graph.call("GET", path, expect=410)
        assert answer.json()["error"]["code"] == "SyncStateNotFound"
        assert answer.headers["location"] == "https://localhost:8443/v1.0/users/delta?$select=id"


@pytest.mark.parametrize(
    "forged",
    [
        {"issued": 10**18 * 9},
        {"number": -1},
        {"last": "a\0"},
        {"last": "a", "member": ["user", "a\0"]},
        {"last": "", "options": {"filter": "id eq 'a\0'"}},
    ],
)
async def test_a_token_with_what_no_database_can_be_asked_for_is_refused(graph, rt, tenant, forged):
    """A token comes back from outside: its numbers and texts are checked before anything is done with them."""
    state = {"tenant": tenant, "path": "groups/delta", "number": 0, "issued": int(rt.clock.now().timestamp())}
    await graph.get(f"/v1.0/groups/delta?$deltatoken={_token(state)}")
    await graph.get(f"/v1.0/groups/delta?$deltatoken={_token(state | forged)}", expect=400)


def _token(state):
    return base64.urlsafe_b64encode(json.dumps(state).encode()).decode().rstrip("=")
