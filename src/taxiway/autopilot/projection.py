"""The profile columns of registered devices, kept as what follows from groups and assignments (design, rule 4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
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
    PROJECTION,
)
from taxiway.kernel import Decision
from taxiway.store import Compare, Followers, Row, Runtime, Tx, eq
from taxiway.store.unit import Event

#: Up to so many devices are brought up to date in the transaction that changed what decides.
SMALL = 200
#: So many devices are looked at in one transaction of a job, and so many of them changed at most.
_SLICE = 500
_MOVED = 100


def follow(followers: Followers) -> None:
    """Follow what concerns this room."""
    followers.on("membership.changed", _membership_changed)
    followers.on("assignments.changed", _assignments_changed)
    followers.on("group.renamed", lambda tx, _: renew(tx))
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


def settle(tx: Tx, record: Row, decision: Decision[choice.Candidate | None]) -> bool:
    """Bring the columns of one registered device up to date with what was decided for it; whether they change."""
    wanted = None if decision.value is None else decision.value.row["id"]
    if wanted == record["deployment_profile_id"]:
        return False
    values = assigned_values(tx, decision)
    if record["deployment_profile_id"]:
        values["former_profile_id"] = record["deployment_profile_id"]
    DEVICES.update(tx, record["id"], values)
    log_assigned(tx, record["id"], decision, before=record["deployment_profile_assignment_status"])
    return True


def renew(tx: Tx) -> None:
    """Something of what decides between profiles changed: what was decided before is not asked any more."""
    _begin(tx, settled=True)


def resettle(tx: Tx) -> None:
    """The same, and other profiles may win: bring all devices up to date, now where they are few, else by a job."""
    few = DEVICES.count(tx) <= SMALL
    _begin(tx, settled=few)
    if few:
        _settle_some(tx, DEVICES.select(tx))
    else:
        tx.left_work = True


def _begin(tx: Tx, *, settled: bool) -> None:
    word, state = tx.entropy.uuid(), PROJECTION.get(tx, tx.tenant)
    done = word if settled and (state is None or state["done"] == state["word"]) else None
    if state is None:
        PROJECTION.insert(tx, {"id": tx.tenant, "word": word, "done": done})
    else:
        PROJECTION.update(tx, tx.tenant, {"word": word, "done": done})


@dataclass(frozen=True, slots=True)
class _Pass:
    """One pass over the devices: for which edition, and how far."""

    word: str
    after: str = ""


async def settle_owed(rt: Runtime, tenant: str) -> None:
    """Make the pass that ``resettle`` left to a job; a change meanwhile begins another one (design, rule 4)."""
    step = await rt.store.read(tenant, _owed)
    while step is not None:
        step = await rt.store.write(tenant, partial(_slice, step=step))


def _owed(tx: Tx) -> _Pass | None:
    state = PROJECTION.get(tx, tx.tenant)
    return None if state is None or state["done"] == state["word"] else _Pass(state["word"])


def _slice(tx: Tx, *, step: _Pass) -> _Pass | None:
    """Bring the next devices by id up to date; where to go on, or None when every device is."""
    begun = _owed(tx)
    if begun is None or begun.word != step.word:
        return begun
    records = DEVICES.select(tx, Compare("id", "gt", step.after), limit=_SLICE)
    done = _settle_some(tx, records, most=_MOVED)
    if done == len(records) < _SLICE:
        PROJECTION.update(tx, tx.tenant, {"done": step.word})
        return None
    return replace(step, after=records[done - 1]["id"])


def _settle_some(tx: Tx, records: Sequence[Row], *, most: int | None = None) -> int:
    """Bring some devices up to date; how many were looked at when ``most`` of them had changed."""
    directory.learn_groups(tx, "device", [record["device_object_id"] for record in records])
    changed = 0
    for number, record in enumerate(records):
        if most is not None and changed >= most:
            return number
        changed += settle(tx, record, choice.decide(tx, record["device_object_id"]))
    return len(records)


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
        settle(tx, record, choice.decide(tx, record["device_object_id"]))


def _assignments_changed(tx: Tx, event: Event) -> None:
    if event["object_kind"] == choice.OBJECT_KIND:
        resettle(tx)


def _managed_removed(tx: Tx, event: Event) -> None:
    """The managed device is gone: the registration stands as before the enrollment (01 R-43)."""
    for record in DEVICES.select(tx, eq("managed_device_id", event["id"])):
        values = {"managed_device_id": NO_DEVICE, "enrollment_state": "notContacted", "enrolled_at": None}
        DEVICES.update(tx, record["id"], values)
