"""Where app content is uploaded: the two calls of block blobs that clients make (02 section 8.3, step 4)."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from taxiway.doors import BodyTooLarge, json_response, read_body
from taxiway.graph import uploads
from taxiway.graph.errors import BadRequest, GraphError
from taxiway.graph.uploads import UploadRefused
from taxiway.kernel import TaxiwayError
from taxiway.store import Runtime
from taxiway.wire.errors import WireError
from taxiway.wire.xml import local, parse_xml, text

_LIST: Final = 1_048_576


def routes(rt: Runtime) -> list[BaseRoute]:
    """The route that a file's ``azureStorageUri`` leads to."""

    async def put(request: Request) -> Response:
        try:
            return await _put(rt, request)
        except UploadRefused as error:
            return _refused(403, "AuthenticationFailed", error)
        except BodyTooLarge as error:
            return _refused(413, "RequestBodyTooLarge", error)
        except GraphError as error:
            return _refused(400, "InvalidBlockList", error)

    return [Route("/content-uploads/{tenant}/{file}", put, methods=["PUT"])]


async def _put(rt: Runtime, request: Request) -> Response:
    """``comp=block`` stores one block, ``comp=blocklist`` puts them together."""
    tenant, file_id = request.path_params["tenant"], request.path_params["file"]
    signature, step = request.query_params.get("sig", ""), request.query_params.get("comp", "")
    await rt.store.read(tenant, lambda tx: uploads.opened(tx, file_id, signature))
    if step == "block":
        name = request.query_params.get("blockid", "")
        if not 0 < len(name) <= 128:
            raise BadRequest("A block needs its 'blockid'.")
        content = await read_body(request, limit=uploads.MAX_BLOCK)
        stored = await uploads.keep_block(rt, content)
        await rt.store.write(tenant, lambda tx: uploads.add_block(tx, file_id, signature, name, stored))
    elif step == "blocklist":
        names = block_names(await read_body(request, limit=_LIST))
        contents = await rt.store.read(tenant, lambda tx: uploads.block_list(tx, file_id, signature, names))
        await uploads.join_blocks(rt, tenant, file_id, contents)
    else:
        raise BadRequest("'comp' must be 'block' or 'blocklist'.")
    return Response(None, 201)


def block_names(content: bytes) -> list[str]:
    """The names in a ``BlockList`` document."""
    try:
        root = parse_xml(content, limit=_LIST)
    except WireError as error:
        raise BadRequest("The block list is not XML.") from error
    if local(root) != "BlockList":
        raise BadRequest("The block list is not a BlockList document.")
    return [(text(item) or "").strip() for item in root if local(item) in ("Latest", "Uncommitted", "Committed")]


def _refused(status: int, code: str, error: TaxiwayError) -> Response:
    return json_response({"error": {"code": code, "message": error.message}}, status)
