"""The deployment service for devices: ticket and profile (06 section 3.5)."""

from __future__ import annotations

import re
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from taxiway.autopilot.errors import LookupRefused, TicketRefused
from taxiway.autopilot.lookup import look_up
from taxiway.autopilot.ticket import issue_ticket
from taxiway.doors.request import correlation, read_body
from taxiway.store import Runtime
from taxiway.wire import ztd
from taxiway.wire.autopilot_profile import PROFILE_PATH, TOKEN_HEADER, render_profile
from taxiway.wire.json_body import BODY_LIMIT, BadJson

_JSON: Final = "application/json"
_VECTOR = re.compile(r"[A-Za-z0-9+/.=!-]{1,128}\Z")


def routes(rt: Runtime) -> list[Route]:
    """The routes of this room, for the door of the devices."""
    service = _Service(rt)
    return [
        Route(ztd.TICKET_PATH, service.ticket, methods=["POST"]),
        Route(PROFILE_PATH, service.profile, methods=["GET"]),
    ]


class _Service:
    """The handlers, bound to a runtime."""

    def __init__(self, rt: Runtime) -> None:
        self._rt = rt

    async def ticket(self, request: Request) -> Response:
        """A ticket for whoever asks: only the facts in it decide what it opens."""
        body = await read_body(request, limit=BODY_LIMIT)
        try:
            asked = ztd.parse_ticket_request(body)
        except BadJson:
            return _error(request, 400, ztd.INVALID_BODY)
        ticket, expires = issue_ticket(self._rt, asked.facts)
        return Response(ztd.render(ztd.DeviceTicketResponse(ticket, expires)), media_type=_JSON)

    async def profile(self, request: Request) -> Response:
        """The profile of the device whose ticket this is."""
        ticket = request.headers.get(TOKEN_HEADER, "").removeprefix("t=")
        try:
            profile = await look_up(self._rt, ticket, correlation=correlation(request))
        except TicketRefused:
            return _error(request, 401, ztd.INVALID_BODY)
        except LookupRefused as refused:
            return _error(request, 409 if refused.code == ztd.MISMATCH else 404, refused.code, refused.result)
        return Response(render_profile(profile), media_type=_JSON, headers=_headers(request))


def _error(request: Request, status: int, code: int, name: str | None = None) -> Response:
    body = ztd.ZtdError.of(code, _vector(request), name)
    return Response(ztd.render(body), status, media_type=_JSON, headers=_headers(request))


def _headers(request: Request) -> dict[str, str]:
    vector = _vector(request)
    return {"MS-CV": vector} if vector else {}


def _vector(request: Request) -> str:
    """The caller's correlation vector, when it looks like one."""
    given = request.headers.get("ms-cv", "")
    return given if _VECTOR.match(given) else ""
