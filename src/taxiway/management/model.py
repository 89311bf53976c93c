"""What a device is to be told: items, commands wanted, and how items of several configurations merge."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from taxiway.wire.csp import locate

Verb = Literal["Add", "Replace", "Delete", "Exec", "Atomic"]
DEVICE_LANE: Final = "device"


def user_lane(user_id: str) -> str:
    """The lane of what one user is told: only in that user's sessions (05 section 9.4)."""
    return f"user:{user_id}"


@dataclass(frozen=True, slots=True)
class Item:
    """One setting: a node, the value it is to have, and its SyncML format."""

    uri: str
    data: str
    format: str = "chr"
    secret: bool = False

    @property
    def user_scope(self) -> bool:
        """Whether the node is the signed-in user's."""
        location = locate(self.uri)
        return location is not None and location.scope == "user"


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
            location = locate(item.uri)
            key = (item.uri,) if location is None else location.key
            if key not in by_node:
                order.append(key)
            by_node.setdefault(key, []).append((item, source))
    items, conflicts = [], []
    for key in order:
        claims = by_node[key]
        first = claims[0][0]
        origins = tuple(dict.fromkeys(source.origin for _, source in claims))
        if all(item.data == first.data for item, _ in claims):
            items.append((first, origins))
        else:
            names = tuple(dict.fromkeys(source.name for _, source in claims))
            conflicts.append(Conflict(first.uri, origins, names))
    return Effective(tuple(items), tuple(conflicts))


@dataclass(frozen=True, slots=True)
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

    @property
    def id(self) -> str:
        """The row's id: lane and key, hashed."""
        return hashlib.sha256(f"{self.lane}\0{self.key}".encode()).hexdigest()

    @property
    def hash(self) -> str:
        """What is said, hashed: a status belongs to this content and to no other (05 section 14, R28)."""
        content = json.dumps([self.verb, self.uri, self.format, self.data])
        return hashlib.sha256(content.encode()).hexdigest()


def set_item(item: Item, lane: str, origins: Iterable[str]) -> Wanted:
    """The command that gives a node its value."""
    location = locate(item.uri)
    key = "set|" + ("|".join(location.key) if location is not None else item.uri)
    return Wanted(key, "Replace", item.uri, item.data, item.format, item.secret, lane, tuple(origins))


def facts_of(mapping: Mapping[str, object]) -> dict[str, str]:
    """A facts document as text values."""
    return {name: str(value) for name, value in mapping.items()}
