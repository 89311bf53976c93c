"""The compiled rules of a tenant, indexed by what they read and by the literals they require (design, rule 4).

A set is found by a digest over the history of the tenant's rules, read in the same transaction: equal digests mean
equal rules, so a set in memory is never stale, in whichever process or store it was made.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

import sqlalchemy as sa

from taxiway.directory.entities import GROUPS
from taxiway.directory.rules import Kind, Rule, compile_rule, fold
from taxiway.directory.tables import rule_set
from taxiway.store import Row, Tx, both, eq

KINDS: dict[str, Kind] = {"dynamic_device": "device", "dynamic_user": "user"}
_KEPT = 64

compiled = lru_cache(maxsize=4096)(compile_rule)

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


class RuleSet:
    """The rules that are on, of one kind of object."""

    def __init__(self, rules: Mapping[str, Rule]) -> None:
        self.rules = rules
        self._readers: dict[str, set[str]] = {}
        self._exact: dict[tuple[str, str], set[str]] = {}
        self._prefixes: dict[str, list[tuple[str, str]]] = {}
        self._keys: set[str] = set()
        self._any: set[str] = set()
        for group_id, rule in rules.items():
            self._index(group_id, rule)

    def reading(self, touched: Iterable[str] | None) -> set[str]:
        """The groups whose rule reads one of the attributes; None means every attribute."""
        if touched is None:
            return set(self.rules)
        return set[str]().union(*(self._readers.get(key, ()) for key in touched))

    def possible(self, facts: Facts) -> set[str]:
        """The groups that the object may match: it has a literal that they require, or they require none."""
        found = set(self._any)
        for key in self._keys:
            for literal in facts.literals(key):
                found |= self._exact.get((key, literal), set())
                found |= {group for prefix, group in self._prefixes.get(key, ()) if literal.startswith(prefix)}
        return found

    def _index(self, group_id: str, rule: Rule) -> None:
        for key in rule.attributes:
            self._readers.setdefault(key, set()).add(group_id)
        if rule.required_literals is None:
            self._any.add(group_id)
            return
        for key, how, literal in rule.required_literals:
            self._keys.add(key)
            if how == "eq":
                self._exact.setdefault((key, literal), set()).add(group_id)
            else:
                self._prefixes.setdefault(key, []).append((literal, group_id))


_sets: dict[tuple[str, Kind], RuleSet] = {}


def rules_of(tx: Tx, kind: Kind) -> RuleSet | None:
    """The rules that are on for this kind of object; None when the tenant never had one."""
    digest = tx.scalar(_digest, {"t": tx.tenant})
    if digest is None:
        return None
    known = _sets.get((digest, kind))
    if known is None:
        known = RuleSet({row["id"]: compiled(row["membership_rule"], kind) for row in _groups(tx, kind)})
        if len(_sets) >= _KEPT:
            _sets.clear()
        _sets[(digest, kind)] = known
    return known


def rules_changed(tx: Tx, group: Row) -> None:
    """A rule came, went or changed: the tenant's digest moves on."""
    before = tx.scalar(_digest, {"t": tx.tenant})
    step = [tx.tenant, str(before), *(str(group[name]) for name in _STEP)]
    digest = hashlib.sha256("\x1f".join(step).encode()).hexdigest()
    if before is None:
        tx.execute(sa.insert(rule_set).values(tenant=tx.tenant, digest=digest))
    else:
        tx.execute(sa.update(rule_set).where(rule_set.c.tenant == tx.tenant).values(digest=digest))


_STEP = ("id", "version", "kind", "membership_rule", "membership_rule_processing_state", "deleted_at")


def _groups(tx: Tx, kind: Kind) -> list[Row]:
    """The dynamic groups that are on; a failed one rests until its rule changes, so that it costs no further time."""
    rows = GROUPS.select(tx, both(eq("kind", f"dynamic_{kind}"), eq("membership_rule_processing_state", "On")))
    return [row for row in rows if (row["membership_rule_processing_status"] or {}).get("status") != "Failed"]


def _field(item: object, name: str) -> object:
    """A field of an item, whatever the case of its name."""
    if not isinstance(item, Mapping):
        return None
    return next((value for key, value in item.items() if str(key).lower() == name), None)
