"""The user half of the Enrollment Status Page: one small machine for each user of a device (05 section 11.14).

    unknown -> seen -> collecting -> sent -> released -> done | failed

Only sessions count in which that user is signed in, proven by a token. The page of a second user never waits for work.
"""

from __future__ import annotations

from typing import Any, Final

from taxiway.kernel import Reason
from taxiway.management import esp_commands, work
from taxiway.management.context import Context
from taxiway.management.queue import DONE, FAILED

_Move = tuple[str, Reason]


def advance(ctx: Context) -> None:
    """Want what the signed-in user's state asks for, and move on as far as the answers allow."""
    if ctx.user is None or ctx.lane is None:
        return
    users: dict[str, Any] = ctx.run.esp.setdefault("users", {})
    mine = users.setdefault(ctx.user["id"], {"state": "unknown"})
    while (move := _move(ctx, mine)) is not None:
        before, (mine["state"], why) = mine["state"], move
        what = {"phase": "user", "user": ctx.user["id"], "from": before, "to": mine["state"]}
        ctx.tx.log("esp.moved", subject=ctx.subject, what={**what, "managed_device": ctx.managed["id"]}, why=[why])


def resend(ctx: Context) -> None:
    """In a new session of the user, a release that was not taken is sent once more (05 section 14, R1)."""
    if ctx.user is None:
        return
    mine = ctx.run.esp.get("users", {}).get(ctx.user["id"])
    if mine is None or mine["state"] != "sent":
        return
    for row_id in mine["release"]:
        if row_id in ctx.queue.rows and ctx.queue.state(row_id) == FAILED:
            ctx.queue.again(row_id)


def _move(ctx: Context, mine: dict[str, Any]) -> _Move | None:
    return _STEPS[mine["state"]](ctx, mine)


def _unknown(ctx: Context, mine: dict[str, Any]) -> _Move | None:
    first = ctx.run.esp.setdefault("first_user", ctx.user["id"] if ctx.user else None)
    mine["first"] = ctx.user is not None and first == ctx.user["id"]
    return "seen", Reason("esp.user_signed_in", "The user signed in to the device.", {"first": mine["first"]})


def _seen(ctx: Context, mine: dict[str, Any]) -> _Move | None:  # noqa: ARG001 - the shape of a step
    if ctx.esp is None or not ctx.esp.show_user_page:
        return "released", Reason("esp.user_hidden", "The account setup page is hidden; nothing waits for it.")
    return "collecting", Reason("esp.user_collecting", "What is meant for the user is being delivered.")


def _collecting(ctx: Context, mine: dict[str, Any]) -> _Move | None:
    lane = str(ctx.lane)
    ids = ctx.queue.want_all(esp_commands.user_nodes(lane)) + _deliver(ctx)
    waited_for: list[str] = mine.setdefault("work", ids if mine["first"] else [])
    if not ctx.queue.settled(row_id for row_id in waited_for if row_id in ctx.queue.rows):
        return None
    text = "What is meant for the user was delivered." if mine["first"] else "A later user's page waits for nothing."
    return "sent", Reason("esp.user_collected", text, {"commands": len(waited_for)})


def _sent(ctx: Context, mine: dict[str, Any]) -> _Move | None:
    lane = str(ctx.lane)
    tracked = [
        app
        for app in ctx.apps
        if mine["first"]
        and app.via == "user"
        and app.intent == "required"
        and (row := ctx.queue.rows.get(work.run_id(app, lane))) is not None
        and row["state"] == DONE
    ]
    msi = mine.setdefault("msi", [f"{app.node}/Status" for app in tracked])
    wanted = esp_commands.release("User", lane, networks=[], msi=msi, certificates=[])
    mine["release"] = ctx.queue.want_all(wanted)
    if ctx.queue.state(mine["release"][-1]) != DONE:
        return None
    return "released", Reason("esp.user_released", "The user's half of the page has its lists.")


def _released(ctx: Context, mine: dict[str, Any]) -> _Move | None:
    _deliver(ctx)
    if ctx.esp is None or not ctx.esp.show_user_page:
        return None
    if ctx.esp.first_user_only and mine["first"]:
        ctx.queue.want(esp_commands.hide_user_page())
    done, well = (ctx.fact(uri) for uri in esp_commands.outcome_nodes("User"))
    if well == "0" and mine["state"] != "failed":
        return "failed", Reason("esp.user_failed", "The device reports that account setup failed.")
    if (done or "").lower() == "true" and well == "1":
        return "done", Reason("esp.user_done", "The device reports that account setup ended well.")
    return None


def _done(ctx: Context, mine: dict[str, Any]) -> _Move | None:  # noqa: ARG001 - the shape of a step
    _deliver(ctx)
    return None


_STEPS: Final = {
    "unknown": _unknown,
    "seen": _seen,
    "collecting": _collecting,
    "sent": _sent,
    "released": _released,
    # "Try again" may still end well.
    "failed": _released,
    "done": _done,
}


def _deliver(ctx: Context) -> list[str]:
    """Want everything meant for the signed-in user; the ids of the commands."""
    lane = str(ctx.lane)
    wanted = work.configuration(ctx, lane)
    work.retract(ctx, lane, wanted)
    ids = ctx.queue.want_all(wanted)
    for app in ctx.apps:
        if app.via == "user" and app.deliverable:
            ids += ctx.queue.want_all(work.app_commands(app, lane, ctx.content_origin))
            work.follow(ctx, app)
    return ids
