"""Tokens that our own key signed and that are still not good here (03 section 15.6; RFC 8725)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

import httpx
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from joserfc import jwt
from joserfc.jwk import RSAKey

from signin.conftest import BROKER, CLI, DRS, GRAPH, claims_of
from taxiway import app, signin
from taxiway.doors import Door
from taxiway.signin import keys, tokens
from taxiway.store import SYSTEM

pytestmark = pytest.mark.anyio


@pytest.fixture
async def reply(browser, user):
    return (await browser.redeem(await browser.code(resource=GRAPH), resource=GRAPH)).json()


async def forged(rt, body, *, header=None, algorithm="RS256"):
    """A body under the true key, with a header of our own."""
    current = await keys.signing_keys(rt)
    head = {"typ": "JWT", "alg": algorithm, "kid": current.kid, **(header or {})}
    return jwt.encode(head, body, current.key, algorithms=[algorithm])


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"iss": "https://sts.windows.net/11111111-1111-4111-8111-111111111111/"}, "another tenant"),
        ({"iss": "https://login.microsoftonline.com/{tid}/v2.0"}, "another tenant"),
        ({"aud": "https://graph.microsoft.com.evil.example"}, "another resource"),
        ({"aud": "00000002-0000-0000-c000-000000000000"}, "another resource"),
        ({"exp": -301}, "run out"),
        ({"nbf": 301}, "not valid yet"),
        ({"ver": "2.0"}, "another tenant"),
        ({"scp": None}, "id_token"),
    ],
)
async def test_15_06_every_claim_is_checked_behind_a_right_signature(rt, reply, change, told):
    """Issuer, audience, times, version, and that it is an access token at all."""
    now = int(rt.clock.now().timestamp())
    times = {name: now + value for name, value in change.items() if name in ("exp", "nbf")}
    body = {**claims_of(reply["access_token"]), **change, **times}
    text = await forged(rt, {name: value for name, value in body.items() if value is not None})
    with pytest.raises(signin.TokenRefused, match=told):
        await signin.verify_token(rt, text, audiences=[GRAPH])
    assert await signin.verify_token(rt, reply["access_token"], audiences=[GRAPH])


async def test_15_06_another_type_of_token_is_refused(rt, reply):
    """A token of another kind, made by the same key one day, must not pass for an access token."""
    for kind in ("at+jwt", "logout+jwt", "dpop+jwt", ""):
        text = await forged(rt, claims_of(reply["access_token"]), header={"typ": kind})
        with pytest.raises(signin.TokenRefused):
            await signin.verify_token(rt, text, audiences=[GRAPH])


async def test_15_06_a_token_names_the_key_that_signed_it(rt, reply, clock):
    """Signed by the true key under another name, of no key or of another of ours: refused."""
    clock.advance(89.5 * 86_400)
    await keys.signing_keys(rt)
    published = await rt.store.read(SYSTEM, keys.published)
    now = int(clock.now().timestamp())
    body = {**claims_of(reply["access_token"]), "iat": now, "nbf": now, "exp": now + 60}
    current = (await keys.signing_keys(rt)).kid
    others = [key["kid"] for key in published if key["kid"] != current]
    assert others
    for kid in (*others, "another", current.lower(), f"{current} "):
        with pytest.raises(signin.TokenRefused):
            await signin.verify_token(rt, await forged(rt, body, header={"kid": kid}), audiences=[GRAPH])
    assert await signin.verify_token(rt, await forged(rt, body), audiences=[GRAPH])


@pytest.mark.parametrize("change", [{"oid": ["x"]}, {"exp": "soon"}, {"exp": 10**400}, {"tid": 7}, {"amr": "pwd"}])
async def test_15_06_a_token_is_made_of_what_ours_are_made_of(rt, reply, change):
    """Anything else behind a right signature is a refusal and no failure of the server."""
    body = {**claims_of(reply["access_token"]), **change}
    for missing in (None, "uti", "iat", "tid", "iss"):
        text = await forged(rt, {name: value for name, value in body.items() if name != missing})
        with pytest.raises(signin.TokenRefused):
            await signin.verify_token(rt, text, audiences=[GRAPH])


async def test_15_06_only_rs256_counts(rt, reply):
    """Neither a stronger algorithm of the same key, nor none, nor the public key as a secret."""
    current = await keys.signing_keys(rt)
    body = claims_of(reply["access_token"])
    texts = [await forged(rt, body, algorithm=algorithm) for algorithm in ("RS384", "RS512", "PS256")]
    public = current.key.public_key
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    head = {"typ": "JWT", "kid": current.kid}
    secrets = (pem, pem.strip(), current.kid.encode())
    texts += [_hs256({**head, "alg": "HS256"}, body, secret) for secret in secrets]
    bare = [_hs256({**head, "alg": name}, body, b"") for name in ("none", "None", "NONE", "")]
    texts += [text.rpartition(".")[0] + "." for text in bare]
    for text in texts:
        with pytest.raises(signin.TokenRefused):
            await signin.verify_token(rt, text, audiences=[GRAPH])


async def test_15_06_a_key_that_the_header_brings_along_is_not_used(rt, reply):
    """``jwk``, ``x5c`` and a foreign ``kid``: only our own keys verify, by their own name."""
    mine = RSAKey.generate_key(2048)
    current = await keys.signing_keys(rt)
    for header in (
        {"kid": current.kid, "jwk": mine.as_dict(private=False)},
        {"kid": "mine", "jwk": mine.as_dict(private=False)},
        {"kid": current.kid, "x5c": ["AAAA"]},
        {},
        {"kid": 7},
        {"kid": "../../etc/passwd"},
    ):
        head = {"typ": "JWT", "alg": "RS256", **header}
        signed = b".".join(_b64(json.dumps(part).encode()) for part in (head, claims_of(reply["access_token"])))
        text = f"{signed.decode()}.{_b64(_rs256(mine, signed)).decode()}"
        with pytest.raises(signin.TokenRefused):
            await signin.verify_token(rt, text, audiences=[GRAPH])


@pytest.mark.parametrize(
    ("door", "method", "path"),
    [
        ("people", "GET", "/v1.0/organization"),
        ("people", "GET", "/oidc/userinfo"),
        ("people", "GET", "/taxiway/signin-policy"),
        ("people", "POST", "/webapp/bulkaadjtoken/begin"),
        ("devices", "POST", "/EnrollmentServer/device"),
    ],
)
async def test_15_06_no_resource_takes_an_id_token_or_one_in_the_address(rt, reply, door, method, path):
    """Each service by its own door: 401 for an id_token made out to it, and for a token in the query."""
    routes = app.people_routes(rt) if door == "people" else app.device_routes(rt)
    good = claims_of(reply["access_token"])
    for_door = {**good, "aud": DRS, "scp": "adrs_access"} if door == "devices" or "bulk" in path else good
    access = (await tokens.sign(rt, for_door))[0]
    identity = (await tokens.sign(rt, {name: value for name, value in for_door.items() if name != "scp"}))[0]
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(Door(routes, rt.entropy)), base_url="https://localhost:8443"
    ) as client:
        bearer = {"authorization": f"Bearer {identity}"}
        assert (await client.request(method, path, headers=bearer)).status_code == 401
        assert (await client.request(method, path, params={"access_token": access})).status_code == 401
        taken = await client.request(method, path, headers={"authorization": f"Bearer {access}"})
        assert taken.status_code != 401


async def test_15_06_an_access_token_lives_for_an_hour_to_an_hour_and_a_quarter(rt, browser, user):
    """Never longer, and it says since when it is good."""
    for _ in range(5):
        claims = claims_of((await browser.redeem(await browser.code())).json()["access_token"])
        assert 3600 <= claims["exp"] - claims["iat"] <= 4500
        assert claims["nbf"] == claims["iat"]
        assert claims["appid"] == BROKER


async def test_15_21_sub_differs_from_application_to_application(browser, user):
    """Two applications cannot tell from ``sub`` that they know the same person."""
    web = {"client_id": CLI, "redirect_uri": "http://localhost:1"}
    one = (await browser.redeem(await browser.code())).json()
    two = (await browser.redeem(await browser.code(**web, resource=GRAPH), **web, resource=GRAPH)).json()
    subs = [claims_of(reply["id_token"])["sub"] for reply in (one, two)]
    assert len(set(subs)) == 2
    assert user["id"] not in subs


def _b64(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def _hs256(header, body, secret):
    signed = b".".join(_b64(json.dumps(part).encode()) for part in (header, body))
    return f"{signed.decode()}.{_b64(hmac.new(secret, signed, hashlib.sha256).digest()).decode()}"


def _rs256(key, signed):
    return key.private_key.sign(signed, padding.PKCS1v15(), hashes.SHA256())
