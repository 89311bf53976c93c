"""The user half of the Enrollment Status Page: one small machine for each user of a device (05 section 11.14).

    unknown -> seen -> collecting -> sent -> released -> done | failed

Only sessions count in which that user is signed in, proven by a token. The page of a second user never waits for work.
Every state ends: by the device's word, or by the page's own time limit, whether the user comes back or not.
"""

from __future__ import annotations

from typing import Any, Final

from taxiway import directory, enrollment
from taxiway.kernel import Reason
from taxiway.management.certificates import delivery as certificates
from taxiway.management.esp import blocks, deadlines, expected, page
from taxiway.management.session import delivery, work
from taxiway.management.session.context import Context
from taxiway.management.session.queue import DONE, FAILED

_Move = tuple[str, Reason]


def advance(ctx: Context) -> None:
    """Want what the signed-in user's state asks for, and move on as far as the answers allow."""
    if ctx.user is None or ctx.lane is None:
        return
    users: dict[str, Any] = ctx.run.esp.setdefault("users", {})
    mine = users.setdefault(ctx.user["id"], {"state": "unknown"})
    while (move := _move(ctx, mine)) is not None:
        before, (mine["state"], why) = mine["state"], move
        mine["since"] = ctx.tx.now.isoformat()
        mine.setdefault("began", mine["since"])
        ctx.run.esp["why"] = why.text
        what = {"phase": "user", "user": ctx.user["id"], "from": before, "to": mine["state"]}
        ctx.tx.log("esp.moved", subject=ctx.subject, what={**what, "managed_device": ctx.managed["id"]}, why=[why])


def resend(ctx: Context) -> None:
    """In a new session of the user, a release that was not taken is sent once more (05 section 14, R1)."""
    if ctx.user is None:
        return
    mine = ctx.run.esp.get("users", {}).get(ctx.user["id"])
    if mine is None or mine["state"] not in {"sent", "failed"}:
        return
    for row_id in mine.get("release", ()):
        if row_id in ctx.queue.rows and ctx.queue.state(row_id) == FAILED:
            ctx.queue.again(row_id)


def _move(ctx: Context, mine: dict[str, Any]) -> _Move | None:
    if mine["state"] in deadlines.USER_RUNNING:
        if mine["state"] != "seen" and (ended := _ended(ctx, mine)) is not None:
            return ended
        if deadlines.passed(mine, ctx.tx.now):
            return "failed", _late(ctx, mine)
    return _STEPS[mine["state"]](ctx, mine)


def _late(ctx: Context, mine: dict[str, Any]) -> Reason:
    rows = [ctx.queue.rows[row_id] for row_id in mine.get("release", ()) if row_id in ctx.queue.rows]
    refused = {row["uri"]: row["status"] for row in rows if row["state"] != DONE and row["status"]}
    text = "The time of the user's half of the page is over."
    return Reason("esp.user_deadline", text, {"state": mine["state"], **({"refused": refused} if refused else {})})


def _unknown(ctx: Context, mine: dict[str, Any]) -> _Move | None:
    first = ctx.run.esp.setdefault("first_user", ctx.user["id"] if ctx.user else None)
    mine["first"] = ctx.user is not None and first == ctx.user["id"]
    if mine["first"] and ctx.run.esp.get("after_reset"):
        enrollment.set_primary_user(ctx.tx, ctx.managed["id"], ctx.user)
    return "seen", Reason("esp.user_signed_in", "The user signed in to the device.", {"first": mine["first"]})


def _seen(ctx: Context, mine: dict[str, Any]) -> _Move | None:
    if ctx.esp is None or not ctx.esp.show_user_page:
        return "done", Reason("esp.user_hidden", "The account setup page is hidden; nothing waits for it.")
    deadlines.start(mine, ctx.tx.now, ctx.esp.timeout_minutes)
    return "collecting", Reason("esp.user_collecting", "What is meant for the user is being delivered.")


def _collecting(ctx: Context, mine: dict[str, Any]) -> _Move | None:
    if mine["first"] and not _licensed(ctx):
        return _unlicensed(ctx, mine)
    lane = str(ctx.lane)
    ids = ctx.queue.want_all(blocks.user_nodes(lane)) + _deliver(ctx)
    waited_for: list[str] = mine.setdefault("work", ids if mine["first"] else [])
    if not ctx.queue.settled(row_id for row_id in waited_for if row_id in ctx.queue.rows):
        return None
    text = "What is meant for the user was delivered." if mine["first"] else "A later user's page waits for nothing."
    return "sent", Reason("esp.user_collected", text, {"commands": len(waited_for)})


def _sent(ctx: Context, mine: dict[str, Any]) -> _Move | None:
    _release(ctx, mine)
    if ctx.queue.state(mine["release"][-1]) != DONE:
        return None
    return "released", Reason("esp.user_released", "The user's half of the page has its lists.")


def _released(ctx: Context, mine: dict[str, Any]) -> _Move | None:
    _deliver(ctx)
    _hide(ctx, mine)
    return None


def _failed(ctx: Context, mine: dict[str, Any]) -> _Move | None:
    """The page may be mended: by a release that arrives after all, by "Try again", by a licence."""
    if mine.get("blocked"):
        return _again(ctx, mine, "The user has a licence now.") if _licensed(ctx) else None
    _deliver(ctx)
    _hide(ctx, mine)
    done, well = _outcome(ctx)
    if done and well == "1":
        return "done", Reason("esp.user_done_late", "After all, the device reports that account setup ended well.")
    if well == "0":
        mine["told_failed"] = True
    elif well == "2" and not done and mine.pop("told_failed", False):
        return _again(ctx, mine, "The person pressed Try again.")
    if "release" in mine:
        _release(ctx, mine)
    return None


def _done(ctx: Context, mine: dict[str, Any]) -> _Move | None:
    _deliver(ctx)
    _hide(ctx, mine)
    return None


_STEPS: Final = {
    "unknown": _unknown,
    "seen": _seen,
    "collecting": _collecting,
    "sent": _sent,
    "released": _released,
    "failed": _failed,
    "done": _done,
}


# ---------------------------------------------------------------------------------------------- inside


def _ended(ctx: Context, mine: dict[str, Any]) -> _Move | None:
    """How account setup ended on the device, once it says so; a page hidden by a configuration never begins (R-80)."""
    if mine["state"] == "collecting" and (ctx.fact(blocks.USER_PAGE_HIDDEN) or "").lower() == "true":
        return "done", Reason("esp.user_hidden", "A setting on the device hides account setup; nothing waits for it.")
    done, well = _outcome(ctx)
    if well == "0":
        return "failed", Reason("esp.user_failed", "The device reports that account setup failed.")
    if done and well == "1":
        return "done", Reason("esp.user_done", "The device reports that account setup ended well.")
    if done:
        return "done", Reason("esp.user_left", "The person left account setup before its end.")
    return None


def _outcome(ctx: Context) -> tuple[bool, str | None]:
    done, well = (ctx.fact(uri) for uri in blocks.outcome_nodes("User"))
    return (done or "").lower() == "true", well


def _licensed(ctx: Context) -> bool:
    return ctx.user is not None and directory.has_service_plan(ctx.tx, ctx.user["id"])


def _unlicensed(ctx: Context, mine: dict[str, Any]) -> _Move:
    """Where the page would identify until its time is over, it says what is wrong (R-82)."""
    mine["blocked"] = True
    name = "The user" if ctx.user is None else str(ctx.user["user_principal_name"])
    text = f"{name} has no license that contains Intune."
    page.block(ctx, text)
    return "failed", Reason("esp.user_unlicensed", text)


def _again(ctx: Context, mine: dict[str, Any], text: str) -> _Move:
    """Once more, with the page's own settings and all its minutes."""
    for row in ctx.queue.failed(row_id for row_id in mine.get("work", ()) if row_id in ctx.queue.rows):
        ctx.queue.afresh(row["id"])
    if ctx.esp is not None:
        deadlines.start(mine, ctx.tx.now, ctx.esp.timeout_minutes)
        if mine.pop("blocked", False):
            ctx.queue.order_all(page.settings(ctx))
    return "collecting", Reason("esp.user_again", f"{text} What failed is sent once more.")


def _release(ctx: Context, mine: dict[str, Any]) -> None:
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
    msi, modern = (mine.setdefault(name, expected.apps_of(name, tracked)) for name in ("msi", "modern"))
    policies = mine.setdefault("policies", expected.policies(ctx, lane) if mine["first"] else [])
    scep, pfx = (
        mine.setdefault(name, expected.listed(ctx, name, lane) if mine["first"] else []) for name in ("scep", "pfx")
    )
    wanted = blocks.release("User", lane, policies=policies, networks=[], scep=scep, pfx=pfx, msi=msi, modern=modern)
    mine["release"] = ctx.queue.want_all(wanted)


def _hide(ctx: Context, mine: dict[str, Any]) -> None:
    """Where only the first user sees the page, later ones are spared it."""
    if ctx.esp is not None and ctx.esp.show_user_page and ctx.esp.first_user_only and mine["first"]:
        ctx.queue.want(blocks.hide_user_page())


def _deliver(ctx: Context) -> list[str]:
    """Want everything meant for the signed-in user; the ids of the commands."""
    lane = str(ctx.lane)
    ids = delivery.deliver(ctx, lane) + certificates.deliver(ctx, lane)
    if ctx.run.esp.get("users", {}).get(lane.partition(":")[2], {}).get("state") not in deadlines.USER_RUNNING:
        certificates.follow(ctx, lane)
    for app in ctx.apps:
        if app.via == "user" and app.deliverable:
            ids += ctx.queue.want_all(work.app_commands(app, lane, ctx.content_origin))
            work.follow(ctx, app)
    return ids
