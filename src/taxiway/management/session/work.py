"""What a device and its user are to be told, as commands: configurations and apps (05 sections 9.4 and 10.5)."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from taxiway.management.apps.mobile_apps import MeantApp
from taxiway.management.configuration.configurations import HELLO_ORIGIN
from taxiway.management.model import DEVICE_LANE, Item, Wanted, set_item
from taxiway.management.session.context import Context
from taxiway.management.session.queue import DONE, FAILED, MAX_ATTEMPTS, QUEUED, CommandRow
from taxiway.management.session.runs import ABSENT
from taxiway.wire.csp import locate

INSTALLED: Final = "70"
#: Not enforced, or not downloaded; the page's "Try again" may still mend either.
INSTALL_FAILED: Final = frozenset({"60", "30"})
_ARMED: Final = "10"
#: How long a job may sit without having begun before it is sent again (05 section 14, R6).
_STALLED: Final = timedelta(minutes=10)


def configuration(ctx: Context, lane: str) -> list[Wanted]:
    """The settings of one lane: the device's own, or what only this user's assignments bring."""
    through_device = {each.origin for each in ctx.meant if each.via == "device"} | {HELLO_ORIGIN}
    wanted = []
    for item, origins in ctx.effective.items:
        if _lane_of(item, origins, through_device, ctx.lane) == lane:
            wanted.append(set_item(item, lane, origins))
    return wanted


def retract(ctx: Context, lane: str, wanted: list[Wanted]) -> None:
    """Take back what no configuration asks for any more; a node in conflict keeps the value it has."""
    kept = {each.id for each in wanted}
    disputed = {location.key for each in ctx.effective.conflicts if (location := locate(each.uri)) is not None}
    for row in [row for row in ctx.queue.rows.values() if row["lane"] == lane and row["key"].startswith("set|")]:
        location = locate(row["uri"])
        if row["id"] not in kept and (location is None or location.key not in disputed):
            ctx.queue.retract(row)


def app_commands(app: MeantApp, lane: str, content_origin: str) -> list[Wanted]:
    """Arm and run an installation, or take the product off."""
    key = f"app|{app.row['id']}"
    if app.intent == "uninstall":
        return [Wanted(f"{key}|remove", "Delete", app.node, lane=lane, origins=(app.origin,))]
    uri = f"{app.node}/DownloadInstall"
    job = app.job(content_origin)
    return [
        Wanted(f"{key}|arm", "Add", uri, None, "xml", lane=lane, origins=(app.origin,)),
        Wanted(f"{key}|run", "Exec", uri, job, "xml", lane=lane, origins=(app.origin,)),
    ]


def app_lane(ctx: Context, app: MeantApp) -> str:
    """Through the device an app is the device's business, through the user that user's."""
    return DEVICE_LANE if app.via == "device" else str(ctx.lane)


def run_id(app: MeantApp, lane: str) -> str:
    """The id of the row that runs an installation."""
    return Wanted(f"app|{app.row['id']}|run", "Exec", "", lane=lane).id


def app_state(ctx: Context, app: MeantApp) -> tuple[str, str | None]:
    """How an installation stands: pendingInstall, installing, installed or failed, and the error with it."""
    row = ctx.queue.rows.get(run_id(app, app_lane(ctx, app)))
    if row is None or row["state"] not in {DONE, FAILED}:
        return "pendingInstall", None
    if row["state"] == FAILED:
        return "failed", row["native_error"] or f"SyncML {row['status']}"
    told = ctx.fact(f"{app.node}/Status")
    if told == INSTALLED:
        return "installed", None
    if told in INSTALL_FAILED:
        return "failed", _hresult(ctx.fact(f"{app.node}/LastError"))
    return "installing", None


def follow(ctx: Context, app: MeantApp) -> None:
    """Forget what an earlier job left behind, and send a job again that never began (05 section 14, R6)."""
    lane = app_lane(ctx, app)
    row = ctx.queue.rows.get(run_id(app, lane))
    if row is not None and row["state"] == QUEUED:
        ctx.run.facts.pop(ctx.fact_key(f"{app.node}/Status"), None)
    if row is None or row["state"] != DONE or row["attempts"] >= MAX_ATTEMPTS:
        return
    stalled = ctx.fact(f"{app.node}/Status") in {ABSENT, _ARMED} and ctx.tx.now - row["updated_at"] >= _STALLED
    if stalled:
        ctx.run.facts.pop(ctx.fact_key(f"{app.node}/Status"), None)
        ctx.queue.again(Wanted(f"app|{app.row['id']}|arm", "Add", "", lane=lane).id)
        ctx.queue.again(row["id"])


def unproven(ctx: Context) -> list[CommandRow]:
    """Execs of which nobody knows whether they ran; those of actions have proofs of their own."""
    return [row for row in ctx.queue.unproven(ctx.lanes) if not row["key"].startswith("action|")]


def prove(ctx: Context) -> None:
    """Settle Execs without a Status by what the node says: it ran, or it is sent again."""
    for row in unproven(ctx):
        told = ctx.fact(status_node(row["uri"]))
        if told is not None:
            ctx.queue.proven(row, ran=told not in {ABSENT, _ARMED})


def status_node(job_uri: str) -> str:
    """The status beside an installation's DownloadInstall."""
    return f"{job_uri.rpartition('/')[0]}/Status"


def _lane_of(item: Item, origins: tuple[str, ...], through_device: set[str], user: str | None) -> str | None:
    if item.user_scope:
        return user
    return DEVICE_LANE if set(origins) & through_device else user


def _hresult(value: str | None) -> str | None:
    if value is None or not value.lstrip("-").isdigit():
        return value
    return f"0x{int(value) & 0xFFFFFFFF:08X}"
