"""Settings that restart the PC: asked for in device setup, where one restart comes for all of them (01 section 6.8)."""

from __future__ import annotations

from collections.abc import Awaitable

from taxiway.device.csp.base import MSFT, Change, Csp
from taxiway.device.csp.tree import Tree
from taxiway.device.state import Storage
from taxiway.wire.syncml import Code

#: Application control, which has no behaviour here beyond its restart.
ROOTS = ((*MSFT, "AppLocker"), (*MSFT, "ApplicationControl"))


def restart(storage: Storage, tree: Tree, change: Change) -> None:
    """Note that a setting wants a restart; in account setup none is asked for (R-81)."""
    facts = change.node.facts
    if facts is not None and facts.reboot and change.verb in {"Add", "Replace"} and not tree.user:
        uri = change.node.uri
        if uri not in storage.state.reboots:
            storage.state.reboots.append(uri)


class Restarting(Csp):
    """A plain store whose settings take a restart."""

    upsert = True

    def __init__(self, root: tuple[str, ...], storage: Storage, tree: Tree) -> None:
        self.root = root
        self._storage = storage
        self._tree = tree

    def changed(self, change: Change) -> Awaitable[Code | None] | None:
        """Ask for the restart."""
        restart(self._storage, self._tree, change)
        return None
