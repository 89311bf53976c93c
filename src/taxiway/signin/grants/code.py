"""``authorization_code`` (03 sections 4.2, 15.3 and 15.4)."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from datetime import timedelta
from typing import Any

from taxiway.kernel import Reason
from taxiway.signin import issued
from taxiway.signin.authorize import registered
from taxiway.signin.client_authentication import NONE
from taxiway.signin.errors import (
    ClientIsPublic,
    CodeExpired,
    CodeReused,
    GrantInvalid,
    Malformed,
    OriginMissing,
    OriginRefused,
    SignInError,
    VerifierMismatch,
)
from taxiway.signin.grants.common import (
    Issue,
    TokenRequest,
    admit,
    authenticated_client,
    reply,
    require_credential,
    wants_refresh_token,
    with_refresh_token,
)
from taxiway.signin.model import Proof
from taxiway.signin.revocation import revoke_family
from taxiway.signin.sealed import same, tenant_hint
from taxiway.store import Row, Runtime, Tx

#: A refresh token in a page lives this long, however it is renewed (03 section 5.5).
_IN_A_PAGE = timedelta(hours=24)


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
    _check_kind(request, row, client)
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
    if wants_refresh_token(request, scope):
        before = {**row, "absolute_at": tx.now + _IN_A_PAGE} if request.origin else row
        issue = with_refresh_token(tx, issue, resource=identifier, scope=row["scope"], before=before)
    return replace(issue, nonce=row["nonce"])


def _check_kind(request: TokenRequest, row: Row, client: Row) -> None:
    """The kind of its redirect URI says what a client is: a page, an installed program or a server with a secret."""
    uri = row["redirect_uri"]
    kinds = (kind for kind, uris in client["redirects"].items() if registered({"redirect_uris": uris}, uri))
    kind = next(kinds, "web")
    if kind == "spa" and not request.origin:
        raise OriginMissing(
            "Tokens issued for the 'Single-Page Application' client-type may only be redeemed via cross-origin "
            "requests."
        )
    if kind != "spa" and request.origin:
        raise OriginRefused(
            "Cross-origin token redemption is permitted only for the 'Single-Page Application' client-type.",
            remedy="Register the redirect URI under 'spa'.",
        )
    if kind == "web":
        require_credential(client)
    elif client["acr"] != NONE:
        raise ClientIsPublic("Client is public so neither 'client_assertion' nor 'client_secret' should be presented.")


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
