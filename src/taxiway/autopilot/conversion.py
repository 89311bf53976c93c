"""Convert all targeted devices: enrolled corporate devices become registered ones (01 section 7.1, R-41).

The device is asked for its hardware hash in its next session; its object in the directory becomes the anchor, so there
is no second one. Turning the switch off takes nothing back.
"""

from __future__ import annotations

from typing import Final

from taxiway import directory
from taxiway.autopilot import choice, hardware, projection
from taxiway.autopilot.entities import DEVICES, HARDWARE, NOT_ASSIGNED, PROFILES
from taxiway.kernel import Decision, Reason
from taxiway.store import Row, Tx, one_of, router
from taxiway.store.router import ClaimedElsewhere
from taxiway.wire.hardware_hash import HardwareHash

_TAG: Final = "[OrderID]:"


def to_be_converted(tx: Tx, device: Row | None, *, corporate: bool) -> Decision[bool]:
    """Whether an enrolled device is to be asked for its hardware hash and registered."""
    if device is None or device["ztdid"]:
        return Decision(value=False, reasons=(Reason("conversion.registered", "There is nothing to register."),))
    if not corporate:
        text = "The device is personally owned: it is never registered by itself."
        return Decision(value=False, reasons=(Reason("conversion.personal", text),))
    meant = directory.meant(tx, choice.OBJECT_KIND, device=device, user=None)
    profiles = PROFILES.select(tx, one_of("id", sorted({match.object_id for match in meant}))) if meant else []
    asking = next((row for row in profiles if row["hardware_hash_extraction_enabled"]), None)
    if asking is None:
        text = "No deployment profile that converts its targeted devices is assigned to this one."
        return Decision(value=False, reasons=(Reason("conversion.not_asked", text),))
    text = f"The profile '{asking['display_name']}' converts all targeted devices to Autopilot."
    return Decision(value=True, reasons=(Reason("conversion.asked", text, {"profile": asking["id"]}),))


def convert(tx: Tx, device: Row, managed: Row, told: HardwareHash) -> Decision[str | None]:
    """Register an enrolled device by the hash it gave; its new ZTDID, or why not."""
    asked = to_be_converted(tx, device, corporate=True)
    facts = hardware.facts_of(told)
    against = _against(tx, asked, hardware.holder(tx, facts), strong=bool(hardware.strong(facts)))
    if against is not None:
        return Decision(None, (against,))
    try:
        router.claim_all(tx, "hardware", sorted(hardware.claims(facts)))
    except ClaimedElsewhere:
        return Decision(None, (Reason("conversion.elsewhere", "The device is registered in a different tenant."),))
    ztdid = tx.entropy.uuid()
    tag = next((entry.removeprefix(_TAG) for entry in device["physical_ids"] if entry.startswith(_TAG)), "")
    anchor = directory.make_anchor(tx, device["id"], ztdid=ztdid, entries=directory.tagged_ids(ztdid, tag))
    decision = choice.decide(tx, anchor["id"])
    HARDWARE.insert(tx, hardware.kept(ztdid, facts, {}))
    record = DEVICES.insert(
        tx,
        {
            "id": ztdid,
            **hardware.described(told),
            "group_tag": tag,
            "azure_active_directory_device_id": anchor["device_id"],
            "azure_ad_device_id": anchor["device_id"],
            "device_object_id": anchor["id"],
            "managed_device_id": managed["id"],
            "enrollment_state": "enrolled",
            "enrolled_at": managed["enrolled_at"],
            "registered_at": tx.now,
            **projection.assigned_values(tx, decision),
        },
    )
    what = {"serial": record["serial_number"], "model": record["model"], "device": anchor["id"], "converted": True}
    tx.log("autopilot.registered", subject=f"autopilot:{ztdid}", what=what, why=asked.reasons)
    if decision.value is not None:
        projection.log_assigned(tx, ztdid, decision, before=NOT_ASSIGNED)
    return Decision(ztdid, asked.reasons)


def _against(tx: Tx, asked: Decision[bool], holder: str | None, *, strong: bool) -> Reason | None:
    if not asked.value:
        return asked.reasons[0]
    if not strong:
        text = "The hash names neither a TPM key, nor a board, nor a serial number of its own."
        return Reason("conversion.anonymous", text)
    if holder is not None:
        serial = DEVICES.require(tx, holder)["serial_number"]
        text = f"This hardware is registered already, with another device object (serial number {serial})."
        return Reason("conversion.registered_apart", text, {"registration": holder})
    return None
