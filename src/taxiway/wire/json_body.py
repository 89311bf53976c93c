"""JSON from outside becomes a typed message or one named error."""

from __future__ import annotations

from typing import TypeVar

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
    try:
        return msgspec.json.decode(data, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadJson(str(error)) from None
    except RecursionError:
        raise BadJson("the body is nested too deep") from None
