"""Why a device or user is, or is not, in a group, or would be by a rule (01 P-02, R-55)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from taxiway import autopilot, directory, enrollment
from taxiway.directory import Explanation, RuleKind
from taxiway.kernel import TaxiwayError
from taxiway.store import Row, Tx, eq


class NotFoundHere(TaxiwayError):
    """The question names what does not exist, or more than one thing."""


def explain_membership(tx: Tx, object_name: str, *, group: str = "", rule: str = "") -> dict[str, Any]:
    """The answer as JSON. ``object_name``: a UPN, a serial number, a name or an id; ``group``: a name or an id."""
    kind, row = _object(tx, object_name)
    about = {"object": row["user_principal_name" if kind == "user" else "display_name"], "kind": kind, "id": row["id"]}
    if rule:
        made = directory.explain_membership(tx, kind, row["id"], rule)
        return {**about, "group": None, "member": made.result, "why": [], "path": [], "rule": explanation_json(made)}
    found = _group(tx, group)
    standing = directory.standing_of(tx, kind, row["id"], found["id"])
    status = found["membership_rule_processing_status"] or {}
    return {
        **about,
        "group": {
            "id": found["id"],
            "name": found["display_name"],
            "kind": found["kind"],
            "rule": found["membership_rule"],
            "processing": found["membership_rule_processing_state"],
            "status": status.get("status"),
            "lastEvaluated": status.get("lastMembershipUpdated"),
            "error": status.get("errorMessage"),
        },
        "member": standing.member.value,
        "why": [reason.as_dict() for reason in standing.member.reasons],
        "path": [directory.GROUPS.require(tx, one)["display_name"] for one in standing.path],
        "rule": None if standing.rule is None else explanation_json(standing.rule),
    }


def explanation_json(part: Explanation) -> dict[str, Any]:
    """A part of a rule with its verdict, the value it looked at, and its own parts."""
    value = part.property_value
    return {
        "expression": part.expression,
        "holds": part.result,
        "property": part.property_name,
        "value": value.isoformat() if isinstance(value, datetime) else value,
        "parts": [explanation_json(one) for one in part.parts],
    }


def _object(tx: Tx, name: str) -> tuple[RuleKind, Row]:
    user = directory.find_user(tx, name)
    if user is not None:
        return "user", user
    device = _device(tx, name)
    if device is None:
        raise NotFoundHere(
            f"There is no user or device '{name}'.", remedy="Give a UPN, a serial number, a device's name or an id."
        )
    return "device", device


def _device(tx: Tx, name: str) -> Row | None:
    record = autopilot.record_of_serial(tx, name)
    if record is not None:
        return directory.DEVICES.find(tx, eq("ztdid", record["id"]))
    managed = enrollment.MANAGED.find(tx, eq("serial_number", name))
    if managed is not None:
        return directory.find_device(tx, device_id=managed["azure_ad_device_id"])
    by_id = directory.find_device(tx, id=name.lower()) or directory.find_device(tx, device_id=name)
    return by_id or directory.DEVICES.find(tx, eq("display_name", name))


def _group(tx: Tx, name: str) -> Row:
    by_id = directory.GROUPS.get(tx, name.lower())
    found = [by_id] if by_id is not None else directory.GROUPS.select(tx, eq("display_name", name), limit=2)
    if not found:
        raise NotFoundHere(f"There is no group '{name}'.")
    if len(found) > 1:
        raise NotFoundHere(f"There are several groups '{name}'.", remedy="Give the group's id.")
    return found[0]
