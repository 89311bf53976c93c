"""Who is in which group: the stored closure of direct membership (design, rule 4).

Only the ``direct`` rows state something; the others say what follows from groups nested in groups, so that
"which groups hold this device" is one indexed read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import sqlalchemy as sa

from taxiway.directory.entities import DEVICES
from taxiway.directory.errors import MemberAlready, NestingRefused, NotAMember
from taxiway.directory.tables import group_owner, membership
from taxiway.kernel import Reason
from taxiway.store import Such, Tx

ObjectKind = Literal["user", "device", "group"]
Member = tuple[ObjectKind, str]

_MEMO = "membership"
#: Up to so many objects are read one by one, which has a plan of its own.
_FEW = 3
_t = membership.c
_of_object = sa.select(_t.group_id, _t.direct).where(
    _t.tenant == sa.bindparam("t"), _t.object_kind == sa.bindparam("k"), _t.object_id == sa.bindparam("o")
)
_of_objects = sa.select(_t.object_id, _t.group_id, _t.direct).where(
    _t.tenant == sa.bindparam("t"),
    _t.object_kind == sa.bindparam("k"),
    _t.object_id.in_(sa.bindparam("o", expanding=True)),
)
_of_group = sa.select(_t.object_kind, _t.object_id, _t.direct).where(
    _t.tenant == sa.bindparam("t"), _t.group_id == sa.bindparam("g")
)
_some_below_group = (
    sa.select(_t.object_kind, _t.object_id)
    .where(
        _t.tenant == sa.bindparam("t"),
        _t.group_id == sa.bindparam("g"),
        sa.tuple_(_t.object_kind, _t.object_id) > sa.tuple_(sa.bindparam("k"), sa.bindparam("o")),
    )
    .order_by(_t.object_kind, _t.object_id)
    .limit(sa.bindparam("n"))
)
_some_of_group = _some_below_group.where(_t.direct)
_insert = sa.insert(membership)
_row = (
    (_t.tenant == sa.bindparam("t"))
    & (_t.group_id == sa.bindparam("g"))
    & (_t.object_kind == sa.bindparam("k"))
    & (_t.object_id == sa.bindparam("o"))
)
_delete = sa.delete(membership).where(_row)
_make_direct = sa.update(membership).where(_row).values(direct=sa.true())
_make_indirect = sa.update(membership).where(_row).values(direct=sa.false())


#: Groups that nobody is a member of, or that nobody owns, as a condition of their list.
WITHOUT_MEMBERS: Final = Such(
    lambda group: ~sa.exists().where(_t.tenant == group.c.tenant, _t.group_id == group.c.id, _t.direct)
)
WITHOUT_OWNERS: Final = Such(
    lambda group: ~sa.exists().where(group_owner.c.tenant == group.c.tenant, group_owner.c.group_id == group.c.id)
)


def held_by(group_id: str, kind: ObjectKind, *, transitive: bool) -> Such:
    """The objects of a type that a group holds, as a condition of their list."""
    mine = (_t.group_id == group_id) & (_t.object_kind == kind)
    if not transitive:
        mine &= _t.direct
    return Such(lambda row: sa.exists().where(_t.tenant == row.c.tenant, _t.object_id == row.c.id, mine))


def groups_of(tx: Tx, kind: ObjectKind, object_id: str) -> frozenset[str]:
    """Every group that holds the object, directly or through another group."""
    return frozenset(_memberships(tx, (kind, object_id)))


def direct_groups_of(tx: Tx, kind: ObjectKind, object_id: str) -> frozenset[str]:
    """The groups that hold the object themselves."""
    return frozenset(group for group, direct in _memberships(tx, (kind, object_id)).items() if direct)


def members(tx: Tx, group_id: str, *, transitive: bool = False) -> list[Member]:
    """The members of a group; ``transitive`` adds those of the groups nested in it."""
    rows = tx.all(_of_group, {"t": tx.tenant, "g": group_id})
    return sorted((row["object_kind"], row["object_id"]) for row in rows if transitive or row["direct"])


def some_members(
    tx: Tx, group_id: str, *, limit: int, after: tuple[str, str] | None = None, transitive: bool = False
) -> list[Member]:
    """So many members in their order, behind ``after``: of a group of any size only those are read."""
    kind, object_id = after or ("", "")
    statement = _some_below_group if transitive else _some_of_group
    rows = tx.all(statement, {"t": tx.tenant, "g": group_id, "k": kind, "o": object_id, "n": limit})
    return [(row["object_kind"], row["object_id"]) for row in rows]


def link(tx: Tx, group_id: str, member: Member) -> None:
    """Make ``member`` a direct member, and what it brings an indirect one of every group above."""
    kind, object_id = member
    held = _memberships(tx, member)
    if held.get(group_id):
        raise MemberAlready(
            "One or more added object references already exist for the following modified properties: 'members'."
        )
    above = [group_id, *groups_of(tx, "group", group_id)]
    if kind == "group" and object_id in above:
        raise NestingRefused("A group cannot become a member of itself.")
    if group_id in held:
        _write(tx, _make_direct, [_key(tx, group_id, member)])
    else:
        _write(tx, _insert, [_new(tx, group_id, member, direct=True)])
    _settle(tx, member, added={group_id, *above} - held.keys(), rest=set(above[1:]) - held.keys(), direct={group_id})
    if kind == "group":
        for inherited in members(tx, object_id, transitive=True):
            missing = set(above) - _memberships(tx, inherited).keys()
            _settle(tx, inherited, added=missing, rest=missing)
    _stated(tx, member)


def unlink(tx: Tx, group_id: str, member: Member) -> None:
    """End a direct membership; what is still reached some other way stays an indirect one."""
    kind, object_id = member
    if not _memberships(tx, member).get(group_id):
        raise NotAMember("The object is not a member of this group.")
    _write(tx, _make_indirect, [_key(tx, group_id, member)])
    above = [group_id, *groups_of(tx, "group", group_id)]
    affected = [member, *(members(tx, object_id, transitive=True) if kind == "group" else [])]
    within = {group: _nested(tx, group) for group in above}
    for one in affected:
        held = _memberships(tx, one)
        stated = {group for group, direct in held.items() if direct}
        lost = {group for group in above if group in held and not (within[group] & stated)}
        _write(tx, _delete, [_key(tx, group, one) for group in sorted(lost)])
        tell(tx, one, removed=lost, direct={group_id} if one == member else ())
    _stated(tx, member)


def assign_all(
    tx: Tx, wanted: Mapping[Member, tuple[Collection[str], Collection[str]]], *, why: Iterable[Reason] = ()
) -> None:
    """Put users or devices into groups and take them out of others: one log entry, one announcement for each."""
    learn(tx, "group", set[str]().union(*(add for add, _ in wanted.values())))
    moves = [_move(tx, member, set(add), set(remove)) for member, (add, remove) in wanted.items() if add or remove]
    _write(tx, _insert, [_new(tx, group, m.member, direct=True) for m in moves for group in sorted(m.stated)])
    _write(tx, _make_direct, [_key(tx, group, m.member) for m in moves for group in sorted(m.promoted)])
    _write(tx, _insert, [_new(tx, group, m.member, direct=False) for m in moves for group in sorted(m.inherited)])
    _write(tx, _delete, [_key(tx, group, m.member) for m in moves for group in sorted(m.lost)])
    _write(tx, _make_indirect, [_key(tx, group, m.member) for m in moves for group in sorted(m.demoted)])
    reasons = tuple(why)
    for move in moves:
        tell(tx, move.member, added=move.stated | move.inherited, removed=move.lost, direct=move.restated, why=reasons)
        _stated(tx, move.member)


def learn(tx: Tx, kind: ObjectKind, object_ids: Collection[str]) -> None:
    """Read the memberships of many objects at once, to be asked one by one."""
    known = _memo(tx)
    unknown = [object_id for object_id in object_ids if (kind, object_id) not in known]
    if len(unknown) <= _FEW:
        return
    known |= {(kind, object_id): {} for object_id in unknown}
    for row in tx.all(_of_objects, {"t": tx.tenant, "k": kind, "o": unknown}):
        known[kind, row["object_id"]][row["group_id"]] = row["direct"]


def assume_none(tx: Tx, kind: ObjectKind, object_ids: Iterable[str]) -> None:
    """These objects are new: no group holds them, and nobody needs to look."""
    _memo(tx).update({(kind, object_id): {} for object_id in object_ids})


def drop_object(tx: Tx, member: Member) -> None:
    """The object is gone: so are its memberships."""
    lost, direct = groups_of(tx, *member), direct_groups_of(tx, *member)
    _write(tx, _delete, [_key(tx, group, member) for group in sorted(lost)])
    tell(tx, member, removed=lost, direct=direct)


def drop_group(tx: Tx, group_id: str) -> None:
    """The group is gone: first out of the groups above it, then without its members."""
    for above in direct_groups_of(tx, "group", group_id):
        unlink(tx, above, ("group", group_id))
    held, direct = members(tx, group_id, transitive=True), set(members(tx, group_id))
    _write(tx, _delete, [_key(tx, group_id, member) for member in held])
    for member in held:
        tell(tx, member, removed={group_id}, direct={group_id} if member in direct else ())
        _stated(tx, member)


def tell(
    tx: Tx,
    member: Member,
    *,
    added: Collection[str] = (),
    removed: Collection[str] = (),
    direct: Collection[str] = (),
    why: Iterable[Reason] = (),
) -> None:
    """Log and announce what changed for one object; ``direct``: the groups that hold it themselves now, or no more."""
    if not added and not removed and not direct:
        return
    kind, object_id = member
    what = {"member": f"{kind}:{object_id}", "added": sorted(added), "removed": sorted(removed)}
    tx.log("membership.changed", subject=_subject(tx, member), what={**what, "direct": sorted(direct)}, why=why)
    if not added and not removed:
        return
    tx.announce(
        "membership.changed",
        object_kind=kind,
        object_id=object_id,
        added=frozenset(added),
        removed=frozenset(removed),
    )


def _stated(tx: Tx, member: Member) -> None:
    """Announce that an object's direct memberships changed, also where it was and stays an indirect member."""
    tx.announce("membership.stated", object_kind=member[0], object_id=member[1])


def _subject(tx: Tx, member: Member) -> str:
    kind, object_id = member
    device = DEVICES.get(tx, object_id) if kind == "device" else None
    return f"autopilot:{device['ztdid']}" if device and device["ztdid"] else f"{kind}:{object_id}"


@dataclass(frozen=True, slots=True)
class _Move:
    """What changes for one object: rows to state, to state instead of inherit, to inherit, to lose, to only inherit.

    ``restated``: the groups whose own member it becomes, or ceases to be.
    """

    member: Member
    stated: set[str]
    promoted: set[str]
    inherited: set[str]
    lost: set[str]
    demoted: set[str]
    restated: set[str]


def _move(tx: Tx, member: Member, add: set[str], remove: set[str]) -> _Move:
    held = _memberships(tx, member)
    before = {group for group, direct in held.items() if direct}
    stated = (before | add) - remove
    reached = stated.union(*(groups_of(tx, "group", group) for group in stated))
    return _Move(
        member,
        stated=add - held.keys(),
        promoted=add & held.keys(),
        inherited=reached - held.keys() - add,
        lost=held.keys() - reached,
        demoted=remove & reached,
        restated=stated ^ before,
    )


def _settle(tx: Tx, member: Member, *, added: set[str], rest: set[str], direct: Collection[str] = ()) -> None:
    """Write the indirect rows and tell what was added."""
    _write(tx, _insert, [_new(tx, group, member, direct=False) for group in sorted(rest)])
    tell(tx, member, added=added, direct=direct)


def _new(tx: Tx, group_id: str, member: Member, *, direct: bool) -> dict[str, Any]:
    kind, object_id = member
    return {"tenant": tx.tenant, "group_id": group_id, "object_kind": kind, "object_id": object_id, "direct": direct}


def _memo(tx: Tx) -> dict[Member, dict[str, bool]]:
    """What this transaction knows of memberships: object -> group -> whether the group holds it directly."""
    known: dict[Member, dict[str, bool]] = tx.memo.setdefault(_MEMO, {})
    return known


def _memberships(tx: Tx, member: Member) -> dict[str, bool]:
    """Group id -> whether it holds the object directly."""
    kind, object_id = member
    known = _memo(tx)
    if member not in known:
        rows = tx.all(_of_object, {"t": tx.tenant, "k": kind, "o": object_id})
        known[member] = {row["group_id"]: row["direct"] for row in rows}
    return known[member]


def _nested(tx: Tx, group_id: str) -> set[str]:
    """The group and every group below it, by the direct rows alone."""
    found, todo = {group_id}, [group_id]
    while todo:
        for kind, object_id in members(tx, todo.pop()):
            if kind == "group" and object_id not in found:
                found.add(object_id)
                todo.append(object_id)
    return found


def _write(tx: Tx, statement: sa.Insert | sa.Update | sa.Delete, rows: Sequence[dict[str, Any]]) -> None:
    """Change memberships; what this transaction remembers of these objects is forgotten."""
    tx.change_each(statement, rows)
    known = _memo(tx)
    for row in rows:
        known.pop((row.get("object_kind") or row["k"], row.get("object_id") or row["o"]), None)


def _key(tx: Tx, group_id: str, member: Member) -> dict[str, str]:
    return {"t": tx.tenant, "g": group_id, "k": member[0], "o": member[1]}
