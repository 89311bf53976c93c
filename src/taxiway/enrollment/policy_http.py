"""The tenant's enrollment policy for administrators: read and change."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from taxiway import directory, signin
from taxiway.directory import Principal
from taxiway.doors.errors import BadBody
from taxiway.doors.request import bearer, correlation, json_response, read_json
from taxiway.enrollment.errors import BadPolicy
from taxiway.enrollment.policy import enrollment_policy_of, update_enrollment_policy
from taxiway.kernel import TaxiwayError
from taxiway.store import AlreadyExists, Runtime, Tx

_LIMIT: Final = 65_536
_REFUSALS: Final[tuple[tuple[type[TaxiwayError], int, str], ...]] = (
    (signin.TokenRefused, 401, "InvalidAuthenticationToken"),
    (directory.Forbidden, 403, "Authorization_RequestDenied"),
    (BadPolicy, 400, "BadRequest"),
    (BadBody, 400, "BadRequest"),
    (AlreadyExists, 409, "Conflict"),
)


def policy_routes(rt: Runtime) -> list[Route]:
    """``/taxiway/enrollment-policy``, with a token for Graph; at the door of the devices, as this room is."""

    async def handle(request: Request) -> Response:
        try:
            return json_response(await _answer(rt, request))
        except tuple(kind for kind, _, _ in _REFUSALS) as error:
            status, code = next((s, c) for kind, s, c in _REFUSALS if isinstance(error, kind))
            message = " ".join((error.message, *(reason.text for reason in error.reasons)))
            return json_response({"error": {"code": code, "message": message}}, status)

    return [Route("/taxiway/enrollment-policy", handle, methods=["GET", "PATCH"])]


async def _answer(rt: Runtime, request: Request) -> Any:
    claims = await signin.verify_token(rt, bearer(request) or "", audiences=signin.graph_audiences(rt))
    principal = signin.principal_of(claims)
    if request.method == "GET":
        return await rt.store.read(principal.tenant, lambda tx: _read(tx, principal))
    changes = await read_json(request, limit=_LIMIT)
    if not isinstance(changes, dict):
        raise BadBody("The body is a JSON object of switches.")

    def change(tx: Tx) -> Any:
        return msgspec.to_builtins(update_enrollment_policy(tx, changes, principal=principal))

    actor = f"{principal.kind}:{principal.id}"
    return await rt.store.write(principal.tenant, change, actor=actor, correlation=correlation(request))


def _read(tx: Tx, principal: Principal) -> Any:
    directory.require(tx, principal, "policies.mdm.read")
    return msgspec.to_builtins(enrollment_policy_of(tx))
