"""Directory roles: who is an administrator of what (01 section 2)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from taxiway import directory
from taxiway.directory.roles import NAMES
from taxiway.graph.errors import BadRequest, NoSuchItem, NotServed
from taxiway.graph.protocol import body, scopes
from taxiway.graph.protocol.call import Answer, Call, Operation
from taxiway.graph.protocol.face import only_in
from taxiway.graph.protocol.lists import value_answer
from taxiway.graph.resources.members import members_answer
from taxiway.graph.resources.references import last_guid, reference
from taxiway.store import Row, Tx

_ROLES: Final = "directoryRoles"
_ASSIGNMENTS: Final = "roleManagement/directory/roleAssignments"
_DEFINITIONS: Final = "roleManagement/directory/roleDefinitions"
_UNIT: Final = re.compile(r"/administrativeUnits/([0-9A-Fa-f-]{36})\Z", re.IGNORECASE)


_fit: Final = only_in("beta", "allowedPrincipalTypes", "isPrivileged")


def _role(role_id: str) -> dict[str, Any]:
    """A built-in role; its template's id is its own here, as every role is active."""
    return {**_template(role_id), "roleTemplateId": role_id}


def _template(role_id: str) -> dict[str, Any]:
    name = NAMES[role_id]
    return {"id": role_id, "deletedDateTime": None, "description": name, "displayName": name}


def _definition(role_id: str) -> dict[str, Any]:
    """What a built-in role permits is code and not a list of actions, so that it shows none."""
    return {**_defining(role_id, NAMES[role_id], NAMES[role_id]), "isBuiltIn": True, "rolePermissions": []}


def _custom(row: Row) -> dict[str, Any]:
    """A custom role as its definition."""
    permissions = [{"allowedResourceActions": row["resource_actions"], "condition": None}]
    shown = _defining(row["id"], row["display_name"], row["description"])
    return {**shown, "isBuiltIn": False, "rolePermissions": permissions}


def _defining(role_id: str, name: str, description: str) -> dict[str, Any]:
    return {
        "id": role_id,
        "displayName": name,
        "description": description,
        "isEnabled": True,
        "templateId": role_id,
        "resourceScopes": ["/"],
        "version": "1",
        "allowedPrincipalTypes": "user",
        "isPrivileged": False,
    }


def _known(role_id: str) -> str:
    found = role_id.lower()
    if found not in NAMES:
        raise NoSuchItem(role_id)
    return found


def _defined(tx: Tx, role_id: str) -> str:
    """The id of a built-in or custom role."""
    found = role_id.lower()
    if found not in NAMES and directory.ROLE_DEFINITIONS.get(tx, found) is None:
        raise NoSuchItem(role_id)
    return found


def _listing(path: str, shown: Callable[[str], dict[str, Any]], *, customs: bool = False) -> list[Operation]:
    async def get_list(call: Call) -> Answer:
        if "filter" in call.options:
            raise NotServed(f"Filters on '{path}' are not implemented here.")
        more = [] if not customs else await call.read(directory.ROLE_DEFINITIONS.select)
        found = [*(shown(role_id) for role_id in NAMES), *map(_custom, more)]
        for role in found:
            _fit(role, call.version)
        return value_answer(call, path, found)

    async def get_item(call: Call) -> Answer:
        row = await call.read(lambda tx: directory.ROLE_DEFINITIONS.get(tx, call.keys["id"])) if customs else None
        role = shown(_known(call.keys["id"])) if row is None else _custom(row)
        _fit(role, call.version)
        return Answer(200, {"@odata.context": f"{call.root}/$metadata#{path}/$entity", **role})

    return [
        Operation("GET", path, get_list, scopes.ROLES_READ, "directory"),
        Operation("GET", f"{path}/{{id}}", get_item, scopes.ROLES_READ, "directory"),
    ]


def _values(content: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, ours in (("displayName", "display_name"), ("description", "description")):
        if body.field(content, name) is not None:
            values[ours] = body.text_field(content, name)
    if body.field(content, "rolePermissions") is not None:
        permissions = body.objects_field(content, "rolePermissions", most=20)
        if any(body.field(permission, "condition") for permission in permissions):
            raise NotServed("Conditions on the permissions of a role are not implemented here.")
        names = [name for one in permissions for name in body.list_field(one, "allowedResourceActions", most=500)]
        if not all(isinstance(name, str) for name in names):
            raise BadRequest("'allowedResourceActions' must be a list of texts.")
        values["resource_actions"] = names
    return values


async def _create_definition(call: Call) -> Answer:
    values = _values(call.json)
    row = await call.write(lambda tx: directory.create_role(tx, values, principal=call.principal))
    shown = _custom(row)
    _fit(shown, call.version)
    context = f"{call.root}/$metadata#{_DEFINITIONS}/$entity"
    location = {"Location": f"{call.root}/{_DEFINITIONS}/{row['id']}"}
    return Answer(201, {"@odata.context": context, **shown}, location)


async def _update_definition(call: Call) -> Answer:
    changes = _values(call.json)

    def write(tx: Tx) -> None:
        directory.update_role(tx, _changeable(call), changes, principal=call.principal)

    await call.write(write)
    return Answer(204)


async def _delete_definition(call: Call) -> Answer:
    await call.write(lambda tx: directory.delete_role(tx, _changeable(call), principal=call.principal))
    return Answer(204)


def _changeable(call: Call) -> str:
    role_id = call.keys["id"].lower()
    if role_id in NAMES:
        raise BadRequest("A built-in role can be neither changed nor removed.")
    return role_id


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
    given = body.text_field(content, "roleDefinitionId").lower()
    user_id = last_guid(body.text_field(content, "principalId"))
    scope = body.text_field(content, "directoryScopeId", "/")

    def write(tx: Tx) -> dict[str, Any]:
        role_id, unit = _defined(tx, given), _unit_of(scope)
        if unit is None:
            _assign(tx, call, user_id, role_id)
        else:
            directory.assign_unit_role(tx, unit, role_id, user_id, principal=call.principal)
        return _assignment(role_id, user_id, unit)

    made = await call.write(write)
    return Answer(201, {"@odata.context": f"{call.root}/$metadata#{_ASSIGNMENTS}/$entity", **made})


def _unit_of(scope: str) -> str | None:
    """The administrative unit that a role is held for; None for the whole directory."""
    if scope == "/":
        return None
    found = _UNIT.match(scope)
    if found is None:
        raise BadRequest("'directoryScopeId' must be '/' or '/administrativeUnits/{id}'.")
    return found[1].lower()


async def _list_assignments(call: Call) -> Answer:
    if "filter" in call.options:
        raise NotServed(f"Filters on '{_ASSIGNMENTS}' are not implemented here.")

    def read(tx: Tx) -> list[dict[str, Any]]:
        ids = [*NAMES, *(row["id"] for row in directory.ROLE_DEFINITIONS.select(tx))]
        found = [_assignment(role_id, user) for role_id in ids for user in sorted(directory.holders_of(tx, role_id))]
        for unit in directory.ADMINISTRATIVE_UNITS.select(tx):
            rows = directory.unit_roles(tx, unit["id"])
            found += [_assignment(row["role_id"], row["user_id"], unit["id"]) for row in rows]
        return found

    return value_answer(call, _ASSIGNMENTS, await call.read(read))


async def _delete_assignment(call: Call) -> Answer:
    given, _, rest = call.keys["id"].lower().partition("_")
    user_id, _, unit = rest.partition("_")

    def write(tx: Tx) -> None:
        role_id = _defined(tx, given)
        if unit:
            directory.remove_unit_role(tx, unit, role_id, user_id, principal=call.principal)
        else:
            directory.remove_role(tx, user_id, role_id, principal=call.principal)

    await call.write(write)
    return Answer(204)


def _assign(tx: Tx, call: Call, user_id: str, role_id: str) -> None:
    if directory.find_user(tx, user_id) is None:
        raise NoSuchItem(user_id)
    directory.assign_role(tx, user_id, role_id, principal=call.principal)


def _assignment(role_id: str, user_id: str, unit: str | None = None) -> dict[str, Any]:
    return {
        "id": f"{role_id}_{user_id}" + (f"_{unit}" if unit else ""),
        "principalId": user_id,
        "directoryScopeId": f"/administrativeUnits/{unit}" if unit else "/",
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
    *_listing("directoryRoleTemplates", _template),
    *_listing(_DEFINITIONS, _definition, customs=True),
    Operation("POST", _DEFINITIONS, _create_definition, scopes.ROLES_WRITE, "directory"),
    Operation("PATCH", f"{_DEFINITIONS}/{{id}}", _update_definition, scopes.ROLES_WRITE, "directory"),
    Operation("DELETE", f"{_DEFINITIONS}/{{id}}", _delete_definition, scopes.ROLES_WRITE, "directory"),
    Operation("GET", f"{_ROLES}/{{=roleTemplateId}}", _by_template, scopes.ROLES_READ, "directory"),
    *_role_routes(f"{_ROLES}/{{id}}"),
    *_role_routes(f"{_ROLES}/{{=roleTemplateId}}"),
    Operation("GET", _ASSIGNMENTS, _list_assignments, scopes.ROLES_READ, "directory"),
    Operation("POST", _ASSIGNMENTS, _create_assignment, scopes.ROLES_WRITE, "directory"),
    Operation("DELETE", f"{_ASSIGNMENTS}/{{id}}", _delete_assignment, scopes.ROLES_WRITE, "directory"),
]
