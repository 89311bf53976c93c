"""``importedDeviceIdentities``: corporate device identifiers; and what else a tenant may know of devices (02 3.5)."""

from __future__ import annotations

from typing import Any, Final

from taxiway import enrollment
from taxiway.graph.protocol import body, scopes
from taxiway.graph.protocol.call import Answer, Call, Operation
from taxiway.graph.protocol.face import Face
from taxiway.graph.protocol.lists import created, item_body, reading, value_answer
from taxiway.graph.protocol.options import EVERYTHING
from taxiway.graph.protocol.render import render
from taxiway.graph.protocol.writing import writing
from taxiway.store import Row, Tx

_PATH: Final = "deviceManagement/importedDeviceIdentities"
_TYPE: Final = "importedDeviceIdentity"
_MOST: Final = 5_000
_NAMED: Final = frozenset({"imported_device_identifier", "imported_device_identity_type"})
IDENTIFIERS: Final = Face(
    path=_PATH,
    repository=enrollment.IDENTIFIERS,
    family="intune",
    hidden=frozenset({"key"}),
    never=frozenset({"last_contacted_at"}),
    written=_NAMED | {"description", "platform"},
    search=("imported_device_identifier",),
)


def _rows(call: Call) -> list[dict[str, Any]]:
    found = body.objects_field(call.json, "importedDeviceIdentities", most=_MOST)
    return [body.incoming(IDENTIFIERS, one) for one in found]


def _shown(tx: Tx, call: Call, rows: list[Row]) -> list[dict[str, Any]]:
    return render(tx, IDENTIFIERS, rows, EVERYTHING, version=call.version, root=call.root)


async def _import(call: Call) -> Answer:
    """Each with whether it was taken: one that was known stays as it is unless it is to be overwritten."""
    overwrite = body.flag_field(call.json, "overwriteImportedDeviceIdentities")
    found = await enrollment.import_identifiers(
        call.rt,
        call.tenant,
        _rows(call),
        overwrite=overwrite,
        principal=call.principal,
        correlation=call.correlation,
    )
    shown = await call.read(lambda tx: _shown(tx, call, [row for row, _ in found]))
    results = [{**one, "status": taken} for one, (_, taken) in zip(shown, found, strict=True)]
    return value_answer(call, f"Collection(microsoft.graph.{_TYPE}Result)", results)


async def _search(call: Call) -> Answer:
    rows = _rows(call)
    found = await call.read(lambda tx: _shown(tx, call, enrollment.search_identifiers(tx, rows)))
    return value_answer(call, f"Collection(microsoft.graph.{_TYPE})", found)


async def _create(call: Call) -> Answer:
    """A list of one; what was known is shown as it is."""
    [(row, _)] = await enrollment.import_identifiers(
        call.rt,
        call.tenant,
        [body.incoming(IDENTIFIERS, call.json)],
        overwrite=False,
        principal=call.principal,
        correlation=call.correlation,
    )
    return created(call, IDENTIFIERS, await call.read(lambda tx: item_body(tx, call, IDENTIFIERS, row)))


async def _associated(call: Call) -> Answer:
    """Devices that were associated with a tenant before their first contact: there are none here."""
    return Answer(200, {**value_answer(call, "deviceManagement/tenantAssociatedDevices", []).body, "@odata.count": 0})


_READ, _WRITE = scopes.AUTOPILOT_READ, scopes.AUTOPILOT_WRITE
OPERATIONS: Final = [
    *reading(_PATH, IDENTIFIERS, _READ, beta=True),
    Operation("POST", _PATH, _create, _WRITE, beta=True),
    *writing(
        IDENTIFIERS,
        _WRITE,
        update=enrollment.update_identifier,
        delete=enrollment.delete_identifier,
        values=lambda call: body.incoming(IDENTIFIERS, call.json, names=frozenset({"description", "platform"})),
        beta=True,
    ),
    Operation("POST", f"{_PATH}/importDeviceIdentityList", _import, _WRITE, beta=True),
    Operation("POST", f"{_PATH}/searchExistingIdentities", _search, _READ, beta=True),
    Operation("GET", "deviceManagement/tenantAssociatedDevices", _associated, _READ, beta=True),
]
