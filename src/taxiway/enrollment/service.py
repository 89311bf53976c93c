"""May this device enroll, and what becomes of it when it does (04 sections 5.3, 8.3 and 19.2)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from taxiway import autopilot, directory
from taxiway.enrollment import terms
from taxiway.enrollment.askers import Asker
from taxiway.enrollment.choice import (
    EspSettings,
    effective_limit,
    effective_restriction,
    settings_for,
    windows_restriction,
)
from taxiway.enrollment.configurations import default_of
from taxiway.enrollment.entities import DEFAULT_RESTRICTIONS
from taxiway.enrollment.errors import (
    DeviceLimitReached,
    DeviceNotAllowed,
    LicenseMissing,
    NotAuthorized,
)
from taxiway.enrollment.managed import MANAGED
from taxiway.kernel import Reason
from taxiway.store import Row, Tx, both, eq
from taxiway.store.query import Compare
from taxiway.wire.enroll import EnrollRequest

#: Editions that cannot be managed in production: Home in its variants (04 section 3.5).
HOME_EDITIONS: Final = frozenset({"98", "99", "100", "101"})
_VERSION: Final = re.compile(r"\d{1,6}(\.\d{1,6}){0,3}")


@dataclass(frozen=True, slots=True)
class Build:
    """Which Windows wants to enroll, by the client's word; a restriction of versions refuses one that does not tell."""

    version: str | None = None
    edition: str = ""

    @classmethod
    def of(cls, request: EnrollRequest) -> Build:
        """As the request says."""
        return cls(request.first("OSVersion"), request.first("OSEdition") or "")


@dataclass(frozen=True, slots=True)
class Admission:
    """An enrollment that may happen: everything it was decided on, and why."""

    user: Row
    device: Row | None
    registration: Row | None
    esp: EspSettings
    profile_name: str | None
    asker: Asker
    reasons: tuple[Reason, ...]

    def subject(self, managed_id: str) -> str:
        """Under which name the log speaks of this enrollment: as ``managed.subject_of``."""
        if self.registration is not None:
            return f"autopilot:{self.registration['id']}"
        if self.device is None:
            return f"device:{managed_id}"
        return f"autopilot:{self.device['ztdid']}" if self.device["ztdid"] else f"device:{self.device['id']}"

    @property
    def device_context(self) -> bool:
        """Whether the enrollment is the device's, for everybody on it, or one user's (04 section 1.3)."""
        return self.device is not None and self.device["trust_type"] == "AzureAd"


def admit(tx: Tx, asker: Asker, request: EnrollRequest) -> Admission:
    """Let the device in or raise the refusal that stops it, in the order of 04 section 19.2."""
    user, device = _who(tx, asker)
    registration = None if device is None else autopilot.record_of_device(tx, device["id"])
    reasons = list(_link_reasons(registration, request))
    personal = device is not None and device["trust_type"] == "Workplace"
    scope = directory.in_mdm_scope(tx, user["id"], personal=personal)
    if not scope.value:
        raise NotAuthorized("The user is outside the MDM user scope.", reasons=scope.reasons, remedy=_SCOPE_REMEDY)
    reasons += [*scope.reasons, *check_restriction(tx, user, device, registration, Build.of(request))]
    reasons += check_limit(tx, user, device, registration)
    check_licence(tx, user)
    terms.check_accepted(tx, user["id"], request.first("EnrollmentData"))
    registered = registration is not None
    in_oobe = request.flag("NotInOobe") is False or registered
    chosen = settings_for(tx, device=device, user=user, registered=registered, in_oobe=in_oobe)
    return Admission(
        user=user,
        device=device,
        registration=registration,
        esp=chosen.value,
        profile_name=_profile_name(tx, device, registration) or _offline_name(registration, request),
        asker=asker,
        reasons=(*reasons, *chosen.reasons),
    )


def check_licence(tx: Tx, user: Row) -> None:
    """A licence with an Intune plan, or ``LicenseMissing`` (R-09)."""
    if not directory.has_service_plan(tx, user["id"]):
        raise LicenseMissing(
            f"{user['user_principal_name']} has no license that contains Intune.",
            remedy="Assign a license with an Intune plan to the user, then try again.",
        )


def managed_values(admission: Admission, request: EnrollRequest, now: datetime, expires: datetime) -> dict[str, Any]:
    """The managed device's properties at enrollment (02 section 7)."""
    user, device, registration = admission.user, admission.device or _NO_DEVICE, admission.registration or {}
    upn = user["user_principal_name"]
    clock = f"{now.hour % 12 or 12}:{now:%M %p}"
    return {
        "user_id": user["id"],
        "upn": upn,
        "enrolled_by_upn": upn,
        "email_address": user.get("mail") or upn,
        "user_display_name": user["display_name"],
        "device_name": device["display_name"] or (request.first("DeviceName") or "")[:_LONGEST_NAME] or None,
        "managed_device_name": f"{upn.partition('@')[0]}_Windows_{now.month}/{now.day}/{now.year}_{clock}",
        "ownership": _ownership(admission),
        "owner_type": _ownership(admission),
        "enrolled_at": now,
        "last_sync_at": now,
        "os_version": request.first("OSVersion") or device.get("operating_system_version"),
        "azure_ad_device_id": device["device_id"],
        "azure_active_directory_device_id": device["device_id"],
        "serial_number": registration.get("serial_number"),
        "manufacturer": registration.get("manufacturer") or device.get("manufacturer"),
        "model": registration.get("model") or device.get("model"),
        "management_certificate_expires_at": expires,
        "enrollment_profile_name": admission.profile_name,
        "autopilot_enrolled": admission.registration is not None,
        **_KINDS[device["trust_type"]],
        "sku_number": int(edition) if (edition := request.first("OSEdition") or "").isdecimal() else 0,
    }


# ---------------------------------------------------------------------------------------------- inside

_LONGEST_NAME: Final = 256
#: What is known of a device that is in no directory.
_NO_DEVICE: Final[dict[str, Any]] = dict.fromkeys(
    ("display_name", "operating_system_version", "device_id", "manufacturer", "model", "trust_type")
)
#: How Graph tells the kinds of enrollment apart, by how the device came into the directory.
_KINDS: Final[dict[str | None, dict[str, Any]]] = {
    "AzureAd": {"join_type": "azureADJoined", "device_enrollment_type": "windowsAzureADJoin"},
    "ServerAd": {"join_type": "hybridAzureADJoined", "device_enrollment_type": "windowsAutoEnrollment"},
    "Workplace": {"join_type": "azureADRegistered", "device_enrollment_type": "windowsAutoEnrollment"},
    None: {
        "join_type": "unknown",
        "device_enrollment_type": "userEnrollment",
        "azure_ad_registered": False,
        "aad_registered": False,
        "device_registration_state": "notRegistered",
    },
}
_CORRELATOR: Final = re.compile(r"[0-9A-Za-z-]{1,64}\Z")
_SCOPE_REMEDY: Final = "Add the user to the MDM user scope (All, or a group of Some)."


def _who(tx: Tx, asker: Asker) -> tuple[Row, Row | None]:
    user = directory.find_user(tx, asker.user_id)
    if user is None or not user["account_enabled"]:
        raise NotAuthorized("The user does not exist any more or is disabled.")
    if asker.device_id is None:
        return user, None
    device = directory.find_device(tx, device_id=asker.device_id)
    if device is None or not device["account_enabled"]:
        raise NotAuthorized(
            "The Entra device the token was given on does not exist any more or is disabled.",
            remedy="Join the device again.",
        )
    return user, device


def _link_reasons(registration: Row | None, request: EnrollRequest) -> Sequence[Reason]:
    """What ties this enrollment to a registration: the device object, never what the client says (04 section 8.3)."""
    claimed = (request.first("ZeroTouchProvisioning") or "").lower()
    known = None if registration is None else str(registration["id"]).lower()
    if claimed and claimed != known:
        text = "The device names an Autopilot registration that is not its own; the name was ignored."
        return [Reason("autopilot.claim_ignored", text, {"claimed": claimed[:100]})]
    if registration is None:
        return [Reason("autopilot.unlinked", "The device is not registered with Windows Autopilot.")]
    text = "The Entra device belongs to a Windows Autopilot registration: the device counts as corporate."
    return [Reason("autopilot.linked", text, {"registration": known})]


def check_restriction(
    tx: Tx, user: Row, device: Row | None, registration: Row | None, build: Build
) -> tuple[Reason, ...]:
    """Platform, ownership, edition and version, or ``DeviceNotAllowed`` (R-19, R-20)."""
    decision = effective_restriction(tx, device=device, user=user)
    rule = windows_restriction(decision.value.row)
    why = None
    if rule.get("platformBlocked"):
        why = Reason("restriction.platform", "Windows (MDM) is blocked.")
    elif rule.get("personalDeviceEnrollmentBlocked") and registration is None:
        # A join by a user is no corporate enrollment method, although the device becomes company-owned.
        why = Reason("restriction.personal", "Personally owned devices are blocked; this one is not registered.")
    elif build.edition in HOME_EDITIONS and _home_blocked(tx):
        why = Reason("restriction.edition", "Home editions are blocked.")
    else:
        why = _version_reason(rule, build.version)
    if why is not None:
        raise DeviceNotAllowed(
            f"'{decision.value.row['display_name']}': {why.text}",
            reasons=(*decision.reasons, why),
            remedy="Change the enrollment restriction, or register the device with Windows Autopilot.",
        )
    return decision.reasons


def _home_blocked(tx: Tx) -> bool:
    rule = default_of(tx, DEFAULT_RESTRICTIONS)["windows_home_sku_restriction"]
    return bool(rule and rule.get("platformBlocked"))


def _version_reason(rule: dict[str, Any], version: str | None) -> Reason | None:
    least, most = rule.get("osMinimumVersion"), rule.get("osMaximumVersion")
    if not (least or most):
        return None
    found = version_key(version)
    if found is None:
        return Reason("restriction.version", "The device does not tell its version, and versions are restricted.")
    if (least and found < (version_key(least) or ())) or (most and found > (version_key(most) or ())):
        text = f"Version {version} is outside {least or 'any'} to {most or 'any'}."
        return Reason("restriction.version", text, {"version": version})
    return None


def version_key(version: str | None) -> tuple[int, ...] | None:
    """A version as numbers to compare; None when it is not a version."""
    if not version or not _VERSION.fullmatch(version):
        return None
    return tuple(int(part) for part in version.split("."))


def check_limit(tx: Tx, user: Row, device: Row | None, registration: Row | None) -> tuple[Reason, ...]:
    """How many devices the user may enroll, or ``DeviceLimitReached`` (R-18)."""
    if registration is not None:
        return (Reason("limit.not_applied", "The device limit does not apply to Windows Autopilot."),)
    decision = effective_limit(tx, device=device, user=user)
    limit = int(decision.value.row["limit"])
    mine = eq("user_id", user["id"])
    others = mine if device is None else both(mine, Compare("azure_ad_device_id", "ne", device["device_id"]))
    count = MANAGED.count(tx, others)
    if count >= limit:
        why = Reason("limit.reached", f"{count} devices are enrolled; the limit is {limit}.", {"limit": limit})
        raise DeviceLimitReached(
            "The user has reached the device limit.",
            reasons=(*decision.reasons, why),
            remedy="Remove a device of the user, or raise the device limit.",
        )
    return decision.reasons


def _ownership(admission: Admission) -> str:
    return "company" if admission.registration is not None or admission.device_context else "personal"


def _offline_name(registration: Row | None, request: EnrollRequest) -> str | None:
    """The name after an offline file, which the device itself says; of a registered one the service knows better."""
    said = request.first("OfflineAutoPilotEnrollmentCorrelator") or ""
    return f"{autopilot.OFFLINE_PREFIX}{said}" if registration is None and _CORRELATOR.match(said) else None


def _profile_name(tx: Tx, device: Row | None, registration: Row | None) -> str | None:
    known: str | None = None if device is None else device["enrollment_profile_name"]
    if known or registration is None:
        return known
    profile = autopilot.effective_profile(tx, registration["id"]).value
    return None if profile is None else str(profile["display_name"])
