"""Managed devices: the row that Graph shows, its links, and what later stages write into it (02 section 7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import sqlalchemy as sa

from taxiway import directory, pki
from taxiway.enrollment.choice import EspSettings, settings_for
from taxiway.enrollment.entities import ENROLLMENT, MANAGED_DEVICE
from taxiway.store import Repository, Row, Tx, eq
from taxiway.wire.provisioning import AppAuth

MANAGED = Repository(MANAGED_DEVICE)
ENROLLMENTS = Repository(ENROLLMENT)


def managed_device(tx: Tx, managed_id: str) -> Row | None:
    """The managed device, or None."""
    return MANAGED.get(tx, managed_id)


def latest_managed(tx: Tx, name: str) -> Row | None:
    """The managed device that a person means: by serial number, the one that enrolled last, or by its id."""
    found = MANAGED.select(tx, eq("serial_number", name), order=[("enrolled_at", True)], limit=1)
    return found[0] if found else managed_device(tx, name)


def managed_device_of_device(tx: Tx, entra_device_id: str) -> Row | None:
    """The managed device of an Entra device (its device id, not its object id), or None."""
    return MANAGED.find(tx, eq("azure_ad_device_id", entra_device_id))


def makes(tx: Tx) -> tuple[list[str], list[str]]:
    """The manufacturers and the models of the managed devices, each once."""
    table = MANAGED_DEVICE.table
    found = []
    for column in (table.c.manufacturer, table.c.model):
        mine = sa.select(column.label("name")).where(table.c.tenant == tx.tenant, column.is_not(None)).distinct()
        found.append([row["name"] for row in tx.all(mine.order_by(column))])
    return found[0], found[1]


def update_inventory(tx: Tx, managed_id: str, changes: Mapping[str, Any]) -> Row:
    """Write what a session found out; announces which properties really changed."""
    current = MANAGED.require(tx, managed_id)
    changed = {name: value for name, value in changes.items() if current.get(name) != value}
    if not changed:
        return current
    row = MANAGED.update(tx, managed_id, changed)
    tx.announce("managed_device.changed", id=managed_id, changed=frozenset(changed))
    return row


def set_primary_user(tx: Tx, managed_id: str, user: Row | None) -> None:
    """Whose the device is; None after an Autopilot Reset, until somebody signs in."""
    mine = user or {"id": None, "user_principal_name": None, "display_name": None, "mail": None}
    values = {"user_id": mine["id"], "upn": mine["user_principal_name"], "user_display_name": mine["display_name"]}
    update_inventory(tx, managed_id, {**values, "email_address": mine["mail"] or mine["user_principal_name"] or ""})
    what = {"managed_device": managed_id, "user": mine["id"]}
    tx.log("managed_device.primary_user", subject=subject_of(tx, managed_id), what=what)


def esp_of(tx: Tx, managed_id: str) -> EspSettings | None:
    """The ESP settings that were frozen when the device enrolled (R-80), or None for an unknown device."""
    enrollment = ENROLLMENTS.get(tx, managed_id)
    return None if enrollment is None or not enrollment["esp"] else EspSettings.from_dict(enrollment["esp"])


def freeze_again(tx: Tx, managed_id: str, *, device: Row | None, user: Row | None) -> EspSettings:
    """Give an enrolled device the settings that its profile has now; only an administrator orders that (P-15)."""
    _, ztdid = links_of(tx, managed_id)
    decision = settings_for(tx, device=device, user=user, registered=ztdid is not None, in_oobe=True)
    settings = decision.value
    ENROLLMENTS.update(tx, managed_id, {"esp": settings.as_dict()})
    what = {"managed_device": managed_id, "profile": settings.profile_name}
    tx.log("esp.updated", subject=subject_of(tx, managed_id), what=what, why=decision.reasons)
    return settings


def links_of(tx: Tx, managed_id: str) -> tuple[str | None, str | None]:
    """The Entra object id and the Autopilot registration id behind a managed device."""
    enrollment = ENROLLMENTS.get(tx, managed_id)
    return (None, None) if enrollment is None else (enrollment["entra_id"], enrollment["ztdid"])


def object_of(tx: Tx, managed_id: str) -> tuple[str, str]:
    """The directory object behind a managed device, as decisions about it name it; one that is gone is in no group."""
    entra_id, _ = links_of(tx, managed_id)
    return "device", entra_id or ""


def link(tx: Tx, managed_id: str, ztdid: str) -> None:
    """An enrolled device has become a registered one."""
    ENROLLMENTS.update(tx, managed_id, {"ztdid": ztdid})
    update_inventory(tx, managed_id, {"autopilot_enrolled": True})


def subject_of(tx: Tx, managed_id: str) -> str:
    """Under which name the log speaks of a managed device: its Autopilot record, else its Entra object."""
    entra_id, ztdid = links_of(tx, managed_id)
    return f"autopilot:{ztdid}" if ztdid else f"device:{entra_id or managed_id}"


def account_of(tx: Tx, managed_id: str) -> AppAuth | None:
    """What the device proves itself with inside SyncML; None where it enrolled before that was kept."""
    kept = ENROLLMENTS.reveal(tx, managed_id, "account")
    return None if kept is None else msgspec.json.decode(kept, type=AppAuth)


def forget(tx: Tx, managed_id: str) -> None:
    """End an enrollment: its certificate no longer opens a session, its rows go, its Entra device is unmanaged."""
    pki.revoke(tx, subject=f"managed:{managed_id}", purpose="management")
    entra_id, _ = links_of(tx, managed_id)
    if entra_id is not None and directory.find_device(tx, id=entra_id) is not None:
        directory.update_device(tx, entra_id, {"is_managed": False, "is_compliant": None, "mdm_app_id": None})
    tx.announce("managed_device.removed", id=managed_id)
    ENROLLMENTS.delete(tx, managed_id)
    MANAGED.delete(tx, managed_id)
