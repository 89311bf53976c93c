"""A registered PC with another board: reported by the enrolled device, bound again, or left to a person (06 1.10).

The device says so in a session (its certificate proves which device it is): "Fix pending". At its next check-in its
hardware hash is read and decided on: enough of it is as registered and the registration moves to the new hardware, or
"Attention required", and an administrator who sees what matches and what differs may bind it all the same.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from taxiway import directory
from taxiway.autopilot import hardware
from taxiway.autopilot.entities import ATTENTION, DEVICES, FIX_PENDING, HARDWARE, NO_REMEDIATION
from taxiway.autopilot.errors import HardwareHeld, NothingToBind
from taxiway.directory import Principal
from taxiway.kernel import Decision, Reason
from taxiway.store import Row, Tx, router
from taxiway.store.router import ClaimedElsewhere
from taxiway.wire.hardware_hash import HardwareHash
from taxiway.wire.ztd import FactDigests

#: What is enough beside the certificate of the session: serial number, maker and model, and one fact more.
ENOUGH: Final = 50
#: What the portal calls the states, and what it says of the first (01 section 4.7).
STATUS: Final = {NO_REMEDIATION: "", FIX_PENDING: "Fix pending", ATTENTION: "Attention required"}
FIX_PENDING_TEXT: Final = (
    "We've detected a hardware change on this device. We're trying to automatically register the new hardware. You "
    "don't need to do anything now; the status will be updated at the next check in with the result."
)
_ELSEWHERE: Final = Reason("hardware.other_tenant", "The reported hardware is registered in a different tenant.")


def is_pending(tx: Tx, ztdid: str) -> bool:
    """Whether the next check-in is to tell the hardware: after a change, or where only a product key is on record."""
    record = DEVICES.get(tx, ztdid)
    return record is not None and (record["remediation_state"] == FIX_PENDING or not record["manufacturer"])


def report_unchanged(tx: Tx, ztdid: str) -> None:
    """The device says that its hardware is that of its enrollment: what was amiss before is looked at again."""
    record = DEVICES.get(tx, ztdid)
    if record is not None and record["remediation_state"] == ATTENTION:
        text = (
            "The device has the hardware of its enrollment again; its next check-in tells whether it is as registered."
        )
        _mark(tx, record, FIX_PENDING, (Reason("hardware.unchanged", text),))


def report(tx: Tx, ztdid: str, current: HardwareHash) -> None:
    """The device says that its hardware is this now: fix pending, unless it is known already."""
    record, known, seen = DEVICES.get(tx, ztdid), hardware.facts_kept(tx, ztdid), hardware.facts_of(current)
    if record is None or known is None or hardware.compare(known, seen).same:
        return
    told = HARDWARE.require(tx, ztdid)["replacement"]
    if record["remediation_state"] != NO_REMEDIATION and told is not None and _facts(told) == seen:
        return
    HARDWARE.update(tx, ztdid, {"replacement": _proposed(current, seen)})
    _mark(tx, record, FIX_PENDING, (Reason("hardware.fix_pending", FIX_PENDING_TEXT), *_weighed(known, seen)[1]))


def confirm(tx: Tx, ztdid: str, current: HardwareHash) -> None:
    """The hash as read at the check-in after the report: bind it, or say what a person has to look at."""
    record, known, seen = DEVICES.get(tx, ztdid), hardware.facts_kept(tx, ztdid), hardware.facts_of(current)
    if record is None or known is None:
        return
    if not record["manufacturer"]:
        DEVICES.update(tx, ztdid, hardware.described(current))
    if record["remediation_state"] != FIX_PENDING:
        return
    if hardware.compare(known, seen).same:
        HARDWARE.update(tx, ztdid, {"replacement": None})
        text = "The hardware is as it was registered again."
        _mark(tx, record, NO_REMEDIATION, (Reason("hardware.as_registered", text),))
        return
    decision = _enough(tx, ztdid, known, seen)
    HARDWARE.update(tx, ztdid, {"replacement": _proposed(current, seen)})
    if not decision.value:
        _mark(tx, record, ATTENTION, decision.reasons)
        return
    try:
        _bind(tx, record, decision.reasons, by="the service")
    except HardwareHeld as error:  # another tenant was faster
        _mark(tx, record, ATTENTION, error.reasons)


def change_of(tx: Tx, ztdid: str) -> dict[str, Any] | None:
    """The change that is open on a registered device, as shown to people; None when there is none."""
    record, row = DEVICES.require(tx, ztdid), HARDWARE.get(tx, ztdid)
    if row is None or row["replacement"] is None or record["remediation_state"] == NO_REMEDIATION:
        return None
    known, seen = hardware.facts_kept(tx, ztdid) or FactDigests(), _facts(row["replacement"])
    state = record["remediation_state"]
    names = ("serial_number", "manufacturer", "model")
    return {
        "status": STATUS[state],
        "text": FIX_PENDING_TEXT if state == FIX_PENDING else "",
        "since": record["remediation_state_last_modified_at"],
        "registered": {name: record[name] for name in names},
        "reported": {name: row["replacement"]["described"][name] for name in names},
        "score": hardware.compare(known, seen).score,
        "enough": ENOUGH,
        "facts": [
            {"name": fact.name, "weight": fact.weight, "same": fact.same} for fact in hardware.weigh(known, seen)
        ],
        "reasons": _enough(tx, ztdid, known, seen).reasons,
    }


def rebind(tx: Tx, ztdid: str, *, principal: Principal) -> Row:
    """An administrator takes the reported hardware for the registered device's, whatever the score (P-22)."""
    directory.require(tx, principal, "autopilot.devices.write")
    record, row = DEVICES.require(tx, ztdid), HARDWARE.get(tx, ztdid)
    if row is None or row["replacement"] is None:
        raise NothingToBind(
            "This device has not reported any other hardware.",
            remedy="A changed board is reported at a check-in of the enrolled device; otherwise register it anew.",
        )
    known, seen = hardware.facts_kept(tx, ztdid) or FactDigests(), _facts(row["replacement"])
    held = _held(tx, ztdid, seen)
    if held is not None:
        raise HardwareHeld("The reported hardware belongs to another registration.", reasons=[held])
    approved = Reason("hardware.approved", "An administrator bound the registration to the reported hardware.")
    return _bind(tx, record, (approved, *_weighed(known, seen)[1]), by="an administrator")


# ---------------------------------------------------------------------------------------------- inside


def _enough(tx: Tx, ztdid: str, known: FactDigests, seen: FactDigests) -> Decision[bool]:
    """Whether this is the same device with another board, without asking anybody."""
    held = _held(tx, ztdid, seen)
    if held is not None:
        return Decision(value=False, reasons=(held,))
    score, reasons = _weighed(known, seen)
    if known.serial and seen.serial and known.serial != seen.serial:
        text = "The serial number is another one: a person has to look at it."
        return Decision(value=False, reasons=(Reason("hardware.serial_differs", text), *reasons))
    verdict = f"{score} points are the same; {ENOUGH} are enough."
    return Decision(score >= ENOUGH, (Reason("hardware.score", verdict, {"score": score}), *reasons))


def _weighed(known: FactDigests, seen: FactDigests) -> tuple[int, tuple[Reason, ...]]:
    facts = [fact for fact in hardware.weigh(known, seen) if fact.same is not None]
    reasons = [
        Reason(f"hardware.{'same' if fact.same else 'differs'}", f"{fact.name}: {'same' if fact.same else 'differs'}.")
        for fact in facts
    ]
    return sum(fact.weight for fact in facts if fact.same), tuple(reasons)


def _held(tx: Tx, ztdid: str, seen: FactDigests) -> Reason | None:
    """Why this hardware cannot be had: another registration has it, here or in a tenant that is not named."""
    if not hardware.strong(seen):
        text = "The reported hardware names neither a TPM key, nor a board, nor a serial number of its own."
        return Reason("hardware.anonymous", text)
    if hardware.holder(tx, seen, but=ztdid) is not None:
        return Reason("hardware.registered", "The reported hardware is registered as another device of this tenant.")
    holders = router.holders(tx, "hardware", hardware.claims(seen))
    if any(tenant != tx.tenant for tenant in holders.values()):
        return _ELSEWHERE
    return None


def _bind(tx: Tx, record: Row, reasons: tuple[Reason, ...], *, by: str) -> Row:
    ztdid, replacement = record["id"], HARDWARE.require(tx, record["id"])["replacement"]
    try:
        hardware.move(tx, ztdid, _facts(replacement))
    except ClaimedElsewhere as error:
        raise HardwareHeld(_ELSEWHERE.text, reasons=[_ELSEWHERE]) from error
    HARDWARE.update(tx, ztdid, {"replacement": None})
    values = {**replacement["described"], "remediation_state": NO_REMEDIATION}
    bound = DEVICES.update(tx, ztdid, {**values, "remediation_state_last_modified_at": tx.now})
    what = {"serial": bound["serial_number"], "former_serial": record["serial_number"], "by": by}
    tx.log("autopilot.hardware_bound", subject=f"autopilot:{ztdid}", what=what, why=reasons)
    return bound


def _mark(tx: Tx, record: Row, state: str, reasons: tuple[Reason, ...]) -> None:
    DEVICES.update(tx, record["id"], {"remediation_state": state, "remediation_state_last_modified_at": tx.now})
    what = {"serial": record["serial_number"], "status": STATUS[state] or "Assigned", "state": state}
    tx.log("autopilot.hardware_changed", subject=f"autopilot:{record['id']}", what=what, why=reasons)


def _proposed(current: HardwareHash, seen: FactDigests) -> dict[str, Any]:
    return {"facts": msgspec.to_builtins(seen), "described": hardware.described(current)}


def _facts(replacement: dict[str, Any]) -> FactDigests:
    return msgspec.convert(replacement["facts"], FactDigests)
