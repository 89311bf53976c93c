"""How configurations and compliance policies stand, summed up: by device, user and setting (02 sections 9.1, 9.3)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any, Final

from taxiway import enrollment, management
from taxiway.graph.protocol import scopes
from taxiway.graph.protocol.call import Answer, Call, Operation
from taxiway.graph.protocol.face import Face
from taxiway.graph.protocol.lists import value_answer
from taxiway.graph.protocol.render import NEVER, moment
from taxiway.graph.resources.configurations import CONFIGURATIONS, POLICIES, settings_of, state_name
from taxiway.store import Row, Tx, one_of

#: ``complianceStatus`` -> the count of an overview.
_COUNTED: Final = {
    "compliant": "successCount",
    "remediated": "successCount",
    "nonCompliant": "failedCount",
    "error": "errorCount",
    "conflict": "conflictCount",
    "notApplicable": "notApplicableCount",
}
_COUNTS: Final = ("pendingCount", *dict.fromkeys(_COUNTED.values()))
#: The states of a setting that are counted, the worst first: what a user's devices come to.
_STATES: Final = ("error", "conflict", "nonCompliant", "unknown", "remediated", "compliant", "notApplicable")


def _rows(tx: Tx, face: Face, object_id: str) -> list[Row]:
    face.repository.require(tx, object_id)
    return management.object_states(tx, face.repository.entity.name, object_id)


def _overview(tx: Tx, call: Call, face: Face, states: Sequence[str], rows: Sequence[Row]) -> dict[str, Any]:
    object_id, beta = call.keys["id"], call.version == "beta"
    counted = Counter(_COUNTED.get(state, "pendingCount") for state in states)
    latest = max((row["updated_at"] for row in rows), default=None)
    return {
        "id": object_id,
        **{name: counted[name] for name in _COUNTS if beta or name != "conflictCount"},
        "lastUpdateDateTime": NEVER if latest is None else moment(latest),
        "configurationVersion": face.repository.require(tx, object_id)["version"],
    }


def _by_user(tx: Tx, rows: Sequence[Row]) -> dict[str, tuple[Row, str, list[Row]]]:
    """User id -> a device of the user, the worst state on the user's devices, and the rows."""
    ids = [row["managed_id"] for row in rows]
    devices = {row["id"]: row for row in enrollment.MANAGED.select(tx, one_of("id", ids))} if ids else {}
    grouped: dict[str, list[Row]] = defaultdict(list)
    of_user: dict[str, Row] = {}
    for row in rows:
        device = devices.get(row["managed_id"])
        if device is not None and device["user_id"]:
            grouped[device["user_id"]].append(row)
            of_user[device["user_id"]] = device
    return {user: (of_user[user], _worst(mine), mine) for user, mine in grouped.items()}


def _worst(rows: Sequence[Row]) -> str:
    states = {state_name(row["state"]) for row in rows}
    return next((state for state in _STATES if state in states), "unknown")


def _user_statuses(tx: Tx, rows: Sequence[Row]) -> list[dict[str, Any]]:
    return [
        {
            "id": f"{mine[0]['object_id']}_{user_id}",
            "userDisplayName": device["user_display_name"],
            "devicesCount": len(mine),
            "status": state,
            "lastReportedDateTime": moment(max(row["updated_at"] for row in mine)),
            "userPrincipalName": device["upn"],
        }
        for user_id, (device, state, mine) in sorted(_by_user(tx, rows).items())
    ]


def _by_setting(object_id: str, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The settings that devices said something of, and how many of them said what."""
    counted: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        for setting in settings_of(row):
            counted[setting["setting"] or ""][setting["state"]] += 1
    return [
        {
            "id": f"{object_id}_{number}",
            "settingName": name,
            "instancePath": name,
            **{f"{state}DeviceCount": states[state] for state in _STATES},
        }
        for number, (name, states) in enumerate(sorted(counted.items()))
    ]


def _summaries(face: Face) -> list[Operation]:
    item = f"{face.path}/{{id}}"

    def context(call: Call, name: str) -> str:
        return f"{call.root}/$metadata#{face.path}('{call.keys['id']}')/{name}/$entity"

    async def devices(call: Call) -> Answer:
        def read(tx: Tx) -> dict[str, Any]:
            rows = _rows(tx, face, call.keys["id"])
            return _overview(tx, call, face, [state_name(row["state"]) for row in rows], rows)

        found = await call.read(read)
        if call.version == "beta":
            found["notApplicablePlatformCount"] = 0
        return Answer(200, {"@odata.context": context(call, "deviceStatusOverview"), **found})

    async def users(call: Call) -> Answer:
        def read(tx: Tx) -> dict[str, Any]:
            rows = _rows(tx, face, call.keys["id"])
            states = [state for _, state, _ in _by_user(tx, rows).values()]
            return _overview(tx, call, face, states, rows)

        return Answer(200, {"@odata.context": context(call, "userStatusOverview"), **await call.read(read)})

    async def statuses(call: Call) -> Answer:
        found = await call.read(lambda tx: _user_statuses(tx, _rows(tx, face, call.keys["id"])))
        return value_answer(call, f"{face.path}('{call.keys['id']}')/userStatuses", found)

    async def settings(call: Call) -> Answer:
        found = await call.read(lambda tx: _by_setting(call.keys["id"], _rows(tx, face, call.keys["id"])))
        return value_answer(call, f"{face.path}('{call.keys['id']}')/deviceSettingStateSummaries", found)

    return [
        Operation("GET", f"{item}/deviceStatusOverview", devices, _READ),
        Operation("GET", f"{item}/userStatusOverview", users, _READ),
        Operation("GET", f"{item}/userStatuses", statuses, _READ),
        Operation("GET", f"{item}/deviceSettingStateSummaries", settings, _READ),
    ]


_READ: Final = scopes.CONFIGURATION_READ
OPERATIONS: Final = [
    *_summaries(CONFIGURATIONS),
    *_summaries(POLICIES),
]
