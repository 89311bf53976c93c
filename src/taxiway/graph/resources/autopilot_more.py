"""Registered devices, the less usual ways: created and deleted by serial number, for rooms, below their profile.

(02 section 3.1)
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Any, Final

from taxiway import autopilot, directory
from taxiway.graph.errors import BadRequest, NoSuchItem
from taxiway.graph.protocol import body, scopes
from taxiway.graph.protocol.call import Answer, Call, Handler, Operation
from taxiway.graph.protocol.lists import created, item_answer, item_body, value_answer
from taxiway.graph.resources import autopilot_devices, autopilot_profiles
from taxiway.graph.resources.autopilot_devices import DEVICES, PATH, plain_action
from taxiway.graph.resources.autopilot_imports import row_of
from taxiway.graph.resources.autopilot_profiles import PATH as PROFILES_PATH
from taxiway.graph.resources.autopilot_profiles import PROFILES
from taxiway.graph.resources.references import require_item
from taxiway.store import Tx

_MOST: Final = 500
#: What an import takes; the rest of a new device is set afterwards.
_IMPORTED: Final = frozenset({"group_tag", "user_principal_name"})


async def _create(call: Call) -> Answer:
    """Without a hash: serial number, manufacturer and model, or a product key alone, as partners register devices."""
    content = call.json
    row = replace(
        row_of(content),
        assigned_user_principal_name=body.text_field(content, "userPrincipalName"),
        manufacturer=body.text_field(content, "manufacturer"),
        model=body.text_field(content, "model"),
    )
    [made] = await autopilot.import_devices(
        call.rt, call.tenant, [row], principal=call.principal, correlation=call.correlation, partner=True
    )
    state = made["state"]
    changes = body.incoming(DEVICES, content, names=DEVICES.written - _IMPORTED)

    def write(tx: Tx) -> dict[str, Any] | None:
        autopilot.IMPORTS.delete(tx, made["id"])  # nobody asked for an import
        ztdid = state["deviceRegistrationId"]
        if not ztdid:
            return None
        row = autopilot.update_properties(tx, ztdid, changes, principal=call.principal)
        return item_body(tx, call, DEVICES, row)

    shown = await call.write(write)
    if shown is None:
        raise BadRequest(f"The device was not registered: {state['deviceErrorName']} ({state['deviceErrorCode']}).")
    return created(call, DEVICES, shown)


async def _delete_devices(call: Call) -> Answer:
    """Each by its serial number, and what became of it."""
    serials = [str(one) for one in body.list_field(call.json, "serialNumbers", most=_MOST)]

    await call.read(lambda tx: directory.require(tx, call.principal, "autopilot.devices.write"))
    found = [await call.write(partial(_delete_one, call=call, serial=serial)) for serial in serials]
    return value_answer(call, "Collection(microsoft.graph.deletedWindowsAutopilotDeviceState)", found)


def _delete_one(tx: Tx, *, call: Call, serial: str) -> dict[str, Any]:
    row = autopilot.record_of_serial(tx, serial)
    if row is not None:
        autopilot.deregister(tx, row["id"], principal=call.principal)
    return {
        "serialNumber": serial,
        "deviceRegistrationId": "" if row is None else row["id"],
        "deletionState": "failed" if row is None else "accepted",
        "errorMessage": f"No device with the serial number '{serial}' is registered." if row is None else None,
    }


async def _assign_room(call: Call) -> Answer:
    content = call.json
    upn = body.text_field(content, "userPrincipalName")
    if not upn:
        raise BadRequest("'userPrincipalName' is missing.")
    friendly = body.text_field(content, "addressableUserName")
    name = body.text_field(content, "resourceAccountName")

    def write(tx: Tx) -> None:
        row = require_item(tx, call, autopilot.DEVICES)
        autopilot.assign_resource_account(tx, row["id"], upn, friendly, name, principal=call.principal)

    await call.write(write)
    return Answer(204)


# ---------------------------------------------------------------------------------------------- below a profile


def _below_profile(operation: Operation) -> Operation:
    """The same of a device that is named below the profile it carries."""

    async def handler(call: Call) -> Answer:
        await call.read(lambda tx: _require_carried(tx, call.keys["id"], call.keys["device"]))
        return await operation.handler(replace(call, keys={"id": call.keys["device"]}))

    pattern = operation.pattern.replace(f"{PATH}/{{id}}", f"{PROFILES_PATH}/{{id}}/assignedDevices/{{device}}", 1)
    return replace(operation, pattern=pattern, handler=handler, beta=True)


def _require_carried(tx: Tx, profile_id: str, ztdid: str) -> None:
    row = autopilot.DEVICES.get(tx, ztdid)
    if row is None or row["deployment_profile_id"] != profile_id:
        raise NoSuchItem(ztdid)


def _of_profile(handler: Handler) -> Handler:
    """What lies below the profile of a device."""

    async def found(call: Call) -> Answer:
        profile_id = await call.read(lambda tx: _profile_of(tx, call))
        return await handler(replace(call, keys={"id": profile_id}))

    return found


def _profile_of(tx: Tx, call: Call) -> str:
    profile = autopilot.effective_profile(tx, require_item(tx, call, autopilot.DEVICES)["id"]).value
    if profile is None or not directory.sees(tx, call.principal, PROFILES.repository.entity, profile):
        raise NoSuchItem(call.keys["id"])
    return str(profile["id"])


async def _get(call: Call) -> Answer:
    return await item_answer(call, DEVICES, call.keys["id"])


def _handler_of(operations: list[Operation], pattern: str) -> Handler:
    return next(each.handler for each in operations if each.method == "GET" and each.pattern == pattern)


_READ, _WRITE = scopes.AUTOPILOT_READ, scopes.AUTOPILOT_WRITE
_listed: dict[str, Callable[[Call], Awaitable[Answer]]] = {
    "assignments": _handler_of(autopilot_profiles.OPERATIONS, f"{PROFILES_PATH}/{{id}}/assignments"),
    "assignedDevices": _handler_of(autopilot_devices.OPERATIONS, f"{PROFILES_PATH}/{{id}}/assignedDevices"),
}
_actions: Final = [
    Operation("POST", f"{PATH}/{{id}}/assignResourceAccountToDevice", _assign_room, _WRITE, beta=True),
    Operation(
        "POST",
        f"{PATH}/{{id}}/unassignResourceAccountFromDevice",
        plain_action(autopilot.unassign_resource_account),
        _WRITE,
        beta=True,
    ),
    Operation(
        "POST", f"{PATH}/{{id}}/allowNextEnrollment", plain_action(autopilot.allow_next_enrollment), _WRITE, beta=True
    ),
]
OPERATIONS: Final = [
    Operation("POST", PATH, _create, _WRITE),
    Operation("POST", f"{PATH}/deleteDevices", _delete_devices, _WRITE),
    *_actions,
    *(
        Operation("GET", f"{PATH}/{{id}}/{profile}/{name}", _of_profile(handler), _READ, beta=True)
        for profile in ("deploymentProfile", "intendedDeploymentProfile")
        for name, handler in _listed.items()
    ),
    *(
        _below_profile(operation)
        for operation in (*autopilot_devices.OPERATIONS, *_actions)
        if operation.pattern.startswith(f"{PATH}/{{id}}") and not operation.pattern.endswith("taxiwayPreflight")
    ),
]
