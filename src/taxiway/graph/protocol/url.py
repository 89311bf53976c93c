"""The address of a request: version, segments with keys, query options (02 section 1.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, unquote_plus

from taxiway.graph.errors import Malformed

MAX_LENGTH = 16_384
MAX_SEGMENTS = 24
MAX_OPTIONS = 32
VERSIONS = {"v1.0": "v1.0", "beta": "beta"}

_keyed = re.compile(r"^([^()]+)\((.*)\)$", re.DOTALL)
_named = re.compile(r"^([A-Za-z@]\w*)=(.*)$", re.DOTALL)
_controls = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Part:
    """One step of the path: a ``name``, or a key (``name`` is the key property's, empty for the id).

    ``text`` is the step as it stood there.
    """

    name: str
    text: str
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Address:
    """What a path says after its version."""

    version: str
    parts: tuple[Part, ...]


def read_path(path: str) -> Address:
    """``/Beta//groups('x')/members`` to version and parts; ``path`` is still percent-encoded."""
    if len(path) > MAX_LENGTH:
        raise Malformed("The address is too long.")
    segments = [_decoded(segment) for segment in path.split("/") if segment]
    if not segments or segments[0].lower() not in VERSIONS:
        raise Malformed("The address must begin with /v1.0 or /beta.")
    if len(segments) > MAX_SEGMENTS:
        raise Malformed("The address has too many segments.")
    parts: list[Part] = []
    for segment in segments[1:]:
        parts.extend(_parts(segment))
    if parts and parts[0].name.lower() == "myorganization":
        parts = parts[1:]
    return Address(VERSIONS[segments[0].lower()], tuple(parts))


def read_query(query: str) -> dict[str, str]:
    """Query options by lower-case name without ``$``; a repeated one is refused, an empty one ignored."""
    if len(query) > MAX_LENGTH:
        raise Malformed("The query is too long.")
    options: dict[str, str] = {}
    pieces = [piece for piece in query.lstrip("?&").split("&") if piece]
    if len(pieces) > MAX_OPTIONS:
        raise Malformed("The query has too many options.")
    for piece in pieces:
        name, _, value = piece.partition("=")
        plain = unquote_plus(name).strip().removeprefix("$").lower()
        if not plain:
            continue
        if plain in options:
            raise Malformed(f"The query option '${plain}' occurs more than once.")
        options[plain] = _option_value(value)
    return options


def _option_value(value: str) -> str:
    try:
        text = unquote_plus(value, errors="strict").replace("%27", "'")
    except UnicodeDecodeError as error:
        raise Malformed("The query is not UTF-8.") from error
    if _controls.search(text.replace("\t", " ").replace("\n", " ").replace("\r", " ")):
        raise Malformed("The query has a control character.")
    return text


def _decoded(segment: str) -> str:
    try:
        text = unquote(segment, errors="strict").replace("%27", "'")
    except UnicodeDecodeError as error:
        raise Malformed("The address is not UTF-8.") from error
    if _controls.search(text):
        raise Malformed("The address has a control character.")
    return text


def _parts(segment: str) -> list[Part]:
    """``devices(deviceId='x')`` is a name and a key; ``delta()`` only a name; ``appId=x`` a key on its own."""
    keyed = _keyed.match(segment)
    if keyed is None:
        named = _named.match(segment)
        return [Part(named[1], segment, _unquoted(named[2]))] if named else [Part(segment, segment)]
    name, inside = keyed[1], keyed[2].strip()
    if not inside:
        return [Part(name, name)]
    named = _named.match(inside)
    key = _unquoted(named[2] if named else inside)
    return [Part(name, name), Part(named[1] if named else "", key, key)]


def _unquoted(text: str) -> str:
    if len(text) >= 2 and text[0] == text[-1] == "'":
        return text[1:-1].replace("''", "'")
    return text
