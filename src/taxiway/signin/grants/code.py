"""``authorization_code`` (03 sections 4.2, 15.3 and 15.4)."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from typing import Any

from taxiway.kernel import Reason
from taxiway.signin import issued
from taxiway.signin.errors import CodeExpired, CodeReused, GrantInvalid, Malformed, SignInError, VerifierMismatch
from taxiway.signin.grants.common import (
    Issue,
    TokenRequest,
    admit,
    authenticated_client,
    reply,
    wants_refresh_token,
)
from taxiway.signin.model import Proof
from taxiway.signin.revocation import revoke_family
from taxiway.signin.sealed import same, tenant_hint
from taxiway.store import Row, Runtime, Tx


async def redeem(rt: Runtime, request: TokenRequest) -> dict[str, Any]:
    """Exchange a code for tokens, once."""
    tenant = request.within(tenant_hint(request.need("code"), kind=issued.CODE))
    done = await rt.store.write(tenant, lambda tx: _redeem(tx, request), correlation=request.correlation)
    if isinstance(done, SignInError):
        raise done
    return await reply(rt, request, done)


def _redeem(tx: Tx, request: TokenRequest) -> Issue | SignInError:
    """A reuse ends the family and has to be kept, so it is returned instead of raised."""
    row = issued.find_code(tx, request.need("code"))
    if row is None:
        raise GrantInvalid("The provided authorization code is not known.", remedy="Sign in again.")
    client = authenticated_client(tx, request)
    _check_binding(request, row)
    if row["used_at"] is not None:
        revoke_family(tx, row["family"])
        why = Reason("code_reused", "A code was redeemed twice, so what the first redemption gave was revoked.")
        tx.log("signin.family_revoked", subject=Proof.of(row).subject, what={"client": row["client_id"]}, why=[why])
        return CodeReused("The authorization code was already redeemed.", reasons=[why], remedy="Sign in again.")
    if row["expires_at"] <= tx.now:
        raise CodeExpired("The authorization code has expired.", remedy="Sign in again.")
    issued.spend_code(tx, row)
    proof = Proof.of(row)
    identifier = request.identifier or row["resource"]
    scope = f"{row['scope']} {request.scope}"
    issue = admit(tx, proof, client, identifier, by="authorization_code", scope=scope)
    token = ""
    if wants_refresh_token(request, scope):
        token = issued.new_refresh_token(
            tx, proof, client_id=client["app_id"], resource=identifier, scope=row["scope"], before=row
        )
    return replace(issue, refresh_token=token, nonce=row["nonce"])


def _check_binding(request: TokenRequest, row: Row) -> None:
    if row["client_id"] != request.client_id or row["redirect_uri"] != request.form.get("redirect_uri", ""):
        raise GrantInvalid("The authorization code was issued to another client or redirect URI.")
    verifier = request.form.get("code_verifier", "")
    if not row["challenge"]:
        if verifier:
            raise Malformed("A code_verifier was sent, but the sign-in began without a challenge.")
        return
    digest = hashlib.sha256(verifier.encode()).digest()
    if not same(base64.urlsafe_b64encode(digest).rstrip(b"=").decode(), row["challenge"]):
        raise VerifierMismatch("The code_verifier does not match the code_challenge of the sign-in.")
