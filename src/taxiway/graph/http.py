"""Graph behind its door: any method and address under /v1.0 and /beta, the batch, and content uploads (02)."""

from __future__ import annotations

import re
from functools import cache, partial
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from taxiway.directory import Principal
from taxiway.doors import bearer, correlation, json_response, read_body
from taxiway.graph import operations, partner
from taxiway.graph.protocol.batch import answer_batch
from taxiway.graph.protocol.call import Answer
from taxiway.graph.protocol.caller import identify
from taxiway.graph.protocol.dispatch import Incoming, Service, answer
from taxiway.graph.protocol.metadata import csdl
from taxiway.graph.protocol.refusals import refusal
from taxiway.graph.protocol.throttle import Throttle
from taxiway.graph.protocol.tree import Tree
from taxiway.graph.protocol.url import VERSIONS
from taxiway.graph.resources import blobs, device_actions
from taxiway.graph.settings import GraphSettings
from taxiway.kernel import TaxiwayError
from taxiway.store import Runtime

#: An import of a few thousand hardware hashes is the largest body.
MAX_BODY = 32 * 1024 * 1024
_METHODS = ["GET", "POST", "PATCH", "PUT", "DELETE"]
_JSON = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
_DEFAULTS = GraphSettings()
_host = re.compile(r"[A-Za-z0-9.-]{1,253}(:\d{1,5})?\Z|\[[0-9A-Fa-f:.]{2,45}\](:\d{1,5})?\Z")


def routes(rt: Runtime, settings: GraphSettings = _DEFAULTS) -> list[BaseRoute]:
    """The routes, and how they answer."""
    tree = Tree(operations.OPERATIONS, operations.NOT_SERVED)
    serve = partial(answer, Service(rt, tree, settings, Throttle(settings, rt.clock)))

    async def handle(request: Request, batch: str = "") -> Response:
        """Who calls is proven before anything of the body is read."""
        url = _target(request)
        try:
            incoming = await _incoming(request, url, await identify(rt, bearer(request)))
            made = await (answer_batch(incoming, batch, serve) if batch else serve(incoming))
        except TaxiwayError as error:
            made = refusal(
                error,
                "directory",
                now=rt.clock.now(),
                request_id=str(request.scope["request_id"]),
                client_id=correlation(request),
                url=url,
            )
        return _rendered(request, made)

    found: list[BaseRoute] = []
    for version in VERSIONS:
        found.append(Route(f"/{version}/$metadata", partial(_metadata, version), methods=["GET"]))
        found.append(Route(f"/{version}/$batch", partial(handle, batch=version), methods=["POST"]))
        found.append(Route(f"/{version}", handle, methods=_METHODS))
        found.append(Route(f"/{version}/{{rest:path}}", handle, methods=_METHODS))
    return [*found, *blobs.routes(rt), *device_actions.routes(rt), *partner.routes(rt)]


async def _metadata(version: str, request: Request) -> Response:
    """For anybody: clients read it before they sign in."""
    return _rendered(request, Answer(200, content=_csdl(version), media_type="application/xml"))


@cache
def _csdl(version: str) -> bytes:
    return csdl(operations.OPERATIONS, version)


def _target(request: Request) -> str:
    """The path and the query as they were sent."""
    raw_path = request.scope.get("raw_path") or quote(request.scope["path"]).encode()
    path = raw_path.partition(b"?")[0].decode("latin-1")
    query = request.scope.get("query_string", b"").decode("latin-1")
    return f"{path}?{query}" if query else path


async def _incoming(request: Request, target: str, principal: Principal) -> Incoming:
    return Incoming(
        method=request.method if request.method != "HEAD" else "GET",
        target=target,
        headers={name.lower(): value for name, value in request.headers.items()},
        raw=await read_body(request, limit=MAX_BODY),
        principal=principal,
        origin=_origin(request),
        request_id=str(request.scope["request_id"]),
        correlation=correlation(request),
    )


def _origin(request: Request) -> str:
    """The address the client used: links in answers must lead back to it (02 section 1.1)."""
    host = request.headers.get("host", "")
    return f"{request.scope['scheme']}://{host if _host.match(host) else 'localhost'}"


def _rendered(request: Request, made: Answer) -> Response:
    request_id = str(request.scope["request_id"])
    headers = {
        "request-id": request_id,
        "client-request-id": request.headers.get("client-request-id", request_id)[:100],
        "OData-Version": "4.0",
        **made.headers,
    }
    if made.text is not None:
        return Response(made.text, made.status, headers, media_type="text/plain")
    if made.content is not None:
        return Response(made.content, made.status, headers, media_type=made.media_type)
    if made.body is None:
        return Response(None, made.status, headers)
    response = json_response(made.body, made.status, headers)
    response.headers["content-type"] = _JSON
    return response
