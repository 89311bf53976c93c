"""Which of the tutorial's eight steps is done, what is missing, and for whom (01 section 1.1)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from taxiway import autopilot, directory, enrollment
from taxiway.store import Row, Tx, eq, one_of

#: How many devices or users a step names at most; the rest is counted.
_NAMED: Final = 20


@dataclass(frozen=True, slots=True)
class Step:
    """One step: done or not, what is missing (one line each), and how it stands in a sentence."""

    number: int
    title: str
    done: bool
    detail: str
    missing: list[str] = field(default_factory=list)


def checklist(tx: Tx) -> list[Step]:
    """The eight steps, from what the tenant has now."""
    records = autopilot.DEVICES.select(tx)
    return [
        _enrollment_scope(tx, records),
        _join_policy(tx),
        _registration(tx, records),
        _group(tx, records),
        _esp(tx, records),
        _profile(tx, records),
        _users(records),
        _deployment(records),
    ]


def _enrollment_scope(tx: Tx, records: list[Row]) -> Step:
    policy = directory.mdm_policy(tx)
    scope = policy["applies_to"]
    missing = []
    if scope == "none":
        missing.append("The MDM user scope is 'None': no user's device enrolls.")
    elif scope == "selected" and not policy["group_ids"]:
        missing.append("The MDM user scope names no group.")
    for user in _assigned_users(tx, records):
        upn = user["user_principal_name"]
        if scope != "none" and not directory.in_mdm_scope(tx, user["id"]).value:
            missing.append(f"{upn} is outside the MDM user scope.")
        if not directory.has_service_plan(tx, user["id"]):
            missing.append(f"{upn} has no licence for device management.")
    title = "Set up Windows automatic Intune enrollment"
    return Step(1, title, not missing, f"MDM user scope: {scope}", _short(missing))


def _join_policy(tx: Tx) -> Step:
    policy = directory.registration_policy(tx)
    allowed = policy["join_allowed"]
    missing = []
    if allowed == "none":
        missing.append("Nobody may join devices.")
    elif allowed == "selected" and not (policy["join_users"] or policy["join_groups"]):
        missing.append("Joining is allowed for selected users, and none is selected.")
    quota = "unlimited" if policy["quota"] is None else str(policy["quota"])
    if policy["quota"] == 0:
        missing.append("The device quota per user is 0.")
    title = "Allow users to join devices to Microsoft Entra ID"
    return Step(2, title, not missing, f"join allowed for {allowed}, {quota} devices per user", missing)


def _registration(tx: Tx, records: list[Row]) -> Step:
    failed = autopilot.IMPORTS.count(tx, eq("device_import_status", "error")) if _has_status() else 0
    missing = [] if records else ["No device is registered."]
    detail = f"{len(records)} registered" + (f", {failed} refused imports" if failed else "")
    return Step(3, "Register devices as Windows Autopilot devices", not missing, detail, missing)


def _has_status() -> bool:
    return "device_import_status" in autopilot.IMPORTS.entity.props


def _group(tx: Tx, records: list[Row]) -> Step:
    outside = [row for row in records if not _groups_of(tx, row)]
    missing = ["No device is registered, so no group has one."] if not records else _for("is in no group", outside)
    groups = frozenset[str]().union(*(_groups_of(tx, row) for row in records))
    return Step(4, "Create a device group", not missing, f"{len(groups)} groups hold Autopilot devices", missing)


def _esp(tx: Tx, records: list[Row]) -> Step:
    title = "Configure and assign the Enrollment Status Page"
    profiles = enrollment.ENROLLMENT_CONFIGURATIONS.select(tx, eq("kind", enrollment.ESP))
    if not profiles:
        return Step(
            5, title, done=False, detail="only the default", missing=["No Enrollment Status Page profile exists."]
        )
    without = []
    for row in records:
        device = _device(tx, row)
        found = directory.meant(tx, enrollment.OBJECT_KIND, device=device, user=None)
        if not {match.object_id for match in found} & {profile["id"] for profile in profiles}:
            without.append(row)
    missing = _for("has no Enrollment Status Page profile of its own", without)
    return Step(5, title, not missing, ", ".join(profile["display_name"] for profile in profiles), missing)


def _profile(tx: Tx, records: list[Row]) -> Step:
    title = "Create and assign an Autopilot profile"
    profiles = autopilot.PROFILES.select(tx)
    if not profiles:
        return Step(6, title, done=False, detail="none", missing=["No Autopilot deployment profile exists."])
    without = [row for row in records if autopilot.effective_profile(tx, row["id"]).value is None]
    missing = _for("has no profile", without)
    return Step(6, title, not missing, ", ".join(profile["display_name"] for profile in profiles), missing)


def _users(records: list[Row]) -> Step:
    without = [row for row in records if not row["user_principal_name"]]
    detail = f"{len(records) - len(without)} of {len(records)} devices have a user (optional)"
    missing = _for("has no assigned user", without)
    return Step(7, "Assign Autopilot devices to users", bool(records) and not missing, detail, missing)


def _deployment(records: list[Row]) -> Step:
    waiting = [row for row in records if row["enrollment_state"] != "enrolled"]
    detail = f"{len(records) - len(waiting)} of {len(records)} devices enrolled"
    missing = _for("has not enrolled", waiting)
    return Step(8, "Deploy the devices", bool(records) and not missing, detail, missing)


# ------------------------------------------------------------------------------------------ inside


def _device(tx: Tx, record: Row) -> Row | None:
    return directory.DEVICES.find(tx, eq("ztdid", record["id"]))


def _groups_of(tx: Tx, record: Row) -> frozenset[str]:
    device = _device(tx, record)
    return frozenset() if device is None else directory.groups_of(tx, "device", device["id"])


def _assigned_users(tx: Tx, records: list[Row]) -> list[Row]:
    names = sorted({row["user_principal_name"].lower() for row in records if row["user_principal_name"]})
    return directory.USERS.select(tx, one_of("user_principal_name", names)) if names else []


def _for(what: str, records: list[Row]) -> list[str]:
    return _short([f"{row['serial_number']} {what}." for row in records])


def _short(lines: list[str]) -> list[str]:
    rest = len(lines) - _NAMED
    return lines if rest <= 0 else [*lines[:_NAMED], f"... and {rest} more."]
