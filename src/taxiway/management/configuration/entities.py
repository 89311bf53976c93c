"""Configurations, declared once (02 section 9.1). Complex values are kept in Graph's own shape."""

from __future__ import annotations

from typing import Final

from taxiway.management.declare import base, names, of
from taxiway.store import Entity, Prop

CUSTOM: Final = "windows10CustomConfiguration"
ENDPOINT_PROTECTION: Final = "windows10EndpointProtectionConfiguration"
WIFI: Final = "windowsWifiConfiguration"
IDENTITY: Final = "windowsIdentityProtectionConfiguration"
TRUSTED_ROOT: Final = "windows81TrustedRootCertificate"

_CUSTOM = [Prop("oma_settings", "json", default=[])]
_ENDPOINT = [
    *of("bool", "bit_locker_encrypt_device", "bit_locker_disable_warning_for_other_disk_encryption"),
    *of("bool", "bit_locker_allow_standard_user_encryption", "bit_locker_enable_storage_card_encryption_on_mobile"),
    Prop("bit_locker_recovery_password_rotation", default="notConfigured"),
    *of("json", "bit_locker_system_drive_policy", "bit_locker_fixed_drive_policy", "bit_locker_removable_drive_policy"),
]
_WIFI = [
    *of("string", "ssid", "network_name"),
    *of("bool", "connect_automatically", "connect_when_network_name_is_hidden", "connect_to_preferred_network"),
    Prop("force_fips_compliance", "bool", graph="forceFIPSCompliance"),
    Prop("metered_connection_limit", default="unrestricted"),
    Prop("wifi_security_type", default="open"),
    Prop("pre_shared_key", secret=True),
    Prop("proxy_setting", default="none"),
    *of("string", "proxy_manual_address", "proxy_automatic_configuration_url"),
    Prop("proxy_manual_port", "int"),
]
_IDENTITY = [
    *of("bool", "use_security_key_for_signin", "enhanced_anti_spoofing_for_facial_features_enabled"),
    *of("int", "pin_minimum_length", "pin_maximum_length", "pin_expiration_in_days", "pin_previous_block_count"),
    *of("string", "pin_uppercase_characters_usage", "pin_lowercase_characters_usage", "pin_special_characters_usage"),
    *of("bool", "pin_recovery_enabled", "security_device_required", "unlock_with_biometrics_enabled"),
    *of("bool", "use_certificates_for_on_prem_auth_enabled", "windows_hello_for_business_blocked"),
]
_ROOT = [
    *of("string", "trusted_root_certificate", "cert_file_name"),
    Prop("destination_store", default="computerCertStoreRoot"),
]

DEVICE_CONFIGURATION = Entity(
    "device_configuration",
    [
        *base(),
        Prop("supports_scope_tags", "bool", default=True),
        Prop("device_management_applicability_rule_os_edition", "json"),
        Prop("device_management_applicability_rule_os_version", "json"),
        Prop("device_management_applicability_rule_device_mode", "json"),
        *_CUSTOM,
        *_ENDPOINT,
        *_WIFI,
        *_IDENTITY,
        *_ROOT,
    ],
)

#: Per kind of configuration: its properties beside the base's.
CONFIGURATION_KINDS: Final[dict[str, frozenset[str]]] = {
    CUSTOM: names(_CUSTOM),
    ENDPOINT_PROTECTION: names(_ENDPOINT),
    WIFI: names(_WIFI),
    IDENTITY: names(_IDENTITY),
    TRUSTED_ROOT: names(_ROOT),
}
