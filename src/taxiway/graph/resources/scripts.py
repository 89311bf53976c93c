"""PowerShell scripts and how they ran (02 section 9.4)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from taxiway import directory, enrollment, management
from taxiway.graph.protocol import body, scopes
from taxiway.graph.protocol.call import Answer, Call, Operation
from taxiway.graph.protocol.lists import reading, value_answer
from taxiway.graph.protocol.render import moment
from taxiway.graph.resources import opaque_table
from taxiway.graph.resources.managed import Services, collection, face_of, is_shown
from taxiway.graph.resources.targets import OF_SCRIPTS, Assignable, assignment_json, target_of
from taxiway.management import Shelf
from taxiway.store import Row, Tx

_PATH: Final = "deviceManagement/deviceManagementScripts"
_KIND: Final = management.SCRIPTS.entity.name
_READ: Final = scopes.CONFIGURATION_READ | scopes.SCRIPTS_READ
_WRITE: Final = scopes.CONFIGURATION_WRITE | scopes.SCRIPTS_WRITE
SCRIPTS: Final = replace(
    face_of(
        _PATH,
        management.SCRIPTS,
        _KIND,
        management.SCRIPT_KINDS,
        hidden=frozenset({"revision"}),
        assigned=OF_SCRIPTS,
        versioned=False,
    ),
    type_of=lambda _row: "",
)
#: Lists leave the script itself out; an item carries it.
_LISTED: Final = replace(SCRIPTS, on_select=frozenset({"script_content"}))
_ASSIGNABLE: Final = Assignable(
    SCRIPTS, _KIND, management.assign_script, "deviceManagementScriptAssignments", docs=204, names=OF_SCRIPTS, beta=True
)


async def _assign(call: Call) -> Answer:
    """``assign`` with either of its two lists; the older one names groups alone.

    The scripts of other platforms are assigned at this address too: IntuneCD knows no other.
    """
    targets = [target_of(each) for each in body.objects_field(call.json, "deviceManagementScriptAssignments", most=500)]
    older = body.objects_field(call.json, "deviceManagementScriptGroupAssignments", most=500)
    targets += [directory.Target("group", body.text_field(each, "targetGroupId").lower()) for each in older]

    def write(tx: Tx) -> None:
        shelf = _shelf_of(tx, call)
        if shelf is None:
            management.assign_script(tx, call.keys["id"], targets, principal=call.principal)
        else:
            management.assign_object(tx, shelf, call.keys["id"], targets, principal=call.principal)

    await call.write(write)
    return call.done(live=200, docs=204)


def _shelf_of(tx: Tx, call: Call) -> Shelf | None:
    """The collection of a script that is none for Windows, if the caller may see it there."""
    for shelf in opaque_table.SHELL_SCRIPTS:
        row = shelf.get(tx, call.keys["id"])
        if row is not None and directory.sees(tx, call.principal, shelf.entity, row):
            return shelf
    return None


async def _assignments(call: Call) -> Answer:
    """Of a script for whatever platform, as with ``assign``."""

    def read(tx: Tx) -> list[dict[str, Any]]:
        row_id, kept = call.keys["id"], _shelf_of(tx, call) is not None
        if not kept:
            management.SCRIPTS.require(tx, row_id)
        rows = directory.assignments_of(tx, management.OPAQUE_OBJECT_KIND if kept else _KIND, row_id)
        return [assignment_json(row, row_id, OF_SCRIPTS, kept=kept) for row in rows]

    return value_answer(call, f"{_PATH}('{call.keys['id']}')/assignments", await call.read(read))


async def _group_assignments(call: Call) -> Answer:
    def read(tx: Tx) -> list[dict[str, Any]]:
        management.SCRIPTS.require(tx, call.keys["id"])
        rows = [row for row in directory.assignments_of(tx, _KIND, call.keys["id"]) if row["kind"] == "group"]
        shown = [assignment_json(row, call.keys["id"]) for row in rows]
        return [{"id": each["id"], "targetGroupId": each["target"]["groupId"]} for each in shown]

    return value_answer(call, f"{_PATH}('{call.keys['id']}')/groupAssignments", await call.read(read))


async def _device_states(call: Call) -> Answer:
    """``deviceRunStates``: the runs in the device's context."""

    def read(tx: Tx) -> list[dict[str, Any]]:
        return [_run_state(tx, row) for row in _reported(tx, call) if not row["user_id"]]

    return value_answer(call, f"{_PATH}('{call.keys['id']}')/deviceRunStates", await call.read(read))


async def _user_states(call: Call) -> Answer:
    """``userRunStates``: for each user how many runs ended how; the runs themselves by ``$expand``."""
    wide = "devicerunstates" in call.options.get("expand", "").lower()

    def read(tx: Tx) -> list[dict[str, Any]]:
        by_user: dict[str, list[Row]] = defaultdict(list)
        for row in _reported(tx, call):
            if row["user_id"]:
                by_user[row["user_id"]].append(row)
        shown = []
        for user_id, rows in sorted(by_user.items()):
            runs = {"deviceRunStates": [_run_state(tx, row) for row in rows]} if wide else {}
            shown.append(_user_state(tx, call.keys["id"], user_id, rows) | runs)
        return shown

    return value_answer(call, f"{_PATH}('{call.keys['id']}')/userRunStates", await call.read(read))


def _user_state(tx: Tx, script_id: str, user_id: str, rows: Sequence[Row]) -> dict[str, Any]:
    user = directory.USERS.get(tx, user_id)
    counted = Counter(row["state"] for row in rows)
    return {
        "id": f"{script_id}:{user_id}",
        "successDeviceCount": counted["success"],
        "errorDeviceCount": counted["fail"],
        "userPrincipalName": None if user is None else user["user_principal_name"],
    }


async def _summary(call: Call) -> Answer:
    rows = await call.read(lambda tx: _reported(tx, call))
    counted = Counter((bool(row["user_id"]), row["state"]) for row in rows)
    shown = {
        "id": call.keys["id"],
        "successDeviceCount": counted[False, "success"],
        "errorDeviceCount": counted[False, "fail"],
        "successUserCount": counted[True, "success"],
        "errorUserCount": counted[True, "fail"],
    }
    context = f"{call.root}/$metadata#{_PATH}('{call.keys['id']}')/runSummary/$entity"
    return Answer(200, {"@odata.context": context, **shown})


def _reported(tx: Tx, call: Call) -> list[Row]:
    """What was reported of the script as it is now."""
    row = management.SCRIPTS.require(tx, call.keys["id"])
    found = management.extension_states(tx, "script", row["id"])
    now = [each for each in found if each["revision"] == row["revision"]]
    return [each for each in now if is_shown(tx, call, enrollment.managed_device(tx, each["managed_id"]))]


def _run_state(tx: Tx, row: Row) -> dict[str, Any]:
    device = enrollment.managed_device(tx, row["managed_id"]) or {}
    failed = row["state"] != "success"
    return {
        "id": ":".join(part for part in (row["object_id"], row["managed_id"], row["user_id"]) if part),
        "runState": row["state"],
        "resultMessage": row["text"],
        "lastStateUpdateDateTime": moment(row["updated_at"]),
        "errorCode": row["exit_code"] or 0,
        "errorDescription": row["text"] if failed else None,
        "managedDevice": {"id": row["managed_id"], "deviceName": device.get("device_name")},
    }


def _operations() -> list[Operation]:
    services = Services(management.create_script, management.update_script, management.delete_script)
    made = collection(
        SCRIPTS,
        services,
        _ASSIGNABLE,
        _READ,
        _WRITE,
        kinds=management.SCRIPT_KINDS,
        default_kind=management.SCRIPT_KIND,
        changed_live=200,
    )
    own = {("POST", f"{_PATH}/{{id}}/assign"), ("GET", f"{_PATH}/{{id}}/assignments")}
    own |= {("GET", pattern) for pattern in (_PATH, f"{_PATH}/$count", f"{_PATH}/{{id}}")}
    written = [replace(each, beta=True) for each in made if (each.method, each.pattern) not in own]
    return [*reading(_PATH, SCRIPTS, _READ, beta=True, listed=_LISTED), *written]


OPERATIONS: Final = [
    *_operations(),
    Operation("POST", f"{_PATH}/{{id}}/assign", _assign, _WRITE, "intune", beta=True),
    Operation("GET", f"{_PATH}/{{id}}/assignments", _assignments, _READ, "intune", beta=True),
    Operation("GET", f"{_PATH}/{{id}}/groupAssignments", _group_assignments, _READ, "intune", beta=True),
    Operation("GET", f"{_PATH}/{{id}}/runSummary", _summary, _READ, "intune", beta=True),
    Operation("GET", f"{_PATH}/{{id}}/deviceRunStates", _device_states, _READ, "intune", beta=True),
    Operation("GET", f"{_PATH}/{{id}}/userRunStates", _user_states, _READ, "intune", beta=True),
]
