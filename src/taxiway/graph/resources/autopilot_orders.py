"""What Graph does not have for registered devices and this service does: addresses that begin with ``taxiway``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from taxiway import autopilot
from taxiway.graph.protocol import scopes
from taxiway.graph.protocol.call import Answer, Call, Operation
from taxiway.graph.protocol.caller import check_scopes
from taxiway.graph.protocol.lists import item_body
from taxiway.graph.protocol.render import moment
from taxiway.graph.resources.autopilot_devices import DEVICES, PATH
from taxiway.graph.resources.references import require_item
from taxiway.kernel import Reason
from taxiway.store import Tx


async def _hardware_change(call: Call) -> Answer:
    """The hardware that the device reports instead of the registered, fact by fact (01 section 4.7)."""

    def read(tx: Tx) -> Any:
        require_item(tx, call, autopilot.DEVICES)
        change = autopilot.hardware_change(tx, call.keys["id"])
        return _shown(change or {"status": "", "text": "The device has not reported any other hardware."})

    return Answer(200, await call.read(read))


async def _rebind(call: Call) -> Answer:
    """Take the reported hardware for the registered device's (P-22)."""

    def write(tx: Tx) -> dict[str, Any]:
        require_item(tx, call, autopilot.DEVICES)
        return item_body(tx, call, DEVICES, autopilot.rebind(tx, call.keys["id"], principal=call.principal))

    return Answer(200, await call.write(write))


async def _removal(call: Call) -> Answer:
    """What removing the device from the tenant would do, and what stands in the way."""

    def read(tx: Tx) -> Any:
        require_item(tx, call, autopilot.DEVICES)
        return _planned(autopilot.removal(tx, call.keys["id"], principal=call.principal))

    return Answer(200, await call.read(read))


async def _remove(call: Call) -> Answer:
    """Remove managed device, user assignment, registration and device object at once (P-20).

    The token carries the permission for each of the documented steps.
    """
    for needed in (scopes.MANAGED_WRITE, scopes.DEVICES_WRITE):
        check_scopes(call.principal, needed)

    def write(tx: Tx) -> Any:
        require_item(tx, call, autopilot.DEVICES)
        return _planned(autopilot.remove(tx, call.keys["id"], principal=call.principal))

    return Answer(200, await call.write(write))


def _planned(removal: autopilot.Removal) -> dict[str, Any]:
    goes = [{"what": what, "id": key, "text": text} for what, key, text in removal.goes]
    return {"goes": goes, "obstacles": [reason.text for reason in removal.obstacles]}


def _shown(value: Any) -> Any:
    """As JSON with Graph's spelling; a reason is its sentence."""
    match value:
        case Mapping():
            return {_spelled(name): _shown(inner) for name, inner in value.items()}
        case Reason():
            return value.text
        case datetime():
            return moment(value)
        case Sequence() if not isinstance(value, str):
            return [_shown(each) for each in value]
    return value


def _spelled(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _posted(action: str, handler: Callable[[Call], Any]) -> Operation:
    return Operation("POST", f"{PATH}/{{id}}/{action}", handler, scopes.AUTOPILOT_WRITE)


OPERATIONS: Final = [
    Operation("GET", f"{PATH}/{{id}}/taxiwayHardwareChange", _hardware_change, scopes.AUTOPILOT_READ),
    _posted("taxiwayRebind", _rebind),
    Operation("GET", f"{PATH}/{{id}}/taxiwayRemoval", _removal, scopes.AUTOPILOT_READ),
    _posted("taxiwayRemove", _remove),
]
