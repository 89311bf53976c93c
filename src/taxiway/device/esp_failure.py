"""The failure page of the ESP: what it says, which buttons it has (01 section 6.5, 05 section 11.7)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from taxiway.device.csp.dmclient import first_sync, is_true
from taxiway.device.csp.node import DEVICE
from taxiway.device.csp.tree import Tree

RESET, TRY_AGAIN, CONTINUE = "Reset PC", "Try again", "Continue anyway"
COLLECT, VIEW = "Collect logs", "View diagnostics"
DEFAULT_TEXT: Final = "Setup could not be completed. Please try again or contact your support person for help."
_WAYS: Final = ((1, RESET), (2, TRY_AGAIN), (4, CONTINUE))

Help = Callable[[str], Awaitable[None]]
"""Carries out one of the two buttons that do not lead away from the page."""


@dataclass(frozen=True, slots=True)
class FailurePage:
    """The page as the nodes describe it; ``ways`` lead away from it, in the order of their bits."""

    text: str
    ways: tuple[str, ...]
    logs: bool
    blocks: bool

    @classmethod
    def of(cls, tree: Tree, provider: str) -> FailurePage:
        """Read the page's nodes; flags of zero mean that the person may go on."""
        flags = int(tree.value(first_sync(provider, DEVICE, "BlockInStatusPage")) or 0)
        return cls(
            text=tree.value(first_sync(provider, DEVICE, "CustomErrorText")) or DEFAULT_TEXT,
            ways=tuple(name for bit, name in _WAYS if flags & bit) if flags else (CONTINUE,),
            logs=is_true(tree.value(first_sync(provider, DEVICE, "AllowCollectLogsButton"))),
            blocks=bool(flags),
        )

    @property
    def buttons(self) -> tuple[str, ...]:
        """All buttons; the two that help appear together (01 section 6.1, setting 4)."""
        return (*self.ways, *((COLLECT, VIEW) if self.logs else ()))
