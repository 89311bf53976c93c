"""How each configuration stands on a device: read off what is meant and the commands it brought."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from taxiway.management.certificates import delivery as certificates
from taxiway.management.configuration.meant import CONFIGURATION_OBJECTS, Meant, name_of
from taxiway.management.model import Conflict, key_of, unit_of
from taxiway.management.session.context import Context
from taxiway.management.session.queue import DONE, FAILED, RETRACTED, STAYS, CommandRow
from taxiway.management.session.statuses import STAYS_ON_DEVICE

#: Not assigned any more, and its settings are still being taken back.
REMOVING: Final = "removing"

_State = tuple[str, dict[str, Any]]
_Key = tuple[str, str]


def states(ctx: Context) -> Iterator[tuple[_Key, _State]]:
    """Every configuration that is meant, and every one of which something is left on the device."""
    disputed = {origin: conflict for conflict in ctx.effective.conflicts for origin in conflict.origins}
    rows: dict[str, list[CommandRow]] = {}
    for row in ctx.queue.rows.values():
        for origin in row["origins"]:
            rows.setdefault(origin, []).append(row)
    for each in ctx.meant:
        yield each.key, _meant(ctx, each, rows.pop(each.origin, []), disputed.get(each.origin))
    for origin, left in rows.items():
        kind, _, object_id = origin.partition(":")
        back = [row for row in left if row["hash"] == RETRACTED]
        if kind in CONFIGURATION_OBJECTS and back:
            yield (kind, object_id), _left(ctx, origin, back)


def _meant(ctx: Context, each: Meant, rows: list[CommandRow], conflict: Conflict | None) -> _State:
    if each.row["kind"] in certificates.KINDS:
        return certificates.state(ctx, each)
    detail: dict[str, Any] = {"name": each.name, "via": each.via}
    if each.via == "user" and ctx.person is not None:
        detail["user"] = ctx.person["id"]
    stays = sorted(row["uri"] for row in rows if row["state"] == STAYS)
    if stays:
        detail["stays"] = stays
    if conflict is not None:
        return "conflict", {**detail, "uri": conflict.uri, "with": list(conflict.names)}
    rows = [row for row in rows if row["hash"] != RETRACTED]
    failed = [row for row in rows if row["state"] == FAILED]
    if failed:
        return "error", {**detail, "errors": [_error(row) for row in sorted(failed, key=lambda row: str(row["uri"]))]}
    units = {key_of(unit_of(item.uri)) for item in each.items}
    done = {key_of(row["uri"]) for row in rows if row["state"] == DONE}
    return ("succeeded" if units <= done else "pending"), detail


def _left(ctx: Context, origin: str, rows: list[CommandRow]) -> _State:
    """Of a configuration that is not assigned any more."""
    users = {row["lane"].removeprefix("user:") for row in rows if row["lane"].startswith("user:")}
    detail: dict[str, Any] = {"name": name_of(ctx.tx, origin), "via": "user" if users else "device"}
    if users:
        detail["user"] = min(users)
    stays = sorted(row["uri"] for row in rows if row["state"] == STAYS)
    if not stays:
        return REMOVING, detail
    return STAYS_ON_DEVICE, {**detail, "stays": stays}


def _error(row: CommandRow) -> dict[str, Any]:
    error = {"uri": row["uri"], "status": row["status"], "error": row["native_error"]}
    return {**error, "cause": row["cause"]} if row["cause"] else error
