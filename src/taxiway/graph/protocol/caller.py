"""Who calls: a bearer token checked by the sign-in room, as a principal with permissions (02 section 2)."""

from __future__ import annotations

from taxiway import signin
from taxiway.directory import Principal
from taxiway.graph.errors import InvalidToken, ScopeMissing
from taxiway.graph.protocol.scopes import permits
from taxiway.store import Runtime


async def identify(rt: Runtime, token: str | None) -> Principal:
    """The principal that a token proves, or ``InvalidToken``."""
    if token is None:
        raise InvalidToken("Access token is empty.")
    try:
        claims = await signin.verify_token(rt, token, audiences=signin.graph_audiences(rt))
    except signin.TokenRefused as error:
        raise InvalidToken(error.message, reasons=error.reasons, remedy=error.remedy) from error
    return signin.principal_of(claims)


def check_scopes(principal: Principal, needed: frozenset[str], *, delegated: bool = False) -> None:
    """The token must carry one of the permissions that the route names; ``delegated``: and be a person's."""
    if delegated and principal.kind == "app":
        raise ScopeMissing(
            "Insufficient privileges to complete the operation.",
            remedy="This is not for applications: sign in as an administrator.",
        )
    if principal.kind == "device" or not permits(principal.scopes, needed):
        raise ScopeMissing(
            "Insufficient privileges to complete the operation.",
            remedy=f"Ask for a token with one of: {', '.join(sorted(needed))}.",
        )
