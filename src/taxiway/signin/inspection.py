"""Revocation and introspection, for a tenant's own services (RFC 7009 and 7662; 03 section 4.2)."""

from __future__ import annotations

from typing import Any

from taxiway.signin import issued
from taxiway.signin.errors import GrantNeedsTenant, RevocationUnsupported, TokenRefused
from taxiway.signin.grants.common import TokenRequest, authenticated_client, confidential_client
from taxiway.signin.model import Claims, Proof
from taxiway.signin.resources import names_of
from taxiway.signin.revocation import revoke_family
from taxiway.signin.tokens import verify_token
from taxiway.store import Row, Runtime, Tx

_INACTIVE: dict[str, Any] = {"active": False}


async def revoke(rt: Runtime, request: TokenRequest) -> dict[str, Any]:
    """End the family of a refresh token of the client's own; a token that is not one of them changes nothing."""
    tenant, token = _tenant(request), request.need("token")
    if token.startswith("eyJ"):
        raise RevocationUnsupported("An access token cannot be revoked.", remedy="Revoke its refresh token.")
    await rt.store.write(tenant, lambda tx: _revoke(tx, request, token), correlation=request.correlation)
    return {}


async def introspect(rt: Runtime, request: TokenRequest) -> dict[str, Any]:
    """What a token says, to the service that it is for or the client that holds it; anything else is not active."""
    tenant, token = _tenant(request), request.need("token")
    client, row = await rt.store.write(tenant, lambda tx: _known(tx, request, token), correlation=request.correlation)
    if row is not None:
        return _refresh_token(row)
    try:
        claims = await verify_token(rt, token, audiences=names_of(client))
    except TokenRefused:
        return _INACTIVE
    return _access_token(claims) if claims.tenant == tenant else _INACTIVE


def _tenant(request: TokenRequest) -> str:
    if request.tenant is None:
        raise GrantNeedsTenant("This endpoint needs a tenant in the path instead of 'common'.")
    return request.tenant


def _revoke(tx: Tx, request: TokenRequest, token: str) -> None:
    client = authenticated_client(tx, request)
    row = issued.find_refresh_token(tx, token)
    if row is None or row["client_id"] != client["app_id"]:
        return
    revoke_family(tx, row["family"])
    tx.log("signin.family_revoked", subject=Proof.of(row).subject, what={"client": client["app_id"], "by": "client"})


def _known(tx: Tx, request: TokenRequest, token: str) -> tuple[Row, Row | None]:
    """The client, and the refresh token if it is a good one of this client."""
    client = confidential_client(tx, request)
    row = issued.find_refresh_token(tx, token)
    if row is None or row["client_id"] != client["app_id"]:
        return client, None
    over = row["revoked_at"] is not None or row["used_at"] is not None or row["expires_at"] <= tx.now
    return client, None if over else row


def _refresh_token(row: Row) -> dict[str, Any]:
    return {
        "active": True,
        "token_type": "refresh_token",
        "client_id": row["client_id"],
        "scope": row["scope"],
        "oid": row["user_id"],
        "iat": int(row["issued_at"].timestamp()),
        "exp": int(row["expires_at"].timestamp()),
    }


def _access_token(claims: Claims) -> dict[str, Any]:
    found = {
        "active": True,
        "token_type": "Bearer",
        "client_id": claims.app_id,
        "aud": claims.aud,
        "tid": claims.tenant,
        "oid": claims.oid,
        "username": claims.upn,
        "scope": " ".join(sorted(claims.scopes)),
        "roles": sorted(claims.app_roles),
        "deviceid": claims.device_id,
        "jti": claims.uti,
        "iat": int(claims.issued_at.timestamp()),
        "exp": int(claims.expires_at.timestamp()),
    }
    return {name: value for name, value in found.items() if value}
