"""What an administrator does to managed devices (02 section 7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from taxiway import directory
from taxiway.directory import Principal
from taxiway.enrollment.entities import MANAGED_DEVICE
from taxiway.enrollment.errors import BadConfiguration
from taxiway.enrollment.managed import MANAGED, forget, object_of, set_primary_user, subject_of, update_inventory
from taxiway.store import Row, Tx

_EDITABLE: Final = frozenset({"managed_device_name", "notes", "ownership", "owner_type", "role_scope_tag_ids"})
_OWNERSHIPS: Final = frozenset({"company", "personal", "unknown"})


def update_managed_device(tx: Tx, managed_id: str, changes: Mapping[str, Any], *, principal: Principal) -> Row:
    """Change the few properties that are not the device's own; the two names of the ownership stay alike."""
    directory.require(tx, principal, "management.devices.update", object_of(tx, managed_id))
    wrong = sorted(changes.keys() - _EDITABLE)
    if wrong:
        raise BadConfiguration(f"'{wrong[0]}' of a managed device cannot be changed.")
    values = directory.tagged(tx, principal, MANAGED_DEVICE, changes, MANAGED.require(tx, managed_id))
    ownership = values.get("ownership", values.get("owner_type"))
    if ownership is not None:
        if ownership not in _OWNERSHIPS:
            raise BadConfiguration(f"'{ownership}' is not company, personal or unknown.")
        values |= {"ownership": ownership, "owner_type": ownership}
    row = update_inventory(tx, managed_id, values)
    what = {"managed_device": managed_id, "changed": sorted(values)}
    tx.log("managed_device.updated", subject=subject_of(tx, managed_id), what=what)
    return row


def assign_primary_user(tx: Tx, managed_id: str, user_id: str | None, *, principal: Principal) -> None:
    """Say whose a managed device is; None: nobody's."""
    directory.require(tx, principal, "management.devices.update", object_of(tx, managed_id))
    MANAGED.require(tx, managed_id)
    set_primary_user(tx, managed_id, None if user_id is None else directory.USERS.require(tx, user_id))


def delete_managed_device(tx: Tx, managed_id: str, *, principal: Principal) -> None:
    """End the management: the certificate opens nothing any more; the Entra device stays, unmanaged."""
    directory.require(tx, principal, "management.devices.delete", object_of(tx, managed_id))
    managed = MANAGED.require(tx, managed_id)
    subject = subject_of(tx, managed_id)
    forget(tx, managed_id)
    what = {"managed_device": managed_id, "name": managed["device_name"]}
    tx.log("managed_device.deleted", subject=subject, what=what)
