"""Remove a device from the tenant: what the documented order does in three places, as one transaction (P-20, R-43).

Documented order: end the management, unassign the user, delete the registration; the directory object goes last.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from taxiway import directory
from taxiway.autopilot import choice, service
from taxiway.autopilot.entities import DEVICES, NO_DEVICE
from taxiway.autopilot.errors import RemovalRefused
from taxiway.directory import Principal
from taxiway.kernel import Reason
from taxiway.store import Row, Tx

_DEVICE: Final = "devices.delete"


@dataclass(frozen=True, slots=True)
class Removal:
    """What goes, in order, as (what, its id, a sentence), and what stands in the way."""

    goes: tuple[tuple[str, str, str], ...]
    obstacles: tuple[Reason, ...]


def removal(tx: Tx, ztdid: str, *, principal: Principal) -> Removal:
    """What removing a registered device from the tenant would do, without doing it."""
    record = DEVICES.require(tx, ztdid)
    device = choice.anchor_of(tx, record)
    goes = [step for step in _steps(record, device) if step[1]]
    needed = [("autopilot.devices.write", "delete the registration")]
    if record["managed_device_id"] != NO_DEVICE:
        needed.append(("management.delete", "end the management"))
    if device is not None:
        needed.append((_DEVICE, "delete the device object"))
    obstacles = [
        Reason("removal.forbidden", f"You may not {what}: {reason.text}", {"action": action})
        for action, what in needed
        if not (decision := directory.decide(tx, principal, action)).value
        for reason in decision.reasons
    ]
    return Removal(tuple(goes), tuple(obstacles))


def remove(tx: Tx, ztdid: str, *, principal: Principal) -> Removal:
    """Remove the device from the tenant: all of it or, where something stands in the way, nothing."""
    planned = removal(tx, ztdid, principal=principal)
    if planned.obstacles:
        raise RemovalRefused("The device cannot be removed from the tenant.", reasons=planned.obstacles)
    record = DEVICES.require(tx, ztdid)
    what = {"serial": record["serial_number"], "gone": [kind for kind, *_ in planned.goes]}
    tx.log("device.removed_from_tenant", subject=f"autopilot:{ztdid}", what=what)
    tx.announce("autopilot.leaving", id=ztdid, managed_device_id=record["managed_device_id"])
    service.unassign_user(tx, ztdid, principal=principal)
    device = choice.anchor_of(tx, record)
    service.deregister(tx, ztdid, principal=principal)
    if device is not None and directory.find_device(tx, id=device["id"]) is not None:
        directory.delete_device(tx, device["id"], principal=principal)
    return planned


def _steps(record: Row, device: Row | None) -> list[tuple[str, str, str]]:
    managed = record["managed_device_id"] if record["managed_device_id"] != NO_DEVICE else ""
    upn, serial = record["user_principal_name"], record["serial_number"]
    joined = device is not None and device["registered_at"] is not None
    what = "and with it recovery keys and local administrator passwords" if joined else "which never joined"
    return [
        ("managed device", managed, "Its management ends: its certificate opens nothing; settings stay until a reset."),
        ("user assignment", upn, f"The device is not reserved for {upn} any more."),
        ("Autopilot registration", record["id"], f"{serial} is not registered: after a reset it is nobody's."),
        ("device object", "" if device is None else device["id"], f"Its object in the directory, {what}."),
    ]
