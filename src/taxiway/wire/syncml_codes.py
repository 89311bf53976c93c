"""The numbers and names of SyncML: status codes, alert codes, alert types (05 sections 5 and 6.4)."""

from enum import IntEnum
from typing import Final


class Code(IntEnum):
    """A Status code, as Windows uses it (05 section 6.4)."""

    OK = 200
    ACCEPTED = 202
    AUTHENTICATED = 212
    CHUNK_ACCEPTED = 213
    CANCELLED = 214
    NOT_EXECUTED = 215
    ROLLED_BACK = 216
    BAD_REQUEST = 400
    UNAUTHORIZED = 401
    FORBIDDEN = 403
    NOT_FOUND = 404
    NOT_ALLOWED = 405
    NOT_SUPPORTED = 406
    CREDENTIALS_REQUIRED = 407
    INCOMPLETE = 412
    TOO_LARGE = 413
    URI_TOO_LONG = 414
    UNSUPPORTED_FORMAT = 415
    SIZE_TOO_BIG = 416
    ALREADY_EXISTS = 418
    DEVICE_FULL = 420
    SIZE_MISMATCH = 424
    PERMISSION_DENIED = 425
    FAILED = 500
    DTD_NOT_SUPPORTED = 505
    ATOMIC_FAILED = 507
    REFRESH_REQUIRED = 508
    DATA_STORE_FAILURE = 510
    SERVER_FAILURE = 511
    PROTOCOL_NOT_SUPPORTED = 513
    ROLLBACK_FAILED = 516
    ATOMIC_RESPONSE_TOO_LARGE = 517


class AlertCode(IntEnum):
    """The Data of an Alert (05 section 5.1)."""

    SERVER_INITIATED = 1200
    CLIENT_INITIATED = 1201
    NEXT_MESSAGE = 1222
    SESSION_ABORT = 1223
    CLIENT_EVENT = 1224
    NO_END_OF_DATA = 1225
    GENERIC = 1226


LOGIN_STATUS: Final = "com.microsoft/MDM/LoginStatus"
AAD_USER_TOKEN: Final = "com.microsoft/MDM/AADUserToken"  # noqa: S105 - the name of an alert, no secret
SYNC_TYPE: Final = "com.microsoft.mdm.synctype"
DEVICE_PREP_SYNC: Final = "com.microsoft/MDM/DevicePrepSync"
BOOTSTRAP_SYNC: Final = "com.microsoft/MDM/BootstrapSync"
MSI_INSTALL_DONE: Final = "Reversed-Domain-Name:com.microsoft.mdm.win32csp_install"
UNENROLLED_BY_USER: Final = "com.microsoft:mdm.unenrollment.userrequest"

CONTENT_TYPE: Final = "application/vnd.syncml.dm+xml"
NS_SYNCML: Final = "SYNCML:SYNCML1.2"
NS_SYNCML_11: Final = "SYNCML:SYNCML1.1"
NS_METINF: Final = "syncml:metinf"
NS_MSFT: Final = "http://schemas.microsoft.com/MobileDevice/MDM"

VERBS: Final = frozenset({"Add", "Replace", "Delete", "Get", "Exec", "Copy"})
