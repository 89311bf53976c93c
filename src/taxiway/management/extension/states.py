"""What agents reported, and how it reads in lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from taxiway.management.extension.tables import extension_agent, extension_state
from taxiway.store import Row, Tx

if TYPE_CHECKING:  # apps forget what was reported of them
    from taxiway.management.apps.mobile_apps import MeantApp

#: A thing on a device: ``app`` or ``script``, its id, and whom it was done for.
Key = tuple[str, str, str]
_s, _a = extension_state.c, extension_agent.c
_mine = (_s.tenant == sa.bindparam("t")) & (_s.managed_id == sa.bindparam("m"))
_load = sa.select(extension_state).where(_mine)
_one = (_s.kind == sa.bindparam("k")) & (_s.object_id == sa.bindparam("o")) & (_s.user_id == sa.bindparam("u"))
_forget = sa.delete(extension_state).where(_mine, _one)
_agent = sa.select(extension_agent).where((_a.tenant == sa.bindparam("t")) & (_a.managed_id == sa.bindparam("m")))
#: The words of reports in the words of lists.
_WORDS: Final = {"downloading": "installing"}
#: How long a running installation words itself, for those who wait for it.
PROGRESS: Final = {
    "pendingInstall": "the agent has not begun with it",
    "downloading": "its package is being downloaded",
    "installing": "its installer runs",
    "failed": "failed",
}


def load(tx: Tx, managed_id: str) -> dict[Key, Row]:
    """The newest report of everything on a device."""
    rows = tx.all(_load, {"t": tx.tenant, "m": managed_id})
    return {(row["kind"], row["object_id"], row["user_id"]): row for row in rows}


def newest(reported: Mapping[Key, Row], app_id: str) -> Row | None:
    """The newest report of an app, whoever it was done for: what counts while that user is not there."""
    mine = [row for (kind, object_id, _), row in reported.items() if (kind, object_id) == ("app", app_id)]
    return max(mine, key=lambda row: row["updated_at"], default=None)


def write(tx: Tx, managed_id: str, key: Key, values: Mapping[str, Any]) -> None:
    """Keep a report in place of the one before."""
    kind, object_id, user_id = key
    tx.execute(_forget, {"t": tx.tenant, "m": managed_id, "k": kind, "o": object_id, "u": user_id})
    names = {"tenant": tx.tenant, "managed_id": managed_id, "kind": kind, "object_id": object_id, "user_id": user_id}
    tx.execute(sa.insert(extension_state), {**names, **values})


def of_object(tx: Tx, kind: str, object_id: str) -> list[Row]:
    """The newest report of one app or script from each device and user."""
    mine = (_s.tenant == tx.tenant) & (_s.kind == kind) & (_s.object_id == object_id)
    return tx.all(sa.select(extension_state).where(mine).order_by(_s.managed_id, _s.user_id))


def forget_object(tx: Tx, kind: str, object_id: str) -> None:
    """An app or a script is gone, and what was reported of it."""
    tx.execute(
        sa.delete(extension_state).where((_s.tenant == tx.tenant) & (_s.kind == kind), _s.object_id == object_id)
    )


def agent_of(tx: Tx, managed_id: str) -> Row | None:
    """The agent of a device; None before it has checked in."""
    return tx.one(_agent, {"t": tx.tenant, "m": managed_id})


def meet(tx: Tx, managed_id: str, instance: str, version: str) -> bool:
    """An agent checks in; whether it is another than before, in which case nothing it had is counted any more."""
    known = agent_of(tx, managed_id)
    mine = (_a.tenant == tx.tenant) & (_a.managed_id == managed_id)
    if known is not None and known["instance"] == instance:
        tx.execute(sa.update(extension_agent).where(mine).values(last_at=tx.now, agent_version=version))
        return False
    erase(tx, managed_id)
    row = {"tenant": tx.tenant, "managed_id": managed_id, "instance": instance, "agent_version": version}
    tx.execute(sa.insert(extension_agent), {**row, "first_at": tx.now, "last_at": tx.now})
    return True


def erase(tx: Tx, managed_id: str) -> None:
    """Forget the agent of a device and what it reported."""
    for table in (extension_agent, extension_state):
        tx.execute(sa.delete(table).where((table.c.tenant == tx.tenant) & (table.c.managed_id == managed_id)))


def shown(app: MeantApp, report: Row | None, *, held_back: bool = False) -> tuple[str, dict[str, Any]]:
    """How an app stands, in the words of lists; a report of an earlier revision says nothing of this one."""
    detail: dict[str, Any] = {
        "name": app.row["display_name"],
        "via": app.via,
        "intent": app.intent,
        "version": app.row["display_version"],
    }
    if not app.deliverable:
        return "notApplicable", {**detail, "error": "The app has no published content."}
    if report is None or report["revision"] != app.row["revision"]:
        return "pendingInstall", {**detail, "held_back": True} if held_back else detail
    detail |= {name: report[name] for name in ("exit_code", "attempt") if report[name]}
    if report["error"]:
        detail["error"] = f"0x{report['error'] & 0xFFFFFFFF:08X}"
    if report["restart"] != "none":
        detail["restart"] = report["restart"]
    if report["text"]:
        detail["text"] = report["text"]
    if report["state"] == "downloading":
        detail["progress"] = "downloading"
    return _WORDS.get(report["state"]) or str(report["state"]), detail
