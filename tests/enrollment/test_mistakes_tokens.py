"""Mistakes of public servers about who may enroll, each made impossible (04 section 18)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from pathlib import Path

import msgspec
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from taxiway import autopilot, directory, enrollment, signin
from taxiway.enrollment import MANAGED
from taxiway.settings import Settings
from taxiway.signin import keys as signing
from taxiway.store import SYSTEM
from taxiway.wire import enroll, policy
from taxiway.wire.soap import JWT_TOKEN, BinaryToken
from taxiway.wire.soap_fault import FaultReceived, Subcode

pytestmark = pytest.mark.anyio
URL = "https://localhost:8444/EnrollmentServer/Enrollment.svc"


def request(client, credential):
    """A token request with this credential."""
    asked = enroll.EnrollRequest(request_type=enroll.ISSUE, token=BinaryToken(enroll.PKCS10, client.csr()))
    return enroll.render_enroll(asked, message_id="1", to=URL, credential=credential)


@pytest.mark.parametrize(
    ("credential", "subcode"),
    [
        (None, Subcode.INVALID_SECURITY),
        (BinaryToken("urn:unknown", b"dummy"), Subcode.INVALID_SECURITY),
        (BinaryToken(JWT_TOKEN, b"dummy"), Subcode.AUTHENTICATION),
        (BinaryToken(JWT_TOKEN, b"\xff\xfe"), Subcode.INVALID_SECURITY),
    ],
)
async def test_m01_nothing_is_issued_without_a_credential(client, real, credential, subcode):
    """No credential, an unknown kind, or a constant that stands for one: a fault, and nothing is stored."""
    answer = await client.post("enrollment", request(client, credential))
    with pytest.raises(FaultReceived) as caught:
        enroll.parse_enroll_response(answer.content)
    assert caught.value.fault.subcode == subcode
    assert await client.read(MANAGED.count) == 0


async def test_m02_a_good_token_enrolls(client, real):
    """The control: what the next test changes in one place is accepted as it is."""
    document = await client.enroll(token=await client.signed())
    assert document.dm_client.ent_dm_id


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "https://elsewhere.example/"},
        {"iss": "https://sts.windows.net/11111111-1111-4111-8111-111111111111/"},
        {"iss": "https://evil.example/"},
        {"exp": 1},
        {"nbf": 2**33},
        {"oid": "11111111-1111-4111-8111-111111111111"},
        {"deviceid": "11111111-1111-4111-8111-111111111111"},
        {"appid": "04b07795-8ddb-461a-bbee-02f9e1bf7b46", "scp": "user_impersonation"},
        {"scp": None},
    ],
)
async def test_m02_every_claim_of_a_token_is_checked(client, real, changes):
    """Audience, issuer, both times, user, device, and what the token was given for."""
    fault = await client.refused(token=await client.signed(**changes))
    assert fault.subcode == Subcode.AUTHENTICATION
    assert await client.read(MANAGED.count) == 0


@pytest.mark.parametrize("forgery", ["none", "hmac", "stranger", "embedded"])
async def test_m02_the_key_and_the_algorithm_are_ours_to_choose(client, real, forgery):
    """No signature, an HMAC with the public key, another key under our kid, a key that the token brings along."""
    head, payload, _ = (await client.signed()).split(".")
    kid, body = decoded(head)["kid"], decoded(payload)
    stranger = RSAKey.import_key(client.keys.rsa())
    public = await client.rt.store.read(SYSTEM, lambda tx: signing.public_key(tx, kid))
    brought = {"alg": "RS256", "kid": "x", "jwk": stranger.as_dict(private=False), "jku": "https://evil.example/"}
    forged = {
        "none": encoded(json.dumps({"alg": "none", "kid": kid}).encode()) + f".{payload}.",
        "hmac": hmac_signed({"alg": "HS256", "kid": kid}, payload, public.as_pem(private=False)),
        "stranger": jwt.encode({"alg": "RS256", "kid": kid}, body, stranger),
        "embedded": jwt.encode(brought, body, stranger),
    }[forgery]
    assert (await client.refused(token=forged)).subcode == Subcode.AUTHENTICATION


def encoded(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decoded(text):
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def hmac_signed(header, body, secret):
    """A token under HS256, made by hand: libraries refuse to take a public key for a secret."""
    text = f"{encoded(json.dumps(header).encode())}.{body}"
    return f"{text}.{encoded(hmac.new(secret, text.encode(), hashlib.sha256).digest())}"


def test_m03_no_variable_of_the_environment_changes_whose_tokens_are_believed():
    """Only the settings and the commands read the environment, and no setting names a key or an issuer."""
    source = Path(enrollment.__file__).parent.parent
    readers = {
        str(path.relative_to(source))
        for path in source.rglob("*.py")
        if "environ" in (text := path.read_text("utf-8")) and ("os.environ" in text or "getenv" in text)
    }
    assert {name.partition("/")[0] for name in readers} <= {"settings.py", "cli"}
    named = [
        field.name for section in msgspec.structs.fields(Settings) for field in msgspec.structs.fields(section.type)
    ]
    assert not any(word in name for name in named for word in ("jwk", "issuer", "audience", "skip", "insecure"))


async def test_m18_the_terms_page_checks_its_token(client, real):
    """Without a good token there is no page, no acceptance, and no blob."""
    where = {"redirect_uri": "ms-aadj-redir://auth/mdm", "api-version": "1.0"}
    for token in (None, "eyJx.y.z", await client.signed(aud="https://elsewhere/"), await client.signed(exp=1)):
        headers = {} if token is None else {"authorization": f"Bearer {token}"}
        answer = await client.http.get("/TermsOfUse", params=where, headers=headers)
        assert answer.status_code == 302
        assert "error=unauthorized_client" in answer.headers["location"]
        assert "OpaqueBlob" not in answer.headers["location"]
    good = {"authorization": f"Bearer {await client.signed(deviceid=None)}"}
    answer = await client.http.get("/TermsOfUse", params=where, headers=good)
    assert "IsAccepted=true" in answer.headers["location"]


async def test_m21_policies_are_for_those_with_a_token(client):
    """The same token as for the request that follows; without it a fault."""
    good = BinaryToken(JWT_TOKEN, client.token.encode())
    answer = await client.post("policy", policy.render_get_policies(message_id="7", to=URL, credential=good))
    assert policy.parse_policies(answer.content).minimal_key_length == 2048
    for bad in (BinaryToken("urn:other", b"x"), BinaryToken(JWT_TOKEN, b"eyJx.y.z"), None):
        answer = await client.post("policy", policy.render_get_policies(message_id="7", to=URL, credential=bad))
        with pytest.raises(FaultReceived, match=r"InvalidSecurity|Authentication"):
            policy.parse_policies(answer.content)


async def test_m25_user_and_device_belong_to_the_tenant_of_the_token(client, real):
    """A token of this tenant with the user or the device of another one enrolls nothing, here or there."""
    other = client.rt.entropy.uuid()

    def neighbour(tx):
        directory.create_tenant(tx, display_name="F", domain="fabrikam.example")
        user = directory.create_user(
            tx, principal=directory.SYSTEM_PRINCIPAL, upn="eve@fabrikam.example", display_name="Eve"
        )
        device = directory.join_device(
            tx, display_name="PC-F", os="Windows", os_version="10", trust_type="AzureAd", owner_id=user["id"]
        )
        return user["id"], device["device_id"]

    user_id, device_id = await client.rt.store.write(other, neighbour)
    for changes in ({"oid": user_id}, {"deviceid": device_id}, {"tid": other}):
        fault = await client.refused(token=await client.signed(**changes))
        assert fault.subcode == Subcode.AUTHENTICATION, changes
    assert await client.read(MANAGED.count) == 0
    assert await client.rt.store.read(other, MANAGED.count) == 0


async def test_m25_the_registration_of_another_device_is_no_link(client, real):
    """A device that names the registration of another one is not taken for it."""
    before = await client.read(lambda tx: autopilot.record_of_device(tx, client.device["id"]))
    assert before is None
    document = await client.enroll(
        token=await client.signed(), ZeroTouchProvisioning="2f6ff3f0-0000-4000-8000-000000000001"
    )
    managed = await client.read(lambda tx: MANAGED.require(tx, document.dm_client.ent_dm_id))
    assert managed["autopilot_enrolled"] is False


@pytest.mark.parametrize("what", ["user", "device", "license", "scope", "limit"])
async def test_m26_disabled_unlicensed_or_too_many_is_refused(client, real, what):
    """A disabled user or device, no licence, outside the scope, over the limit: each has its fault."""
    token = await client.signed()

    def change(tx):
        match what:
            case "user":
                directory.update_user(tx, client.user["id"], {"account_enabled": False})
            case "device":
                directory.update_device(tx, client.device["id"], {"account_enabled": False})
            case "license":
                directory.assign_licenses(tx, client.user["id"], (), ["INTUNE_A"])
            case "scope":
                directory.update_mdm_policy(tx, directory.SYSTEM_PRINCIPAL, {"applies_to": "none"})
            case _:
                row = enrollment.default_of(tx, enrollment.DEFAULT_LIMIT)
                enrollment.ENROLLMENT_CONFIGURATIONS.update(tx, row["id"], {"limit": 1})
                MANAGED.insert(tx, {"user_id": client.user["id"], "azure_ad_device_id": "elsewhere"})

    await client.write(change)
    expected = {
        "user": 0x80180002,
        "device": 0x80180002,
        "license": 0x80180018,
        "scope": 0x80180003,
        "limit": 0x80180013,
    }
    assert (await client.refused(token=token)).hresult == expected[what]


async def test_m26_whoever_is_disabled_between_check_and_issue_gets_nothing(client, real, monkeypatch):
    """The decision is made again in the transaction that issues."""
    token, verify = await client.signed(), signin.verify_token

    async def disabled_afterwards(*arguments, **named):
        claims = await verify(*arguments, **named)
        await client.write(lambda tx: directory.update_user(tx, client.user["id"], {"account_enabled": False}))
        return claims

    monkeypatch.setattr(signin, "verify_token", disabled_afterwards)
    assert (await client.refused(token=token)).subcode == Subcode.AUTHORIZATION
    assert await client.read(MANAGED.count) == 0
