"""Directory objects asked for by their ids, and what they are members of (02 section 6)."""

import pytest

from support.graph_client import person
from taxiway import directory
from taxiway.directory import SYSTEM_PRINCIPAL

NOBODY = "00000000-1111-4000-8000-000000000000"


@pytest.fixture
async def world(rt, tenant):
    """A user in a group that is nested in another, and a device."""
    user = (await person(rt, tenant, "ann", directory.INTUNE_ADMINISTRATOR))["id"]

    def write(tx):
        inner, outer, other = (
            directory.create_group(tx, principal=SYSTEM_PRINCIPAL, display_name=name)["id"]
            for name in ("Inner", "Outer", "Other")
        )
        directory.add_member(tx, inner, "user", user, principal=SYSTEM_PRINCIPAL)
        directory.add_member(tx, outer, "group", inner, principal=SYSTEM_PRINCIPAL)
        device = directory.create_anchor(tx, ztdid="z", physical_ids=["[ZTDID]:z"], display_name="SN")["id"]
        return {"user": user, "inner": inner, "outer": outer, "other": other, "device": device}

    return await rt.store.write(tenant, write)


async def _asked(graph, path, body):
    answer = await graph.post(f"/v1.0/{path}", body, expect=200)
    assert answer["@odata.context"].endswith("$metadata#Collection(Edm.String)")
    return set(answer["value"])


async def test_objects_are_found_by_their_ids(graph, world):
    """Each with its type; what nobody knows is left out, and only the types asked for are shown."""
    ids = [world["user"].upper(), world["inner"], world["device"], NOBODY]
    found = (await graph.post("/v1.0/directoryObjects/getByIds", {"ids": ids}, expect=200))["value"]
    assert [one["@odata.type"].rpartition(".")[2] for one in found] == ["user", "group", "device"]
    body = {"ids": ids, "types": ["device", "servicePrincipal"]}
    found = (await graph.post("/v1.0/directoryObjects/microsoft.graph.getByIds", body, expect=200))["value"]
    assert [one["id"] for one in found] == [world["device"]]
    shown = await graph.get(f"/v1.0/directoryObjects/{world['device']}")
    assert shown["@odata.type"] == "#microsoft.graph.device"


async def test_memberships_are_checked_and_listed(graph, world):
    """Nested groups count; a user's directory roles are among the objects; `me` is the caller."""
    inner, outer, other = world["inner"], world["outer"], world["other"]
    for owner in (f"users/{world['user']}", f"directoryObjects/{world['user']}"):
        asked = {"groupIds": [outer.upper(), other, NOBODY]}
        assert await _asked(graph, f"{owner}/checkMemberGroups", asked) == {outer}
        assert await _asked(graph, f"{owner}/getMemberGroups", {"securityEnabledOnly": True}) == {inner, outer}
        role = directory.INTUNE_ADMINISTRATOR
        assert await _asked(graph, f"{owner}/checkMemberObjects", {"ids": [role, other]}) == {role}
        assert await _asked(graph, f"{owner}/getMemberObjects", {}) == {inner, outer, role}
    assert await _asked(graph, f"groups/{inner}/getMemberGroups", {"securityEnabledOnly": False}) == {outer}
    assert await _asked(graph, f"devices/{world['device']}/checkMemberGroups", {"groupIds": [inner]}) == set()
    assert await _asked(graph, "me/getMemberGroups", {"securityEnabledOnly": False}) == set()


async def test_groups_hold_somebody_themselves_or_through_others(graph, world):
    """`memberOf` shows the groups that hold the object themselves, `transitiveMemberOf` all, each with its count."""
    me = (await graph.get("/v1.0/me"))["id"]
    reference = {"@odata.id": f"https://x/directoryObjects/{me}"}
    await graph.call("POST", f"/v1.0/groups/{world['inner']}/members/$ref", reference, expect=204)
    both = sorted([world["inner"], world["outer"]])
    for owner in ("me", f"users/{world['user']}"):
        for name, expected in (("memberOf", [world["inner"]]), ("transitiveMemberOf", both)):
            path = f"/v1.0/{owner}/{name}"
            assert [one["id"] for one in await graph.values(path)] == expected
            assert [one["id"] for one in await graph.values(f"{path}/microsoft.graph.group?$select=id")] == expected
            counted = await graph.call("GET", f"{path}/$count", headers={"ConsistencyLevel": "eventual"})
            assert counted.text == str(len(expected))
    assert [one["id"] for one in await graph.values(f"/v1.0/groups/{world['inner']}/memberOf")] == [world["outer"]]


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("directoryObjects/getByIds", {}, 400),
        ("directoryObjects/getByIds", {"ids": ["x"] * 1001}, 400),
        ("directoryObjects/getByIds", {"ids": [1]}, 400),
        ("me/checkMemberGroups", {}, 400),
        ("me/checkMemberGroups", {"groupIds": [NOBODY] * 21}, 400),
        ("me/getMemberGroups", {"securityEnabledOnly": "perhaps"}, 400),
        (f"groups/{NOBODY}/getMemberGroups", {}, 404),
        ("users/nobody@contoso.example/getMemberObjects", {}, 404),
        (f"directoryObjects/{NOBODY}/checkMemberObjects", {"ids": ["x"]}, 404),
        ("groupSettings", {}, 501),
        ("policies/authorizationPolicy", {}, 501),
    ],
)
async def test_what_cannot_be_asked_is_refused(graph, path, body, status):
    """Too many ids, none, of another type, of nobody; what is not served names itself."""
    assert (await graph.post(f"/v1.0/{path}", body, expect=status))["error"]["message"]
