"""Who is in an administrative unit: stated members, or those its rule matches when it is asked."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from taxiway.directory.entities import DEVICES, USERS
from taxiway.directory.facts import facts_of
from taxiway.directory.role_entities import ADMINISTRATIVE_UNITS
from taxiway.directory.rule_index import compiled
from taxiway.directory.rules import Context, Kind, Rule, RuleTimeout
from taxiway.directory.tables import unit_member, unit_role
from taxiway.store import Repository, Row, Tx
from taxiway.store.query import Compare

_SLICE: Final = 1_000
_POPULATIONS: Final[dict[Kind, Repository]] = {"user": USERS, "device": DEVICES}
_m, _r = unit_member.c, unit_role.c
_stated = sa.select(_m.object_kind, _m.object_id).where(_m.tenant == sa.bindparam("t"), _m.unit_id == sa.bindparam("u"))
_is_stated = _stated.where(_m.object_kind == sa.bindparam("k"), _m.object_id == sa.bindparam("o"))
_held = sa.select(_r.unit_id, _r.role_id).where(_r.tenant == sa.bindparam("t"), _r.user_id == sa.bindparam("u"))


def roles_over_units(tx: Tx, user_id: str) -> list[Row]:
    """The directory roles a user holds for units: ``unit_id``, ``role_id``."""
    return tx.all(_held, {"t": tx.tenant, "u": user_id})


def holds(tx: Tx, unit_id: str, kind: str, object_id: str) -> bool:
    """Whether a unit has this member."""
    unit = ADMINISTRATIVE_UNITS.get(tx, unit_id)
    if unit is None:
        return False
    if not is_dynamic(unit):
        return tx.one(_is_stated, {"t": tx.tenant, "u": unit_id, "k": kind, "o": object_id}) is not None
    rule = rule_of(unit)
    row = _POPULATIONS[rule.kind].get(tx, object_id) if kind == rule.kind and _is_on(unit) else None
    return False if row is None else _matches(tx, rule, row)


def unit_members(tx: Tx, unit_id: str) -> list[tuple[str, str]]:
    """The members of a unit; of a dynamic one by a walk over all users or devices, as nothing of it is stored."""
    unit = ADMINISTRATIVE_UNITS.require(tx, unit_id)
    if not is_dynamic(unit):
        return sorted((row["object_kind"], row["object_id"]) for row in tx.all(_stated, {"t": tx.tenant, "u": unit_id}))
    rule, after, found = rule_of(unit), "", list[tuple[str, str]]()
    while _is_on(unit):
        rows = _POPULATIONS[rule.kind].select(tx, Compare("id", "gt", after), limit=_SLICE)
        found += [(rule.kind, row["id"]) for row in rows if _matches(tx, rule, row)]
        if len(rows) < _SLICE:
            break
        after = rows[-1]["id"]
    return found


def is_dynamic(unit: Row) -> bool:
    """Whether a unit's members follow from a rule."""
    return bool(unit["membership_type"] == "Dynamic")


def rule_of(unit: Row) -> Rule:
    """A dynamic unit's rule, compiled."""
    text = str(unit["membership_rule"])
    return compiled(text, "user" if "user." in text.lower() and "device." not in text.lower() else "device")


def _is_on(unit: Row) -> bool:
    """A paused rule has nobody: there is nothing stored that it could keep."""
    return bool(unit["membership_rule_processing_state"] != "Paused")


def _matches(tx: Tx, rule: Rule, row: Row) -> bool:
    values = facts_of(rule.kind, row, rule.attributes)
    try:
        return rule.matches(values, Context(tx.now, lambda _: frozenset(), lambda _: row.get("manager_id")))
    except RuleTimeout:
        return False
