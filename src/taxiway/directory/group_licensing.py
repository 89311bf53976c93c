"""Licences that a group gives to its direct members (02 section 6.1); large groups in slices (design, rule 2)."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial

import sqlalchemy as sa

from taxiway.directory import access
from taxiway.directory.access import SYSTEM_PRINCIPAL, Principal
from taxiway.directory.entities import GROUPS
from taxiway.directory.errors import LicenceRefused
from taxiway.directory.licences import check_plans, require_sku
from taxiway.directory.licensing import Wanted, license_user, serve_waiting, wanted_plans
from taxiway.directory.tables import licence_wait, membership
from taxiway.store import Compare, Row, Runtime, Tx

#: So many members are licensed in one transaction.
SLICE = 25
_m, _w = membership.c, licence_wait.c
_direct_users = (
    (_m.tenant == sa.bindparam("t")) & (_m.group_id == sa.bindparam("g")) & (_m.object_kind == "user") & _m.direct
)
_after = (
    sa.select(_m.object_id)
    .where(_direct_users, _m.object_id > sa.bindparam("after"))
    .order_by(_m.object_id)
    .limit(sa.bindparam("n"))
)
_without_seat = (
    sa.select(_m.object_id)
    .where(_direct_users, _w.tenant == _m.tenant, _w.user_id == _m.object_id)
    .where(_w.sku_id.in_(sa.bindparam("skus", expanding=True)))
    .distinct()
    .order_by(_m.object_id)
)


def assign_group_licenses(
    tx: Tx, group_id: str, add: Wanted = (), remove: Collection[str] = (), *, principal: Principal = SYSTEM_PRINCIPAL
) -> Row:
    """Let a group give licences to its direct members, or stop; the first of them hold it at once."""
    access.require(tx, principal, "users.license")
    group = GROUPS.require(tx, group_id)
    held = {entry["skuId"]: entry["disabledPlans"] for entry in group["assigned_licenses"]}
    for name in remove:
        sku = require_sku(tx, name)
        if held.pop(sku["sku_id"], None) is None:
            raise LicenceRefused(f"The group does not assign the licence '{sku['sku_part_number']}'.")
    for name, disabled in wanted_plans(add).items():
        sku = require_sku(tx, name)
        held[sku["sku_id"]] = check_plans(sku, disabled)
    assigned = [{"skuId": sku, "disabledPlans": list(plans)} for sku, plans in sorted(held.items())]
    values = {"assigned_licenses": assigned, "gives_licences": bool(assigned), "licensed_up_to": ""}
    GROUPS.update(tx, group_id, values)
    what = {"added": sorted(wanted_plans(add)), "removed": sorted(remove)}
    tx.log("group.licensed", subject=f"group:{group_id}", what=what)
    tx.left_work = _slice(tx, group_id) or tx.left_work
    return GROUPS.require(tx, group_id)


async def license_members(rt: Runtime, tenant: str) -> None:
    """Bring licences to the members that are still due, and seats that came free to those who wait."""
    for group_id in await rt.store.read(tenant, _owing):
        while await rt.store.write(tenant, partial(_slice, group_id=group_id)):
            pass
    if await rt.store.read(tenant, _somebody_waits):
        while await rt.store.write(tenant, serve_waiting):
            pass


def members_without_seat(tx: Tx, group_id: str) -> list[str]:
    """The members for whom a licence of the group had no seat left."""
    skus = [entry["skuId"] for entry in GROUPS.require(tx, group_id)["assigned_licenses"]]
    rows = tx.all(_without_seat, {"t": tx.tenant, "g": group_id, "skus": skus}) if skus else []
    return [row["object_id"] for row in rows]


def _slice(tx: Tx, group_id: str) -> bool:
    """License the next members by id; whether there are more."""
    group = GROUPS.get(tx, group_id)
    if group is None or group["licensed_up_to"] is None:
        return False
    given = {"t": tx.tenant, "g": group_id, "after": group["licensed_up_to"], "n": SLICE}
    due = [row["object_id"] for row in tx.all(_after, given)]
    for user_id in due:
        license_user(tx, user_id)
    more = len(due) == SLICE
    GROUPS.update(tx, group_id, {"licensed_up_to": due[-1] if more else None})
    return more


def _owing(tx: Tx) -> list[str]:
    return [row["id"] for row in GROUPS.select(tx, Compare("licensed_up_to", "ne", None))]


def _somebody_waits(tx: Tx) -> bool:
    return tx.one(sa.select(_w.sku_id).where(_w.tenant == tx.tenant).limit(1)) is not None
