"""What an administrator can do to a running Enrollment Status Page, and what ends by itself (05 section 11.14)."""

from __future__ import annotations

from typing import Any, Literal

from taxiway import enrollment
from taxiway.directory import Principal, require
from taxiway.kernel import Reason
from taxiway.management import runs
from taxiway.management.esp import RUNNING
from taxiway.store import NotFound, Tx

Order = Literal["release", "fail"]


def order_esp(tx: Tx, managed_id: str, order: Order, *, principal: Principal) -> None:
    """Release or fail the page now: carried out in the device's next session."""
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
    return {"state": run.esp_state, "deadline": run.esp_deadline, "users": users, "lists": lists}


def expire_pages(tx: Tx) -> int:
    """Let the pages whose time is over fail, also where the device never came back; how many that were."""
    late = runs.overdue(tx, RUNNING)
    for managed_id in late:
        run = runs.load(tx, managed_id)
        if run is None:
            continue
        what = {"phase": "device", "from": run.esp_state, "to": "failed", "managed_device": managed_id}
        why = [Reason("esp.deadline", "The page's time is over and the device has not come back.")]
        run.esp_state = "failed"
        runs.save(tx, run)
        tx.log("esp.moved", subject=enrollment.subject_of(tx, managed_id), what=what, why=why)
    return len(late)
