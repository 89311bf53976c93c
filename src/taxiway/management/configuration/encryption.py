"""Encryption of a device: what will come of its policies, and how it stands (R-119, R-120)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from taxiway.kernel import Decision, Reason
from taxiway.management.compliance.evaluation import BITLOCKER, ENCRYPTION, SECURE_BOOT, TPM
from taxiway.wire.encryption import MEANINGS, bits

_ROOT: Final = "./Device/Vendor/MSFT/BitLocker"
REQUIRE: Final = f"{_ROOT}/RequireDeviceEncryption"
METHOD: Final = f"{_ROOT}/EncryptionMethodByDriveType"
_PIN: Final = re.compile(r'id="ConfigurePINUsageDropDown_Name"\s+value="1"')
_DATA: Final = re.compile(r'id="EncryptionMethodWithXtsOsDropDown_Name"\s+value="([0-9])"')
#: Windows' own method.
_DEFAULT: Final = "6"


@dataclass(frozen=True, slots=True)
class Hardware:
    """What is known of a PC; None where it is not known yet."""

    tpm: bool | None
    secure_boot: bool | None
    standard_user: bool


def foresee(values: Mapping[str, str], by_user: frozenset[str], hardware: Hardware) -> Decision[bool]:
    """Whether a PC with these nodes will encrypt by itself once its status page is over, and every reason against it.

    ``by_user``: the nodes that come only with the user's policies.
    """
    if values.get(REQUIRE) != "1":
        return Decision(value=False, reasons=(Reason("encryption.not_asked", "No policy asks for encryption."),))
    against = tuple(_obstacles(values, hardware))
    if against:
        return Decision(value=False, reasons=against)
    return Decision(value=True, reasons=tuple(_method(values, by_user, hardware)))


def standing(facts: Mapping[str, str]) -> Decision[bool]:
    """Whether the system volume is encrypted, and what the device itself says is different from its policy."""
    encrypted = facts.get(ENCRYPTION) == "1"
    told = tuple(
        Reason(f"encryption.{bit.name.lower() if bit.name else 'other'}", MEANINGS[bit][0])
        for bit in bits(facts.get(BITLOCKER, ""))
    )
    text = "The system volume is encrypted." if encrypted else "The system volume is not encrypted."
    return Decision(encrypted, told or (Reason("encryption.state", text),))


def hardware_of(facts: Mapping[str, str], *, tpm: bool | None, standard_user: bool) -> Hardware:
    """What a device reported, and before it did, what its hardware hash told."""
    reported, boot = facts.get(TPM), facts.get(SECURE_BOOT)
    return Hardware(
        tpm=tpm if reported is None else reported not in {"", "Not available"},
        secure_boot=None if boot is None else boot == "1",
        standard_user=standard_user,
    )


def _obstacles(values: Mapping[str, str], hardware: Hardware) -> list[Reason]:
    """What stands against silent encryption (R-120)."""
    pin = _PIN.search(values.get(f"{_ROOT}/SystemDrivesRequireStartupAuthentication", "")) is not None
    asked = values.get(f"{_ROOT}/AllowWarningForOtherDiskEncryption") != "0"
    standard = hardware.standard_user and values.get(f"{_ROOT}/AllowStandardUserEncryption") != "1"
    found = (
        (hardware.tpm is False, "no_tpm", "The PC has no TPM that is on."),
        (hardware.secure_boot is False, "secure_boot_off", "Secure Boot is off."),
        (pin, "pin_required", "The policy asks for a start-up PIN, which a person has to choose."),
        (asked, "consent_missing", "The policy has the user asked first: AllowWarningForOtherDiskEncryption is not 0."),
        (standard, "administrator_needed", "The user is a standard user, and AllowStandardUserEncryption is not 1."),
    )
    return [Reason(f"encryption.{code}", text) for stands, code, text in found if stands]


def _method(values: Mapping[str, str], by_user: frozenset[str], hardware: Hardware) -> list[Reason]:
    reasons = [Reason("encryption.silent", "The PC encrypts by itself once its status page is over.")]
    wanted = _DATA.search(values.get(METHOD, ""))
    late = {REQUIRE, METHOD} & by_user
    if late and wanted is not None and wanted[1] != _DEFAULT:
        text = (
            "The policy is assigned to users: it comes after encryption may begin, so Windows' default method is used "
            "and the status will name the difference. Assign it to devices."
        )
        reasons.append(Reason("encryption.method_differs", text, {"assigned_to": "users"}))
    if hardware.secure_boot is None:
        text = "Whether Secure Boot is on is known when the PC has checked in: off, it would not encrypt by itself."
        reasons.append(Reason("encryption.secure_boot_unknown", text))
    return reasons
