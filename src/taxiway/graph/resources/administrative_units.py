"""Administrative units: their members, and the roles held over them (07 section 1)."""

from __future__ import annotations

from typing import Any, Final

from taxiway import directory
from taxiway.graph.errors import BadRequest
from taxiway.graph.protocol import body, scopes
from taxiway.graph.protocol.call import Answer, Call, Operation
from taxiway.graph.protocol.face import Face
from taxiway.graph.protocol.lists import created, item_body, reading, value_answer
from taxiway.graph.resources.members import members_answer
from taxiway.graph.resources.references import last_guid, reference, require_object
from taxiway.store import Row, Tx

_PATH: Final = "directory/administrativeUnits"
_ITEM: Final = f"{_PATH}/{{id}}"
_RESTRICTED: Final = "isMemberManagementRestricted"
UNITS: Final = Face(
    path=_PATH,
    repository=directory.ADMINISTRATIVE_UNITS,
    family="directory",
    written=frozenset(directory.ADMINISTRATIVE_UNITS.entity.props) - {"deleted_at"},
)


async def _create(call: Call) -> Answer:
    content = call.json
    body.refuse_switches(content, _RESTRICTED)
    values = body.incoming(UNITS, content)

    def write(tx: Tx) -> dict[str, Any]:
        return item_body(tx, call, UNITS, directory.create_unit(tx, values, principal=call.principal))

    return created(call, UNITS, await call.write(write))


async def _update(call: Call) -> Answer:
    content = call.json
    body.refuse_switches(content, _RESTRICTED)
    changes = body.incoming(UNITS, content)
    await call.write(lambda tx: directory.update_unit(tx, call.keys["id"], changes, principal=call.principal))
    return Answer(204)


async def _delete(call: Call) -> Answer:
    await call.write(lambda tx: directory.delete_unit(tx, call.keys["id"], principal=call.principal))
    return Answer(204)


async def _members(call: Call) -> Answer:
    return await members_answer(call, lambda tx: directory.unit_members(tx, call.keys["id"]))


async def _add_member(call: Call) -> Answer:
    object_id = reference(call.json)

    def write(tx: Tx) -> None:
        kind, _ = require_object(tx, object_id)
        directory.add_unit_member(tx, call.keys["id"], kind, object_id, principal=call.principal)

    await call.write(write)
    return Answer(204)


async def _remove_member(call: Call) -> Answer:
    unit_id, member = call.keys["id"], call.keys["member"].lower()
    await call.write(lambda tx: directory.remove_unit_member(tx, unit_id, member, principal=call.principal))
    return Answer(204)


async def _scoped(call: Call) -> Answer:
    def read(tx: Tx) -> list[dict[str, Any]]:
        return [_scoped_json(tx, call.keys["id"], row) for row in directory.unit_roles(tx, call.keys["id"])]

    return value_answer(call, f"{_PATH}('{call.keys['id']}')/scopedRoleMembers", await call.read(read))


async def _add_scoped(call: Call) -> Answer:
    content = call.json
    role_id = last_guid(body.text_field(content, "roleId"))
    person = body.field(content, "roleMemberInfo")
    if not isinstance(person, dict):
        raise BadRequest("'roleMemberInfo' must name who is to hold the role.")
    user_id = last_guid(body.text_field(person, "id"))

    def write(tx: Tx) -> dict[str, Any]:
        directory.assign_unit_role(tx, call.keys["id"], role_id, user_id, principal=call.principal)
        return _scoped_json(tx, call.keys["id"], {"role_id": role_id, "user_id": user_id})

    made = await call.write(write)
    return Answer(201, {"@odata.context": f"{call.root}/$metadata#scopedRoleMemberships/$entity", **made})


async def _remove_scoped(call: Call) -> Answer:
    role_id, _, user_id = call.keys["membership"].lower().partition("_")
    unit_id = call.keys["id"]
    await call.write(lambda tx: directory.remove_unit_role(tx, unit_id, role_id, user_id, principal=call.principal))
    return Answer(204)


def _scoped_json(tx: Tx, unit_id: str, row: Row) -> dict[str, Any]:
    user = directory.USERS.get(tx, row["user_id"])
    return {
        "id": f"{row['role_id']}_{row['user_id']}",
        "roleId": row["role_id"],
        "administrativeUnitId": unit_id,
        "roleMemberInfo": {"id": row["user_id"], "displayName": None if user is None else user["display_name"]},
    }


_READ, _WRITE = scopes.UNITS_READ, scopes.UNITS_WRITE


def _on(method: str, pattern: str, handler: Any, needed: frozenset[str] = _WRITE) -> Operation:
    return Operation(method, pattern, handler, needed, "directory")


OPERATIONS: Final = [
    *reading(_PATH, UNITS, _READ),
    _on("POST", _PATH, _create),
    _on("PATCH", _ITEM, _update),
    _on("DELETE", _ITEM, _delete),
    _on("GET", f"{_ITEM}/members", _members, _READ),
    _on("POST", f"{_ITEM}/members/$ref", _add_member),
    _on("DELETE", f"{_ITEM}/members/{{member}}/$ref", _remove_member),
    _on("GET", f"{_ITEM}/scopedRoleMembers", _scoped, _READ),
    _on("POST", f"{_ITEM}/scopedRoleMembers", _add_scoped, scopes.ROLES_WRITE),
    _on("DELETE", f"{_ITEM}/scopedRoleMembers/{{membership}}", _remove_scoped, scopes.ROLES_WRITE),
]
