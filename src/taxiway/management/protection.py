"""What is known of a PC's antivirus: what it reported, and the scans that were ordered (02 section 7)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
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


@dataclass(frozen=True, slots=True)
class ProtectionCounts:
    """Devices with an active antivirus, with none, and that said nothing of it; ``outdated``: with old signatures."""

    active: int
    inactive: int
    unknown: int
    outdated: int


def protection_counts(tx: Tx) -> ProtectionCounts:
    """How the managed devices of the tenant are protected."""
    found = [_reported(facts) for facts in runs.all_facts(tx)]
    states = Counter(antivirus for antivirus, _ in found)
    return ProtectionCounts(states[True], states[False], states[None], sum(new is False for _, new in found))


def protection_of(tx: Tx, managed_id: str) -> Protection:
    """How a managed device is protected."""
    run = runs.load(tx, managed_id)
    antivirus, signatures = _reported({} if run is None else run.facts)
    return Protection(
        antivirus=antivirus,
        signatures=signatures,
        quick_scan=_last(tx, managed_id, kinds.QUICK_SCAN),
        full_scan=_last(tx, managed_id, kinds.FULL_SCAN),
    )


def _reported(facts: Mapping[str, str]) -> tuple[bool | None, bool | None]:
    """Whether an antivirus is active, and whether its signatures are up to date."""
    antivirus, signatures = (
        None if facts.get(uri) in (None, runs.ABSENT) else facts[uri] == good
        for uri, good in ((evaluation.ANTIVIRUS, "0"), (evaluation.SIGNATURES, "1"))
    )
    return antivirus, signatures


def _last(tx: Tx, managed_id: str, kind: str) -> datetime | None:
    mine = both(eq("managed_id", managed_id), both(eq("kind", kind), eq("state", DONE)))
    found = ledger.ACTIONS.select(tx, mine, order=[("updated_at", True)], limit=1)
    return found[0]["updated_at"] if found else None
