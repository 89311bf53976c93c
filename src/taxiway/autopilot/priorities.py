"""Explicit priority of deployment profiles, where the tenant has chosen it over "oldest wins" (01 P-24)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from taxiway import directory
from taxiway.autopilot import projection
from taxiway.autopilot.entities import AUTOPILOT_PROFILE, POLICIES, PROFILES
from taxiway.autopilot.errors import BadProfile
from taxiway.directory import Principal
from taxiway.store import Row, Tx, UnknownProperty

_SWITCH: Final = "explicit_priority"


def autopilot_policy(tx: Tx) -> dict[str, bool]:
    """The tenant's switches of this room."""
    row = POLICIES.get(tx, tx.tenant)
    return {_SWITCH: row is not None and bool(row[_SWITCH])}


def update_autopilot_policy(tx: Tx, changes: dict[str, Any], *, principal: Principal) -> dict[str, bool]:
    """Change switches. Explicit priority begins as the order of age, so that switching it on moves no device."""
    directory.require(tx, principal, "autopilot.policy.update")
    wrong = next((name for name, value in changes.items() if name != _SWITCH or not isinstance(value, bool)), None)
    if wrong is not None:
        raise UnknownProperty(f"The Autopilot policy does not take this: '{str(wrong)[:60]}'.")
    before = autopilot_policy(tx)
    wanted = {**before, **changes}
    if wanted == before:
        return before
    if POLICIES.get(tx, tx.tenant) is None:
        POLICIES.insert(tx, {"id": tx.tenant, **wanted})
    else:
        POLICIES.update(tx, tx.tenant, wanted)
    _number(tx, _by_age(tx), on=wanted[_SWITCH])
    tx.log("autopilot_policy.changed", subject=f"tenant:{tx.tenant}", what=dict(changes))
    projection.resettle(tx)
    return wanted


def set_profile_priority(tx: Tx, profile_id: str, priority: int, *, principal: Principal) -> None:
    """Move a profile to a place among those the principal sees, 1 first; every device follows (R-85)."""
    directory.require(tx, principal, "autopilot.profiles.prioritize")
    profile = PROFILES.require(tx, profile_id)
    if not autopilot_policy(tx)[_SWITCH]:
        raise BadProfile(
            "The oldest profile wins in this tenant: profiles have no priority.",
            remedy="Switch it on: taxiway autopilot-policy --set explicit_priority=on.",
        )
    everything = _in_order(tx)
    seen = directory.seen_of(tx, principal, AUTOPILOT_PROFILE, everything)
    if not 1 <= priority <= len(seen):
        raise BadProfile(f"The priority must be between 1 and {len(seen)}.")
    _number(tx, directory.reordered(everything, seen, profile_id, priority))
    what = {"name": profile["display_name"], "priority": priority}
    tx.log("autopilot_profile.prioritized", subject=f"autopilot_profile:{profile_id}", what=what)
    projection.resettle(tx)


def as_seen(tx: Tx, principal: Principal, rows: list[Row]) -> list[Row]:
    """The profiles as a principal sees them: with places among what they see, and no word of what they do not."""
    if directory.visible(tx, principal, AUTOPILOT_PROFILE) is None:
        return rows
    seen = directory.seen_of(tx, principal, AUTOPILOT_PROFILE, _in_order(tx))
    places = {row["id"]: place for place, row in enumerate(seen, start=1)}

    def shown(row: Row) -> Row:
        said = [finding for finding in row["findings"] if finding.get("profile") in {None, *places}]
        return {**row, "findings": said, "priority": places.get(row["id"]) if row["priority"] else None}

    return [shown(row) for row in rows]


def last_priority(tx: Tx) -> int | None:
    """What a new profile gets: the place after all others, or none."""
    return PROFILES.count(tx) + 1 if autopilot_policy(tx)[_SWITCH] else None


def close_up(tx: Tx) -> None:
    """A profile is gone: those behind it move up."""
    if autopilot_policy(tx)[_SWITCH]:
        _number(tx, _in_order(tx))


def _by_age(tx: Tx) -> list[Row]:
    return PROFILES.select(tx, order=[("created_at", False)])


def _in_order(tx: Tx) -> list[Row]:
    return sorted(_by_age(tx), key=lambda row: row["priority"] or 0)


def _number(tx: Tx, rows: Sequence[Row], *, on: bool = True) -> None:
    for place, row in enumerate(rows, start=1):
        wanted = place if on else None
        if row["priority"] != wanted:
            PROFILES.update(tx, row["id"], {"priority": wanted})
