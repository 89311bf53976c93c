"""What comes of the tasks a deployment is for: encryption, Windows Hello, compliance (01 section 12).

Before the device has enrolled this is a preflight: the policies meant for it and its assigned user, with what its
hardware hash tells. Afterwards what the device reported counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from taxiway import autopilot, directory, enrollment, join, management, signin
from taxiway.kernel import Decision, Reason
from taxiway.management import Foresight
from taxiway.store import Row, Tx, eq

_USE: Final = "/Policies/UsePassportForWork"
_DEVICE_REQUIRED: Final = "/Policies/RequireSecurityDevice"
_GRACE: Final = 6.0
_HELLO: Final = "Windows Hello"


@dataclass(frozen=True, slots=True)
class Task:
    """One task: whether it is done or will be, in a word how it stands, and why."""

    name: str
    decision: Decision[bool]
    state: str


def explain_tasks(tx: Tx, device: str) -> dict[str, Any] | None:
    """The explanation as JSON; ``device`` is a serial number or a managed device's id. None for an unknown one."""
    record = autopilot.record_of_serial(tx, device)
    managed = enrollment.latest_managed(tx, device)
    if record is None and managed is None:
        return None
    user = _user(tx, record, managed)
    return {
        "device": device,
        "managedDevice": None if managed is None else managed["id"],
        "user": None if user is None else user["user_principal_name"],
        "tasks": [
            {
                "task": each.name,
                "ok": each.decision.value,
                "state": each.state,
                "why": [reason.as_dict() for reason in each.decision.reasons],
            }
            for each in tasks(tx, record, managed, user)
        ],
    }


def tasks(tx: Tx, record: Row | None, managed: Row | None, user: Row | None) -> tuple[Task, ...]:
    """What comes of each for hardware that is registered, managed, or both, and a user."""
    anchor = _anchor(tx, record, managed)
    seen = management.foresee(
        tx,
        device=anchor,
        user=user,
        managed_id=None if managed is None else managed["id"],
        tpm=None if record is None else autopilot.has_tpm(tx, record["id"]),
        standard_user=record is not None and autopilot.standard_user(tx, record["id"]),
    )
    return _encryption(tx, seen, anchor), _hello(tx, seen, user), _compliance(managed, seen)


# ---------------------------------------------------------------------------------------------- inside


def _anchor(tx: Tx, record: Row | None, managed: Row | None) -> Row | None:
    if managed is not None and managed["azure_ad_device_id"]:
        return directory.find_device(tx, device_id=managed["azure_ad_device_id"])
    return None if record is None else directory.DEVICES.find(tx, eq("ztdid", record["id"]))


def _user(tx: Tx, record: Row | None, managed: Row | None) -> Row | None:
    if managed is not None and managed["user_id"]:
        return directory.find_user(tx, managed["user_id"])
    return None if record is None else autopilot.assigned_user(tx, record["id"])


def _encryption(tx: Tx, seen: Foresight, anchor: Row | None) -> Task:
    keys = [] if anchor is None else join.recovery_keys(tx, anchor["device_id"])
    if seen.reported_encryption is None:
        return Task("encryption", seen.encryption, "will encrypt" if seen.encryption.value else "will not encrypt")
    # What the policies promise stays beside what the device reports: a mismatch is both.
    reasons = [*seen.reported_encryption.reasons, *seen.encryption.reasons]
    reasons.append(Reason("encryption.keys", f"Recovery keys in the directory: {len(keys)}.", {"keys": len(keys)}))
    told = Decision(seen.reported_encryption.value, tuple(reasons))
    return Task("encryption", told, "encrypted" if told.value else "not encrypted")


def _hello(tx: Tx, seen: Foresight, user: Row | None) -> Task:
    """Set up after Account setup unless a policy switches it off; it takes a fresh second factor (R-122)."""
    used = next((value for uri, value in seen.values.items() if uri.endswith(_USE)), "true")
    if used != "true":
        reason = Reason("hello.off", "A policy switches Windows Hello for Business off: no page shows.")
        return Task(_HELLO, Decision(value=False, reasons=(reason,)), "off by policy")
    against = []
    needs_tpm = any(uri.endswith(_DEVICE_REQUIRED) and value == "true" for uri, value in seen.values.items())
    if needs_tpm and seen.tpm is False:
        against.append(Reason("hello.no_tpm", "The policy demands a TPM and the PC has none."))
    if user is not None and not signin.can_prove(tx, user["id"]):
        text = f"{user['user_principal_name']} has no second factor: Windows Hello demands a fresh one."
        against.append(Reason("hello.no_factor", text))
    if against:
        return Task(_HELLO, Decision(value=False, reasons=tuple(against)), "will not be set up")
    if user is None:
        reason = Reason("hello.no_user", "It demands a fresh second factor of whoever signs in; nobody is named yet.")
        return Task(_HELLO, Decision(value=False, reasons=(reason,)), "unknown")
    keys = signin.hello_keys(tx, user["id"])
    state = "set up" if keys else "will be set up"
    text = "Its page comes after Account setup, before the desktop, and demands a fresh second factor."
    reason = Reason("hello.after_account_setup", text, {"keys": keys})
    return Task(_HELLO, Decision(value=True, reasons=(reason,)), state)


def _compliance(managed: Row | None, seen: Foresight) -> Task:
    """Never awaited by the page (R-123); an attested rule is met only after a restart (R-124)."""
    reasons = list(seen.compliance.reasons)
    for name, grace in seen.attested_bitlocker:
        if seen.values.get("./Device/Vendor/MSFT/BitLocker/RequireDeviceEncryption") != "1":
            continue
        text = f"'{name}' attests BitLocker at the PC's start: encrypted after the page, it is met at the next restart"
        covered = (
            f"; its grace of {grace / 24:g} days covers that."
            if grace >= _GRACE
            else ("; until then the device is not compliant. A grace of 0.25 days covers it.")
        )
        reasons.append(Reason("compliance.attested_at_boot", text + covered, {"grace_hours": grace}))
    state = seen.compliance_state if managed is None else str(managed["compliance_state"])
    good = state in {"compliant", "inGracePeriod"}
    return Task("compliance", Decision(good, tuple(reasons)), state)
