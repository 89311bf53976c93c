"""The profile a registered device downloads, and its form as a file (06 sections 3.5 to 3.10).

`GET PROFILE_PATH` with the device ticket in the header `TOKEN_HEADER` answers an `AutopilotProfile` as JSON or,
with a 4xx status, the `ZtdError` of `taxiway.wire.ztd`.
"""

from __future__ import annotations

import json
from enum import IntFlag

import msgspec
from msgspec import Struct, field

from taxiway.wire.json_body import BadJson, decode_json

PROFILE_PATH = "/ztd/device/AutopilotDeviceBootstrapPolicies"
TOKEN_HEADER = "x-device-token"  # noqa: S105 - the name of a header
MDM_ID = "9cb77803-d937-493e-9a3b-4b49de3f5a74"
UPDATE_TIMEOUT_MS = 1800000
OFFLINE_PATH = r"%windir%\Provisioning\Autopilot\AutopilotConfigurationFile.json"

_OFFLINE_VERSION = 2049


class OobeConfig(IntFlag):
    """The bits of `CloudAssignedOobeConfig` (06 section 3.8)."""

    SKIP_CORTANA_OPT_IN = 1
    STANDARD_USER = 2
    SKIP_PRIVACY = 4
    SKIP_OEM_REGISTRATION = 8
    SKIP_EULA = 16
    TPM_ATTESTATION_REQUIRED = 32
    DEVICE_TICKET = 64
    SERVER_TPM_REQUIRED = 128
    SKIP_WINDOWS_UPGRADE = 256
    ENABLE_PATCH_DOWNLOAD = 512
    SKIP_KEYBOARD = 1024

    @classmethod
    def compose(
        cls, *, standard_user: bool, hide_privacy: bool, hide_eula: bool, skip_keyboard: bool, shared: bool = False
    ) -> OobeConfig:
        """Translate the switches of a deployment profile as the common converter does."""
        bits = cls.SKIP_OEM_REGISTRATION | cls.SKIP_WINDOWS_UPGRADE
        switches = {
            cls.STANDARD_USER: standard_user,
            cls.SKIP_PRIVACY: hide_privacy,
            cls.SKIP_EULA: hide_eula,
            cls.SKIP_KEYBOARD: skip_keyboard,
            cls.TPM_ATTESTATION_REQUIRED | cls.DEVICE_TICKET: shared,
        }
        for bit, wanted in switches.items():
            bits |= bit if wanted else cls(0)
        return bits


class AutopilotProfile(Struct, frozen=True, kw_only=True, rename="pascal", omit_defaults=True):
    """Every known field of the profile (06 section 3.7); what is None is absent on the wire."""

    cloud_assigned_tenant_id: str
    cloud_assigned_tenant_domain: str
    cloud_assigned_oobe_config: int
    version: int | None = None
    comment_file: str | None = field(default=None, name="Comment_File")
    cloud_assigned_tenant_upn: str | None = None
    cloud_assigned_domain_join_method: int | None = None
    cloud_assigned_forced_enrollment: int | None = None
    cloud_assigned_aad_server_data: str | None = None
    cloud_assigned_device_name: str | None = None
    cloud_assigned_language: str | None = None
    cloud_assigned_region: str | None = None
    cloud_assigned_autopilot_update_disabled: int | None = None
    cloud_assigned_autopilot_update_timeout: int | None = None
    cloud_assigned_privacy_diagnostics: int | None = None
    cloud_assigned_mdm_id: str | None = None
    hybrid_join_skip_dc_connectivity_check: int | None = field(default=None, name="HybridJoinSkipDCConnectivityCheck")
    ztd_correlation_id: str | None = None
    autopilot_service_correlation_id: str | None = None
    ztd_registration_id: str | None = None
    aad_device_id: str | None = None
    deployment_profile_name: str | None = None
    is_explicit_profile_assignment: bool | None = None
    autopilot_mode: int | None = None
    policy_download_date: str | None = None

    @property
    def oobe(self) -> OobeConfig:
        """The switches as bits."""
        return OobeConfig(self.cloud_assigned_oobe_config)


class ZeroTouchConfig(Struct, frozen=True, kw_only=True, rename="pascal"):
    """What OOBE tells the sign-in page (06 section 3.9); the defaults are those of an unregistered device."""

    cloud_assigned_tenant_upn: str = ""
    forced_enrollment: int = 0
    cloud_assigned_tenant_domain: str = ""


class _AadServerData(Struct, rename="pascal"):
    zero_touch_config: ZeroTouchConfig


def parse_profile(data: bytes) -> AutopilotProfile:
    """Read the profile JSON; raises `BadJson`."""
    return decode_json(data, AutopilotProfile)


def render_profile(profile: AutopilotProfile) -> bytes:
    """Write the profile JSON."""
    return msgspec.json.encode(profile)


def aad_server_data(config: ZeroTouchConfig) -> str:
    """Write `CloudAssignedAadServerData`: a JSON object as a string."""
    return msgspec.json.encode(_AadServerData(config)).decode()


def parse_aad_server_data(text: str) -> ZeroTouchConfig:
    """Read `CloudAssignedAadServerData`; raises `BadJson`."""
    return decode_json(text.encode("utf-8", "replace"), _AadServerData).zero_touch_config


def render_offline(profile: AutopilotProfile, *, profile_id: str, name: str) -> bytes:
    """Write the offline file: ASCII, user-driven only, without what only the service knows (06 section 3.10)."""
    if profile.oobe & (OobeConfig.TPM_ATTESTATION_REQUIRED | OobeConfig.DEVICE_TICKET):
        raise BadJson("an offline file cannot deploy without a user")
    config = ZeroTouchConfig(
        cloud_assigned_tenant_upn=profile.cloud_assigned_tenant_upn or "",
        forced_enrollment=profile.cloud_assigned_forced_enrollment or 0,
        cloud_assigned_tenant_domain=profile.cloud_assigned_tenant_domain,
    )
    keyboard = bool(profile.oobe & OobeConfig.SKIP_KEYBOARD)
    offline = AutopilotProfile(
        version=_OFFLINE_VERSION,
        comment_file=f"Profile {name}",
        ztd_correlation_id=profile_id,
        cloud_assigned_tenant_id=profile.cloud_assigned_tenant_id,
        cloud_assigned_tenant_domain=profile.cloud_assigned_tenant_domain,
        cloud_assigned_oobe_config=profile.cloud_assigned_oobe_config,
        cloud_assigned_domain_join_method=profile.cloud_assigned_domain_join_method or 0,
        cloud_assigned_forced_enrollment=config.forced_enrollment,
        cloud_assigned_aad_server_data=aad_server_data(config),
        cloud_assigned_device_name=profile.cloud_assigned_device_name,
        cloud_assigned_language=profile.cloud_assigned_language if keyboard else None,
        cloud_assigned_region=profile.cloud_assigned_region if keyboard else None,
        cloud_assigned_autopilot_update_disabled=1,
        cloud_assigned_autopilot_update_timeout=UPDATE_TIMEOUT_MS,
        hybrid_join_skip_dc_connectivity_check=profile.hybrid_join_skip_dc_connectivity_check,
    )
    return json.dumps(msgspec.to_builtins(offline), indent=1).encode("ascii")


def parse_offline(data: bytes) -> AutopilotProfile:
    """Read an offline file; Windows reads ASCII alone, so a byte order mark or UTF-16 is refused."""
    if not data.isascii() or b"\0" in data:
        raise BadJson("the offline file is not plain ASCII")
    return decode_json(data, AutopilotProfile)
