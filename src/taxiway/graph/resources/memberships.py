"""Members of groups, and the groups that hold an object (02 section 6.1)."""

from __future__ import annotations

from typing import Any, Final

from taxiway import directory
from taxiway.graph.protocol import scopes
from taxiway.graph.protocol.call import Answer, Call, Operation
from taxiway.graph.protocol.lists import list_answer
from taxiway.graph.resources.groups import require_group
from taxiway.graph.resources.members import NARROWING, members_answer, members_count
from taxiway.graph.resources.object_checks import subject
from taxiway.graph.resources.objects import OBJECTS
from taxiway.store import Tx, Where


async def _list_members(call: Call) -> Answer:
    transitive = call.operation.pattern.endswith("transitiveMembers")
    face = OBJECTS.get(call.cast.lower())
    if face is None or not call.options.keys() & NARROWING:
        return await members_answer(call, lambda tx: _members_of(tx, call, transitive=transitive))

    def narrow(tx: Tx, call: Call) -> Where:
        return directory.held_by(require_group(tx, call.keys["id"])["id"], _kind_of(call), transitive=transitive)

    context = f"{call.root}/$metadata#directoryObjects"
    return await list_answer(call, face, narrow=narrow, context=context, typed=True)


async def _count_members(call: Call) -> Answer:
    transitive = "transitiveMembers" in call.operation.pattern
    return await members_count(call, lambda tx: _members_of(tx, call, transitive=transitive))


async def _list_groups(call: Call) -> Answer:
    return await members_answer(call, lambda tx: _groups_of(tx, call))


async def _count_groups(call: Call) -> Answer:
    return await members_count(call, lambda tx: _groups_of(tx, call))


def _groups_of(tx: Tx, call: Call) -> list[tuple[str, str]]:
    """``memberOf`` of a user, a device or a group: the groups that hold it themselves; ``transitiveMemberOf``: all."""
    kind, object_id = subject(tx, call)
    found = directory.groups_of if "transitiveMemberOf" in call.operation.pattern else directory.direct_groups_of
    return [("group", group) for group in found(tx, kind, object_id)]


def _kind_of(call: Call) -> directory.ObjectKind:
    return call.cast.lower()  # type: ignore[return-value]  # a key of OBJECTS


def _members_of(tx: Tx, call: Call, *, transitive: bool) -> list[tuple[str, str]]:
    require_group(tx, call.keys["id"])
    return list(directory.members(tx, call.keys["id"], transitive=transitive))


def _reading(pattern: str, handler: Any) -> Operation:
    return Operation("GET", pattern, handler, scopes.MEMBERS_READ, "directory")


OPERATIONS: Final = [
    *(
        operation
        for name in ("members", "transitiveMembers")
        for operation in (
            _reading(f"groups/{{id}}/{name}", _list_members),
            _reading(f"groups/{{id}}/{name}/$count", _count_members),
        )
    ),
    *(
        operation
        for owner in ("users/{id}", "devices/{id}", "groups/{id}", "me")
        for name in ("memberOf", "transitiveMemberOf")
        for operation in (
            _reading(f"{owner}/{name}", _list_groups),
            _reading(f"{owner}/{name}/$count", _count_groups),
        )
    ),
]
