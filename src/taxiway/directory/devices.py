"""Entra device objects: anchors of registered hardware, joined and registered devices.

(02 section 6.2; 03 section 8.6)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from taxiway.directory import access, changes, extension_attributes
from taxiway.directory.access import SYSTEM_PRINCIPAL, Principal
from taxiway.directory.entities import DEVICES
from taxiway.directory.errors import AnchorInUse, Invalid
from taxiway.store import NotFound, Row, Tx, both, eq, one_of
from taxiway.store.query import Compare

#: Trust types whose devices count against their owner's quota: joined and registered, not hybrid (03 section 8.10).
COUNTED_TRUST = ("AzureAd", "Workplace")
TRUST_TYPES = frozenset({"AzureAd", "Workplace", "ServerAd"})

#: The entries that the Autopilot registration keeps among the physical ids (07 section 11).
_TAGS = ("[ZTDID]:", "[OrderID]:", "[PurchaseOrderId]:")
_EXTENSIONS = "extension_attributes"
_SIGN_IN_GRAIN = timedelta(hours=1)


def tagged_ids(ztdid: str, group_tag: str | None = None, purchase_order_id: str | None = None) -> list[str]:
    """The physical ids of a registration; tag and order only when set (07 section 11)."""
    values = (ztdid, group_tag, purchase_order_id)
    return [tag + value for tag, value in zip(_TAGS, values, strict=True) if value]


def retag(device: Row, entries: Sequence[str]) -> list[str]:
    """The device's physical ids with the registration's entries replaced by ``entries``."""
    kept = [entry for entry in device["physical_ids"] if not entry.startswith(_TAGS)]
    return [*entries, *kept]


@dataclass(frozen=True, slots=True)
class Anchor:
    """What stands for registered hardware before its first boot."""

    ztdid: str
    physical_ids: Sequence[str]
    display_name: str


def create_anchor(tx: Tx, *, ztdid: str, physical_ids: Sequence[str], display_name: str) -> Row:
    """The object that stands for registered hardware before its first boot; it reserves the device id. Repeatable."""
    found = DEVICES.find(tx, eq("ztdid", ztdid))
    return found or create_anchors(tx, [Anchor(ztdid, physical_ids, display_name)])[0]


def create_anchors(tx: Tx, anchors: Sequence[Anchor]) -> list[Row]:
    """The same for hardware that nobody registered before, many at once."""
    devices = DEVICES.insert_all(tx, [_anchored(tx, anchor) for anchor in anchors])
    for device in devices:
        what = {"device": device["id"], "name": device["display_name"]}
        tx.log("device.anchored", subject=f"autopilot:{device['ztdid']}", what=what)
    changes.devices_created(tx, devices)
    return devices


def make_anchor(tx: Tx, object_id: str, *, ztdid: str, entries: Sequence[str]) -> Row:
    """An object that is there already stands for registered hardware from now on."""
    device = update_device(
        tx, object_id, {"ztdid": ztdid, "physical_ids": retag(DEVICES.require(tx, object_id), entries)}
    )
    tx.log("device.anchored", subject=f"autopilot:{ztdid}", what={"device": object_id, "name": device["display_name"]})
    return device


def release_anchor(tx: Tx, ztdid: str) -> Row | None:
    """The registration is gone: its entries go, and the object too when the hardware never joined (01 R-54)."""
    device = DEVICES.find(tx, eq("ztdid", ztdid))
    if device is None:
        return None
    if device["registered_at"] is None:
        delete_device(tx, device["id"], principal=SYSTEM_PRINCIPAL, force=True)
        return None
    return update_device(tx, device["id"], {"ztdid": None, "physical_ids": retag(device, ())})


def join_device(  # noqa: PLR0913 - the members of a join request (03 section 8.3)
    tx: Tx,
    *,
    display_name: str,
    os: str,
    os_version: str,
    trust_type: str,
    device_id: str | None = None,
    new_device_id: str | None = None,
    owner_id: str | None = None,
    transport_key: str | None = None,
    **more: Any,
) -> Row:
    """Join or register: the object with ``device_id`` (an anchor, a reused device) becomes it, else a new one.

    ``new_device_id``: the id for a new object, when its certificate was signed before the transaction.
    """
    if trust_type not in TRUST_TYPES:
        raise Invalid(f"There is no trust type '{trust_type}'.")
    before = None if device_id is None else find_device(tx, device_id=device_id)
    if device_id is not None and before is None:
        raise NotFound("The device object that was reserved for this hardware is gone.")
    facts: dict[str, Any] = {
        "display_name": display_name,
        "operating_system": os,
        "operating_system_version": os_version,
        "trust_type": trust_type,
        "owner_id": owner_id,
        "registered_user_ids": [owner_id] if owner_id else [],
        "transport_key": transport_key,
        "account_enabled": True,
        "registered_at": tx.now,
        "approximate_last_sign_in_at": tx.now,
        "physical_ids": _joined_ids(tx, before, owner_id),
        **more,
    }
    if before is None:
        device = DEVICES.insert(tx, {"device_id": new_device_id or tx.entropy.uuid(), "created_at": tx.now, **facts})
    else:
        device = DEVICES.update(tx, before["id"], facts)
    subject = f"autopilot:{device['ztdid']}" if device["ztdid"] else f"device:{device['id']}"
    what = {"device": device["id"], "device_id": device["device_id"], "name": display_name, "trust_type": trust_type}
    tx.log("device.joined", subject=subject, what={**what, "owner": owner_id, "anchor": before is not None})
    changes.device_changed(tx, device, set(device) if before is None else facts.keys())
    return device


def find_device(tx: Tx, *, device_id: str | None = None, id: str | None = None) -> Row | None:  # noqa: A002 - Graph's name
    """The device with this device id (of its certificate) or this object id."""
    if id is not None:
        return DEVICES.get(tx, id)
    return None if device_id is None else DEVICES.find(tx, eq("device_id", device_id.lower()))


def update_device(
    tx: Tx, device_id: str, changed: Mapping[str, Any], *, principal: Principal = SYSTEM_PRINCIPAL
) -> Row:
    """Change properties of the object with this object id; what did not really change is not announced."""
    access.require(tx, principal, "devices.update", ("device", device_id))
    before = DEVICES.require(tx, device_id)
    if _EXTENSIONS in changed:
        changed = {**changed, _EXTENSIONS: extension_attributes.merged(before[_EXTENSIONS], changed[_EXTENSIONS])}
    differing = {name: value for name, value in changed.items() if before.get(name) != value}
    if not differing:
        return before
    device = DEVICES.update(tx, device_id, differing)
    subject = f"autopilot:{device['ztdid']}" if device["ztdid"] else f"device:{device_id}"
    tx.log("device.changed", subject=subject, what={"device": device_id, **changes.difference(before, differing)})
    changes.device_changed(tx, device, differing.keys())
    return device


def seen(tx: Tx, device: Row) -> None:
    """Keep the time of a sign-in of the device, at most once an hour (03 section 8.6)."""
    last = device["approximate_last_sign_in_at"]
    if last is None or tx.now - last >= _SIGN_IN_GRAIN:
        DEVICES.update(tx, device["id"], {"approximate_last_sign_in_at": tx.now})


def delete_device(tx: Tx, device_id: str, *, principal: Principal, force: bool = False) -> None:
    """Remove the object; refused while it is the anchor of a registration, unless Autopilot itself says ``force``."""
    access.require(tx, principal, "devices.delete", ("device", device_id))
    device = DEVICES.require(tx, device_id)
    if device["ztdid"] and not force:
        raise AnchorInUse(
            "This device is registered with Windows Autopilot and cannot be deleted here.",
            remedy="Delete its Autopilot registration first.",
        )
    DEVICES.delete(tx, device_id)
    tx.log("device.deleted", subject=f"device:{device_id}", what={"name": device["display_name"]})
    changes.device_deleted(tx, device)


def owned_devices(tx: Tx, user_id: str) -> list[Row]:
    """The joined and registered devices of a user: what the quota counts, never a mere anchor (01 R-17)."""
    return DEVICES.select(
        tx,
        both(eq("owner_id", user_id), one_of("trust_type", COUNTED_TRUST), Compare("registered_at", "ne", None)),
    )


def _anchored(tx: Tx, anchor: Anchor) -> dict[str, Any]:
    return {
        "device_id": tx.entropy.uuid(),
        "display_name": anchor.display_name,
        "operating_system": "Windows",
        "trust_type": "AzureAd",
        "created_at": tx.now,
        "ztdid": anchor.ztdid,
        "physical_ids": list(anchor.physical_ids),
    }


def _joined_ids(tx: Tx, before: Row | None, owner_id: str | None) -> list[str]:
    """Physical ids after a join: what was there, and the ids of this hardware and this user (07 section 11)."""
    ids = list(before["physical_ids"]) if before else []
    if not any(entry.startswith("[HWID]:") for entry in ids):
        ids += [f"[HWID]:h:{_digits(tx)}", f"[GID]:g:{_digits(tx)}"]
    if owner_id and not any(entry.startswith(f"[USER-HWID]:{owner_id}:") for entry in ids):
        ids += [f"[USER-HWID]:{owner_id}:{_digits(tx)}", f"[USER-GID]:{owner_id}:{_digits(tx)}"]
    return ids


def _digits(tx: Tx) -> str:
    return f"{tx.entropy.below(10**16):016d}"
