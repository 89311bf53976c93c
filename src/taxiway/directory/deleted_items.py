"""What was deleted and can come back: the object as it was, and the direct memberships that ended with it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

import sqlalchemy as sa

from taxiway.directory import membership
from taxiway.directory.entities import DELETED_ITEMS, DEVICES, GROUPS, USERS
from taxiway.directory.errors import MemberAlready, NestingRefused
from taxiway.directory.membership import ObjectKind
from taxiway.directory.tables import lost_membership
from taxiway.directory.tables import membership as members
from taxiway.store import Repository, Row, Tx

DeletedKind = Literal["user", "group"]
LIVING: Mapping[ObjectKind, Repository] = {"user": USERS, "device": DEVICES, "group": GROUPS}

#: So many memberships come back in one transaction.
SLICE = 50
_l, _g = lost_membership.c, GROUPS.entity.table.c
_KEY = ("group_id", "object_kind", "object_id")
_mine = (_l.tenant == sa.bindparam("t")) & (_l.holder_id == sa.bindparam("h"))
# Only what was stated comes back: the members of dynamic groups are found anew.
_keep = sa.insert(lost_membership).from_select(
    ["tenant", "holder_id", *_KEY],
    sa.select(members.c.tenant, sa.bindparam("h", type_=sa.String), *(members.c[name] for name in _KEY)).where(
        members.c.tenant == sa.bindparam("t"),
        members.c.direct,
        sa.or_(
            members.c.group_id == sa.bindparam("h"),
            (members.c.object_kind == sa.bindparam("k")) & (members.c.object_id == sa.bindparam("h")),
        ),
        _g.tenant == members.c.tenant,
        _g.id == members.c.group_id,
        _g.kind == "assigned",
    ),
)
_some = sa.select(lost_membership).where(_mine).order_by(*(_l[name] for name in _KEY)).limit(sa.bindparam("n"))
_one = _mine & sa.and_(*(_l[name] == sa.bindparam(f"x_{name}") for name in _KEY))
_take = sa.delete(lost_membership).where(_one)
_known = sa.select(_l.holder_id).where(_one)
_lose = sa.insert(lost_membership)
_forget = sa.delete(lost_membership).where(_mine)


def keep(
    tx: Tx,
    kind: DeletedKind,
    row: Row,
    *,
    licences: Mapping[str, Collection[str]] | None = None,
    owned: Collection[str] = (),
) -> None:
    """Keep an object that is about to be deleted, with what was stated about it."""
    values = {"id": row["id"], "kind": kind, "display_name": row["display_name"], "deleted_at": tx.now}
    given = {sku: sorted(plans) for sku, plans in (licences or {}).items()}
    DELETED_ITEMS.insert(tx, {**values, "row": _frozen(row), "licences": given, "owned": sorted(owned)})
    tx.execute(_keep, {"t": tx.tenant, "h": row["id"], "k": kind})


def kept_row(item: Row) -> Row:
    """The object as it was, and when it was deleted."""
    entity = LIVING[item["kind"]].entity
    found: Row = {name: prop.default for name, prop in entity.props.items() if not prop.secret}
    for name, value in item["row"].items():
        if name in found and value is not None:
            found[name] = datetime.fromisoformat(value) if entity.props[name].kind == "datetime" else value
    return {**found, "id": item["id"], "version": 1, "deleted_at": item["deleted_at"]}


def bring_back(tx: Tx, holder_id: str) -> bool:
    """Restate the next memberships of an object that is back; whether there are more."""
    rows = tx.all(_some, {"t": tx.tenant, "h": holder_id, "n": SLICE})
    for row in rows:
        key = {name: row[name] for name in _KEY}
        tx.execute(_take, _bound(tx, holder_id, key))
        group = GROUPS.get(tx, key["group_id"])
        if group is None or LIVING[key["object_kind"]].get(tx, key["object_id"]) is None:
            _pass_on(tx, key["group_id"] if group is None else key["object_id"], key)
        elif group["kind"] == "assigned":
            _link(tx, key)
    return len(rows) == SLICE


def unfinished(tx: Tx) -> list[str]:
    """The objects that are back, some of whose memberships are not."""
    gone = DELETED_ITEMS.entity.table
    here = sa.select(gone.c.id).where(gone.c.tenant == _l.tenant, gone.c.id == _l.holder_id).exists()
    rows = tx.all(sa.select(_l.holder_id).where(_l.tenant == tx.tenant, ~here).distinct())
    return [row["holder_id"] for row in rows]


def forget(tx: Tx, item_id: str) -> None:
    """The object is back, or gone for good: it is no deleted one any more."""
    DELETED_ITEMS.delete(tx, item_id)


def forget_memberships(tx: Tx, item_id: str) -> None:
    """The object will not come back, and neither will its memberships."""
    tx.execute(_forget, {"t": tx.tenant, "h": item_id})


def _pass_on(tx: Tx, missing_id: str, key: Mapping[str, Any]) -> None:
    """The other side is deleted too: the membership waits with it, or ends where it is gone for good."""
    if DELETED_ITEMS.get(tx, missing_id) is None or tx.one(_known, _bound(tx, missing_id, key)) is not None:
        return
    tx.execute(_lose, {"tenant": tx.tenant, "holder_id": missing_id, **key})


def _link(tx: Tx, key: Mapping[str, Any]) -> None:
    try:
        membership.link(tx, key["group_id"], (key["object_kind"], key["object_id"]))
    except (MemberAlready, NestingRefused):
        return  # what was stated meanwhile counts


def _bound(tx: Tx, holder_id: str, key: Mapping[str, Any]) -> dict[str, Any]:
    return {"t": tx.tenant, "h": holder_id, **{f"x_{name}": value for name, value in key.items()}}


def _frozen(row: Row) -> dict[str, Any]:
    """A row as JSON."""
    return {
        name: value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value
        for name, value in row.items()
        if name not in ("id", "version")
    }
