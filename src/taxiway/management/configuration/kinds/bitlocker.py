"""BitLocker settings of an endpoint protection configuration as CSP nodes (05 section 10.8, R-119)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from taxiway.management.configuration.kinds import kept
from taxiway.management.declare import of
from taxiway.management.errors import BadPolicy
from taxiway.management.model import Item
from taxiway.store import Prop, Row
from taxiway.wire.xml import escape

KIND: Final = "windows10EndpointProtectionConfiguration"
PROPS: Final = (
    *of("bool", "bit_locker_encrypt_device", "bit_locker_disable_warning_for_other_disk_encryption"),
    *of("bool", "bit_locker_allow_standard_user_encryption", "bit_locker_enable_storage_card_encryption_on_mobile"),
    Prop("bit_locker_recovery_password_rotation", default="notConfigured"),
    *of("json", "bit_locker_system_drive_policy", "bit_locker_fixed_drive_policy", "bit_locker_removable_drive_policy"),
    *kept.ENDPOINT_PROTECTION,
)

_ROOT: Final = "./Device/Vendor/MSFT/BitLocker"
_METHODS: Final = {"aesCbc128": "3", "aesCbc256": "4", "xtsAes128": "6", "xtsAes256": "7"}
_USAGE: Final = {"blocked": "0", "required": "1", "allowed": "2", "notConfigured": "2"}
_ROTATION: Final = {"disabled": "0", "enabledForAzureAd": "1", "enabledForAzureAdAndHybrid": "2"}
_STORE: Final = {"passwordAndKey": "1", "passwordOnly": "2"}


def items(row: Row, tenant: str) -> tuple[Item, ...]:  # noqa: ARG001 - the shape of a translator
    """The nodes; what the configuration leaves open is not sent."""
    switches = (
        ("RequireDeviceEncryption", row["bit_locker_encrypt_device"], "1"),
        # "Disable the warning" is the CSP's "allow the warning", turned round.
        ("AllowWarningForOtherDiskEncryption", row["bit_locker_disable_warning_for_other_disk_encryption"], "0"),
        ("AllowStandardUserEncryption", row["bit_locker_allow_standard_user_encryption"], "1"),
    )
    found = [Item(f"{_ROOT}/{name}", value, "int") for name, on, value in switches if on]
    rotation = _ROTATION.get(row["bit_locker_recovery_password_rotation"] or "")
    if rotation is not None:
        found.append(Item(f"{_ROOT}/ConfigureRecoveryPasswordRotation", rotation, "int"))
    system, fixed, removable = (
        row[f"bit_locker_{drive}_drive_policy"] or {} for drive in ("system", "fixed", "removable")
    )
    methods = _methods(system, fixed, removable)
    if methods is not None:
        found.append(Item(f"{_ROOT}/EncryptionMethodByDriveType", methods))
    found += _system(system)
    if fixed.get("recoveryOptions"):
        found.append(Item(f"{_ROOT}/FixedDrivesRecoveryOptions", _recovery(fixed["recoveryOptions"], "FDV")))
    if fixed.get("requireEncryptionForWriteAccess"):
        found.append(Item(f"{_ROOT}/FixedDrivesRequireEncryption", "<enabled/>"))
    if removable.get("requireEncryptionForWriteAccess"):
        cross = _flag(not removable.get("blockCrossOrganizationWriteAccess"))
        found.append(Item(f"{_ROOT}/RemovableDrivesRequireEncryption", _admx(("RDVCrossOrg", cross))))
    return tuple(found)


def _methods(system: Mapping[str, Any], fixed: Mapping[str, Any], removable: Mapping[str, Any]) -> str | None:
    chosen = [drive.get("encryptionMethod") for drive in (system, fixed, removable)]
    if not any(chosen):
        return None
    unknown = [method for method in chosen if method and method not in _METHODS]
    if unknown:
        raise BadPolicy(f"'{unknown[0]}' is not an encryption method.")
    os_method, fixed_method, removable_method = chosen
    return _admx(
        ("EncryptionMethodWithXtsOsDropDown_Name", _METHODS[os_method or "xtsAes128"]),
        ("EncryptionMethodWithXtsFdvDropDown_Name", _METHODS[fixed_method or "xtsAes128"]),
        ("EncryptionMethodWithXtsRdvDropDown_Name", _METHODS[removable_method or "aesCbc128"]),
    )


def _system(policy: Mapping[str, Any]) -> list[Item]:
    found = []
    if policy.get("startupAuthenticationRequired"):
        without_tpm = _flag(not policy.get("startupAuthenticationBlockWithoutTpmChip", False))
        value = _admx(
            ("ConfigureNonTPMStartupKeyUsage_Name", without_tpm),
            ("ConfigureTPMStartupKeyUsageDropDown_Name", _usage(policy, "startupAuthenticationTpmKeyUsage")),
            ("ConfigurePINUsageDropDown_Name", _usage(policy, "startupAuthenticationTpmPinUsage")),
            ("ConfigureTPMPINKeyUsageDropDown_Name", _usage(policy, "startupAuthenticationTpmPinAndKeyUsage")),
            ("ConfigureTPMUsageDropDown_Name", _usage(policy, "startupAuthenticationTpmUsage")),
        )
        found.append(Item(f"{_ROOT}/SystemDrivesRequireStartupAuthentication", value))
    if policy.get("minimumPinLength"):
        value = _admx(("MinPINLength", str(int(policy["minimumPinLength"]))))
        found.append(Item(f"{_ROOT}/SystemDrivesMinimumPINLength", value))
    if policy.get("recoveryOptions"):
        found.append(Item(f"{_ROOT}/SystemDrivesRecoveryOptions", _recovery(policy["recoveryOptions"], "OS")))
    if policy.get("prebootRecoveryEnableMessageAndUrl"):
        value = _admx(
            ("PrebootRecoveryInfoDropDown_Name", "2"),
            ("RecoveryMessage_Input", str(policy.get("prebootRecoveryMessage") or "")),
            ("RecoveryUrl_Input", str(policy.get("prebootRecoveryUrl") or "")),
        )
        found.append(Item(f"{_ROOT}/SystemDrivesRecoveryMessage", value))
    return found


def _recovery(options: Mapping[str, Any], drive: str) -> str:
    return _admx(
        (f"{drive}AllowDRA_Name", _flag(not options.get("blockDataRecoveryAgent"))),
        (f"{drive}RecoveryPasswordUsageDropDown_Name", _usage(options, "recoveryPasswordUsage")),
        (f"{drive}RecoveryKeyUsageDropDown_Name", _usage(options, "recoveryKeyUsage")),
        (f"{drive}HideRecoveryPage_Name", _flag(bool(options.get("hideRecoveryOptions")))),
        (f"{drive}ActiveDirectoryBackup_Name", _flag(bool(options.get("enableRecoveryInformationSaveToStore")))),
        (
            f"{drive}ActiveDirectoryBackupDropDown_Name",
            _STORE.get(str(options.get("recoveryInformationToStore")), "1"),
        ),
        (
            f"{drive}RequireActiveDirectoryBackup_Name",
            _flag(bool(options.get("enableBitLockerAfterRecoveryInformationToStore"))),
        ),
    )


def _usage(values: Mapping[str, Any], name: str) -> str:
    value = str(values.get(name) or "notConfigured")
    if value not in _USAGE:
        raise BadPolicy(f"'{value}' is not a value of {name}.")
    return _USAGE[value]


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _admx(*data: tuple[str, str]) -> str:
    return "<enabled/>" + "".join(f'<data id="{name}" value="{escape(value)}"/>' for name, value in data)
