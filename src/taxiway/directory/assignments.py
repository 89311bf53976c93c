"""Who is meant by an object: targets, exclusions, filters, and why (01 section 7.3; 02 section 3.6)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import sqlalchemy as sa

from taxiway.directory import access, filters, membership
from taxiway.directory.access import SYSTEM_PRINCIPAL, Principal
from taxiway.directory.entities import ASSIGNMENT_FILTERS, GROUPS
from taxiway.directory.errors import Invalid
from taxiway.directory.tables import assignment
from taxiway.directory.tables import membership as membership_table
from taxiway.directory.verdicts import no, yes
from taxiway.kernel import Decision, Reason
from taxiway.store import NotFound, Row, Tx

TargetKind = Literal["group", "exclusion", "all_devices", "all_users"]
Via = Literal["device", "user"]

#: The ids under which the original names its two virtual groups, in the ids of assignments.
_VIRTUAL = {
    "all_devices": "adadadad-808e-44e2-905a-0b7873a8a531",
    "all_users": "acacacac-9df4-4c7d-9d50-4ef0226f57a9",
}
_GROUPED = ("group", "exclusion")


_a = assignment.c
_mine = (_a.tenant == sa.bindparam("t")) & (_a.object_kind == sa.bindparam("k"))
_grouped = sa.or_(*(_a.kind == kind for kind in _GROUPED))
#: The assignments that name a group, or one of several. A join from the object's memberships would read better, and
#: SQLite would begin it with the thousands of assignments.
_of_group = sa.select(assignment).where(_mine, _grouped, _a.group_id == sa.bindparam("g"))
_of_groups = sa.select(assignment).where(_mine, _grouped, _a.group_id.in_(sa.bindparam("g", expanding=True)))
#: Up to so many groups are asked for one by one, which has a plan of its own.
_FEW = 12
#: The assignments that name everybody of a kind.
_everybody = sa.select(assignment).where(_mine, _a.kind == sa.bindparam("e"))
_named = (
    sa.select(assignment.c.group_id)
    .where(
        assignment.c.tenant == sa.bindparam("t"),
        assignment.c.object_kind == sa.bindparam("k"),
        assignment.c.group_id.is_not(None),
    )
    .distinct()
)


@dataclass(frozen=True, slots=True)
class Target:
    """Whom one assignment names; ``intent`` and ``settings`` say what for, where the object's kind knows that."""

    kind: TargetKind
    group_id: str | None = None
    filter_id: str | None = None
    filter_mode: Literal["none", "include", "exclude"] = "none"
    settings: dict[str, Any] = field(default_factory=dict)
    intent: str | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """One assignment that reaches the device or user; an object reached by several assignments has several."""

    object_id: str
    target: Target
    via: Via
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class _Holders:
    """Which groups hold the device and which the user."""

    device: frozenset[str]
    user: frozenset[str]

    def via(self, group_id: str | None) -> Via | None:
        """Through whom a group reaches; the device comes first."""
        if group_id in self.device:
            return "device"
        return "user" if group_id in self.user else None


def set_assignments(
    tx: Tx,
    object_kind: str,
    object_id: str,
    targets: Sequence[Target],
    *,
    principal: Principal = SYSTEM_PRINCIPAL,
) -> list[Row]:
    """Replace the assignments of an object; repeated targets count once."""
    access.require(tx, principal, "assignments.write")
    rows: list[dict[str, Any]] = []
    seen: dict[str, int] = {}
    for position, target in enumerate(_distinct(targets)):
        _check(tx, target)
        named = target.group_id or _VIRTUAL[target.kind]
        seen[named] = seen.get(named, -1) + 1
        row = _row(tx, object_kind, object_id, f"{object_id}_{named}_{seen[named]}", target)
        rows.append({**row, "position": position})
    tx.execute(sa.delete(assignment).where(_of_object(tx, object_kind, object_id)))
    if rows:
        tx.execute(sa.insert(assignment), rows)
    what = {"targets": [[row["kind"], row["group_id"], row["filter_id"], row["intent"]] for row in rows]}
    tx.log("assignments.changed", subject=f"{object_kind}:{object_id}", what=what)
    tx.announce("assignments.changed", object_kind=object_kind, object_id=object_id)
    return assignments_of(tx, object_kind, object_id)


def assignments_of(tx: Tx, object_kind: str, object_id: str) -> list[Row]:
    """The assignments of an object, in the order in which they were given."""
    found = sa.select(assignment).where(_of_object(tx, object_kind, object_id))
    return tx.all(found.order_by(assignment.c.position, assignment.c.id))


def groups_named(tx: Tx, object_kind: str) -> frozenset[str]:
    """The groups that any assignment of objects of a kind names, excluded ones too."""
    return frozenset(row["group_id"] for row in tx.all(_named, {"t": tx.tenant, "k": object_kind}))


def targets_of(tx: Tx, object_kind: str, object_id: str) -> list[Target]:
    """Whom the assignments of an object name."""
    return [_target(row) for row in assignments_of(tx, object_kind, object_id)]


def delete_assignment(
    tx: Tx, object_kind: str, object_id: str, assignment_id: str, *, principal: Principal = SYSTEM_PRINCIPAL
) -> None:
    """Remove one assignment, or ``NotFound``."""
    rows = assignments_of(tx, object_kind, object_id)
    if assignment_id not in {row["id"] for row in rows}:
        raise NotFound(f"There is no assignment '{assignment_id}'.")
    kept = [_target(row) for row in rows if row["id"] != assignment_id]
    set_assignments(tx, object_kind, object_id, kept, principal=principal)


def drop_group(tx: Tx, group_id: str) -> None:
    """The group is gone: so are the assignments that name it, and at once (01 R-97)."""
    naming = (assignment.c.tenant == tx.tenant) & (assignment.c.group_id == group_id)
    affected = tx.all(sa.select(assignment.c.object_kind, assignment.c.object_id).where(naming).distinct())
    tx.execute(sa.delete(assignment).where(naming))
    for row in sorted(affected, key=lambda row: (row["object_kind"], row["object_id"])):
        tx.log("assignments.changed", subject=f"{row['object_kind']}:{row['object_id']}", what={"group_gone": group_id})
        tx.announce("assignments.changed", object_kind=row["object_kind"], object_id=row["object_id"])


def meant(tx: Tx, object_kind: str, *, device: Row | None, user: Row | None) -> list[Match]:
    """Every assignment of that kind that reaches the device or the user, after exclusions and filters."""
    holders = _Holders(
        membership.groups_of(tx, "device", device["id"]) if device else frozenset(),
        membership.groups_of(tx, "user", user["id"]) if user else frozenset(),
    )
    everybody = [kind for kind, row in (("all_devices", device), ("all_users", user)) if row is not None]
    rows = _reaching(tx, object_kind, holders, everybody)
    names = _names(tx, {row["group_id"] for row in rows if row["group_id"]})
    excluded = {row["object_id"] for row in rows if row["kind"] == "exclusion"}
    matches = []
    for row in rows:
        if row["object_id"] in excluded:
            continue
        target = _target(row)
        via = _via(target, holders)
        passed = _passes(tx, target, device)
        if passed.value:
            reason = _reason(target, via, names)
            matches.append(Match(row["object_id"], target, via, (reason, *passed.reasons)))
    return matches


def _reaching(tx: Tx, object_kind: str, holders: _Holders, everybody: Collection[str]) -> list[Row]:
    """The assignments that name one of the groups, or everybody of a kind; exclusions too."""
    asked = {"t": tx.tenant, "k": object_kind}
    rows = [row for kind in everybody for row in tx.all(_everybody, {**asked, "e": kind})]
    groups = sorted(holders.device | holders.user)
    if len(groups) <= _FEW:
        rows += [row for group in groups for row in tx.all(_of_group, {**asked, "g": group})]
    else:
        rows += tx.all(_of_groups, {**asked, "g": groups})
    return sorted(rows, key=lambda row: (row["object_id"], row["id"]))


def reaches_devices(tx: Tx, targets: Sequence[Target]) -> bool | None:
    """Whether targets reach devices themselves: all of them, or a group that has some; None without a target."""
    groups = [target.group_id for target in targets if target.kind == "group" and target.group_id is not None]
    if any(target.kind == "all_devices" for target in targets):
        return True
    held = sa.select(sa.func.count()).where(
        membership_table.c.tenant == tx.tenant,
        membership_table.c.group_id.in_(groups),
        membership_table.c.object_kind == "device",
    )
    if groups and (tx.scalar(held) or any(_of_devices(tx, group) for group in groups)):
        return True
    return False if targets else None


def _of_devices(tx: Tx, group_id: str) -> bool:
    """Whether a dynamic group's rule is about devices, though it holds none yet."""
    group = GROUPS.get(tx, group_id)
    return group is not None and "device." in (group["membership_rule"] or "").lower()


def _via(target: Target, holders: _Holders) -> Via:
    if target.kind == "all_users":
        return "user"
    return "device" if target.kind == "all_devices" else holders.via(target.group_id) or "device"


def _passes(tx: Tx, target: Target, device: Row | None) -> Decision[bool]:
    if target.filter_id is None or target.filter_mode == "none":
        return yes()
    found = ASSIGNMENT_FILTERS.get(tx, target.filter_id)
    if found is None:
        return no(Reason("filter.gone", "The filter of this assignment does not exist any more."))
    return filters.passes(tx, found, device, wanted=target.filter_mode == "include")


def _reason(target: Target, via: Via, names: dict[str, str]) -> Reason:
    if target.group_id is None:
        everybody = "devices" if target.kind == "all_devices" else "users"
        return Reason(f"assigned.{target.kind}", f"It is assigned to all {everybody}.", {"via": via})
    name = names.get(target.group_id, target.group_id)
    facts = {"group": target.group_id, "via": via}
    return Reason("assigned.group", f"It is assigned to the group '{name}', which holds the {via}.", facts)


def _names(tx: Tx, group_ids: Collection[str]) -> dict[str, str]:
    found = [GROUPS.get(tx, group_id) for group_id in sorted(group_ids)]
    return {group["id"]: group["display_name"] for group in found if group is not None}


def _distinct(targets: Sequence[Target]) -> list[Target]:
    kept: list[Target] = []
    for target in targets:
        if target not in kept:
            kept.append(target)
    return kept


def _check(tx: Tx, target: Target) -> None:
    if (target.kind in _GROUPED) != (target.group_id is not None):
        raise Invalid("A target names a group, or everybody: exactly one of the two.")
    if target.group_id is not None and GROUPS.get(tx, target.group_id) is None:
        raise NotFound(f"There is no group '{target.group_id}'.")
    if target.filter_mode != "none":
        if target.kind == "exclusion":
            raise Invalid("An exclusion takes no filter.")
        if target.filter_id is None or ASSIGNMENT_FILTERS.get(tx, target.filter_id) is None:
            raise NotFound(f"There is no assignment filter '{target.filter_id}'.")


def _row(tx: Tx, object_kind: str, object_id: str, row_id: str, target: Target) -> dict[str, Any]:
    return {
        "tenant": tx.tenant,
        "object_kind": object_kind,
        "object_id": object_id,
        "id": row_id,
        "kind": target.kind,
        "group_id": target.group_id,
        "filter_id": target.filter_id if target.filter_mode != "none" else None,
        "filter_mode": target.filter_mode,
        "intent": target.intent,
        "settings": target.settings,
    }


def _target(row: Row) -> Target:
    return Target(
        kind=row["kind"],
        group_id=row["group_id"],
        filter_id=row["filter_id"],
        filter_mode=row["filter_mode"],
        settings=row["settings"],
        intent=row["intent"],
    )


def _of_object(tx: Tx, object_kind: str, object_id: str) -> sa.ColumnElement[bool]:
    column = assignment.c
    return (column.tenant == tx.tenant) & (column.object_kind == object_kind) & (column.object_id == object_id)
