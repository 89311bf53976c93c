"""OpenID Connect's userinfo (03 section 3.7)."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from typing import Any

from taxiway import directory
from taxiway.signin.errors import TokenRefused
from taxiway.signin.resources import graph_audiences
from taxiway.signin.tokens import verify_token
from taxiway.store import Runtime

#: Azure AD Graph: the only other resource whose tokens are good here.
_OLD_GRAPH = ("00000002-0000-0000-c000-000000000000", "https://graph.windows.net")


async def userinfo(rt: Runtime, token: str) -> dict[str, Any]:
    """The user behind a Graph token."""
    claims = await verify_token(rt, token, audiences=graph_audiences(rt).union(_OLD_GRAPH))
    oid = claims.oid
    if claims.kind != "user" or oid is None:
        raise TokenRefused("The token is not one of a user.")
    user = await rt.store.read(claims.tenant, lambda tx: directory.USERS.require(tx, oid))
    pairwise = hashlib.sha256(f"{claims.tenant}\0{oid}\0{claims.app_id}".encode()).digest()
    found = {
        "sub": urlsafe_b64encode(pairwise).rstrip(b"=").decode(),
        "oid": oid,
        "tid": claims.tenant,
        "name": user["display_name"],
        "given_name": user["given_name"],
        "family_name": user["surname"],
        "email": user["mail"],
        "upn": user["user_principal_name"],
        "unique_name": user["user_principal_name"],
        "preferred_username": user["user_principal_name"],
    }
    return {name: value for name, value in found.items() if value}
