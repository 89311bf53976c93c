"""The OMA-DM endpoint and the content of apps, both over mutual TLS (05 section 2, 04 section 13.2)."""

from __future__ import annotations

import re
from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from taxiway.doors.request import bearer, correlation, json_response, peer, read_body
from taxiway.management import flow
from taxiway.management.actions import collecting
from taxiway.management.certificates import http as certificates
from taxiway.management.compliance import attestation
from taxiway.management.errors import BadArchive, BadEvidence, BadRange, NoContent
from taxiway.management.extension.http import extension_routes
from taxiway.pki import Peer, PeerRefused
from taxiway.store import Runtime
from taxiway.wire.errors import WireError
from taxiway.wire.syncml import CONTENT_TYPE

_LONGEST: Final = 200
_EVIDENCE: Final = 65_536
_RANGE: Final = re.compile(r"bytes=(\d{1,18})?-(\d{1,18})?")


def routes(rt: Runtime) -> list[Route]:
    """The routes of this room, for the door of the devices."""
    services = _Services(rt)
    return [
        Route("/managementserver/mdm.svc", services.manage, methods=["POST"]),
        Route("/content/{sha256}", services.content, methods=["GET"]),
        *certificates.routes(rt),
        *extension_routes(rt),
        Route(attestation.PATH, services.attest, methods=["POST"]),
        Route("/diagnostics/{tenant}/{collection}", services.archive, methods=["PUT"]),
    ]


class _Services:
    """The handlers, bound to a runtime."""

    def __init__(self, rt: Runtime) -> None:
        self._rt = rt

    async def manage(self, request: Request) -> Response:
        """One message of a session; what cannot be read is a 400 and changes nothing."""
        try:
            caller = await self._caller(request)
            body = await read_body(request, limit=flow.MAX_BODY)
            answer = await flow.exchange(self._rt, caller, body, bearer(request), correlation=correlation(request))
        except PeerRefused as error:
            return _text(error.message, 403)
        except WireError as error:
            return _text(error.message, 400)
        return Response(answer, media_type=CONTENT_TYPE)

    async def content(self, request: Request) -> Response:
        """The installer of an app, whole or a range of it, to a device of the tenant that owns it."""
        wanted = _range(request.headers.get("range"))
        try:
            caller = await self._caller(request)
            content = await flow.open_content(self._rt, caller, request.path_params["sha256"].lower(), wanted)
        except PeerRefused as error:
            return _text(error.message, 403)
        except NoContent as error:
            return _text(error.message, 404)
        except BadRange as error:
            return _text(error.message, 416)
        headers = {"accept-ranges": "bytes", "content-length": str(content.last - content.first + 1)}
        if wanted is not None:
            headers["content-range"] = f"bytes {content.first}-{content.last}/{content.size}"
        status = 200 if wanted is None else 206
        return StreamingResponse(content.chunks, status, headers, media_type="application/octet-stream")

    async def attest(self, request: Request) -> Response:
        """The attestation service, for a joined device by its certificate (05 section 10.17)."""
        try:
            caller = await peer(request, self._rt)
            body = await read_body(request, limit=_EVIDENCE)
            return json_response({"report": await attestation.attest(self._rt, caller, body)})
        except PeerRefused as error:
            return _text(error.message, 403)
        except (BadEvidence, WireError) as error:
            return _text(error.message, 400)

    async def archive(self, request: Request) -> Response:
        """The logs of a device, once, at the address that it was given (05 section 10.16)."""
        token = request.query_params.get("token", "")
        tenant, collection = request.path_params["tenant"], request.path_params["collection"]
        if any("\x00" in part or len(part) > _LONGEST for part in (tenant, collection, token)):
            return _text("This address of an upload is not known.", 404)
        try:
            await collecting.admit(self._rt, tenant, collection, token)  # before anything of the body is read
            body = await read_body(request, limit=collecting.MAX_ARCHIVE)
            await collecting.receive(self._rt, tenant, collection, token, body)
        except NoContent as error:
            return _text(error.message, 404)
        except BadArchive as error:
            return _text(error.message, 400)
        return Response(None, 201)

    async def _caller(self, request: Request) -> Peer:
        caller = await peer(request, self._rt)
        if caller is None:
            raise PeerRefused("A management certificate is needed.")
        return caller


def _range(header: str | None) -> tuple[int | None, int | None] | None:
    """A single byte range; any other Range header is passed over, as HTTP allows."""
    found = None if header is None else _RANGE.fullmatch(header.strip())
    if found is None or (found[1] is None and found[2] is None):
        return None
    return (None if found[1] is None else int(found[1])), (None if found[2] is None else int(found[2]))


def _text(message: str, status: int) -> Response:
    return Response(message, status, media_type="text/plain")
