"""Entra devices (02 section 6.2)."""

from __future__ import annotations

from typing import Any, Final

from taxiway import directory
from taxiway.graph.errors import NoSuchItem
from taxiway.graph.protocol import body, scopes
from taxiway.graph.protocol.call import Answer, Call, Operation
from taxiway.graph.protocol.face import Face
from taxiway.graph.protocol.filter_tree import NEVER
from taxiway.graph.protocol.lists import item_answer, list_answer, reading, value_answer
from taxiway.graph.resources.objects import OBJECTS, member_of, object_json, objects_expansion, owner
from taxiway.store import And, Compare, Holds, Row, Tx, Where, eq

_ZTDID: Final = "[ztdid]"
_BETA: Final = frozenset(
    {
        "alternative_names",
        "domain_name",
        "hostnames",
        "kind",
        "name",
        "platform",
        "status",
        "device_template",
        "cloud_licensing",
        "extension_attributes",
    }
)


def _physical_ids(operator: str, value: Any) -> Where:
    """``physicalIds/any(p:...)``: the registration has a column of its own, others are sought in the list."""
    text = str(value or "").lower()
    if operator == "any" or (operator in ("startswith", "contains") and _ZTDID.startswith(text.rstrip(":"))):
        return Compare("ztdid", "ne", None)
    if operator in ("eq", "contains", "startswith") and text.startswith(f"{_ZTDID}:"):
        wanted = text.removeprefix(f"{_ZTDID}:")
        return Compare("ztdid", "startswith" if operator == "startswith" else "eq", wanted)
    if operator in ("eq", "contains", "startswith") and text:
        return Holds("physical_ids", (str(value),), operator)  # type: ignore[arg-type]  # checked here
    return NEVER


DEVICES: Final = Face(
    path="devices",
    repository=directory.DEVICES,
    family="directory",
    hidden=frozenset({"owner_id", "ztdid", "registered_user_ids", "transport_key", "registration_auth_methods"})
    | {"on_premises_sam_account_name"},
    beta=_BETA,
    on_select=frozenset({"created_at"}),
    written=frozenset(
        {
            "account_enabled",
            "display_name",
            "operating_system",
            "operating_system_version",
            "is_compliant",
            "is_managed",
            "extension_attributes",
            "device_category",
            "profile_type",
        }
    ),
    lambdas={"physicalids": _physical_ids},
    expansions=(
        objects_expansion("registeredOwners", owner),
        objects_expansion("registeredUsers", owner),
        *member_of("device"),
    ),
)
OBJECTS["device"] = DEVICES


def _by_device_id(tx: Tx, device_id: str) -> Row | None:
    return directory.find_device(tx, device_id=device_id)


async def _get_by_device_id(call: Call) -> Answer:
    return await item_answer(call, DEVICES, call.keys["deviceId"], find=_by_device_id)


async def _update(call: Call) -> Answer:
    changes = body.incoming(DEVICES, call.json)
    await call.write(
        lambda tx: directory.update_device(tx, call.keys["id"], changes, principal=call.principal),
    )
    return Answer(204)


async def _delete(call: Call) -> Answer:
    await call.write(lambda tx: directory.delete_device(tx, call.keys["id"], principal=call.principal))
    return Answer(204)


async def _owners(call: Call) -> Answer:
    """Registered owners and registered users: the person who joined the device."""

    def read(tx: Tx) -> list[dict[str, Any]]:
        device = directory.find_device(tx, id=call.keys["id"])
        if device is None:
            raise NoSuchItem(call.keys["id"])
        return [object_json(tx, kind, object_id, version=call.version) for kind, object_id in owner(tx, device)]

    return value_answer(call, "directoryObjects", await call.read(read))


async def _owned(call: Call) -> Answer:
    """The devices a user joined or registered."""

    def narrow(tx: Tx, call: Call) -> Where:
        user = directory.find_user(tx, call.keys["id"])
        if user is None:
            raise NoSuchItem(call.keys["id"])
        return And((eq("owner_id", user["id"]), Compare("registered_at", "ne", None)))

    context = f"{call.root}/$metadata#directoryObjects"
    return await list_answer(call, DEVICES, narrow=narrow, context=context, typed=True)


OPERATIONS: Final = [
    *reading("devices", DEVICES, scopes.DEVICES_READ),
    Operation("GET", "devices/{=deviceId}", _get_by_device_id, scopes.DEVICES_READ, "directory"),
    Operation("PATCH", "devices/{id}", _update, scopes.DEVICES_WRITE, "directory"),
    Operation("DELETE", "devices/{id}", _delete, scopes.DEVICES_WRITE, "directory"),
    Operation("GET", "devices/{id}/registeredOwners", _owners, scopes.DEVICES_READ, "directory"),
    Operation("GET", "devices/{id}/registeredUsers", _owners, scopes.DEVICES_READ, "directory"),
    Operation("GET", "users/{id}/ownedDevices", _owned, scopes.DEVICES_READ, "directory"),
    Operation("GET", "users/{id}/registeredDevices", _owned, scopes.DEVICES_READ, "directory"),
]
