"""The directory object that stands for a registration: made again where it is gone (P-20)."""

from __future__ import annotations

from taxiway import directory
from taxiway.autopilot import choice, projection
from taxiway.autopilot.entities import DEVICES
from taxiway.kernel import Reason
from taxiway.store import Row, Tx


def healed(tx: Tx, record: Row) -> Row:
    """The registration, with an anchor: an object of its own again where data of old or a restored copy lost it."""
    if choice.anchor_of(tx, record) is not None:
        return record
    tags = directory.tagged_ids(record["id"], record["group_tag"], record["purchase_order_identifier"])
    name = record["display_name"] or record["serial_number"]
    device = directory.create_anchor(tx, ztdid=record["id"], physical_ids=tags, display_name=name)
    made = DEVICES.update(
        tx,
        record["id"],
        {
            "device_object_id": device["id"],
            "azure_active_directory_device_id": device["device_id"],
            "azure_ad_device_id": device["device_id"],
        },
    )
    text = "The device object of this registration was gone: it has a new one, in the groups that its tags lead to."
    what = {"serial": record["serial_number"], "device": device["id"], "former_device": record["device_object_id"]}
    tx.log("autopilot.anchor_healed", subject=f"autopilot:{record['id']}", what=what, why=[Reason("anchor.gone", text)])
    projection.settle(tx, made, choice.decide(tx, device["id"]))
    return DEVICES.require(tx, record["id"])
