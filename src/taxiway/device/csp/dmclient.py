"""DMClient: the management account, and the first-sync status the page goes by (05 sections 10.2 and 10.3)."""

from __future__ import annotations

from collections.abc import Awaitable

from taxiway.device.csp.base import MSFT, Change, Csp
from taxiway.device.csp.node import DEVICE, NODE_NOT_FOUND, Node, Refused
from taxiway.device.csp.tree import Tree
from taxiway.device.state import CORRELATIONS, Storage
from taxiway.wire.csp import Scope
from taxiway.wire.syncml import Code

ROOT = (*MSFT, "DMClient")
FIRST_SYNC = "FirstSyncStatus"
LISTS = (
    "ExpectedPolicies",
    "ExpectedNetworkProfiles",
    "ExpectedMSIAppPackages",
    "ExpectedModernAppPackages",
    "ExpectedPFXCerts",
    "ExpectedSCEPCerts",
)


def provider(name: str, scope: Scope = DEVICE) -> Node:
    """The node of a management server."""
    return Node(scope, (*ROOT, "Provider", name))


def first_sync(name: str, scope: Scope, leaf: str) -> Node:
    """A node of the first-sync status of a management server."""
    return provider(name, scope).child(FIRST_SYNC, leaf)


def is_true(value: str | None) -> bool:
    """Whether a bool node says yes."""
    return (value or "").strip().lower() in {"true", "1"}


class DmClient(Csp):
    """Answers who the PC is for its server and guards the one-way values of the first sync."""

    root = ROOT
    runs = frozenset({"Unenroll"})

    def __init__(self, storage: Storage, tree: Tree) -> None:
        self._storage = storage
        self._tree = tree

    def read(self, node: Node) -> str | None:
        """Facts of the enrollment."""
        state = self._storage.state
        return {
            "AADDeviceID": state.joined.device_id if state.joined else None,
            "EnrollmentType": "Device",
            "HWDevID": state.firmware.hardware_id,
            "MaxSyncApplicationVersion": "5.0",
        }.get(node.name)

    def check(self, change: Change) -> None:
        """Refuse what goes back on a one-way value, and lists after the server has finished (05 section 10.3)."""
        node = change.node
        if node.name == "Unenroll":
            self._check_account(change)
        if FIRST_SYNC not in node.path or node.name == FIRST_SYNC:
            return
        now = self._tree.value(node)
        if node.name == "IsSyncDone" and is_true(now):
            raise Refused(Code.NOT_ALLOWED)
        if node.name == "WasDeviceSuccessfullyProvisioned" and now in {"0", "1"}:
            raise Refused(Code.NOT_ALLOWED)
        # A server that saw no answer sends its lists again: the same list is no change.
        frozen = is_true(self._tree.value(node.above().child("ServerHasFinishedProvisioning")))
        if node.name in LISTS and frozen and (change.verb == "Delete" or change.value != now):
            raise Refused(Code.NOT_ALLOWED)

    def _check_account(self, change: Change) -> None:
        """Only the account of this very server can be told to leave: the path names it, or in the old form the data."""
        enrolled, path = self._storage.state.enrolled, change.node.path
        named = path[-2] if len(path) > len(ROOT) + 1 else change.value
        if enrolled is None or named != enrolled.provider:
            raise Refused(Code.NOT_FOUND, NODE_NOT_FOUND)

    def changed(self, change: Change) -> Awaitable[Code | None] | None:
        """The server's id for the PC is one of the established correlations (06 section 3.11).

        Unenroll breaks the session off: the PC leaves instead of answering (04 section 16.2).
        """
        if change.verb == "Exec":
            self._storage.state.leaving = True
            self._storage.save()
        if change.node.name == "EntDMID" and change.verb != "Delete":
            self._storage.write(CORRELATIONS, EntDMID=change.value)
        return None
