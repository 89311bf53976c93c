"""What is configured on a device, by whom, why, and how it stands: conflicts, errors, warnings, what stays."""

from __future__ import annotations

from typing import Any, Final

from taxiway import directory, enrollment, management
from taxiway.management import Item
from taxiway.store import Row, Tx, eq

_SHOWN: Final = 200
#: Statuses that are not about configurations.
_OTHERS: Final = frozenset({management.APPS.entity.name, management.COMPLIANCE_POLICIES.entity.name})


def explain_configuration(tx: Tx, device: str) -> dict[str, Any] | None:
    """The explanation as JSON; ``device`` is a serial number or the managed device's id. None for an unknown one."""
    found = enrollment.MANAGED.select(tx, eq("serial_number", device), order=[("enrolled_at", True)], limit=1)
    managed = found[0] if found else enrollment.managed_device(tx, device)
    if managed is None:
        return None
    entra_id, _ = enrollment.links_of(tx, managed["id"])
    joined = None if entra_id is None else directory.find_device(tx, id=entra_id)
    owner = None if managed["user_id"] is None else directory.find_user(tx, managed["user_id"])
    rows = management.device_states(tx, managed["id"])
    states = {(row["object_kind"], row["object_id"]): row for row in rows if row["object_kind"] not in _OTHERS}
    resolved = management.resolve(tx, device=joined, user=owner)
    shown = [_configuration(tx, each, joined, owner, states.pop(each.key, None)) for each in resolved.meant]
    return {
        "device": managed["serial_number"] or managed["id"],
        "managedDevice": managed["id"],
        "configurations": shown,
        "conflicts": [{"omaUri": one.uri, "configurations": list(one.names)} for one in resolved.effective.conflicts],
        "notActedOn": [
            {"name": each.name, "type": each.type, "why": [reason.text for reason in each.why]}
            for each in management.unacted(tx, device=joined, user=owner)
        ],
        "left": [_left(row) for row in states.values() if row["state"] in {"removing", "staysOnDevice"}],
    }


def _configuration(
    tx: Tx, each: management.Meant, device: Row | None, user: Row | None, status: Row | None
) -> dict[str, Any]:
    matches = directory.meant(tx, each.kind, device=device, user=user)
    reasons = [reason.text for match in matches if match.object_id == each.row["id"] for reason in match.reasons]
    detail = {} if status is None else status["detail"]
    return {
        "name": each.name,
        "type": each.row["kind"],
        "via": each.via,
        "state": "not delivered yet" if status is None else status["state"],
        "why": list(dict.fromkeys(reasons)),
        "settings": [{"omaUri": item.uri, "value": _value(item)} for item in each.items],
        "findings": [finding["text"] for finding in each.row["findings"]],
        "errors": [_error(error) for error in detail.get("errors") or ()],
        "stays": detail.get("stays") or [],
    }


def _value(item: Item) -> str:
    return "****" if item.secret else item.data[:_SHOWN]


def _error(error: dict[str, Any]) -> str:
    at = f", because of {error['cause']}" if error.get("cause") else ""
    native = f" ({error['error']})" if error.get("error") else ""
    return f"the device answered {error['status']}{native} to {error['uri']}{at}"


def _left(row: Row) -> dict[str, Any]:
    """A configuration that is not assigned any more and has not gone."""
    return {"name": row["detail"].get("name"), "state": row["state"], "stays": row["detail"].get("stays") or []}
