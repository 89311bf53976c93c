"""What a device is to be told: items, commands wanted, and how items of several configurations merge."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Final, Literal

from taxiway.wire.csp import locate, lookup
from taxiway.wire.csp_around import atomic_root
from taxiway.wire.csp_values import same_value

Verb = Literal["Add", "Replace", "Delete", "Exec", "Atomic"]
#: One command inside an Atomic: verb, URI, format and data.
Step = tuple[str, str, str | None, str | None]
DEVICE_LANE: Final = "device"


def user_lane(user_id: str) -> str:
    """The lane of what one user is told: only in that user's sessions (05 section 9.4)."""
    return f"user:{user_id}"


@dataclass(frozen=True, slots=True)
class Item:
    """One setting: a node, the value it is to have, and its SyncML format. An ``Exec`` only stands in an Atomic."""

    uri: str
    data: str
    format: str = "chr"
    secret: bool = False
    verb: Literal["Set", "Exec"] = "Set"

    @property
    def user_scope(self) -> bool:
        """Whether the node is the signed-in user's."""
        location = locate(self.uri)
        return location is not None and location.scope == "user"

    @property
    def key(self) -> tuple[str, ...]:
        """Equal for every spelling of the node."""
        return key_of(self.uri)


@lru_cache(maxsize=16384)
def key_of(uri: str) -> tuple[str, ...]:
    """What a node is filed under, however it is spelled."""
    location = locate(uri)
    return (uri,) if location is None else location.key


def unit_of(uri: str) -> str:
    """The node a setting is sent with: itself, or the one around it that is set whole, in one Atomic."""
    return atomic_root(uri) or uri


@dataclass(frozen=True, slots=True)
class Tracked:
    """What the status page waits for in one of its lists, once the device took the node ``proof``."""

    list: str
    uri: str
    proof: str


@dataclass(frozen=True, slots=True)
class Source:
    """A configuration with its items; ``origin`` is ``<kind>:<id>``."""

    origin: str
    name: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two values for one node: neither is sent, and both configurations are named."""

    uri: str
    origins: tuple[str, ...]
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Effective:
    """What holds after merging: per node the item and who asks for it, and the conflicts."""

    items: tuple[tuple[Item, tuple[str, ...]], ...] = ()
    conflicts: tuple[Conflict, ...] = ()


def merge(sources: Sequence[Source]) -> Effective:
    """Merge configurations, in their order: the same value twice is one item, two values are a conflict."""
    order: list[tuple[str, ...]] = []
    by_node: dict[tuple[str, ...], list[tuple[Item, Source]]] = {}
    for source in sources:
        for item in source.items:
            if item.key not in by_node:
                order.append(item.key)
            by_node.setdefault(item.key, []).append((item, source))
    items, conflicts = [], []
    for key in order:
        claims = by_node[key]
        first = claims[0][0]
        origins = tuple(dict.fromkeys(source.origin for _, source in claims))
        if len(claims) == 1 or all(same_value(lookup(first.uri), first.data, item.data) for item, _ in claims[1:]):
            items.append((first, origins))
        else:
            names = tuple(dict.fromkeys(source.name for _, source in claims))
            conflicts.append(Conflict(first.uri, origins, names))
    return Effective(tuple(items), tuple(conflicts))


@dataclass(frozen=True)
class Wanted:
    """A command a device is to be sent once; ``key`` names the thing it is about, whatever its content."""

    key: str
    verb: Verb
    uri: str
    data: str | None = None
    format: str | None = None
    secret: bool = False
    lane: str = DEVICE_LANE
    origins: tuple[str, ...] = field(default=())

    @cached_property
    def id(self) -> str:
        """The row's id: lane and key, hashed."""
        return hashlib.sha256(f"{self.lane}\0{self.key}".encode()).hexdigest()

    @cached_property
    def hash(self) -> str:
        """What is said, hashed: a status belongs to this content and to no other (05 section 14, R28)."""
        content = json.dumps([self.verb, self.uri, self.format, self.data])
        return hashlib.sha256(content.encode()).hexdigest()


def set_item(item: Item, lane: str, origins: Iterable[str]) -> Wanted:
    """The command that gives a node its value: Replace, or Add where the node takes nothing else (R8)."""
    node = lookup(item.uri)
    verb: Verb = "Add" if node is not None and node.allows("Add") and not node.allows("Replace") else "Replace"
    return Wanted(set_key(item.uri), verb, item.uri, item.data, item.format, item.secret, lane, tuple(origins))


def set_whole(root: str, items: Sequence[Item], lane: str, origins: Iterable[str]) -> Wanted:
    """The one Atomic that sets everything under a node (05 sections 6.3 and 10.14)."""
    data = json.dumps([_step(item) for item in items])
    secret = any(item.secret for item in items)
    return Wanted(set_key(root), "Atomic", root, data, None, secret, lane, tuple(origins))


def set_key(uri: str) -> str:
    """The key of the command that sets a node."""
    return "set|" + "|".join(key_of(uri))


def _step(item: Item) -> Step:
    if item.verb == "Exec":
        return "Exec", item.uri, item.format, item.data or None
    return "Add", item.uri, item.format, None if item.format == "node" else item.data


def facts_of(mapping: Mapping[str, object]) -> dict[str, str]:
    """A facts document as text values."""
    return {name: str(value) for name, value in mapping.items()}
