"""Dynamic membership: who belongs to a group by its rule, kept true with every change (07 sections 14 to 16).

What changes one object is followed here, in the same transaction; a rule that changes is followed by ``population``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from taxiway.directory import membership, processing
from taxiway.directory.entities import DEVICES, GROUPS, USERS
from taxiway.directory.facts import facts_of, touched
from taxiway.directory.rule_index import Facts, RuleSet, compiled, rules_of
from taxiway.directory.rules import Context, Explanation, Kind, RuleTimeout
from taxiway.kernel import Reason
from taxiway.store import Repository, Row, Tx
from taxiway.store.unit import Event

REPOSITORIES: Mapping[Kind, Repository] = {"device": DEVICES, "user": USERS}
WHY = (Reason("rule", "The membership rules of these groups decided."),)


class _Moves(NamedTuple):
    """The groups an object comes into, and those it leaves."""

    add: set[str]
    remove: set[str]


def reconsider(tx: Tx, kind: Kind, row: Row, changed: Collection[str]) -> None:
    """A user or device changed: put it into the groups it now matches and take it out of those it does not."""
    rules = rules_of(tx, kind)
    if rules is not None and rules.rules:
        _settle(tx, kind, [row], rules, rules.reading(touched(kind, changed)))


def place(tx: Tx, kind: Kind, rows: Collection[Row]) -> None:
    """New users or devices: put each into the groups it matches. They are in none, so nobody looks."""
    membership.assume_none(tx, kind, (row["id"] for row in rows))
    rules = rules_of(tx, kind)
    if rules is not None and rules.rules:
        _settle(tx, kind, rows, rules, rules.rules.keys())


def follow_membership(tx: Tx, event: Event) -> None:
    """Direct membership of a source group changed: the groups whose rule looks into it follow (07 section 10.3)."""
    kind: Kind = event["object_kind"]
    rules = rules_of(tx, kind) if kind in REPOSITORIES else None
    if rules is None:
        return
    moved = event["added"] | event["removed"]
    looking = {group for group in rules.reading(("memberof",)) if rules.rules[group].source_groups & moved}
    row = REPOSITORIES[kind].get(tx, event["object_id"]) if looking else None
    if row is not None:
        _settle(tx, kind, [row], rules, looking)


def explain_membership(tx: Tx, kind: Kind, object_id: str, rule: str) -> Explanation:
    """Why an object would be, or would not be, a member by this rule (07 section 15)."""
    known = known_of(tx, kind, REPOSITORIES[kind].require(tx, object_id))
    return compiled(rule, kind).explain(known.values, context_of(tx, known))


def known_of(tx: Tx, kind: Kind, row: Row, keys: Collection[str] | None = None) -> Facts:
    """An object as rules see it; with ``keys``, what these read of it."""
    groups = membership.direct_groups_of(tx, kind, row["id"])
    return Facts(facts_of(kind, row, keys), groups, row.get("manager_id"))


def context_of(tx: Tx, known: Facts) -> Context:
    """What a rule asks beside the object."""
    return Context(tx.now, lambda _: known.groups, lambda _: known.manager)


def _settle(tx: Tx, kind: Kind, rows: Iterable[Row], rules: RuleSet, concerned: Collection[str]) -> None:
    """Evaluate for each object the concerned groups that can match, and those that hold it."""
    if not concerned:
        return
    wanted: dict[membership.Member, _Moves] = {}
    for row in rows:
        known = known_of(tx, kind, row)
        wanted[kind, row["id"]] = _moves(tx, known, rules, concerned)
    membership.assign_all(tx, wanted, why=WHY)
    moved = set[str]().union(*(moves.add | moves.remove for moves in wanted.values()))
    for group in GROUPS.of_ids(tx, moved, by="id"):
        processing.mark(tx, group, "Succeeded")


def _moves(tx: Tx, known: Facts, rules: RuleSet, concerned: Collection[str]) -> _Moves:
    context = context_of(tx, known)
    moves = _Moves(set(), set())
    for group_id in sorted(group for group in rules.possible(known) | known.groups if group in concerned):
        try:
            matches = rules.rules[group_id].matches(known.values, context)
        except RuleTimeout as error:
            processing.fail(tx, GROUPS.require(tx, group_id), error)
            continue
        if matches is not (group_id in known.groups):
            (moves.add if matches else moves.remove).add(group_id)
    return moves
