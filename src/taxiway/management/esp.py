"""The device half of the Enrollment Status Page as a state machine (05 section 11.14, R-86 to R-88).

    off         no page: the device is configured in its own time
    opening     the page's settings are being confirmed (block A)
    collecting  everything meant for the device is being delivered
    sent        the lists and "the server has finished" are on their way (block B)
    released    the device works through the lists by itself
    done        the device says that the page ended well
    failed      it ended badly, its time was over, or something it waits for could not be delivered (block F)

Each move is logged with its reasons. Every state ends: what cannot be delivered settles as failed, and the page's own
time limit is a deadline here too.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from taxiway.kernel import Reason
from taxiway.management import esp_commands, work
from taxiway.management.apps import MeantApp
from taxiway.management.context import Context
from taxiway.management.model import DEVICE_LANE
from taxiway.management.queue import DONE, FAILED

MOVES: Final[dict[str, frozenset[str]]] = {
    "off": frozenset(),
    "opening": frozenset({"collecting", "sent", "failed"}),
    "collecting": frozenset({"sent", "failed"}),
    "sent": frozenset({"released", "failed"}),
    "released": frozenset({"done", "failed"}),
    # "Try again" on the failed page may still end well; an administrator may release a page that was failed.
    "failed": frozenset({"done", "sent"}),
    "done": frozenset(),
}
RUNNING: Final = ("opening", "collecting", "sent", "released")
#: The device counts its minutes from a moment we do not see; ours end a little later.
_SLACK: Final = timedelta(minutes=5)

_Move = tuple[str, Reason]


def begin(ctx: Context) -> None:
    """The first session of an enrollment: whether a page shows at all."""
    if ctx.esp is None or not ctx.esp.show:
        ctx.run.esp_state = "off"
        why = Reason("esp.hidden", "The Enrollment Status Page profile shows no progress; nothing waits for anything.")
        _log(ctx, "new", "off", why)
        return
    ctx.run.esp_state = "opening"
    ctx.run.esp_deadline = ctx.tx.now + timedelta(minutes=ctx.esp.timeout_minutes) + _SLACK
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
    return ctx.run.esp_state in RUNNING and bool(selected) and app.row["id"] not in selected


def _move(ctx: Context) -> _Move | None:
    state = ctx.run.esp_state
    if state in {"off", "done"} or ctx.esp is None:
        _deliver(ctx)
        return None
    order = ctx.run.esp.pop("order", None)
    if order is not None:
        return _ordered(ctx, order)
    if state in RUNNING and ctx.run.esp_deadline is not None and ctx.tx.now > ctx.run.esp_deadline:
        text = f"The page's time of {ctx.esp.timeout_minutes} minutes is over."
        return "failed", Reason("esp.deadline", text, {"state": state})
    return _STEPS[state](ctx)


def _opening(ctx: Context) -> _Move | None:
    if ctx.esp is None:
        return None
    ids = ctx.queue.want_all(esp_commands.opening(ctx.esp, ctx.managed["id"]))
    if not ctx.queue.settled(ids):
        return None
    refused = [row["uri"] for row in ctx.queue.failed(ids)]
    text = "The device took the page's settings." if not refused else "The device refused some of the page's settings."
    return "collecting", Reason("esp.opened", text, {"refused": refused} if refused else {})


def _collecting(ctx: Context) -> _Move | None:
    ids = _freeze(ctx, _deliver(ctx))
    if not ctx.queue.settled(ids):
        return None
    lost = [app for app in _tracked(ctx) if _delivery(ctx, app) == FAILED]
    if lost and ctx.esp is not None and ctx.esp.block:
        return _fail(ctx, "A required app could not be delivered.", [app.row["display_name"] for app in lost])
    failed = [row["uri"] for row in ctx.queue.failed(ids)]
    text = f"Everything meant for the device was delivered: {len(ids)} commands, {len(failed)} refused."
    return "sent", Reason("esp.collected", text, {"refused": failed, **_lists(ctx)})


def _sent(ctx: Context) -> _Move | None:
    ids = _release(ctx)
    if not ctx.queue.settled(ids):
        return None
    if ctx.queue.state(ids[-1]) == FAILED:
        return "failed", Reason("esp.not_released", "The device refused ServerHasFinishedProvisioning.")
    return "released", Reason("esp.released", "The device has the lists and works through them.")


def _released(ctx: Context) -> _Move | None:
    _deliver(ctx)
    ended = _outcome(ctx)
    if ended == "done":
        return "done", Reason("esp.done", "The device reports that its setup ended well.")
    if ended == "failed":
        failed = [app.row["display_name"] for app in _tracked(ctx) if work.app_state(ctx, app)[0] == "failed"]
        text = "The device reports that its setup failed."
        return "failed", Reason("esp.device_failed", text, {"apps": failed} if failed else {})
    return None


def _failed(ctx: Context) -> _Move | None:
    settled = ctx.queue.settled(_freeze(ctx, _deliver(ctx)))
    if settled and not ctx.run.esp.get("blocked"):
        # The page timed out before the server was done: "Try again" needs the lists to end well.
        _release(ctx)
    if _outcome(ctx) == "done":
        return "done", Reason("esp.done_late", "After all, the device reports that its setup ended well.")
    return None


_STEPS: Final = {
    "opening": _opening,
    "collecting": _collecting,
    "sent": _sent,
    "released": _released,
    "failed": _failed,
}


# ---------------------------------------------------------------------------------------------- inside


def _ordered(ctx: Context, order: str) -> _Move | None:
    """What an administrator asked for (05 section 11.14, escape hatches)."""
    state = ctx.run.esp_state
    if order == "release" and "sent" in MOVES[state]:
        ctx.run.esp["blocked"] = False
        ctx.run.esp_deadline = None
        return "sent", Reason("esp.ordered", "An administrator released the page.")
    if order == "fail" and "failed" in MOVES[state]:
        return _fail(ctx, "An administrator failed the page.", [])
    return None


def _lists(ctx: Context) -> dict[str, list[str]]:
    """The lists as they were when they were first told: the device freezes them too."""
    made: dict[str, list[str]] = ctx.run.esp.setdefault(
        "lists",
        {
            "networks": _networks(ctx),
            "msi": [f"{app.node}/Status" for app in _tracked(ctx) if _delivery(ctx, app) == DONE],
        },
    )
    return made


def _release(ctx: Context) -> list[str]:
    lists = _lists(ctx)
    return ctx.queue.want_all(
        esp_commands.release("Device", DEVICE_LANE, networks=lists["networks"], msi=lists["msi"], certificates=[])
    )


def _deliver(ctx: Context) -> list[str]:
    """Want everything meant for the device itself; the ids of its commands."""
    wanted = work.configuration(ctx, DEVICE_LANE)
    work.retract(ctx, DEVICE_LANE, wanted)
    ids = ctx.queue.want_all(wanted)
    for app in ctx.apps:
        if app.via == "device" and app.deliverable and not holds_back(ctx, app):
            ids += ctx.queue.want_all(work.app_commands(app, DEVICE_LANE, ctx.content_origin))
            work.follow(ctx, app)
    return ids


def _freeze(ctx: Context, ids: list[str]) -> list[str]:
    """What the page waits for is fixed once; what is assigned later is delivered, not waited for."""
    frozen: list[str] = ctx.run.esp.setdefault("work", ids)
    return [row_id for row_id in frozen if row_id in ctx.queue.rows]


def _tracked(ctx: Context) -> list[MeantApp]:
    """The device's own required apps that the page waits for."""
    frozen = set(ctx.run.esp.get("work", ()))
    return [
        app
        for app in ctx.apps
        if app.via == "device" and app.intent == "required" and work.run_id(app, DEVICE_LANE) in frozen
    ]


def _delivery(ctx: Context, app: MeantApp) -> str:
    return ctx.queue.state(work.run_id(app, DEVICE_LANE))


def _networks(ctx: Context) -> list[str]:
    accepted = {row["uri"] for row in ctx.queue.rows.values() if row["state"] == DONE}
    uris = [uri for each in ctx.meant if each.via == "device" for uri in each.network_profiles]
    return [uri for uri in uris if f"{uri}/WlanXml" in accepted]


def _outcome(ctx: Context) -> str | None:
    done, well = (ctx.fact(uri) for uri in esp_commands.outcome_nodes("Device"))
    if well == "0":
        return "failed"
    return "done" if (done or "").lower() == "true" and well == "1" else None


def _fail(ctx: Context, text: str, apps: list[str]) -> _Move:
    ctx.run.esp["blocked"] = True
    shown = f"{text} Quote {ctx.managed['id']} to your support."
    if ctx.esp is not None:
        ctx.queue.want_all(esp_commands.failure(ctx.esp, f"{ctx.esp.custom_error_text}\n{shown}".strip()))
    return "failed", Reason("esp.blocked", text, {"apps": apps} if apps else {})


def _log(ctx: Context, before: str, after: str, why: Reason) -> None:
    what = {"phase": "device", "from": before, "to": after, "managed_device": ctx.managed["id"]}
    ctx.tx.log("esp.moved", subject=ctx.subject, what=what, why=[why])
