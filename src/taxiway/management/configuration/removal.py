"""How a setting is taken back that nobody asks for any more (05 section 14, R10); pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from taxiway.kernel import Decision, Reason
from taxiway.wire.csp import lookup


@dataclass(frozen=True, slots=True)
class Removal:
    """Delete the node, or give it the value it had before anybody wrote."""

    verb: Literal["Delete", "Replace"]
    uri: str
    data: str | None = None
    format: str | None = None


def plan(uri: str) -> Decision[Removal | None]:
    """What takes the node back; None where it stays on the device, with the reason."""
    node = lookup(uri)
    if node is None:
        why = Reason("removal.unknown", f"{uri} is not in the table of known nodes; it stays on the device.")
        return Decision(None, (why,))
    if node.allows("Delete"):
        return Decision(Removal("Delete", uri), (Reason("removal.delete", f"{uri} is deleted."),))
    if node.default is not None and node.allows("Replace") and node.one_way is None:
        why = Reason("removal.default", f"{uri} cannot be deleted; it gets its default, {node.default}.")
        return Decision(Removal("Replace", uri, node.default, node.format), (why,))
    why = Reason("removal.stays", f"{uri} takes neither Delete nor a default; it stays on the device.")
    return Decision(None, (why,))
