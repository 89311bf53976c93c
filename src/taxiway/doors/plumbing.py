"""The pure ASGI layer around a door's routes: ids, path tolerance, headers, and the last word on errors."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

import structlog
from starlette.routing import BaseRoute, Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from taxiway.doors.errors import BadBody, BodyTooLarge, MisdirectedRequest, NoSuchAddress
from taxiway.doors.request import json_response
from taxiway.kernel import Busy, Entropy, NotImplementedHere, TaxiwayError
from taxiway.pki import PeerRefused

_log = structlog.get_logger("taxiway.doors")
_slashes = re.compile(r"/{2,}")

_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"strict-transport-security", b"max-age=31536000"),
    (b"referrer-policy", b"no-referrer"),
]
#: For every answer that does not say itself how long it may be kept (03 section 1.2).
_NOT_KEPT = [(b"cache-control", b"no-store, no-cache"), (b"pragma", b"no-cache"), (b"expires", b"-1")]
_STATUS: tuple[tuple[type[TaxiwayError], int], ...] = (
    (BodyTooLarge, 413),
    (NoSuchAddress, 404),
    (MisdirectedRequest, 421),
    (BadBody, 400),
    (PeerRefused, 401),
    (NotImplementedHere, 501),
    (Busy, 503),
)


class ByHost:
    """Several doors behind one listener: each request goes to the door of its host."""

    def __init__(self, doors: Sequence[Door]) -> None:
        self._doors = {host: door for door in doors for host in door.hosts}
        self._any = doors[0]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; a host that is nobody's is refused by any of the doors."""
        await self._doors.get(_host(scope), self._any)(scope, receive, send)


class Door:
    """One door: its routes, matched without regard to case or doubled slashes (03 section 1.2).

    ``hosts``: the host names it answers for, without ports; empty: any (03 section 15.14).
    """

    def __init__(self, routes: Sequence[BaseRoute], entropy: Entropy, hosts: Collection[str] = ()) -> None:
        self.hosts = frozenset(host.lower() for host in hosts)
        for route in routes:
            pattern = getattr(route, "path_regex", None)
            if pattern is not None:
                route.path_regex = re.compile(pattern.pattern, re.IGNORECASE)  # type: ignore[attr-defined]
        self._app: ASGIApp = Router(routes=list(routes), redirect_slashes=False)
        self._entropy = entropy.child("requests")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return
        request_id = self._entropy.uuid()
        scope["request_id"] = request_id
        path = _slashes.sub("/", scope["path"])
        scope["path"] = path.rstrip("/") or "/"
        started = False

        async def dressed(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = message.setdefault("headers", [])
                present = {name.lower() for name, _ in headers}
                extra = [*_HEADERS, (b"x-ms-request-id", request_id.encode())]
                if b"cache-control" not in present:
                    extra += _NOT_KEPT
                message["headers"] = [*headers, *((n, v) for n, v in extra if n not in present)]
            await send(message)

        try:
            self._check_host(scope)
            _check_address(scope)
            await self._app(scope, receive, dressed)
        except TaxiwayError as error:
            if started:
                raise
            await self._refuse(error, scope, receive, dressed)
        except Exception:
            _log.exception("request failed", path=scope["path"], request_id=request_id)
            if started:
                raise
            body = {"error": {"code": "InternalServerError", "message": f"Quote {request_id} to the operator."}}
            await json_response(body, 500)(scope, receive, dressed)

    def _check_host(self, scope: Scope) -> None:
        if self.hosts and _host(scope) not in self.hosts:
            raise MisdirectedRequest("This server does not answer for the host that the request names.")

    async def _refuse(self, error: TaxiwayError, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer an error that no face claimed."""
        status = next((code for kind, code in _STATUS if isinstance(error, kind)), 500)
        if status == 500:
            _log.error("unmapped error", name=error.name, message=error.message, path=scope["path"])
        headers = {"retry-after": "1"} if status == 503 else {}
        body = {"error": {"code": error.name, "message": " ".join(filter(None, (error.message, error.remedy)))}}
        await json_response(body, status, headers)(scope, receive, send)


def _check_address(scope: Scope) -> None:
    """Refuse what no reader further in agrees about: a NUL, and bytes that are no UTF-8."""
    query: bytes = scope["query_string"]
    if "\0" in scope["path"]:
        raise NoSuchAddress("Nothing is at an address that holds a NUL.")
    if b"%00" in query or b"\0" in query:
        raise BadBody("The address holds a NUL.")
    try:
        query.decode()
    except UnicodeDecodeError as error:
        raise BadBody("The address is not UTF-8.") from error


def _host(scope: Scope) -> str:
    """The host a request names, in lower case without its port; empty unless it names exactly one."""
    named: list[bytes] = [value for name, value in scope["headers"] if name == b"host"]
    if len(named) != 1:
        return ""
    host = named[0].decode("latin-1").lower()
    bare, colon, port = host.rpartition(":")
    return (bare if colon and port.isdigit() else host).rstrip(".")
