"""What an administrator can do to a running Enrollment Status Page, and what ends by itself (05 section 11.14)."""

from __future__ import annotations

from typing import Any, Literal

from taxiway import enrollment
from taxiway.directory import Principal, require
from taxiway.kernel import Reason
from taxiway.management.esp import deadlines, deployments
from taxiway.management.esp.deadlines import RUNNING, USER_RUNNING
from taxiway.management.esp.waits import waiting_for
from taxiway.management.session import runs
from taxiway.management.session.queue import Queue
from taxiway.store import NotFound, Tx

#: Release or fail the page now; spare later users its second half; give it the settings its profile has now (P-15).
Order = Literal["release", "fail", "hide", "update"]


def order_esp(tx: Tx, managed_id: str, order: Order, *, principal: Principal) -> None:
    """Order something of the page: carried out in the device's next session."""
    require(tx, principal, "management.write")
    run = runs.load(tx, managed_id)
    if run is None:
        raise NotFound("The device has not had a session yet.")
    run.esp["order"] = order
    runs.save(tx, run)
    what = {"order": order, "managed_device": managed_id}
    tx.log("esp.ordered", subject=enrollment.subject_of(tx, managed_id), what=what)


def esp_state(tx: Tx, managed_id: str) -> dict[str, Any] | None:
    """Where the page stands: the device's state, its deadline, what it waits for, and each user's state."""
    run = runs.load(tx, managed_id)
    if run is None:
        return None
    users = {user: mine["state"] for user, mine in run.esp.get("users", {}).items()}
    lists = run.esp.get("lists", {})
    return {"state": run.esp_state, "deadline": deadlines.of(run.esp), "users": users, "lists": lists}


def expire_pages(tx: Tx) -> int:
    """Let the pages whose time is over fail, also where the device or the user never came back; how many that were."""
    ended = 0
    for managed_id in runs.overdue(tx):
        run = runs.load(tx, managed_id)
        if run is not None:
            ended += _expire(tx, run)
    return ended


def _expire(tx: Tx, run: runs.Run) -> int:
    """End the halves of one page whose time is over, with what they waited for on record."""
    facts = {"waiting_for": [each.what for each in waiting_for(run, Queue(tx, run.managed_id).rows)]}
    late: list[dict[str, Any]] = []
    if run.esp_state in RUNNING and deadlines.passed(run.esp, tx.now):
        why = Reason("esp.deadline", "The page's time is over and the device has not come back.", facts)
        late.append({"phase": "device", "from": run.esp_state, "why": why})
        run.esp_state, run.esp["since"] = "failed", tx.now.isoformat()
    for user, mine in run.esp.get("users", {}).items():
        if mine["state"] in USER_RUNNING and deadlines.passed(mine, tx.now):
            why = Reason("esp.user_deadline", "The time is over and the user has not come back to this page.", facts)
            late.append({"phase": "user", "user": user, "from": mine["state"], "why": why})
            mine["state"], mine["since"] = "failed", tx.now.isoformat()
    run.esp_deadline = deadlines.earliest(run)
    deployments.follow(tx, run, late[-1]["why"].text if late else "")
    runs.save(tx, run)
    for each in late:
        why = each.pop("why")
        what = {**each, "to": "failed", "managed_device": run.managed_id}
        tx.log("esp.moved", subject=enrollment.subject_of(tx, run.managed_id), what=what, why=[why])
    return len(late)
