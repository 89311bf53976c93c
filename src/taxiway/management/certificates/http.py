"""The SCEP responder's routes, on the devices' door: a client has no certificate yet (RFC 8894, section 4)."""

from __future__ import annotations

import re
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from taxiway.doors.request import address, correlation, read_body
from taxiway.doors.throttle import Throttle
from taxiway.management.certificates import flow
from taxiway.pki import NoAuthority
from taxiway.store import Runtime
from taxiway.wire import scep

#: From one address: a network of many devices behind one, and no more than a core can answer.
BURST: Final = 200
_RATE: Final = 50.0
_TENANT: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def routes(rt: Runtime) -> list[Route]:
    """``/scep/{tenant}/pkiclient.exe``: the address a profile sends devices to."""
    asked = Throttle(rt.clock, burst=BURST, rate=_RATE)

    async def answer(request: Request) -> Response:
        if not asked.allow(address(request)):
            return Response("Too many requests.", 429, {"retry-after": "1"}, media_type="text/plain")
        try:
            return await _answer(rt, request)
        except NoAuthority as error:
            return _text(error.message, 404)
        except scep.BadScep as error:
            return _text(error.message, 400)

    return [Route("/scep/{tenant}/pkiclient.exe", answer, methods=["GET", "POST"])]


async def _answer(rt: Runtime, request: Request) -> Response:
    tenant, operation = request.path_params["tenant"].lower(), request.query_params.get("operation", "")
    if not _TENANT.fullmatch(tenant):
        raise NoAuthority("There is no such tenant.")
    if operation == "GetCACaps":
        return _text("\n".join(scep.CAPABILITIES) + "\n", 200)
    if operation == "GetCACert":
        return Response(await flow.ca_certificates(rt, tenant), media_type=scep.CERTIFICATES_TYPE)
    if operation != "PKIOperation":
        raise scep.BadScep("The operation has to be GetCACaps, GetCACert or PKIOperation.")
    if request.method == "POST":
        message = await read_body(request, limit=scep.MAX_BYTES)
    else:
        message = flow.message_of(request.query_params.get("message", ""))
    found = await flow.respond(rt, tenant, message, correlation=correlation(request))
    return Response(found, media_type=scep.MESSAGE_TYPE)


def _text(message: str, status: int) -> Response:
    return Response(message, status, media_type="text/plain")
