"""What ``BitLocker/Status/DeviceEncryptionStatus`` tells, bit by bit (05 section 10.8)."""

from __future__ import annotations

from enum import IntFlag
from typing import Final


class EncryptionStatus(IntFlag):
    """What differs from the policy; 0 is as the policy wants it."""

    CONSENT_MISSING = 1 << 0
    METHOD_DIFFERS = 1 << 1
    UNPROTECTED = 1 << 2
    TPM_ONLY_REQUIRED = 1 << 3
    PIN_REQUIRED = 1 << 4
    STARTUP_KEY_REQUIRED = 1 << 5
    PIN_AND_KEY_REQUIRED = 1 << 6
    TPM_REQUIRED = 1 << 7
    BACKUP_FAILED = 1 << 8
    FIXED_DRIVE_UNPROTECTED = 1 << 9
    FIXED_DRIVE_METHOD_DIFFERS = 1 << 10
    ADMINISTRATOR_NEEDED = 1 << 11
    NO_RECOVERY_ENVIRONMENT = 1 << 12
    NO_TPM = 1 << 13
    TPM_NOT_READY = 1 << 14
    NETWORK_MISSING = 1 << 15


#: Each bit as a sentence, and as Graph names it (``advancedBitLockerState``).
MEANINGS: Final[dict[EncryptionStatus, tuple[str, str]]] = {
    EncryptionStatus.CONSENT_MISSING: (
        "The policy has the user asked first, so encryption does not begin by itself.",
        "noUserConsent",
    ),
    EncryptionStatus.METHOD_DIFFERS: (
        "The volume is encrypted with another method than the policy's.",
        "osVolumeEncryptionMethodMismatch",
    ),
    EncryptionStatus.UNPROTECTED: ("The system volume is not protected.", "osVolumeUnprotected"),
    EncryptionStatus.TPM_ONLY_REQUIRED: ("The policy wants a TPM-only protector.", "osVolumeTpmOnlyRequired"),
    EncryptionStatus.PIN_REQUIRED: (
        "The policy asks for a start-up PIN, which a person has to choose.",
        "osVolumeTpmPinRequired",
    ),
    EncryptionStatus.STARTUP_KEY_REQUIRED: ("The policy asks for a start-up key.", "osVolumeTpmStartupKeyRequired"),
    EncryptionStatus.PIN_AND_KEY_REQUIRED: (
        "The policy asks for a start-up PIN and a start-up key.",
        "osVolumeTpmPinStartupKeyRequired",
    ),
    EncryptionStatus.TPM_REQUIRED: ("The policy asks for a TPM protector.", "osVolumeTpmRequired"),
    EncryptionStatus.BACKUP_FAILED: (
        "The recovery key could not be kept in the directory.",
        "recoveryKeyBackupFailed",
    ),
    EncryptionStatus.FIXED_DRIVE_UNPROTECTED: ("A fixed drive is not protected.", "fixedDriveNotEncrypted"),
    EncryptionStatus.FIXED_DRIVE_METHOD_DIFFERS: (
        "A fixed drive is encrypted with another method than the policy's.",
        "fixedDriveEncryptionMethodMismatch",
    ),
    EncryptionStatus.ADMINISTRATOR_NEEDED: (
        "The user is a standard user, and the policy does not let standard users encrypt.",
        "loggedOnUserNonAdmin",
    ),
    EncryptionStatus.NO_RECOVERY_ENVIRONMENT: (
        "The recovery environment is not configured.",
        "windowsRecoveryEnvironmentNotConfigured",
    ),
    EncryptionStatus.NO_TPM: ("The PC has no TPM that is on.", "tpmNotAvailable"),
    EncryptionStatus.TPM_NOT_READY: ("The TPM is not ready: for instance Secure Boot is off.", "tpmNotReady"),
    EncryptionStatus.NETWORK_MISSING: ("There is no network to keep the recovery key over.", "networkError"),
}


def bits(status: str) -> list[EncryptionStatus]:
    """The bits that are set in the node's value; none for what is no number."""
    if not status.lstrip("-").isdigit() or len(status) > 10:
        return []
    return [bit for bit in MEANINGS if int(status) & bit]
