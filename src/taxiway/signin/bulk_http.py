"""The routes by which Windows Configuration Designer and its kin get a bulk token (03 section 8.12)."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from taxiway.doors.request import bearer, correlation, json_response, read_body
from taxiway.signin import bulk
from taxiway.signin.bulk import PackageRequest
from taxiway.signin.errors import BulkRequestInvalid, BulkTokenUnusable, SignInError, TokenRefused
from taxiway.signin.model import DRS_APP, DRS_RESOURCE, Claims
from taxiway.signin.sts import describe, sts_of
from taxiway.signin.tokens import verify_token
from taxiway.store import Runtime
from taxiway.wire.errors import WireError
from taxiway.wire.json_body import decode_json

_LIMIT = 16_384
_AUDIENCES = (DRS_RESOURCE, DRS_APP)


def routes(rt: Runtime) -> list[Route]:
    """Both steps."""
    face = _Face(rt)
    return [
        Route("/webapp/bulkaadjtoken/begin", face.begin, methods=["POST"]),
        Route("/webapp/bulkaadjtoken/poll", face.poll),
    ]


class _Face:
    """Parses, calls, renders; a refusal is a state of the flow, which is how these clients read it."""

    def __init__(self, rt: Runtime) -> None:
        self._rt = rt

    async def begin(self, request: Request) -> Response:
        """Make the token; the answer says where to fetch it."""
        cid = correlation(request)
        try:
            claims = await self._administrator(request)
            body = await read_body(request, limit=_LIMIT)
            try:
                asked = decode_json(body, PackageRequest)
            except WireError as error:
                raise BulkRequestInvalid("The body cannot be read.") from error
            flow = await bulk.begin(self._rt, claims, asked, correlation=cid)
        except SignInError as error:
            return self._refusal(request, error)
        return json_response({"state": "Pending", "flowToken": flow, "resultData": None})

    async def poll(self, request: Request) -> Response:
        """Show the token, once. Tools differ in how they spell the parameter."""
        query = {name.lower(): value for name, value in request.query_params.multi_items()}
        flow = query.get("flowtoken", "")
        try:
            claims = await self._administrator(request)
            shown = await bulk.poll(self._rt, claims, flow, correlation=correlation(request))
        except SignInError as error:
            return self._refusal(request, error)
        result = msgspec.json.encode(shown).decode()
        return json_response({"state": "CompleteSuccess", "flowToken": flow, "resultData": result})

    async def _administrator(self, request: Request) -> Claims:
        """Who asks; whether they may is decided where the token is made."""
        try:
            claims = await verify_token(self._rt, bearer(request) or "", audiences=_AUDIENCES)
        except TokenRefused as error:
            raise BulkTokenUnusable(error.message, remedy=error.remedy) from error
        if claims.kind != "user" or not claims.scopes:
            raise BulkTokenUnusable("The token is not one of a person for device registration.")
        return claims

    def _refusal(self, request: Request, error: SignInError) -> Response:
        stamp = self._rt.clock.now().strftime("%Y-%m-%d %H:%M:%SZ")
        trace = str(request.scope["request_id"])
        text = describe(error, trace=trace, correlation=correlation(request), stamp=stamp)
        result = msgspec.json.encode({"error": sts_of(error).error, "error_description": text}).decode()
        status = 401 if isinstance(error, BulkTokenUnusable) else 200
        return json_response({"state": "CompleteError", "flowToken": "", "resultData": result}, status)
