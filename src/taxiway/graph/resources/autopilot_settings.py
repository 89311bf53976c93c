"""``windowsAutopilotSettings``, a switch of ours among them, and its ``sync``, once in ten minutes (02 section 3.2).

Changes take effect at once here, so a sync is complete when it is asked for; clients wait for it all the same.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from taxiway import autopilot, directory
from taxiway.graph.entities import AUTOPILOT_SYNCS
from taxiway.graph.errors import TooManyRequests
from taxiway.graph.protocol import body, scopes
from taxiway.graph.protocol.call import Answer, Call, Operation
from taxiway.graph.protocol.face import Face
from taxiway.graph.protocol.lists import item_body
from taxiway.store import Row, Tx

_PATH: Final = "deviceManagement/windowsAutopilotSettings"
_PRIORITY: Final = "@taxiway.explicitPriority"
_PAUSE: Final = timedelta(minutes=10)
SETTINGS: Final = Face(
    path=_PATH,
    repository=AUTOPILOT_SYNCS,
    family="intune",
    never=frozenset({"last_sync_at", "last_manual_sync_at"}),
    shown=lambda tx, rows: [{_PRIORITY: autopilot.autopilot_policy(tx)["explicit_priority"]} for _ in rows],
    computed=frozenset({"@taxiway.explicitPriority"}),
)


def _current(tx: Tx) -> Row:
    names = AUTOPILOT_SYNCS.entity.props
    return AUTOPILOT_SYNCS.get(tx, tx.tenant) or {
        **{name: prop.default for name, prop in names.items()},
        "id": tx.tenant,
        "version": 0,
    }


async def _get(call: Call) -> Answer:
    def read(tx: Tx) -> dict[str, Any]:
        return item_body(tx, call, SETTINGS, _current(tx))

    return Answer(200, await call.read(read))


async def _update(call: Call) -> Answer:
    """Whether profiles have an explicit priority (P-24) is ours; what else Graph has here is read only."""
    wanted = body.field(call.json, _PRIORITY)

    def write(tx: Tx) -> dict[str, Any]:
        if wanted is not None:
            autopilot.update_autopilot_policy(tx, {"explicit_priority": wanted}, principal=call.principal)
        return item_body(tx, call, SETTINGS, _current(tx))

    return Answer(200, await call.write(write))


async def _sync(call: Call) -> Answer:
    def write(tx: Tx) -> None:
        directory.require(tx, call.principal, "autopilot.sync")
        before = _current(tx)
        last = before["last_manual_sync_at"]
        if last is not None and tx.now - last < _PAUSE:
            wait = int((last + _PAUSE - tx.now).total_seconds()) + 1
            raise TooManyRequests("A sync can be started once in ten minutes.", wait)
        values = {"last_sync_at": tx.now, "last_manual_sync_at": tx.now, "sync_status": "completed"}
        if before["version"]:
            AUTOPILOT_SYNCS.update(tx, tx.tenant, values)
        else:
            AUTOPILOT_SYNCS.insert(tx, {"id": tx.tenant, **values})
        tx.log("autopilot.synced", subject=f"tenant:{tx.tenant}")

    await call.write(write)
    return Answer(204)


OPERATIONS: Final = [
    Operation("GET", _PATH, _get, scopes.AUTOPILOT_READ, beta=True),
    Operation("PATCH", _PATH, _update, scopes.AUTOPILOT_WRITE, beta=True),
    Operation("POST", f"{_PATH}/sync", _sync, scopes.AUTOPILOT_WRITE, beta=True),
]
