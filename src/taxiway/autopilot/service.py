"""Registered devices after their registration: properties, users, contact, removal (01 sections 4.5, 4.8 and 8)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from taxiway import directory
from taxiway.autopilot import hardware
from taxiway.autopilot.anchor import healed
from taxiway.autopilot.choice import anchor_of
from taxiway.autopilot.entities import DEVICES
from taxiway.autopilot.errors import BadRegistration, UserRefused
from taxiway.autopilot.model import check_device_name
from taxiway.directory import Principal
from taxiway.kernel import Reason
from taxiway.store import Row, Tx, eq

_WRITE: Final = "autopilot.devices.write"
_USER: Final = "user_principal_name"
_FRIENDLY: Final = "addressable_user_name"
_RESOURCE: Final = "resource_name"
_EDITABLE: Final = frozenset(
    {
        "group_tag",
        "purchase_order_identifier",
        "display_name",
        _FRIENDLY,
        _USER,
        "device_account_upn",
        "device_account_password",
        "device_friendly_name",
    }
)
_TAGGED: Final = ("group_tag", "purchase_order_identifier")
_LONGEST: Final = 512
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def record_of(tx: Tx, ztdid: str) -> Row | None:
    """The registered device with this ZTDID."""
    return DEVICES.get(tx, ztdid)


def record_of_device(tx: Tx, entra_object_id: str) -> Row | None:
    """The registration behind a device object of the directory."""
    device = directory.find_device(tx, id=entra_object_id)
    return DEVICES.get(tx, device["ztdid"]) if device and device["ztdid"] else None


def record_of_serial(tx: Tx, serial: str) -> Row | None:
    """The registered device with this serial number."""
    return DEVICES.find(tx, eq("serial_number", serial))


def assigned_user(tx: Tx, ztdid: str) -> Row | None:
    """Whom a device is assigned to: ``user_principal_name``, ``addressable_user_name``, and the user's ``id`` or None.

    A name that nobody has still locks the device, until it is unassigned (01 R-108).
    """
    record = DEVICES.get(tx, ztdid)
    if record is None or not record[_USER]:
        return None
    user = directory.find_user(tx, record[_USER])
    return {_USER: record[_USER], _FRIENDLY: record[_FRIENDLY], "id": None if user is None else user["id"]}


def update_properties(tx: Tx, ztdid: str, changes: Mapping[str, Any], *, principal: Principal) -> Row:
    """Change what may be edited; an empty text clears. A new tag moves the device between groups at once (01 R-38)."""
    directory.require(tx, principal, _WRITE)
    wrong = sorted(changes.keys() - _EDITABLE)
    if wrong:
        raise BadRegistration(f"'{wrong[0]}' of a registered device cannot be changed.")
    given = {name: "" if value is None else value for name, value in changes.items()}
    _check(given)
    record = DEVICES.require(tx, ztdid)
    if _USER in given and given[_USER].lower() != record[_USER].lower():
        if given[_USER]:
            record = assign_user(tx, ztdid, given[_USER], given.get(_FRIENDLY, ""), principal=principal)
        else:
            record = unassign_user(tx, ztdid, principal=principal)
    rest = {name: value for name, value in given.items() if name != _USER and record.get(name, "") != value}
    if rest:
        record = DEVICES.update(tx, ztdid, rest)
        shown = {name: value for name, value in rest.items() if name != "device_account_password"}
        tx.log("autopilot.changed", subject=f"autopilot:{ztdid}", what={"changed": sorted(rest), **shown})
        if rest.keys() & set(_TAGGED):
            _retag(tx, record)
    return DEVICES.require(tx, ztdid)


def assign_user(tx: Tx, ztdid: str, upn: str, friendly_name: str = "", *, principal: Principal) -> Row:
    """Reserve a device for a licensed user; the greeting is the display name unless another is given (01 R-105)."""
    directory.require(tx, principal, _WRITE)
    DEVICES.require(tx, ztdid)
    user = directory.find_user(tx, upn)
    if user is None:
        raise UserRefused(f"There is no user '{upn}'.", remedy="Check the name, or create the user first.")
    if not directory.has_service_plan(tx, user["id"]):
        raise UserRefused(
            f"{user[_USER]} has no licence that contains Intune.", remedy="Assign a licence to the user first."
        )
    values = {_USER: user[_USER], _FRIENDLY: friendly_name or user["display_name"]}
    _check(values)
    record = DEVICES.update(tx, ztdid, values)
    tx.log("autopilot.user_assigned", subject=f"autopilot:{ztdid}", what={"user": user["id"], "upn": user[_USER]})
    return record


def unassign_user(tx: Tx, ztdid: str, *, principal: Principal) -> Row:
    """End the reservation: user and greeting are cleared (01 R-107)."""
    directory.require(tx, principal, _WRITE)
    record = DEVICES.require(tx, ztdid)
    if not record[_USER] and not record[_FRIENDLY]:
        return record
    cleared = DEVICES.update(tx, ztdid, {_USER: "", _FRIENDLY: ""})
    tx.log("autopilot.user_unassigned", subject=f"autopilot:{ztdid}", what={"upn": record[_USER]})
    return cleared


def assign_resource_account(
    tx: Tx, ztdid: str, upn: str, friendly_name: str, resource_name: str, *, principal: Principal
) -> Row:
    """Reserve a device for the account of a room, whose name it bears; the account needs no licence of Intune's."""
    directory.require(tx, principal, _WRITE)
    DEVICES.require(tx, ztdid)
    user = directory.find_user(tx, upn)
    if user is None:
        raise UserRefused(f"There is no user '{upn}'.", remedy="Check the name, or create the account first.")
    values = {_USER: user[_USER], _FRIENDLY: friendly_name or user["display_name"], _RESOURCE: resource_name}
    _check(values)
    record = DEVICES.update(tx, ztdid, values)
    what = {"user": user["id"], "upn": user[_USER], "resource": resource_name}
    tx.log("autopilot.resource_assigned", subject=f"autopilot:{ztdid}", what=what)
    return record


def unassign_resource_account(tx: Tx, ztdid: str, *, principal: Principal) -> Row:
    """The device is no room's any more."""
    record = unassign_user(tx, ztdid, principal=principal)
    return DEVICES.update(tx, ztdid, {_RESOURCE: ""}) if record[_RESOURCE] else record


def allow_next_enrollment(tx: Tx, ztdid: str, *, principal: Principal) -> Row:
    """Let a device that enrolls without a user do it once more."""
    directory.require(tx, principal, _WRITE)
    record = DEVICES.update(tx, ztdid, {"userless_enrollment_status": "allowed"})
    tx.log("autopilot.enrollment_allowed", subject=f"autopilot:{ztdid}")
    return record


def deregister(tx: Tx, ztdid: str, *, principal: Principal) -> None:
    """Remove the registration: record, hardware claims, and the device object unless it has joined (01 R-42, R-54)."""
    directory.require(tx, principal, _WRITE)
    record = DEVICES.require(tx, ztdid)
    DEVICES.delete(tx, ztdid)
    hardware.forget(tx, ztdid)
    kept = directory.release_anchor(tx, ztdid)
    text = "The device has joined: its object stays." if kept else "The device never joined: its object goes too."
    tx.log(
        "autopilot.deregistered",
        subject=f"autopilot:{ztdid}",
        what={"serial": record["serial_number"], "device": None if kept is None else kept["id"]},
        why=[Reason("deregistered.device_kept" if kept else "deregistered.device_removed", text)],
    )
    tx.announce("autopilot.deregistered", id=ztdid)


def mark_enrolled(tx: Tx, ztdid: str, managed_device_id: str, user_id: str) -> None:  # noqa: ARG001 - the log has the user
    """The device has enrolled."""
    values = {"enrollment_state": "enrolled", "managed_device_id": managed_device_id, "enrolled_at": tx.now}
    DEVICES.update(tx, ztdid, values)


def mark_reset(tx: Tx, ztdid: str, *, pending: bool = True) -> None:
    """The device is to be reset and come back sealed (02 section 3.1, ``pendingReset``); or after all it is not."""
    DEVICES.update(tx, ztdid, {"enrollment_state": "pendingReset" if pending else "enrolled"})


def mark_contacted(tx: Tx, ztdid: str) -> None:
    """The device has been in touch with the service."""
    DEVICES.update(tx, ztdid, {"last_contacted_at": tx.now})


def _retag(tx: Tx, record: Row) -> None:
    device = anchor_of(tx, healed(tx, record))
    if device is not None:
        tags = directory.tagged_ids(record["id"], *(record[name] for name in _TAGGED))
        directory.update_device(tx, device["id"], {"physical_ids": directory.retag(device, tags)})


def _check(values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        if not isinstance(value, str) or len(value) > _LONGEST or _CONTROL.search(value):
            raise BadRegistration(f"'{name}' is a text of at most {_LONGEST} characters without control characters.")
    if values.get("display_name"):
        check_device_name(values["display_name"])
