"""``importedWindowsAutopilotDeviceIdentities``: hardware hashes on their way to a registration (02 section 3.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from taxiway import autopilot, directory
from taxiway.graph.errors import NoSuchItem
from taxiway.graph.protocol import body, scopes
from taxiway.graph.protocol.call import Answer, Call, Operation
from taxiway.graph.protocol.face import Face
from taxiway.graph.protocol.lists import created, item_body, reading
from taxiway.store import Row, Tx

_PATH: Final = "deviceManagement/importedWindowsAutopilotDeviceIdentities"
_TYPE: Final = "importedWindowsAutopilotDeviceIdentity"
#: More than the admin centre's 500 rows, and bounded (02 section 3.3).
MAX_ROWS: Final = 5_000
IMPORTS: Final = Face(
    path=_PATH,
    repository=autopilot.IMPORTS,
    family="intune",
    hidden=autopilot.IMPORT_INTERNAL,
    search=("serial_number",),
)


async def _create(call: Call) -> Answer:
    [row] = await _import(call, [call.json])
    shown = await call.read(lambda tx: item_body(tx, call, IMPORTS, row))
    return created(call, IMPORTS, shown)


async def _create_many(call: Call) -> Answer:
    rows = await _import(call, body.objects_field(call.json, "importedWindowsAutopilotDeviceIdentities", most=MAX_ROWS))
    shown = await call.read(lambda tx: [_bare(item_body(tx, call, IMPORTS, row)) for row in rows])
    context = f"{call.root}/$metadata#Collection(microsoft.graph.{_TYPE})"
    return Answer(200, {"@odata.context": context, "value": shown})


async def _delete(call: Call) -> Answer:
    def write(tx: Tx) -> None:
        directory.require(tx, call.principal, "autopilot.import")
        if not autopilot.IMPORTS.delete(tx, call.keys["id"]):
            raise NoSuchItem(call.keys["id"])

    await call.write(write)
    return Answer(204)


async def _import(call: Call, contents: list[dict[str, Any]]) -> list[Row]:
    """Hand the rows to the room; each comes back with the state it has now, whatever state the client sent."""
    rows = [row_of(content) for content in contents]
    made: list[Row] = await autopilot.import_devices(
        call.rt, call.tenant, rows, principal=call.principal, correlation=call.correlation
    )
    return made


def row_of(content: Mapping[str, Any]) -> autopilot.ImportRow:
    """What Graph's body says of a device to register."""
    return autopilot.ImportRow(
        serial_number=body.text_field(content, "serialNumber"),
        product_key=body.text_field(content, "productKey"),
        hardware_identifier=body.text_field(content, "hardwareIdentifier"),
        group_tag=body.text_field(content, "groupTag") or body.text_field(content, "orderIdentifier"),
        assigned_user_principal_name=body.text_field(content, "assignedUserPrincipalName"),
        import_id=body.text_field(content, "importId"),
    )


def _bare(shown: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in shown.items() if name != "@odata.context"}


_READ, _WRITE = scopes.AUTOPILOT_READ, scopes.AUTOPILOT_WRITE
OPERATIONS: Final = [
    *reading(_PATH, IMPORTS, _READ),
    Operation("POST", _PATH, _create, _WRITE),
    Operation("POST", f"{_PATH}/import", _create_many, _WRITE),
    Operation("DELETE", f"{_PATH}/{{id}}", _delete, _WRITE),
]
