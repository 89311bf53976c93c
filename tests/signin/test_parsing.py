"""What a request may make this server do while it is read: nothing beyond reading it (03 section 15.20)."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
import types

import httpx
import pytest
from fuzz.instance import Instance
from fuzz.message import Wire
from joserfc import jwt
from joserfc.jwk import RSAKey

from signin.conftest import GRAPH, answer_of, claims_of
from support.applications import make_application
from taxiway import app
from taxiway.doors import Door
from taxiway.signin import keys

pytestmark = pytest.mark.anyio

AWAY = "https://keys.evil.example/set"


@pytest.fixture
def sealed_off(rt, monkeypatch):
    """From here on nothing in this process can reach out, nor resolve a name; what tried is kept."""
    tried = []

    def refuse(*args, **_):
        tried.append(args)
        raise OSError("sealed off")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    for name in ("getaddrinfo", "gethostbyname", "create_connection"):
        monkeypatch.setattr(socket, name, refuse)
    monkeypatch.setattr(asyncio.BaseEventLoop, "create_connection", refuse)
    return tried


async def test_15_20_addresses_in_a_request_are_not_fetched(rt, browser, user, tenant, sealed_off):
    """``request_uri``, ``request``, and ``jku``, ``x5u``, ``jwk`` in the header of a token or an assertion."""
    for name in ("request_uri", "request"):
        assert answer_of(await browser.authorize(**{name: AWAY}))["error"] == "invalid_request"
    good = (await browser.redeem(await browser.code(resource=GRAPH), resource=GRAPH)).json()["access_token"]
    client = await make_application(rt, tenant)
    mine, current = RSAKey.generate_key(2048), await keys.signing_keys(rt)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(Door(app.people_routes(rt), rt.entropy)), base_url="https://localhost:8443"
    ) as graph:
        for name in ("jku", "x5u"):
            head = {"typ": "JWT", "alg": "RS256", "kid": current.kid, name: AWAY}
            token = jwt.encode(head, claims_of(good), mine, algorithms=["RS256"])
            answer = await graph.get("/v1.0/organization", headers={"authorization": f"Bearer {token}"})
            assert answer.status_code == 401
            form = {
                "grant_type": "client_credentials",
                "client_id": client.id,
                "scope": f"{GRAPH}/.default",
                "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                "client_assertion": token,
            }
            assert (await browser.token(**form, version="/v2.0")).json()["error_codes"] == [700027]
            assert (
                "error"
                in (await browser.token(grant_type="urn:ietf:params:oauth:grant-type:jwt-bearer", request=token)).json()
            )
    assert sealed_off == []


async def test_15_20_json_has_a_depth_and_a_size(browser, user):
    """Deep nesting and large bodies are a 4xx, and cost nothing worth mentioning."""
    deep = b"[" * 30_000 + b"]" * 30_000
    for body in (deep, b'{"username":' * 5_000, b'{"a":"' + b"x" * 70_000 + b'"}'):
        for path in ("/common/GetCredentialType", "/common/SAS/EndAuth"):
            answer = await browser.http.post(path, content=body, headers={"content-type": "application/json"})
            assert answer.status_code == (413 if len(body) > 65_536 else 400), path
    claims = json.dumps({"access_token": {"x": None}}).replace("null", "[" * 5_000 + "]" * 5_000)
    assert answer_of(await browser.authorize(claims=claims))["error"] == "invalid_request"
    assert (await browser.http.post("/common/oauth2/token", content=b"a" * 70_000)).status_code == 413
    for content in (b"&".join(b"a%d=1" % n for n in range(300)), b"grant_type=\xff\xfe%ff"):
        answer = await browser.http.post("/common/oauth2/token", content=content)
        assert answer.status_code == 400


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND", "get"])
async def test_15_20_odd_methods_are_answered(rt, browser, user, method):
    """On every route of sign-in: an answer below 500, and no cookie."""
    for route in app.people_routes(rt):
        path = route.path.replace("{tenant}", browser.tenant).replace("{upn}", "a@b").replace("{rest:path}", "v1.0/me")
        answer = await browser.http.request(method, path)
        assert answer.status_code < 500, path


async def test_15_20_no_text_holds_a_nul(rt, browser, user):
    """In an address, a form, a JSON body, the Authorization header: a 4xx, on whichever database."""
    tenant, http = browser.tenant, browser.http
    basic = base64.b64encode(b"a%00b:c").decode()
    answers = [
        await http.get("/common/userrealm?user=a%00@contoso.example"),
        await raw(rt, b"user=a\x00b"),
        await raw(rt, b"user=a\xffb"),
        await http.get(f"/{tenant}/oauth2/authorize?client_id=a%00"),
        await http.post(
            "/common/oauth2/token", content=b"grant_type=password&client_id=%00&username=a%00@b&password=x"
        ),
        await http.post("/common/oauth2/token", content=b"grant_type=client_credentials&cl%00ient_id=x"),
        await http.post("/device", content=b"user_code=%00"),
        await http.post("/common/GetCredentialType", json={"username": "a\0@contoso.example"}),
        await browser.token(headers={"authorization": f"Basic {basic}"}, grant_type="client_credentials"),
    ]
    assert [answer.status_code for answer in answers] == [400] * len(answers)
    assert (await http.get("/a%00b.example/v2.0/.well-known/openid-configuration")).status_code == 404


async def raw(rt, query):
    """The answer to an address that no client library would send."""
    wire = Wire("people", "GET", "/common/userrealm", query, (), b"")
    return types.SimpleNamespace(
        status_code=(
            await Instance(rt, None, {"people": Door(app.people_routes(rt), rt.entropy)}, None).send(wire)
        ).status
    )


@pytest.mark.parametrize("kid", ["\0", "\ud800", "x" * 65, "", 7, None, ["a"], "../x", "a b"])
async def test_15_20_the_name_of_a_key_is_looked_up_only_when_it_is_one(rt, browser, user, kid):
    """Anybody can send a header; what it holds reaches no database."""
    head = base64.urlsafe_b64encode(json.dumps({"alg": "RS256", "typ": "JWT", "kid": kid}).encode()).rstrip(b"=")
    for path in ("/oidc/userinfo", "/taxiway/signin-policy"):
        answer = await browser.http.get(path, headers={"authorization": f"Bearer {head.decode()}.e30.AAAA"})
        assert answer.status_code == 401
