"""What every grant shares: the request, the client's proof of itself, the reply (03 sections 4 and 4.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from taxiway import directory
from taxiway.signin import claims, resources
from taxiway.signin.claims import Facts
from taxiway.signin.client_secrets import require_secret
from taxiway.signin.credentials import require_enabled
from taxiway.signin.errors import (
    ClientCredentialMissing,
    ClientIsPublic,
    DeviceDisabled,
    DeviceRefused,
    GrantInvalid,
    GrantUnsupported,
    ParameterMissing,
)
from taxiway.signin.model import Proof
from taxiway.signin.resources import Target
from taxiway.signin.tokens import sign
from taxiway.store import Row, Runtime, Tx


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A request at the token endpoint. ``tenant``: of the path, None for ``common``; ``version``: of the endpoint."""

    form: Mapping[str, str]
    version: str
    tenant: str | None
    correlation: str
    basic: tuple[str, str] | None = None

    def need(self, name: str) -> str:
        """A parameter that must be there."""
        value = self.form.get(name, "")
        if not value:
            raise ParameterMissing(f"The request body must contain the following parameter: '{name}'.")
        return value

    @property
    def client_id(self) -> str:
        """Who asks."""
        return (self.form.get("client_id") or (self.basic[0] if self.basic else "") or self.need("client_id")).lower()

    @property
    def secret(self) -> str:
        """The client's secret, from the body or the header."""
        return self.form.get("client_secret") or (self.basic[1] if self.basic else "")

    @property
    def scope(self) -> str:
        """The scope as sent."""
        return self.form.get("scope", "")

    @property
    def identifier(self) -> str:
        """The resource that is asked for, in the v1 or the v2 way; empty when none is."""
        return resources.asked(self.form.get("resource", ""), self.scope)

    def within(self, tenant: str | None) -> str:
        """The tenant of a credential, which must be that of the path."""
        if tenant is None or (self.tenant is not None and self.tenant != tenant):
            raise GrantInvalid("The provided grant is not valid in this tenant.", remedy="Sign in again.")
        return tenant


@dataclass(frozen=True, slots=True)
class Issue:
    """What a grant decided to issue, before it is signed."""

    facts: Facts
    proof: Proof
    client_id: str
    target: Target | None
    refresh_token: str = ""
    nonce: str = ""


def authenticated_client(tx: Tx, request: TokenRequest) -> Row:
    """The client, once a confidential one has proved itself (03 section 15.7)."""
    client = resources.client_of(tx, request.client_id)
    if request.form.get("client_assertion"):
        raise GrantUnsupported("Client assertions are not implemented.", remedy="Use a client secret.")
    if client["public"]:
        if request.secret:
            raise ClientIsPublic(
                "Client is public so neither 'client_assertion' nor 'client_secret' should be presented."
            )
    elif not request.secret:
        raise ClientCredentialMissing("The request body must contain 'client_assertion' or 'client_secret'.")
    else:
        require_secret(tx, client["app_id"], request.secret)
    return client


def require_standing(tx: Tx, proof: Proof) -> Row:
    """The user behind a proof; user and device must still be there and enabled."""
    user = directory.USERS.get(tx, proof.user_id)
    if user is None:
        raise GrantInvalid("The user of this grant was deleted.")
    require_enabled(user)
    if proof.device_id is not None:
        require_device(tx, proof.device_id)
    return user


def require_device(tx: Tx, device_id: str) -> Row:
    """The device with this device id, enabled."""
    device = directory.find_device(tx, device_id=device_id)
    if device is None:
        raise DeviceRefused("Device authentication failed: the device was deleted.", remedy="Join the device again.")
    if not device["account_enabled"]:
        raise DeviceDisabled("The device is disabled.", remedy="Ask an administrator to enable it.")
    return device


async def reply(rt: Runtime, request: TokenRequest, issue: Issue, *, version: str | None = None) -> dict[str, Any]:
    """The token reply in the shape of the endpoint: v1 writes its numbers as strings."""
    version = version or request.version
    bodies = [
        claims.id_claims(rt, issue.facts, issue.proof, issue.client_id, version=version, nonce=issue.nonce),
    ]
    if issue.target is not None:
        bodies.append(claims.access_claims(rt, issue.facts, issue.proof, issue.client_id, issue.target))
    tokens = await sign(rt, *bodies)
    out: dict[str, Any] = {"token_type": "Bearer", "id_token": tokens[0]}
    if issue.target is not None:
        seconds, expires = bodies[1]["exp"] - bodies[1]["iat"], bodies[1]["exp"]
        out |= {"scope": issue.target.scp, **times(seconds, expires, version), "access_token": tokens[1]}
        if version == "1.0":
            out |= {"resource": issue.target.aud, "not_before": str(bodies[1]["nbf"])}
    if issue.refresh_token:
        out["refresh_token"] = issue.refresh_token
    if request.form.get("client_info") == "1":
        out["client_info"] = claims.client_info(issue.facts)
    return out


def times(seconds: int, expires: int, version: str) -> dict[str, Any]:
    """Lifetimes as each version writes them."""
    if version == "2.0":
        return {"expires_in": seconds, "ext_expires_in": seconds}
    return {"expires_in": str(seconds), "ext_expires_in": str(seconds), "expires_on": str(expires)}


def wants_refresh_token(request: TokenRequest, scope: str) -> bool:
    """v1 always hands one out, v2 for ``offline_access``."""
    return request.version == "1.0" or resources.wants(scope, "offline_access")
