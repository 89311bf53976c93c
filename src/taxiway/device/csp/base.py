"""What a configuration service provider may do beyond storing values."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass

from taxiway.device.csp.node import Node
from taxiway.wire.syncml import Code

MSFT = ("Vendor", "MSFT")


@dataclass(frozen=True, slots=True)
class Change:
    """What the server asks of a node: Add, Replace, Delete or Exec, and the data that came with it."""

    verb: str
    node: Node
    value: str


class Csp:
    """A provider for the nodes under ``root``. Override what differs from a plain store of values."""

    root: tuple[str, ...] = ()
    upsert: bool = False
    """Whether Replace makes a node whose parent is not there yet (05 section 6.1)."""

    defaults: bool = True
    """Whether a node nobody wrote to answers with its default; otherwise it is not there."""

    runs: frozenset[str] = frozenset()
    """The names of nodes whose Exec is carried out; any other is 406 (05 section 12)."""

    def read(self, node: Node) -> str | None:  # noqa: ARG002 - a plain store has nothing to work out
        """The value of a node that is worked out and not stored; None leaves it to the store."""
        return None

    def names(self, node: Node) -> list[str]:  # noqa: ARG002 - as above
        """Children of a node that are worked out and not stored."""
        return []

    def check(self, change: Change) -> None:
        """Raise ``Refused`` when a change breaks a rule of its own; called before anything is written."""

    def changed(self, change: Change) -> Awaitable[Code | None] | None:  # noqa: ARG002 - as above
        """What follows a change, or the work of an Exec; its code, if any, becomes the Status."""
        return None
