"""The provisioning document as typed values: what a device owns after enrollment (04 section 11)."""

from hashlib import sha1
from typing import Final
from urllib.parse import quote

import msgspec

from taxiway.wire.syncml_codes import CONTENT_TYPE

HRESULT_CERTIFICATE_STORE: Final = 0x8018001E
HRESULT_APPLICATION: Final = 0x8018001F
HRESULT_DMCLIENT: Final = 0x80180020


class Certificates(msgspec.Struct, frozen=True, kw_only=True):
    """The chain as DER: root, one intermediate, leaf; the private key stays on the device (04 section 11.1).

    `device_context` puts the leaf into My/System (a device joined to the tenant) and not into My/User.
    """

    root: bytes
    intermediate: bytes
    leaf: bytes
    device_context: bool = True


class Renewal(msgspec.Struct, frozen=True, kw_only=True):
    """My/WSTEP/Renew: days before expiry, days between attempts, where (04 section 11.1)."""

    period_days: int = 42
    retry_days: int = 4
    server_url: str | None = None


class AppAuth(msgspec.Struct, frozen=True, kw_only=True):
    """One APPAUTH: how one side proves itself in SyncML; `nonce` is base64 (04 section 11.2)."""

    secret: str
    nonce: str
    name: str | None = None
    type: str = "DIGEST"


class Application(msgspec.Struct, frozen=True, kw_only=True):
    """The w7 account: the management address and both credentials (04 section 11.2). Times in milliseconds."""

    provider_id: str
    address: str
    name: str
    server: AppAuth
    client: AppAuth
    certificate_criteria: str
    role: str = "32"
    connection_retries: int = 6
    initial_backoff: int = 30_000
    max_backoff: int = 120_000
    default_encoding: str = CONTENT_TYPE


class Poll(msgspec.Struct, frozen=True, kw_only=True):
    """When the device asks for work unasked: three sets of count and minutes, two logon switches (04 section 11.3)."""

    first_retries: int = 5
    first_interval: int = 15
    second_retries: int = 10
    second_interval: int = 60
    remaining_retries: int = 0
    remaining_interval: int = 1440
    on_login: bool = True
    all_users_on_first_login: bool = True

    def problems(self) -> list[str]:
        """Why Windows would not keep to this schedule; empty when it would."""
        counts = (self.first_retries, self.second_retries, self.remaining_retries)
        intervals = (self.first_interval, self.second_interval, self.remaining_interval)
        found = []
        if min(*counts, *intervals) < 0:
            found.append("A count or an interval is negative.")
        if self.first_retries == 0:
            found.append("NumberOfFirstRetries is 0: the schedule would never begin.")
        endless = [count == 0 and interval > 0 for count, interval in zip(counts, intervals, strict=True)]
        if sum(endless) > 1:
            found.append("Two sets of retries would run for ever (count 0 with an interval above 0).")
        return found


class FirstSyncStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The Enrollment Status Page's settings that can travel with enrollment (04 section 11.3, 05 section 10.3).

    None leaves the device's default. `timeout` is in minutes; `block` is the bit field of BlockInStatusPage.
    """

    skip_device_page: bool | None = None
    skip_user_page: bool | None = None
    block: int | None = None
    timeout: int | None = None
    allow_collect_logs: bool | None = None
    custom_error_text: str | None = None


class DmClient(msgspec.Struct, frozen=True, kw_only=True):
    """DMClient/Provider/<id>: the server's id for the device, the user, the schedule, the ESP (04 section 11.3)."""

    provider_id: str
    ent_dm_id: str
    upn: str | None = None
    ent_device_name: str | None = None
    aad_resource_id: str | None = None
    sync_application_version: str | None = None
    poll: Poll | None = None
    first_sync_status: FirstSyncStatus | None = None


class ProvisioningDocument(msgspec.Struct, frozen=True, kw_only=True):
    """The whole document; a renewal's needs the certificates alone (04 section 14.2)."""

    certificates: Certificates
    renewal: Renewal | None = None
    application: Application | None = None
    dm_client: DmClient | None = None


# Node names and datatypes of the optional settings, in the order they are written.
PROVIDER_PARMS: Final = (
    ("ent_dm_id", "EntDMID", "string"),
    ("upn", "UPN", "string"),
    ("ent_device_name", "EntDeviceName", "string"),
    ("aad_resource_id", "AADResourceID", "string"),
    ("sync_application_version", "SyncApplicationVersion", "string"),
)
POLL_PARMS: Final = (
    ("first_retries", "NumberOfFirstRetries", "integer"),
    ("first_interval", "IntervalForFirstSetOfRetries", "integer"),
    ("second_retries", "NumberOfSecondRetries", "integer"),
    ("second_interval", "IntervalForSecondSetOfRetries", "integer"),
    ("remaining_retries", "NumberOfRemainingScheduledRetries", "integer"),
    ("remaining_interval", "IntervalForRemainingScheduledRetries", "integer"),
    ("on_login", "PollOnLogin", "boolean"),
    ("all_users_on_first_login", "AllUsersPollOnFirstLogin", "boolean"),
)
ESP_PARMS: Final = (
    ("skip_device_page", "SkipDeviceStatusPage", "boolean"),
    ("skip_user_page", "SkipUserStatusPage", "boolean"),
    ("block", "BlockInStatusPage", "integer"),
    ("timeout", "TimeOutUntilSyncFailure", "integer"),
    ("allow_collect_logs", "AllowCollectLogsButton", "boolean"),
    ("custom_error_text", "CustomErrorText", "string"),
)


def thumbprint(der: bytes) -> str:
    """The certificate's name in the document: SHA-1 of its DER, upper-case hex (04 section 11.1)."""
    # A name that Windows computes too, not a proof.
    return sha1(der, usedforsecurity=False).hexdigest().upper()


def certificate_criteria(subject: str, *, device_context: bool) -> str:
    """SSLCLIENTCERTSEARCHCRITERIA: the leaf's X.500 subject and its store (04 section 11.2)."""
    return f"Subject={quote(subject, safe='')}&Stores=My%5C{'System' if device_context else 'User'}"
