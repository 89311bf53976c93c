"""Which objects of one kind reach the same devices through groups: who warns of a conflict asks here (01 P-24)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Final

import sqlalchemy as sa

from taxiway.directory.membership import groups_of
from taxiway.directory.tables import assignment, membership
from taxiway.store import Tx

#: Devices of an object that are looked at; more than these only make the same warning longer.
MOST: Final = 200

_a, _m = assignment.c, membership.c
_named = sa.select(_a.object_id, _a.kind, _a.group_id).where(
    _a.tenant == sa.bindparam("t"), _a.object_kind == sa.bindparam("k"), _a.group_id.is_not(None)
)
_devices = (
    sa.select(_m.object_id)
    .where(_m.tenant == sa.bindparam("t"), _m.group_id == sa.bindparam("g"), _m.object_kind == "device")
    .order_by(_m.object_id)
    .limit(MOST)
)


def overlaps(tx: Tx, object_kind: str, object_id: str) -> dict[str, int]:
    """Other objects of the kind -> how many devices both reach through groups, of the first ``MOST`` devices."""
    naming: dict[str, dict[str, set[str]]] = {"group": defaultdict(set), "exclusion": defaultdict(set)}
    for row in tx.all(_named, {"t": tx.tenant, "k": object_kind}):
        naming[row["kind"]][row["group_id"]].add(row["object_id"])
    own = {group for group, objects in naming["group"].items() if object_id in objects}
    found: dict[str, int] = defaultdict(int)
    for device in _devices_of(tx, own):
        groups = groups_of(tx, "device", device)  # one by one: a list of ids has SQLite walk all memberships
        reached = _naming(naming["group"], groups) - _naming(naming["exclusion"], groups)
        for other in reached - {object_id} if object_id in reached else ():
            found[other] += 1
    return dict(found)


def _naming(objects: Mapping[str, set[str]], groups: frozenset[str]) -> set[str]:
    return {one for group in groups if group in objects for one in objects[group]}


def _devices_of(tx: Tx, group_ids: set[str]) -> list[str]:
    held = {row["object_id"] for group in group_ids for row in tx.all(_devices, {"t": tx.tenant, "g": group})}
    return sorted(held)[:MOST]
