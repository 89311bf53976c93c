"""What changed since the last round: users, groups, devices as a reader of the log sees them (02 section 1.9)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from taxiway import directory
from taxiway.graph.errors import Malformed
from taxiway.graph.protocol import delta, scopes
from taxiway.graph.protocol.call import Answer, Call, Operation
from taxiway.graph.protocol.face import Face
from taxiway.graph.protocol.options import PAGES, Selection, number, read_selection
from taxiway.graph.protocol.render import render
from taxiway.graph.resources.devices import DEVICES
from taxiway.graph.resources.groups import GROUPS
from taxiway.graph.resources.users import USERS
from taxiway.kernel import Entry
from taxiway.store import And, Compare, In, Row, Tx, Where, head, since

#: So many members are shown on one page of a first round; a larger group goes on on the next.
MEMBERS: Final = 1_000
_CHANGES: Final = "membership.changed"
_DELTA: Final = "members@delta"
Pairs = dict[str, set[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class _Watched:
    """A collection and the entries of the log that speak of its objects."""

    face: Face
    kinds: tuple[str, ...]

    @property
    def members(self) -> bool:
        """Whether its objects have members."""
        return _CHANGES in self.kinds


_ALWAYS: Final = ("created", "changed", "deleted", "restored", "purged", "licensed")
_USERS: Final = _Watched(USERS, tuple(f"user.{name}" for name in _ALWAYS))
_GROUPS: Final = _Watched(GROUPS, (*(f"group.{name}" for name in _ALWAYS), "group.failed", _CHANGES))
_DEVICES: Final = _Watched(DEVICES, ("device.anchored", "device.joined", "device.changed", "device.deleted"))


@dataclass(frozen=True, slots=True)
class _Round:
    """One page being made: what is asked for, and where it stands."""

    call: Call
    watched: _Watched
    state: delta.State
    limit: int
    selection: Selection
    ids: frozenset[str] | None
    members: bool

    def shown(self, tx: Tx, rows: list[Row]) -> list[dict[str, Any]]:
        """Rows as the collection shows them."""
        return render(tx, self.watched.face, rows, self.selection, version=self.call.version, root=self.call.root)


async def _answer(call: Call, watched: _Watched) -> Answer:
    def read(tx: Tx) -> dict[str, Any]:
        state = _state(tx, call)
        turn = _round(call, watched, state)
        value, after, done = _everything(tx, turn) if state.first else _changed(tx, turn)
        spelled = turn.selection.spelled
        shape = f"({','.join(spelled)})" if spelled else ""
        context = f"{call.root}/$metadata#{watched.face.path}{shape}"
        return {"@odata.context": context, **delta.link(call, after, done=done, now=tx.now), "value": value}

    return Answer(200, await call.read(read))


def _state(tx: Tx, call: Call) -> delta.State:
    last, token = head(tx), call.options.get("deltatoken") or call.options.get("skiptoken")
    if token and token.lower() != "latest":
        return delta.resumed(call, token, last, tx.now)
    return delta.begun(call, last, tx.now, latest=token is not None)


def _round(call: Call, watched: _Watched, state: delta.State) -> _Round:
    options = state.options
    expanded = [name.strip().lower() for name in options.get("expand", "").split(",") if name.strip()]
    if expanded and not (watched.members and expanded == ["members"]):
        raise Malformed("A delta query expands 'members' of groups, and nothing else.")
    selection = read_selection({"select": options.get("select", "")}, watched.face, call.version)
    default, most = PAGES["directory"]
    return _Round(
        call=call,
        watched=watched,
        state=state,
        limit=number(options, "top", default, least=1, most=most),
        selection=selection,
        ids=delta.asked_ids(options),
        members=watched.members and (bool(expanded) or not selection.names or "members" in selection.names),
    )


# ------------------------------------------------------------------------------------------ the first round


def _everything(tx: Tx, turn: _Round) -> tuple[list[dict[str, Any]], delta.State, bool]:
    """The next objects by their ids; with groups, until the page has members enough."""
    state = turn.state
    rows = turn.watched.face.repository.select(tx, _beyond(turn), limit=turn.limit + 1)
    more, rows = len(rows) > turn.limit, rows[: turn.limit]
    left, value, last, at = MEMBERS, list[dict[str, Any]](), state.last, None
    for row, shown in zip(rows, turn.shown(tx, rows), strict=True):
        last = row["id"]
        if turn.members:
            begun = state.member if last == state.last else None
            found = directory.some_members(tx, last, after=begun, limit=left + 1)
            page = found[:left]
            at = page[-1] if len(found) > left else None
            left -= len(page)
            shown |= {_DELTA: [_member(*one) for one in page]}
        value.append(shown)
        if left <= 0:
            break
    done = not more and at is None and len(value) == len(rows)
    return value, msgspec.structs.replace(state, last=last, member=at), done


def _beyond(turn: _Round) -> Where:
    """Behind the object shown last; that one again where it has more members to show."""
    state = turn.state
    parts: list[Where] = [Compare("id", "gt" if state.member is None else "ge", state.last)]
    if turn.ids is not None:
        parts.append(In("id", tuple(sorted(turn.ids))))
    return And(tuple(parts))


# ----------------------------------------------------------------------------------------- the rounds after


def _changed(tx: Tx, turn: _Round) -> tuple[list[dict[str, Any]], delta.State, bool]:
    """The objects that the next entries of the log speak of, as they are now."""
    kinds = turn.watched.kinds if turn.members else [kind for kind in turn.watched.kinds if kind != _CHANGES]
    entries, reached, more = since(tx, kinds, after=turn.state.number, limit=turn.limit)
    pairs = _restated(entries)
    touched = dict.fromkeys([*(_object_id(entry) for entry in entries if entry.kind != _CHANGES), *pairs])
    ids = [one for one in touched if turn.ids is None or one in turn.ids]
    rows = {row["id"]: row for row in turn.watched.face.repository.select(tx, In("id", tuple(ids)))} if ids else {}
    there = [one for one in ids if one in rows]
    shown = dict(zip(there, turn.shown(tx, [rows[one] for one in there]), strict=True))
    for group_id in there:
        if group_id in pairs:
            shown[group_id][_DELTA] = _members(tx, group_id, pairs[group_id])
    gone = {one: _removed(tx, one) for one in ids if one not in rows and any(map(_speaks_of(one), entries))}
    value = [(shown | gone)[one] for one in ids if one in shown or one in gone]
    return value, msgspec.structs.replace(turn.state, number=reached), not more


def _object_id(entry: Entry) -> str:
    return str(entry.what.get("device") or entry.subject.partition(":")[2])


def _speaks_of(object_id: str) -> Any:
    """A group that is gone is told by its own entry, not by what became of its members."""
    return lambda entry: entry.kind != _CHANGES and _object_id(entry) == object_id


def _restated(entries: Collection[Entry]) -> Pairs:
    """Group -> the members whose own membership changed."""
    found: Pairs = defaultdict(set)
    for entry in entries:
        if entry.kind == _CHANGES:
            kind, _, object_id = str(entry.what["member"]).partition(":")
            groups = entry.what.get("direct", [*entry.what["added"], *entry.what["removed"]])
            for group_id in groups:
                found[group_id].add((kind, object_id))
    return found


def _members(tx: Tx, group_id: str, touched: set[tuple[str, str]]) -> list[dict[str, Any]]:
    shown = []
    for kind, object_id in sorted(touched):
        there = group_id in directory.direct_groups_of(tx, kind, object_id)  # type: ignore[arg-type]  # as it was logged
        shown.append(_member(kind, object_id) | ({} if there else {"@removed": {"reason": "deleted"}}))
    return shown


def _member(kind: str, object_id: str) -> dict[str, Any]:
    return {"@odata.type": f"#microsoft.graph.{kind}", "id": object_id}


def _removed(tx: Tx, object_id: str) -> dict[str, Any]:
    """``changed``: it can be restored."""
    kept = directory.DELETED_ITEMS.get(tx, object_id) is not None
    return {"id": object_id, "@removed": {"reason": "changed" if kept else "deleted"}}


def _operation(path: str, watched: _Watched, needed: frozenset[str]) -> Operation:
    async def answer(call: Call) -> Answer:
        return await _answer(call, watched)

    return Operation("GET", f"{path}/delta", answer, needed, "directory")


OPERATIONS: Final = [
    _operation("users", _USERS, scopes.USERS_READ),
    _operation("groups", _GROUPS, scopes.MEMBERS_READ),
    _operation("devices", _DEVICES, scopes.DEVICES_READ),
]
