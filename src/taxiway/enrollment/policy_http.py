"""The tenant's enrollment policy for administrators: read and change."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.routing import Route

from taxiway import directory, signin
from taxiway.directory import Principal
from taxiway.doors.request import correlation
from taxiway.enrollment.policy import enrollment_policy_of, update_enrollment_policy
from taxiway.store import Runtime, Tx


def policy_routes(rt: Runtime) -> list[Route]:
    """``/taxiway/enrollment-policy``, with a token for Graph: for the door of people."""

    async def answer(request: Request, principal: Principal) -> Any:
        if request.method == "GET":
            return await rt.store.read(principal.tenant, lambda tx: _read(tx, principal))
        changes = await signin.read_object(request)

        def change(tx: Tx) -> Any:
            return msgspec.to_builtins(update_enrollment_policy(tx, changes, principal=principal))

        actor = f"{principal.kind}:{principal.id}"
        return await rt.store.write(principal.tenant, change, actor=actor, correlation=correlation(request))

    return [Route("/taxiway/enrollment-policy", signin.administered(rt, answer), methods=["GET", "PATCH"])]


def _read(tx: Tx, principal: Principal) -> Any:
    directory.require(tx, principal, "policies.mdm.read")
    return msgspec.to_builtins(enrollment_policy_of(tx))
