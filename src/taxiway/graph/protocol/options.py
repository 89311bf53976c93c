"""The query options of a list or an item, checked (02 sections 1.7 and 1.8)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from taxiway.graph.errors import Malformed, UnsupportedQuery
from taxiway.graph.protocol.expand import read_expand
from taxiway.graph.protocol.face import Expansion, Face
from taxiway.graph.protocol.filter_parse import parse_filter
from taxiway.graph.protocol.filter_tree import filter_tree, needs_advanced
from taxiway.store import And, Compare, Or, Where

#: Default and largest page of the two families.
PAGES = {"directory": (100, 999), "intune": (1000, 1000)}
#: The collections whose harder queries need the header and ``$count=true`` (02 section 1.8).
ADVANCED = frozenset(
    {
        "users",
        "groups",
        "devices",
        "applications",
        "servicePrincipals",
        "organization",
        "directory/administrativeUnits",
        "directory/deletedItems",
    }
)
MAX_SKIP = 100_000
KNOWN = frozenset(
    {"filter", "select", "expand", "orderby", "top", "skip", "skiptoken", "count", "search", "format", "deltatoken"}
)
MAX_CLAUSES = 40
MAX_ORDER = 5
_joints = re.compile(r'(?<=")\s+(AND|OR)\s+(?=")')
_clause = re.compile(r'^"?([A-Za-z]\w*):(.*?)"?$', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which properties and navigations an answer shows; ``names`` are lower case, empty: the default."""

    names: frozenset[str]
    spelled: tuple[str, ...]
    expansions: tuple[Expansion, ...]


#: What an answer shows unasked.
EVERYTHING = Selection(frozenset(), (), ())


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
                raise Malformed(f"Could not find a property named '{name}' on type '{face.path}'.")
    names = frozenset() if "*" in plain else frozenset(name.lower() for name in plain)
    expansions = read_expand(options.get("expand", ""), face, version)
    return Selection(names, plain if names else (), expansions)


def asked_for(options: Mapping[str, str], name: str) -> bool:
    """Whether ``$select`` names a property, for what is shown on request alone."""
    return name.lower() in (one.strip().lower() for one in options.get("select", "").split(","))


def read_query(
    options: Mapping[str, str], face: Face, version: str, *, advanced: bool, counting: bool = False
) -> Query:
    """Everything a list takes; what cannot be honoured is refused by name.

    ``advanced``: the header says so. ``counting``: only the number is asked for.
    """
    if face.family == "directory":
        _check_directory(options, face, full=advanced and (counting or _flag(options, "count")))
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


def _check_directory(options: Mapping[str, str], face: Face, *, full: bool) -> None:
    """What the directory does not know, and what needs its advanced mode or does not go with it (02 section 1.8)."""
    for name in options:
        if name not in KNOWN and name != "api-version":
            raise Malformed(f"The query option '{name}' is not known.")
    if "skip" in options:
        raise Malformed("'$skip' is not supported by the service; follow '@odata.nextLink'.")
    if face.path not in ADVANCED:
        return
    text = options.get("filter", "").strip()
    if full and options.get("expand", "").strip():
        raise UnsupportedQuery("$expand does not go with advanced queries.")
    if not full and text and (options.get("orderby", "").strip() or needs_advanced(parse_filter(text))):
        raise UnsupportedQuery(
            "Operator is not supported because the required parameters might be missing. Try adding $count=true "
            "query parameter and ConsistencyLevel:eventual header."
        )


def _where(options: Mapping[str, str], face: Face, *, advanced: bool) -> Where | None:
    parts: list[Where] = []
    text = options.get("filter", "").strip()
    if text:
        parts.append(filter_tree(text, face))
    if options.get("search", "").strip():
        parts.append(_search(options["search"].strip(), face, advanced=advanced))
    return None if not parts else parts[0] if len(parts) == 1 else And(tuple(parts))


def _search(text: str, face: Face, *, advanced: bool) -> Where:
    """Quoted clauses joined by AND and OR, where AND binds closer.

    Intune: free text over the names, quoted or not; directory: ``"property:text"``.
    """
    if face.family == "directory" and not advanced:
        raise UnsupportedQuery("Request with $search query parameter only works through ConsistencyLevel: eventual.")
    words = _joints.split(text)
    if len(words) > MAX_CLAUSES:
        raise Malformed(f"$search takes at most {MAX_CLAUSES // 2} clauses.")
    ways: list[list[Where]] = [[]]
    for place, word in enumerate(words):
        if word == "OR" and place % 2:
            ways.append([])
        elif place % 2 == 0:
            ways[-1].append(_search_clause(word, face) if face.family == "directory" else _free_text(word, face))
    parts = tuple(way[0] if len(way) == 1 else And(tuple(way)) for way in ways)
    return parts[0] if len(parts) == 1 else Or(parts)


def _free_text(word: str, face: Face) -> Where:
    wanted = word.strip().strip('"')
    return Or(tuple(Compare(name, "contains", wanted) for name in face.search))


def _search_clause(word: str, face: Face) -> Where:
    match = _clause.match(word.strip())
    prop = None if match is None else face.prop(match[1])
    if match is None or prop is None or not prop.filterable or prop.kind != "string":
        raise Malformed('$search takes clauses such as "displayName:text", joined by AND and OR.')
    return Compare(prop.name, "contains", match[2].strip())


def _order(text: str, face: Face) -> tuple[tuple[str, bool], ...]:
    found: list[tuple[str, bool]] = []
    pieces = [part.strip() for part in text.split(",") if part.strip()]
    if len(pieces) > MAX_ORDER:
        raise Malformed(f"$orderby takes at most {MAX_ORDER} names.")
    for piece in pieces:
        name, _, direction = piece.partition(" ")
        prop, direction = face.prop(name), direction.strip().lower()
        if direction not in ("", "asc", "desc"):
            raise Malformed(f"'{direction}' is no direction of $orderby.")
        if name.lower() == "id":
            continue  # the store's last word on order is the id anyway
        if prop is None or not (prop.sortable and prop.column):
            raise Malformed(f"'{name}' of '{face.path}' does not support $orderby.")
        found.append((prop.name, direction == "desc"))
    return tuple(found) or face.order


def number(options: Mapping[str, str], name: str, default: int, *, least: int, most: int) -> int:
    """A query option that is a number, within its bounds."""
    text = options.get(name, "").strip()
    if not text:
        return default
    if not (text.isascii() and text.isdigit()) or len(text) > 9 or not least <= int(text) <= most:
        raise Malformed(f"The query option '${name}' must be a number from {least} to {most}.")
    return int(text)


def _flag(options: Mapping[str, str], name: str) -> bool:
    text = options.get(name, "false").strip().lower()
    if text not in ("true", "false"):
        raise Malformed(f"The query option '${name}' must be true or false.")
    return text == "true"
