"""``@odata.id`` and ``@odata.bind``: objects named by an address (02 section 1.3)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

from taxiway.directory import DEVICES, GROUPS, USERS, sees
from taxiway.enrollment import MANAGED, managed_device
from taxiway.graph.errors import BadRequest, NoSuchItem
from taxiway.graph.protocol import body
from taxiway.graph.protocol.call import Call
from taxiway.store import Repository, Row, Tx, eq

ObjectKind = Literal["user", "device", "group"]

_guid = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_SETS: Final[tuple[tuple[ObjectKind, Repository], ...]] = (("user", USERS), ("group", GROUPS), ("device", DEVICES))


def reference(content: Mapping[str, Any]) -> str:
    """The id of the one object that a ``$ref`` body names: the last GUID of its address."""
    return last_guid(body.text_field(content, "@odata.id"))


def references(content: Mapping[str, Any], name: str, *, most: int = 20) -> list[str]:
    """The ids behind ``name@odata.bind``."""
    return [last_guid(item) for item in body.list_field(content, f"{name}@odata.bind", most=most)]


def last_guid(address: Any) -> str:
    """Host, version and entity set are ignored, as clients differ in them."""
    found = _guid.findall(address) if isinstance(address, str) else []
    if not found:
        raise BadRequest("Invalid URL format specified in payload: '@odata.id' must name an object.")
    return str(found[-1]).lower()


def find_object(tx: Tx, object_id: str) -> tuple[ObjectKind, Row] | None:
    """A directory object of any type, and its type."""
    for kind, rows in _SETS:
        row = rows.get(tx, object_id)
        if row is not None:
            return kind, row
    return None


def require_object(tx: Tx, object_id: str) -> tuple[ObjectKind, Row]:
    """The object, or 404."""
    found = find_object(tx, object_id)
    if found is None:
        raise NoSuchItem(object_id)
    return found


def by_app_id(rows: Repository) -> Callable[[Tx, str], Row | None]:
    """How applications and service principals are found by their alternate key."""
    return lambda tx, app_id: rows.find(tx, eq("app_id", app_id.lower()))


def require_item(tx: Tx, call: Call, rows: Repository) -> Row:
    """The object that the address names by its id or by its ``appId``, or 404."""
    app_id = call.keys.get("appId")
    row = by_app_id(rows)(tx, app_id) if app_id is not None else rows.get(tx, call.keys["id"].lower())
    if row is None:
        raise NoSuchItem(app_id if app_id is not None else call.keys["id"])
    return row


def require_managed(tx: Tx, call: Call, device_id: str = "") -> Row:
    """The managed device with this id, or with that of the address, if the caller may see it; else 404."""
    device_id = device_id or call.keys["id"]
    row = managed_device(tx, device_id)
    if row is None or not sees(tx, call.principal, MANAGED.entity, row):
        raise NoSuchItem(device_id)
    return row
