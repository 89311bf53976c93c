"""What a deployment brought, item by item: ``policyStatusDetails`` of the report (02 section 3.7)."""

from __future__ import annotations

from typing import Any, Final

from taxiway.management.apps import mobile_apps
from taxiway.management.configuration.meant import CONFIGURATION_OBJECTS
from taxiway.management.esp.deployments import DEPLOYMENTS
from taxiway.management.session import runs
from taxiway.management.session.queue import Queue
from taxiway.management.session.report import device_states
from taxiway.store import Tx
from taxiway.wire.hresult import signed

#: Per kind of object: Graph's word for it, and its word for each state; any other state is the last.
_CONFIGURATION: Final = (
    "configurationPolicy",
    {"succeeded": "compliant", "error": "error", "conflict": "error"},
    "unknown",
)
_WORDS: Final[dict[str, tuple[str, dict[str, str], str]]] = {
    mobile_apps.OBJECT_KIND: ("application", {"installed": "installed", "failed": "error"}, "notInstalled"),
    **dict.fromkeys(CONFIGURATION_OBJECTS, _CONFIGURATION),
}
_NOTHING: Final = {"error": 0}


def status_details(tx: Tx, deployment_id: str) -> list[dict[str, Any]]:
    """Each app and configuration of a deployment; as it stood at the end where the device is not managed any more."""
    kept = DEPLOYMENTS.require(tx, deployment_id)["status_details"]
    return kept if kept is not None else _standing(tx, deployment_id)


def keep_details(tx: Tx, deployment_id: str) -> None:
    """The device is about to be forgotten: what is known of its deployment stays with the report."""
    if DEPLOYMENTS.get(tx, deployment_id) is not None:
        DEPLOYMENTS.update(tx, deployment_id, {"status_details": _standing(tx, deployment_id)})


def _standing(tx: Tx, managed_id: str) -> list[dict[str, Any]]:
    tracked = _tracked(tx, managed_id)
    return [
        _shown(row, tracked=f"{row['object_kind']}:{row['object_id']}" in tracked)
        for row in device_states(tx, managed_id)
        if row["object_kind"] in _WORDS
    ]


def _shown(row: dict[str, Any], *, tracked: bool) -> dict[str, Any]:
    kind, words, other = _WORDS[row["object_kind"]]
    return {
        "id": row["object_id"],
        "displayName": row["detail"].get("name"),
        "policyType": kind,
        "complianceStatus": words.get(row["state"], other),
        "trackedOnEnrollmentStatus": tracked,
        "lastReportedDateTime": row["updated_at"].isoformat(),
        "errorCode": _error(row["detail"]),
    }


def _error(detail: dict[str, Any]) -> int:
    """The HRESULT or status as a signed number, 0 for none."""
    first = next(iter(detail.get("errors") or ()), _NOTHING)
    told = str(detail.get("error") or first.get("error") or first.get("status") or 0)
    try:
        return signed(int(told, 0))
    except ValueError:
        return 0


def _tracked(tx: Tx, managed_id: str) -> set[str]:
    """The origins of the commands that a half of the page waited for."""
    run = runs.load(tx, managed_id)
    if run is None:
        return set()
    halves = (run.esp, *run.esp.get("users", {}).values())
    frozen = {row_id for half in halves for row_id in half.get("work", ())}
    rows = Queue(tx, managed_id).rows
    return {origin for row_id in frozen if row_id in rows for origin in rows[row_id]["origins"]}
