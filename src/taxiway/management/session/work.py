"""What a device and its user are to be told of apps, as commands (05 sections 9.4 and 10.5)."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from taxiway.management.apps.mobile_apps import MeantApp
from taxiway.management.model import DEVICE_LANE, Wanted
from taxiway.management.session.context import Context
from taxiway.management.session.queue import DONE, FAILED, MAX_ATTEMPTS, QUEUED
from taxiway.management.session.runs import ABSENT

INSTALLED: Final = "70"
#: Not enforced, or not downloaded; the page's "Try again" may still mend either.
INSTALL_FAILED: Final = frozenset({"60", "30"})
_ARMED: Final = "10"
#: How long a job may sit without having begun before it is sent again (05 section 14, R6).
_STALLED: Final = timedelta(minutes=10)


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


def prove(ctx: Context) -> None:
    """Settle Execs without a Status by what the node says: it ran, or it is sent again."""
    for row in ctx.queue.unproven(ctx.lanes):
        told = ctx.fact(status_node(row["uri"]))
        if told is not None:
            ctx.queue.proven(row, ran=told not in {ABSENT, _ARMED})


def status_node(job_uri: str) -> str:
    """The status beside an installation's DownloadInstall."""
    return f"{job_uri.rpartition('/')[0]}/Status"


def _hresult(value: str | None) -> str | None:
    if value is None or not value.lstrip("-").isdigit():
        return value
    return f"0x{int(value) & 0xFFFFFFFF:08X}"
