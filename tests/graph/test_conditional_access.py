"""Conditional Access policies, authentication methods and sign-in switches over HTTP."""

from __future__ import annotations

import httpx
import pytest

from support.graph_client import Graph, mint, person
from taxiway import signin
from taxiway.doors import Door
from taxiway.signin.policy_http import policy_routes

pytestmark = pytest.mark.anyio

POLICIES = "/identity/conditionalAccess/policies"
POLICY = {
    "displayName": "Require MFA",
    "state": "enabled",
    "conditions": {
        "clientAppTypes": ["all"],
        "users": {"includeUsers": ["All"], "excludeUsers": []},
        "applications": {"includeApplications": ["All"]},
    },
    "grantControls": {"operator": "OR", "builtInControls": ["mfa"]},
}


async def test_policies_are_kept_as_graph_spells_them(graph):
    """Create, read, filter, change, delete; the conditions come back as they were sent."""
    made = await graph.post(f"/v1.0{POLICIES}", POLICY)
    assert made["conditions"]["users"]["includeUsers"] == ["All"]
    assert made["grantControls"]["builtInControls"] == ["mfa"]
    assert made["createdDateTime"]
    [listed] = await graph.values(f"/v1.0{POLICIES}?$filter=state eq 'enabled'")
    assert listed["id"] == made["id"]
    await graph.call("PATCH", f"/v1.0{POLICIES}/{made['id']}", {"state": "disabled"}, expect=204)
    changed = await graph.get(f"/beta{POLICIES}/{made['id']}")
    assert (changed["state"], changed["displayName"]) == ("disabled", "Require MFA")
    assert changed["modifiedDateTime"]
    await graph.call("DELETE", f"/v1.0{POLICIES}/{made['id']}", expect=204)
    await graph.get(f"/v1.0{POLICIES}/{made['id']}", expect=404)


async def test_what_is_wrong_or_not_evaluated_is_named(graph):
    """400 for a policy that cannot be, 501 for one that would promise too much."""
    empty = await graph.call("POST", f"/v1.0{POLICIES}", {**POLICY, "grantControls": None}, expect=400)
    assert "asks for nothing" in empty.json()["error"]["message"]
    conditions = {**POLICY["conditions"], "platforms": {"includePlatforms": ["windows"]}}
    beyond = await graph.call("POST", f"/v1.0{POLICIES}", {**POLICY, "conditions": conditions}, expect=501)
    assert "platforms" in beyond.json()["error"]["message"]


async def test_only_permitted_roles_keep_policies(rt, tenant, client):
    """A user without a role is refused, whatever the token's scopes."""
    nobody = await person(rt, tenant, "nobody")
    plain = Graph(rt, client, await mint(rt, tenant, nobody["id"]))
    await plain.call("POST", f"/v1.0{POLICIES}", POLICY, expect=403)


async def test_authentication_methods_are_listed_and_taken_away(rt, graph, tenant):
    """Password, pass and authenticator, each by its own address."""
    user = await person(rt, tenant, "ada")
    await signin.register_totp(rt, tenant, user["id"])
    base = f"/v1.0/users/{user['id']}/authentication"
    made = await graph.post(f"{base}/temporaryAccessPassMethods", {"lifetimeInMinutes": 60})
    kinds = [method["@odata.type"].rpartition(".")[2] for method in await graph.values(f"{base}/methods")]
    assert kinds == [
        "passwordAuthenticationMethod",
        "temporaryAccessPassAuthenticationMethod",
        "softwareOathAuthenticationMethod",
    ]
    [listed] = await graph.values(f"{base}/temporaryAccessPassMethods")
    assert (listed["id"], listed["temporaryAccessPass"]) == (made["id"], None)
    await graph.call("DELETE", f"{base}/temporaryAccessPassMethods/{made['id']}", expect=204)
    await graph.call("DELETE", f"{base}/temporaryAccessPassMethods/{made['id']}", expect=404)
    await graph.call("DELETE", f"{base}/softwareOathMethods/{user['id']}", expect=204)
    assert await graph.values(f"{base}/softwareOathMethods") == []


async def test_sign_in_switches_are_read_and_changed_by_permitted_roles(rt, tenant, client, graph):
    """``/taxiway/signin-policy``: unknown names are a 400, other people a 403, no token a 401."""
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(Door(policy_routes(rt), rt.entropy)), base_url="https://localhost:8443"
    ) as http:
        admin = Graph(rt, http, graph.token)
        path = "/taxiway/signin-policy"
        assert (await admin.get(path))["ropc_enabled"] is False
        changed = await admin.call("PATCH", path, {"ropc_enabled": True})
        assert changed.json()["ropc_enabled"] is True
        await admin.call("PATCH", path, {"ropc": True}, expect=400)
        await admin.call("PATCH", path, raw=b"[]", expect=400)
        nobody = await person(rt, tenant, "nobody")
        await Graph(rt, http, await mint(rt, tenant, nobody["id"])).call("PATCH", path, {}, expect=403)
        await Graph(rt, http, "x").get(path, expect=401)
