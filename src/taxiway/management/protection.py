"""What is known of a PC's antivirus: what it reported, and the scans that were ordered (02 section 7)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from taxiway.management.actions import kinds, ledger
from taxiway.management.actions.entities import DONE
from taxiway.management.compliance import evaluation
from taxiway.management.session import runs
from taxiway.store import Tx, both, eq


@dataclass(frozen=True, slots=True)
class Protection:
    """``antivirus``: whether one is active, ``signatures``: whether they are up to date; None before it is known."""

    antivirus: bool | None
    signatures: bool | None
    quick_scan: datetime | None
    full_scan: datetime | None


def protection_of(tx: Tx, managed_id: str) -> Protection:
    """How a managed device is protected."""
    run = runs.load(tx, managed_id)
    facts = {} if run is None else {uri: value for uri, value in run.facts.items() if value != runs.ABSENT}
    antivirus, signatures = facts.get(evaluation.ANTIVIRUS), facts.get(evaluation.SIGNATURES)
    return Protection(
        antivirus=None if antivirus is None else antivirus == "0",
        signatures=None if signatures is None else signatures == "1",
        quick_scan=_last(tx, managed_id, kinds.QUICK_SCAN),
        full_scan=_last(tx, managed_id, kinds.FULL_SCAN),
    )


def _last(tx: Tx, managed_id: str, kind: str) -> datetime | None:
    mine = both(eq("managed_id", managed_id), both(eq("kind", kind), eq("state", DONE)))
    found = ledger.ACTIONS.select(tx, mine, order=[("updated_at", True)], limit=1)
    return found[0]["updated_at"] if found else None
