"""Roles of Intune and their assignments (02 sections 1.6 and 9.4)."""

from __future__ import annotations

import re
from typing import Any, Final

from taxiway import directory
from taxiway.graph.errors import BadRequest
from taxiway.graph.protocol import body, scopes
from taxiway.graph.protocol.call import Answer, Call, Operation
from taxiway.graph.protocol.face import Face, only_in
from taxiway.graph.protocol.lists import created, item_body, list_answer, reading, value_answer
from taxiway.graph.protocol.writing import writing
from taxiway.store import Row, Tx, Where, eq, one_of

_ROLES: Final = "deviceManagement/roleDefinitions"
_ASSIGNMENTS: Final = "deviceManagement/roleAssignments"
_last_key = re.compile(r"\('?([0-9A-Za-z-]{1,100})'?\)/?\Z|/([0-9A-Za-z-]{1,100})/?\Z")


def _permissions(_tx: Tx, rows: list[Row]) -> list[dict[str, Any]]:
    """The permissions in each of Graph's spellings."""
    found = []
    for row in rows:
        allowed = {"allowedResourceActions": row["resource_actions"], "notAllowedResourceActions": []}
        permissions = [{"actions": row["resource_actions"], "resourceActions": [allowed]}]
        found.append(
            {
                "@odata.type": "#microsoft.graph.deviceAndAppManagementRoleDefinition",
                "rolePermissions": permissions,
                "permissions": permissions,
                "isBuiltInRoleDefinition": row["is_built_in"],
            }
        )
    return found


def _shown(_tx: Tx, rows: list[Row]) -> list[dict[str, Any]]:
    """``scopeMembers`` is another name of the scope groups."""
    return [{"scopeMembers": row["resource_scopes"]} for row in rows]


def _fit_role(shown: dict[str, Any], version: str) -> None:
    """v1.0 has one spelling of the permissions."""
    if version == "v1.0":
        for name in ("permissions", "isBuiltInRoleDefinition"):
            shown.pop(name, None)
        for permission in shown.get("rolePermissions") or ():
            permission.pop("actions", None)


ROLES: Final = Face(
    path=_ROLES,
    repository=directory.INTUNE_ROLES,
    family="intune",
    hidden=frozenset({"resource_actions"}),
    beta=frozenset({"role_scope_tag_ids"}),
    written=frozenset({"display_name", "description", "role_scope_tag_ids"}),
    shown=_permissions,
    computed=frozenset({"rolePermissions", "permissions", "isBuiltInRoleDefinition"}),
    fit=_fit_role,
)
ASSIGNMENTS: Final = Face(
    path=_ASSIGNMENTS,
    repository=directory.INTUNE_ROLE_ASSIGNMENTS,
    family="intune",
    type_of=lambda _row: "#microsoft.graph.deviceAndAppManagementRoleAssignment",
    hidden=frozenset({"role_id"}),
    beta=frozenset({"scope_type", "role_scope_tag_ids"}),
    written=frozenset({"display_name", "description", "members", "resource_scopes", "scope_type"}),
    shown=_shown,
    computed=frozenset({"scopeMembers"}),
    fit=only_in("beta", "scopeMembers"),
)


def _role_values(call: Call) -> dict[str, Any]:
    content = call.json
    values = body.incoming(ROLES, content)
    for name in ("rolePermissions", "permissions"):
        if body.field(content, name) is not None:
            values["resource_actions"] = _actions(body.objects_field(content, name))
            break
    return values


def _actions(permissions: list[dict[str, Any]]) -> list[str]:
    """The allowed actions of a body; what it takes back is taken off."""
    allowed, refused = list[Any](), list[Any]()
    for permission in permissions:
        allowed += body.list_field(permission, "actions")
        for one in body.objects_field(permission, "resourceActions"):
            allowed += body.list_field(one, "allowedResourceActions")
            refused += body.list_field(one, "notAllowedResourceActions")
    if not all(isinstance(name, str) for name in (*allowed, *refused)):
        raise BadRequest("'allowedResourceActions' must be a list of texts.")
    return sorted(set(allowed) - set(refused))


def _assignment_values(call: Call) -> dict[str, Any]:
    content = call.json
    values = body.incoming(ASSIGNMENTS, content)
    scoped = body.field(content, "scopeMembers")
    if scoped is not None and "resource_scopes" not in values:
        values["resource_scopes"] = body.list_field(content, "scopeMembers")
    if not all(isinstance(item, str) for item in values.get("resource_scopes") or ()):
        raise BadRequest("'scopeMembers' must be a list of texts.")
    role = body.text_field(content, "roleDefinition@odata.bind")
    if role:
        values["role_id"] = _key_of(role)
    tags = body.list_field(content, "roleScopeTags@odata.bind", most=100)
    if tags:
        values["role_scope_tag_ids"] = sorted({_key_of(tag) for tag in tags})
    return values


def _key_of(address: Any) -> str:
    """The key of the object that an address names."""
    found = _last_key.search(address) if isinstance(address, str) else None
    if found is None:
        raise BadRequest("Invalid URL format specified in payload: an '@odata.bind' must name an object.")
    return str(found[1] or found[2])


async def _assign_role(call: Call) -> Answer:
    values = {**_assignment_values(call), "role_id": call.keys["id"]}

    def write(tx: Tx) -> dict[str, Any]:
        return item_body(tx, call, ASSIGNMENTS, directory.assign_intune_role(tx, values, principal=call.principal))

    return created(call, ASSIGNMENTS, await call.write(write))


async def _role_of(call: Call) -> Answer:
    def read(tx: Tx) -> dict[str, Any]:
        row = directory.INTUNE_ROLE_ASSIGNMENTS.require(tx, call.keys["id"])
        return item_body(tx, call, ROLES, directory.INTUNE_ROLES.require(tx, row["role_id"]))

    return Answer(200, await call.read(read))


async def _assignments_of(call: Call) -> Answer:
    def narrow(_tx: Tx, call: Call) -> Where:
        return eq("role_id", call.keys["id"])

    return await list_answer(call, ASSIGNMENTS, narrow=narrow)


async def _tags_of(call: Call) -> Answer:
    def read(tx: Tx) -> list[dict[str, Any]]:
        row = directory.INTUNE_ROLE_ASSIGNMENTS.require(tx, call.keys["id"])
        tags = directory.ROLE_SCOPE_TAGS.select(tx, one_of("id", row["role_scope_tag_ids"]))
        return [{"id": tag["id"], "displayName": tag["display_name"]} for tag in tags]

    return value_answer(call, f"{_ASSIGNMENTS}('{call.keys['id']}')/roleScopeTags", await call.read(read))


_READ, _WRITE = scopes.INTUNE_ROLES_READ, scopes.INTUNE_ROLES_WRITE
OPERATIONS: Final = [
    *reading(_ROLES, ROLES, _READ),
    *writing(
        ROLES,
        _WRITE,
        create=directory.create_intune_role,
        update=directory.update_intune_role,
        delete=directory.delete_intune_role,
        values=_role_values,
        posted=200,
    ),
    Operation("GET", f"{_ROLES}/{{id}}/roleAssignments", _assignments_of, _READ),
    Operation("POST", f"{_ROLES}/{{id}}/roleAssignments", _assign_role, _WRITE),
    *reading(_ASSIGNMENTS, ASSIGNMENTS, _READ),
    *writing(
        ASSIGNMENTS,
        _WRITE,
        create=directory.assign_intune_role,
        update=directory.update_intune_assignment,
        delete=directory.delete_intune_assignment,
        values=_assignment_values,
    ),
    Operation("GET", f"{_ASSIGNMENTS}/{{id}}/roleDefinition", _role_of, _READ),
    Operation("GET", f"{_ASSIGNMENTS}/{{id}}/roleScopeTags", _tags_of, _READ, beta=True),
]
