"""Restart and reset by order of the server: accepted now, carried out when the session is over (05 section 10.13)."""

from __future__ import annotations

from collections.abc import Awaitable

from taxiway.device.csp.base import MSFT, Change, Csp
from taxiway.device.csp.node import Node, Refused
from taxiway.device.resets import FRESH, FRESH_KEEPING, PROTECTED_WIPE, REDEPLOY, RESTART, WIPE, WIPE_KEEPING
from taxiway.device.state import Storage
from taxiway.wire.syncml import Code

_AWAITING_RESTART = 20
#: What a node's Exec leads to.
_ORDERS = {
    "RebootNow": RESTART,
    "doWipe": WIPE,
    "doWipeCloud": WIPE,
    "doWipePersistProvisionedData": WIPE,
    "doWipeCloudPersistProvisionedData": WIPE,
    "doWipeProtected": PROTECTED_WIPE,
    "doWipePersistUserData": WIPE_KEEPING,
    "doWipeCloudPersistUserData": WIPE_KEEPING,
    "doAutomaticRedeployment": REDEPLOY,
    "CleanPCWithoutRetainingUserData": FRESH,
    "CleanPCRetainingUserData": FRESH_KEEPING,
}


class PowerOrders(Csp):
    """One of the three providers whose Exec ends in a restart."""

    runs = frozenset(_ORDERS)

    def __init__(self, provider: str, storage: Storage) -> None:
        self.root = (*MSFT, provider)
        self._storage = storage

    def read(self, node: Node) -> str | None:
        """How an Autopilot Reset stands."""
        status, error = self._storage.state.redeployment
        if "AutomaticRedeployment" not in node.path:
            return None
        return {"Status": str(status), "LastError": str(error)}.get(node.name)

    def check(self, change: Change) -> None:
        """A schedule of restarts would not be kept: it is refused."""
        if change.verb != "Exec":
            raise Refused(Code.NOT_SUPPORTED)

    def changed(self, change: Change) -> Awaitable[Code | None] | None:
        """Remember the order; a reset that was ordered is not undone by a restart that is ordered after it."""
        return self._accept(_ORDERS[change.node.name]) if change.verb == "Exec" else None

    async def _accept(self, order: str) -> Code:
        state = self._storage.state
        if order != RESTART or not state.pending:
            state.pending = order
        if order == REDEPLOY:
            state.redeployment = (_AWAITING_RESTART, 0)
        self._storage.save()
        return Code.OK if order == RESTART else Code.ACCEPTED


PROVIDERS = ("Reboot", "RemoteWipe", "CleanPC")
