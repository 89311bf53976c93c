"""What is fuzzed: for each target, how a valid message of it is made. Each message has a nonce of its own."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Awaitable, Callable
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from fuzz.instance import BROKER, CLI, DRS, GRAPH, PASSWORD, Instance, named, rs256
from fuzz.message import Blob, Message, Pairs, Sign, Token, b64url
from taxiway import signin
from taxiway.signin import issued, keys
from taxiway.signin.model import Proof
from taxiway.wire import rsa_blob
from taxiway.wire.broker import derive_key

Make = Callable[[Instance], Awaitable[Message]]

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
PRT_CLIENT = "38aa3b87-a06d-4817-b275-7a316988d93b"
UPN = "ada@contoso.example"
VERIFIER = "v" * 43
REDIRECT = "http://localhost:5000"


async def access_token(it: Instance, audience: str, **claims: Any) -> Token:
    """An access token of this person, signed with the key of the day."""
    current = await keys.signing_keys(it.rt)
    header = {"typ": "JWT", "alg": "RS256", "kid": current.kid, "x5t": current.kid}
    return Token(header, it.bearer(audience, **claims), rs256(current.key.private_key), "Bearer ")


# ------------------------------------------------------------------------------------------- bearer tokens


async def graph_token(it: Instance) -> Message:
    """An access token at Graph."""
    token = await access_token(it, GRAPH, scp="Directory.Read.All Organization.ReadWrite.All")
    return Message("GET", "/v1.0/organization", headers=[("authorization", token)])


async def userinfo_token(it: Instance) -> Message:
    """An access token at userinfo."""
    token = await access_token(it, GRAPH, scp="openid profile")
    return Message("POST", "/oidc/userinfo", headers=[("authorization", token)])


async def id_token_hint(it: Instance) -> Message:
    """An id_token that signs out."""
    token = await access_token(it, CLI, scp="")
    token.claims.pop("scp")
    token.prefix = ""
    query = [("id_token_hint", token), ("post_logout_redirect_uri", REDIRECT), ("state", "s"), ("client_id", CLI)]
    return Message("GET", f"/{it.tenant}/oauth2/v2.0/logout", query=query)


async def introspected(it: Instance) -> Message:
    """An access token that a service asks about."""
    token = await access_token(it, it.application, scp="x")
    token.prefix = ""
    form = [("client_id", it.application), ("client_secret", it.secret), ("token", token)]
    return Message("POST", f"/{it.tenant}/oauth2/v2.0/introspect", form=form)


async def on_behalf_of(it: Instance) -> Message:
    """An access token that a service exchanges."""
    token = await access_token(it, it.application, scp="x")
    token.prefix = ""
    form = [
        ("grant_type", JWT_BEARER),
        ("client_id", it.application),
        ("client_secret", it.secret),
        ("assertion", token),
        ("requested_token_use", "on_behalf_of"),
        ("scope", f"{GRAPH}/User.Read offline_access"),
    ]
    return Message("POST", f"/{it.tenant}/oauth2/v2.0/token", form=form)


# ------------------------------------------------------------------------------------------- the token endpoint


async def client_assertion(it: Instance) -> Message:
    """An application that proves itself by its certificate."""
    now = int(it.clock.now().timestamp())
    thumbprint = b64url(it.client_certificate.fingerprint(hashes.SHA256()))
    endpoint = f"https://localhost:8443/{it.tenant}/oauth2/v2.0/token"
    claims = {
        "aud": endpoint,
        "iss": it.application,
        "sub": it.application,
        "jti": it.rt.entropy.uuid(),
        "exp": now + 300,
    }
    header = {"alg": "RS256", "typ": "JWT", "x5t#S256": thumbprint}
    form = [
        ("grant_type", "client_credentials"),
        ("client_id", it.application),
        ("scope", f"{GRAPH}/.default"),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", Token(header, claims, rs256(it.client_key))),
    ]
    return Message("POST", f"/{it.tenant}/oauth2/v2.0/token", form=form)


async def client_secret(it: Instance) -> Message:
    """An application that proves itself by its secret, in the header."""
    basic = base64.b64encode(f"{it.application}:{it.secret}".encode()).decode()
    form = [("grant_type", "client_credentials"), ("scope", f"{GRAPH}/.default")]
    return Message("POST", f"/{it.tenant}/oauth2/v2.0/token", headers=[("authorization", f"Basic {basic}")], form=form)


async def password(_it: Instance) -> Message:
    """Name and password at the token endpoint."""
    form = [
        ("grant_type", "password"),
        ("client_id", CLI),
        ("username", UPN),
        ("password", PASSWORD),
        ("resource", GRAPH),
    ]
    return Message("POST", "/common/oauth2/token", headers=[("return-client-request-id", "true")], form=form)


async def code(it: Instance) -> Message:
    """A code that is redeemed."""

    def write(tx: Any) -> str:
        challenge = b64url(hashlib.sha256(VERIFIER.encode()).digest())
        bound = issued.CodeFor(CLI, REDIRECT, challenge, "n", GRAPH, "openid offline_access")
        return issued.new_code(tx, bound, Proof(it.user["id"], ("pwd",), tx.now))

    text = await it.rt.store.write(it.tenant, write)
    form: Pairs = [
        ("grant_type", "authorization_code"),
        ("client_id", CLI),
        ("code", text),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
        ("scope", f"{GRAPH}/.default openid"),
        ("claims", '{"access_token":{"xms_cc":{"values":["CP1"]}}}'),
    ]
    return Message("POST", "/common/oauth2/v2.0/token", form=form)


async def refresh(it: Instance) -> Message:
    """A refresh token that is used."""

    def write(tx: Any) -> str:
        proof, family = Proof(it.user["id"], ("pwd",), tx.now), {"family": tx.entropy.uuid()}
        return issued.new_refresh_token(tx, proof, client_id=CLI, resource=GRAPH, scope="openid", before=family)

    text = await it.rt.store.write(it.tenant, write)
    form = [("grant_type", "refresh_token"), ("client_id", CLI), ("refresh_token", text), ("client_info", "1")]
    return Message("POST", "/organizations/oauth2/token", form=form)


async def revoked(it: Instance) -> Message:
    """A refresh token that its client gives back."""
    made = await refresh(it)
    token = dict(made.form or [])["refresh_token"]
    return Message("POST", f"/{it.tenant}/oauth2/v2.0/revoke", form=[("client_id", CLI), ("token", token)])


async def device_code(_it: Instance) -> Message:
    """The start of the device code flow."""
    form = [("client_id", CLI), ("scope", f"{GRAPH}/.default offline_access"), ("resource", GRAPH)]
    return Message("POST", "/common/oauth2/v2.0/devicecode", form=form)


# ------------------------------------------------------------------------------------------- broker


def _by_device(it: Instance, claims: dict[str, Any]) -> Token:
    der = base64.b64encode(it.certificate.public_bytes(Encoding.DER)).decode()
    return Token({"alg": "RS256", "typ": "JWT", "x5c": [der], "kdf_ver": 2}, claims, rs256(it.device_key))


def _by_session(it: Instance, claims: dict[str, Any]) -> Token:
    """Signed with a key derived from the session key and from what the parts have become."""
    context = it.rt.entropy.bytes(24)
    header = {"alg": "HS256", "typ": "JWT", "ctx": base64.b64encode(context).decode(), "kdf_ver": 2}
    return Token(header, claims, _session_sign(it.session_key, context))


def _session_sign(session_key: bytes, context: bytes) -> Sign:
    def sign(signed: bytes) -> bytes:
        body = signed.partition(b".")[2]
        payload = base64.urlsafe_b64decode(body + b"=" * (-len(body) % 4))
        return hmac.new(derive_key(session_key, context, payload), signed, hashlib.sha256).digest()

    return sign


def _brokered(request: Token) -> Message:
    form = [("grant_type", JWT_BEARER), ("request", request), ("windows_api_version", "2.2"), ("client_info", "1")]
    return Message("POST", "/common/oauth2/token", form=form)


async def prt_by_password(it: Instance) -> Message:
    """A request for a PRT that the device signs."""
    claims = {
        "client_id": PRT_CLIENT,
        "scope": "openid aza ugs",
        "grant_type": "password",
        "username": UPN,
        "password": PASSWORD,
        "request_nonce": signin.make_nonce(it.rt),
        "win_ver": "10.0.26100.1",
    }
    return _brokered(_by_device(it, claims))


async def hello_assertion(it: Instance) -> Message:
    """An assertion inside a request: a token in a token."""
    now = int(it.clock.now().timestamp())
    inner = {"iss": UPN, "aud": it.tenant, "iat": now, "exp": now + 300, "request_nonce": signin.make_nonce(it.rt)}
    assertion = Token({"alg": "RS256", "typ": "JWT", "kid": "AAAA", "use": "ngc"}, inner, rs256(it.transport_key))
    claims = {
        "client_id": PRT_CLIENT,
        "scope": "openid aza ugs",
        "grant_type": JWT_BEARER,
        "assertion": assertion,
        "request_nonce": signin.make_nonce(it.rt),
    }
    return _brokered(_by_device(it, claims))


async def prt_used(it: Instance) -> Message:
    """A request for a token that the session key signs."""
    claims = {
        "client_id": BROKER,
        "scope": "openid",
        "resource": DRS,
        "grant_type": "refresh_token",
        "refresh_token": it.prt,
        "request_nonce": signin.make_nonce(it.rt),
        "iat": int(it.clock.now().timestamp()),
    }
    return _brokered(_by_session(it, claims))


def _authorize(it: Instance) -> Pairs:
    return [
        ("client_id", CLI),
        ("response_type", "code"),
        ("redirect_uri", REDIRECT),
        ("resource", GRAPH),
        ("state", "s 1"),
        ("nonce", "n1"),
        ("login_hint", UPN),
        ("code_challenge", b64url(hashlib.sha256(VERIFIER.encode()).digest())),
        ("code_challenge_method", "S256"),
        ("response_mode", "query"),
        ("max_age", "600"),
        ("prompt", ""),
        ("claims", '{"id_token":{"auth_time":null}}'),
        ("amr_values", ""),
        ("sso_nonce", signin.make_nonce(it.rt)),
    ]


async def prt_cookie(it: Instance) -> Message:
    """A PRT that speaks for its person in a header or a cookie."""
    token = _by_session(it, {"refresh_token": it.prt, "is_primary": "true", "request_nonce": signin.make_nonce(it.rt)})
    name = "x-ms-RefreshTokenCredential"
    as_header = int(it.clock.monotonic()) % 2
    headers: Pairs = (
        [(name, token)] if as_header else [("cookie", Token(token.header, token.claims, token.sign, f"{name}="))]
    )
    return Message("GET", f"/{it.tenant}/oauth2/authorize", query=_authorize(it), headers=headers)


async def device_cookie(it: Instance) -> Message:
    """A device that speaks for itself."""
    token = _by_device(it, {"grant_type": "device_auth", "request_nonce": signin.make_nonce(it.rt)})
    return Message(
        "GET", f"/{it.tenant}/oauth2/authorize", query=_authorize(it), headers=[("x-ms-DeviceCredential", token)]
    )


# ------------------------------------------------------------------------------------------- device registration


def _csr(key: Any) -> bytes:
    name = named("7E980AD9-B86D-4306-9425-9AC066FB014A")
    made = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    return made.public_bytes(Encoding.DER)


async def join(it: Instance) -> Message:
    """A join: the certificate request and the transport key as blobs."""
    token = await access_token(it, DRS, scp="adrs_access")
    key, transport = it.keys.rsa(), it.keys.rsa()
    body = {
        "CertificateRequest": {"Type": "pkcs10", "Data": Blob(_csr(key))},
        "TransportKey": Blob(rsa_blob.encode(transport.public_key())),
        "TargetDomain": "contoso.example",
        "DeviceType": "Windows",
        "OSVersion": "10.0.26100.1742",
        "DeviceDisplayName": "DESKTOP-7F3K2QA",
        "JoinType": 0,
        "Attributes": {"ReuseDevice": "true", "ReturnClientSid": "true", "SharedDevice": "false"},
    }
    return Message(
        "POST",
        "/EnrollmentServer/device/",
        query=[("api-version", "2.0")],
        headers=[("authorization", token)],
        body=body,
        door="devices",
    )


async def hello_key(it: Instance) -> Message:
    """A Windows Hello key."""
    token = await access_token(it, DRS, scp="adrs_access", deviceid=it.device_id)
    body = {"kngc": Blob(rsa_blob.encode(it.keys.rsa().public_key()))}
    return Message("POST", "/EnrollmentServer/key/", headers=[("authorization", token)], body=body, door="devices")


async def recovery_key(it: Instance) -> Message:
    """A BitLocker key in escrow."""
    key = "-".join(f"{number * 11:06d}" for number in (1, 22, 333, 4444, 55555, 65535, 7, 60000))
    body = {"kid": it.rt.entropy.uuid(), "vol": "1", "key": key}
    return Message("POST", "/EnrollmentServer/bitlocker/keys", body=body, peer=it.pem, door="devices")


async def bulk_token(it: Instance) -> Message:
    """The start of a bulk token."""
    token = await access_token(it, DRS, scp="adrs_access")
    body = {"pid": it.rt.entropy.uuid(), "name": "package", "exp": "01/30/2026"}
    return Message("POST", "/webapp/bulkaadjtoken/begin", headers=[("authorization", token)], body=body)


# ------------------------------------------------------------------------------------------- pages


async def authorize(it: Instance) -> Message:
    """A request for the sign-in page."""
    return Message("GET", "/common/oauth2/v2.0/authorize", query=_authorize(it))


async def authorize_form(it: Instance) -> Message:
    """The same as a form."""
    return Message("POST", f"/{it.tenant}/oauth2/authorize", form=_authorize(it))


async def credential_type(_it: Instance) -> Message:
    """How a name signs in."""
    body = {"username": UPN, "isOtherIdpSupported": True, "originalRequest": "x", "flowToken": "y", "country": "US"}
    headers = [("content-type", "application/json"), ("canary", "x"), ("origin", "https://localhost:8443")]
    return Message("POST", "/common/GetCredentialType", query=[("mkt", "en-US")], headers=headers, body=body)


async def user_realm(_it: Instance) -> Message:
    """Where a name is at home."""
    return Message("GET", "/common/userrealm", query=[("user", UPN), ("api-version", "2.1"), ("login", UPN)])


async def instance_discovery(_it: Instance) -> Message:
    """Whether an authority is one of ours."""
    query = [("authorization_endpoint", "https://localhost:8443/common/oauth2/authorize"), ("api-version", "1.1")]
    return Message("GET", "/common/discovery/instance", query=query)


async def user_code(_it: Instance) -> Message:
    """The code that a device shows."""
    return Message("POST", "/device", headers=[("sec-fetch-site", "same-origin")], form=[("user_code", "BCDFGHJKL")])


TARGETS: dict[str, Make] = {
    make.__name__: make
    for make in (
        graph_token,
        userinfo_token,
        id_token_hint,
        introspected,
        on_behalf_of,
        client_assertion,
        client_secret,
        password,
        code,
        refresh,
        revoked,
        device_code,
        prt_by_password,
        hello_assertion,
        prt_used,
        prt_cookie,
        device_cookie,
        join,
        hello_key,
        recovery_key,
        bulk_token,
        authorize,
        authorize_form,
        credential_type,
        user_realm,
        instance_discovery,
        user_code,
    )
}
