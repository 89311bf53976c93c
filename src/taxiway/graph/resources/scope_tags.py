"""Scope tags (02 section 9.4): what parts the objects of Intune among its administrators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from taxiway import directory
from taxiway.graph.errors import BadRequest, NotServed
from taxiway.graph.protocol import body, scopes
from taxiway.graph.protocol.call import Answer, Call, Operation
from taxiway.graph.protocol.face import Face
from taxiway.graph.protocol.lists import created, item_body, reading, value_answer
from taxiway.store import Not, Row, Tx, Where, eq

_PATH: Final = "deviceManagement/roleScopeTags"
_TARGET: Final = "#microsoft.graph.groupAssignmentTarget"


def _built_in(operator: str, value: Any) -> Where:
    """``isBuiltIn eq false``: every tag but the default one."""
    if operator not in ("eq", "ne") or not isinstance(value, bool):
        raise BadRequest("'isBuiltIn' is compared with true or false.")
    default = eq("id", directory.DEFAULT_TAG)
    return default if value is (operator == "eq") else Not(default)


TAGS: Final = Face(
    path=_PATH,
    repository=directory.ROLE_SCOPE_TAGS,
    family="intune",
    hidden=frozenset({"group_ids"}),
    written=frozenset({"display_name", "description"}),
    fixed={"isbuiltin": _built_in},
    # Tools write down the tags of an object in the order of this list; the ids of a restored tenant are other ones.
    order=(("display_name", False),),
)


async def _create(call: Call) -> Answer:
    values = body.incoming(TAGS, call.json)
    made = await call.write(
        lambda tx: item_body(tx, call, TAGS, directory.create_tag(tx, values, principal=call.principal))
    )
    return created(call, TAGS, made, live=200)


async def _update(call: Call) -> Answer:
    changes = body.incoming(TAGS, call.json)

    def write(tx: Tx) -> dict[str, Any]:
        return item_body(tx, call, TAGS, directory.update_tag(tx, call.keys["id"], changes, principal=call.principal))

    return Answer(200, await call.write(write))


async def _delete(call: Call) -> Answer:
    await call.write(lambda tx: directory.delete_tag(tx, call.keys["id"], principal=call.principal))
    return call.done(live=200, docs=204)


async def _assign(call: Call) -> Answer:
    groups = [_group_of(one) for one in body.objects_field(call.json, "assignments", most=500)]

    def write(tx: Tx) -> list[dict[str, Any]]:
        return _assignments(directory.assign_tag(tx, call.keys["id"], groups, principal=call.principal))

    return value_answer(call, f"{_PATH}('{call.keys['id']}')/assignments", await call.write(write))


async def _list_assignments(call: Call) -> Answer:
    found = await call.read(lambda tx: _assignments(directory.ROLE_SCOPE_TAGS.require(tx, call.keys["id"])))
    return value_answer(call, f"{_PATH}('{call.keys['id']}')/assignments", found)


def _group_of(assignment: Mapping[str, Any]) -> str:
    target = body.field(assignment, "target")
    if not isinstance(target, dict):
        raise BadRequest("Every assignment needs a target.")
    if body.odata_type(target, _TARGET).lower() != _TARGET.lower():
        raise NotServed("A scope tag is assigned to groups of devices: other targets are not implemented here.")
    group = body.text_field(target, "groupId").lower()
    if not group:
        raise BadRequest("The target of an assignment needs its 'groupId'.")
    return group


def _assignments(tag: Row) -> list[dict[str, Any]]:
    return [
        {"id": f"{tag['id']}_{group}", "target": {"@odata.type": _TARGET, "groupId": group}}
        for group in tag["group_ids"]
    ]


_READ, _WRITE = scopes.INTUNE_ROLES_READ, scopes.INTUNE_ROLES_WRITE
OPERATIONS: Final = [
    *reading(_PATH, TAGS, _READ, beta=True),
    Operation("POST", _PATH, _create, _WRITE, beta=True),
    Operation("PATCH", f"{_PATH}/{{id}}", _update, _WRITE, beta=True),
    Operation("DELETE", f"{_PATH}/{{id}}", _delete, _WRITE, beta=True),
    Operation("POST", f"{_PATH}/{{id}}/assign", _assign, _WRITE, beta=True),
    Operation("GET", f"{_PATH}/{{id}}/assignments", _list_assignments, _READ, beta=True),
]
