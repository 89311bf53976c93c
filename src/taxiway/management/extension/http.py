"""The two addresses of the management extension, over mutual TLS (docs/management-extension.md)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from taxiway.doors.request import bearer, correlation, json_response, peer, read_body
from taxiway.management.extension import flow
from taxiway.management.flow import managed_id_of, prove_user
from taxiway.pki import Peer, PeerRefused
from taxiway.store import Runtime
from taxiway.wire.errors import WireError
from taxiway.wire.extension import CHECK_IN_PATH, MAX_REQUEST, REPORT_PATH


def extension_routes(rt: Runtime) -> list[Route]:
    """The routes of the management extension."""
    services = _Services(rt)
    return [
        Route(CHECK_IN_PATH.lower(), services.check_in, methods=["POST"]),
        Route(REPORT_PATH.lower(), services.report, methods=["POST"]),
    ]


class _Services:
    """The handlers, bound to a runtime."""

    def __init__(self, rt: Runtime) -> None:
        self._rt = rt

    async def check_in(self, request: Request) -> Response:
        """What is meant for the PC."""

        async def answer(caller: Peer, body: bytes) -> bytes:
            user = await self._user(request, caller)
            return await flow.check_in(self._rt, caller, body, user, trace=correlation(request))

        return await self._answered(request, answer)

    async def report(self, request: Request) -> Response:
        """How it stands there."""

        async def answer(caller: Peer, body: bytes) -> bytes:
            user_id, _ = await self._user(request, caller)
            return await flow.report(self._rt, caller, body, user_id, trace=correlation(request))

        return await self._answered(request, answer)

    async def _answered(self, request: Request, answer: Callable[[Peer, bytes], Awaitable[bytes]]) -> Response:
        """What cannot be read is a 400 and changes nothing; who is not a managed device is a 403."""
        try:
            caller = await self._caller(request)
            body = await read_body(request, limit=MAX_REQUEST)
            return Response(await answer(caller, body), media_type="application/json")
        except PeerRefused as error:
            return json_response({"error": {"code": "NotManaged", "message": error.message}}, 403)
        except WireError as error:
            return json_response({"error": {"code": "BadMessage", "message": error.message}}, 400)

    async def _caller(self, request: Request) -> Peer:
        caller = await peer(request, self._rt)
        if caller is None:
            raise PeerRefused("A management certificate is needed.")
        return caller

    async def _user(self, request: Request, caller: Peer) -> tuple[str | None, str | None]:
        return await prove_user(self._rt, caller.tenant, managed_id_of(caller), bearer(request))
