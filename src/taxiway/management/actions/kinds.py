"""The kinds of actions: what each has a device do, and by what it is known to be done (05 sections 10.8 to 10.16).

The names are those of Graph's ``actionName`` (02 section 7).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Literal

from taxiway.enrollment import PROVIDER_ID
from taxiway.management.model import Verb
from taxiway.store import Row

SYNC: Final = "syncDevice"
RESTART: Final = "rebootNow"
RENAME: Final = "setDeviceName"
RETIRE: Final = "retire"
WIPE: Final = "factoryReset"
WIPE_KEEPING: Final = "factoryResetKeepEnrollmentData"
RESET: Final = "automaticRedeployment"
FRESH_START: Final = "cleanWindowsDevice"
COLLECT: Final = "collectDiagnostics"
ROTATE_LAPS: Final = "rotateLocalAdminPassword"
ROTATE_BITLOCKER: Final = "rotateBitLockerKeys"
QUICK_SCAN: Final = "quickScan"
FULL_SCAN: Final = "fullScan"
UPDATE_SIGNATURES: Final = "windowsDefenderUpdateSignatures"
PAUSE: Final = "pauseConfigurationRefresh"

#: What shows that an action was carried out.
#: ``session``: the device comes back; ``node``: a node says so; ``gone``: the device enrolls anew, or is silent;
#: ``elsewhere``: another door hears of it - the upload of logs, the escrow of a password.
Proof = Literal["session", "node", "gone", "elsewhere", "retirement"]

_MSFT: Final = "./Device/Vendor/MSFT"
NAME: Final = "./DevDetail/Ext/Microsoft/DNSComputerName"
_REDEPLOY: Final = f"{_MSFT}/RemoteWipe/AutomaticRedeployment"
REDEPLOY_STATUS: Final = f"{_REDEPLOY}/Status"
REDEPLOY_ERROR: Final = f"{_REDEPLOY}/LastError"
LAPS_STATUS: Final = f"{_MSFT}/LAPS/Actions/ResetPasswordStatus"
ROTATION_STATUS: Final = f"{_MSFT}/BitLocker/Status/RotateRecoveryPasswordsStatus"
ROTATION_REQUEST: Final = f"{_MSFT}/BitLocker/Status/RotateRecoveryPasswordsRequestID"
ARCHIVE: Final = f"{_MSFT}/DiagnosticLog/DiagnosticArchive/ArchiveDefinition"
ARCHIVE_RESULTS: Final = f"{_MSFT}/DiagnosticLog/DiagnosticArchive/ArchiveResults"

PAUSE_PERIOD: Final = f"{_MSFT}/DMClient/Provider/{PROVIDER_ID}/ConfigRefresh/PausePeriod"
#: The longest pause of the refresh of settings, in minutes.
LONGEST_PAUSE: Final = 1440


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind. ``patience``: how long a device that took the order has to show that it is done.

    ``reads``: nodes read while it is under way. ``alone``: nothing else is said to the device from the order on.
    ``afresh``: the device comes back without what was delivered to it. ``asks_page``: and with its status page.
    """

    name: str
    proof: Proof
    patience: timedelta
    reads: tuple[str, ...] = ()
    alone: bool = False
    afresh: bool = False
    asks_page: bool = False


_DAY, _WEEK = timedelta(days=1), timedelta(days=7)

KINDS: Final[dict[str, Kind]] = {
    kind.name: kind
    for kind in (
        Kind(SYNC, "session", timedelta(days=30)),
        Kind(RESTART, "session", _WEEK),
        Kind(RENAME, "node", timedelta(days=30), (NAME,)),
        Kind(RETIRE, "retirement", _WEEK, alone=True),
        Kind(WIPE, "gone", _WEEK, alone=True),
        Kind(FRESH_START, "gone", _WEEK, alone=True),
        Kind(WIPE_KEEPING, "session", _WEEK, alone=True, afresh=True),
        Kind(RESET, "node", _WEEK, (REDEPLOY_STATUS, REDEPLOY_ERROR), alone=True, afresh=True, asks_page=True),
        Kind(COLLECT, "elsewhere", _DAY, (ARCHIVE_RESULTS,)),
        Kind(ROTATE_LAPS, "elsewhere", _DAY, (LAPS_STATUS,)),
        Kind(ROTATE_BITLOCKER, "node", _DAY, (ROTATION_STATUS, ROTATION_REQUEST)),
        Kind(QUICK_SCAN, "session", _WEEK),
        Kind(FULL_SCAN, "session", _WEEK),
        Kind(UPDATE_SIGNATURES, "session", _WEEK),
        Kind(PAUSE, "session", _WEEK),
    )
}


def kind_of(action: Row) -> Kind:
    """The kind of an order; fresh start that keeps the user's data keeps the enrollment too."""
    kind = KINDS[action["kind"]]
    if kind.name == FRESH_START and action["parameters"].get("keep_user_data"):
        return Kind(FRESH_START, "session", _WEEK, alone=True, afresh=True)
    return kind


def command_of(action: Row) -> tuple[Verb, str, str | None, str | None]:
    """Verb, node, format and data of the one command that an order is; the data of a collection carries a token."""
    parameters: dict[str, Any] = action["parameters"]
    name = str(action["kind"])
    if name in _REPLACES:
        node, form, parameter = _REPLACES[name]
        return "Replace", node, form, str(parameters[parameter])
    if name == ROTATE_BITLOCKER or name in _SCANS:
        return "Exec", _EXECS[name][0], "chr", _SCANS.get(name, str(action["id"]))
    if name == WIPE and parameters.get("protected"):
        return "Exec", f"{_MSFT}/RemoteWipe/doWipeProtected", "chr", None
    if name == FRESH_START and parameters.get("keep_user_data"):
        return "Exec", f"{_MSFT}/CleanPC/CleanPCRetainingUserData", "null", None
    node, form = _EXECS[name]
    return "Exec", node, form, None


#: The node that is set, its format, and the parameter that it is set to.
_REPLACES: Final = {RENAME: (NAME, "chr", "name"), PAUSE: (PAUSE_PERIOD, "int", "minutes")}
#: What the Defender CSP calls the scans.
_SCANS: Final = {QUICK_SCAN: "1", FULL_SCAN: "2"}
#: The node that is executed, and its format.
_EXECS: Final = {
    RESTART: (f"{_MSFT}/Reboot/RebootNow", "null"),
    WIPE: (f"{_MSFT}/RemoteWipe/doWipe", "chr"),
    WIPE_KEEPING: (f"{_MSFT}/RemoteWipe/doWipePersistUserData", "chr"),
    RESET: (f"{_REDEPLOY}/doAutomaticRedeployment", "chr"),
    FRESH_START: (f"{_MSFT}/CleanPC/CleanPCWithoutRetainingUserData", "null"),
    COLLECT: (ARCHIVE, "chr"),
    ROTATE_LAPS: (f"{_MSFT}/LAPS/Actions/ResetPassword", "null"),
    ROTATE_BITLOCKER: (f"{_MSFT}/BitLocker/RotateRecoveryPasswords", "chr"),
    QUICK_SCAN: (f"{_MSFT}/Defender/Scan", "chr"),
    FULL_SCAN: (f"{_MSFT}/Defender/Scan", "chr"),
    UPDATE_SIGNATURES: (f"{_MSFT}/Defender/UpdateSignature", "chr"),
}
