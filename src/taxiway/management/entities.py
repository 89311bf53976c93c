"""Apps, configurations, compliance policies and deployments, each declared once (02 sections 3.7, 8, 9.1 and 9.3).

Complex values are kept in Graph's own shape inside their JSON property.
"""

from __future__ import annotations

from typing import Final

from taxiway.store import Entity, Prop
from taxiway.store.entity import Kind

MSI: Final = "windowsMobileMSI"
CUSTOM: Final = "windows10CustomConfiguration"
ENDPOINT_PROTECTION: Final = "windows10EndpointProtectionConfiguration"
WIFI: Final = "windowsWifiConfiguration"
IDENTITY: Final = "windowsIdentityProtectionConfiguration"
TRUSTED_ROOT: Final = "windows81TrustedRootCertificate"
WINDOWS_COMPLIANCE: Final = "windows10CompliancePolicy"


def _of(kind: Kind, *names: str) -> list[Prop]:
    """Plain document properties of one type."""
    return [Prop(name, kind, default=[] if kind == "strings" else None) for name in names]


def _moment(name: str, graph: str) -> Prop:
    """A point in time that lists are filtered and sorted by."""
    return Prop(name, "datetime", graph=graph, column=True, filterable=True, sortable=True)


def _names(props: list[Prop]) -> frozenset[str]:
    return frozenset(prop.name for prop in props)


def _base() -> list[Prop]:
    """What all three collections share."""
    return [
        Prop("kind", graph="@odata.type", nullable=False, column=True, filterable=True),
        Prop("display_name", column=True, filterable=True, sortable=True, fold=True),
        Prop("description", default=""),
        _moment("created_at", "createdDateTime"),
        _moment("last_modified_at", "lastModifiedDateTime"),
        Prop("role_scope_tag_ids", "strings", default=["0"]),
    ]


# ------------------------------------------------------------------------------------------------ apps

_LOB = [
    Prop("committed_content_version"),
    Prop("file_name"),
    Prop("size", "int", default=0),
]
_MSI = [
    *_of("string", "command_line", "product_code", "product_version", "identity_version"),
    Prop("ignore_version_detection", "bool", default=False),
    Prop("use_device_context", "bool"),
]

MOBILE_APP = Entity(
    "mobile_app",
    [
        *_base(),
        Prop("publisher", default="", column=True, filterable=True, sortable=True, fold=True),
        Prop("large_icon", "json"),
        Prop("is_featured", "bool", default=False),
        *_of("string", "privacy_information_url", "information_url", "owner", "developer", "notes"),
        Prop("upload_state", "int", default=0),
        Prop("publishing_state", default="notPublished", column=True, filterable=True),
        Prop("is_assigned", "bool", default=False, column=True, filterable=True),
        Prop("dependent_app_count", "int", default=0),
        Prop("superseding_app_count", "int", default=0),
        Prop("superseded_app_count", "int", default=0),
        *_LOB,
        *_MSI,
        Prop("content_sha256", graph="taxiwayContentSha256"),
    ],
)

#: Per kind of app: its properties beside the base's.
APP_KINDS: Final[dict[str, frozenset[str]]] = {MSI: _names(_LOB) | _names(_MSI)}

# -------------------------------------------------------------------------------------- configurations

_CUSTOM = [Prop("oma_settings", "json", default=[])]
_ENDPOINT = [
    *_of("bool", "bit_locker_encrypt_device", "bit_locker_disable_warning_for_other_disk_encryption"),
    *_of("bool", "bit_locker_allow_standard_user_encryption", "bit_locker_enable_storage_card_encryption_on_mobile"),
    Prop("bit_locker_recovery_password_rotation", default="notConfigured"),
    *_of(
        "json", "bit_locker_system_drive_policy", "bit_locker_fixed_drive_policy", "bit_locker_removable_drive_policy"
    ),
]
_WIFI = [
    *_of("string", "ssid", "network_name"),
    *_of("bool", "connect_automatically", "connect_when_network_name_is_hidden", "connect_to_preferred_network"),
    Prop("force_fips_compliance", "bool", graph="forceFIPSCompliance"),
    Prop("metered_connection_limit", default="unrestricted"),
    Prop("wifi_security_type", default="open"),
    Prop("pre_shared_key", secret=True),
    Prop("proxy_setting", default="none"),
    *_of("string", "proxy_manual_address", "proxy_automatic_configuration_url"),
    Prop("proxy_manual_port", "int"),
]
_IDENTITY = [
    *_of("bool", "use_security_key_for_signin", "enhanced_anti_spoofing_for_facial_features_enabled"),
    *_of("int", "pin_minimum_length", "pin_maximum_length", "pin_expiration_in_days", "pin_previous_block_count"),
    *_of("string", "pin_uppercase_characters_usage", "pin_lowercase_characters_usage", "pin_special_characters_usage"),
    *_of("bool", "pin_recovery_enabled", "security_device_required", "unlock_with_biometrics_enabled"),
    *_of("bool", "use_certificates_for_on_prem_auth_enabled", "windows_hello_for_business_blocked"),
]
_ROOT = [
    *_of("string", "trusted_root_certificate", "cert_file_name"),
    Prop("destination_store", default="computerCertStoreRoot"),
]

DEVICE_CONFIGURATION = Entity(
    "device_configuration",
    [
        *_base(),
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
    CUSTOM: _names(_CUSTOM),
    ENDPOINT_PROTECTION: _names(_ENDPOINT),
    WIFI: _names(_WIFI),
    IDENTITY: _names(_IDENTITY),
    TRUSTED_ROOT: _names(_ROOT),
}

# ------------------------------------------------------------------------------------------ compliance

_COMPLIANCE = [
    *_of("bool", "password_required", "password_block_simple", "password_required_to_unlock_from_idle"),
    *_of("int", "password_minutes_of_inactivity_before_lock", "password_expiration_days", "password_minimum_length"),
    *_of("int", "password_minimum_character_set_count", "password_previous_password_block_count"),
    Prop("password_required_type", default="deviceDefault"),
    *_of("bool", "require_healthy_device_report", "early_launch_anti_malware_driver_enabled"),
    *_of("string", "os_minimum_version", "os_maximum_version", "mobile_os_minimum_version"),
    *_of("string", "mobile_os_maximum_version", "defender_version"),
    *_of("bool", "bit_locker_enabled", "secure_boot_enabled", "code_integrity_enabled", "storage_require_encryption"),
    *_of("bool", "memory_integrity_enabled", "kernel_dma_protection_enabled", "firmware_protection_enabled"),
    *_of("bool", "virtualization_based_security_enabled", "active_firewall_required", "defender_enabled"),
    *_of("bool", "signature_out_of_date", "rtp_enabled", "antivirus_required", "anti_spyware_required"),
    *_of("bool", "device_threat_protection_enabled", "configuration_manager_compliance_required", "tpm_required"),
    Prop("device_threat_protection_required_security_level", default="unavailable"),
    *_of("json", "device_compliance_policy_script"),
    Prop("valid_operating_system_build_ranges", "json", default=[]),
    Prop("wsl_distributions", "json", default=[]),
]

COMPLIANCE_POLICY = Entity(
    "compliance_policy",
    [*_base(), Prop("scheduled_actions_for_rule", "json", default=[]), *_COMPLIANCE],
)

# ----------------------------------------------------------------------------------------- deployments

#: One enrollment's way to its desktop, as ``autopilotEvents`` shows it (02 section 3.7); it outlives the device.
DEPLOYMENT = Entity(
    "deployment",
    [
        Prop("device_id", column=True, filterable=True),
        Prop("user_id", column=True, filterable=True),
        Prop("user_principal_name", column=True, filterable=True, sortable=True, fold=True),
        Prop("device_serial_number", column=True, filterable=True, sortable=True, fold=True),
        Prop("managed_device_name"),
        Prop("os_version"),
        _moment("event_at", "eventDateTime"),
        Prop("device_registered_at", "datetime", graph="deviceRegisteredDateTime"),
        Prop("enrollment_started_at", "datetime", graph="enrollmentStartDateTime"),
        Prop("enrollment_type", default="azureADJoinedWithAutopilotProfile"),
        Prop("enrollment_state", default="enrolled"),
        Prop("windows_autopilot_deployment_profile_display_name"),
        Prop("windows10_enrollment_completion_page_configuration_display_name"),
        Prop("windows10_enrollment_completion_page_configuration_id"),
        Prop("deployment_state", default="inProgress", column=True, filterable=True, sortable=True),
        Prop("device_setup_status", default="inProgress"),
        Prop("account_setup_status", default="notAttempted"),
        _moment("deployment_started_at", "deploymentStartDateTime"),
        _moment("deployment_ended_at", "deploymentEndDateTime"),
        Prop("device_setup_duration", default="PT0S"),
        Prop("account_setup_duration", default="PT0S"),
        Prop("deployment_duration", default="PT0S"),
        Prop("deployment_total_duration", default="PT0S"),
        Prop("enrollment_failure_details"),
    ],
)

#: Per kind of compliance policy: its properties beside the base's.
COMPLIANCE_KINDS: Final[dict[str, frozenset[str]]] = {WINDOWS_COMPLIANCE: _names(_COMPLIANCE)}
