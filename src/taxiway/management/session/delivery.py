"""What a device and its user are to be told of configurations: the difference to what they were told (05 section 9.4).

A setting is a command of the device's lane when it reaches the device itself, else of the user's, whose sessions alone
carry it. A node is set once, whoever asks for it, and taken back when the last one who asked is gone.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from taxiway.kernel import Reason
from taxiway.management.configuration.meant import HELLO_ORIGIN
from taxiway.management.model import DEVICE_LANE, Wanted, key_of, unit_of
from taxiway.management.session.context import Context
from taxiway.management.session.queue import RETRACTED, CommandRow
from taxiway.wire.csp_around import whole_root

_Keys = set[tuple[str, ...]]


def deliver(ctx: Context, lane: str) -> list[str]:
    """Want everything of a lane, take back what is not wanted any more; the ids of what is wanted."""
    wanted = configuration(ctx, lane)
    _retract(ctx, lane, wanted)
    return ctx.queue.want_all(wanted)


def configuration(ctx: Context, lane: str) -> list[Wanted]:
    """The settings of one lane: the device's own, or what only this user's assignments bring."""
    through_device = {each.origin for each in ctx.meant if each.via == "device"} | {HELLO_ORIGIN}
    mine = [
        unit.wanted
        for unit in ctx.resolved.units
        if (ctx.lane if unit.user_scope else _lane_of(ctx, unit.wanted, through_device)) == lane
    ]
    return mine if lane == DEVICE_LANE else [dataclasses.replace(wanted, lane=lane) for wanted in mine]


def _lane_of(ctx: Context, wanted: Wanted, through_device: set[str]) -> str | None:
    if set(wanted.origins) & through_device:
        return DEVICE_LANE
    # Who brought it to the device is gone, and the user asks for the very same: it is there already.
    held = ctx.queue.rows.get(wanted.id)
    return DEVICE_LANE if held is not None and held["hash"] == wanted.hash else ctx.lane


def _disputed(ctx: Context) -> _Keys:
    return {key_of(unit_of(each.uri)) for each in ctx.effective.conflicts}


# ---------------------------------------------------------------------------------------------- taking back


def _retract(ctx: Context, lane: str, wanted: list[Wanted]) -> None:
    """Take back what no configuration asks for any more; a node in conflict keeps the value it has."""
    kept, disputed = {each.id for each in wanted}, _disputed(ctx)
    settings = [row for row in ctx.queue.rows.values() if row["key"].startswith("set|") and row["hash"] != RETRACTED]
    gone = [row for row in settings if row["lane"] == lane and row["id"] not in kept]
    gone = [row for row in gone if key_of(row["uri"]) not in disputed]
    ids = {row["id"] for row in gone}
    asked = {key_of(row["uri"]) for row in settings if row["id"] not in ids} | {key_of(each.uri) for each in wanted}
    for row in [row for row in gone if key_of(row["uri"]) in asked]:
        ctx.queue.drop(row)  # in another lane the same node is still asked for
    for root, rows in _by_root(row for row in gone if row["id"] in ctx.queue.rows).items():
        _take_back(ctx, root, rows, asked)


def _take_back(ctx: Context, root: str | None, rows: list[CommandRow], asked: _Keys) -> None:
    """Each setting by itself, or the node around them where nothing of it is wanted any more."""
    above = () if root is None else key_of(root)
    whole = root is not None and not any(key[: len(above)] == above for key in asked)
    if whole and (held := [row for row in rows if row["delivered"]]):
        for row in rows:
            if row is not held[0]:
                ctx.queue.drop(row)  # goes with the first
        rows = held[:1]
    for row in rows:
        why = ctx.queue.retract(row, root if whole else None)
        if why is not None:
            _log(ctx, row, why)


def _by_root(rows: Iterable[CommandRow]) -> dict[str | None, list[CommandRow]]:
    found: dict[str | None, list[CommandRow]] = {}
    for row in rows:
        found.setdefault(whole_root(row["uri"]), []).append(row)
    return found


def _log(ctx: Context, row: CommandRow, why: Reason) -> None:
    what = {"uri": row["uri"], "origins": row["origins"], "managed_device": ctx.managed["id"]}
    ctx.tx.log("configuration.stays", subject=ctx.subject, what=what, why=[why])
