"""Conditional Access policies (``identity/conditionalAccess/policies``)."""

from __future__ import annotations

from typing import Any, Final

from taxiway import signin
from taxiway.graph.protocol import body, scopes
from taxiway.graph.protocol.call import Answer, Call, Operation
from taxiway.graph.protocol.face import Face, only_in
from taxiway.graph.protocol.lists import created, item_body, reading
from taxiway.graph.resources.references import require_item
from taxiway.signin import CONDITIONAL_ACCESS_POLICIES
from taxiway.store import Tx

_PATH: Final = "identity/conditionalAccess/policies"
POLICIES: Final = Face(
    path=_PATH,
    repository=CONDITIONAL_ACCESS_POLICIES,
    family="directory",
    written=frozenset({"display_name", "description", "state", "conditions", "grant_controls", "session_controls"}),
    fit=only_in("v1.0", "templateId"),
)


async def _create(call: Call) -> Answer:
    values = body.incoming(POLICIES, call.json)

    def write(tx: Tx) -> dict[str, Any]:
        return item_body(tx, call, POLICIES, signin.create_policy(tx, values, principal=call.principal))

    return created(call, POLICIES, await call.write(write))


async def _update(call: Call) -> Answer:
    changes = body.incoming(POLICIES, call.json)

    def write(tx: Tx) -> None:
        require_item(tx, call, CONDITIONAL_ACCESS_POLICIES)
        signin.update_policy(tx, call.keys["id"], changes, principal=call.principal)

    await call.write(write)
    return Answer(204)


async def _delete(call: Call) -> Answer:
    def write(tx: Tx) -> None:
        require_item(tx, call, CONDITIONAL_ACCESS_POLICIES)
        signin.delete_policy(tx, call.keys["id"], principal=call.principal)

    await call.write(write)
    return Answer(204)


OPERATIONS: Final = [
    *reading(_PATH, POLICIES, scopes.CONDITIONAL_ACCESS_READ),
    Operation("POST", _PATH, _create, scopes.CONDITIONAL_ACCESS_WRITE, "directory"),
    Operation("PATCH", f"{_PATH}/{{id}}", _update, scopes.CONDITIONAL_ACCESS_WRITE, "directory"),
    Operation("DELETE", f"{_PATH}/{{id}}", _delete, scopes.CONDITIONAL_ACCESS_WRITE, "directory"),
]
