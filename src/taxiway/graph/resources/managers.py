"""Who reports to whom (02 section 6.3)."""

from __future__ import annotations

from typing import Any, Final

from taxiway import directory
from taxiway.graph.errors import BadRequest, NoSuchItem
from taxiway.graph.protocol import scopes
from taxiway.graph.protocol.call import Answer, Call, Operation
from taxiway.graph.protocol.lists import list_answer
from taxiway.graph.resources.objects import manager, object_json
from taxiway.graph.resources.references import reference
from taxiway.graph.resources.users import USERS, require_user
from taxiway.store import Tx, Where, eq


async def _get(call: Call) -> Answer:
    def read(tx: Tx) -> dict[str, Any]:
        user = require_user(tx, call.keys["id"])
        found = manager(tx, user)
        if found is None:
            raise NoSuchItem("manager")
        return object_json(tx, "user", found["id"], version=call.version)

    return Answer(200, {"@odata.context": f"{call.root}/$metadata#directoryObjects/$entity", **await call.read(read)})


async def _set(call: Call) -> Answer:
    manager_id = reference(call.json)

    def write(tx: Tx) -> None:
        user = require_user(tx, call.keys["id"])
        if directory.find_user(tx, manager_id) is None:
            raise NoSuchItem(manager_id)
        if user["id"] == manager_id:
            raise BadRequest("A user cannot be their own manager.")
        directory.update_user(tx, user["id"], {"manager_id": manager_id}, principal=call.principal)

    await call.write(write)
    return Answer(204)


async def _remove(call: Call) -> Answer:
    def write(tx: Tx) -> None:
        user = require_user(tx, call.keys["id"])
        directory.update_user(tx, user["id"], {"manager_id": None}, principal=call.principal)

    await call.write(write)
    return Answer(204)


async def _reports(call: Call) -> Answer:
    def narrow(tx: Tx, call: Call) -> Where:
        return eq("manager_id", require_user(tx, call.keys["id"])["id"])

    context = f"{call.root}/$metadata#directoryObjects"
    return await list_answer(call, USERS, narrow=narrow, context=context, typed=True)


OPERATIONS: Final = [
    Operation("GET", "users/{id}/manager", _get, scopes.USERS_READ, "directory"),
    Operation("PUT", "users/{id}/manager/$ref", _set, scopes.USERS_WRITE, "directory"),
    Operation("DELETE", "users/{id}/manager/$ref", _remove, scopes.USERS_WRITE, "directory"),
    Operation("GET", "users/{id}/directReports", _reports, scopes.USERS_READ, "directory"),
]
