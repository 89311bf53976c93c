"""Assignment filters: the rule language on facts of the device that is asking (02 section 9.4)."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from taxiway.directory import access, facts
from taxiway.directory.access import Principal
from taxiway.directory.entities import ASSIGNMENT_FILTER, ASSIGNMENT_FILTERS
from taxiway.directory.errors import Invalid
from taxiway.directory.rules import Context, Rule, RuleTimeout, compile_rule
from taxiway.directory.tables import assignment
from taxiway.directory.verdicts import no, yes
from taxiway.kernel import Decision, Reason
from taxiway.store import Row, Tx

#: How filters name what group rules call otherwise.
_NAMES = {
    "manufacturer": "deviceManufacturer",
    "model": "deviceModel",
    "devicename": "displayName",
    "osversion": "deviceOSVersion",
    "operatingsystemversion": "deviceOSVersion",
}
#: How filters name values that the directory keeps otherwise.
_OWNERSHIP = {"company": "Corporate", "personal": "Personal"}
_TRUST = {"azuread": "Azure AD joined", "workplace": "Azure AD registered", "serverad": "Hybrid Azure AD joined"}
_WORDS = re.compile(r"""("(?:[^"`]|`.)*"|'(?:[^'`]|`.)*')|(device\.)(\w+)""", re.IGNORECASE)


def create_filter(tx: Tx, *, principal: Principal, display_name: str, rule: str, **props: Any) -> Row:
    """Add a filter; its rule is checked now."""
    access.require(tx, principal, "filters.create")
    _compiled(rule)
    props = access.tagged(tx, principal, ASSIGNMENT_FILTER, props)
    values = {**props, "display_name": display_name, "rule": rule, "created_at": tx.now, "modified_at": tx.now}
    row = ASSIGNMENT_FILTERS.insert(tx, values)
    tx.log("filter.created", subject=f"filter:{row['id']}", what={"name": display_name, "rule": rule})
    return row


def update_filter(tx: Tx, filter_id: str, changed: Mapping[str, Any], *, principal: Principal) -> Row:
    """Change a filter; devices are asked by the new rule from now on."""
    access.require(tx, principal, "filters.update")
    if "rule" in changed:
        _compiled(str(changed["rule"]))
    if "platform" in changed and changed["platform"] != ASSIGNMENT_FILTERS.require(tx, filter_id)["platform"]:
        raise Invalid("The platform of a filter cannot be changed.")
    changed = access.tagged(tx, principal, ASSIGNMENT_FILTER, changed, ASSIGNMENT_FILTERS.require(tx, filter_id))
    row = ASSIGNMENT_FILTERS.update(tx, filter_id, {**changed, "modified_at": tx.now})
    tx.log("filter.changed", subject=f"filter:{filter_id}", what={"changed": sorted(changed)})
    for user in _users(tx, filter_id):
        tx.announce("assignments.changed", object_kind=user["object_kind"], object_id=user["object_id"])
    return row


def delete_filter(tx: Tx, filter_id: str, *, principal: Principal) -> None:
    """Remove a filter that no assignment uses."""
    access.require(tx, principal, "filters.delete")
    ASSIGNMENT_FILTERS.require(tx, filter_id)
    if _users(tx, filter_id):
        raise Invalid("The filter is used by assignments.", remedy="Remove it from them first.")
    ASSIGNMENT_FILTERS.delete(tx, filter_id)
    tx.log("filter.deleted", subject=f"filter:{filter_id}")


def filters_in_use(tx: Tx, object_kinds: Collection[str]) -> bool:
    """Whether an assignment of any of these kinds has a filter."""
    return tx.one(_using(tuple(sorted(object_kinds))), {"t": tx.tenant}) is not None


def filter_reads(tx: Tx, filter_id: str) -> frozenset[str]:
    """The properties that a filter's rule reads, by their keys in the rule language."""
    row = ASSIGNMENT_FILTERS.get(tx, filter_id)
    return frozenset() if row is None else _compiled(row["rule"]).attributes


@lru_cache
def _using(object_kinds: tuple[str, ...]) -> sa.Select[Any]:
    known = (assignment.c.tenant == sa.bindparam("t")) & assignment.c.filter_id.is_not(None)
    of_kinds = sa.or_(*(assignment.c.object_kind == kind for kind in object_kinds))
    return sa.select(assignment.c.id).where(known, of_kinds).limit(1)


def passes(tx: Tx, row: Row, device: Row | None, *, wanted: bool) -> Decision[bool]:
    """Whether an assignment with this filter reaches the device, if one is known; ``wanted``: include mode."""
    name = row["display_name"]
    if device is None:
        return no(Reason("filter.no_device", f"The filter '{name}' asks about a device, and none is known."))
    try:
        matched = _compiled(row["rule"]).matches(_facts(device), Context(tx.now))
    except RuleTimeout:
        return no(Reason("filter.timeout", f"The rule of the filter '{name}' took too long."))
    verb = "matches" if matched else "does not match"
    mode = "included" if wanted else "excluded"
    reason = Reason("filter.asked", f"The device {verb} the filter '{name}', whose devices are {mode}.")
    return yes(reason) if matched is wanted else no(reason)


@lru_cache(maxsize=1024)
def _compiled(text: str) -> Rule:
    """The rule with the names that group rules use; what stands in quotes is left alone."""

    def rename(word: re.Match[str]) -> str:
        if word[1]:
            return word[1]
        return word[2] + _NAMES.get(word[3].lower(), word[3])

    return compile_rule(_WORDS.sub(rename, text), "device")


def _facts(device: Row) -> dict[str, object]:
    known = facts.facts_of("device", device)
    for key, spelled in (("deviceownership", _OWNERSHIP), ("devicetrusttype", _TRUST)):
        value = known.get(key)
        if isinstance(value, str):
            known[key] = spelled.get(value.lower(), value)
    return known


def _users(tx: Tx, filter_id: str) -> list[Row]:
    """The objects whose assignments use a filter."""
    using = (assignment.c.tenant == tx.tenant) & (assignment.c.filter_id == filter_id)
    return tx.all(sa.select(assignment.c.object_kind, assignment.c.object_id).where(using).distinct())
