"""``refresh_token``: rotated at each use, its family revoked when an old one comes back (03 section 15.5)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from taxiway import directory
from taxiway.kernel import Reason
from taxiway.signin import issued
from taxiway.signin.errors import CodeExpired, GrantInvalid, GrantRevoked, SignInError
from taxiway.signin.grants.common import (
    Issue,
    TokenRequest,
    admit,
    authenticated_client,
    reply,
    require_credential,
)
from taxiway.signin.model import Proof
from taxiway.signin.policy import signin_policy_of
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
    row = usable(tx, request.need("refresh_token"), client["app_id"], foci=_in_family(tx, client))
    if isinstance(row, SignInError):
        return row
    if row["confidential"]:
        require_credential(client)
    proof = Proof.of(row)
    identifier = request.identifier or row["resource"]
    issue = admit(tx, proof, client, identifier, by="refresh_token", scope=request.scope or row["scope"])
    token = issued.new_refresh_token(
        tx,
        proof,
        client_id=client["app_id"],
        resource=row["resource"],
        scope=row["scope"],
        before=row,
        confidential=bool(row["confidential"]),
    )
    return replace(issue, refresh_token=token)


def usable(tx: Tx, token: str, client_id: str, *, foci: bool = False) -> Row | SignInError:
    """The row of a refresh token that was just used; a reuse ends its family, which has to be kept.

    ``foci``: the client may use the tokens of its family of client ids (03 section 5.4).
    """
    row = issued.find_refresh_token(tx, token)
    if row is None or not (row["client_id"] == client_id or (foci and _is_family(tx, row["client_id"]))):
        raise GrantInvalid("The refresh token is not valid for this client.", remedy=_AGAIN)
    if row["revoked_at"] is not None:
        raise GrantRevoked("The refresh token was revoked.", remedy=_AGAIN)
    if row["expires_at"] <= tx.now:
        raise CodeExpired("The refresh token has expired.", remedy=_AGAIN)
    use = issued.rotate if row["client_id"] == client_id else issued.borrow
    if use(tx, row):
        return row
    why = Reason("token_reused", "A refresh token came back after it had been exchanged, so all of its kind ended.")
    tx.log("signin.family_revoked", subject=Proof.of(row).subject, what={"client": client_id}, why=[why])
    return GrantRevoked("The refresh token was used before.", reasons=[why], remedy=_AGAIN)


def _in_family(tx: Tx, client: Row) -> bool:
    return bool(client["foci"]) and signin_policy_of(tx).foci


def _is_family(tx: Tx, client_id: str) -> bool:
    known = directory.find_application(tx, client_id)
    return known is not None and bool(known["foci"])
