"""On-behalf-of: a service passes on who called it (03 section 4.2; RFC 7523)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from taxiway.signin.errors import (
    AssertionElsewhere,
    AssertionExpired,
    AssertionInvalid,
    GrantNeedsTenant,
    GrantUnsupported,
    ScopeInvalid,
    TokenElsewhere,
    TokenExpired,
    TokenRefused,
)
from taxiway.signin.grants.common import (
    Issue,
    TokenRequest,
    admit,
    confidential_client,
    reply,
    wants_refresh_token,
    with_refresh_token,
)
from taxiway.signin.model import FRESH, Claims, Proof
from taxiway.signin.resources import client_of, names_of
from taxiway.signin.tokens import verify_token
from taxiway.store import Runtime, Tx

_USE = "on_behalf_of"


async def exchange(rt: Runtime, request: TokenRequest) -> dict[str, Any]:
    """Tokens in the name of the user whose access token for this client is handed in."""
    if request.need("requested_token_use") != _USE:
        raise GrantUnsupported(f"The 'requested_token_use' must be '{_USE}'.")
    tenant = request.tenant
    if tenant is None:
        raise GrantNeedsTenant("The on-behalf-of grant needs a tenant in the path instead of 'common'.")
    assertion = request.need("assertion")
    client = await rt.store.write(tenant, lambda tx: confidential_client(tx, request), correlation=request.correlation)
    claims = await _opened(rt, assertion, names_of(client))
    if claims.tenant != tenant or claims.kind != "user":
        raise AssertionInvalid("The assertion is not an access token of a user of this tenant.")
    issue = await rt.store.write(
        tenant, lambda tx: _issue(tx, request, claims, client["acr"]), correlation=request.correlation
    )
    return await reply(rt, request, issue)


async def _opened(rt: Runtime, assertion: str, audiences: frozenset[str]) -> Claims:
    try:
        return await verify_token(rt, assertion, audiences=audiences)
    except TokenElsewhere as error:
        raise AssertionElsewhere(
            "Assertion failed audience validation: the token was issued for another application.",
            remedy="Send the token that was issued for this application.",
        ) from error
    except TokenExpired as error:
        raise AssertionExpired("Assertion is not within its valid time range.") from error
    except TokenRefused as error:
        raise AssertionInvalid(f"Assertion failed validation: {error.message}") from error


def _issue(tx: Tx, request: TokenRequest, claims: Claims, acr: str) -> Issue:
    client = {**client_of(tx, request.client_id), "acr": acr}
    identifier = request.identifier
    if not identifier:
        raise ScopeInvalid("The scope names no resource.")
    proof = _proof(claims)
    issue = admit(tx, proof, client, identifier, by=_USE, scope=request.scope)
    if not wants_refresh_token(request, request.scope):
        return issue
    return with_refresh_token(tx, issue, resource=identifier, scope=request.scope)


def _proof(claims: Claims) -> Proof:
    """What the token says of the sign-in; a second factor is fresh only as far as the token itself says so."""
    shown = claims.issued_at if "ngcmfa" in claims.amr else claims.issued_at - FRESH - timedelta(seconds=1)
    return Proof(
        user_id=str(claims.oid),
        amr=tuple(name for name in claims.amr if name != "ngcmfa"),
        auth_time=claims.issued_at,
        mfa_at=shown if claims.had_mfa else None,
        device_id=claims.device_id,
    )
