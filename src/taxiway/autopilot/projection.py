"""The profile columns of registered devices, kept as what follows from groups and assignments (design, rule 4)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from taxiway import directory
from taxiway.autopilot import choice
from taxiway.autopilot.entities import (
    ASSIGNED,
    AUTOPILOT_DEVICE,
    DEVICES,
    IN_SYNC,
    NO_DEVICE,
    NOT_ASSIGNED,
    OUT_OF_SYNC,
)
from taxiway.kernel import Decision
from taxiway.store import Followers, Row, Tx, eq, one_of
from taxiway.store.unit import Event

_AT_ONCE = 400


def follow(followers: Followers) -> None:
    """Follow what concerns this room."""
    followers.on("membership.changed", _membership_changed)
    followers.on("assignments.changed", _assignments_changed)
    followers.on("managed_device.removed", _managed_removed)


def assigned_values(tx: Tx, decision: Decision[choice.Candidate | None]) -> dict[str, Any]:
    """The columns of a device that this choice gives; ``Assigned`` never without its date (01 R-92)."""
    if decision.value is None:
        return {
            "deployment_profile_id": None,
            "deployment_profile_assignment_status": NOT_ASSIGNED,
            "deployment_profile_assigned_at": None,
        }
    return {
        "deployment_profile_id": decision.value.row["id"],
        "deployment_profile_assignment_status": ASSIGNED,
        "deployment_profile_assigned_at": tx.now,
    }


def log_assigned(tx: Tx, ztdid: str, decision: Decision[choice.Candidate | None], *, before: str) -> None:
    """Say which profile a device has now, and why."""
    chosen = decision.value
    what = {"to": ASSIGNED if chosen else NOT_ASSIGNED, "from": before}
    if chosen is not None:
        what |= {"profile": chosen.row["display_name"], "profile_id": chosen.row["id"]}
    kind = "profile.assigned" if chosen else "profile.unassigned"
    tx.log(kind, subject=f"autopilot:{ztdid}", what=what, why=decision.reasons)


def settle(tx: Tx, record: Row, decision: Decision[choice.Candidate | None]) -> None:
    """Bring the columns of one registered device up to date with what was decided for it."""
    wanted = None if decision.value is None else decision.value.row["id"]
    if wanted == record["deployment_profile_id"]:
        return
    values = assigned_values(tx, decision)
    if record["deployment_profile_id"]:
        values["former_profile_id"] = record["deployment_profile_id"]
    DEVICES.update(tx, record["id"], values)
    log_assigned(tx, record["id"], decision, before=record["deployment_profile_assignment_status"])


def settle_profile(tx: Tx, profile_id: str) -> None:
    """Bring every device up to date that has this profile or is meant to have it."""
    records = {row["id"]: row for row in DEVICES.select(tx, eq("deployment_profile_id", profile_id))}
    members = directory.members_meant(tx, choice.OBJECT_KIND, profile_id)
    devices: dict[str, Row] = {}
    for part in _parts(object_id for kind, object_id in members if kind == "device"):
        devices |= {row["ztdid"]: row for row in directory.DEVICES.select(tx, one_of("id", part)) if row["ztdid"]}
    for part in _parts(devices.keys() - records.keys()):
        records |= {row["id"]: row for row in DEVICES.select(tx, one_of("id", part))}
    for part in _parts(records.keys() - devices.keys()):
        devices |= {row["ztdid"]: row for row in directory.DEVICES.select(tx, one_of("ztdid", part))}
    decisions = choice.Decisions(tx)
    for ztdid in sorted(records.keys() & devices.keys()):
        settle(tx, records[ztdid], decisions.of(devices[ztdid]))


def out_of_sync(tx: Tx, profile_id: str) -> None:
    """The profile was edited: who has downloaded it has an older one (02 section 3.1)."""
    table = AUTOPILOT_DEVICE.table
    tx.execute(
        sa.update(table)
        .where(
            table.c.tenant == tx.tenant,
            table.c.deployment_profile_id == profile_id,
            table.c.deployment_profile_assignment_status == IN_SYNC,
        )
        .values(deployment_profile_assignment_status=OUT_OF_SYNC, version=table.c.version + 1)
    )
    DEVICES.forget(tx)


def _membership_changed(tx: Tx, event: Event) -> None:
    if event["object_kind"] != "device":
        return
    device = directory.find_device(tx, id=event["object_id"])
    record = DEVICES.get(tx, device["ztdid"]) if device and device["ztdid"] else None
    if record is not None:
        settle(tx, record, choice.decide(tx, device))


def _assignments_changed(tx: Tx, event: Event) -> None:
    if event["object_kind"] == choice.OBJECT_KIND:
        settle_profile(tx, event["object_id"])


def _managed_removed(tx: Tx, event: Event) -> None:
    """The managed device is gone: the registration stands as before the enrollment (01 R-43)."""
    for record in DEVICES.select(tx, eq("managed_device_id", event["id"])):
        DEVICES.update(tx, record["id"], {"managed_device_id": NO_DEVICE, "enrollment_state": "notContacted"})


def _parts(values: Iterable[str]) -> Iterable[list[str]]:
    """The values in portions that fit into one statement."""
    ordered = sorted(values)
    return (ordered[at : at + _AT_ONCE] for at in range(0, len(ordered), _AT_ONCE))
