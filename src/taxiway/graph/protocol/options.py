"""The query options of a list or an item, checked (02 sections 1.7 and 1.8)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from taxiway.graph.errors import BadRequest, UnsupportedQuery
from taxiway.graph.protocol.face import Expansion, Face
from taxiway.graph.protocol.filter_parse import parse_filter
from taxiway.graph.protocol.filter_tree import filter_tree, needs_advanced
from taxiway.store import And, Compare, Or, Where

#: Default and largest page of the two families.
PAGES = {"directory": (100, 999), "intune": (1000, 1000)}
MAX_SKIP = 100_000
KNOWN = frozenset(
    {"filter", "select", "expand", "orderby", "top", "skip", "skiptoken", "count", "search", "format", "deltatoken"}
)
_clause = re.compile(r'^"?([A-Za-z]\w*):(.*?)"?$', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which properties and navigations an answer shows; ``names`` are lower case, empty: the default."""

    names: frozenset[str]
    spelled: tuple[str, ...]
    expansions: tuple[Expansion, ...]


@dataclass(frozen=True, slots=True)
class Query:
    """A list's options."""

    where: Where | None
    order: tuple[tuple[str, bool], ...]
    limit: int
    skip: int
    after: str | None
    counted: bool
    selection: Selection


def read_selection(options: Mapping[str, str], face: Face, version: str) -> Selection:
    """``$select`` and ``$expand``."""
    spelled = tuple(name.strip() for name in options.get("select", "").split(",") if name.strip())
    plain = tuple(name.rpartition("/")[2] if "." in name else name for name in spelled)
    if face.family == "directory":
        for name in plain:
            if name != "*" and not face.knows(name) and face.expansion(name) is None:
                raise BadRequest(f"Could not find a property named '{name}' on type '{face.path}'.")
    names = frozenset() if "*" in plain else frozenset(name.lower() for name in plain)
    found: list[Expansion] = []
    for name in _expanded(options.get("expand", "")):
        expansion = face.expansion(name)
        if expansion is None or (expansion.beta and version == "v1.0"):
            raise BadRequest(f"Could not find a property named '{name}' on '{face.path}' to expand.")
        if expansion not in found:
            found.append(expansion)
    return Selection(names, plain if names else (), tuple(found))


def read_query(options: Mapping[str, str], face: Face, version: str, *, advanced: bool) -> Query:
    """Everything a list takes; what cannot be honoured is refused by name."""
    for name in options:
        if name not in KNOWN and face.family == "directory" and name != "api-version":
            raise BadRequest(f"The query option '{name}' is not known.")
    default, largest = PAGES[face.family]
    return Query(
        where=_where(options, face, advanced=advanced),
        order=_order(options.get("orderby", ""), face),
        limit=number(options, "top", default, least=1, most=largest),
        skip=number(options, "skip", 0, least=0, most=MAX_SKIP),
        after=options.get("skiptoken") or None,
        counted=_flag(options, "count") and (advanced or face.family == "intune"),
        selection=read_selection(options, face, version),
    )


def _where(options: Mapping[str, str], face: Face, *, advanced: bool) -> Where | None:
    parts: list[Where] = []
    text = options.get("filter", "").strip()
    if text:
        if face.family == "directory" and not advanced and needs_advanced(parse_filter(text)):
            raise UnsupportedQuery(
                "Operator is not supported because the required parameters might be missing. Try adding $count=true "
                "query parameter and ConsistencyLevel:eventual header."
            )
        parts.append(filter_tree(text, face))
    if options.get("search", "").strip():
        parts.append(_search(options["search"].strip(), face, advanced=advanced))
    return None if not parts else parts[0] if len(parts) == 1 else And(tuple(parts))


def _search(text: str, face: Face, *, advanced: bool) -> Where:
    """Intune: free text over the names; directory: ``"property:text"`` clauses, all of them or one."""
    if face.family == "intune":
        wanted = text.strip('"')
        return Or(tuple(Compare(name, "contains", wanted) for name in face.search))
    if not advanced:
        raise UnsupportedQuery("Request with $search query parameter only works through ConsistencyLevel: eventual.")
    words = re.split(r'(?<=")\s+(AND|OR)\s+(?=")', text)
    clauses = tuple(_search_clause(word, face) for word in words[::2])
    if len(clauses) == 1:
        return clauses[0]
    return Or(clauses) if "OR" in words[1::2] else And(clauses)


def _search_clause(word: str, face: Face) -> Where:
    match = _clause.match(word.strip())
    prop = None if match is None else face.prop(match[1])
    if match is None or prop is None or not prop.filterable or prop.kind != "string":
        raise BadRequest('$search takes clauses such as "displayName:text".')
    return Compare(prop.name, "contains", match[2].strip())


def _order(text: str, face: Face) -> tuple[tuple[str, bool], ...]:
    found: list[tuple[str, bool]] = []
    for piece in filter(None, (part.strip() for part in text.split(","))):
        name, _, direction = piece.partition(" ")
        prop, direction = face.prop(name), direction.strip().lower()
        if direction not in ("", "asc", "desc"):
            raise BadRequest(f"'{direction}' is no direction of $orderby.")
        if name.lower() == "id":
            continue  # the store's last word on order is the id anyway
        if prop is None or not (prop.sortable and prop.column):
            raise BadRequest(f"'{name}' of '{face.path}' does not support $orderby.")
        found.append((prop.name, direction == "desc"))
    return tuple(found) or face.order


def number(options: Mapping[str, str], name: str, default: int, *, least: int, most: int) -> int:
    """A query option that is a number, within its bounds."""
    text = options.get(name, "").strip()
    if not text:
        return default
    if not (text.isascii() and text.isdigit()) or len(text) > 9 or not least <= int(text) <= most:
        raise BadRequest(f"The query option '${name}' must be a number from {least} to {most}.")
    return int(text)


def _flag(options: Mapping[str, str], name: str) -> bool:
    text = options.get(name, "false").strip().lower()
    if text not in ("true", "false"):
        raise BadRequest(f"The query option '${name}' must be true or false.")
    return text == "true"


def _expanded(text: str) -> list[str]:
    """The names at the top of an ``$expand``; options nested in parentheses are left to the navigation."""
    names, name, depth = [], "", 0
    for character in text:
        if character == "(":
            depth += 1
        elif character == ")":
            depth -= 1
        elif character == "," and depth == 0:
            names.append(name)
            name = ""
        elif depth == 0:
            name += character
    if depth:
        raise BadRequest("The parentheses of $expand do not match.")
    return [one.strip().rpartition("/")[2] for one in [*names, name] if one.strip()]
