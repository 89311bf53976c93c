"""``client_credentials``: an application that acts for itself (03 section 4.2)."""

from __future__ import annotations

from typing import Any

from taxiway.signin import claims, resources
from taxiway.signin.errors import GrantNeedsTenant, ScopeInvalid
from taxiway.signin.grants.common import TokenRequest, confidential_client, times
from taxiway.signin.tokens import sign
from taxiway.store import Runtime, Tx


async def sign_in(rt: Runtime, request: TokenRequest) -> dict[str, Any]:
    """An access token with ``roles``; neither a refresh token nor an id_token."""
    tenant = request.tenant
    if tenant is None:
        raise GrantNeedsTenant("The client credentials grant needs a tenant in the path instead of 'common'.")
    body = await rt.store.write(tenant, lambda tx: _body(tx, rt, request), correlation=request.correlation)
    token = (await sign(rt, body))[0]
    out = {"token_type": "Bearer", **times(body["exp"] - body["iat"], body["exp"], request.version)}
    if request.version == "1.0":
        out |= {"resource": body["aud"], "not_before": str(body["nbf"])}
    return {**out, "access_token": token}


def _body(tx: Tx, rt: Runtime, request: TokenRequest) -> claims.Body:
    client = confidential_client(tx, request)
    identifier = request.identifier
    if not identifier or (not request.form.get("resource") and not request.scope.endswith("/.default")):
        raise ScopeInvalid("The scope must be one resource followed by '/.default'.")
    target = resources.own_target_of(tx, client, identifier)
    tx.log(
        "token.issued",
        subject=f"application:{client['app_id']}",
        what={"client": client["app_id"], "resource": identifier, "by": "client_credentials"},
    )
    return claims.app_claims(rt, client, target, tenant=tx.tenant, now=tx.now, uti=tx.entropy.token(16))
