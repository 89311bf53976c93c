"""The words of a ``$filter``, each with its position (02 section 1.7)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from taxiway.graph.errors import FilterRefused

MAX_TEXT = 8_192
MAX_TOKENS = 1_500

Kind = Literal["string", "guid", "date", "number", "word", "mark", "end"]

_patterns = re.compile(
    r"""\s*(?:
      (?P<string>'(?:[^']|'')*')
    | (?P<guid>[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}(?![\w-]))
    | (?P<date>\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,12})?)?(?:Z|[+-]\d\d:\d\d)?)?(?![\w-]))
    | (?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.]))
    | (?P<word>[A-Za-z_$@\#][\w$@.]*)
    | (?P<mark>[(),/:])
    )""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Token:
    """One word; ``text`` of a string is unquoted."""

    kind: Kind
    text: str
    position: int


def tokens_of(text: str) -> list[Token]:
    """Every token, then one of kind ``end``."""
    if len(text) > MAX_TEXT:
        raise FilterRefused(f"a filter has at most {MAX_TEXT} characters.", MAX_TEXT)
    found: list[Token] = []
    position, end = 0, len(text.rstrip())
    while position < end:
        match = _patterns.match(text, position)
        if match is None or match.lastgroup is None:
            position += len(text[position:]) - len(text[position:].lstrip())
            raise FilterRefused(f"'{text[position : position + 20]}' is not understood.", position)
        value, start = match[match.lastgroup], match.start(match.lastgroup)
        if match.lastgroup == "string":
            value = value[1:-1].replace("''", "'")
        found.append(Token(match.lastgroup, value, start))  # type: ignore[arg-type]  # the groups are the kinds
        if len(found) > MAX_TOKENS:
            raise FilterRefused(f"a filter has at most {MAX_TOKENS} words.", start)
        position = match.end()
    return [*found, Token("end", "", end)]
