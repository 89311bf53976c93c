"""``refresh_token``: rotated at each use, its family revoked when an old one comes back (03 section 15.5)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from taxiway.kernel import Reason
from taxiway.signin import issued
from taxiway.signin.errors import CodeExpired, GrantInvalid, GrantRevoked, SignInError
from taxiway.signin.grants.common import (
    Issue,
    TokenRequest,
    admit,
    authenticated_client,
    reply,
)
from taxiway.signin.model import Proof
from taxiway.signin.sealed import tenant_hint
from taxiway.store import Row, Runtime, Tx

_AGAIN = "Sign in again."


async def refresh(rt: Runtime, request: TokenRequest) -> dict[str, Any]:
    """New tokens for an old refresh token."""
    tenant = request.within(tenant_hint(request.need("refresh_token"), kind=issued.REFRESH))
    done = await rt.store.write(tenant, lambda tx: _refresh(tx, request), correlation=request.correlation)
    if isinstance(done, SignInError):
        raise done
    return await reply(rt, request, done)


def _refresh(tx: Tx, request: TokenRequest) -> Issue | SignInError:
    client = authenticated_client(tx, request)
    row = usable(tx, request.need("refresh_token"), client["app_id"])
    if isinstance(row, SignInError):
        return row
    proof = Proof.of(row)
    identifier = request.identifier or row["resource"]
    issue = admit(tx, proof, client, identifier, by="refresh_token", scope=request.scope or row["scope"])
    token = issued.new_refresh_token(
        tx, proof, client_id=client["app_id"], resource=row["resource"], scope=row["scope"], before=row
    )
    return replace(issue, refresh_token=token)


def usable(tx: Tx, token: str, client_id: str) -> Row | SignInError:
    """The row of a refresh token that was just used; a reuse ends its family, which has to be kept."""
    row = issued.find_refresh_token(tx, token)
    if row is None or row["client_id"] != client_id:
        raise GrantInvalid("The refresh token is not valid for this client.", remedy=_AGAIN)
    if row["revoked_at"] is not None:
        raise GrantRevoked("The refresh token was revoked.", remedy=_AGAIN)
    if row["expires_at"] <= tx.now:
        raise CodeExpired("The refresh token has expired.", remedy=_AGAIN)
    if issued.rotate(tx, row):
        return row
    why = Reason("token_reused", "A refresh token came back after it had been exchanged, so all of its kind ended.")
    tx.log("signin.family_revoked", subject=Proof.of(row).subject, what={"client": client_id}, why=[why])
    return GrantRevoked("The refresh token was used before.", reasons=[why], remedy=_AGAIN)
