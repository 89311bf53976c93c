"""The tenant's sign-in switches for administrators: read and change (03 section 16)."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from taxiway import directory
from taxiway.directory import Principal
from taxiway.doors.errors import BadBody
from taxiway.doors.request import bearer, correlation, json_response, read_json
from taxiway.kernel import TaxiwayError
from taxiway.signin.errors import TokenRefused
from taxiway.signin.model import principal_of
from taxiway.signin.policy import signin_policy_of, update_signin_policy
from taxiway.signin.resources import graph_audiences
from taxiway.signin.tokens import verify_token
from taxiway.store import Runtime, Tx, UnknownProperty

_LIMIT = 16_384
_REFUSALS: dict[type[TaxiwayError], tuple[int, str]] = {
    TokenRefused: (401, "InvalidAuthenticationToken"),
    directory.Forbidden: (403, "Authorization_RequestDenied"),
    UnknownProperty: (400, "BadRequest"),
    BadBody: (400, "BadRequest"),
}


def policy_routes(rt: Runtime) -> list[Route]:
    """``/taxiway/signin-policy``, with a token for Graph."""

    async def handle(request: Request) -> Response:
        try:
            return json_response(await _answer(rt, request))
        except tuple(_REFUSALS) as error:
            status, code = _REFUSALS[type(error)]
            message = " ".join((error.message, *(reason.text for reason in error.reasons)))
            return json_response({"error": {"code": code, "message": message}}, status)

    return [Route("/taxiway/signin-policy", handle, methods=["GET", "PATCH"])]


async def _answer(rt: Runtime, request: Request) -> dict[str, Any]:
    claims = await verify_token(rt, bearer(request) or "", audiences=graph_audiences(rt))
    principal = principal_of(claims)
    if request.method == "GET":
        return await rt.store.read(principal.tenant, lambda tx: _read(tx, principal))
    changes = await read_json(request, limit=_LIMIT)
    if not isinstance(changes, dict):
        raise BadBody("The body is a JSON object of switches.")

    def change(tx: Tx) -> dict[str, Any]:
        return msgspec.structs.asdict(update_signin_policy(tx, changes, principal=principal))

    actor = f"{principal.kind}:{principal.id}"
    return await rt.store.write(principal.tenant, change, actor=actor, correlation=correlation(request))


def _read(tx: Tx, principal: Principal) -> dict[str, Any]:
    directory.require(tx, principal, "policies.signin.read")
    return msgspec.structs.asdict(signin_policy_of(tx))
