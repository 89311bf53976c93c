"""Owners of groups (02 section 6.1)."""

from __future__ import annotations

from typing import Final

from taxiway import directory
from taxiway.graph.errors import BadRequest, NoSuchItem
from taxiway.graph.protocol import scopes
from taxiway.graph.protocol.call import Answer, Call, Operation
from taxiway.graph.resources.members import members_answer, members_count
from taxiway.graph.resources.references import reference, require_object
from taxiway.store import Row, Tx


def owned_by(tx: Tx, row: Row) -> list[tuple[str, str]]:
    """The owners of a group as ``$expand=owners`` shows them."""
    return [("user", user_id) for user_id in sorted(directory.owners(tx, row["id"]))]


def add(tx: Tx, call: Call, group_id: str, object_id: str) -> None:
    """Let the object own the group; users own groups here, and nothing else does."""
    kind, _ = require_object(tx, object_id)
    if kind != "user":
        raise BadRequest(f"A {kind} cannot own a group.")
    directory.add_owner(tx, group_id, object_id, principal=call.principal)


def _owners(tx: Tx, call: Call) -> list[tuple[str, str]]:
    if directory.GROUPS.get(tx, call.keys["id"]) is None:
        raise NoSuchItem(call.keys["id"])
    return [("user", user_id) for user_id in sorted(directory.owners(tx, call.keys["id"]))]


async def _list(call: Call) -> Answer:
    return await members_answer(call, lambda tx: _owners(tx, call))


async def _count(call: Call) -> Answer:
    return await members_count(call, lambda tx: _owners(tx, call))


async def _add(call: Call) -> Answer:
    object_id = reference(call.json)
    await call.write(lambda tx: add(tx, call, call.keys["id"], object_id))
    return Answer(204)


async def _remove(call: Call) -> Answer:
    await call.write(
        lambda tx: directory.remove_owner(tx, call.keys["id"], call.keys["owner"].lower(), principal=call.principal)
    )
    return Answer(204)


OPERATIONS: Final = [
    Operation("GET", "groups/{id}/owners", _list, scopes.GROUPS_READ, "directory"),
    Operation("GET", "groups/{id}/owners/$count", _count, scopes.GROUPS_READ, "directory"),
    Operation("POST", "groups/{id}/owners/$ref", _add, scopes.GROUPS_WRITE, "directory"),
    Operation("DELETE", "groups/{id}/owners/{owner}/$ref", _remove, scopes.GROUPS_WRITE, "directory"),
]
