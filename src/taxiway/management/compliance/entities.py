"""Compliance policies, declared once (02 section 9.3). Complex values are kept in Graph's own shape."""

from __future__ import annotations

from typing import Final

from taxiway.management.declare import FINDINGS, OPAQUE, base, names, of
from taxiway.store import Entity, Prop

WINDOWS_COMPLIANCE: Final = "windows10CompliancePolicy"

_COMPLIANCE = [
    *of("bool", "password_required", "password_block_simple", "password_required_to_unlock_from_idle"),
    *of("int", "password_minutes_of_inactivity_before_lock", "password_expiration_days", "password_minimum_length"),
    *of("int", "password_minimum_character_set_count", "password_previous_password_block_count"),
    Prop("password_required_type", default="deviceDefault"),
    *of("bool", "require_healthy_device_report", "early_launch_anti_malware_driver_enabled"),
    *of("string", "os_minimum_version", "os_maximum_version", "mobile_os_minimum_version"),
    *of("string", "mobile_os_maximum_version", "defender_version"),
    *of("bool", "bit_locker_enabled", "secure_boot_enabled", "code_integrity_enabled", "storage_require_encryption"),
    *of("bool", "memory_integrity_enabled", "kernel_dma_protection_enabled", "firmware_protection_enabled"),
    *of("bool", "virtualization_based_security_enabled", "active_firewall_required", "defender_enabled"),
    *of("bool", "signature_out_of_date", "rtp_enabled", "antivirus_required", "anti_spyware_required"),
    *of("bool", "device_threat_protection_enabled", "configuration_manager_compliance_required", "tpm_required"),
    Prop("device_threat_protection_required_security_level", default="unavailable"),
    *of("json", "device_compliance_policy_script"),
    Prop("valid_operating_system_build_ranges", "json", default=[]),
    Prop("wsl_distributions", "json", default=[]),
]

COMPLIANCE_POLICY = Entity(
    "compliance_policy",
    [*base(), Prop("scheduled_actions_for_rule", "json", default=[]), FINDINGS, OPAQUE, *_COMPLIANCE],
)

#: Per kind of compliance policy: its properties beside the base's.
COMPLIANCE_KINDS: Final[dict[str, frozenset[str]]] = {WINDOWS_COMPLIANCE: names(_COMPLIANCE)}
