"""Restoring what was deleted, and deleting it for good: by hand, or when its 30 days are over."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa

from taxiway.directory import access, changes, deleted_items, groups, licensing, users
from taxiway.directory.access import Principal
from taxiway.directory.entities import DELETED_ITEMS, GROUPS, USERS
from taxiway.directory.errors import LicenceRefused, RestoreRefused
from taxiway.directory.tables import group_owner
from taxiway.kernel import Reason
from taxiway.store import Compare, Row, Runtime, Tx, eq

#: How long what was deleted can come back.
KEPT = timedelta(days=30)
_PURGED_AT_ONCE = 50
_NOT_RESTORED: Row = {
    "assigned_licenses": [],
    "assigned_plans": [],
    "license_assignment_states": [],
    "deleted_at": None,
}


def restore(tx: Tx, item_id: str, *, principal: Principal, upn: str = "") -> tuple[str, Row]:
    """Bring a user or group back with what was stated about it; ``upn`` renames a user whose name is taken."""
    item = DELETED_ITEMS.require(tx, item_id)
    access.require(tx, principal, f"{item['kind']}s.restore")
    row = deleted_items.kept_row(item)
    deleted_items.forget(tx, item_id)
    made = _restore_user(tx, item, row, upn) if item["kind"] == "user" else _restore_group(tx, item, row)
    tx.left_work = deleted_items.bring_back(tx, item_id) or tx.left_work
    return item["kind"], made


def purge(tx: Tx, item_id: str, *, principal: Principal) -> None:
    """Delete what was deleted for good."""
    item = DELETED_ITEMS.require(tx, item_id)
    access.require(tx, principal, f"{item['kind']}s.purge")
    _purge(tx, item, Reason("purge.asked", "It was deleted for good by hand."))


def purge_expired(tx: Tx) -> bool:
    """Delete for good what was deleted 30 days ago; whether there is more."""
    old = Compare("deleted_at", "le", tx.now - KEPT)
    items = DELETED_ITEMS.select(tx, old, order=[("deleted_at", False)], limit=_PURGED_AT_ONCE)
    for item in items:
        _purge(tx, item, Reason("purge.expired", "It was deleted more than 30 days ago."))
    return len(items) == _PURGED_AT_ONCE


async def finish_restoring(rt: Runtime, tenant: str) -> None:
    """Bring back the memberships of large groups, slice by slice."""
    for item_id in await rt.store.read(tenant, deleted_items.unfinished):
        while await rt.store.write(tenant, partial(deleted_items.bring_back, holder_id=item_id)):
            pass


def _restore_user(tx: Tx, item: Row, row: Row, upn: str) -> Row:
    name = upn or str(row["user_principal_name"])
    users.check(tx, {"user_principal_name": name})
    if USERS.find(tx, eq("user_principal_name", name)) is not None:
        raise RestoreRefused(
            f"Another object with the same value for property userPrincipalName already exists: '{name}'.",
            remedy="Rename the other user, or give 'newUserPrincipalName'.",
        )
    if row["manager_id"] is not None and USERS.get(tx, row["manager_id"]) is None:
        row["manager_id"] = None
    user = USERS.insert(tx, {**row, **_NOT_RESTORED, "user_principal_name": name})
    for group_id in item["owned"]:
        if GROUPS.get(tx, group_id) is not None:
            _own(tx, group_id, user["id"])
    changes.user_changed(tx, user, set(user))
    why = [reason for sku, plans in item["licences"].items() for reason in _license(tx, user["id"], sku, plans)]
    tx.log("user.restored", subject=f"user:{user['id']}", what={"user_principal_name": name}, why=why)
    return USERS.require(tx, user["id"])


def _license(tx: Tx, user_id: str, sku: str, plans: list[str]) -> list[Reason]:
    """Give a direct licence again; why not, where that is refused."""
    try:
        licensing.assign_licenses(tx, user_id, {sku: plans})
    except LicenceRefused as error:
        return [Reason("restore.licence", error.message, {"sku": sku})]
    return []


def _restore_group(tx: Tx, item: Row, row: Row) -> Row:
    if row["kind"] != "assigned":
        groups.check_room(tx)
        groups.check_rule(tx, row["kind"], row["membership_rule"], row["id"])
    group = GROUPS.insert(tx, {**row, "deleted_at": None, "licensed_up_to": None})
    for user_id in item["owned"]:
        if USERS.get(tx, user_id) is not None:
            _own(tx, group["id"], user_id)
    tx.log("group.restored", subject=f"group:{group['id']}", what={"name": group["display_name"]})
    return group if group["kind"] == "assigned" else groups.follow_rule(tx, group)


def _own(tx: Tx, group_id: str, user_id: str) -> None:
    tx.execute(sa.insert(group_owner).values(tenant=tx.tenant, group_id=group_id, user_id=user_id))


def _purge(tx: Tx, item: Row, why: Reason) -> None:
    deleted_items.forget(tx, item["id"])
    deleted_items.forget_memberships(tx, item["id"])
    what: dict[str, Any] = {"name": item["display_name"]}
    tx.log(f"{item['kind']}.purged", subject=f"{item['kind']}:{item['id']}", what=what, why=[why])
    tx.announce(f"{item['kind']}.purged", id=item["id"])
