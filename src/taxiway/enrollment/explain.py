"""Could this user enroll this device? The questions of an enrollment, asked with assumed facts (design, rule 5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from taxiway import directory
from taxiway.enrollment.errors import EnrollmentError
from taxiway.enrollment.service import Build, check_licence, check_limit, check_restriction
from taxiway.kernel import Decision, Reason
from taxiway.store import Row, Tx

Check = tuple[str, Decision[bool]]
_MET: Final = {
    "enrollment restriction": Reason("restriction.met", "Windows may enroll."),
    "device limit": Reason("limit.open", "The user may enroll another device."),
    "licence": Reason("licence.there", "The user has a licence with an Intune plan."),
}


def explain(tx: Tx, user: Row, *, device: Row | None, registration: Row | None, build: Build) -> list[Check]:
    """Each question with its answer, in the order in which an enrollment asks them (04 section 19.2)."""
    scope = directory.in_mdm_scope(tx, user["id"])
    return [
        ("MDM user scope", Decision(value=bool(scope.value), reasons=scope.reasons)),
        _asked("enrollment restriction", lambda: check_restriction(tx, user, device, registration, build)),
        _asked("device limit", lambda: check_limit(tx, user, device, registration)),
        _asked("licence", lambda: check_licence(tx, user)),
    ]


def _asked(name: str, question: Callable[[], tuple[Reason, ...] | None]) -> Check:
    try:
        reasons = question() or ()
    except EnrollmentError as error:
        said = Reason(f"enrollment.{type(error).__name__}", error.message)
        return name, Decision(value=False, reasons=(said, *error.reasons))
    return name, Decision(value=True, reasons=(_MET[name], *reasons))
