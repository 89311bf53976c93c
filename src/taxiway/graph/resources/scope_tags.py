"""Scope tags (02 section 9.4): what parts the objects of Intune among its administrators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from taxiway import directory
from taxiway.graph.errors import BadRequest, NotServed
from taxiway.graph.protocol import body, scopes
from taxiway.graph.protocol.call import Answer, Call, Operation
from taxiway.graph.protocol.face import Face
from taxiway.graph.protocol.lists import reading, value_answer
from taxiway.graph.protocol.writing import writing
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
    *writing(
        TAGS,
        _WRITE,
        create=directory.create_tag,
        update=directory.update_tag,
        delete=directory.delete_tag,
        beta=True,
        posted=200,
    ),
    Operation("POST", f"{_PATH}/{{id}}/assign", _assign, _WRITE, beta=True),
    Operation("GET", f"{_PATH}/{{id}}/assignments", _list_assignments, _READ, beta=True),
]
