"""What an import does without refusing it, and what somebody has to know: said at once (P-05, R-32, R-40)."""

from __future__ import annotations

from dataclasses import dataclass, field

from taxiway import directory
from taxiway.autopilot.entities import IMPORTS
from taxiway.kernel import Reason
from taxiway.store import Row, Tx

_Named = tuple[Row | None, tuple[Reason, ...]]


@dataclass(slots=True)
class AssignedUsers:
    """The users that the rows of one transaction name, each looked up once."""

    tx: Tx
    _known: dict[str, _Named] = field(default_factory=dict)

    def find(self, upn: str) -> _Named:
        """The user, where there is one, and what is wrong with assigning a device to that name."""
        if not upn:
            return None, ()
        if upn not in self._known:
            user = directory.find_user(self.tx, upn)
            self._known[upn] = user, tuple(_wrong(self.tx, upn, user))
        return self._known[upn]


def add_finding(tx: Tx, import_id: str, ztdid: str, finding: Reason) -> None:
    """Add what a later stage knows about a device that was just imported."""
    row = IMPORTS.require(tx, import_id)
    IMPORTS.update(tx, import_id, {"findings": [*row["findings"], shown(finding)]})
    what = {"serial": row["serial_number"], "import": import_id}
    tx.log("import.warned", subject=f"autopilot:{ztdid}", what=what, why=[finding])


def shown(finding: Reason) -> dict[str, str]:
    """A finding as it is kept with an import."""
    return {"code": finding.code, "text": finding.text}


def _wrong(tx: Tx, upn: str, user: Row | None) -> list[Reason]:
    if user is None:
        text = f"There is no user '{upn}': nobody can sign in on this device until the user is unassigned."
        return [Reason("assigned_user.unknown", text)]
    if not directory.has_service_plan(tx, user["id"]):
        text = f"{upn} has no licence that contains Intune: the device cannot enroll until one is assigned."
        return [Reason("assigned_user.unlicensed", text)]
    return []
