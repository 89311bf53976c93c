"""Why a given user could sign in or join, or could not, and what happened the last times (design, rule 5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

from taxiway import autopilot, directory, join, signin
from taxiway.kernel import Decision, Entry, Reason
from taxiway.store import Tx, eq, latest

Question = Literal["sign-in", "join"]

_REFUSALS: Final = ("signin.refused", "token.refused", "join.refused")
_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer. ``checks``: what was asked, in order; ``recent``: the last refusals of this user."""

    could: bool
    checks: tuple[tuple[str, Decision[bool]], ...]
    recent: tuple[Entry, ...]

    def shown(self) -> dict[str, Any]:
        """JSON for the route."""
        checks = [
            {"check": name, "ok": decision.value, "why": [reason.as_dict() for reason in decision.reasons]}
            for name, decision in self.checks
        ]
        recent = [
            {"time": entry.time, "kind": entry.kind, "what": dict(entry.what), "why": list(entry.why)}
            for entry in self.recent
        ]
        return {"could": self.could, "checks": checks, "recent": recent}


def explain(
    tx: Tx, question: Question, upn: str, *, serial: str = "", app: str = "", resource: str = ""
) -> Explanation:
    """Why ``upn`` could or could not; ``serial`` names registered hardware, ``app`` and ``resource`` a token."""
    if question == "sign-in":
        return _answer(tx, upn, _sign_in(tx, upn, serial, app, resource))
    return _answer(tx, upn, _join(tx, upn, serial))


def _sign_in(tx: Tx, upn: str, serial: str, app: str, resource: str) -> list[tuple[str, Decision[bool]]]:
    ztdid, unknown = _hardware(tx, serial)
    device = directory.DEVICES.find(tx, eq("ztdid", ztdid)) if ztdid else None
    checks = signin.explain(
        tx,
        upn,
        client_id=app or signin.BROKER,
        identifier=resource or (signin.GRAPH if app else signin.DRS_RESOURCE),
        device_id=device["device_id"] if device is not None and device["registered_at"] is not None else "",
    )
    return [*unknown, *_assigned(tx, upn, ztdid), *checks]


def _join(tx: Tx, upn: str, serial: str) -> list[tuple[str, Decision[bool]]]:
    ztdid, unknown = _hardware(tx, serial)
    user = directory.find_user(tx, upn)
    if user is None:
        return [*unknown, ("account", _no("account.unknown", f"There is no account {upn}."))]
    mdm = directory.in_mdm_scope(tx, user["id"])
    enrolls = Decision(value=True, reasons=mdm.reasons)  # a join outside the MDM scope is still a join
    return [*unknown, *join.explain(tx, user, ztdid=ztdid), ("enrollment after the join", enrolls)]


def _hardware(tx: Tx, serial: str) -> tuple[str | None, list[tuple[str, Decision[bool]]]]:
    if not serial:
        return None, []
    record = autopilot.record_of_serial(tx, serial)
    if record is None:
        return None, [
            ("hardware", _no("hardware.unknown", f"No device with the serial number {serial} is registered."))
        ]
    return str(record["id"]), []


def _assigned(tx: Tx, upn: str, ztdid: str | None) -> list[tuple[str, Decision[bool]]]:
    user = autopilot.assigned_user(tx, ztdid) if ztdid else None
    if user is None:
        return []
    name = str(user["user_principal_name"])
    reason = Reason("assigned_user", f"The device is assigned to {name}.")
    return [("assigned user", Decision(name.lower() == upn.lower(), (reason,)))]


def _answer(tx: Tx, upn: str, checks: list[tuple[str, Decision[bool]]]) -> Explanation:
    """Several ways of joining are alternatives; everything else has to hold."""
    ways = [decision.value for name, decision in checks if name.startswith("join")]
    others = [decision.value for name, decision in checks if not name.startswith("join")]
    recent = [entry for entry in latest(tx, _REFUSALS) if str(entry.what.get("upn", "")).lower() == upn.lower()]
    return Explanation(all(others) and (any(ways) or not ways), tuple(checks), tuple(recent[:_SHOWN]))


def _no(code: str, text: str) -> Decision[bool]:
    return Decision(value=False, reasons=(Reason(code, text),))
