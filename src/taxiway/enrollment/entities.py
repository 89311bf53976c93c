"""Enrollment configurations and managed devices, each declared once (02 sections 4 and 7)."""

from __future__ import annotations

from typing import Final

from taxiway.store import Entity, Prop

ESP: Final = "windows10EnrollmentCompletionPageConfiguration"
DEFAULT_ESP: Final = "defaultWindows10EnrollmentCompletionPageConfiguration"
LIMIT: Final = "limit"
DEFAULT_LIMIT: Final = "defaultLimit"
RESTRICTION: Final = "singlePlatformRestriction"
DEFAULT_RESTRICTIONS: Final = "defaultPlatformRestrictions"
HELLO: Final = "windowsHelloForBusiness"
DEFAULT_HELLO: Final = "defaultWindowsHelloForBusiness"

#: The category of a device that is in none.
UNCATEGORIZED: Final = "Unknown"

_ESP_PROPS = (
    Prop("show_installation_progress", "bool", default=True),
    Prop("block_device_setup_retry_by_user", "bool", default=False),
    Prop("allow_device_reset_on_install_failure", "bool", default=False),
    Prop("allow_log_collection_on_install_failure", "bool", default=False),
    Prop("custom_error_message", default=""),
    Prop("install_progress_timeout_in_minutes", "int", default=60),
    Prop("allow_device_use_on_install_failure", "bool", default=False),
    Prop("selected_mobile_app_ids", "strings", default=[]),
    Prop("allow_non_blocking_app_installation", "bool", default=False),
    Prop("install_quality_updates", "bool", default=False),
    Prop("track_install_progress_for_autopilot_only", "bool", default=False),
    Prop("disable_user_status_tracking_after_first_user", "bool", default=False),
)
_LIMIT_PROPS = (Prop("limit", "int", default=15),)
_RESTRICTION_PROPS = (Prop("platform_restriction", "json"), Prop("platform_type", default="windows"))
_RESTRICTIONS_PROPS = (
    Prop("ios_restriction", "json"),
    Prop("windows_restriction", "json"),
    Prop("windows_mobile_restriction", "json"),
    Prop("android_restriction", "json"),
    Prop("mac_os_restriction", "json", graph="macOSRestriction"),
    Prop("android_for_work_restriction", "json"),
    Prop("mac_restriction", "json"),
    Prop("tvos_restriction", "json"),
    Prop("vision_os_restriction", "json", graph="visionOSRestriction"),
    Prop("windows_home_sku_restriction", "json"),
)
_HELLO_PROPS = (
    Prop("state", default="notConfigured"),
    Prop("pin_minimum_length", "int", default=6),
    Prop("pin_maximum_length", "int", default=127),
    Prop("pin_expiration_in_days", "int", default=0),
    Prop("pin_previous_block_count", "int", default=0),
    Prop("pin_uppercase_characters_usage", default="allowed"),
    Prop("pin_lowercase_characters_usage", default="allowed"),
    Prop("pin_special_characters_usage", default="allowed"),
    Prop("security_device_required", "bool", default=False),
    Prop("unlock_with_biometrics_enabled", "bool", default=True),
    Prop("remote_passport_enabled", "bool", default=True),
    Prop("enhanced_biometrics_state", default="notConfigured"),
    Prop("security_key_for_sign_in", default="notConfigured"),
    Prop("enhanced_sign_in_security", "int", default=0),
)


def _names(*props: Prop) -> frozenset[str]:
    return frozenset(prop.name for prop in props)


_ESP_TYPE = "#microsoft.graph.windows10EnrollmentCompletionPageConfiguration"
_HELLO_TYPE = "#microsoft.graph.deviceEnrollmentWindowsHelloForBusinessConfiguration"
_LIMIT_TYPE = "#microsoft.graph.deviceEnrollmentLimitConfiguration"

#: What each kind is called at Graph, and which properties it has beside the base's (02 sections 4.3 and 4.4).
ENROLLMENT_KINDS: Final[dict[str, tuple[str, frozenset[str]]]] = {
    ESP: (_ESP_TYPE, _names(*_ESP_PROPS)),
    DEFAULT_ESP: (_ESP_TYPE, _names(*_ESP_PROPS)),
    LIMIT: (_LIMIT_TYPE, _names(*_LIMIT_PROPS)),
    DEFAULT_LIMIT: (_LIMIT_TYPE, _names(*_LIMIT_PROPS)),
    RESTRICTION: (
        "#microsoft.graph.deviceEnrollmentPlatformRestrictionConfiguration",
        _names(*_RESTRICTION_PROPS),
    ),
    DEFAULT_RESTRICTIONS: (
        "#microsoft.graph.deviceEnrollmentPlatformRestrictionsConfiguration",
        _names(*_RESTRICTIONS_PROPS),
    ),
    HELLO: (_HELLO_TYPE, _names(*_HELLO_PROPS)),
    DEFAULT_HELLO: (_HELLO_TYPE, _names(*_HELLO_PROPS)),
}

#: Types that are kept and decide nothing: what ``deviceEnrollmentConfigurationType`` calls them.
KEPT_KINDS: Final[dict[str, str]] = {
    "deviceComanagementAuthorityConfiguration": "deviceComanagementAuthorityConfiguration",
    "deviceEnrollmentNotificationConfiguration": "enrollmentNotificationsConfiguration",
    "deviceEnrollmentPlatformRestrictionsConfiguration": "platformRestrictions",
    "windowsRestoreDeviceEnrollmentConfiguration": "windowsRestore",
}
#: What a custom configuration can be made of, among the kinds that have properties of their own here. Nothing reads a
#: custom one for Windows Hello: the tenant's holds for everybody.
CUSTOM_KINDS: Final = (ESP, LIMIT, RESTRICTION, HELLO)

ENROLLMENT_CONFIGURATION = Entity(
    "enrollment_configuration",
    [
        Prop("kind", graph="deviceEnrollmentConfigurationType", nullable=False, column=True, filterable=True),
        Prop("display_name", column=True, filterable=True, sortable=True, fold=True),
        Prop("description", default=""),
        Prop("priority", "int", nullable=False, default=0, column=True, filterable=True, sortable=True),
        Prop("created_at", "datetime", graph="createdDateTime"),
        Prop("last_modified_at", "datetime", graph="lastModifiedDateTime"),
        Prop("role_scope_tag_ids", "strings", default=["0"]),
        # What one of a type that nothing here acts on says beside the base, in Graph's own shape.
        Prop("opaque", "json", graph="taxiwayOpaque"),
        *_ESP_PROPS,
        *_LIMIT_PROPS,
        *_RESTRICTION_PROPS,
        *_RESTRICTIONS_PROPS,
        *_HELLO_PROPS,
    ],
)

MANAGED_DEVICE = Entity(
    "managed_device",
    [
        Prop("user_id", column=True, filterable=True, index=True),
        Prop("device_name", column=True, filterable=True, sortable=True, fold=True),
        Prop("managed_device_name"),
        Prop("ownership", graph="managedDeviceOwnerType", default="company", column=True, filterable=True),
        Prop("owner_type", default="company"),
        Prop("enrolled_at", "datetime", graph="enrolledDateTime", column=True, filterable=True, sortable=True),
        Prop("last_sync_at", "datetime", graph="lastSyncDateTime", column=True, filterable=True, sortable=True),
        Prop("operating_system", default="Windows", column=True, filterable=True),
        Prop("compliance_state", default="unknown", column=True, filterable=True),
        Prop("jail_broken", default="Unknown"),
        Prop("management_agent", default="mdm", column=True, filterable=True),
        Prop("os_version", column=True, filterable=True),
        Prop("eas_activated", "bool", default=False),
        Prop("eas_device_id", default=""),
        Prop("eas_activated_at", "datetime", graph="easActivationDateTime"),
        Prop("azure_ad_registered", "bool", graph="azureADRegistered", default=True),
        Prop("aad_registered", "bool", default=True),
        Prop("device_enrollment_type", default="windowsAzureADJoin", column=True, filterable=True),
        Prop("activation_lock_bypass_code"),
        Prop("email_address", default=""),
        Prop("azure_ad_device_id", graph="azureADDeviceId", column=True, filterable=True, index=True, fold=True),
        Prop("azure_active_directory_device_id"),
        Prop("device_registration_state", default="registered"),
        Prop("device_category_display_name", default=UNCATEGORIZED, column=True, filterable=True),
        Prop("is_supervised", "bool", default=False),
        Prop("exchange_last_successful_sync_date_time", "datetime"),
        Prop("exchange_access_state", default="none"),
        Prop("exchange_access_state_reason", default="none"),
        Prop("remote_assistance_session_url"),
        Prop("remote_assistance_session_error_details"),
        Prop("is_encrypted", "bool", default=False, column=True, filterable=True),
        Prop("upn", graph="userPrincipalName", column=True, filterable=True, fold=True),
        Prop("model", column=True, filterable=True),
        Prop("manufacturer", column=True, filterable=True),
        Prop("imei", default=""),
        Prop("compliance_grace_period_expires_at", "datetime", graph="complianceGracePeriodExpirationDateTime"),
        Prop("serial_number", column=True, filterable=True, index=True, fold=True),
        Prop("phone_number", default=""),
        Prop("android_security_patch_level", default=""),
        Prop("user_display_name"),
        Prop("configuration_manager_client_enabled_features", "json"),
        Prop("wifi_mac_address", graph="wiFiMacAddress", default=""),
        Prop("device_health_attestation_state", "json"),
        Prop("subscriber_carrier", default=""),
        Prop("meid", default=""),
        Prop("total_storage_space_in_bytes", "int", default=0),
        Prop("free_storage_space_in_bytes", "int", default=0),
        Prop("partner_reported_threat_state", default="unknown"),
        Prop("require_user_enrollment_approval", "bool"),
        Prop("management_certificate_expires_at", "datetime", graph="managementCertificateExpirationDate"),
        Prop("iccid", default=""),
        Prop("udid", default=""),
        Prop("notes"),
        Prop("ethernet_mac_address"),
        Prop("physical_memory_in_bytes", "int", default=0),
        Prop("enrollment_profile_name", column=True, filterable=True),
        Prop("management_state", default="managed", column=True, filterable=True),
        Prop("device_action_results", "json", default=[]),
        Prop("autopilot_enrolled", "bool", default=False, column=True, filterable=True),
        Prop("join_type", default="azureADJoined"),
        Prop("enrolled_by_upn", graph="enrolledByUserPrincipalName"),
        Prop("users_logged_on", "json", default=[]),
        Prop("chassis_type", default="unknown"),
        Prop("device_type", default="desktop"),
        Prop("sku_family"),
        Prop("sku_number", "int", default=0),
        Prop("processor_architecture", default="unknown"),
        Prop("specification_version"),
        Prop("hardware_information", "json"),
        Prop("management_features", default="none"),
        Prop("role_scope_tag_ids", "strings", default=["0"]),
        Prop("prefer_mdm_over_group_policy_applied_date_time", "datetime"),
        Prop("retire_after_date_time", "datetime"),
        Prop("device_firmware_configuration_interface_managed", "bool", default=False),
        Prop("bootstrap_token_escrowed", "bool", default=False),
        Prop("windows_active_malware_count", "int", default=0),
        Prop("windows_remediated_malware_count", "int", default=0),
        Prop("cloud_pc_remote_action_results", "json", default=[]),
        Prop("chrome_os_device_info", "json", default=[], graph="chromeOSDeviceInfo"),
        Prop("configuration_manager_client_health_state", "json"),
        Prop("configuration_manager_client_information", "json"),
        Prop("device_health_script_states", "json", default=[]),
        Prop("lost_mode_state", default="disabled"),
        Prop("security_patch_level", default=""),
    ],
)

#: Kept apart from what Graph shows: the links, the frozen ESP settings and the answer a repeated request gets again.
ENROLLMENT = Entity(
    "enrollment",
    [
        Prop("key_hash", column=True, unique=True),
        Prop("entra_id", column=True, index=True),
        Prop("ztdid", column=True, index=True),
        Prop("thumbprint"),
        Prop("former_keys", "strings", default=[]),
        Prop("former_thumbprint"),
        Prop("renewed_at", "datetime"),
        Prop("recovered", "bool", default=False),
        Prop("device_context", "bool", default=True),
        Prop("retire_issued_at", "datetime"),
        Prop("retire_command"),
        Prop("esp", "json"),
        Prop("context", "json", default=[]),
        Prop("client_device_id"),
        Prop("compliance_override"),
        Prop("document", secret=True),
        Prop("account", secret=True),
    ],
)

#: Corporate device identifiers; ``key``: the type and the identifier, as two spellings of it are compared.
DEVICE_IDENTIFIER = Entity(
    "imported_device_identity",
    [
        Prop("key", column=True, unique=True),
        Prop("imported_device_identifier", column=True, filterable=True, sortable=True, fold=True),
        Prop("imported_device_identity_type", column=True, filterable=True),
        Prop("last_modified_at", "datetime", graph="lastModifiedDateTime"),
        Prop("created_at", "datetime", graph="createdDateTime", column=True, filterable=True, sortable=True),
        Prop("last_contacted_at", "datetime", graph="lastContactedDateTime"),
        Prop("description", default=""),
        Prop("enrollment_state", column=True, filterable=True, default="notContacted"),
        Prop("platform", column=True, filterable=True, default="unknown"),
    ],
)

DEVICE_CATEGORY = Entity(
    "device_category",
    [
        Prop("display_name", column=True, filterable=True, sortable=True),
        Prop("description", default=""),
        Prop("role_scope_tag_ids", "strings", default=["0"]),
    ],
)
