"""The deployment report: one row for each enrollment, true at once and for good (02 section 3.7, R-117, P-18).

A failure that was mended reads ``successOnRetry``. A device that was reset or removed on its way leaves its row behind
as a failure; the next enrollment has a row of its own (R-72).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from taxiway import enrollment
from taxiway.management.esp.entities import DEPLOYMENT
from taxiway.management.session.runs import Run
from taxiway.store import Repository, Row, Tx

DEPLOYMENTS = Repository(DEPLOYMENT)
_OPEN: Final = frozenset({"inProgress", "notAttempted"})
_STATUS: Final = {"off": "disabled", "done": "success", "failed": "failure", "unknown": "notAttempted"}


def begin(tx: Tx, managed_id: str) -> None:
    """A device enrolled: its row is there before its first session."""
    managed, settings = enrollment.MANAGED.require(tx, managed_id), enrollment.esp_of(tx, managed_id)
    page: dict[str, Any] = {}
    if settings is not None:
        page = {
            "windows10_enrollment_completion_page_configuration_id": settings.profile_id,
            "windows10_enrollment_completion_page_configuration_display_name": settings.profile_name,
        }
    autopilot = "azureADJoinedWithAutopilotProfile" if managed["autopilot_enrolled"] else "unknown"
    moments = ("event_at", "device_registered_at", "enrollment_started_at", "deployment_started_at")
    DEPLOYMENTS.insert(
        tx,
        {
            "id": managed_id,
            "device_id": managed_id,
            "user_id": managed["user_id"],
            "user_principal_name": managed["upn"],
            "device_serial_number": managed["serial_number"],
            "managed_device_name": managed["managed_device_name"],
            "os_version": managed["os_version"],
            "enrollment_type": autopilot,
            "windows_autopilot_deployment_profile_display_name": managed["enrollment_profile_name"],
            **page,
            **dict.fromkeys(moments, tx.now),
        },
    )


def follow(tx: Tx, run: Run, why: str = "") -> None:
    """Bring the row up to date where the page has moved; ``why``: the reason of a failure."""
    first = run.esp.get("users", {}).get(run.esp.get("first_user"), {"state": "unknown"})
    states = [run.esp_state, first["state"]]
    if run.esp.get("reported") == states or run.esp.get("after_reset"):
        return  # a reset that keeps the enrollment is no deployment (01 section 7.5)
    run.esp["reported"] = states
    row = DEPLOYMENTS.get(tx, run.managed_id)
    if row is None:
        return
    device = _status(run.esp_state, row["device_setup_status"], run.esp)
    account = "disabled" if device == "disabled" else _status(first["state"], row["account_setup_status"], first)
    changes: dict[str, Any] = {"device_setup_status": device, "account_setup_status": account, "event_at": tx.now}
    changes["deployment_state"] = _overall(device, account)
    changes |= _times(tx.now, row, changes, first)
    if changes["deployment_state"] == "failure":
        changes["enrollment_failure_details"] = why or row["enrollment_failure_details"]
    DEPLOYMENTS.update(tx, run.managed_id, changes)


def abandon(tx: Tx, managed_id: str) -> None:
    """The device is not managed any more: a deployment on its way has failed, one that ended stays as it ended."""
    row = DEPLOYMENTS.get(tx, managed_id)
    if row is None or row["deployment_state"] not in _OPEN:
        return
    text = "The device was removed, or reset and enrolled anew, before its deployment ended."
    ended = {"deployment_state": "failure", "deployment_ended_at": tx.now, "event_at": tx.now}
    DEPLOYMENTS.update(tx, managed_id, {**ended, "enrollment_failure_details": text})


# ---------------------------------------------------------------------------------------------- inside


def _status(state: str, before: str, record: dict[str, Any]) -> str:
    """The report's word for a half; that it failed once is remembered in ``record``."""
    status = _STATUS.get(state, "inProgress")
    if status == "failure" or before == "failure":
        record["failed_once"] = True
    return "successOnRetry" if status == "success" and record.get("failed_once") else status


def _overall(device: str, account: str) -> str:
    """A failure of either half is one of the whole; without a page there is nothing that could fail."""
    both = (device, account)
    if "failure" in both:
        return "failure"
    if device == "disabled":
        return "success"
    if device in _OPEN or account in _OPEN:
        return "inProgress"
    return "successOnRetry" if "successOnRetry" in both else "success"


def _times(now: datetime, row: Row, changes: Mapping[str, Any], first: Mapping[str, Any]) -> dict[str, Any]:
    """Durations of what has ended; the time before somebody signed in is in the total alone."""
    start = row["deployment_started_at"]
    times: dict[str, Any] = {}
    if row["device_setup_status"] != changes["device_setup_status"] not in _OPEN:
        times["device_setup_duration"] = _duration(now - start)
    began = first.get("began")
    if began is not None and row["account_setup_status"] != changes["account_setup_status"] not in _OPEN:
        times["account_setup_duration"] = _duration(now - datetime.fromisoformat(began))
    over = changes["deployment_state"] not in _OPEN
    times["deployment_ended_at"] = now if over else None
    if over:
        times["deployment_total_duration"] = _duration(now - start)
        parts = [str(times.get(name) or row[name]) for name in ("device_setup_duration", "account_setup_duration")]
        times["deployment_duration"] = _duration(timedelta(seconds=sum(int(part[2:-1]) for part in parts)))
    return times


def _duration(spent: timedelta) -> str:
    """Whole seconds as ISO 8601 writes them."""
    return f"PT{max(0, int(spent.total_seconds()))}S"
