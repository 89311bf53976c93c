"""Conditional Access policies as administrators keep them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from taxiway import directory
from taxiway.directory import Principal
from taxiway.signin.conditional.rule import read_rule
from taxiway.signin.entities import CONDITIONAL_ACCESS_POLICIES
from taxiway.store import Row, Tx


def create_policy(tx: Tx, values: Mapping[str, Any], *, principal: Principal) -> Row:
    """Add a policy; refused when it holds something that is not evaluated here."""
    directory.require(tx, principal, "conditional_access.create")
    complete = {"state": "disabled", **values}
    read_rule(complete)
    row = CONDITIONAL_ACCESS_POLICIES.insert(tx, {**complete, "created_at": tx.now})
    return _noted(tx, row, "conditional_access.created")


def update_policy(tx: Tx, policy_id: str, changed: Mapping[str, Any], *, principal: Principal) -> Row:
    """Change a policy; conditions and controls are replaced as a whole."""
    directory.require(tx, principal, "conditional_access.update")
    before = CONDITIONAL_ACCESS_POLICIES.require(tx, policy_id)
    read_rule({**before, **changed})
    row = CONDITIONAL_ACCESS_POLICIES.update(tx, policy_id, {**changed, "modified_at": tx.now})
    return _noted(tx, row, "conditional_access.changed")


def delete_policy(tx: Tx, policy_id: str, *, principal: Principal) -> None:
    """Remove a policy."""
    directory.require(tx, principal, "conditional_access.delete")
    row = CONDITIONAL_ACCESS_POLICIES.require(tx, policy_id)
    CONDITIONAL_ACCESS_POLICIES.delete(tx, policy_id)
    _noted(tx, row, "conditional_access.deleted")


def _noted(tx: Tx, row: Row, kind: str) -> Row:
    what = {"name": row["display_name"], "state": row["state"]}
    tx.log(kind, subject=f"conditional_access_policy:{row['id']}", what=what)
    return row
