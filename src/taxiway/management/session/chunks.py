"""A command whose data is longer than a message may be: in pieces, one to a message (05 section 7).

The row counts as sent all along, under the id of its newest piece: the device answers each piece but the last with 213,
which settles nothing, and the last one, or a piece it cannot take, with the Status of the whole. A new session forgets
how far it came, and the row is sent from its beginning.
"""

from __future__ import annotations

from typing import Final

import msgspec

from taxiway.kernel import Reason
from taxiway.management.session.context import Context
from taxiway.management.session.queue import SENT, CommandRow
from taxiway.wire.syncml import Body, CmdIds, Code, Command, Status, render_command, split_item

#: Pieces are not cut smaller than this.
_LEAST: Final = 512


def begin(ctx: Context, row: CommandRow, command: Body, msg_id: str, room: int) -> Body | None:
    """The first piece of a command that is too long for ``room``; None for one that fits or cannot be cut."""
    if not isinstance(command, Command) or not command.items[0].data:
        return None
    size = len(command.items[0].data.encode())
    if len(render_command(command).encode()) <= room or size <= _LEAST:
        return None
    limit = ctx.run.session.max_object
    if limit and size > limit:
        _refuse(ctx, row, command, msg_id, limit)
        return None
    session = ctx.run.session
    session.sending = {"row": row["id"], "next": 0, "room": _room_for_data(command, room)}
    return _piece(ctx, row, command, msg_id)


def go_on(ctx: Context, msg_id: str, ids: CmdIds) -> Body | None:
    """The next piece of what is being sent; None when nothing is, or the device has settled it."""
    sending = ctx.run.session.sending
    if not sending:
        return None
    row = ctx.queue.rows.get(sending["row"])
    if row is None or row["state"] != SENT:
        sending.clear()
        return None
    command = ctx.queue.command(row, ids)
    return _piece(ctx, row, command, msg_id) if isinstance(command, Command) else None


def _piece(ctx: Context, row: CommandRow, command: Command, msg_id: str) -> Body:
    sending = ctx.run.session.sending
    pieces = split_item(command.items[0], sending["room"])
    place = sending["next"]
    attempts = row["attempts"]
    ctx.queue.sent(row, msg_id, command)
    if place:
        row["attempts"] = attempts  # all pieces are one attempt
    if place + 1 >= len(pieces):
        sending.clear()
    else:
        sending["next"] = place + 1
    return msgspec.structs.replace(command, items=(pieces[place],))


def _room_for_data(command: Command, room: int) -> int:
    """How many bytes of data go into one message, so that none is too long once it is escaped."""
    share = max(_LEAST, room - _LEAST)
    while share > _LEAST:
        pieces = split_item(command.items[0], share)
        longest = max(len(render_command(msgspec.structs.replace(command, items=(p,))).encode()) for p in pieces)
        if longest <= room:
            break
        share = max(_LEAST, share * room // (longest + 1))
    return share


def _refuse(ctx: Context, row: CommandRow, command: Command, msg_id: str, limit: int) -> None:
    """The device said how long an object may be; a longer one is not sent at all."""
    ctx.queue.sent(row, msg_id, command)
    told = Status(cmd_id="", msg_ref=msg_id, cmd_ref=command.cmd_id, cmd=command.verb, code=Code.SIZE_TOO_BIG)
    ctx.queue.answered(told)
    text = f"{row['uri']} has {len((command.items[0].data or '').encode())} bytes; the device takes {limit} at most."
    what = {"uri": row["uri"], "verb": row["verb"], "status": int(told.code), "managed_device": ctx.managed["id"]}
    why = Reason("command.too_long", text)
    ctx.tx.log("command.failed", subject=ctx.subject, what=what | {"origins": row["origins"]}, why=[why])
