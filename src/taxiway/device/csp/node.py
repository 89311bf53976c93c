"""Addresses of nodes in the PC's tree, in the spelling of the CSP facts (05 section 9.1)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from taxiway.wire import csp as table
from taxiway.wire.csp import Location, Scope
from taxiway.wire.syncml import Code

NODE_NOT_FOUND = "0x86000002"

DEVICE: Scope = "device"
USER: Scope = "user"


class Refused(Exception):
    """The device does not do what a command asks; ``code`` is the Status, ``native`` the error behind it."""

    def __init__(self, code: Code, native: str | None = None) -> None:
        super().__init__(f"{int(code)} {native or ''}".strip())
        self.code = code
        self.native = native


@dataclass(frozen=True, slots=True)
class Node:
    """A node: whose tree, and its path there, for example ``("Vendor", "MSFT", "DMClient")``.

    Segments that the facts name have the facts' spelling; names that a server chose keep theirs and compare without
    regard to case.
    """

    scope: Scope
    path: tuple[str, ...]

    @classmethod
    def parse(cls, uri: str) -> Node:
        """Read a LocURI; a malformed one is 400."""
        location = table.locate(uri)
        if location is None:
            raise Refused(Code.BAD_REQUEST)
        return cls(location.scope, _spelled(location))

    @property
    def facts(self) -> table.Node | None:
        """What the CSP facts say about it; None for a node that no CSP has."""
        return _facts(self.scope, self.path, table.edition())

    @property
    def instance(self) -> Node | None:
        """The nearest node at or above whose name a server chose, such as one provider or one app."""
        facts = self.facts
        pattern = facts.path.split("/") if facts is not None else []
        chosen = [place for place, part in enumerate(pattern) if part.startswith("{")]
        return Node(self.scope, self.path[: chosen[-1] + 1]) if chosen else None

    @property
    def key(self) -> str:
        """The path as one string, equal for every spelling."""
        return "/".join(Location(self.scope, self.path).key[1:])

    @property
    def uri(self) -> str:
        """The LocURI with its scope written out."""
        return Location(self.scope, self.path).uri

    @property
    def name(self) -> str:
        """The last segment."""
        return self.path[-1]

    def under(self, root: tuple[str, ...]) -> bool:
        """Whether the node is a root or below it."""
        return self.path[: len(root)] == root

    def child(self, *names: str) -> Node:
        """A node below."""
        return Node(self.scope, (*self.path, *names))

    def above(self, length: int = -1) -> Node:
        """The node at the first ``length`` segments; the parent when nothing is said."""
        return Node(self.scope, self.path[:length])


@lru_cache(maxsize=4096)
def _facts(scope: Scope, path: tuple[str, ...], _edition: int) -> table.Node | None:
    return table.find(Location(scope, path))


def _spelled(location: Location) -> tuple[str, ...]:
    facts = table.find(location)
    if facts is None:
        return location.segments
    pairs = zip(facts.path.split("/"), location.segments, strict=True)
    return tuple(sent if known.startswith("{") else known for known, sent in pairs)
