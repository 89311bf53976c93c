"""Windows Hello for Business as CSP nodes: of a configuration, and of the tenant's default (05 section 10.9, R-122)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from taxiway.management.declare import of
from taxiway.management.errors import BadPolicy
from taxiway.management.model import Item
from taxiway.store import Row

KIND: Final = "windowsIdentityProtectionConfiguration"
PROPS: Final = (
    *of("bool", "use_security_key_for_signin", "enhanced_anti_spoofing_for_facial_features_enabled"),
    *of("int", "pin_minimum_length", "pin_maximum_length", "pin_expiration_in_days", "pin_previous_block_count"),
    *of("string", "pin_uppercase_characters_usage", "pin_lowercase_characters_usage", "pin_special_characters_usage"),
    *of("bool", "pin_recovery_enabled", "security_device_required", "unlock_with_biometrics_enabled"),
    *of("bool", "use_certificates_for_on_premises_auth_enabled", "windows_hello_for_business_blocked"),
)

_ROOT: Final = "./Device/Vendor/MSFT/PassportForWork"
_USAGE: Final = {"allowed": "0", "required": "1", "disallowed": "2", "blocked": "2"}
_LENGTHS: Final = (
    ("MinimumPINLength", "pin_minimum_length"),
    ("MaximumPINLength", "pin_maximum_length"),
    ("Expiration", "pin_expiration_in_days"),
    ("History", "pin_previous_block_count"),
)
_CHARACTERS: Final = (
    ("UppercaseLetters", "pin_uppercase_characters_usage"),
    ("LowercaseLetters", "pin_lowercase_characters_usage"),
    ("SpecialCharacters", "pin_special_characters_usage"),
)


def items(row: Row, tenant: str) -> tuple[Item, ...]:
    """The nodes of an identity protection configuration; what it leaves open is not sent."""
    policies = f"{_ROOT}/{tenant}/Policies"
    blocked = row["windows_hello_for_business_blocked"]
    found = [] if blocked is None else [Item(f"{policies}/UsePassportForWork", _flag(not blocked), "bool")]
    switches = (
        (f"{policies}/RequireSecurityDevice", row["security_device_required"]),
        (f"{policies}/EnablePinRecovery", row["pin_recovery_enabled"]),
        (f"{policies}/UseCertificateForOnPremAuth", row["use_certificates_for_on_premises_auth_enabled"]),
        (f"{_ROOT}/Biometrics/UseBiometrics", row["unlock_with_biometrics_enabled"]),
        (
            f"{_ROOT}/Biometrics/FacialFeaturesUseEnhancedAntiSpoofing",
            row["enhanced_anti_spoofing_for_facial_features_enabled"],
        ),
    )
    found += [Item(uri, _flag(value), "bool") for uri, value in switches if value is not None]
    key = row["use_security_key_for_signin"]
    found += [] if key is None else [Item(f"{_ROOT}/SecurityKey/UseSecurityKeyForSignin", str(int(key)), "int")]
    return (*found, *_complexity(policies, row))


def tenant_items(row: Row, tenant: str) -> tuple[Item, ...]:
    """The nodes of the tenant-wide enrollment configuration; none while it says "not configured" (02 section 4.4)."""
    if row["state"] not in {"enabled", "disabled"}:
        return ()
    policies = f"{_ROOT}/{tenant}/Policies"
    use = Item(f"{policies}/UsePassportForWork", _flag(row["state"] == "enabled"), "bool")
    if row["state"] == "disabled":
        return (use,)
    return (
        use,
        Item(f"{policies}/RequireSecurityDevice", _flag(bool(row["security_device_required"])), "bool"),
        Item(f"{policies}/Remote/UseRemotePassport", _flag(bool(row["remote_passport_enabled"])), "bool"),
        Item(f"{_ROOT}/Biometrics/UseBiometrics", _flag(bool(row["unlock_with_biometrics_enabled"])), "bool"),
        *_complexity(policies, row),
    )


def _complexity(policies: str, row: Mapping[str, Any]) -> tuple[Item, ...]:
    found = [
        Item(f"{policies}/PINComplexity/{node}", str(int(row[name])), "int")
        for node, name in _LENGTHS
        if row[name] is not None
    ]
    for node, name in _CHARACTERS:
        usage = row[name]
        if usage is None:
            continue
        if usage not in _USAGE:
            raise BadPolicy(f"'{usage}' is not allowed, required or blocked.")
        found.append(Item(f"{policies}/PINComplexity/{node}", _USAGE[usage], "int"))
    return tuple(found)


def _flag(value: bool) -> str:
    return "true" if value else "false"
