"""Assignments: targets as Graph writes them, and the routes every assignable collection has (02 section 3.6)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from taxiway.directory import Target, assignments_of, require_scope, sees
from taxiway.graph.errors import BadRequest, NoSuchItem, NotServed
from taxiway.graph.protocol import body
from taxiway.graph.protocol.call import Answer, Call, Handler, Operation
from taxiway.graph.protocol.face import Expansion, Face
from taxiway.graph.protocol.lists import value_answer
from taxiway.store import Row, Tx, merged

Assign = Callable[..., Any]
TargetKind = Literal["group", "exclusion", "all_devices", "all_users"]

_KINDS: Final[dict[str, TargetKind]] = {
    "groupassignmenttarget": "group",
    "exclusiongroupassignmenttarget": "exclusion",
    "alldevicesassignmenttarget": "all_devices",
    "alllicensedusersassignmenttarget": "all_users",
}
_TYPES: Final = {
    "group": "#microsoft.graph.groupAssignmentTarget",
    "exclusion": "#microsoft.graph.exclusionGroupAssignmentTarget",
    "all_devices": "#microsoft.graph.allDevicesAssignmentTarget",
    "all_users": "#microsoft.graph.allLicensedUsersAssignmentTarget",
}
_FILTER_ID: Final = "deviceAndAppManagementAssignmentFilterId"
_FILTER_MODE: Final = "deviceAndAppManagementAssignmentFilterType"
#: What the assignments of a collection have beside their id and target.
PLAIN: Final = ("source", "sourceId")
OF_CONFIGURATIONS: Final = (*PLAIN, "intent")
OF_APPS: Final = (*OF_CONFIGURATIONS, "settings")
OF_SCRIPTS: Final[tuple[str, ...]] = ()
#: What an assignment says of itself; all else is kept where assignments are kept whole.
_ITS_OWN: Final = frozenset({"id", "source", "sourceId", "target"})


@dataclass(frozen=True, slots=True)
class Assignable:
    """What differs between assignable collections.

    ``member``: the list in the body of ``assign``; ``assign``: the room's service ``(tx, id, targets, *, principal)``;
    ``live`` and ``docs``: the status of ``assign``; ``names``: what an assignment has beside its id and target;
    ``kept``: whether everything else it says is kept with it and shown again.
    """

    face: Face
    object_kind: str
    assign: Assign
    member: str
    live: int = 200
    docs: int | None = None
    answers: bool = False
    names: tuple[str, ...] = PLAIN
    beta: bool = False
    kept: bool = False


def target_of(content: Mapping[str, Any], *, kept: bool = False) -> Target:
    """One assignment of a body: its target, and its intent and settings where it has them."""
    target = body.field(content, "target")
    if not isinstance(target, dict):
        raise BadRequest("Every assignment needs a target.")
    name = body.odata_type(target).rpartition(".")[2]
    kind = _KINDS.get(name.lower())
    if kind is None:
        if name:
            raise NotServed(f"Assignment targets of the type '{name}' are not implemented here.")
        raise BadRequest("The target of an assignment needs its '@odata.type'.")
    group_id = body.text_field(target, "groupId").lower() or None
    if kind in ("group", "exclusion") and group_id is None:
        raise BadRequest("The target of an assignment needs its 'groupId'.")
    mode = body.text_field(target, _FILTER_MODE, "none").lower()
    if mode not in ("none", "include", "exclude"):
        raise BadRequest(f"'{mode}' is no type of an assignment filter.")
    settings = _more(content) if kept else body.field(content, "settings")
    return Target(
        kind=kind,
        group_id=group_id if kind in ("group", "exclusion") else None,
        filter_id=body.text_field(target, _FILTER_ID) or None,
        filter_mode=mode,  # type: ignore[arg-type]  # checked above
        intent=body.text_field(content, "intent") or None,
        settings=settings if isinstance(settings, dict) else {},
    )


def _more(content: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in content.items() if name not in _ITS_OWN and "@odata" not in name}


def assignment_json(
    row: Mapping[str, Any], object_id: str, names: Sequence[str] = PLAIN, *, kept: bool = False
) -> dict[str, Any]:
    """One assignment as Graph shows it."""
    target = {
        "@odata.type": _TYPES[row["kind"]],
        _FILTER_ID: row["filter_id"],
        _FILTER_MODE: row["filter_mode"],
    }
    if row["group_id"]:
        target["groupId"] = row["group_id"]
    known = {
        "source": "direct",
        "sourceId": object_id,
        "intent": row["intent"] or "apply",
        "settings": row["settings"] or None,
    }
    more = (row["settings"] or {}) if kept else {}
    return {"id": row["id"], "target": target, **more, **{name: known[name] for name in names}}


def fit_assignment(shown: dict[str, Any], version: str) -> dict[str, Any]:
    """The assignment as a version has it: v1.0 knows neither filters nor where an assignment comes from."""
    if version == "v1.0":
        for name in PLAIN if "settings" in shown else OF_CONFIGURATIONS:
            shown.pop(name, None)
        for name in (_FILTER_ID, _FILTER_MODE):
            shown["target"].pop(name, None)
    return shown


def expansion(object_kind: str, names: Sequence[str] = PLAIN, *, kept: bool = False) -> Expansion:
    """``$expand=assignments``."""

    def load(tx: Tx, row: Row) -> list[dict[str, Any]]:
        found = assignments_of(tx, object_kind, row["id"])
        return [assignment_json(one, row["id"], names, kept=kept) for one in found]

    return Expansion("assignments", load)


def assigning(what: Assignable, read: frozenset[str], write: frozenset[str]) -> list[Operation]:
    """``assign`` and the ``assignments`` below an item."""
    face = what.face

    async def replace_all(call: Call) -> Answer:
        wanted = [target_of(one, kept=what.kept) for one in body.objects_field(call.json, what.member, most=500)]
        await call.write(lambda tx: _set(tx, call, what, wanted))
        if not what.answers:
            return call.done(live=what.live, docs=what.docs)
        return await listed(call)

    async def listed(call: Call) -> Answer:
        context = f"{face.path}('{call.keys['id']}')/assignments"
        return value_answer(call, context, await call.read(lambda tx: _shown(tx, call, what)))

    async def one(call: Call) -> Answer:
        shown = await call.read(lambda tx: _shown(tx, call, what))
        return _alone(call, face, _named(shown, call.keys["assignment"]))

    async def remove(call: Call) -> Answer:
        def write(tx: Tx) -> None:
            before = _rows(tx, call, what)
            _named(before, call.keys["assignment"])
            _set(tx, call, what, [_target(row) for row in before if row["id"] != call.keys["assignment"]])

        await call.write(write)
        return call.done(live=200, docs=204)

    async def remove_all(call: Call) -> Answer:
        await call.write(lambda tx: _set(tx, call, what, []))
        return call.done(live=200, docs=204)

    item = f"{face.path}/{{id}}"
    return [
        Operation("POST", f"{item}/assign", replace_all, write, "intune", what.beta),
        Operation("GET", f"{item}/assignments", listed, read, "intune", what.beta),
        Operation("POST", f"{item}/assignments", _adding(what), write, "intune", what.beta),
        Operation("DELETE", f"{item}/assignments", remove_all, write, "intune", what.beta),
        Operation("GET", f"{item}/assignments/{{assignment}}", one, read, "intune", what.beta),
        Operation("PATCH", f"{item}/assignments/{{assignment}}", _changing(what), write, "intune", what.beta),
        Operation("DELETE", f"{item}/assignments/{{assignment}}", remove, write, "intune", what.beta),
    ]


def _adding(what: Assignable) -> Handler:
    async def add(call: Call) -> Answer:
        wanted = target_of(call.json, kept=what.kept)

        def write(tx: Tx) -> dict[str, Any]:
            before = _rows(tx, call, what)
            _set(tx, call, what, [*(_target(row) for row in before), wanted])
            return _made(tx, call, what, wanted, {row["id"] for row in before})

        return _alone(call, what.face, await call.write(write), status=201)

    return add


def _changing(what: Assignable) -> Handler:
    async def change(call: Call) -> Answer:
        """What the body names: target, intent, settings; the rest of the assignment stays."""
        content, assignment_id = call.json, call.keys["assignment"]

        def write(tx: Tx) -> dict[str, Any]:
            before = _rows(tx, call, what)
            changed = _changed(_named(before, assignment_id), content, kept=what.kept)
            _set(tx, call, what, [changed if row["id"] == assignment_id else _target(row) for row in before])
            return _made(tx, call, what, changed, {row["id"] for row in before} - {assignment_id})

        return _alone(call, what.face, await call.write(write))

    return change


def _alone(call: Call, face: Face, shown: dict[str, Any], *, status: int = 200) -> Answer:
    context = f"{call.root}/$metadata#{face.path}('{call.keys['id']}')/assignments/$entity"
    return Answer(status, {"@odata.context": context, **shown})


def linking(face: Face, object_kind: str, read: frozenset[str]) -> Operation:
    """``hasPayloadLinks``: which of some objects are assigned, so that a client can ask before it deletes."""

    async def links(call: Call) -> Answer:
        ids = [str(one) for one in body.list_field(call.json, "payloadIds", most=500)]

        def look(tx: Tx) -> list[dict[str, Any]]:
            return [_link(tx, call, face, object_kind, one) for one in ids]

        return value_answer(call, "Collection(microsoft.graph.hasPayloadLinkResultItem)", await call.read(look))

    return Operation("POST", f"{face.path}/hasPayloadLinks", links, read, "intune", beta=True)


def _link(tx: Tx, call: Call, face: Face, object_kind: str, payload_id: str) -> dict[str, Any]:
    row = face.repository.get(tx, payload_id)
    known = row is not None and sees(tx, call.principal, face.repository.entity, row)
    linked = known and bool(assignments_of(tx, object_kind, payload_id))
    error = None if known else f"There is no payload '{payload_id}'."
    return {"payloadId": payload_id, "hasLink": linked, "error": error, "sources": ["direct"] if linked else []}


def _set(tx: Tx, call: Call, what: Assignable, targets: Sequence[Target]) -> None:
    require_scope(tx, call.principal, [target.group_id for target in targets])
    what.assign(tx, call.keys["id"], list(targets), principal=call.principal)


def _rows(tx: Tx, call: Call, what: Assignable) -> list[Row]:
    what.face.repository.require(tx, call.keys["id"])
    return list(assignments_of(tx, what.object_kind, call.keys["id"]))


def _shown(tx: Tx, call: Call, what: Assignable) -> list[dict[str, Any]]:
    return [_json(call, what, row) for row in _rows(tx, call, what)]


def _json(call: Call, what: Assignable, row: Row) -> dict[str, Any]:
    return fit_assignment(assignment_json(row, call.keys["id"], what.names, kept=what.kept), call.version)


def _made(tx: Tx, call: Call, what: Assignable, wanted: Target, known: Collection[str]) -> dict[str, Any]:
    """The assignment that a change made; where there was the same already, that one."""
    rows = _rows(tx, call, what)
    new = next((row for row in rows if row["id"] not in known), None)
    return _json(call, what, new or next((row for row in rows if _target(row) == wanted), rows[-1]))


def _named(items: Sequence[dict[str, Any]], assignment_id: str) -> dict[str, Any]:
    found = next((item for item in items if item["id"] == assignment_id), None)
    if found is None:
        raise NoSuchItem(assignment_id)
    return found


def _changed(row: Mapping[str, Any], content: Mapping[str, Any], *, kept: bool) -> Target:
    before = _target(row)
    wanted = target_of(content) if body.field(content, "target") is not None else before
    if kept:
        return replace(wanted, intent=before.intent, settings=merged(before.settings, _more(content)))
    settings = body.field(content, "settings")
    return replace(
        wanted,
        intent=body.text_field(content, "intent") or before.intent,
        settings=settings if isinstance(settings, dict) else before.settings,
    )


def _target(row: Mapping[str, Any]) -> Target:
    return Target(
        kind=row["kind"],
        group_id=row["group_id"],
        filter_id=row["filter_id"],
        filter_mode=row["filter_mode"],
        intent=row["intent"],
        settings=row["settings"] or {},
    )
