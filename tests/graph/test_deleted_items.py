"""``directory/deletedItems`` over Graph, and that nobody who is deleted signs in."""

from __future__ import annotations

import pytest

from graph.test_directory import USER
from graph.test_licences import GROUP
from support.graph_client import Graph, mint
from taxiway.signin import SignInError, credentials

ITEMS = "/v1.0/directory/deletedItems"


async def test_deleted_users_and_groups_are_listed_restored_and_purged(graph):
    """Each under its type, with the time of deletion; restored they are back at their address."""
    user, group = await graph.post("/v1.0/users", USER), await graph.post("/v1.0/groups", GROUP)
    for path in (f"users/{user['id']}", f"groups/{group['id']}"):
        await graph.call("DELETE", f"/v1.0/{path}", expect=204)
    [listed] = await graph.values(f"{ITEMS}/microsoft.graph.user?$select=id,deletedDateTime,userPrincipalName")
    assert (listed["id"], listed["userPrincipalName"]) == (user["id"], USER["userPrincipalName"])
    assert listed["deletedDateTime"]
    assert [one["id"] for one in await graph.values(f"{ITEMS}/graph.group")] == [group["id"]]
    assert await graph.values(f"{ITEMS}/microsoft.graph.group?$filter=displayName eq 'Other'") == []
    assert (await graph.get(f"{ITEMS}/{group['id']}"))["@odata.type"] == "#microsoft.graph.group"
    await graph.get(ITEMS, expect=400)
    await graph.get(f"{ITEMS}/microsoft.graph.device", expect=501)
    restored = await graph.post(f"{ITEMS}/{user['id']}/restore", expect=200)
    assert (restored["@odata.type"], restored["id"]) == ("#microsoft.graph.user", user["id"])
    assert (await graph.get(f"/v1.0/users/{user['id']}"))["displayName"] == USER["displayName"]
    await graph.call("DELETE", f"{ITEMS}/{group['id']}", expect=204)
    await graph.post(f"{ITEMS}/{group['id']}/restore", expect=404)


async def test_pages_of_deleted_users_follow_their_links(graph):
    """Every object once; the link keeps the type."""
    for number in range(3):
        name = f"u{number}"
        body = {**USER, "userPrincipalName": f"{name}@contoso.example", "mailNickname": name}
        made = await graph.post("/v1.0/users", body)
        await graph.call("DELETE", f"/v1.0/users/{made['id']}", expect=204)
    page = await graph.get(f"{ITEMS}/microsoft.graph.user?$top=2&$orderby=deletedDateTime desc")
    assert "microsoft.graph.user" in page["@odata.nextLink"]
    rest = await graph.get(page["@odata.nextLink"])
    assert len({one["id"] for one in page["value"] + rest["value"]}) == 3


async def test_a_name_that_is_taken_is_a_400_that_names_it(graph):
    """The second user keeps the name; the first comes back under another."""
    user = await graph.post("/v1.0/users", USER)
    await graph.call("DELETE", f"/v1.0/users/{user['id']}", expect=204)
    await graph.post("/v1.0/users", USER)
    error = (await graph.post(f"{ITEMS}/{user['id']}/restore", {}, expect=400))["error"]
    assert "userPrincipalName already exists" in error["message"]
    renamed = {"newUserPrincipalName": "ada2@contoso.example"}
    await graph.post(f"{ITEMS}/{user['id']}/restore", renamed, expect=200)
    assert (await graph.get("/v1.0/users/ada2@contoso.example"))["id"] == user["id"]


async def test_a_deleted_user_signs_in_nowhere_and_again_once_restored(graph, rt, tenant, client):
    """The password is refused and the token too; restored, the old password signs in."""
    user = await graph.post("/v1.0/users", USER)
    hers = Graph(rt, client, await mint(rt, tenant, user["id"]))
    await hers.get("/v1.0/me")
    password = USER["passwordProfile"]["password"]

    async def sign_in():
        name = USER["userPrincipalName"]
        return await credentials.check_password(rt, tenant, name, password, address="", correlation="")

    assert (await sign_in()).user_id == user["id"]
    rt.clock.advance(60)
    await graph.call("DELETE", f"/v1.0/users/{user['id']}", expect=204)
    with pytest.raises(SignInError):
        await sign_in()
    await hers.get("/v1.0/me", expect=401)
    await graph.post(f"{ITEMS}/{user['id']}/restore", expect=200)
    assert (await sign_in()).user_id == user["id"]
    await hers.get("/v1.0/me", expect=401)
