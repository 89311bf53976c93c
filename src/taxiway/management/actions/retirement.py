"""Leaving management by order of the administrator: one command, and nothing else any more (04 section 16.2)."""

from __future__ import annotations

from datetime import timedelta
from typing import Final, Literal

from taxiway import enrollment
from taxiway.directory import Principal, require
from taxiway.enrollment import ENROLLMENTS, MANAGED, PROVIDER_ID
from taxiway.kernel import Reason
from taxiway.management.actions import kinds, ledger
from taxiway.management.actions.entities import ACTIVE
from taxiway.management.actions.entities import FAILED as ACTION_FAILED
from taxiway.store import Row, Tx, eq
from taxiway.wire.syncml import (
    UNENROLLED_BY_USER,
    Alert,
    AlertCode,
    Body,
    CmdIds,
    Code,
    Command,
    Item,
    Message,
    Results,
    Status,
    verb_of,
    walk,
)

PENDING, ISSUED, FAILED = "retirePending", "retireIssued", "retireFailed"
NODE: Final = f"./Device/Vendor/MSFT/DMClient/Provider/{PROVIDER_ID}/Unenroll"
#: A device that was told to leave and has not been here since this long ago has left (04 section 16.2).
SILENCE: Final = timedelta(days=7)
_LEFT: Final = "left"


def order_retire(tx: Tx, managed_id: str, *, principal: Principal) -> None:
    """Have the device leave management in its next session; repeatable."""
    require(tx, principal, "management.devices.retire", enrollment.object_of(tx, managed_id))
    order(tx, MANAGED.require(tx, managed_id), by=principal.name or principal.id)


def order(tx: Tx, managed: Row, *, by: str) -> Row:
    """The order in the book of actions, and the device in the state of one that is to leave."""
    action = ledger.enter(tx, managed, kinds.RETIRE, by=by)
    if not is_leaving(managed):
        enrollment.update_inventory(tx, managed["id"], {"management_state": PENDING})
    return action


def is_leaving(managed: Row) -> bool:
    """Whether the device is told to leave, and nothing else."""
    return managed["management_state"] in {PENDING, ISSUED}


def respond(tx: Tx, managed: Row, message: Message) -> list[Body]:
    """What a device that is to leave is answered: the order, until it says that it has left or that it will not."""
    ids = CmdIds()
    answers = _statuses(message, ids)
    outcome = _outcome(message, (ENROLLMENTS.get(tx, managed["id"]) or {}).get("retire_command"))
    if outcome == _LEFT:
        end(tx, managed["id"], Reason("device.retired", "The device left because it was retired."))
    elif outcome is not None:
        _refused(tx, managed, outcome)
    elif not message.final:
        answers.append(Alert(ids.next(), AlertCode.NEXT_MESSAGE))
    else:
        answers.append(_order(tx, managed, message, ids.next()))
    return answers


def end(tx: Tx, managed_id: str, why: Reason) -> None:
    """The device is not managed any more: its certificate opens nothing, and what waited for it is dropped."""
    what = {"managed_device": managed_id}
    tx.log("device.unenrolled", subject=enrollment.subject_of(tx, managed_id), what=what, why=[why])
    enrollment.forget(tx, managed_id)


def end_retirements(tx: Tx) -> int:
    """Let those who were told to leave and fell silent have left; how many that were."""
    why = Reason("device.silent", f"The device was told to leave and has been silent for {SILENCE.days} days.")
    gone = [row["id"] for row in MANAGED.select(tx, eq("management_state", ISSUED)) if _silent(tx, row["id"])]
    for managed_id in gone:
        end(tx, managed_id, why)
    return len(gone)


# ---------------------------------------------------------------------------------------------- inside


def _silent(tx: Tx, managed_id: str) -> bool:
    told = (ENROLLMENTS.get(tx, managed_id) or {}).get("retire_issued_at")
    return told is not None and tx.now - told > SILENCE


def _statuses(message: Message, ids: CmdIds) -> list[Body]:
    def status(cmd_ref: str, cmd: str, code: Code) -> Status:
        return Status(cmd_id=ids.next(), msg_ref=message.header.msg_id, cmd_ref=cmd_ref, cmd=cmd, code=code)

    answers: list[Body] = [status("0", "SyncHdr", Code.OK)]
    for command in walk(message.commands):
        if not isinstance(command, Status | Results):
            known = isinstance(command, Alert) or (isinstance(command, Command) and command.verb == "Replace")
            answers.append(status(command.cmd_id, verb_of(command), Code.OK if known else Code.NOT_SUPPORTED))
    return answers


def _said_so(message: Message) -> Literal["left"] | None:
    """The generic alert by which a device says that it leaves (04 section 16.1)."""
    alerts = [each for each in walk(message.commands) if isinstance(each, Alert) and each.code == AlertCode.GENERIC]
    said = any(item.type == UNENROLLED_BY_USER for alert in alerts for item in alert.items)
    return _LEFT if said else None


def _outcome(message: Message, sent: str | None) -> Literal["left"] | int | None:
    """The alert, or the Status of the order that was sent: some clients answer it, Windows does not."""
    for command in walk(message.commands):
        if isinstance(command, Status) and _reference(message, command.msg_ref, command.cmd_ref) == sent:
            return _LEFT if 200 <= command.code < 300 else int(command.code)
    return _said_so(message)


def _order(tx: Tx, managed: Row, message: Message, cmd_id: str) -> Command:
    enrollment.update_inventory(tx, managed["id"], {"management_state": ISSUED, "last_sync_at": tx.now})
    action = _action(tx, managed)
    if action is not None and action["issued_at"] is None:
        why = Reason("action.issued", "The device was told to leave.")
        ledger.move(tx, action, ACTIVE, why, issued_at=tx.now, expires_at=tx.now + SILENCE)
    sent = _reference(message, message.header.msg_id, cmd_id)
    ENROLLMENTS.update(tx, managed["id"], {"retire_issued_at": tx.now, "retire_command": sent})
    return Command("Exec", cmd_id, (Item(target=NODE, format="chr", data=PROVIDER_ID),))


def _action(tx: Tx, managed: Row) -> Row | None:
    return next((each for each in ledger.open_of(tx, managed["id"]) if each["kind"] == kinds.RETIRE), None)


def _reference(message: Message, msg_id: str, cmd_id: str) -> str:
    """A command of ours as a Status refers to it."""
    return f"{message.header.session_id}/{msg_id}/{cmd_id}"


def _refused(tx: Tx, managed: Row, code: int) -> None:
    enrollment.update_inventory(tx, managed["id"], {"management_state": FAILED, "last_sync_at": tx.now})
    why = Reason("device.retire_refused", f"The device answered {code} to the order to leave, and stays managed.")
    if (action := _action(tx, managed)) is not None:
        ledger.move(tx, action, ACTION_FAILED, why, error=0x87D10000 + code)
