"""Settings of sign-in that Graph does not have: routes under ``/taxiway``, for bearers of a token for Graph."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from taxiway import directory
from taxiway.directory import Principal
from taxiway.doors.errors import BadBody
from taxiway.doors.request import bearer, json_response, read_json
from taxiway.kernel import TaxiwayError
from taxiway.signin.errors import TokenRefused
from taxiway.signin.model import principal_of
from taxiway.signin.resources import graph_audiences
from taxiway.signin.tokens import verify_token
from taxiway.store import AlreadyExists, NotFound, Runtime, UnknownProperty

_LIMIT = 16_384
_REFUSALS: tuple[tuple[type[TaxiwayError], int, str], ...] = (
    (TokenRefused, 401, "InvalidAuthenticationToken"),
    (directory.Forbidden, 403, "Authorization_RequestDenied"),
    (AlreadyExists, 409, "Request_MultipleObjectsWithSameKeyValue"),
    (NotFound, 404, "Request_ResourceNotFound"),
    (UnknownProperty, 400, "BadRequest"),
    (BadBody, 400, "BadRequest"),
)

Handler = Callable[[Request], Awaitable[Response]]
Answer = Callable[[Request, Principal], Awaitable[Any]]


def administered(rt: Runtime, answer: Answer) -> Handler:
    """A route that answers an administrator with JSON, and everybody else with a named refusal."""

    async def handle(request: Request) -> Response:
        try:
            claims = await verify_token(rt, bearer(request) or "", audiences=graph_audiences(rt))
            return json_response(await answer(request, principal_of(claims)))
        except tuple(kind for kind, _, _ in _REFUSALS) as error:
            return _refused(error)

    return handle


async def read_object(request: Request) -> dict[str, Any]:
    """The body: a JSON object."""
    found = await read_json(request, limit=_LIMIT)
    if not isinstance(found, dict):
        raise BadBody("The body is a JSON object.")
    return found


def _refused(error: TaxiwayError) -> Response:
    status, code = next((status, code) for kind, status, code in _REFUSALS if isinstance(error, kind))
    message = " ".join((error.message, *(reason.text for reason in error.reasons)))
    return json_response({"error": {"code": code, "message": message}}, status)
