"""The kinds of actions: what each has a device do, and by what it is known to be done (05 sections 10.8 to 10.16).

The names are those of Graph's ``actionName`` (02 section 7).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Literal

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
    if name == RENAME:
        return "Replace", NAME, "chr", str(parameters["name"])
    if name == ROTATE_BITLOCKER:
        return "Exec", _EXECS[name][0], "chr", str(action["id"])
    if name == WIPE and parameters.get("protected"):
        return "Exec", f"{_MSFT}/RemoteWipe/doWipeProtected", "chr", None
    if name == FRESH_START and parameters.get("keep_user_data"):
        return "Exec", f"{_MSFT}/CleanPC/CleanPCRetainingUserData", "null", None
    node, form = _EXECS[name]
    return "Exec", node, form, None


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
}
