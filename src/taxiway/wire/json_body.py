"""JSON from outside becomes a typed message or one named error."""

from __future__ import annotations

import json
from typing import Any, TypeVar, cast

import msgspec

from taxiway.wire.errors import WireError

T = TypeVar("T")

BODY_LIMIT = 65536


class BadJson(WireError):
    """A body that is not the JSON object it should be; the message names the member."""


def decode_json(data: bytes, shape: type[T], limit: int = BODY_LIMIT) -> T:
    """Decode a JSON body into `shape`; unknown members are ignored, anything else raises `BadJson`."""
    if len(data) > limit:
        raise BadJson(f"the body has more than {limit} bytes")
    if b"\\u0000" in data:
        raise BadJson("a text holds a NUL")
    try:
        return msgspec.json.decode(data, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadJson(str(error)) from None
    except RecursionError:
        raise BadJson("the body is nested too deep") from None


def decode_object(data: bytes, limit: int = BODY_LIMIT) -> dict[str, Any]:
    """Decode an object in which no name comes twice: of what is signed, two readers must not read two things."""
    decode_json(data, dict[str, Any], limit)
    try:
        body = json.loads(data.decode("utf-8"), object_pairs_hook=_once)
    except ValueError as error:
        raise BadJson(f"the body is not JSON: {error}") from None
    except RecursionError:
        raise BadJson("the body is nested too deep") from None
    return cast("dict[str, Any]", body)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise BadJson("a name comes more than once")
    return members
