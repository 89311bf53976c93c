"""Messages of people and programs: how a valid one of each target is made."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from cryptography.hazmat.primitives import hashes

from fuzz.common import JWT_BEARER, REDIRECT, UPN, VERIFIER, Make, access_token, authorize_query
from fuzz.instance import CLI, GRAPH, PASSWORD, Instance, rs256
from fuzz.message import Message, Pairs, Token, b64url
from taxiway.signin import issued
from taxiway.signin.model import Proof

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


# ------------------------------------------------------------------------------------------- pages


async def authorize(it: Instance) -> Message:
    """A request for the sign-in page."""
    return Message("GET", "/common/oauth2/v2.0/authorize", query=authorize_query(it))


async def authorize_form(it: Instance) -> Message:
    """The same as a form."""
    return Message("POST", f"/{it.tenant}/oauth2/authorize", form=authorize_query(it))


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
        authorize,
        authorize_form,
        credential_type,
        user_realm,
        instance_discovery,
        user_code,
    )
}
