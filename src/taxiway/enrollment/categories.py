"""Device categories: names that devices are sorted under, by their users or an administrator (02 section 7).

The directory's object of a device bears the name too, so that the rule of a group can ask for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from taxiway import directory
from taxiway.directory import Principal
from taxiway.enrollment.entities import DEVICE_CATEGORY, UNCATEGORIZED
from taxiway.enrollment.errors import BadCategory
from taxiway.enrollment.managed import MANAGED, object_of, subject_of, update_inventory
from taxiway.store import Repository, Row, Tx, eq

CATEGORIES = Repository(DEVICE_CATEGORY)
_LONGEST: Final = 256
_SORT: Final = "management.devices.update"


def create_device_category(tx: Tx, values: Mapping[str, Any], *, principal: Principal) -> Row:
    """Add a category; its name is its own."""
    directory.require(tx, principal, "enrollment.create")
    made = directory.tagged(tx, principal, DEVICE_CATEGORY, values)
    row = CATEGORIES.insert(tx, {**made, "display_name": _named(tx, values.get("display_name"), None)})
    tx.log("device_category.created", subject=f"device_category:{row['id']}", what={"name": row["display_name"]})
    return row


def update_device_category(tx: Tx, category_id: str, changes: Mapping[str, Any], *, principal: Principal) -> Row:
    """Change a category; its devices bear the new name."""
    directory.require(tx, principal, "enrollment.update")
    before = CATEGORIES.require(tx, category_id)
    values = directory.tagged(tx, principal, DEVICE_CATEGORY, changes, before)
    if "display_name" in values:
        values["display_name"] = _named(tx, values["display_name"], category_id)
    row = CATEGORIES.update(tx, category_id, values)
    if row["display_name"] != before["display_name"]:
        _rename(tx, before["display_name"], row["display_name"])
    tx.log("device_category.updated", subject=f"device_category:{category_id}", what={"changed": sorted(values)})
    return row


def delete_device_category(tx: Tx, category_id: str, *, principal: Principal) -> None:
    """Remove a category; its devices are in none."""
    directory.require(tx, principal, "enrollment.delete")
    row = CATEGORIES.require(tx, category_id)
    CATEGORIES.delete(tx, category_id)
    _rename(tx, row["display_name"], UNCATEGORIZED)
    tx.log("device_category.deleted", subject=f"device_category:{category_id}", what={"name": row["display_name"]})


def category_of(tx: Tx, managed: Row) -> Row | None:
    """The category of a managed device, or None."""
    return CATEGORIES.find(tx, eq("display_name", managed["device_category_display_name"]))


def sort_device(tx: Tx, managed_id: str, category_id: str | None, *, principal: Principal) -> None:
    """Put a managed device into a category, or into none."""
    directory.require(tx, principal, _SORT, object_of(tx, managed_id))
    managed = MANAGED.require(tx, managed_id)
    name = UNCATEGORIZED if category_id is None else CATEGORIES.require(tx, category_id)["display_name"]
    _set(tx, managed, name)
    what = {"managed_device": managed_id, "category": name}
    tx.log("managed_device.category", subject=subject_of(tx, managed_id), what=what)


# ---------------------------------------------------------------------------------------------- inside


def _rename(tx: Tx, before: str, after: str) -> None:
    """In one transaction, however many they are: a category is seldom renamed, and half of one would be two."""
    for managed in MANAGED.select(tx, eq("device_category_display_name", before)):
        _set(tx, managed, after)


def _set(tx: Tx, managed: Row, name: str) -> None:
    update_inventory(tx, managed["id"], {"device_category_display_name": name})
    device = directory.find_device(tx, device_id=managed["azure_ad_device_id"] or "")
    if device is not None:
        category = None if name == UNCATEGORIZED else name
        directory.update_device(tx, device["id"], {"device_category": category})


def _named(tx: Tx, name: Any, own: str | None) -> str:
    if not isinstance(name, str) or not name.strip() or len(name) > _LONGEST or name == UNCATEGORIZED:
        raise BadCategory(f"A category needs a name of at most {_LONGEST} characters that is not '{UNCATEGORIZED}'.")
    other = CATEGORIES.find(tx, eq("display_name", name))
    if other is not None and other["id"] != own:
        raise BadCategory(f"There is a category '{name}' already.")
    return name
