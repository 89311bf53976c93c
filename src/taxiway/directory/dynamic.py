"""Dynamic membership: who belongs to a group by its rule, kept true with every change (07 sections 14 to 16)."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from typing import Any

import sqlalchemy as sa

from taxiway.directory import facts as facts_of
from taxiway.directory import membership
from taxiway.directory.entities import DEVICES, GROUPS, USERS
from taxiway.directory.rule_index import KINDS, Facts, compiled, rules_changed, rules_of
from taxiway.directory.rules import Context, Explanation, Kind, Rule, RuleTimeout
from taxiway.kernel import Reason
from taxiway.store import Repository, Row, Runtime, Tx, both, eq, one_of
from taxiway.store.query import Compare
from taxiway.store.unit import Event

#: Populations below this are evaluated in the transaction that creates or changes the rule.
SMALL = 2_000
SLICE = 250
#: What a rule that nobody has evaluated yet shows.
NOT_STARTED = {"status": "NotStarted", "lastMembershipUpdated": None, "errorMessage": None}
_REPOSITORIES: dict[Kind, Repository] = {"device": DEVICES, "user": USERS}


def reconsider(tx: Tx, kind: Kind, row: Row, changed: Collection[str]) -> None:
    """A user or device changed: put it into the groups it now matches and take it out of those it does not."""
    rules = rules_of(tx, kind)
    if rules is None or not rules.rules:
        return
    _settle(tx, kind, row, rules.reading(facts_of.touched(kind, changed)))


def follow_membership(tx: Tx, event: Event) -> None:
    """Direct membership of a source group changed: the groups whose rule looks into it follow (07 section 10.3)."""
    kind: Kind = event["object_kind"]
    rules = rules_of(tx, kind) if kind in _REPOSITORIES else None
    if rules is None:
        return
    moved = event["added"] | event["removed"]
    looking = {group for group in rules.reading(("memberof",)) if rules.rules[group].source_groups & moved}
    row = _REPOSITORIES[kind].get(tx, event["object_id"]) if looking else None
    if row is not None:
        _settle(tx, kind, row, looking)


def populate(tx: Tx, group: Row) -> Row:
    """A rule is new or changed: evaluate its population now when it is small, else leave it to ``reevaluate``."""
    repository = _REPOSITORIES[KINDS[group["kind"]]]
    if _count(tx, repository.entity.table) >= SMALL:
        tx.announce("group.pending", id=group["id"])
        return _status(tx, group, "NotStarted")
    try:
        for row in repository.select(tx):
            _evaluate(tx, group, row)
    except RuleTimeout as error:
        return _fail(tx, group, error)
    return _status(tx, group, "Succeeded")


async def reevaluate(rt: Runtime, tenant: str, group_id: str) -> None:
    """Evaluate a large population slice by slice; a rule that changes meanwhile ends this run (design, rule 4)."""
    rule = await rt.store.write(tenant, lambda tx: _start(tx, group_id))
    after = ""
    while rule is not None:
        step = await rt.store.write(tenant, partial(_slice, group_id=group_id, rule=rule, after=after))
        if step is None:
            return
        after = step


async def reevaluate_clock_rules(rt: Runtime, tenant: str) -> None:
    """Evaluate the rules that compare with the time; once an hour is meant (07 section 14)."""

    def on_the_clock(tx: Tx) -> list[str]:
        return [
            group
            for kind in _REPOSITORIES
            for group, rule in getattr(rules_of(tx, kind), "rules", {}).items()
            if rule.reads_clock
        ]

    for group_id in await rt.store.read(tenant, on_the_clock):
        await reevaluate(rt, tenant, group_id)


def pending_groups(tx: Tx) -> list[str]:
    """The groups whose evaluation was begun or is owed: what a process picks up when it starts."""
    ruled = GROUPS.select(tx, both(one_of("kind", list(KINDS)), eq("membership_rule_processing_state", "On")))
    owed = ("NotStarted", "Running")
    return [row["id"] for row in ruled if (row["membership_rule_processing_status"] or {}).get("status") in owed]


async def reevaluate_pending(rt: Runtime, tenant: str) -> int:
    """Evaluate every group that waits for it; how many there were. After a rule change, and when a process starts."""
    waiting = await rt.store.read(tenant, pending_groups)
    for group_id in waiting:
        await reevaluate(rt, tenant, group_id)
    return len(waiting)


def explain_membership(tx: Tx, kind: Kind, object_id: str, rule: str) -> Explanation:
    """Why an object would be, or would not be, a member by this rule (07 section 15)."""
    row = _REPOSITORIES[kind].require(tx, object_id)
    known = _facts(tx, kind, row)
    return compiled(rule, kind).explain(known.values, _context(tx, known))


def _settle(tx: Tx, kind: Kind, row: Row, concerned: set[str]) -> None:
    """Evaluate the concerned groups that can match, and those that hold the object."""
    rules = rules_of(tx, kind)
    if rules is None or not concerned:
        return
    known = _facts(tx, kind, row)
    context = _context(tx, known)
    add, remove = set(), set()
    for group_id in sorted(concerned & (rules.possible(known) | known.groups)):
        try:
            matches = rules.rules[group_id].matches(known.values, context)
        except RuleTimeout as error:
            _fail(tx, GROUPS.require(tx, group_id), error)
            continue
        if matches and group_id not in known.groups:
            add.add(group_id)
        elif not matches and group_id in known.groups:
            remove.add(group_id)
    membership.assign_direct(tx, (kind, row["id"]), add=add, remove=remove, why=_WHY)
    for group_id in sorted(add | remove):
        _status(tx, GROUPS.require(tx, group_id), "Succeeded")


def _evaluate(tx: Tx, group: Row, row: Row) -> None:
    """One object against one group's rule."""
    kind = KINDS[group["kind"]]
    known = _facts(tx, kind, row)
    matches = compiled(group["membership_rule"], kind).matches(known.values, _context(tx, known))
    if matches is not (group["id"] in known.groups):
        one = {group["id"]}
        member: membership.Member = (kind, row["id"])
        membership.assign_direct(tx, member, add=one if matches else (), remove=() if matches else one, why=_WHY)


_WHY = (Reason("rule", "The membership rules of these groups decided."),)


def _start(tx: Tx, group_id: str) -> Rule | None:
    group = GROUPS.get(tx, group_id)
    if group is None or group["membership_rule_processing_state"] != "On":
        return None
    rules_changed(tx, _status(tx, group, "Running"))
    return compiled(group["membership_rule"], KINDS[group["kind"]])


def _slice(tx: Tx, *, group_id: str, rule: Rule, after: str) -> str | None:
    """Evaluate the next objects by id; the id to go on after, or None when this run is over."""
    group = GROUPS.get(tx, group_id)
    if group is None or group["membership_rule"] != rule.text or group["membership_rule_processing_state"] != "On":
        return None
    rows = _REPOSITORIES[rule.kind].select(tx, Compare("id", "gt", after), limit=SLICE)
    try:
        for row in rows:
            _evaluate(tx, group, row)
    except RuleTimeout as error:
        _fail(tx, group, error)
        return None
    if len(rows) < SLICE:
        _status(tx, group, "Succeeded")
        return None
    return str(rows[-1]["id"])


def _facts(tx: Tx, kind: Kind, row: Row) -> Facts:
    values = facts_of.of_device(row) if kind == "device" else facts_of.of_user(row)
    return Facts(values, membership.direct_groups_of(tx, kind, row["id"]), row.get("manager_id"))


def _context(tx: Tx, known: Facts) -> Context:
    return Context(tx.now, lambda _: known.groups, lambda _: known.manager)


def _fail(tx: Tx, group: Row, error: RuleTimeout) -> Row:
    """The rule took too long on some object: the group keeps its members and rests until its rule changes."""
    tx.log("group.failed", subject=f"group:{group['id']}", what={"error": error.message})
    failed = _status(tx, group, "Failed", error.message)
    rules_changed(tx, failed)
    return failed


def _status(tx: Tx, group: Row, status: str, error: str | None = None) -> Row:
    """``membershipRuleProcessingStatus`` (02 section 6.1); a running one keeps the time of the last update."""
    before: dict[str, Any] = group["membership_rule_processing_status"] or {}
    updated = tx.now.isoformat() if status == "Succeeded" else before.get("lastMembershipUpdated")
    value = {"status": status, "lastMembershipUpdated": updated, "errorMessage": error}
    return group if value == before else GROUPS.update(tx, group["id"], {"membership_rule_processing_status": value})


def _count(tx: Tx, table: sa.Table) -> int:
    return int(tx.scalar(sa.select(sa.func.count()).select_from(table).where(table.c.tenant == tx.tenant)))
