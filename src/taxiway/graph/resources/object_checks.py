"""What is asked of directory objects by their ids: which they are, and in what they are members (02 section 6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from taxiway import directory
from taxiway.graph.errors import BadRequest, NoSuchItem
from taxiway.graph.protocol import body, scopes
from taxiway.graph.protocol.call import Answer, Call, Operation
from taxiway.graph.protocol.lists import value_answer
from taxiway.graph.resources.objects import OBJECTS, object_json
from taxiway.graph.resources.references import find_object, require_object
from taxiway.graph.resources.users import caller
from taxiway.store import Tx

_MOST_IDS: Final = 1_000
_MOST_CHECKED: Final = 20
#: Every type of a directory object may be asked for; of some there is none here.
_ANY: Final = "directoryobject"

#: What a set of ids is worked out from: the object's type, its id, and the body.
Ask = Callable[[Tx, directory.ObjectKind, str, Mapping[str, Any]], list[str]]


async def _get_by_ids(call: Call) -> Answer:
    content = call.json
    ids, types = _texts(content, "ids", most=_MOST_IDS), [one.lower() for one in _texts(content, "types", most=20)]
    if not ids:
        raise BadRequest("'ids' must name at least one object.")
    wanted = {one.removeprefix("#").removeprefix("microsoft.graph.") for one in types}

    def read(tx: Tx) -> list[dict[str, Any]]:
        found = [find_object(tx, one.lower()) for one in dict.fromkeys(ids)]
        return [
            object_json(tx, each[0], each[1]["id"], version=call.version)
            for each in found
            if each is not None and (not wanted or _ANY in wanted or each[0] in wanted)
        ]

    return value_answer(call, "directoryObjects", await call.read(read))


def _check_groups(tx: Tx, kind: directory.ObjectKind, object_id: str, content: Mapping[str, Any]) -> list[str]:
    return _among(_texts(content, "groupIds", most=_MOST_CHECKED), directory.groups_of(tx, kind, object_id))


def _get_groups(tx: Tx, kind: directory.ObjectKind, object_id: str, content: Mapping[str, Any]) -> list[str]:
    _security_only(kind, content)
    return sorted(directory.groups_of(tx, kind, object_id))


def _check_objects(tx: Tx, kind: directory.ObjectKind, object_id: str, content: Mapping[str, Any]) -> list[str]:
    return _among(_texts(content, "ids", most=_MOST_CHECKED), _held(tx, kind, object_id))


def _get_objects(tx: Tx, kind: directory.ObjectKind, object_id: str, content: Mapping[str, Any]) -> list[str]:
    _security_only(kind, content)
    return sorted(_held(tx, kind, object_id))


def _held(tx: Tx, kind: directory.ObjectKind, object_id: str) -> frozenset[str]:
    """Groups, and the directory roles of a user."""
    groups = directory.groups_of(tx, kind, object_id)
    return groups | directory.roles_of(tx, object_id) if kind == "user" else groups


def _among(asked: list[str], held: frozenset[str]) -> list[str]:
    if not asked:
        raise BadRequest("The body names no ids to check.")
    return [one for one in dict.fromkeys(each.lower() for each in asked) if one in held]


def _security_only(kind: directory.ObjectKind, content: Mapping[str, Any]) -> None:
    """Every group here is a security group; that only those are meant can be said of users alone."""
    text = str(body.field(content, "securityEnabledOnly", default=False)).lower()
    if text not in ("true", "false"):
        raise BadRequest("'securityEnabledOnly' is true or false.")
    if text == "true" and kind != "user":
        raise BadRequest("'securityEnabledOnly' can be true for users alone.")


def _texts(content: Mapping[str, Any], name: str, *, most: int) -> list[str]:
    found = body.list_field(content, name, most=most)
    if not all(isinstance(one, str) for one in found):
        raise BadRequest(f"'{name}' must be a list of texts.")
    return found


def subject(tx: Tx, call: Call) -> tuple[directory.ObjectKind, str]:
    """The object that the address names."""
    owner, key = call.operation.pattern.partition("/")[0], call.keys.get("id", "")
    if owner == "me":
        return "user", caller(call)
    if owner == "directoryObjects":
        found, row = require_object(tx, key.lower())
        return found, row["id"]
    kind: directory.ObjectKind = {"users": "user", "groups": "group", "devices": "device"}[owner]  # type: ignore[assignment]
    known = directory.find_user(tx, key) if kind == "user" else OBJECTS[kind].repository.get(tx, key.lower())
    if known is None:
        raise NoSuchItem(key)
    return kind, known["id"]


def _operation(pattern: str, ask: Ask) -> Operation:
    async def answer(call: Call) -> Answer:
        content = call.json
        found = await call.read(lambda tx: ask(tx, *subject(tx, call), content))
        return value_answer(call, "Collection(Edm.String)", found)

    return Operation("POST", pattern, answer, scopes.MEMBERS_READ, "directory")


_ASKED: Final[dict[str, Ask]] = {
    "checkMemberGroups": _check_groups,
    "getMemberGroups": _get_groups,
    "checkMemberObjects": _check_objects,
    "getMemberObjects": _get_objects,
}
OPERATIONS: Final = [
    Operation("POST", "directoryObjects/getByIds", _get_by_ids, scopes.MEMBERS_READ, "directory"),
    *(
        _operation(f"{owner}/{name}", ask)
        for owner in ("directoryObjects/{id}", "users/{id}", "groups/{id}", "devices/{id}", "me")
        for name, ask in _ASKED.items()
    ),
]
