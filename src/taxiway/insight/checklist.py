"""Which of the tutorial's eight steps is done, what is missing, and for whom (01 section 1.1)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from taxiway import autopilot, directory, enrollment, management
from taxiway.store import Compare, Row, Tx, Where, any_of, both, eq, one_of

#: How many devices or users a step names at most; the rest is counted.
_NAMED: Final = 20
#: How many devices are looked at one by one, where no column tells: the most recently registered.
_LOOKED_AT: Final = 200
_NO_USER: Final = any_of(eq("user_principal_name", ""), eq("user_principal_name", None))


@dataclass(frozen=True, slots=True)
class Step:
    """One step: done or not, what is missing (one line each), how it stands in a sentence, and what else to know."""

    number: int
    title: str
    done: bool
    detail: str
    missing: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def checklist(tx: Tx) -> list[Step]:
    """The eight steps, from what the tenant has now."""
    total = autopilot.DEVICES.count(tx)
    recent = autopilot.DEVICES.select(tx, order=[("registered_at", True)], limit=_LOOKED_AT)
    return [
        _enrollment_scope(tx, recent),
        _join_policy(tx),
        _registration(tx, total),
        _group(tx, recent),
        _esp(tx, recent),
        _profile(tx, recent),
        _users(tx, total),
        _deployment(tx, total),
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
    return Step(1, title, not missing, f"MDM user scope: {scope}", _short(missing, len(missing)))


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


def _registration(tx: Tx, total: int) -> Step:
    refused = autopilot.IMPORTS.count(tx, eq("device_import_status", "error"))
    missing = [] if total else ["No device is registered."]
    detail = f"{total} registered" + (f", {refused} rows of imports refused" if refused else "")
    return Step(3, "Register devices as Windows Autopilot devices", not missing, detail, missing, _hardware_notes(tx))


def _hardware_notes(tx: Tx) -> list[str]:
    """What waits for an administrator: boards that were replaced, devices that another tenant claims."""
    attention = eq("remediation_state", "manualRemediationRequired")
    changed = autopilot.DEVICES.select(tx, attention, order=[("serial_number", False)], limit=_NAMED)
    notes = [
        f"{row['serial_number']} reports other hardware: see 'taxiway device rebind {row['serial_number']}'."
        for row in changed
    ]
    claimed = both(eq("direction", "received"), eq("state", "waiting"))
    claims = autopilot.CLAIMS.select(tx, claimed, limit=_NAMED)
    return [*notes, *(f"{one['domain']} claims {one['serial_number']}: see 'taxiway transfer list'." for one in claims)]


def _group(tx: Tx, records: list[Row]) -> Step:
    outside = [row for row in records if not _groups_of(tx, row)]
    missing = ["No device is registered, so no group has one."] if not records else _for("is in no group", outside)
    groups = frozenset[str]().union(*(_groups_of(tx, row) for row in records))
    return Step(4, "Create a device group", not missing, f"groups with Autopilot devices: {len(groups)}", missing)


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
    detail = ", ".join(profile["display_name"] for profile in profiles)
    return Step(5, title, not missing, detail, missing, _findings(tx))


def _acting(row: Row) -> list[str]:
    return [finding["text"] for finding in row["findings"] if finding["code"] != management.NOT_ACTED_ON]


def _findings(tx: Tx) -> list[str]:
    """What the configurations will do to the deployment that nobody may expect (P-13).

    Those that nothing acts on do nothing to it; the preflight names them where they are meant for a device.
    """
    found = []
    for repository in (management.CONFIGURATIONS, management.CONFIGURATION_POLICIES):
        for row in repository.select(tx, order=[("display_name", False)], limit=_LOOKED_AT):
            found += [f"'{row['display_name']}': {text}" for text in _acting(row)]
    return _short(found, len(found))


def _profile(tx: Tx, records: list[Row]) -> Step:
    title = "Create and assign an Autopilot profile"
    profiles = autopilot.PROFILES.select(tx)
    if not profiles:
        return Step(6, title, done=False, detail="none", missing=["No Autopilot deployment profile exists."])
    missing = _lacking(tx, eq("deployment_profile_id", None), "has no profile")
    notes = [*_without(records), *autopilot.met_conflicts(tx, records)]
    names = ", ".join(profile["display_name"] for profile in profiles)
    return Step(6, title, not missing, names, missing, _short(notes, len(notes)))


def _without(records: list[Row]) -> list[str]:
    """PCs that asked for their profile before there was one: they ask again when they restart (P-06)."""
    went = [(row["serial_number"], row["went_without_at"]) for row in records if row["went_without_at"]]
    return [f"{serial} went online without profile at {at:%Y-%m-%d %H:%M}Z: restart it." for serial, at in went]


def _users(tx: Tx, total: int) -> Step:
    without = autopilot.DEVICES.count(tx, _NO_USER)
    detail = f"{total - without} of {total} devices have a user (optional)"
    missing = _lacking(tx, _NO_USER, "has no assigned user")
    return Step(7, "Assign Autopilot devices to users", bool(total) and not missing, detail, missing)


def _deployment(tx: Tx, total: int) -> Step:
    waiting = Compare("enrollment_state", "ne", "enrolled")
    detail = f"{total - autopilot.DEVICES.count(tx, waiting)} of {total} devices enrolled"
    missing = _lacking(tx, waiting, "has not enrolled")
    return Step(8, "Deploy the devices", bool(total) and not missing, detail, missing)


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
    return _short([f"{row['serial_number']} {what}." for row in records], len(records))


def _lacking(tx: Tx, where: Where, what: str) -> list[str]:
    """A line for each device that matches, as far as they are named."""
    found = autopilot.DEVICES.select(tx, where, order=[("serial_number", False)], limit=_NAMED)
    lines = [f"{row['serial_number']} {what}." for row in found]
    return lines if len(lines) < _NAMED else _short(lines, autopilot.DEVICES.count(tx, where))


def _short(lines: list[str], total: int) -> list[str]:
    rest = total - _NAMED
    return lines if rest <= 0 else [*lines[:_NAMED], f"... and {rest} more."]
