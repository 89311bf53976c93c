"""The errors clients look at: status, code and shape of each (02 section 1.5)."""

import json
import re
from datetime import timedelta

import httpx
import pytest

from support.applications import make_application
from support.graph_client import Graph, mint, person
from taxiway import directory
from taxiway.doors import Door
from taxiway.graph import http
from taxiway.graph.settings import GraphSettings
from taxiway.kernel import Busy
from taxiway.signin import tokens

NOBODY = "00000000-1111-4000-8000-000000000000"
INTUNE = "/beta/deviceManagement"
AUTOPILOT = f"{INTUNE}/windowsAutopilotDeviceIdentities"
GROUP = {"displayName": "G", "mailEnabled": False, "mailNickname": "g", "securityEnabled": True}
ADVANCED = {"ConsistencyLevel": "eventual"}

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


def shaped(answer, code, *, wrapped=False):
    """The body is Graph's error, with ``innerError`` as kiota reads it; its message, without Intune's wrapping."""
    [(name, error)] = answer.json().items()
    assert name == "error"
    assert error["code"] == code
    assert set(error) == {"code", "message", "innerError"}
    assert set(error["innerError"]) == {"date", "request-id", "client-request-id"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", error["innerError"]["date"])
    assert error["innerError"]["request-id"] == answer.headers["request-id"]
    if not wrapped:
        assert not error["message"].startswith("{")
        return error["message"]
    told = json.loads(error["message"])
    assert set(told) == {
        "_version",
        "Message",
        "CustomApiErrorPhrase",
        "RetryAfter",
        "ErrorSourceService",
        "HttpHeaders",
    }
    assert re.search(r" - Operation ID \(for customer support\): \S+ - Activity ID: \S+ - Url: \S+$", told["Message"])
    return told["Message"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code", "wrapped"),
    [
        ("POST", "/v1.0/groups", {}, 400, "Request_BadRequest", False),
        ("PATCH", "/v1.0/me", {}, 405, "MethodNotAllowed", False),
        ("GET", "/v1.0/groups/$count", None, 400, "Request_BadRequest", False),
        ("GET", "/v1.0/groups?$filter=displayName ne 'x'", None, 400, "Request_UnsupportedQuery", False),
        ("GET", '/v1.0/groups?$search="displayName:x"', None, 400, "Request_UnsupportedQuery", False),
        ("GET", "/v1.0/groups?$filter=endswith(displayName,'x')", None, 400, "Request_UnsupportedQuery", False),
        ("GET", "/v1.0/groups?$filter=not(displayName eq 'x')", None, 400, "Request_UnsupportedQuery", False),
        ("GET", "/v1.0/groups?$filter=displayName eq", None, 400, "BadRequest", False),
        ("GET", f"{AUTOPILOT}?$filter=serialNumber eq", None, 400, "BadRequest", False),
        ("GET", "/v1.0/nothing", None, 400, "BadRequest", False),
        ("GET", f"{INTUNE}/nothing", None, 400, "BadRequest", False),
        ("POST", f"{INTUNE}/deviceConfigurations", {"displayName": "x"}, 400, "BadRequest", True),
        ("GET", f"/v1.0/groups/{NOBODY}", None, 404, "Request_ResourceNotFound", False),
        ("GET", "/v1.0/users/nobody@contoso.example", None, 404, "Request_ResourceNotFound", False),
        ("GET", f"{AUTOPILOT}/{NOBODY}", None, 404, "ResourceNotFound", True),
        ("DELETE", f"{AUTOPILOT}/{NOBODY}", None, 404, "ResourceNotFound", True),
        ("GET", f"/v1.0/{AUTOPILOT[6:].replace('Identities', 'Nothings')}", None, 400, "BadRequest", False),
        ("GET", "/v1.0/deviceManagement/windowsAutopilotDeploymentProfiles", None, 404, "ResourceNotFound", True),
        ("PUT", AUTOPILOT, {}, 405, "MethodNotAllowed", False),
        ("GET", f"{INTUNE}/virtualEndpoint", None, 501, "NotImplemented", False),
    ],
)
async def test_each_error_has_its_status_code_and_shape(graph, method, path, body, status, code, wrapped):
    """The corpus of what clients run into, in either family."""
    shaped(await graph.call(method, path, body, expect=status), code, wrapped=wrapped)


async def test_a_member_that_is_one_already_is_named(graph):
    """400 whose message says that the reference exists, as scripts look for."""
    me = (await graph.get("/v1.0/me"))["id"]
    group = (await graph.post("/v1.0/groups", GROUP))["id"]
    path, body = f"/v1.0/groups/{group}/members/$ref", {"@odata.id": f"https://x/v1.0/directoryObjects/{me}"}
    await graph.call("POST", path, body, expect=204)
    told = shaped(await graph.call("POST", path, body, expect=400), "Request_BadRequest")
    assert "already exist" in told
    assert "'members'" in told


async def test_tokens_that_do_not_prove_who_calls_are_401(graph, rt, tenant):
    """Missing, garbage, expired: with the challenge, and the words that clients show."""
    stranger = Graph(rt, graph.client)
    missing = await stranger.call("GET", "/v1.0/me", expect=401)
    assert missing.headers["www-authenticate"].startswith("Bearer")
    assert "token is empty" in shaped(missing, "InvalidAuthenticationToken")
    garbage = await stranger.call("GET", "/v1.0/me", expect=401, headers={"authorization": "Bearer e30.e30.e30"})
    shaped(garbage, "InvalidAuthenticationToken")
    rt.clock.advance(timedelta(hours=11).total_seconds())
    shaped(await graph.call("GET", "/v1.0/me", expect=401), "InvalidAuthenticationToken")


async def test_a_missing_permission_is_403_in_the_words_of_its_family(graph, rt, tenant):
    """The directory's code, and Intune's with its wrapping."""
    user = await person(rt, tenant, "eve")
    eve = Graph(rt, graph.client, await mint(rt, tenant, user["id"], "User.Read"))
    shaped(await eve.call("GET", "/v1.0/groups", expect=403), "Authorization_RequestDenied")
    shaped(await eve.call("GET", AUTOPILOT, expect=403), "Forbidden", wrapped=True)


async def test_me_is_nobody_for_an_application(graph, rt, tenant):
    """`/me` with an app-only token is a 400, and what is for people alone a 403, whatever the application may do."""
    app = await make_application(rt, tenant, roles=["User.Read.All", "Policy.Read.All"])
    now = int(rt.clock.now().timestamp())
    claims = {
        "ver": "1.0",
        "tid": tenant,
        "iss": tokens.issuer(rt.urls.login, tenant, "1.0"),
        "aud": "https://graph.microsoft.com",
        "oid": app.principal["id"],
        "appid": app.id,
        "idtyp": "app",
        "roles": ["User.Read.All", "Policy.Read.All"],
        "uti": rt.entropy.token(12),
        "iat": now,
        "nbf": now,
        "exp": now + 600,
    }
    daemon = Graph(rt, graph.client, (await tokens.sign(rt, claims))[0])
    await daemon.get("/v1.0/users")
    assert "delegated" in shaped(await daemon.call("GET", "/v1.0/me", expect=400), "BadRequest")
    mdm = await daemon.call("GET", "/beta/policies/mobileDeviceManagementPolicies", expect=403)
    shaped(mdm, "Authorization_RequestDenied")


async def test_a_body_of_another_type_is_415_and_one_that_cannot_be_read_400(graph):
    """JSON without a type and with any JSON type is taken; another type is refused, and so is what is no JSON."""
    headers = {"content-type": "text/xml"}
    refused = await graph.call("POST", "/v1.0/groups", raw=b"<group/>", expect=415, headers=headers)
    shaped(refused, "UnsupportedMediaType")
    shaped(await graph.call("POST", "/v1.0/groups", raw=b"<group/>", expect=400), "BadRequest")
    for media in ("", "application/json;odata=verbose", "text/json; charset=utf-8"):
        headers = {"content-type": media} if media else {}
        await graph.call("POST", "/v1.0/groups", raw=json.dumps(GROUP).encode(), expect=201, headers=headers)


async def test_a_second_sync_is_429_with_its_time(graph):
    """The sync with the deployment service: once in ten minutes."""
    path = f"{INTUNE}/windowsAutopilotSettings/sync"
    await graph.call("POST", path, expect=204)
    answer = await graph.call("POST", path, expect=429)
    shaped(answer, "TooManyRequests")
    assert 590 < int(answer.headers["retry-after"]) <= 601


async def test_a_server_that_is_full_is_503_with_a_time(graph, rt, monkeypatch):
    """Nothing was done, and the client comes back."""

    async def full(*_args, **_more):
        raise Busy("The queue is full.")

    monkeypatch.setattr(rt.store, "read", full)
    answer = await graph.client.get("/v1.0/$metadata")
    assert answer.status_code == 200
    answer = await graph.call("GET", "/v1.0/me", expect=503)
    shaped(answer, "ServiceUnavailable")
    assert answer.headers["retry-after"] == "1"


async def test_documented_codes_are_a_setting(rt, tenant):
    """Live by default; `docs` answers what the reference pages say, where the two differ (section 1.6)."""
    admin = await person(rt, tenant, "root", directory.GLOBAL_ADMINISTRATOR)
    token = await mint(rt, tenant, admin["id"])
    for choice, made, gone in (("live", 200, 200), ("docs", 201, 204)):
        door = Door(http.routes(rt, GraphSettings(status_codes=choice)), rt.entropy)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(door), base_url="https://localhost:8443") as client:
            graph = Graph(rt, client, token)
            tag = await graph.post(f"{INTUNE}/roleScopeTags", {"displayName": choice}, expect=made)
            answer = await graph.call("DELETE", f"{INTUNE}/roleScopeTags/{tag['id']}", expect=gone)
            assert answer.content == b""
            assert "content-type" not in answer.headers
