"""Administrative units: parts of the directory over which roles can be held (07 section 1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa

from taxiway.directory import access, roles, unit_members
from taxiway.directory.access import Principal
from taxiway.directory.entities import DEVICES, GROUPS, ROLE_DEFINITIONS, USERS
from taxiway.directory.errors import Invalid, MemberAlready, MembershipByRule, NotAMember
from taxiway.directory.role_entities import ADMINISTRATIVE_UNITS
from taxiway.directory.tables import unit_member, unit_role
from taxiway.store import NotFound, Repository, Row, Tx

_REPOSITORIES: Final[dict[str, Repository]] = {"user": USERS, "device": DEVICES, "group": GROUPS}
_TYPES: Final = (None, "Assigned", "Dynamic")
_STATES: Final = (None, "On", "Paused")


def create_unit(tx: Tx, values: Mapping[str, Any], *, principal: Principal) -> Row:
    """Add a unit; a dynamic one has the members that its rule matches."""
    access.require(tx, principal, "units.create")
    row = ADMINISTRATIVE_UNITS.insert(tx, _checked(dict(values)))
    tx.log("unit.created", subject=f"unit:{row['id']}", what={"name": row["display_name"]})
    return row


def update_unit(tx: Tx, unit_id: str, changes: Mapping[str, Any], *, principal: Principal) -> Row:
    """Change a unit; stated members of one that becomes dynamic are forgotten."""
    access.require(tx, principal, "units.update")
    before = ADMINISTRATIVE_UNITS.require(tx, unit_id)
    row = ADMINISTRATIVE_UNITS.update(tx, unit_id, _checked({**before, **changes}, changes))
    if unit_members.is_dynamic(row) and not unit_members.is_dynamic(before):
        tx.execute(sa.delete(unit_member).where(*_of_unit(tx, unit_member, unit_id)))
    tx.log("unit.changed", subject=f"unit:{unit_id}", what={"changed": sorted(changes)})
    return row


def delete_unit(tx: Tx, unit_id: str, *, principal: Principal) -> None:
    """Remove a unit and the roles held for it; its members stay."""
    access.require(tx, principal, "units.delete")
    row = ADMINISTRATIVE_UNITS.require(tx, unit_id)
    for table in (unit_member, unit_role):
        tx.execute(sa.delete(table).where(*_of_unit(tx, table, unit_id)))
    ADMINISTRATIVE_UNITS.delete(tx, unit_id)
    tx.log("unit.deleted", subject=f"unit:{unit_id}", what={"name": row["display_name"]})


def add_unit_member(tx: Tx, unit_id: str, kind: str, object_id: str, *, principal: Principal) -> None:
    """State a user, group or device as a member."""
    access.require(tx, principal, "units.update")
    _require_assigned(tx, unit_id)
    _REPOSITORIES[kind].require(tx, object_id)
    if unit_members.holds(tx, unit_id, kind, object_id):
        raise MemberAlready("One or more added object references already exist for the administrative unit.")
    key = {"tenant": tx.tenant, "unit_id": unit_id, "object_kind": kind, "object_id": object_id}
    tx.execute(sa.insert(unit_member).values(key))
    tx.log("unit.member_added", subject=f"unit:{unit_id}", what={"member": f"{kind}:{object_id}"})


def remove_unit_member(tx: Tx, unit_id: str, object_id: str, *, principal: Principal) -> None:
    """Take a stated member out."""
    access.require(tx, principal, "units.update")
    _require_assigned(tx, unit_id)
    mine = (*_of_unit(tx, unit_member, unit_id), unit_member.c.object_id == object_id)
    if not tx.execute(sa.delete(unit_member).where(*mine)).rowcount:
        raise NotAMember("The object is no member of this administrative unit.")
    tx.log("unit.member_removed", subject=f"unit:{unit_id}", what={"member": object_id})


def drop_member(tx: Tx, object_id: str) -> None:
    """The object is gone: so are its places in units, and the roles it held over them."""
    tx.execute(sa.delete(unit_member).where(unit_member.c.tenant == tx.tenant, unit_member.c.object_id == object_id))
    tx.execute(sa.delete(unit_role).where(unit_role.c.tenant == tx.tenant, unit_role.c.user_id == object_id))


def unit_roles(tx: Tx, unit_id: str) -> list[Row]:
    """Who holds which role for a unit: ``role_id``, ``user_id``."""
    ADMINISTRATIVE_UNITS.require(tx, unit_id)
    found = sa.select(unit_role.c.role_id, unit_role.c.user_id).where(*_of_unit(tx, unit_role, unit_id))
    return tx.all(found.order_by(unit_role.c.role_id, unit_role.c.user_id))


def assign_unit_role(tx: Tx, unit_id: str, role_id: str, user_id: str, *, principal: Principal) -> None:
    """Let a user hold a role over the members of a unit; repeatable."""
    access.require(tx, principal, "roles.assign")
    ADMINISTRATIVE_UNITS.require(tx, unit_id)
    USERS.require(tx, user_id)
    if role_id == roles.GLOBAL_ADMINISTRATOR:
        raise Invalid("Global Administrator cannot be held for an administrative unit.")
    if role_id not in roles.NAMES and ROLE_DEFINITIONS.get(tx, role_id) is None:
        raise NotFound(f"There is no role '{role_id[:60]}'.")
    if {"role_id": role_id, "user_id": user_id} in unit_roles(tx, unit_id):
        return
    key = {"tenant": tx.tenant, "unit_id": unit_id, "user_id": user_id, "role_id": role_id}
    tx.execute(sa.insert(unit_role).values(key))
    tx.log("role.assigned", subject=f"user:{user_id}", what={"role": role_id, "unit": unit_id})


def remove_unit_role(tx: Tx, unit_id: str, role_id: str, user_id: str, *, principal: Principal) -> None:
    """Take a role over a unit from a user."""
    access.require(tx, principal, "roles.assign")
    mine = (unit_role.c.role_id == role_id, unit_role.c.user_id == user_id)
    if not tx.execute(sa.delete(unit_role).where(*_of_unit(tx, unit_role, unit_id), *mine)).rowcount:
        raise NotFound("The user does not hold this role for the administrative unit.")
    tx.log("role.removed", subject=f"user:{user_id}", what={"role": role_id, "unit": unit_id})


def _checked(wanted: dict[str, Any], changes: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The values to save, when the unit as it would be holds."""
    name, rule = wanted.get("display_name"), wanted.get("membership_rule")
    if not isinstance(name, str) or not name.strip() or len(name) > 256:
        raise Invalid("An administrative unit has a name of 1 to 256 characters.")
    if wanted.get("membership_type") not in _TYPES:
        raise Invalid("'membershipType' of an administrative unit is 'Assigned' or 'Dynamic'.")
    if wanted.get("membership_rule_processing_state") not in _STATES:
        raise Invalid("'membershipRuleProcessingState' is 'On' or 'Paused'.")
    if (wanted.get("membership_type") == "Dynamic") is not bool(rule):
        raise Invalid("A dynamic administrative unit has a membership rule, and an assigned one has none.")
    if rule and unit_members.rule_of(wanted).source_groups:
        raise Invalid("The rule of an administrative unit cannot use memberOf.")  # 07 section 10
    return dict(wanted if changes is None else changes)


def _require_assigned(tx: Tx, unit_id: str) -> None:
    if unit_members.is_dynamic(ADMINISTRATIVE_UNITS.require(tx, unit_id)):
        raise MembershipByRule("The members of a dynamic administrative unit come from its rule.")


def _of_unit(tx: Tx, table: sa.Table, unit_id: str) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    return table.c.tenant == tx.tenant, table.c.unit_id == unit_id
