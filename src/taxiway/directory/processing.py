"""How far the processing of a group's rule is: ``membershipRuleProcessingStatus`` (02 section 6.1; 07 section 14)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from taxiway.directory.entities import GROUPS
from taxiway.directory.rule_index import rules_changed
from taxiway.directory.rules import RuleTimeout
from taxiway.store import Row, Tx

Status = Literal["NotStarted", "Running", "Succeeded", "Failed"]
#: What a rule that nobody has evaluated yet shows.
NOT_STARTED: dict[str, Any] = {"status": "NotStarted", "lastMembershipUpdated": None, "errorMessage": None}


def status_of(group: Mapping[str, Any]) -> str | None:
    """The status of a dynamic group, by its row or its document."""
    status: str | None = (group.get("membership_rule_processing_status") or {}).get("status")
    return status


def mark(tx: Tx, group: Row, status: Status, error: str | None = None, **more: Any) -> Row:
    """Set the status; a running one keeps the time of the last update. ``more``: other properties of the group."""
    before: dict[str, Any] = group["membership_rule_processing_status"] or {}
    updated = tx.now.isoformat() if status == "Succeeded" else before.get("lastMembershipUpdated")
    value = {"status": status, "lastMembershipUpdated": updated, "errorMessage": error}
    if value == before and not more:
        return group
    return GROUPS.update(tx, group["id"], {"membership_rule_processing_status": value, **more})


def fail(tx: Tx, group: Row, error: RuleTimeout) -> Row:
    """The rule took too long on some object: the group keeps its members and rests until its rule changes."""
    tx.log("group.failed", subject=f"group:{group['id']}", what={"error": error.message})
    failed = mark(tx, group, "Failed", error.message)
    rules_changed(tx, failed)
    return failed
