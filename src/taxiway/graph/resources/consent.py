"""Consent: app roles that were assigned, and delegated permissions that were granted (03 section 15.17)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from taxiway import directory
from taxiway.directory import APP_ROLE_ASSIGNMENTS, GROUPS, PERMISSION_GRANTS, SERVICE_PRINCIPALS
from taxiway.graph.errors import BadRequest, NoSuchItem
from taxiway.graph.protocol import body, scopes
from taxiway.graph.protocol.call import Answer, Call, Operation
from taxiway.graph.protocol.face import Face
from taxiway.graph.protocol.lists import created, item_answer, item_body, list_answer, reading
from taxiway.graph.protocol.render import moment
from taxiway.graph.resources.references import require_item
from taxiway.store import Row, Tx, eq

_GRANTS: Final = "oauth2PermissionGrants"
_ENDS: Final = (
    "'principalId', 'resourceId' and 'appRoleId' are required, and one of the first two is the addressed object."
)


def _shown(_tx: Tx, rows: list[Row]) -> list[dict[str, Any]]:
    """Beta has another name for the moment."""
    return [{"creationTimestamp": row["created_at"] and moment(row["created_at"])} for row in rows]


def _fit(shown: dict[str, Any], version: str) -> None:
    shown.pop("createdDateTime" if version == "beta" else "creationTimestamp", None)


ASSIGNMENT: Final = Face(
    path="appRoleAssignments",
    repository=APP_ROLE_ASSIGNMENTS,
    family="directory",
    shown=_shown,
    computed=frozenset({"creationTimestamp"}),
    fit=_fit,
)
GRANT: Final = Face(
    path=_GRANTS, repository=PERMISSION_GRANTS, family="directory", beta=frozenset({"start_time", "expiry_time"})
)

Owner = Callable[[Tx, Call], Row]


def _principal(tx: Tx, call: Call) -> Row:
    return require_item(tx, call, SERVICE_PRINCIPALS)


def _group(tx: Tx, call: Call) -> Row:
    return require_item(tx, call, GROUPS)


def _user(tx: Tx, call: Call) -> Row:
    user = directory.find_user(tx, call.keys["id"])
    if user is None:
        raise NoSuchItem(call.keys["id"])
    return user


# ------------------------------------------------------------------------------------------------- app roles


@dataclass(frozen=True, slots=True)
class _Assignments:
    """The assignments below one object; ``side`` and ``field`` name the end at which the object stands."""

    owner: Owner
    side: str
    field: str

    def operations(self, path: str) -> list[Operation]:
        """What can be done with them at this address."""
        read, write = scopes.APPLICATIONS_READ, scopes.ROLE_ASSIGNMENTS_WRITE
        item = f"{path}/{{assignment}}"
        return [
            Operation("GET", path, self._list, read, "directory"),
            Operation("POST", path, self._post, write, "directory"),
            Operation("GET", item, self._get, read, "directory"),
            Operation("DELETE", item, self._delete, write, "directory"),
        ]

    async def _list(self, call: Call) -> Answer:
        return await list_answer(call, ASSIGNMENT, narrow=lambda tx, made: eq(self.field, self.owner(tx, made)["id"]))

    async def _get(self, call: Call) -> Answer:
        return await item_answer(call, ASSIGNMENT, call.keys["assignment"], find=lambda tx, _: self._found(tx, call))

    async def _post(self, call: Call) -> Answer:
        content = call.json
        named = {name: body.text_field(content, name).lower() for name in ("principalId", "resourceId", "appRoleId")}

        def write(tx: Tx) -> dict[str, Any]:
            own = self.owner(tx, call)["id"]
            ends = {**named, self.side: named[self.side] or own}
            if not all(ends.values()) or ends[self.side] != own:
                raise BadRequest(_ENDS)
            row = directory.assign_app_role(
                tx,
                holder_id=ends["principalId"],
                resource_id=ends["resourceId"],
                role_id=ends["appRoleId"],
                principal=call.principal,
            )
            return item_body(tx, call, ASSIGNMENT, row)

        return created(call, ASSIGNMENT, await call.write(write))

    async def _delete(self, call: Call) -> Answer:
        def write(tx: Tx) -> None:
            directory.remove_app_role(tx, self._found(tx, call)["id"], principal=call.principal)

        await call.write(write)
        return Answer(204)

    def _found(self, tx: Tx, call: Call) -> Row:
        row = APP_ROLE_ASSIGNMENTS.get(tx, call.keys["assignment"])
        if row is None or row[self.field] != self.owner(tx, call)["id"]:
            raise NoSuchItem(call.keys["assignment"])
        return row


# ------------------------------------------------------------------------------------------------- delegated


async def _grant(call: Call) -> Answer:
    content = call.json
    named = {name: body.text_field(content, name) for name in ("clientId", "resourceId", "consentType", "principalId")}
    for name in ("clientId", "resourceId"):
        if not named[name]:
            raise BadRequest(f"A value is required for property '{name}' of resource 'OAuth2PermissionGrant'.")
    if named["consentType"] not in ("AllPrincipals", "Principal"):
        raise BadRequest("Property consentType is 'AllPrincipals' or 'Principal'.")
    if (named["consentType"] == "Principal") != bool(named["principalId"]):
        raise BadRequest("Property principalId goes with the consentType 'Principal', and with no other.")

    def write(tx: Tx) -> dict[str, Any]:
        row = directory.grant_permissions(
            tx,
            client_id=named["clientId"].lower(),
            resource_id=named["resourceId"].lower(),
            scope=body.text_field(content, "scope"),
            user_id=named["principalId"].lower() or None,
            principal=call.principal,
        )
        return item_body(tx, call, GRANT, row)

    return created(call, GRANT, await call.write(write))


async def _change(call: Call) -> Answer:
    scope = body.field(call.json, "scope")

    def write(tx: Tx) -> None:
        row = require_item(tx, call, PERMISSION_GRANTS)
        if not isinstance(scope, str):
            raise BadRequest("A value is required for property 'scope' of resource 'OAuth2PermissionGrant'.")
        directory.change_grant(tx, row["id"], scope, principal=call.principal)

    await call.write(write)
    return Answer(204)


async def _revoke(call: Call) -> Answer:
    def write(tx: Tx) -> None:
        directory.revoke_grant(tx, require_item(tx, call, PERMISSION_GRANTS)["id"], principal=call.principal)

    await call.write(write)
    return Answer(204)


def _grants_of(path: str, owner: Owner, field: str) -> Operation:
    async def get_list(call: Call) -> Answer:
        return await list_answer(call, GRANT, narrow=lambda tx, made: eq(field, owner(tx, made)["id"]))

    return Operation("GET", path, get_list, scopes.GRANTS_READ, "directory")


_HELD: Final = _Assignments(_principal, "principalId", "principal_id")
_OFFERED: Final = _Assignments(_principal, "resourceId", "resource_id")


def _of_principal(item: str) -> list[Operation]:
    return [
        *_HELD.operations(f"{item}/appRoleAssignments"),
        *_OFFERED.operations(f"{item}/appRoleAssignedTo"),
        _grants_of(f"{item}/{_GRANTS}", _principal, "client_id"),
    ]


OPERATIONS: Final = [
    *_of_principal("servicePrincipals/{id}"),
    *_of_principal("servicePrincipals/{=appId}"),
    *_Assignments(_user, "principalId", "principal_id").operations("users/{id}/appRoleAssignments"),
    *_Assignments(_group, "principalId", "principal_id").operations("groups/{id}/appRoleAssignments"),
    _grants_of(f"users/{{id}}/{_GRANTS}", _user, "principal_id"),
    *reading(_GRANTS, GRANT, scopes.GRANTS_READ),
    Operation("POST", _GRANTS, _grant, scopes.GRANTS_WRITE, "directory"),
    Operation("PATCH", f"{_GRANTS}/{{id}}", _change, scopes.GRANTS_WRITE, "directory"),
    Operation("DELETE", f"{_GRANTS}/{{id}}", _revoke, scopes.GRANTS_WRITE, "directory"),
]
