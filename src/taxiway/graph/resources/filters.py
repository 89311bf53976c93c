"""Assignment filters (02 section 9.4)."""

from __future__ import annotations

from typing import Any, Final

from taxiway import directory
from taxiway.graph.errors import BadRequest
from taxiway.graph.protocol import body, scopes
from taxiway.graph.protocol.call import Answer, Call, Operation
from taxiway.graph.protocol.face import Face
from taxiway.graph.protocol.lists import created, item_body, reading
from taxiway.store import Tx

FILTERS: Final = Face(
    path="deviceManagement/assignmentFilters",
    repository=directory.ASSIGNMENT_FILTERS,
    family="intune",
    written=frozenset({"display_name", "description", "platform", "rule", "role_scope_tags"}),
)


async def _create(call: Call) -> Answer:
    values = body.incoming(FILTERS, call.json)
    name, rule = values.pop("display_name", None), values.pop("rule", None)
    if not name or not rule:
        raise BadRequest("An assignment filter needs its 'displayName' and its 'rule'.")

    def write(tx: Tx) -> dict[str, Any]:
        row = directory.create_filter(tx, principal=call.principal, display_name=name, rule=rule, **values)
        return item_body(tx, call, FILTERS, row)

    return created(call, FILTERS, await call.write(write))


async def _update(call: Call) -> Answer:
    changes = body.incoming(FILTERS, call.json)

    def write(tx: Tx) -> dict[str, Any]:
        row = directory.update_filter(tx, call.keys["id"], changes, principal=call.principal)
        return item_body(tx, call, FILTERS, row)

    return Answer(200, await call.write(write))


async def _delete(call: Call) -> Answer:
    await call.write(lambda tx: directory.delete_filter(tx, call.keys["id"], principal=call.principal))
    return call.done(live=200, docs=204)


_READ, _WRITE = scopes.CONFIGURATION_READ, scopes.CONFIGURATION_WRITE
OPERATIONS: Final = [
    *reading(FILTERS.path, FILTERS, _READ, beta=True),
    Operation("POST", FILTERS.path, _create, _WRITE, beta=True),
    Operation("PATCH", f"{FILTERS.path}/{{id}}", _update, _WRITE, beta=True),
    Operation("DELETE", f"{FILTERS.path}/{{id}}", _delete, _WRITE, beta=True),
]
