"""What every grant shares: the request, the client's proof of itself, the reply (03 sections 4 and 4.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from taxiway import directory
from taxiway.signin import claims, conditional, issued, resources
from taxiway.signin.claims import Facts
from taxiway.signin.client_authentication import NONE, Credential, prove
from taxiway.signin.credentials import require_enabled
from taxiway.signin.errors import (
    ClientCredentialMissing,
    DeviceDisabled,
    DeviceRefused,
    GrantInvalid,
    ParameterMissing,
    SignInError,
)
from taxiway.signin.forms import handles_challenges
from taxiway.signin.model import Proof
from taxiway.signin.policy import signin_policy_of
from taxiway.signin.resources import Target
from taxiway.signin.tokens import issuer, sign
from taxiway.store import Row, Runtime, Tx


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A request at the token endpoint. ``tenant``: of the path, None for ``common``; ``version``: of the endpoint.

    ``authority``: the address up to and with the tenant segment; ``origin``: of the page that asks, if it is one.
    """

    form: Mapping[str, str]
    version: str
    tenant: str | None
    correlation: str
    basic: tuple[str, str] | None = None
    address: str = ""
    authority: str = ""
    origin: str = ""

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

    def credential(self, tenant: str) -> Credential:
        """What the client proves itself by; an assertion may name the endpoint in either version, or the issuer."""
        login = self.authority.rpartition("/")[0]
        authorities = (self.authority, f"{login}/{tenant}")
        return Credential(
            secret=self.form.get("client_secret") or (self.basic[1] if self.basic else ""),
            assertion=self.form.get("client_assertion", ""),
            assertion_type=self.form.get("client_assertion_type", ""),
            audiences=frozenset(
                {f"{one}/oauth2{version}/token" for one in authorities for version in ("", "/v2.0")}
                | {issuer(login, tenant, version) for version in ("1.0", "2.0")}
            ),
        )

    @property
    def scope(self) -> str:
        """The scope as sent."""
        return self.form.get("scope", "")

    @property
    def identifier(self) -> str:
        """The resource that is asked for, in the v1 or the v2 way; empty when none is."""
        return resources.asked(self.form.get("resource", ""), self.scope)

    @property
    def handles_challenges(self) -> bool:
        """Whether the client says that it handles claims challenges; its tokens repeat that (03 section 5.1)."""
        return handles_challenges(self.form.get("claims", ""))

    def within(self, tenant: str | None) -> str:
        """The tenant of a credential, which must be that of the path."""
        if tenant is None or (self.tenant is not None and self.tenant != tenant):
            raise GrantInvalid("The provided grant is not valid in this tenant.", remedy="Sign in again.")
        return tenant


@dataclass(frozen=True, slots=True)
class Issue:
    """What a grant decided to issue, before it is signed. Without ``target`` there is no access token.

    ``scope``: what was granted, which in v2 decides whether there is an id_token. ``acr``: how the client proved
    itself; ``foci``: whether the refresh token is good for the client's family.
    """

    facts: Facts
    proof: Proof
    client_id: str
    target: Target | None
    scope: str = ""
    refresh_token: str = ""
    nonce: str = ""
    acr: str = NONE
    foci: bool = False


def authenticated_client(tx: Tx, request: TokenRequest) -> Row:
    """The client, once a confidential one has proved itself; ``acr`` says how (03 section 15.7)."""
    client = resources.client_of(tx, request.client_id)
    return {**client, "acr": prove(tx, client, request.credential(tx.tenant))}


def confidential_client(tx: Tx, request: TokenRequest) -> Row:
    """The client, for what only one that proved itself may have."""
    client = authenticated_client(tx, request)
    require_credential(client)
    return client


def require_credential(client: Row) -> None:
    """Raise ``ClientCredentialMissing`` unless the client proved itself."""
    if client["acr"] == NONE:
        raise ClientCredentialMissing(
            "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
            remedy="Register a confidential application.",
        )


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


def admit(tx: Tx, proof: Proof, client: Row, identifier: str, *, by: str, scope: str = "") -> Issue:
    """The one way from a proof to a token: user, device, resource and Conditional Access are asked here.

    ``identifier``: empty for a PRT, which opens nothing by itself. ``by``: the grant, for the log.
    """
    try:
        require_standing(tx, proof)
        target = resources.target_of(tx, client, identifier, scope=scope, user_id=proof.user_id) if identifier else None
        why = conditional.require(tx, attempt_of(proof, target.app_id, tx.now)) if target is not None else ()
    except SignInError as error:
        error.about = (tx.tenant, proof.subject)
        raise
    facts = claims.load(tx, proof, client["app_id"], target)
    what = {"upn": facts.user["user_principal_name"], "client": client["app_id"], "resource": identifier, "by": by}
    if proof.device_id is not None:
        what["device_id"] = proof.device_id
    if target is not None:
        what = {**what, "mdm": facts.mdm is not None}
        tx.log("token.issued", subject=proof.subject, what=what, why=(*facts.why, *why))
    return Issue(
        facts,
        proof,
        client["app_id"],
        target,
        scope,
        acr=client.get("acr", NONE),
        foci=client["foci"] and signin_policy_of(tx).foci,
    )


def with_refresh_token(tx: Tx, issue: Issue, *, resource: str, scope: str, before: Row | None = None) -> Issue:
    """The same with a refresh token: of the family of ``before`` (a code, an earlier token), else of a new one."""
    token = issued.new_refresh_token(
        tx,
        issue.proof,
        client_id=issue.client_id,
        resource=resource,
        scope=scope,
        before=before or {"family": tx.entropy.uuid()},
        confidential=issue.acr != NONE,
    )
    return replace(issue, refresh_token=token)


def attempt_of(proof: Proof, app_id: str, now: datetime) -> conditional.Attempt:
    """The attempt that Conditional Access judges when a token for a resource is asked for."""
    return conditional.Attempt(proof.user_id, app_id, had_mfa=proof.had_mfa(now), device_id=proof.device_id)


async def reply(rt: Runtime, request: TokenRequest, issue: Issue, *, version: str | None = None) -> dict[str, Any]:
    """The token reply in the shape of the endpoint: v1 writes its numbers as strings.

    v1 always has an id_token, v2 for the scope ``openid`` (03 section 4.1).
    """
    version = version or request.version
    facts, proof, client_id = issue.facts, issue.proof, issue.client_id
    bodies: dict[str, claims.Body] = {}
    if version == "1.0" or issue.target is None or resources.wants(issue.scope, "openid"):
        bodies["id_token"] = claims.id_claims(rt, facts, proof, client_id, version=version, nonce=issue.nonce)
    if issue.target is not None:
        access = claims.access_claims(rt, facts, proof, client_id, issue.target, acr=issue.acr)
        bodies["access_token"] = access | ({"xms_cc": ["CP1"]} if request.handles_challenges else {})
    tokens = dict(zip(bodies, await sign(rt, *bodies.values()), strict=True))
    out: dict[str, Any] = {"token_type": "Bearer", **tokens}
    if issue.target is not None:
        access = bodies["access_token"]
        scope = issue.target.scp if version == "1.0" else resources.said(issue.scope, issue.target.scp)
        out |= {"scope": scope, **times(access["exp"] - access["iat"], access["exp"], version)}
        if version == "1.0":
            out |= {"resource": issue.target.aud, "not_before": str(access["nbf"])}
    if issue.refresh_token:
        out["refresh_token"] = issue.refresh_token
    if issue.foci:
        out["foci"] = "1"
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
