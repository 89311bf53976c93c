"""What agents report is taken once: a duplicate, a late one or one of an earlier revision changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from taxiway import enrollment
from taxiway.kernel import Reason
from taxiway.management.apps import durations, mobile_apps
from taxiway.management.apps.mobile_apps import APPS, MeantApp
from taxiway.management.extension import states
from taxiway.management.extension.plan import Asked, held_back
from taxiway.management.extension.scripts import SCRIPTS
from taxiway.management.session import statuses
from taxiway.store import Row
from taxiway.wire.extension import Receipt, Report

_APP_STATES: Final = frozenset(
    {"downloading", "installing", "installed", "failed", "notApplicable", "uninstalled", "uninstallFailed"}
)
_SCRIPT_STATES: Final = frozenset({"success", "fail"})
_UNDER_WAY: Final = frozenset({"downloading", "installing"})
RECORDED: Final = "recorded"


@dataclass
class _Desk:
    """What the reports of one request are held against."""

    asked: Asked
    known: dict[states.Key, Row]

    @property
    def managed_id(self) -> str:
        return str(self.asked.managed["id"])


def take(asked: Asked, instance: str, reports: list[Report]) -> list[Receipt]:
    """Take reports in their order, each once; a receipt for each."""
    agent = states.agent_of(asked.tx, asked.managed["id"])
    if agent is None or agent["instance"] != instance:
        return [Receipt(number=each.number, outcome="notCheckedIn", again=True) for each in reports]
    desk = _Desk(asked, states.load(asked.tx, asked.managed["id"]))
    return [_take(desk, each) for each in reports]


def _take(desk: _Desk, report: Report) -> Receipt:
    if report.user and report.user != desk.asked.user_id:
        return Receipt(number=report.number, outcome="userNotProven", again=True)
    row = _row(desk, report)
    outcome = "gone" if row is None else _verdict(desk, report, row)
    if outcome == RECORDED and row is not None:
        _record(desk, report, row)
    return Receipt(number=report.number, outcome=outcome)


def _row(desk: _Desk, report: Report) -> Row | None:
    if report.kind == "script":
        return SCRIPTS.get(desk.asked.tx, report.id)
    row = APPS.get(desk.asked.tx, report.id)
    meant = {app.row["id"] for app in desk.asked.meant} | set(desk.asked.others)
    return row if row is not None and row["id"] in meant else None


def _verdict(desk: _Desk, report: Report, row: Row) -> str:
    """``recorded``, or why not; pure."""
    if report.state not in (_APP_STATES if report.kind == "app" else _SCRIPT_STATES):
        return "unknownState"
    if report.revision != row["revision"]:
        return "outdated"
    known = desk.known.get((report.kind, report.id, report.user))
    return "known" if known is not None and report.number <= known["number"] else RECORDED


def _record(desk: _Desk, report: Report, row: Row) -> None:
    tx = desk.asked.tx
    key = (report.kind, report.id, report.user)
    before = desk.known.get(key)
    began = before["began_at"] if before is not None and before["state"] in _UNDER_WAY else None
    if began is None and report.state in _UNDER_WAY:
        began = tx.now
    values: dict[str, Any] = {
        "revision": report.revision,
        "number": report.number,
        "state": report.state,
        "error": report.error & 0xFFFFFFFF,
        "exit_code": report.exit_code,
        "attempt": report.attempt,
        "restart": report.restart,
        "text": report.text,
        "began_at": began,
        "updated_at": tx.now,
    }
    states.write(tx, desk.managed_id, key, values)
    desk.known[key] = {**values, "kind": report.kind, "object_id": report.id, "user_id": report.user}
    if report.kind == "script":
        _log_script(desk, report, row)
        return
    if report.state == "installed" and began is not None:
        durations.record(tx, report.id, desk.managed_id, began)
    _follow_page(desk, report)
    _show(desk, row, desk.known[key])


def _follow_page(desk: _Desk, report: Report) -> None:
    """What the page waits for moves on, for those who ask what it waits for."""
    esp = desk.asked.run.esp
    for record in (esp, *esp.get("users", {}).values()):
        entry = record.get("extension", {}).get(report.id)
        if entry is not None and entry["state"] != report.state:
            entry |= {"state": report.state, "since": desk.asked.tx.now.isoformat(), "revision": report.revision}
            entry["error"] = f"0x{report.error & 0xFFFFFFFF:08X}" if report.error else ""


def _show(desk: _Desk, row: Row, reported: Mapping[str, Any]) -> None:
    """Bring the lists up to date at once."""
    app = next((app for app in desk.asked.meant if app.row["id"] == row["id"]), None)
    app = app or MeantApp(row, "device", "dependency")
    state, detail = states.shown(app, dict(reported), held_back=held_back(desk.asked, app))
    subject = enrollment.subject_of(desk.asked.tx, desk.managed_id)
    statuses.bring(desk.asked.tx, subject, desk.managed_id, (mobile_apps.OBJECT_KIND, row["id"]), state, detail)


def _log_script(desk: _Desk, report: Report, row: Row) -> None:
    what: dict[str, Any] = {
        "id": row["id"],
        "name": row["display_name"],
        "state": report.state,
        "exit_code": report.exit_code,
        "managed_device": desk.managed_id,
    }
    why = [] if report.state == "success" else [Reason("script.failed", report.text or "The script failed.")]
    subject = enrollment.subject_of(desk.asked.tx, desk.managed_id)
    desk.asked.tx.log("script.ran", subject=subject, what=what, why=why)
