"""Forms of clients that mean well and of those that do not (03 section 1.2)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from urllib.parse import parse_qsl

from starlette.requests import Request

from taxiway.doors.request import read_body
from taxiway.signin.errors import Malformed

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


def once(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The fields of a form or query; raises ``Malformed`` when one that decides something comes twice."""
    known = list(pairs)
    repeated = [name for name, count in Counter(name for name, _ in known).items() if count > 1 and name in _ONCE]
    if repeated:
        raise Malformed(f"The parameter '{repeated[0]}' comes more than once.")
    fields: dict[str, str] = {}
    for name, value in known:
        fields.setdefault(name, value)
    return fields
