"""Device categories, and which of them a managed device is in (02 section 7)."""

from __future__ import annotations

from typing import Any, Final

from taxiway import enrollment
from taxiway.graph.errors import NoSuchItem
from taxiway.graph.protocol import scopes
from taxiway.graph.protocol.call import Answer, Call, Operation
from taxiway.graph.protocol.face import Face
from taxiway.graph.protocol.lists import item_body, reading
from taxiway.graph.protocol.writing import writing
from taxiway.graph.resources.references import reference, require_managed
from taxiway.store import Tx

_PATH: Final = "deviceManagement/deviceCategories"
_OF_DEVICE: Final = "deviceManagement/managedDevices/{id}/deviceCategory"
CATEGORIES: Final = Face(
    path=_PATH,
    repository=enrollment.DEVICE_CATEGORIES,
    family="intune",
    beta=frozenset({"role_scope_tag_ids"}),
    written=frozenset({"display_name", "description", "role_scope_tag_ids"}),
)


async def _of_device(call: Call) -> Answer:
    def read(tx: Tx) -> dict[str, Any]:
        category = enrollment.category_of(tx, require_managed(tx, call))
        if category is None:
            raise NoSuchItem(call.keys["id"])
        return item_body(tx, call, CATEGORIES, category)

    return Answer(200, await call.read(read))


async def _sort(call: Call) -> Answer:
    category_id = reference(call.json)

    def write(tx: Tx) -> None:
        enrollment.sort_device(tx, require_managed(tx, call)["id"], category_id, principal=call.principal)

    await call.write(write)
    return Answer(204)


async def _take_out(call: Call) -> Answer:
    await call.write(
        lambda tx: enrollment.sort_device(tx, require_managed(tx, call)["id"], None, principal=call.principal)
    )
    return Answer(204)


_READ, _WRITE = scopes.ENROLLMENT_READ | scopes.MANAGED_READ, scopes.ENROLLMENT_WRITE | scopes.MANAGED_WRITE
OPERATIONS: Final = [
    *reading(_PATH, CATEGORIES, _READ),
    *writing(
        CATEGORIES,
        _WRITE,
        create=enrollment.create_device_category,
        update=enrollment.update_device_category,
        delete=enrollment.delete_device_category,
    ),
    Operation("GET", _OF_DEVICE, _of_device, scopes.MANAGED_READ),
    Operation("PUT", f"{_OF_DEVICE}/$ref", _sort, scopes.MANAGED_WRITE),
    Operation("POST", f"{_OF_DEVICE}/$ref", _sort, scopes.MANAGED_WRITE),
    Operation("DELETE", f"{_OF_DEVICE}/$ref", _take_out, scopes.MANAGED_WRITE),
]
