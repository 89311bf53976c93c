"""Users (02 section 6.3). Passwords and other credentials are the sign-in room's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from taxiway.directory import access, changes, deleted_items, extension_attributes, licensing, tenants
from taxiway.directory.access import SYSTEM_PRINCIPAL, Principal
from taxiway.directory.entities import USERS
from taxiway.directory.errors import Invalid
from taxiway.directory.tables import group_owner, role_assignment
from taxiway.store import NotFound, Row, Tx, eq

_EXTENSIONS = "on_premises_extension_attributes"
_LOCAL_PART = re.compile(r"[A-Za-z0-9'._#-]{1,64}\Z")
_DERIVED = {"assigned_licenses", "assigned_plans", "provisioned_plans", "license_assignment_states", "created_at"}

_owned = sa.select(group_owner.c.group_id).where(
    group_owner.c.tenant == sa.bindparam("t"), group_owner.c.user_id == sa.bindparam("u")
)


def create_user(tx: Tx, *, principal: Principal, upn: str, display_name: str, **props: Any) -> Row:
    """Add a user whose name ends in one of the tenant's domains."""
    access.require(tx, principal, "users.create")
    check(tx, {**props, "user_principal_name": upn, "display_name": display_name})
    values = {
        "mail_nickname": upn.partition("@")[0],
        "created_at": tx.now,
        **props,
        _EXTENSIONS: extension_attributes.merged(None, props.get(_EXTENSIONS)),
        "user_principal_name": upn,
        "display_name": display_name,
    }
    user = USERS.insert(tx, values)
    tx.log("user.created", subject=f"user:{user['id']}", what={"user_principal_name": upn})
    changes.user_changed(tx, user, set(user))
    return user


def update_user(tx: Tx, user_id: str, changed: Mapping[str, Any], *, principal: Principal = SYSTEM_PRINCIPAL) -> Row:
    """Change properties; what did not really change is not announced."""
    access.require(tx, principal, "users.update", ("user", user_id))
    check(tx, changed)
    before = USERS.require(tx, user_id)
    if _EXTENSIONS in changed:
        changed = {**changed, _EXTENSIONS: extension_attributes.merged(before[_EXTENSIONS], changed[_EXTENSIONS])}
    differing = {name: value for name, value in changed.items() if before.get(name) != value}
    if not differing:
        return before
    user = USERS.update(tx, user_id, differing)
    tx.log("user.changed", subject=f"user:{user_id}", what=changes.difference(before, differing))
    changes.user_changed(tx, user, differing.keys())
    return user


def delete_user(tx: Tx, user_id: str, *, principal: Principal = SYSTEM_PRINCIPAL) -> None:
    """Remove a user with licences, roles, ownership of groups and memberships; all but the roles can be restored."""
    access.require(tx, principal, "users.delete", ("user", user_id))
    user = USERS.require(tx, user_id)
    owned = tx.all(_owned, {"t": tx.tenant, "u": user_id})
    direct = {way["skuId"]: way["disabledPlans"] for way in licensing.states_of(user) if not way["assignedByGroup"]}
    deleted_items.keep(tx, "user", user, licences=direct, owned=[row["group_id"] for row in owned])
    licensing.release_all(tx, user)
    for table in (role_assignment, group_owner):
        tx.execute(sa.delete(table).where(table.c.tenant == tx.tenant, table.c.user_id == user_id))
    USERS.delete(tx, user_id)
    tx.log("user.deleted", subject=f"user:{user_id}", what={"user_principal_name": user["user_principal_name"]})
    changes.user_deleted(tx, user)


def find_user(tx: Tx, upn_or_id: str) -> Row | None:
    """The user with this principal name or id."""
    if "@" in upn_or_id:
        return USERS.find(tx, eq("user_principal_name", upn_or_id))
    return USERS.get(tx, upn_or_id.lower())


def check(tx: Tx, values: Mapping[str, Any]) -> None:
    """The invariants of the properties that are being set."""
    if values.keys() & (_DERIVED - {"created_at"}):
        raise Invalid("Licences and plans of a user are set by assigning licences.")
    if "user_principal_name" in values:
        upn = str(values["user_principal_name"])
        if not _LOCAL_PART.match(upn.rpartition("@")[0]):
            raise Invalid("Property userPrincipalName is invalid.")
        tenants.require_own_domain(tx, upn)
    if "display_name" in values and not str(values["display_name"] or "").strip():
        raise Invalid("Property displayName must not be empty.")
    location = values.get("usage_location")
    if location is not None and not re.fullmatch(r"[A-Za-z]{2}", str(location)):
        raise Invalid("Property usageLocation is a country code of two letters.")
    manager = values.get("manager_id")
    if manager is not None and USERS.get(tx, str(manager)) is None:
        raise NotFound(f"There is no user '{manager}' to be the manager.")
