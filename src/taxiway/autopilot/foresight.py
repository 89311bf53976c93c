"""What a registration tells of a device before it has ever been switched on."""

from __future__ import annotations

from taxiway.autopilot import hardware, model
from taxiway.autopilot.choice import effective_profile
from taxiway.store import Tx


def has_tpm(tx: Tx, ztdid: str) -> bool | None:
    """Whether its hardware hash has the key of a TPM; None where there is no hash."""
    facts = hardware.facts_kept(tx, ztdid)
    return None if facts is None or hardware.is_bare(facts) else bool(facts.ek)


def standard_user(tx: Tx, ztdid: str) -> bool:
    """Whether its profile makes who signs in a standard user (R-101)."""
    profile = effective_profile(tx, ztdid).value
    return profile is not None and bool(model.switches(profile)["user_type"] == "standard")
