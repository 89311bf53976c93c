"""Which objects of one kind reach the same devices through groups: who warns of a conflict asks here (01 P-24)."""

from __future__ import annotations

import sqlalchemy as sa

from taxiway.directory.tables import assignment, membership
from taxiway.store import Tx

#: Devices of an object that are looked at; more than these only make the same warning longer.
MOST = 1_000

_mine, _other, _barred = assignment.alias(), assignment.alias(), assignment.alias()
_held, _by, _out = membership.alias(), membership.alias(), membership.alias()


def _bound(*tables: sa.FromClause) -> list[sa.ColumnElement[bool]]:
    return [table.c.tenant == sa.bindparam("t") for table in tables]


_devices = (
    sa.select(_held.c.object_id)
    .distinct()
    .where(
        *_bound(_mine, _held),
        _mine.c.object_kind == sa.bindparam("k"),
        _mine.c.object_id == sa.bindparam("o"),
        _mine.c.kind == "group",
        _held.c.group_id == _mine.c.group_id,
        _held.c.object_kind == "device",
    )
    .limit(sa.bindparam("most"))
)
_excluded = (
    sa.exists()
    .where(
        *_bound(_barred, _out),
        _barred.c.object_kind == sa.bindparam("k"),
        _barred.c.object_id.in_([_other.c.object_id, sa.bindparam("o")]),
        _barred.c.kind == "exclusion",
        _out.c.group_id == _barred.c.group_id,
        _out.c.object_kind == "device",
        _out.c.object_id == _by.c.object_id,
    )
    .correlate(_other, _by)
)
_overlaps = (
    sa.select(_other.c.object_id, sa.func.count(_by.c.object_id.distinct()).label("devices"))
    .where(
        *_bound(_other, _by),
        _other.c.object_kind == sa.bindparam("k"),
        _other.c.object_id != sa.bindparam("o"),
        _other.c.kind == "group",
        _by.c.group_id == _other.c.group_id,
        _by.c.object_kind == "device",
        _by.c.object_id.in_(_devices),
        ~_excluded,
    )
    .group_by(_other.c.object_id)
)


def overlaps(tx: Tx, object_kind: str, object_id: str) -> dict[str, int]:
    """Other objects of the kind -> how many devices both reach through groups, of the first ``MOST`` devices."""
    rows = tx.all(_overlaps, {"t": tx.tenant, "k": object_kind, "o": object_id, "most": MOST})
    return {row["object_id"]: int(row["devices"]) for row in rows}
