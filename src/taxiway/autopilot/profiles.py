"""Deployment profiles: create, change, delete, assign (01 section 7; 02 section 3.6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from taxiway import directory
from taxiway.autopilot import model, priorities, profile_findings, projection
from taxiway.autopilot.choice import OBJECT_KIND
from taxiway.autopilot.entities import AUTOPILOT_PROFILE, AZURE_AD, DEVICES, PROFILE_KINDS, PROFILES
from taxiway.autopilot.errors import BadProfile, ProfileInUse, TooManyProfiles
from taxiway.directory import Principal, Target
from taxiway.store import Row, Tx, eq

LIMIT: Final = 350


def create_profile(tx: Tx, values: Mapping[str, Any], *, principal: Principal, kind: str = AZURE_AD) -> Row:
    """Add a profile. The switches may stand in ``values`` by their own names, or in either of Graph's objects."""
    directory.require(tx, principal, "autopilot.profiles.create")
    if kind not in PROFILE_KINDS:
        raise BadProfile(f"There is no deployment profile of the kind '{kind}'.")
    if PROFILES.count(tx) >= LIMIT:
        raise TooManyProfiles(f"A tenant has at most {LIMIT} deployment profiles.", remedy="Delete one first.")
    checked = directory.tagged(tx, principal, AUTOPILOT_PROFILE, model.settled(None, values, kind=kind))
    values = {"kind": kind, "created_at": tx.now, "last_modified_at": tx.now, "priority": priorities.last_priority(tx)}
    profile = PROFILES.insert(tx, {**checked, **values})
    _log(tx, "created", profile)
    return profile_findings.kept(tx, profile)


def update_profile(tx: Tx, profile_id: str, changes: Mapping[str, Any], *, principal: Principal) -> Row:
    """Change a profile: devices that have not enrolled get it at their next download (01 R-96)."""
    directory.require(tx, principal, "autopilot.profiles.update")
    before = PROFILES.require(tx, profile_id)
    checked = directory.tagged(
        tx, principal, AUTOPILOT_PROFILE, model.settled(before, changes, kind=before["kind"]), before
    )
    differing = {name: value for name, value in checked.items() if before.get(name) != value}
    if not differing:
        return before
    profile = PROFILES.update(tx, profile_id, {**differing, "last_modified_at": tx.now})
    projection.renew(tx)
    projection.out_of_sync(tx, profile_id)
    _log(tx, "changed", profile, changed=sorted(differing))
    return profile_findings.kept(tx, profile)


def delete_profile(tx: Tx, profile_id: str, *, principal: Principal) -> None:
    """Remove a profile that is assigned to nobody (01 R-97)."""
    directory.require(tx, principal, "autopilot.profiles.delete")
    profile = PROFILES.require(tx, profile_id)
    if directory.assignments_of(tx, OBJECT_KIND, profile_id):
        raise ProfileInUse(
            f"Cannot delete {profile['display_name']} - The profile is assigned to groups. "
            "You must unassign all groups from this profile before you can delete it."
        )
    PROFILES.delete(tx, profile_id)
    priorities.close_up(tx)
    _log(tx, "deleted", profile)


def assign_profile(tx: Tx, profile_id: str, targets: Sequence[Target], *, principal: Principal) -> list[Row]:
    """Replace the assignments of a profile: groups, excluded groups, or all devices (01 R-95)."""
    directory.require(tx, principal, "autopilot.profiles.assign")
    profile = PROFILES.require(tx, profile_id)
    kinds = {target.kind for target in targets}
    if "all_users" in kinds:
        raise BadProfile("A deployment profile is assigned to devices, not to all users.")
    if kinds >= {"all_devices", "exclusion"}:
        raise BadProfile(
            "Excluded groups cannot be combined with all devices.", remedy="Include groups instead of all devices."
        )
    if any(target.filter_id and target.filter_mode != "none" for target in targets):
        raise BadProfile("A deployment profile takes no assignment filter: it applies before the device enrolls.")
    rows: list[Row] = directory.set_assignments(tx, OBJECT_KIND, profile_id, list(targets))
    _log(tx, "targeted", profile, targets=len(rows))
    profile_findings.kept(tx, profile)
    return rows


def assigned_devices(tx: Tx, profile_id: str) -> list[Row]:
    """The registered devices that carry a profile now."""
    return DEVICES.select(tx, eq("deployment_profile_id", profile_id))


def _log(tx: Tx, verb: str, profile: Row, **facts: Any) -> None:
    what = {"name": profile["display_name"], **facts}
    tx.log(f"autopilot_profile.{verb}", subject=f"autopilot_profile:{profile['id']}", what=what)
