"""Custom directory roles: permissions of the directory under a name of one's own (02 section 6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa

from taxiway.directory import access, resource_actions
from taxiway.directory.access import Principal
from taxiway.directory.entities import ROLE_DEFINITIONS
from taxiway.directory.errors import Invalid
from taxiway.directory.tables import role_assignment, unit_role
from taxiway.store import Row, Tx

_MOST: Final = 100


def create_role(tx: Tx, values: Mapping[str, Any], *, principal: Principal) -> Row:
    """Add a custom role."""
    access.require(tx, principal, "roles.create")
    if ROLE_DEFINITIONS.count(tx) >= _MOST:
        raise Invalid(f"A tenant has at most {_MOST} custom roles.")
    row = ROLE_DEFINITIONS.insert(tx, _checked(values))
    tx.log("role.created", subject=f"role:{row['id']}", what={"name": row["display_name"], "actions": row["actions"]})
    return row


def update_role(tx: Tx, role_id: str, changes: Mapping[str, Any], *, principal: Principal) -> Row:
    """Change a custom role; who holds it is bound by the change at once."""
    access.require(tx, principal, "roles.update")
    before = ROLE_DEFINITIONS.require(tx, role_id)
    row = ROLE_DEFINITIONS.update(tx, role_id, _checked({"display_name": before["display_name"], **changes}))
    tx.log("role.changed", subject=f"role:{role_id}", what={"changed": sorted(changes)})
    return row


def delete_role(tx: Tx, role_id: str, *, principal: Principal) -> None:
    """Remove a custom role, and with it that anybody holds it."""
    access.require(tx, principal, "roles.delete")
    row = ROLE_DEFINITIONS.require(tx, role_id)
    for table in (role_assignment, unit_role):
        tx.execute(sa.delete(table).where(table.c.tenant == tx.tenant, table.c.role_id == role_id))
    ROLE_DEFINITIONS.delete(tx, role_id)
    tx.log("role.deleted", subject=f"role:{role_id}", what={"name": row["display_name"]})


def _checked(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values, with our own actions beside the permissions they follow from."""
    made = dict(values)
    if not str(made.get("display_name") or "").strip():
        raise Invalid("A role needs its display name.")
    names = made.get("resource_actions")
    if names is None:
        return made
    wrong = next((name for name in names if not resource_actions.is_directory(name)), None)
    if wrong is not None:
        raise Invalid(f"'{wrong[:100]}' is no permission: they read 'microsoft.directory/<entity>/<action>'.")
    return {**made, "actions": sorted(resource_actions.of_directory(names))}
