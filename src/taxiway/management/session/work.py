"""What a device and its user are to be told of apps, as commands (05 sections 9.4 and 10.5)."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from taxiway.management.apps.mobile_apps import MeantApp
from taxiway.management.apps.order import proof_of
from taxiway.management.model import DEVICE_LANE, Wanted
from taxiway.management.session.context import Context
from taxiway.management.session.queue import DONE, FAILED, MAX_ATTEMPTS, QUEUED, CommandRow
from taxiway.management.session.runs import ABSENT

#: What a status says of an order that was taken and has not begun, by the node that is executed.
_IDLE: Final = {"DownloadInstall": "10", "HostedInstall": "0"}
#: How long a job may sit without having begun before it is sent again (05 section 14, R6).
_STALLED: Final = timedelta(minutes=10)


def app_commands(app: MeantApp, lane: str, content_origin: str) -> list[Wanted]:
    """Arm and run an installation, or take the product off."""
    key = f"app|{app.row['id']}"
    order = app.order
    if app.intent == "uninstall" and order.removal is None:
        return [Wanted(f"{key}|remove", "Delete", order.remove, lane=lane, origins=(app.origin,))]
    job = app.job(content_origin) if app.intent == "required" else order.removal
    return [
        Wanted(f"{key}|arm", "Add", order.arm, None, order.arm_format, lane=lane, origins=(app.origin,)),
        Wanted(f"{key}|run", "Exec", order.run, job, order.run_format, lane=lane, origins=(app.origin,)),
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
    told = ctx.fact(app.order.status)
    if told in app.order.installed:
        return "installed", None
    if told in app.order.failed:
        return "failed", _hresult(ctx.fact(app.order.error))
    return "installing", None


def removal_state(ctx: Context, app: MeantApp) -> str:
    """How far an app is taken off."""
    lane, key = app_lane(ctx, app), f"app|{app.row['id']}"
    ids = (Wanted(f"{key}|{step}", "Delete", "", lane=lane).id for step in ("remove", "run"))
    rows = [ctx.queue.rows[row_id] for row_id in ids if row_id in ctx.queue.rows]
    states = {row["state"] for row in rows if row["verb"] == "Delete" or app.order.removal is not None}
    if FAILED in states:
        return "uninstallFailed"
    return "uninstalled" if states == {DONE} else "pendingUninstall"


def follow(ctx: Context, app: MeantApp) -> None:
    """Forget what an earlier job left behind, and send a job again that never began (05 section 14, R6)."""
    lane = app_lane(ctx, app)
    row = ctx.queue.rows.get(run_id(app, lane))
    if row is not None and row["state"] == QUEUED:
        _forget(ctx, app)
    if row is None or row["state"] != DONE or row["attempts"] >= MAX_ATTEMPTS:
        return
    idle = ctx.fact(app.order.proof) in {ABSENT, *app.order.idle}
    if idle and ctx.tx.now - row["updated_at"] >= _STALLED:
        _forget(ctx, app)
        ctx.queue.again(Wanted(f"app|{app.row['id']}|arm", "Add", "", lane=lane).id)
        ctx.queue.again(row["id"])


def unproven(ctx: Context) -> list[CommandRow]:
    """Execs of which nobody knows whether they ran; those of actions have proofs of their own."""
    return [row for row in ctx.queue.unproven(ctx.lanes) if not row["key"].startswith("action|")]


def prove(ctx: Context) -> None:
    """Settle Execs without a Status by what the node says: it ran, or it is sent again."""
    for row in unproven(ctx):
        told = ctx.fact(proof_of(row["uri"]))
        if told is not None:
            ctx.queue.proven(row, ran=told not in {ABSENT, _IDLE.get(row["uri"].rpartition("/")[2])})


def due(ctx: Context, app: MeantApp) -> list[str]:
    """What is to be asked of an app that was ordered and is not there yet."""
    row = ctx.queue.rows.get(run_id(app, app_lane(ctx, app)))
    accepted = row is not None and row["state"] == DONE and row["lane"] in ctx.lanes
    if app.intent != "required" or not accepted or ctx.fact(app.order.status) in app.order.installed:
        return []
    return list(dict.fromkeys((app.order.status, app.order.error, app.order.proof)))


def doubt(ctx: Context, row: CommandRow) -> None:
    """What was known of an unproven order counts no more: it is asked anew."""
    node = proof_of(row["uri"])
    ctx.run.facts.pop(f"{row['lane']}|{node}" if node.startswith("./User/") else node, None)


def _forget(ctx: Context, app: MeantApp) -> None:
    for node in (app.order.status, app.order.proof):
        ctx.run.facts.pop(ctx.fact_key(node), None)


def _hresult(value: str | None) -> str | None:
    if value is None or not value.lstrip("-").isdigit():
        return value
    return f"0x{int(value) & 0xFFFFFFFF:08X}"
