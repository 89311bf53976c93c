"""Applications, service principals and consent over Graph, up to the token they are for."""

from __future__ import annotations

import base64

import httpx
import pytest

from support.applications import Certificate, api, role
from support.graph_client import Graph, mint, person
from taxiway import directory, signin
from taxiway.directory.roles import APPLICATION_ADMINISTRATOR
from taxiway.doors import Door
from taxiway.graph.protocol import scopes
from taxiway.signin.http import routes

pytestmark = pytest.mark.anyio

GRAPH_APP = "00000003-0000-0000-c000-000000000000"
V1 = "/v1.0"


@pytest.fixture
async def sign_in(rt):
    """The sign-in service of the same instance."""
    transport = httpx.ASGITransport(Door(routes(rt), rt.entropy))
    async with httpx.AsyncClient(transport=transport, base_url="https://localhost:8443") as made:
        yield made


async def registered(graph, **body):
    """An application and its service principal, as scripts make them."""
    app = await graph.post(f"{V1}/applications", {"displayName": "Automation", **body})
    return app, await graph.post(f"{V1}/servicePrincipals", {"appId": app["appId"]})


async def graph_principal(graph):
    """Microsoft Graph's own service principal, as every grant script looks it up."""
    [found] = await graph.values(f"{V1}/servicePrincipals?$filter=appId eq '{GRAPH_APP}'")
    return found


async def assign(graph, holder, resource, role_id, *, expect=201):
    """Give an app role."""
    body = {"principalId": holder["id"], "resourceId": resource["id"], "appRoleId": role_id}
    path = f"{V1}/servicePrincipals/{holder['id']}/appRoleAssignments"
    return await graph.post(path, body, expect=expect)


async def test_automation_gets_credentials_of_its_own(rt, graph, sign_in, tenant):
    """Register, consent, add a secret, get a token, use it: the whole way of an unattended tool."""
    app, principal = await registered(graph)
    resource = await graph_principal(graph)
    [wanted] = [one for one in resource["appRoles"] if one["value"] == "Device.Read.All"]
    assert wanted["id"] == "7438b122-aefc-4978-80ed-43db9fcc7715"
    made = await assign(graph, principal, resource, wanted["id"])
    assert made["principalType"] == "ServicePrincipal"
    assert made["resourceDisplayName"] == "Microsoft Graph"
    path = f"{V1}/applications/{app['id']}"
    added = await graph.post(f"{path}/addPassword", {"passwordCredential": {"displayName": "ci"}}, expect=200)
    form = {
        "grant_type": "client_credentials",
        "client_id": app["appId"],
        "client_secret": added["secretText"],
        "scope": "https://graph.microsoft.com/.default",
    }
    token = (await sign_in.post(f"/{tenant}/oauth2/v2.0/token", data=form)).json()["access_token"]
    automation = Graph(rt, graph.client, token)
    assert await automation.values(f"{V1}/devices") == []
    await automation.get(f"{V1}/users", expect=403)
    await automation.call("POST", f"{V1}/applications", {"displayName": "More"}, expect=403)


async def test_an_application_is_made_changed_and_deleted(graph):
    """201 with what v1.0 shows; members of complex properties that a PATCH does not name stay; 204, 404."""
    body = {
        "displayName": "Orders",
        "identifierUris": ["api://orders"],
        "web": {"redirectUris": ["https://orders.example/cb"], "logoutUrl": "https://orders.example/out"},
        "api": api("Orders.Read", version=2),
        "appRoles": [role("Reader")],
        "requiredResourceAccess": [
            {"resourceAppId": GRAPH_APP, "resourceAccess": [{"id": GRAPH_APP, "type": "Scope"}]}
        ],
        "tags": ["tool"],
        "somethingNew": 1,
    }
    made = await graph.post(f"{V1}/applications", body)
    assert made["@odata.context"].endswith("/v1.0/$metadata#applications/$entity")
    assert made["signInAudience"] == "AzureADMyOrg"
    assert made["spa"] == {"redirectUris": []}
    assert made["api"]["requestedAccessTokenVersion"] == 2
    assert made["publisherDomain"] == "contoso.example"
    path = f"{V1}/applications(appId='{made['appId']}')"
    await graph.call("PATCH", path, {"web": {"homePageUrl": "https://orders.example"}, "notes": "x"}, expect=204)
    shown = await graph.get(f"{V1}/applications/{made['id']}")
    assert shown["web"]["redirectUris"] == ["https://orders.example/cb"]
    assert (shown["web"]["homePageUrl"], shown["notes"]) == ("https://orders.example", "x")
    [found] = await graph.values(f"{V1}/applications?$filter=displayName eq 'orders'&$select=id,appId")
    assert found == {"id": made["id"], "appId": made["appId"]}
    await graph.call("DELETE", path, expect=204)
    await graph.get(f"{V1}/applications/{made['id']}", expect=404)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"displayName": ""},
        {"displayName": "x" * 300},
        {"displayName": "X", "web": {"redirectUris": ["https://*.example"]}},
        {"displayName": "X", "web": {"redirectUris": "https://a.example"}},
        {"displayName": "X", "web": []},
        {"displayName": "X", "spa": {"redirectUris": ["javascript:alert(1)"]}},
        {"displayName": "X", "api": {"oauth2PermissionScopes": [{"value": "a"}]}},
        {"displayName": "X", "api": {"requestedAccessTokenVersion": 3}},
        {"displayName": "X", "appRoles": [role("a"), role("a", 2)]},
        {"displayName": "X", "appRoles": [role("a b")]},
        {"displayName": "X", "identifierUris": ["https://graph.microsoft.com"]},
        {"displayName": "X", "identifierUris": ["not a uri"]},
        {"displayName": "X", "signInAudience": "PersonalMicrosoftAccount"},
        {"displayName": "X", "passwordCredentials": [{"secretText": "x"}]},
        {"displayName": "X", "keyCredentials": [{"type": "Symmetric", "usage": "Sign", "key": "AAAA"}]},
        {"displayName": "X", "keyCredentials": [{"type": "AsymmetricX509Cert", "usage": "Verify", "key": "AAAA"}]},
    ],
)
async def test_what_an_application_does_not_take_is_named(graph, body):
    """400, and nothing is stored."""
    error = (await graph.post(f"{V1}/applications", body, expect=400))["error"]
    assert error["code"] == "Request_BadRequest"
    assert await graph.values(f"{V1}/applications") == []


async def test_a_service_principal_repeats_its_application(graph):
    """Names, roles, scopes and redirect URIs are the application's; it is made once, and goes with it."""
    app, principal = await registered(
        graph,
        identifierUris=["api://x"],
        appRoles=[role("Reader")],
        publicClient={"redirectUris": ["http://localhost"]},
    )
    await graph.post(f"{V1}/servicePrincipals", {"appId": app["appId"]}, expect=400)
    assert principal["servicePrincipalNames"] == ["api://x", app["appId"]]
    assert [one["value"] for one in principal["appRoles"]] == ["Reader"]
    assert principal["replyUrls"] == ["http://localhost"]
    await graph.call("PATCH", f"{V1}/applications/{app['id']}", {"displayName": "Renamed"}, expect=204)
    shown = await graph.get(f"{V1}/servicePrincipals/appId={app['appId']}")
    assert (shown["displayName"], shown["appDisplayName"]) == ("Renamed", "Renamed")
    await graph.call("DELETE", f"{V1}/applications/{app['id']}", expect=204)
    await graph.get(f"{V1}/servicePrincipals/{principal['id']}", expect=404)
    await graph.post(f"{V1}/servicePrincipals", {"appId": app["appId"]}, expect=400)


async def test_first_party_service_principals_are_there(graph):
    """Microsoft Graph with the permissions that this Graph checks; it can be switched off, not deleted."""
    found = await graph_principal(graph)
    offered = {one["value"] for one in (*found["appRoles"], *found["oauth2PermissionScopes"])}
    checked = {name for one in vars(scopes).values() if isinstance(one, frozenset) for name in one}
    assert checked - offered == set()
    [scope] = [one for one in found["oauth2PermissionScopes"] if one["value"] == "User.Read"]
    assert scope["id"] == "e1fe6dd8-ba31-4d61-89e7-88639da4683d"
    await graph.call("DELETE", f"{V1}/servicePrincipals/{found['id']}", expect=400)
    [cli] = await graph.values(f"{V1}/servicePrincipals?$filter=startswith(displayName,'Microsoft Azure CLI')")
    await graph.call("PATCH", f"{V1}/servicePrincipals/{cli['id']}", {"accountEnabled": False}, expect=204)
    assert (await graph.get(f"{V1}/servicePrincipals/{cli['id']}"))["accountEnabled"] is False


async def test_a_secret_is_shown_once(graph):
    """Only the answer that makes it has it; the list has the hint; removed, it is gone."""
    app, principal = await registered(graph)
    for path in (f"{V1}/applications/{app['id']}", f"{V1}/servicePrincipals(appId='{app['appId']}')"):
        body = {"passwordCredential": {"displayName": "ci", "endDateTime": "2099-01-01T00:00:00Z"}}
        made = await graph.post(f"{path}/addPassword", body, expect=200)
        assert made["@odata.context"].endswith("#microsoft.graph.passwordCredential")
        assert made["endDateTime"] == "2099-01-01T00:00:00Z"
        [listed] = (await graph.get(path))["passwordCredentials"]
        assert (listed["keyId"], listed["hint"], listed["secretText"]) == (made["keyId"], made["secretText"][:3], None)
        await graph.post(f"{path}/removePassword", {"keyId": made["keyId"]}, expect=204)
        await graph.post(f"{path}/removePassword", {"keyId": made["keyId"]}, expect=404)
        assert (await graph.get(path))["passwordCredentials"] == []
    for wrong in ({"passwordCredential": 7}, {"passwordCredential": {"endDateTime": "2001-01-01T00:00:00Z"}}):
        await graph.post(f"{V1}/applications/{app['id']}/addPassword", wrong, expect=400)
    for start in ("9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"):
        far = {"passwordCredential": {"startDateTime": start}}
        await graph.post(f"{V1}/servicePrincipals/{principal['id']}/addPassword", far, expect=400)


async def test_certificates_are_replaced_by_a_patch(graph, keys, clock):
    """One that is sent without its key is kept, one that is not sent is gone; the thumbprint is its name."""
    first, second = (Certificate(keys.rsa(), clock.now()) for _ in range(2))
    app = await graph.post(f"{V1}/applications", {"displayName": "X", "keyCredentials": [first.credential]})
    [kept] = app["keyCredentials"]
    assert kept["type"] == "AsymmetricX509Cert"
    path = f"{V1}/applications/{app['id']}"
    body = {"keyCredentials": [{"keyId": kept["keyId"]}, second.credential]}
    await graph.call("PATCH", path, body, expect=204)
    assert [one["keyId"] for one in (await graph.get(path))["keyCredentials"]][:1] == [kept["keyId"]]
    await graph.call("PATCH", path, {"keyCredentials": [second.credential]}, expect=204)
    [left] = (await graph.get(path))["keyCredentials"]
    assert left["keyId"] != kept["keyId"]
    late = {**first.credential, "endDateTime": "2199-01-01T00:00:00Z"}
    await graph.call("PATCH", path, {"keyCredentials": [late]}, expect=400)


@pytest.mark.parametrize(
    ("bytes_there", "instead"),
    [
        ("06092a864886f70d0101010500", "06092a864886f70d0101630500"),  # a key of an unknown kind
        ("a003020102", "a003020107"),  # a version that no certificate has
    ],
)
async def test_a_certificate_that_cannot_be_read_is_refused(graph, keys, clock, bytes_there, instead):
    """Well-formed DER, and still nothing that an assertion could be signed with."""
    given = Certificate(keys.rsa(), clock.now()).credential
    der = base64.b64decode(given["key"])
    assert bytes.fromhex(bytes_there) in der
    spoiled = base64.b64encode(der.replace(bytes.fromhex(bytes_there), bytes.fromhex(instead))).decode()
    body = {"displayName": "X", "keyCredentials": [{**given, "key": spoiled}]}
    await graph.post(f"{V1}/applications", body, expect=400)


async def test_app_roles_are_assigned_and_taken(graph):
    """From either end, once each; a role that does not exist or does not fit is refused."""
    app, principal = await registered(graph)
    _, resource = await registered(graph, displayName="Api", appRoles=[role("Reader", members=["Application"])])
    role_id = resource["appRoles"][0]["id"]
    made = await assign(graph, principal, resource, role_id)
    await assign(graph, principal, resource, role_id, expect=400)
    await assign(graph, principal, resource, GRAPH_APP, expect=400)
    me = await graph.get(f"{V1}/me")
    body = {"resourceId": resource["id"], "appRoleId": role_id}
    await graph.post(f"{V1}/users/{me['id']}/appRoleAssignments", body, expect=400)
    default = {**body, "appRoleId": "00000000-0000-0000-0000-000000000000"}
    mine = await graph.post(f"{V1}/users/{me['id']}/appRoleAssignments", default)
    assert mine["principalType"] == "User"
    [held] = await graph.values(f"{V1}/servicePrincipals(appId='{app['appId']}')/appRoleAssignments")
    assert held["id"] == made["id"]
    given = await graph.values(f"{V1}/servicePrincipals/{resource['id']}/appRoleAssignedTo")
    assert {one["id"] for one in given} == {made["id"], mine["id"]}
    wrong = f"{V1}/users/{me['id']}/appRoleAssignments/{made['id']}"
    await graph.call("DELETE", wrong, expect=404)
    await graph.call("DELETE", f"{V1}/servicePrincipals/{resource['id']}/appRoleAssignedTo/{made['id']}", expect=204)
    assert await graph.values(f"{V1}/servicePrincipals/{principal['id']}/appRoleAssignments") == []


async def test_delegated_permissions_are_granted_changed_and_revoked(graph):
    """Admin consent for all; another one for one user; unknown permissions and half a request are refused."""
    _, principal = await registered(graph)
    resource = await graph_principal(graph)
    grants = f"{V1}/oauth2PermissionGrants"
    body = {
        "clientId": principal["id"],
        "consentType": "AllPrincipals",
        "resourceId": resource["id"],
        "scope": "user.read openid",
    }
    made = await graph.post(grants, body)
    assert (made["scope"], made["principalId"]) == ("User.Read openid", None)
    await graph.post(grants, body, expect=400)
    for wrong in ({"scope": "Nothing"}, {"consentType": "Principal"}, {"consentType": "All"}, {"clientId": None}):
        await graph.post(grants, {**body, **wrong}, expect=400)
    me = await graph.get(f"{V1}/me")
    await graph.post(grants, {**body, "consentType": "Principal", "principalId": me["id"], "scope": "User.Read"})
    assert len(await graph.values(f"{V1}/servicePrincipals/{principal['id']}/oauth2PermissionGrants")) == 2
    assert len(await graph.values(f"{V1}/users/{me['id']}/oauth2PermissionGrants")) == 1
    await graph.call("PATCH", f"{grants}/{made['id']}", {"scope": "User.Read Device.Read.All"}, expect=204)
    await graph.call("PATCH", f"{grants}/{made['id']}", {"scope": 7}, expect=400)
    [found] = await graph.values(f"{grants}?$filter=clientId eq '{principal['id']}' and consentType eq 'AllPrincipals'")
    assert found["scope"] == "User.Read Device.Read.All"
    await graph.call("DELETE", f"{grants}/{made['id']}", expect=204)
    await graph.get(f"{grants}/{made['id']}", expect=404)


async def test_an_application_administrator_does_not_hand_out_graph(rt, graph, client, tenant):
    """They register, and consent for others; roles at Microsoft Graph are for whoever may give directory roles."""
    helper = await person(rt, tenant, "helper", APPLICATION_ADMINISTRATOR)
    theirs = Graph(rt, client, await mint(rt, tenant, helper["id"]))
    _, principal = await registered(theirs)
    resource = await graph_principal(theirs)
    [wanted] = [one["id"] for one in resource["appRoles"] if one["value"] == "RoleManagement.ReadWrite.Directory"]
    refused = await assign(theirs, principal, resource, wanted, expect=403)
    assert "Privileged Role Administrator" in refused["error"]["message"]
    body = {
        "clientId": principal["id"],
        "consentType": "AllPrincipals",
        "resourceId": resource["id"],
        "scope": "openid",
    }
    await theirs.post(f"{V1}/oauth2PermissionGrants", body)
    nobody = await person(rt, tenant, "nobody")
    plain = Graph(rt, client, await mint(rt, tenant, nobody["id"]))
    await plain.call("POST", f"{V1}/applications", {"displayName": "X"}, expect=403)
    await plain.call("POST", f"{V1}/applications/{principal['id']}/addPassword", {}, expect=404)
    assert await assign(graph, principal, resource, wanted)


async def test_each_write_needs_its_permission(rt, graph, client, tenant):
    """Registering is not consenting: a token for the one does not do the other."""
    app, principal = await registered(graph)
    me = await graph.get(f"{V1}/me")
    reader = Graph(rt, client, await mint(rt, tenant, me["id"], "Application.Read.All"))
    await reader.get(f"{V1}/applications/{app['id']}")
    await reader.call("PATCH", f"{V1}/applications/{app['id']}", {"notes": "x"}, expect=403)
    writer = Graph(rt, client, await mint(rt, tenant, me["id"], "Application.ReadWrite.All"))
    await writer.call("PATCH", f"{V1}/applications/{app['id']}", {"notes": "x"}, expect=204)
    resource = await graph_principal(writer)
    await assign(writer, principal, resource, resource["appRoles"][0]["id"], expect=403)
    await writer.call("POST", f"{V1}/oauth2PermissionGrants", {}, expect=403)


async def test_secrets_of_a_deleted_application_are_forgotten(rt, graph, tenant):
    """Nothing of it is left to be matched."""
    app, _ = await registered(graph)
    await graph.post(f"{V1}/applications/{app['id']}/addPassword", {}, expect=200)
    await graph.call("DELETE", f"{V1}/applications/{app['id']}", expect=204)
    assert await rt.store.read(tenant, lambda tx: signin.secrets_of(tx, [app["id"]])) == []
    assert await rt.store.read(tenant, lambda tx: directory.find_application(tx, app["appId"])) is None
