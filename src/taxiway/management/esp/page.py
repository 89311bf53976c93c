"""The device half of the Enrollment Status Page as a state machine (05 section 11.14, R-86 to R-88).

    off         no page: the device is configured in its own time
    opening     the page's settings are being confirmed (block A)
    collecting  everything meant for the device is being delivered
    sent        the lists and "the server has finished" are on their way (block B)
    released    the device works through the lists by itself
    done        the device says that the page ended well, or that the person left it
    failed      it ended badly, its time was over, or something it waits for could not be delivered (block F)

Each move is logged with its reasons. Every state ends: what cannot be delivered settles as failed, and the page's own
time limit is a deadline here too. "Try again" on the failed page begins the delivery anew.
"""

from __future__ import annotations

from typing import Final

from taxiway import enrollment
from taxiway.kernel import Reason
from taxiway.management.apps.mobile_apps import MeantApp
from taxiway.management.certificates import delivery as certificates
from taxiway.management.esp import blocks, deadlines, expected
from taxiway.management.esp.deadlines import RUNNING
from taxiway.management.esp.waits import waiting_for
from taxiway.management.extension import agent
from taxiway.management.model import DEVICE_LANE, Wanted, key_of
from taxiway.management.session import delivery, work
from taxiway.management.session.context import Context
from taxiway.management.session.queue import FAILED

MOVES: Final[dict[str, frozenset[str]]] = {
    "off": frozenset(),
    "opening": frozenset({"collecting", "sent", "failed", "done"}),
    "collecting": frozenset({"sent", "failed", "done"}),
    "sent": frozenset({"released", "failed", "done"}),
    "released": frozenset({"done", "failed"}),
    # "Try again" on the failed page may still end well; an administrator may release a page that was failed.
    "failed": frozenset({"done", "sent", "collecting"}),
    "done": frozenset(),
}

_Move = tuple[str, Reason]


def begin(ctx: Context) -> None:
    """The first session of an enrollment: whether a page shows at all."""
    if ctx.esp is None or not ctx.esp.show:
        ctx.run.esp_state = "off"
        why = Reason("esp.hidden", "The Enrollment Status Page profile shows no progress; nothing waits for anything.")
        _log(ctx, "new", "off", why)
        return
    ctx.run.esp_state = "opening"
    deadlines.start(ctx.run.esp, ctx.tx.now, ctx.esp.timeout_minutes)
    text = f"'{ctx.esp.profile_name}' shows the page and gives it {ctx.esp.timeout_minutes} minutes."
    _log(ctx, "new", "opening", Reason("esp.shown", text, {"profile": ctx.esp.profile_id, "via": ctx.esp.via}))


def advance(ctx: Context) -> None:
    """Want what the state asks for, and move on as far as the answers allow."""
    while (move := _move(ctx)) is not None:
        enter(ctx, *move)


def enter(ctx: Context, state: str, why: Reason) -> None:
    """Go to a state that the present one leads to."""
    before = ctx.run.esp_state
    if state not in MOVES[before]:
        raise ValueError(f"The page cannot go from {before} to {state}.")
    ctx.run.esp_state = state
    _log(ctx, before, state, why)


def holds_back(ctx: Context, app: MeantApp) -> bool:
    """Whether an app has to wait until the page is over: required, but not among the blocking ones (R-65)."""
    selected = () if ctx.esp is None else ctx.esp.selected_apps
    if app.row["id"] == agent.AGENT_ID:
        return False
    return ctx.run.esp_state in RUNNING and bool(selected) and app.row["id"] not in selected


def _move(ctx: Context) -> _Move | None:
    order = ctx.run.esp.pop("order", None)
    if order is not None and (ordered := _ordered(ctx, order)) is not None:
        return ordered
    state = ctx.run.esp_state
    if state in {"off", "done"} or ctx.esp is None:
        _deliver(ctx)
        return None
    if state in RUNNING:
        if (ended := _ended(ctx)) is not None:
            return ended
        if deadlines.passed(ctx.run.esp, ctx.tx.now):
            text = f"The page's time of {ctx.esp.timeout_minutes} minutes is over."
            facts = {"state": state, "waiting_for": [each.what for each in waiting_for(ctx.run, ctx.queue.rows)]}
            return "failed", Reason("esp.deadline", text, facts)
    return _STEPS[state](ctx)


def _opening(ctx: Context) -> _Move | None:
    announced = agent.announcement() if any(app.row["id"] == agent.AGENT_ID for app in ctx.apps) else []
    ids = ctx.queue.want_all([*settings(ctx), *announced])
    if not ctx.queue.settled(ids):
        return None
    refused = [row["uri"] for row in ctx.queue.failed(ids)]
    text = "The device took the page's settings." if not refused else "The device refused some of the page's settings."
    return "collecting", Reason("esp.opened", text, {"refused": refused} if refused else {})


def _collecting(ctx: Context) -> _Move | None:
    ids = expected.freeze(ctx, _deliver(ctx))
    if not ctx.queue.settled(ids):
        return None
    lost = expected.lost(ctx)
    if lost and ctx.esp is not None and ctx.esp.block:
        return _fail(ctx, "A required app could not be delivered.", lost)
    failed = [row["uri"] for row in ctx.queue.failed(ids)]
    text = f"Everything meant for the device was delivered: {len(ids)} commands, {len(failed)} refused."
    return "sent", Reason("esp.collected", text, {"refused": failed, **expected.lists(ctx)})


def _sent(ctx: Context) -> _Move | None:
    ids = _release(ctx)
    if not ctx.queue.settled(ids):
        return None
    if ctx.queue.state(ids[-1]) == FAILED:
        return "failed", Reason("esp.not_released", "The device refused ServerHasFinishedProvisioning.")
    return "released", Reason("esp.released", "The device has the lists and works through them.")


def _released(ctx: Context) -> _Move | None:
    _deliver(ctx)
    return None


def _failed(ctx: Context) -> _Move | None:
    """The page may be mended: by the device's own work, or by "Try again", which takes its failure back."""
    settled = ctx.queue.settled(expected.freeze(ctx, _deliver(ctx)))
    done, well = _outcome(ctx)
    if done and well == "1":
        return "done", Reason("esp.done_late", "After all, the device reports that its setup ended well.")
    if well == "0":
        ctx.run.esp["told_failed"] = True
    elif well == "2" and not done and ctx.run.esp.pop("told_failed", False):
        return _again(ctx)
    if settled and not ctx.run.esp.get("blocked"):
        # The page timed out before the server was done: "Try again" needs the lists to end well.
        _release(ctx)
    return None


_STEPS: Final = {
    "opening": _opening,
    "collecting": _collecting,
    "sent": _sent,
    "released": _released,
    "failed": _failed,
}


# ---------------------------------------------------------------------------------------------- inside


def _ended(ctx: Context) -> _Move | None:
    """How the page ended on the device, once it says so."""
    done, well = _outcome(ctx)
    if well == "0":
        named = {"apps": expected.failed(ctx), "certificates": certificates.failed(ctx, DEVICE_LANE)}
        text = "The device reports that its setup failed."
        return "failed", Reason("esp.device_failed", text, {what: names for what, names in named.items() if names})
    if done and well == "1":
        return "done", Reason("esp.done", "The device reports that its setup ended well.")
    if done:
        return "done", Reason("esp.left", "The person left the page before its end; what was meant goes on arriving.")
    return None


def _outcome(ctx: Context) -> tuple[bool, str | None]:
    done, well = (ctx.fact(uri) for uri in blocks.outcome_nodes("Device"))
    return (done or "").lower() == "true", well


def _ordered(ctx: Context, order: str) -> _Move | None:
    """What an administrator asked for (05 section 11.14, escape hatches; P-15)."""
    state = ctx.run.esp_state
    if order == "release" and "sent" in MOVES[state]:
        ctx.run.esp["blocked"] = False
        ctx.run.esp.pop("deadline", None)
        return "sent", Reason("esp.ordered", "An administrator released the page.")
    if order == "fail" and "failed" in MOVES[state]:
        return _fail(ctx, "An administrator failed the page.", [])
    if order == "hide":
        ctx.queue.want(blocks.hide_user_page())
    if order == "update" and state != "off":
        ctx.esp = enrollment.freeze_again(ctx.tx, ctx.managed["id"], device=ctx.device, user=ctx.primary)
        ctx.queue.order_all(settings(ctx))
    return None


def _again(ctx: Context) -> _Move:
    """After "Try again" the page has its settings, its minutes and its work once more (R-71, P-18)."""
    ctx.run.esp.pop("agent_failed", None)
    for row in ctx.queue.failed(expected.freeze(ctx, [])):
        ctx.queue.afresh(row["id"])
    if ctx.esp is not None:
        deadlines.start(ctx.run.esp, ctx.tx.now, ctx.esp.timeout_minutes)
        if ctx.run.esp.pop("blocked", False):
            ctx.queue.order_all(settings(ctx))
            ctx.run.esp.pop("lists", None)
    return "collecting", Reason("esp.again", "The person pressed Try again: what failed is sent once more.")


def _release(ctx: Context) -> list[str]:
    told = expected.lists(ctx)
    return ctx.queue.want_all(
        blocks.release(
            "Device",
            DEVICE_LANE,
            policies=told.get("policies", []),
            networks=told["networks"],
            scep=told.get("scep", []),
            pfx=told.get("pfx", []),
            msi=told["msi"],
            modern=told.get("modern", []),
        )
    )


def _deliver(ctx: Context) -> list[str]:
    """Want everything meant for the device itself; the ids of its commands."""
    ids = delivery.deliver(ctx, DEVICE_LANE) + certificates.deliver(ctx, DEVICE_LANE)
    if ctx.run.esp_state not in RUNNING:
        certificates.follow(ctx, DEVICE_LANE)
    for app in ctx.apps:
        if app.via == "device" and app.deliverable and not holds_back(ctx, app):
            ids += ctx.queue.want_all(work.app_commands(app, DEVICE_LANE, ctx.content_origin))
            work.follow(ctx, app)
    _mind_agent(ctx)
    return ids


def _mind_agent(ctx: Context) -> None:
    """Where the page waits for an agent that could not be installed, it is told so: once for each failure."""
    package = next((app for app in ctx.apps if app.row["id"] == agent.AGENT_ID), None)
    if package is None or not agent.is_announced({row["key"] for row in ctx.queue.rows.values()}):
        return
    state, error = work.app_state(ctx, package)
    if state == "failed" and not ctx.run.esp.get("agent_failed"):
        ctx.run.esp["agent_failed"] = True
        ctx.queue.order_all(agent.failure(error))


def _fail(ctx: Context, text: str, apps: list[str]) -> _Move:
    ctx.run.esp["blocked"] = True
    block(ctx, text)
    return "failed", Reason("esp.blocked", text, {"apps": apps} if apps else {})


def settings(ctx: Context) -> list[Wanted]:
    """The page's settings (block A), but for those that a configuration of the administrator speaks of (R-80)."""
    lanes = [DEVICE_LANE] if ctx.lane is None else [DEVICE_LANE, ctx.lane]
    spoken = {key_of(each.uri) for lane in lanes for each in delivery.configuration(ctx, lane)}
    wanted = [] if ctx.esp is None else blocks.opening(ctx.esp, ctx.managed["id"])
    return [each for each in wanted if key_of(each.uri) not in spoken]


def block(ctx: Context, text: str) -> None:
    """Have the page fail within a minute, with a text that helps (block F)."""
    shown = f"{text} Quote {ctx.managed['id']} to your support."
    if ctx.esp is not None:
        ctx.queue.order_all(blocks.failure(ctx.esp, f"{ctx.esp.custom_error_text}\n{shown}".strip()))


def _log(ctx: Context, before: str, after: str, why: Reason) -> None:
    ctx.run.esp |= {"since": ctx.tx.now.isoformat(), "why": why.text}
    what = {"phase": "device", "from": before, "to": after, "managed_device": ctx.managed["id"]}
    ctx.tx.log("esp.moved", subject=ctx.subject, what=what, why=[why])
