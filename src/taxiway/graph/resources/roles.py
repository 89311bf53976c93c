"""Directory roles: who is an administrator of what (01 section 2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from taxiway import directory
from taxiway.directory.roles import NAMES
from taxiway.graph.errors import BadRequest, NoSuchItem, NotServed
from taxiway.graph.protocol import body, scopes
from taxiway.graph.protocol.call import Answer, Call, Operation
from taxiway.graph.protocol.lists import value_answer
from taxiway.graph.resources.members import members_answer
from taxiway.graph.resources.references import last_guid, reference
from taxiway.store import Tx

_ROLES: Final = "directoryRoles"
_ASSIGNMENTS: Final = "roleManagement/directory/roleAssignments"
_DEFINITIONS: Final = "roleManagement/directory/roleDefinitions"


def _role(role_id: str) -> dict[str, Any]:
    """A built-in role; its template's id is its own here, as every role is active."""
    name = NAMES[role_id]
    return {"id": role_id, "deletedDateTime": None, "description": name, "displayName": name, "roleTemplateId": role_id}


def _definition(role_id: str) -> dict[str, Any]:
    name = NAMES[role_id]
    return {
        "id": role_id,
        "displayName": name,
        "description": name,
        "isBuiltIn": True,
        "isEnabled": True,
        "templateId": role_id,
    }


def _known(role_id: str) -> str:
    found = role_id.lower()
    if found not in NAMES:
        raise NoSuchItem(role_id)
    return found


def _listing(path: str, shown: Callable[[str], dict[str, Any]]) -> list[Operation]:
    async def get_list(call: Call) -> Answer:
        if "filter" in call.options:
            raise NotServed(f"Filters on '{path}' are not implemented here.")
        return value_answer(call, path, [shown(role_id) for role_id in NAMES])

    async def get_item(call: Call) -> Answer:
        role = shown(_known(call.keys["id"]))
        return Answer(200, {"@odata.context": f"{call.root}/$metadata#{path}/$entity", **role})

    return [
        Operation("GET", path, get_list, scopes.ROLES_READ, "directory"),
        Operation("GET", f"{path}/{{id}}", get_item, scopes.ROLES_READ, "directory"),
    ]


async def _by_template(call: Call) -> Answer:
    role = _role(_known(call.keys["roleTemplateId"]))
    return Answer(200, {"@odata.context": f"{call.root}/$metadata#{_ROLES}/$entity", **role})


def _addressed(call: Call) -> str:
    return _known(call.keys.get("id") or call.keys["roleTemplateId"])


async def _holders(call: Call) -> Answer:
    role_id = _addressed(call)
    return await members_answer(call, lambda tx: [("user", user) for user in sorted(directory.holders_of(tx, role_id))])


async def _add(call: Call) -> Answer:
    role_id, user_id = _addressed(call), reference(call.json)
    await call.write(lambda tx: _assign(tx, call, user_id, role_id))
    return Answer(204)


async def _remove(call: Call) -> Answer:
    role_id, user_id = _addressed(call), call.keys["member"].lower()
    await call.write(lambda tx: directory.remove_role(tx, user_id, role_id, principal=call.principal))
    return Answer(204)


async def _create_assignment(call: Call) -> Answer:
    content = call.json
    role_id = _known(body.text_field(content, "roleDefinitionId"))
    user_id = last_guid(body.text_field(content, "principalId"))
    if body.text_field(content, "directoryScopeId", "/") != "/":
        raise BadRequest("Roles are assigned for the whole directory here: 'directoryScopeId' must be '/'.")
    await call.write(lambda tx: _assign(tx, call, user_id, role_id))
    made = _assignment(role_id, user_id)
    return Answer(201, {"@odata.context": f"{call.root}/$metadata#{_ASSIGNMENTS}/$entity", **made})


async def _list_assignments(call: Call) -> Answer:
    if "filter" in call.options:
        raise NotServed(f"Filters on '{_ASSIGNMENTS}' are not implemented here.")

    def read(tx: Tx) -> list[dict[str, Any]]:
        return [_assignment(role_id, user) for role_id in NAMES for user in sorted(directory.holders_of(tx, role_id))]

    return value_answer(call, _ASSIGNMENTS, await call.read(read))


async def _delete_assignment(call: Call) -> Answer:
    role_id, _, user_id = call.keys["id"].partition("_")
    role_id = _known(role_id)
    await call.write(lambda tx: directory.remove_role(tx, user_id, role_id, principal=call.principal))
    return Answer(204)


def _assign(tx: Tx, call: Call, user_id: str, role_id: str) -> None:
    if directory.find_user(tx, user_id) is None:
        raise NoSuchItem(user_id)
    directory.assign_role(tx, user_id, role_id, principal=call.principal)


def _assignment(role_id: str, user_id: str) -> dict[str, Any]:
    return {
        "id": f"{role_id}_{user_id}",
        "principalId": user_id,
        "directoryScopeId": "/",
        "roleDefinitionId": role_id,
    }


def _role_routes(item: str) -> list[Operation]:
    return [
        Operation("GET", f"{item}/members", _holders, scopes.ROLES_READ, "directory"),
        Operation("POST", f"{item}/members/$ref", _add, scopes.ROLES_WRITE, "directory"),
        Operation("DELETE", f"{item}/members/{{member}}/$ref", _remove, scopes.ROLES_WRITE, "directory"),
    ]


OPERATIONS: Final = [
    *_listing(_ROLES, _role),
    *_listing("directoryRoleTemplates", _role),
    *_listing(_DEFINITIONS, _definition),
    Operation("GET", f"{_ROLES}/{{=roleTemplateId}}", _by_template, scopes.ROLES_READ, "directory"),
    *_role_routes(f"{_ROLES}/{{id}}"),
    *_role_routes(f"{_ROLES}/{{=roleTemplateId}}"),
    Operation("GET", _ASSIGNMENTS, _list_assignments, scopes.ROLES_READ, "directory"),
    Operation("POST", _ASSIGNMENTS, _create_assignment, scopes.ROLES_WRITE, "directory"),
    Operation("DELETE", f"{_ASSIGNMENTS}/{{id}}", _delete_assignment, scopes.ROLES_WRITE, "directory"),
]
