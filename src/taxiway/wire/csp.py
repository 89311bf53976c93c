"""What the nodes of the CSPs are, by URI: read by the server before it writes and by the device when it is written to.

The facts stand in `csp_facts.toml` (05 sections 10 and 13.4). Names compare without regard to case.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from importlib.resources import files
from itertools import product, takewhile
from typing import Final, Literal
from urllib.parse import quote, unquote

import msgspec

from taxiway.wire.errors import MalformedXml
from taxiway.wire.xml import parse_xml

Scope = Literal["device", "user"]
Access = Literal["A", "D", "G", "R", "X"]
ACCESS_OF_VERB: Final[dict[str, Access]] = {"Add": "A", "Delete": "D", "Get": "G", "Replace": "R", "Exec": "X"}

# An unescaped segment keeps these; everything else is percent-encoded (05 section 6.1).
_SAFE: Final = "-._~!$&'()*+,:@="
_MAX_SEGMENTS: Final = 64
#: How many addresses are kept as they were taken apart: a server meets the same few in every session.
_KEPT: Final = 4096
# Trees that are always written without a scope (05 section 9.1).
_WITHOUT_SCOPE: Final = frozenset({"devinfo", "devdetail", "syncml", "cimv2"})


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """The facts of one node; `path` is its pattern below the scope, such as `Vendor/MSFT/WiFi/Profile/{SSID}`.

    `format` is the SyncML format, or `any` where the table knows only the area. What the other fields mean stands at
    the head of `csp_facts.toml`.
    """

    path: str
    format: str
    access: str
    default: str | None = None
    range: tuple[int, int] | None = None
    values: tuple[str, ...] = ()
    mask: int | None = None
    pattern: str | None = None
    one_way: str | None = None
    reboot: bool = False
    secret: bool = False
    atomic: bool = False
    whole: bool = False
    admx: bool = False
    xml: bool = False
    data: tuple[str, ...] = ()
    delimiter: str | None = None
    sign_in: str | None = None
    sign_in_when: tuple[str, ...] = ()
    build: str | None = None

    def allows(self, verb: str) -> bool:
        """Whether the node takes this command: Add, Delete, Get, Replace or Exec."""
        return ACCESS_OF_VERB.get(verb, "-") in self.access

    def known_to(self, os_version: str) -> bool:
        """Whether Windows of this version has the node; one whose first build is not known counts as there."""
        return self.build is None or _numbers(os_version) >= _numbers(self.build)

    @property
    def literal(self) -> int:
        """How many segments of the path are names and not placeholders."""
        return len([segment for segment in self.path.split("/") if not segment.startswith("{")])

    @property
    def interior(self) -> bool:
        """Whether the node has children and no value."""
        return self.format == "node"


class Location(msgspec.Struct, frozen=True):
    """A LocURI taken apart: whose tree, and the decoded segments below `./Device` or `./User`."""

    scope: Scope
    segments: tuple[str, ...]

    @property
    def uri(self) -> str:
        """The one spelling of this location: scope written out, segments encoded."""
        encoded = "/".join([quote(segment, safe=_SAFE) for segment in self.segments])
        if self.scope == "user":
            return f"./User/{encoded}"
        return f"./{encoded}" if self.segments[0].lower() in _WITHOUT_SCOPE else f"./Device/{encoded}"

    @property
    def key(self) -> tuple[str, ...]:
        """What a tree files this location under: equal for every spelling of it."""
        return (self.scope, *[segment.casefold() for segment in self.segments])


@lru_cache(_KEPT)
def locate(uri: str) -> Location | None:
    """Take a LocURI apart; None when it breaks the rules for one (05 section 6.1)."""
    head, *segments = uri.partition("?")[0].split("/")
    if head != "." or not segments or len(segments) > _MAX_SEGMENTS or not _well_formed(segments):
        return None
    scope: Scope = "user" if segments[0].lower() == "user" else "device"
    if segments[0].lower() in {"user", "device"}:
        segments = segments[1:]
    decoded = tuple(unquote(segment) for segment in segments)
    return Location(scope, decoded) if decoded else None


def lookup(uri: str) -> Node | None:
    """The facts of the node a LocURI names; None when the table has no such node in that scope."""
    location = locate(uri)
    return None if location is None else find(location)


def find(location: Location) -> Node | None:
    """The facts of the node at a location.

    A name the table spells out in one scope only is not there in the other, even where a placeholder would take it: a
    device policy is no user policy.
    """
    trees, segments = table(), [segment.casefold() for segment in location.segments]
    here = trees[location.scope].find(segments)
    there = trees[_other(location.scope)].find(segments)
    return None if here is None or (there is not None and there.literal > here.literal) else here


def edition() -> int:
    """A number that grows when facts are added: what was worked out from the facts is good for one edition."""
    return _Edition.number


def extend(facts: Iterable[tuple[Scope, Node]]) -> int:
    """Add nodes to the table of this process, where it has none at that place; how many were new."""
    added = 0
    for scope, node in facts:
        added += _plant(table()[scope], node)
    _Edition.number += 1
    return added


def reset() -> None:
    """The table as it stands in the file again."""
    table.cache_clear()
    _Edition.number += 1


def nodes() -> Iterator[tuple[Scope, Node]]:
    """All nodes of the table with the scope they are in, in its order."""
    for scope, branch in table().items():
        yield from ((scope, node) for node in branch.walk())


def check_write(
    uri: str,
    verb: str,
    format: str | None = None,  # noqa: A002 - SyncML's name
    data: str | None = None,
) -> list[str]:
    """What is wrong with sending this command, as sentences; empty when nothing is."""
    location = locate(uri)
    if location is None:
        return [f"{uri!r} is not a LocURI."]
    node = find(location)
    if node is None:
        return [_absence(uri, location)]
    if not node.allows(verb):
        return [f"{verb} is not allowed on {uri}; it takes {node.access}."]
    if verb in {"Get", "Delete"} or (verb == "Exec" and data is None):
        return []
    problems = [] if _format_fits(node.format, format) else [f"{uri} has the format {node.format}, not {format}."]
    # An Add without data only arms a leaf that an Exec will run (05 section 10.5).
    if data is None or (verb == "Add" and not data):
        return problems
    return problems + [f"{uri}: {problem}" for problem in check_value(node, data)]


def check_value(node: Node, data: str) -> list[str]:
    """What is wrong with this value for the node, as sentences; empty when nothing is."""
    match node.format:
        case "node":
            return ["an interior node has no value."] if data else []
        case "int":
            return _check_int(node, data)
        case "bool":
            value = data.lower()
            if value not in {"true", "false"}:
                return [f"{data!r} is not true or false."]
            return _check_one_way(node, value)
        case "b64" | "bin":
            compact = "".join(data.split())
            return [] if re.fullmatch(r"[A-Za-z0-9+/]*={0,2}", compact) and len(compact) % 4 == 0 else ["not base64."]
        case _:
            return _check_text(node, data)


def _check_int(node: Node, data: str) -> list[str]:
    if not re.fullmatch(r"-?[0-9]{1,19}", data):
        return [f"{data[:40]!r} is not an integer."]
    number = int(data)
    if node.range is not None and not node.range[0] <= number <= node.range[1]:
        return [f"{number} is not between {node.range[0]} and {node.range[1]}."]
    if node.mask is not None and (number < 0 or number & ~node.mask):
        return [f"{number} has bits outside {node.mask}."]
    if node.values and str(number) not in node.values:
        return [f"{number} is not one of {', '.join(node.values)}."]
    return []


def _check_text(node: Node, data: str) -> list[str]:
    if node.values and data not in node.values:
        return [f"{data[:40]!r} is not one of {', '.join(node.values)}."]
    if node.pattern is not None and not re.fullmatch(node.pattern, data):
        return [f"{data[:40]!r} does not have the form {node.pattern}."]
    if not (node.admx or node.xml):
        return []
    try:
        parse_xml((f"<policy>{data}</policy>" if node.admx else data).encode())
    except (MalformedXml, UnicodeEncodeError) as error:
        return [f"it has to be XML. {error}"]
    return []


def _check_one_way(node: Node, value: str) -> list[str]:
    return [f"it can only be set to {node.one_way}."] if node.one_way not in {None, value} else []


def _format_fits(known: str, sent: str | None) -> bool:
    # chr stands for any text, xml included; binary travels as either of its two names (05 section 6.1).
    return sent is None or known in {"any", sent} or {known, sent} in ({"chr", "xml"}, {"b64", "bin"}, {"null", "chr"})


def _absence(uri: str, location: Location) -> str:
    other = _other(location.scope)
    if find(Location(other, location.segments)) is not None:
        return f"{uri} exists only in {other} scope."
    return f"{uri} is not in the table of known nodes."


def _other(scope: Scope) -> Scope:
    return "device" if scope == "user" else "user"


def _numbers(version: str) -> tuple[int, ...]:
    """A version as numbers to compare; what is no number ends it."""
    return tuple(int(part) for part in takewhile(str.isdecimal, version.split(".")))


def _well_formed(segments: list[str]) -> bool:
    return all(segment not in {"", ".", "*"} for segment in segments)


class Branch:
    """One segment's place in the table: its node, the named children, the child that stands for any other name."""

    def __init__(self, path: str = "") -> None:
        self.path = path
        self.node: Node | None = None
        self.named: dict[str, Branch] = {}
        self.dynamic: Branch | None = None

    def find(self, segments: list[str]) -> Node | None:
        """The node the segments lead to: a name before a placeholder, a declared node before a mere path."""
        branches = [self]
        for segment in segments:
            steps = [step for branch in branches for step in (branch.named.get(segment), branch.dynamic)]
            branches = [step for step in steps if step is not None]
        declared = next((branch.node for branch in branches if branch.node is not None), None)
        if declared is not None or not branches:
            return declared
        return Node(path=branches[0].path, format="node", access="G")

    def grow(self, segment: str) -> "Branch":
        """The branch for a segment of a path in the table, made when it is new."""
        path = f"{self.path}/{segment}" if self.path else segment
        if segment.startswith("{"):
            self.dynamic = self.dynamic or Branch(path)
            return self.dynamic
        return self.named.setdefault(segment.casefold(), Branch(path))

    def walk(self) -> Iterator[Node]:
        """All declared nodes from here downwards."""
        if self.node is not None:
            yield self.node
        for branch in [*self.named.values(), *([self.dynamic] if self.dynamic else [])]:
            yield from branch.walk()


class _Edition:
    """How often facts were added or taken away in this process."""

    number = 0


@cache
def table() -> dict[Scope, Branch]:
    """The facts as a tree for each scope."""
    made: dict[Scope, Branch] = {"device": Branch(), "user": Branch()}
    facts = tomllib.loads((files("taxiway.wire") / "csp_facts.toml").read_text(encoding="utf-8"))
    for csp in facts["csp"]:
        shared = {"format": csp["format"], "access": csp["access"]}
        for pattern, own in csp["nodes"].items():
            for path in _expand(f"{csp['path']}/{pattern}"):
                node = msgspec.convert({"path": path, **shared, **own}, Node)
                for scope in ("device", "user") if csp["scope"] == "both" else (csp["scope"],):
                    _plant(made[scope], node, replace=True)
    return made


def _plant(root: Branch, node: Node, *, replace: bool = False) -> bool:
    """Put a node into a tree; one that is at its place already gives way only when told."""
    branch = root
    for segment in node.path.split("/"):
        branch = branch.grow(segment)
    if branch.node is not None and not replace:
        return False
    branch.node = node
    return True


def _expand(pattern: str) -> Iterator[str]:
    for choice in product(*[segment.split("|") for segment in pattern.split("/")]):
        yield "/".join(choice)
