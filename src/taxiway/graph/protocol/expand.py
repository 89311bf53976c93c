"""``$expand`` and the options nested in it (02 section 1.7)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from taxiway.graph.errors import Malformed
from taxiway.graph.protocol.face import Expansion, Face
from taxiway.store import Row, Tx

MAX_NAMES = 20
MAX_DEPTH = 4
_CHILDREN = 1_000

Narrow = Callable[[Any], Any]


def read_expand(text: str, face: Face, version: str) -> tuple[Expansion, ...]:
    """The navigations of a face that are asked for, each narrowed to what its nested options ask."""
    found: dict[str, Expansion] = {}
    pieces = _split(text, ",")
    if len(pieces) > MAX_NAMES:
        raise Malformed(f"$expand takes at most {MAX_NAMES} names.")
    for piece in pieces:
        name, inner = _parts(piece)
        expansion = face.expansion(name)
        if expansion is None or (expansion.beta and version == "v1.0"):
            raise Malformed(f"Could not find a property named '{name}' on '{face.path}' to expand.")
        if expansion.name not in found:
            found[expansion.name] = _narrowed(expansion, inner) if inner else expansion
    return tuple(found.values())


def _narrowed(expansion: Expansion, inner: str) -> Expansion:
    options = _options(inner)
    narrow = _narrowing(options, expansion, 1)

    def load(tx: Tx, row: Row) -> Any:
        return narrow(expansion.load(tx, row))

    return replace(expansion, load=load, inside=options.get("select", ""))


def _narrowing(options: dict[str, str], expansion: Expansion, depth: int) -> Narrow:
    """What the options leave of the objects; an option that is not honoured is refused by name."""
    if depth > MAX_DEPTH:
        raise Malformed(f"$expand is nested at most {MAX_DEPTH} deep.")
    names = frozenset(name.strip().lower() for name in options.get("select", "").split(",") if name.strip())
    within = dict(_inner(piece, expansion, depth) for piece in _split(options.get("expand", ""), ","))
    top = _top(options.get("top", ""))

    def one(item: dict[str, Any]) -> dict[str, Any]:
        made = {key: within[key](value) if key in within else value for key, value in item.items()}
        if not names or "*" in names:
            return made
        kept = names | {"id"} | {name.lower() for name in within}
        return {key: value for key, value in made.items() if key.lower() in kept or key.startswith("@")}

    def narrow(made: Any) -> Any:
        if isinstance(made, list):
            return [one(item) for item in made[:top]]
        return one(made) if isinstance(made, dict) else made

    return narrow


def _inner(piece: str, expansion: Expansion, depth: int) -> tuple[str, Narrow]:
    """A navigation of the expanded objects that they carry already."""
    name, inner = _parts(piece)
    known = next((one for one in expansion.nested if one.lower() == name.lower()), None)
    if known is None:
        raise Malformed(f"Could not find a property named '{name}' on '{expansion.name}' to expand.")
    return known, _narrowing(_options(inner), replace(expansion, nested=()), depth + 1)


def _options(inner: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for piece in _split(inner, ";"):
        name, _, value = piece.partition("=")
        plain = name.strip().removeprefix("$").lower()
        if plain not in ("select", "expand", "top"):
            raise Malformed(f"The query option '${plain[:40]}' is not supported within $expand.")
        if plain in found:
            raise Malformed(f"The query option '${plain}' occurs more than once.")
        found[plain] = value
    return found


def _top(text: str) -> int:
    text = text.strip()
    if not text:
        return _CHILDREN
    if not (text.isascii() and text.isdigit()) or len(text) > 9 or int(text) < 1:
        raise Malformed("The query option '$top' must be a positive number.")
    return int(text)


def _parts(piece: str) -> tuple[str, str]:
    """``members`` and ``$select=id`` of ``members($select=id)``."""
    name, opened, rest = piece.partition("(")
    if opened and not rest.rstrip().endswith(")"):
        raise Malformed("The parentheses of $expand do not match.")
    return name.strip().rpartition("/")[2], rest.rstrip().removesuffix(")")


def _split(text: str, mark: str) -> list[str]:
    """The pieces between marks that stand outside of parentheses."""
    pieces, piece, depth = list[str](), "", 0
    for character in text:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth < 0:
            break
        if character == mark and depth == 0:
            pieces.append(piece)
            piece = ""
        else:
            piece += character
    if depth:
        raise Malformed("The parentheses of $expand do not match.")
    return [one.strip() for one in [*pieces, piece] if one.strip()]
