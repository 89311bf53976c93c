"""What a session asks about the hardware itself: a changed board, and the hash of a device that is to be registered.

(06 section 1.10, 01 section 7.1)
"""

from __future__ import annotations

from typing import Final

from taxiway import autopilot, enrollment
from taxiway.kernel import Reason
from taxiway.management.session.context import Context
from taxiway.management.session.runs import ABSENT
from taxiway.wire import hardware_change
from taxiway.wire.errors import WireError
from taxiway.wire.hardware_change import HASH_NODE, NODE
from taxiway.wire.hardware_hash import HardwareHash, decode_base64

#: Why a device was not registered, as far as that was told.
_TOLD: Final = "told|conversion"


def begin(ctx: Context) -> None:
    """Choose, as a session begins, which nodes it reads."""
    for node in (NODE, HASH_NODE):
        ctx.run.facts.pop(node, None)  # of a session that was cut off
    ztdid = _registration(ctx)
    if ztdid is not None:
        ctx.run.session.hardware = [HASH_NODE] if autopilot.hardware_pending(ctx.tx, ztdid) else [NODE]
    elif autopilot.to_be_converted(ctx.tx, ctx.device, corporate=ctx.managed["ownership"] == "company").value:
        ctx.run.session.hardware = [HASH_NODE]


def settle(ctx: Context) -> None:
    """Hand what was read to the registration; a value is good for this session only."""
    changed, hashed = (ctx.run.facts.pop(node, ABSENT) for node in (NODE, HASH_NODE))
    ztdid = _registration(ctx)
    try:
        if changed == "" and ztdid is not None:
            autopilot.report_hardware_unchanged(ctx.tx, ztdid)
        elif changed != ABSENT and ztdid is not None:
            autopilot.report_hardware(ctx.tx, ztdid, hardware_change.parse(changed).current)
        if hashed not in {"", ABSENT}:
            _take(ctx, ztdid, decode_base64(hashed))
    except WireError as error:
        text = f"What the device says of its hardware cannot be read: {error.message}."
        ctx.tx.log("device.hardware_unreadable", subject=ctx.subject, why=[Reason("hardware.unreadable", text)])


def _take(ctx: Context, ztdid: str | None, told: HardwareHash) -> None:
    if ztdid is not None:
        autopilot.confirm_hardware(ctx.tx, ztdid, told)
    elif ctx.device is not None:
        made = autopilot.convert(ctx.tx, ctx.device, ctx.managed, told)
        if made.value is not None:
            enrollment.link(ctx.tx, ctx.managed["id"], made.value)
            ctx.run.facts.pop(_TOLD, None)
        elif ctx.run.facts.get(_TOLD) != made.reasons[0].code:
            ctx.run.facts[_TOLD] = made.reasons[0].code
            what = {"managed_device": ctx.managed["id"]}
            ctx.tx.log("autopilot.not_converted", subject=ctx.subject, what=what, why=made.reasons)


def _registration(ctx: Context) -> str | None:
    """The registration this device enrolled with or was given, if it still exists."""
    _, ztdid = enrollment.links_of(ctx.tx, ctx.managed["id"])
    return ztdid if ztdid is not None and autopilot.record_of(ctx.tx, ztdid) is not None else None
