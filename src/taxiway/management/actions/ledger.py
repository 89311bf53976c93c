"""The book of actions: each order from pending to its end, as the log and Graph show it (02 section 7)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from taxiway import enrollment
from taxiway.enrollment import MANAGED
from taxiway.kernel import Reason
from taxiway.management.actions.entities import ACTIVE, DEVICE_ACTION, DONE, OPEN, PENDING
from taxiway.store import Repository, Row, Tx, both, eq, one_of

ACTIONS = Repository(DEVICE_ACTION)
#: An order that no session of the device has fetched by then is given up.
UNFETCHED: Final = timedelta(days=30)
#: How many of a device's orders Graph shows, the latest first to stay.
_SHOWN: Final = 50


def enter(
    tx: Tx,
    managed: Row,
    kind: str,
    *,
    by: str,
    parameters: Mapping[str, Any] | None = None,
    action_id: str | None = None,
    why: Reason | None = None,
) -> Row:
    """Write an order down; the same order while one is open is that one."""
    parameters = dict(parameters or {})
    known = [each for each in open_of(tx, managed["id"]) if each["kind"] == kind]
    same = next((each for each in known if each["parameters"] == parameters), None)
    if same is not None:
        return same
    entra_id, _ = enrollment.links_of(tx, managed["id"])
    values = {"managed_id": managed["id"], "entra_id": entra_id, "kind": kind, "state": PENDING}
    moments = {"requested_at": tx.now, "updated_at": tx.now, "expires_at": tx.now + UNFETCHED}
    subject = enrollment.subject_of(tx, managed["id"])
    told = {"parameters": parameters, "requested_by": by, "subject": subject}
    own = {} if action_id is None else {"id": action_id}
    row = ACTIONS.insert(tx, {**own, **values, **moments, **told})
    what = {"action": row["id"], "name": kind, "managed_device": managed["id"], "by": by}
    tx.log("device_action.ordered", subject=subject, what=what, why=[] if why is None else [why])
    project(tx, managed["id"])
    return row


def move(tx: Tx, action: Row, state: str, why: Reason, **changes: Any) -> Row:
    """Bring an order to another state, with the reason on record."""
    values = {"state": state, "updated_at": tx.now, "reason": why.text, **changes}
    row = ACTIONS.update(tx, action["id"], values)
    what = {"action": action["id"], "name": action["kind"], "managed_device": action["managed_id"]}
    if row["error"]:
        what["error"] = f"0x{row['error'] & 0xFFFFFFFF:08X}"
    name = "issued" if state == ACTIVE else state
    tx.log(f"device_action.{name}", subject=action["subject"], what=what, why=[why])
    project(tx, action["managed_id"])
    return row


def open_of(tx: Tx, managed_id: str) -> list[Row]:
    """The orders of a device that have not ended, oldest first."""
    mine = both(eq("managed_id", managed_id), one_of("state", OPEN))
    return ACTIONS.select(tx, mine, order=[("requested_at", False)])


def open_for(tx: Tx, entra_id: str) -> list[Row]:
    """The orders that have not ended, of every record that a directory device has had."""
    return ACTIONS.select(tx, both(eq("entra_id", entra_id), one_of("state", OPEN)))


def done_before(tx: Tx, action: Row) -> bool:
    """Whether the same was done to the device before."""
    same = both(eq("managed_id", action["managed_id"]), eq("kind", action["kind"]), eq("state", DONE))
    return ACTIONS.find(tx, same) is not None


def any_open(managed: Mapping[str, Any]) -> bool:
    """Whether a device has an order that has not ended, from its row alone: a check-in without one costs nothing."""
    return any(each["actionState"] in OPEN for each in managed["device_action_results"])


def project(tx: Tx, managed_id: str) -> None:
    """Write the orders into the managed device as Graph shows them: the latest of each name."""
    managed = MANAGED.get(tx, managed_id)
    if managed is None:
        return
    rows = ACTIONS.select(tx, eq("managed_id", managed_id), order=[("requested_at", True)], limit=_SHOWN)
    latest: dict[str, Row] = {}
    for row in sorted(rows, key=lambda row: row["state"] not in OPEN):  # of one moment, what is open counts
        latest.setdefault(row["kind"], row)
    shown = [_result(row) for row in reversed(latest.values())]
    enrollment.update_inventory(tx, managed_id, {"device_action_results": shown})


def _result(row: Row) -> dict[str, Any]:
    """A ``deviceActionResult``; code and sentence of a failure beside what every result has."""
    found: dict[str, Any] = {
        "actionName": row["kind"],
        "actionState": row["state"],
        "startDateTime": _moment(row["requested_at"]),
        "lastUpdatedDateTime": _moment(row["updated_at"]),
    }
    if row["state"] in {"failed", "canceled"}:
        found |= {"errorCode": row["error"] or 0, "errorDescription": row["reason"]}
    return found


def _moment(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
