"""The tenant's sign-in switches for administrators: read and change (03 section 16)."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.routing import Route

from taxiway import directory
from taxiway.directory import Principal
from taxiway.doors.request import correlation
from taxiway.signin.administered import administered, read_object
from taxiway.signin.policy import signin_policy_of, update_signin_policy
from taxiway.store import Runtime, Tx


def policy_routes(rt: Runtime) -> list[Route]:
    """``/taxiway/signin-policy``, with a token for Graph."""

    async def answer(request: Request, principal: Principal) -> dict[str, Any]:
        if request.method == "GET":
            return await rt.store.read(principal.tenant, lambda tx: _read(tx, principal))
        changes = await read_object(request)

        def change(tx: Tx) -> dict[str, Any]:
            return msgspec.structs.asdict(update_signin_policy(tx, changes, principal=principal))

        actor = f"{principal.kind}:{principal.id}"
        return await rt.store.write(principal.tenant, change, actor=actor, correlation=correlation(request))

    return [Route("/taxiway/signin-policy", administered(rt, answer), methods=["GET", "PATCH"])]


def _read(tx: Tx, principal: Principal) -> dict[str, Any]:
    directory.require(tx, principal, "policies.signin.read")
    return msgspec.structs.asdict(signin_policy_of(tx))
