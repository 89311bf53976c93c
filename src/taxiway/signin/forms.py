"""Forms of clients that mean well and of those that do not (03 section 1.2)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request

from taxiway.doors.request import read_body
from taxiway.signin.errors import Malformed
from taxiway.wire.errors import WireError
from taxiway.wire.json_body import decode_json

_LIMIT = 65_536

#: Of these there must be one: which of two counts would be a way around a check.
_ONCE = frozenset(
    {
        "assertion",
        "client_assertion",
        "client_assertion_type",
        "client_id",
        "client_secret",
        "redirect_uri",
        "code",
        "code_challenge",
        "code_challenge_method",
        "code_verifier",
        "grant_type",
        "request",
        "refresh_token",
        "requested_token_use",
        "resource",
        "response_type",
        "response_mode",
        "scope",
        "token",
        "username",
        "password",
    }
)


async def read_fields(request: Request) -> dict[str, str]:
    """The urlencoded body, whatever its content type; of a harmless repeated key the first counts."""
    body = await read_body(request, limit=_LIMIT)
    try:
        return once(parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=200))
    except ValueError as error:
        raise Malformed("The body is not an urlencoded form.") from error


def check_origin(request: Request) -> None:
    """A browser says where a form comes from; ``null`` is what our referrer policy makes of it (03 section 15.12)."""
    origin = request.headers.get("origin", "null")
    fetched = request.headers.get("sec-fetch-site", "same-origin")
    if fetched == "cross-site" or (origin != "null" and origin.partition("://")[2] != request.headers.get("host", "")):
        raise Malformed("The form was sent by another site.")


def check_script(request: Request) -> None:
    """What a script sends no form of another site can: a type of content or a header of its own (03 section 15.12)."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and "canary" not in request.headers:
        raise Malformed("The request is neither JSON nor one of our page.")


def read_claims(text: str) -> dict[str, Any]:
    """The ``claims`` parameter: a JSON object of objects; raises ``Malformed`` (03 section 3.1)."""
    if not text:
        return {}
    try:
        found = decode_json(text.encode(), dict[str, dict[str, Any] | None])
    except (WireError, UnicodeEncodeError) as error:
        raise Malformed("'claims' is not a JSON object of objects.") from error
    return found


def handles_challenges(text: str) -> bool:
    """Whether a client says with ``claims`` that it handles claims challenges (capability ``CP1``)."""
    asked = (read_claims(text).get("access_token") or {}).get("xms_cc")
    values = asked.get("values") if isinstance(asked, dict) else None
    return isinstance(values, list) and any(str(value).upper() == "CP1" for value in values)


def once(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The fields of a form or query; raises ``Malformed`` for a NUL, and when one that decides comes twice."""
    known = list(pairs)
    if any("\0" in name or "\0" in value for name, value in known):
        raise Malformed("A parameter holds a NUL.")
    repeated = [name for name, count in Counter(name for name, _ in known).items() if count > 1 and name in _ONCE]
    if repeated:
        raise Malformed(f"The parameter '{repeated[0]}' comes more than once.")
    fields: dict[str, str] = {}
    for name, value in known:
        fields.setdefault(name, value)
    return fields
