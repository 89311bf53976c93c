"""Reading a request and writing an answer: what every ``http.py`` shares."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from taxiway.doors.errors import BadBody, BodyTooLarge
from taxiway.pki import Peer, verify_peer
from taxiway.store import Runtime

_encoder = msgspec.json.Encoder()


async def read_body(request: Request, *, limit: int = 262_144) -> bytes:
    """The whole body, at most ``limit`` bytes; the rest is not read."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        raise BodyTooLarge(f"This route takes at most {limit} bytes.")
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise BodyTooLarge(f"This route takes at most {limit} bytes.")
        parts.append(part)
    return b"".join(parts)


async def read_form(request: Request, *, limit: int = 262_144) -> dict[str, str]:
    """An urlencoded form, whatever its content type claims (03 section 1.2); of a repeated key the first counts."""
    body = await read_body(request, limit=limit)
    try:
        pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=200)
    except (UnicodeDecodeError, ValueError) as error:
        raise BadBody("The body is not an urlencoded form.") from error
    if any("\0" in key or "\0" in value for key, value in pairs):
        raise BadBody("The form holds a NUL.")
    form: dict[str, str] = {}
    for key, value in pairs:
        form.setdefault(key, value)
    return form


async def read_json(request: Request, *, limit: int = 1_048_576) -> Any:
    """A JSON body; an empty one is None."""
    body = await read_body(request, limit=limit)
    if not body.strip():
        return None
    if b"\\u0000" in body:
        raise BadBody("A text holds a NUL.")  # no database keeps one, and no name has one
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise BadBody("The body is not JSON.") from error


def correlation(request: Request) -> str:
    """The caller's ``client-request-id`` when it is a GUID, else the id made for this request."""
    given = request.headers.get("client-request-id") or request.query_params.get("client-request-id", "")
    try:
        return str(uuid.UUID(given.strip("{} ")))
    except ValueError:
        return str(request.scope["request_id"])


def address(request: Request) -> str:
    """The address at the other end of the connection; empty when the transport has none."""
    return request.client.host if request.client is not None else ""


def bearer(request: Request) -> str | None:
    """The bearer token of the Authorization header."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


async def peer(request: Request, rt: Runtime) -> Peer | None:
    """The device behind the connection: None without a certificate, ``PeerRefused`` with a wrong one."""
    chain = request.scope.get("extensions", {}).get("tls", {}).get("client_cert_chain") or ()
    return await verify_peer(rt, chain[0]) if chain else None


@dataclass(frozen=True, slots=True)
class Kept:
    """An encoded answer that is given more than once; ``etag`` names exactly these bytes."""

    body: bytes
    etag: str

    @classmethod
    def of(cls, data: Any) -> Kept:
        """Encode once."""
        body = _encoder.encode(data)
        return cls(body, f'"{hashlib.sha256(body).hexdigest()[:32]}"')


def kept_response(request: Request, kept: Kept, max_age: int, headers: Mapping[str, str]) -> Response:
    """The answer, or 304 for a client that has it already; anyone may keep it for ``max_age`` seconds."""
    extra = {**headers, "etag": kept.etag, "cache-control": f"public, max-age={max_age}"}
    known = request.headers.get("if-none-match", "")
    if known == "*" or kept.etag in [tag.strip().removeprefix("W/") for tag in known.split(",")]:
        return Response(None, 304, extra)
    return Response(kept.body, 200, extra, media_type="application/json")


def json_response(data: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """JSON by msgspec: dicts, structs and datetimes as they are."""
    return Response(_encoder.encode(data), status, dict(headers or {}), media_type="application/json")
