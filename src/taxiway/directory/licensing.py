"""Who holds which licence: given directly, or through the groups of which a user is a direct member (02 section 6.3).

``licenseAssignmentStates`` of a user is the truth: one entry for each way a licence comes. ``assignedLicenses`` and
``assignedPlans`` follow from it. Where a product has no seat left, a group's licence waits for its turn and comes as
soon as a seat is free.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from taxiway.directory import access, changes, licences
from taxiway.directory.access import SYSTEM_PRINCIPAL, Principal
from taxiway.directory.entities import GROUPS, SUBSCRIBED_SKUS, USERS
from taxiway.directory.errors import LicenceByGroup, LicenceRefused
from taxiway.directory.licences import check_plans, require_sku, seats_left, take_seats
from taxiway.directory.tables import licence_wait
from taxiway.directory.tables import membership as members
from taxiway.kernel import Reason
from taxiway.store import Row, Tx
from taxiway.store.unit import Event

State = dict[str, Any]
Wanted = Mapping[str, Collection[str]] | Collection[str]

#: A rule may ask for a plan that its own group gives or takes: after so many rounds that is called a circle.
_ROUNDS = 4
#: How many waiting users a transaction serves.
_TURNS = 25
_MEMO = "licensing"
_waits = (licence_wait.c.tenant == sa.bindparam("t")) & (licence_wait.c.user_id == sa.bindparam("u"))
_waiting = sa.select(licence_wait.c.sku_id).where(_waits)
_next_turn = (
    sa.select(licence_wait.c.user_id)
    .where(licence_wait.c.tenant == sa.bindparam("t"), licence_wait.c.sku_id == sa.bindparam("s"))
    .order_by(licence_wait.c.since, licence_wait.c.user_id)
    .limit(1)
)
_waited_for = sa.select(licence_wait.c.sku_id).where(licence_wait.c.tenant == sa.bindparam("t")).distinct()
_m, _g = members.c, GROUPS.entity.table.c
_giving = (
    sa.select(_m.group_id)
    .where(_m.tenant == sa.bindparam("t"), _m.object_kind == "user", _m.object_id == sa.bindparam("u"), _m.direct)
    .where(_g.tenant == _m.tenant, _g.id == _m.group_id, _g.gives_licences)
    .order_by(_m.group_id)
)
_wait = sa.insert(licence_wait)
_end_wait = sa.delete(licence_wait).where(_waits, licence_wait.c.sku_id == sa.bindparam("s"))
_end_waits = sa.delete(licence_wait).where(_waits)


def assign_licenses(
    tx: Tx, user_id: str, add: Wanted = (), remove: Collection[str] = (), *, principal: Principal = SYSTEM_PRINCIPAL
) -> Row:
    """Give licences (SKU ids or part numbers; a mapping names the plans to leave out) directly, and take them."""
    access.require(tx, principal, "users.license", ("user", user_id))
    user = USERS.require(tx, user_id)
    if add and not user["usage_location"]:
        raise LicenceRefused(
            "License assignment cannot be done for user with invalid usage location.",
            remedy="Set the user's usage location first.",
        )
    direct = {state["skuId"]: state["disabledPlans"] for state in states_of(user) if not state["assignedByGroup"]}
    for name in remove:
        _take_direct(tx, user, direct, name)
    for name, disabled in wanted_plans(add).items():
        sku = require_sku(tx, name)
        if not _holds(user, sku) and seats_left(sku) <= 0:
            raise LicenceRefused(
                f"Every licence of '{sku['sku_part_number']}' is in use.", remedy="Free one or buy more."
            )
        direct[sku["sku_id"]] = check_plans(sku, disabled)
    return _settle(tx, user, direct)


def license_user(tx: Tx, user_id: str) -> Row | None:
    """Give a user what the groups say now, and take what they do not say any more; repeatable."""
    user = USERS.get(tx, user_id)
    busy: dict[str, bool] = tx.memo.setdefault(_MEMO, {})
    if user is None or user_id in busy:
        if user is not None:
            busy[user_id] = True  # the run that is at it looks once more
        return user
    busy[user_id] = False
    try:
        for _ in range(_ROUNDS):
            busy[user_id] = False
            user = _settle(tx, USERS.require(tx, user_id), None)
            if not busy[user_id]:
                return user
    finally:
        del busy[user_id]
    tx.log("user.licence_circle", subject=f"user:{user_id}", why=[_CIRCLE])
    return user


def follow_membership(tx: Tx, event: Event) -> None:
    """A user joined or left a group, directly: what it assigns follows."""
    if event["object_kind"] == "user":
        license_user(tx, event["object_id"])


def release_all(tx: Tx, user: Row) -> None:
    """Give back what a user who goes away holds."""
    tx.execute(_end_waits, {"t": tx.tenant, "u": user["id"]})
    for entry in user["assigned_licenses"]:
        take_seats(tx, require_sku(tx, entry["skuId"]), -1)
    for entry in user["assigned_licenses"]:
        give_turns(tx, entry["skuId"])


def set_seats(tx: Tx, sku: str, enabled: int, *, principal: Principal = SYSTEM_PRINCIPAL) -> Row:
    """How many seats of a product the tenant has; those who waited for one get it."""
    access.require(tx, principal, "organization.update")
    row = require_sku(tx, sku)
    row = SUBSCRIBED_SKUS.update(tx, row["id"], {"prepaid_units": {**row["prepaid_units"], "enabled": enabled}})
    tx.log("subscription.changed", subject=f"sku:{row['sku_id']}", what={"enabled": enabled})
    give_turns(tx, row["sku_id"])
    return row


def give_turns(tx: Tx, sku_id: str) -> bool:
    """Seats are free: whoever waits longest is next. Whether more may be served, which is left to a job."""
    for _ in range(_TURNS):
        turn = tx.scalar(_next_turn, {"t": tx.tenant, "s": sku_id}) if seats_left(require_sku(tx, sku_id)) > 0 else None
        if turn is None:
            return False
        tx.execute(_end_wait, {"t": tx.tenant, "u": turn, "s": sku_id})
        license_user(tx, turn)
    tx.left_work = True
    return True


def serve_waiting(tx: Tx) -> bool:
    """The next of those who wait for a seat, of every product; whether more may be served."""
    more = [give_turns(tx, row["sku_id"]) for row in tx.all(_waited_for, {"t": tx.tenant})]
    return any(more)


def wanted_plans(add: Wanted) -> Mapping[str, Collection[str]]:
    """Product -> plans to be left out of it."""
    return add if isinstance(add, Mapping) else dict.fromkeys(add, ())


def states_of(user: Row) -> list[State]:
    """The ways by which licences come to a user; a licence without one was given directly, before there were groups."""
    known = {state["skuId"] for state in user["license_assignment_states"]}
    plain = [entry for entry in user["assigned_licenses"] if entry["skuId"] not in known]
    return [*user["license_assignment_states"], *(_state(e["skuId"], e["disabledPlans"], None, "") for e in plain)]


def _settle(tx: Tx, user: Row, direct: Mapping[str, Collection[str]] | None) -> Row:
    """Write the states that follow from what is given directly (None: as before) and by groups; others follow."""
    before = states_of(user)
    if direct is None:
        direct = {state["skuId"]: state["disabledPlans"] for state in before if not state["assignedByGroup"]}
    ways = [(sku, plans, None) for sku, plans in direct.items()] + _ways_by_group(tx, user)
    if not ways and not before:
        return user
    held = {entry["skuId"] for entry in user["assigned_licenses"]}
    refused = _count(tx, user, held, {sku for sku, _, _ in ways})
    states = [_state(sku, plans, group, "CountViolation" if sku in refused else "") for sku, plans, group in ways]
    stamped = _stamped(tx, states, before)
    if stamped == user["license_assignment_states"]:
        return user
    assigned = _assigned(states)
    plans = licences.plans_of(tx, assigned, user["assigned_plans"])
    values = {"license_assignment_states": stamped, "assigned_licenses": assigned, "assigned_plans": plans}
    changed = {name for name, value in values.items() if user[name] != value}
    user = USERS.update(tx, user["id"], values)
    now = {entry["skuId"] for entry in assigned}
    _log(tx, user, added=now - held, removed=held - now, refused=refused, ways=ways)
    changes.user_changed(tx, user, changed)
    for sku in sorted(held - now):
        give_turns(tx, sku)
    return USERS.require(tx, user["id"])


def _ways_by_group(tx: Tx, user: Row) -> list[tuple[str, Collection[str], str | None]]:
    """What the groups of which the user is a direct member give: one statement, most groups give nothing."""
    groups = [GROUPS.require(tx, row["group_id"]) for row in tx.all(_giving, {"t": tx.tenant, "u": user["id"]})]
    return [
        (each["skuId"], each["disabledPlans"], group["id"]) for group in groups for each in group["assigned_licenses"]
    ]


def _count(tx: Tx, user: Row, held: set[str], wanted: set[str]) -> set[str]:
    """Take and give back seats; the products that have none left for this user, who waits for them from now on."""
    refused: set[str] = set()
    waiting = {row["sku_id"] for row in tx.all(_waiting, {"t": tx.tenant, "u": user["id"]})}
    for sku_id in sorted(held - wanted):
        take_seats(tx, require_sku(tx, sku_id), -1)
    for sku_id in sorted(wanted - held):
        sku = require_sku(tx, sku_id)
        if seats_left(sku) > 0:
            take_seats(tx, sku, 1)
        else:
            refused.add(sku_id)
    for sku_id in sorted(refused - waiting):
        tx.execute(_wait, {"tenant": tx.tenant, "sku_id": sku_id, "user_id": user["id"], "since": tx.now})
    for sku_id in sorted(waiting - refused):
        tx.execute(_end_wait, {"t": tx.tenant, "u": user["id"], "s": sku_id})
    return refused


def _take_direct(tx: Tx, user: Row, direct: dict[str, Any], name: str) -> None:
    sku = require_sku(tx, name)
    if direct.pop(sku["sku_id"], None) is not None:
        return
    groups = [state["assignedByGroup"] for state in states_of(user) if state["skuId"] == sku["sku_id"]]
    if groups:
        row = GROUPS.get(tx, groups[0])
        name = groups[0] if row is None else row["display_name"]
        raise LicenceByGroup(
            f"The licence '{sku['sku_part_number']}' is inherited from a group and cannot be removed from the user.",
            remedy=f"Remove the user from the group '{name}', or the licence from the group.",
        )
    raise LicenceRefused(f"The user does not hold the licence '{sku['sku_part_number']}'.")


def _assigned(states: Iterable[State]) -> list[dict[str, Any]]:
    """``assignedLicenses``: a plan is left out only where every way to the licence leaves it out."""
    plans: dict[str, set[str]] = {}
    for state in states:
        if state["state"] == "Active":
            disabled = set(state["disabledPlans"])
            plans[state["skuId"]] = plans.get(state["skuId"], disabled) & disabled
    return [{"skuId": sku, "disabledPlans": sorted(disabled)} for sku, disabled in plans.items()]


def _state(sku_id: str, disabled: Iterable[str], group_id: str | None, error: str) -> State:
    return {
        "skuId": sku_id,
        "disabledPlans": sorted(disabled),
        "assignedByGroup": group_id,
        "state": "Error" if error else "Active",
        "error": error or "None",
    }


def _stamped(tx: Tx, states: Iterable[State], before: Iterable[State]) -> list[State]:
    """The states with the time of their last change."""
    known = {(state["skuId"], state["assignedByGroup"]): state for state in before if "lastUpdatedDateTime" in state}
    stamped, now = [], tx.now.isoformat().replace("+00:00", "Z")
    for state in states:
        old = known.get((state["skuId"], state["assignedByGroup"]))
        same = old is not None and {**old, **state} == old
        stamped.append(old if same and old else {**state, "lastUpdatedDateTime": now})
    return stamped


def _log(tx: Tx, user: Row, *, added: set[str], removed: set[str], refused: set[str], ways: Iterable[Any]) -> None:
    what = {"added": sorted(added), "removed": sorted(removed), "waiting": sorted(refused)}
    giving = sorted({group for sku, _, group in ways if group and sku in added | refused})
    why = [
        Reason("licence.group", f"The group {group} assigns it to its members.", {"group": group}) for group in giving
    ]
    why += [Reason("licence.none_left", "There is no seat left; it comes when one is free.")] if refused else []
    tx.log("user.licensed", subject=f"user:{user['id']}", what=what, why=why)


def _holds(user: Row, sku: Row) -> bool:
    return any(entry["skuId"] == sku["sku_id"] for entry in user["assigned_licenses"])


_CIRCLE = Reason(
    "licence.circle",
    "The rule of a group asks for a plan that the same group gives or takes: the licences were left as they are.",
)
