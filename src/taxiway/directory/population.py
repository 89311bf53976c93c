"""A rule that is new or changed is asked about its whole population, slice by slice (07 section 14; design, rule 4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import sqlalchemy as sa

from taxiway.directory import dynamic, membership, processing
from taxiway.directory.entities import GROUPS
from taxiway.directory.facts import facts_of
from taxiway.directory.rule_index import KINDS, Facts, compiled, rules_changed, rules_of
from taxiway.directory.rules import Kind, Rule, RuleTimeout
from taxiway.directory.tables import membership as table
from taxiway.store import Row, Runtime, Tx
from taxiway.store.query import Compare

#: Populations up to this are evaluated in the transaction that creates or changes the rule.
SMALL = 200
#: So many objects are asked about in one transaction, and so many of them move at most.
SLICE = 500
MOVED = 50

_t = table.c
_held = sa.select(_t.object_id).where(
    _t.tenant == sa.bindparam("t"),
    _t.group_id == sa.bindparam("g"),
    _t.object_kind == sa.bindparam("k"),
    _t.object_id >= sa.bindparam("first"),
    _t.object_id <= sa.bindparam("last"),
    _t.direct,
)
_g = GROUPS.entity.table.c
#: Asked every minute, of thousands of groups perhaps: the document alone tells.
_ruled = sa.select(_g.id, _g.doc).where(
    _g.tenant == sa.bindparam("t"), _g.kind == sa.bindparam("k"), _g.membership_rule_processing_state == "On"
)


@dataclass(frozen=True, slots=True)
class _Run:
    """One evaluation of a rule: how far it is."""

    group_id: str
    rule: Rule
    after: str = ""
    seen: int = 0


def populate(tx: Tx, group: Row) -> Row:
    """A rule is new or changed: evaluate its population now when it is small, else leave it to a job."""
    kind = KINDS[group["kind"]]
    repository = dynamic.REPOSITORIES[kind]
    if repository.count(tx) > SMALL:
        tx.left_work = True
        return processing.mark(tx, group, "NotStarted")
    try:
        _move(tx, group["id"], compiled(group["membership_rule"], kind), repository.select(tx))
    except RuleTimeout as error:
        return processing.fail(tx, group, error)
    return processing.mark(tx, group, "Succeeded")


async def reevaluate(rt: Runtime, tenant: str, group_id: str) -> None:
    """Evaluate a population slice by slice; a rule that changes meanwhile ends this run (design, rule 4)."""
    run = await rt.store.write(tenant, lambda tx: _start(tx, group_id))
    while run is not None:
        run = await rt.store.write(tenant, partial(_slice, run=run))


async def reevaluate_clock_rules(rt: Runtime, tenant: str) -> None:
    """Evaluate the rules that compare with the time; once an hour is meant (07 section 14)."""

    def on_the_clock(tx: Tx) -> list[str]:
        return [
            group
            for kind in dynamic.REPOSITORIES
            for group, rule in getattr(rules_of(tx, kind), "rules", {}).items()
            if rule.reads_clock
        ]

    for group_id in await rt.store.read(tenant, on_the_clock):
        await reevaluate(rt, tenant, group_id)


def pending_groups(tx: Tx) -> list[str]:
    """The groups whose evaluation was begun or is owed: what a process picks up when it starts."""
    ruled = [row for kind in KINDS for row in tx.all(_ruled, {"t": tx.tenant, "k": kind})]
    return sorted(row["id"] for row in ruled if processing.status_of(row["doc"]) in {"NotStarted", "Running"})


async def reevaluate_pending(rt: Runtime, tenant: str) -> int:
    """Evaluate every group that waits for it; how many there were. After a rule change, and when a process starts."""
    waiting = await rt.store.read(tenant, pending_groups)
    for group_id in waiting:
        await reevaluate(rt, tenant, group_id)
    return len(waiting)


def _start(tx: Tx, group_id: str) -> _Run | None:
    group = GROUPS.get(tx, group_id)
    if group is None or group["membership_rule_processing_state"] != "On":
        return None
    kind = KINDS[group["kind"]]
    progress = {"evaluated": 0, "of": dynamic.REPOSITORIES[kind].count(tx)}
    rules_changed(tx, processing.mark(tx, group, "Running", membership_rule_progress=progress))
    return _Run(group_id, compiled(group["membership_rule"], kind))


def _slice(tx: Tx, *, run: _Run) -> _Run | None:
    """Ask about the next objects by id; where to go on, or None when this run is over."""
    group, rule = GROUPS.get(tx, run.group_id), run.rule
    if group is None or group["membership_rule"] != rule.text or group["membership_rule_processing_state"] != "On":
        return None
    rows = dynamic.REPOSITORIES[rule.kind].select(tx, Compare("id", "gt", run.after), limit=SLICE)
    try:
        done = _move(tx, run.group_id, rule, rows, most=MOVED)
    except RuleTimeout as error:
        processing.fail(tx, group, error)
        return None
    seen = run.seen + done
    if done == len(rows) < SLICE:
        progress = {"evaluated": seen, "of": seen}
        processing.mark(tx, group, "Succeeded", membership_rule_progress=progress)
        return None
    progress = {"evaluated": seen, "of": max(seen, (group["membership_rule_progress"] or {}).get("of", 0))}
    processing.mark(tx, group, "Running", membership_rule_progress=progress)
    return _Run(run.group_id, rule, rows[done - 1]["id"], seen)


def _move(tx: Tx, group_id: str, rule: Rule, rows: Sequence[Row], *, most: int | None = None) -> int:
    """Bring objects, in the order of their ids, into the group or out of it; of how many, when ``most`` have moved."""
    held = _holds(tx, group_id, rule.kind, rows)
    moving: dict[str, bool] = {}
    done = 0
    for row in rows:
        if most is not None and len(moving) >= most:
            break
        done += 1
        matches = _matches(tx, rule, row)
        if matches is not (row["id"] in held):
            moving[row["id"]] = matches
    membership.learn(tx, rule.kind, moving.keys())
    one = (group_id,)
    wanted: dict[membership.Member, tuple[Sequence[str], Sequence[str]]] = {
        (rule.kind, object_id): (one, ()) if joins else ((), one) for object_id, joins in moving.items()
    }
    membership.assign_all(tx, wanted, why=dynamic.WHY)
    return done


def _matches(tx: Tx, rule: Rule, row: Row) -> bool:
    if rule.source_groups:
        known = dynamic.known_of(tx, rule.kind, row, rule.attributes)
    else:
        known = Facts(facts_of(rule.kind, row, rule.attributes), frozenset(), row.get("manager_id"))
    return rule.matches(known.values, dynamic.context_of(tx, known))


def _holds(tx: Tx, group_id: str, kind: Kind, rows: Sequence[Row]) -> set[str]:
    """Which of the objects, in the order of their ids, the group holds itself."""
    if not rows:
        return set()
    asked = {"t": tx.tenant, "g": group_id, "k": kind, "first": rows[0]["id"], "last": rows[-1]["id"]}
    return {row["object_id"] for row in tx.all(_held, asked)}
