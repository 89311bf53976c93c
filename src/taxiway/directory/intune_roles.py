"""Intune's roles: built-in and custom ones, and their assignment to groups of administrators (01 section 4.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from taxiway.directory import access, grants, resource_actions
from taxiway.directory.access import Principal
from taxiway.directory.entities import GROUPS
from taxiway.directory.errors import Invalid
from taxiway.directory.resource_actions import built_in
from taxiway.directory.role_entities import INTUNE_ROLE, INTUNE_ROLE_ASSIGNMENT, INTUNE_ROLE_ASSIGNMENTS, INTUNE_ROLES
from taxiway.store import NotFound, Row, Tx, eq

_SCOPE_TYPES: Final = ("resourceScope", "allDevices", "allLicensedUsers", "allDevicesAndLicensedUsers")
_ALL: Final = ("Read", "Create", "Update", "Delete", "Assign")
_MOST_ACTIONS: Final = 500
_TASKS: Final = ("SyncDevice", "RebootNow", "Retire", "Wipe", "CleanPC", "CollectDiagnostics", "SetDeviceName")
_READABLE: Final = (
    *("MobileApps", "DeviceConfigurations", "DeviceCompliancePolices", "AssignmentFilter", "Roles", "ManagedDevices"),
    *("AppleEnrollmentProfiles", "AppleDeviceSerialNumbers", "Organization", "AuditData"),
)

#: Built-in roles: id -> name, description, permissions. Of the original's, those that a rollout needs.
BUILT_IN: Final[dict[str, tuple[str, str, list[str]]]] = {
    "0bd113fe-6be5-400c-a28f-ae5553f9c0be": (
        "Policy and Profile manager",
        "Manages configuration, compliance and enrollment profiles, and registers devices.",
        [
            *built_in("DeviceConfigurations", *_ALL),
            *built_in("DeviceCompliancePolices", *_ALL),
            *built_in("AssignmentFilter", "Read", "Create", "Update", "Delete"),
            *built_in("AppleEnrollmentProfiles", *_ALL),
            *built_in("AppleDeviceSerialNumbers", "Read", "Create", "Update", "Delete", "Sync"),
            *built_in("ManagedDevices", "Read"),
            *built_in("Organization", "Read"),
        ],
    ),
    "9e0cc482-82df-4ab2-a24c-0c23a3f52e1e": (
        "Help Desk Operator",
        "Helps users: reads everything and orders remote tasks of devices.",
        [
            *(name for category in _READABLE for name in built_in(category, "Read")),
            *built_in("ManagedDevices", "Update"),
            *built_in("RemoteTasks", *_TASKS, "RotateLocalAdminPassword", "RotateBitLockerKeys"),
        ],
    ),
    "fa1d7878-e8cb-41a1-8254-0142355c9e84": (
        "Read Only Operator",
        "Reads everything and changes nothing.",
        [name for category in _READABLE for name in built_in(category, "Read")],
    ),
}


def missing(tx: Tx) -> list[str]:
    """The built-in roles that a tenant lacks."""
    return [role_id for role_id in BUILT_IN if INTUNE_ROLES.get(tx, role_id) is None]


def seed(tx: Tx) -> None:
    """Give a tenant the built-in roles that it lacks; repeatable."""
    for role_id in missing(tx):
        name, description, actions = BUILT_IN[role_id]
        values = {"display_name": name, "description": description, "is_built_in": True}
        INTUNE_ROLES.insert(tx, {**values, "id": role_id, "resource_actions": actions})


def create_intune_role(tx: Tx, values: Mapping[str, Any], *, principal: Principal) -> Row:
    """Add a custom role."""
    access.require(tx, principal, "intune_roles.create")
    _check_role(values, ("display_name",))
    row = INTUNE_ROLES.insert(tx, access.tagged(tx, principal, INTUNE_ROLE, values))
    _log(tx, "role_definition.created", row, actions=row["resource_actions"])
    return row


def update_intune_role(tx: Tx, role_id: str, changes: Mapping[str, Any], *, principal: Principal) -> Row:
    """Change a custom role; who holds it is bound by the change at once."""
    access.require(tx, principal, "intune_roles.update")
    before = _custom(tx, role_id)
    _check_role({**before, **changes}, ())
    row = INTUNE_ROLES.update(tx, role_id, access.tagged(tx, principal, INTUNE_ROLE, changes, before))
    grants.forget(tx)
    _log(tx, "role_definition.changed", row, actions=row["resource_actions"])
    return row


def delete_intune_role(tx: Tx, role_id: str, *, principal: Principal) -> None:
    """Remove a custom role that is assigned to nobody."""
    access.require(tx, principal, "intune_roles.delete")
    row = _custom(tx, role_id)
    if INTUNE_ROLE_ASSIGNMENTS.find(tx, eq("role_id", role_id)) is not None:
        raise Invalid("The role is assigned.", remedy="Delete its assignments first.")
    INTUNE_ROLES.delete(tx, role_id)
    _log(tx, "role_definition.deleted", row)


def assign_intune_role(tx: Tx, values: Mapping[str, Any], *, principal: Principal) -> Row:
    """Give a role to groups of administrators, for objects with these scope tags, over these groups."""
    access.require(tx, principal, "intune_roles.assign")
    if not values.get("display_name"):
        raise Invalid("A role assignment needs its display name.")
    _check_assignment(tx, values)
    row = INTUNE_ROLE_ASSIGNMENTS.insert(tx, access.tagged(tx, principal, INTUNE_ROLE_ASSIGNMENT, values))
    grants.forget(tx)
    _log(tx, "role_assignment.created", row, **_whom(row))
    return row


def update_intune_assignment(tx: Tx, assignment_id: str, changes: Mapping[str, Any], *, principal: Principal) -> Row:
    """Change whom a role is given to, or over what."""
    access.require(tx, principal, "intune_roles.assign")
    before = INTUNE_ROLE_ASSIGNMENTS.require(tx, assignment_id)
    _check_assignment(tx, {**before, **changes})
    checked = access.tagged(tx, principal, INTUNE_ROLE_ASSIGNMENT, changes, before)
    row = INTUNE_ROLE_ASSIGNMENTS.update(tx, assignment_id, checked)
    grants.forget(tx)
    _log(tx, "role_assignment.changed", row, **_whom(row))
    return row


def delete_intune_assignment(tx: Tx, assignment_id: str, *, principal: Principal) -> None:
    """Take a role back."""
    access.require(tx, principal, "intune_roles.assign")
    row = INTUNE_ROLE_ASSIGNMENTS.require(tx, assignment_id)
    INTUNE_ROLE_ASSIGNMENTS.delete(tx, assignment_id)
    grants.forget(tx)
    _log(tx, "role_assignment.deleted", row)


def drop_group(tx: Tx, group_id: str) -> None:
    """The group is gone: nobody holds a role through it, and none reaches over it."""
    for row in INTUNE_ROLE_ASSIGNMENTS.select(tx):
        kept = {name: [one for one in row[name] if one != group_id] for name in ("members", "resource_scopes")}
        if any(kept[name] != row[name] for name in kept):
            INTUNE_ROLE_ASSIGNMENTS.update(tx, row["id"], kept)
            grants.forget(tx)


def _custom(tx: Tx, role_id: str) -> Row:
    row = INTUNE_ROLES.require(tx, role_id)
    if row["is_built_in"]:
        raise Invalid("A built-in role can be neither changed nor removed.")
    return row


def _check_role(values: Mapping[str, Any], needed: Sequence[str]) -> None:
    missing = next((name for name in needed if not values.get(name)), None)
    if missing is not None or not str(values.get("display_name") or "").strip():
        raise Invalid("A role needs its display name.")
    names = values.get("resource_actions") or []
    wrong = next((name for name in names if not resource_actions.is_intune(name)), None)
    if wrong is not None or len(names) > _MOST_ACTIONS:
        shown = str(wrong)[:100]
        raise Invalid(f"'{shown}' is no permission: they read 'Microsoft.Intune_<Category>_<Action>', at most 500.")


def _check_assignment(tx: Tx, values: Mapping[str, Any]) -> None:
    if INTUNE_ROLES.get(tx, str(values.get("role_id"))) is None:
        raise NotFound(f"There is no role '{str(values.get('role_id'))[:60]}'.")
    for group_id in (*(values.get("members") or ()), *(values.get("resource_scopes") or ())):
        if GROUPS.get(tx, group_id) is None:
            raise NotFound(f"There is no group '{group_id[:60]}': members and scopes of a role are groups.")
    if values.get("scope_type", _SCOPE_TYPES[0]) not in _SCOPE_TYPES:
        raise Invalid(f"'scopeType' is one of {', '.join(_SCOPE_TYPES)}.")


def _whom(row: Row) -> dict[str, Any]:
    return {"role": row["role_id"], "members": row["members"], "scopes": row["resource_scopes"]}


def _log(tx: Tx, kind: str, row: Row, **facts: Any) -> None:
    subject = f"{kind.partition('.')[0]}:{row['id']}"
    tx.log(f"intune_{kind}", subject=subject, what={"name": row["display_name"], **facts})
