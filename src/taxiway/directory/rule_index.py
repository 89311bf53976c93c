"""The compiled rules of a tenant, indexed by what they read and by the literals they require (design, rule 4).

A set is found by a digest over the history of the tenant's rules, read in the same transaction: equal digests mean
equal rules, so a set in memory is never stale, in whichever process or store it was made.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import sqlalchemy as sa

from taxiway.directory.entities import GROUPS
from taxiway.directory.rules import Kind, Requirement, Rule, compile_rule, fold
from taxiway.directory.tables import rule_set
from taxiway.store import Row, Tx

KINDS: dict[str, Kind] = {"dynamic_device": "device", "dynamic_user": "user"}
_KEPT = 64
_MEMO = "rule_set"

#: More than a tenant can have.
compiled = lru_cache(maxsize=32_768)(compile_rule)

_digest = sa.select(rule_set.c.digest).where(rule_set.c.tenant == sa.bindparam("t"))


class Facts(NamedTuple):
    """An object as rules see it, with what stands beside it: direct groups and, of a user, the manager."""

    values: Mapping[str, object]
    groups: frozenset[str]
    manager: str | None

    def literals(self, key: str) -> Iterator[str]:
        """The folded texts an object has under a key of a requirement."""
        if key == "memberof":
            yield from map(fold, self.groups)
            return
        if key == "manager":
            yield fold(self.manager or "")
            return
        outer, _, inner = key.partition(".")
        value = self.values.get(outer)
        for item in value if isinstance(value, (list, tuple)) else (value,):
            text = _field(item, inner) if inner else item
            if isinstance(text, str):
                yield fold(text)


_NONE: frozenset[str] = frozenset()


class _Index(NamedTuple):
    """Which groups read an attribute, which require a literal (key, "eq" or "prefix", text), which require none."""

    readers: dict[str, frozenset[str]]
    required: dict[str, dict[str, dict[str, frozenset[str]]]]
    free: frozenset[str]

    def without(self, group_id: str, rule: Rule) -> _Index:
        """The index but for one group. What is not concerned is shared."""
        one = frozenset({group_id})
        readers, required = self._copied()
        for key in rule.attributes:
            readers[key] -= one
        for key, how, literal in rule.required_literals or ():
            required[key][how][literal] -= one
        return _Index(readers, required, self.free - one)

    def including(self, group_id: str, rule: Rule) -> _Index:
        """The index with one group more."""
        one = frozenset({group_id})
        readers, required = self._copied()
        for key in rule.attributes:
            readers[key] = readers.get(key, _NONE) | one
        for key, how, literal in rule.required_literals or ():
            by = required.setdefault(key, {"eq": {}, "prefix": {}})[how]
            by[literal] = by.get(literal, _NONE) | one
        return _Index(readers, required, self.free | one if rule.required_literals is None else self.free)

    def _copied(self) -> tuple[dict[str, frozenset[str]], dict[str, dict[str, dict[str, frozenset[str]]]]]:
        required = {key: {how: dict(by) for how, by in wanted.items()} for key, wanted in self.required.items()}
        return dict(self.readers), required


class RuleSet:
    """The rules that are on, of one kind of object. It never changes: ``changed`` gives another one."""

    def __init__(self, rules: Mapping[str, Rule], index: _Index | None = None) -> None:
        self.rules = rules
        self._index = index or _indexed(rules)
        required = self._index.required.items()
        self._lengths = {key: sorted({len(text) for text in wanted["prefix"]}) for key, wanted in required}

    def reading(self, touched: Iterable[str] | None) -> Collection[str]:
        """The groups whose rule reads one of the attributes; None means every attribute."""
        if touched is None:
            return self.rules.keys()
        found = [self._index.readers[key] for key in touched if key in self._index.readers]
        return found[0] if len(found) == 1 else _NONE.union(*found)

    def possible(self, facts: Facts) -> frozenset[str]:
        """The groups that the object may match: it has a literal that they require, or they require none."""
        found = [self._index.free]
        for key, wanted in self._index.required.items():
            exact, prefixes = wanted["eq"], wanted["prefix"]
            for literal in facts.literals(key):
                found.append(exact.get(literal, _NONE))
                found += [prefixes.get(literal[:length], _NONE) for length in self._lengths[key]]
        return _NONE.union(*found)

    def changed(self, group_id: str, rule: Rule | None) -> RuleSet:
        """The same rules but for one group's, which is another one or none."""
        index, before = self._index, self.rules.get(group_id)
        rules = {name: known for name, known in self.rules.items() if name != group_id}
        if before is not None:
            index = index.without(group_id, before)
        if rule is not None:
            rules[group_id] = rule
            index = index.including(group_id, rule)
        return RuleSet(rules, index)


def _indexed(rules: Mapping[str, Rule]) -> _Index:
    readers: dict[str, set[str]] = {}
    needed: dict[Requirement, set[str]] = {}
    for group_id, rule in rules.items():
        for key in rule.attributes:
            readers.setdefault(key, set()).add(group_id)
        for need in rule.required_literals or ():
            needed.setdefault(need, set()).add(group_id)
    required: dict[str, dict[str, dict[str, frozenset[str]]]] = {}
    for (key, how, literal), groups in needed.items():
        required.setdefault(key, {"eq": {}, "prefix": {}})[how][literal] = frozenset(groups)
    free = frozenset(group for group, rule in rules.items() if rule.required_literals is None)
    return _Index({key: frozenset(groups) for key, groups in readers.items()}, required, free)


_sets: dict[tuple[str, Kind], RuleSet] = {}


def rules_of(tx: Tx, kind: Kind) -> RuleSet | None:
    """The rules that are on for this kind of object; None when the tenant never had one."""
    digest = _digest_of(tx)
    if digest is None:
        return None
    known = _sets.get((digest, kind))
    return _keep(digest, kind, RuleSet(_rules(tx, kind))) if known is None else known


def rules_changed(tx: Tx, group: Row) -> None:
    """A rule came, went or changed: the tenant's digest moves on, and a set in memory with it."""
    before = _digest_of(tx)
    step = [tx.tenant, str(before), *(str(group[name]) for name in _STEP)]
    digest = hashlib.sha256("\x1f".join(step).encode()).hexdigest()
    if before is None:
        tx.execute(sa.insert(rule_set).values(tenant=tx.tenant, digest=digest))
    else:
        tx.execute(sa.update(rule_set).where(rule_set.c.tenant == tx.tenant).values(digest=digest))
    tx.memo[_MEMO] = digest
    for kind in KINDS.values():
        known = _sets.get((str(before), kind))
        if known is not None:
            rule = compiled(group["membership_rule"], kind) if KINDS[group["kind"]] == kind and _counts(group) else None
            _keep(digest, kind, known.changed(group["id"], rule))


def _digest_of(tx: Tx) -> str | None:
    """The digest over the history of the tenant's rules, as this transaction knows it."""
    if _MEMO not in tx.memo:
        tx.memo[_MEMO] = tx.scalar(_digest, {"t": tx.tenant})
    known: str | None = tx.memo[_MEMO]
    return known


def _keep(digest: str, kind: Kind, rules: RuleSet) -> RuleSet:
    if len(_sets) >= _KEPT:
        _sets.clear()
    _sets[digest, kind] = rules
    return rules


_table = GROUPS.entity.table
_STEP = ("id", "version", "kind", "membership_rule", "membership_rule_processing_state", "deleted_at")


_groups = sa.select(_table.c.id, _table.c.membership_rule, _table.c.doc).where(
    _table.c.tenant == sa.bindparam("t"),
    _table.c.kind == sa.bindparam("k"),
    _table.c.membership_rule_processing_state == "On",
)


def _rules(tx: Tx, kind: Kind) -> dict[str, Rule]:
    """The rules of the dynamic groups that are on."""
    rows = tx.all(_groups, {"t": tx.tenant, "k": f"dynamic_{kind}"})
    return {row["id"]: compiled(row["membership_rule"], kind) for row in rows if not _failed(row["doc"])}


def _counts(group: Row) -> bool:
    """Whether a group's rule is asked."""
    on = group["membership_rule_processing_state"] == "On" and group["deleted_at"] is None
    return on and not _failed(group)


def _failed(group: Mapping[str, Any]) -> bool:
    """A failed group rests until its rule changes, so that it costs no further time."""
    return (group.get("membership_rule_processing_status") or {}).get("status") == "Failed"


def _field(item: object, name: str) -> object:
    """A field of an item, whatever the case of its name."""
    if not isinstance(item, Mapping):
        return None
    return next((value for key, value in item.items() if str(key).lower() == name), None)
