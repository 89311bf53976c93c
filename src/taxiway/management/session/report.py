"""How everything stands on a device after a message: statuses, inventory, compliance (R-123, 02 sections 7 to 9)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from taxiway import enrollment
from taxiway.management.apps import durations, mobile_apps
from taxiway.management.compliance import evaluation, policies
from taxiway.management.configuration import encryption
from taxiway.management.esp import page
from taxiway.management.extension import agent, states
from taxiway.management.extension.plan import Asked, held_back
from taxiway.management.session import standing, statuses, work
from taxiway.management.session.context import Context
from taxiway.management.session.runs import ABSENT
from taxiway.management.tables import device_status
from taxiway.store import Tx

#: Facts that become properties of the managed device.
_SERIAL: Final = "./DevDetail/Ext/Microsoft/SMBIOSSerialNumber"
_STORAGE: Final = "./DevDetail/Ext/Microsoft/TotalStorage"
_FREE: Final = "./DevDetail/Ext/Microsoft/FreeStorage"
_MEMORY: Final = "./DevDetail/Ext/Microsoft/TotalRAM"
_WLAN: Final = "./DevDetail/Ext/WLANMACAddress"
INVENTORY: Final = (_SERIAL, _STORAGE, _FREE, _MEMORY, _WLAN)
_ENCRYPTION_TOLD: Final = "told|encryption"
_MEGABYTE: Final = 1024 * 1024

_s = device_status.c
_mine = (_s.tenant == sa.bindparam("t")) & (_s.managed_id == sa.bindparam("m"))
_one = _mine & (_s.object_kind == sa.bindparam("k")) & (_s.object_id == sa.bindparam("o"))
_statuses = sa.select(device_status).where(_mine)
_forget = sa.delete(device_status).where(_one)
_forget_kind = sa.delete(device_status).where(_mine & (_s.object_kind == sa.bindparam("k")))

_State = tuple[str, dict[str, Any]]


def write_statuses(ctx: Context) -> None:
    """Bring the status rows up to date and log each state that changed.

    What only a user brings is left as it is while that user is not there.
    """
    mine = {"t": ctx.tx.tenant, "m": ctx.managed["id"]}
    stored = {(row["object_kind"], row["object_id"]): row for row in ctx.tx.all(_statuses, mine)}
    current = dict(_states(ctx))
    for key, (state, detail) in current.items():
        known = stored.get(key)
        if detail["name"] is None and known is not None:
            detail["name"] = known["detail"].get("name")  # deleted; its settings are still being taken back
        if known is not None and (known["state"], known["detail"]) == (state, detail):
            continue
        _write(ctx, key, state, detail, known)
        if known is None or known["state"] != state:
            if state == "installed":
                _record_duration(ctx, key[1])
            _log(ctx, key, None if known is None else known["state"], state, detail)
    for kind, object_id in sorted(stored.keys() - current.keys()):
        row = stored[kind, object_id]
        if kind == policies.OBJECT_KIND or _of_somebody_else(ctx, row["detail"]):
            continue
        ctx.tx.execute(_forget, {**mine, "k": kind, "o": object_id})
        _log(ctx, (kind, object_id), row["state"], "removed", {"name": row["detail"].get("name")})


def write_inventory(ctx: Context) -> None:
    """Write the reported facts into the managed device."""
    facts = ctx.run.facts
    texts = {
        "os_version": facts.get(evaluation.OS_VERSION),
        "manufacturer": facts.get("./DevInfo/Man"),
        "model": facts.get("./DevInfo/Mod"),
        "serial_number": facts.get(_SERIAL),
        "wifi_mac_address": facts.get(_WLAN),
    }
    changes: dict[str, Any] = {name: value for name, value in texts.items() if value and value != ABSENT}
    sizes = (
        ("total_storage_space_in_bytes", _STORAGE),
        ("free_storage_space_in_bytes", _FREE),
        ("physical_memory_in_bytes", _MEMORY),
    )
    changes |= {name: int(facts[uri]) * _MEGABYTE for name, uri in sizes if facts.get(uri, "").isdecimal()}
    if evaluation.ENCRYPTION in facts:
        changes["is_encrypted"] = facts[evaluation.ENCRYPTION] == "1"
        _log_encryption(ctx)
    enrollment.update_inventory(ctx.tx, ctx.managed["id"], changes)


def _log_encryption(ctx: Context) -> None:
    """A change of what the device says of its encryption, with its own reasons (R-120)."""
    facts = ctx.run.facts
    told = f"{facts[evaluation.ENCRYPTION]}|{facts.get(evaluation.BITLOCKER)}"
    before = facts.get(_ENCRYPTION_TOLD)
    if told == before or (before is None and told == "0|0"):
        return
    facts[_ENCRYPTION_TOLD] = told
    found = encryption.standing(facts)
    what = {"encrypted": found.value, "status": facts.get(evaluation.BITLOCKER), "managed_device": ctx.managed["id"]}
    ctx.tx.log("encryption.changed", subject=ctx.subject, what=what, why=found.reasons)


def judge(ctx: Context) -> None:
    """Evaluate compliance at the end of a check-in; the primary user's policies count as well (R-123)."""
    primary = ctx.primary
    facts = {uri: value for uri, value in ctx.run.facts.items() if value != ABSENT}
    since = {key: datetime.fromisoformat(value) for key, value in ctx.run.compliance.get("since", {}).items()}
    verdict = policies.judge(ctx.tx, device=ctx.device, user=primary, facts=facts, since=since)
    began = {policy.policy_id: policy.since.isoformat() for policy in verdict.policies if policy.since}
    ctx.run.compliance = {
        "since": began,
        "attested": bool(verdict.needs & evaluation.ATTESTED),
        "reads": sorted(verdict.needs.intersection(evaluation.ON_DEMAND)),
    }
    managed = enrollment.managed_device(ctx.tx, ctx.managed["id"])
    if managed is not None:
        policies.write_verdict(ctx.tx, managed, ctx.device, verdict)
    ctx.tx.change(_forget_kind, {"t": ctx.tx.tenant, "m": ctx.managed["id"], "k": policies.OBJECT_KIND})
    for policy in verdict.policies:
        rules = [{"setting": rule.setting, "state": rule.state, "text": rule.text} for rule in policy.rules]
        key = (policies.OBJECT_KIND, policy.policy_id)
        _write(ctx, key, policy.state, {"name": policy.name, "rules": rules}, None)


def device_states(tx: Tx, managed_id: str, kind: str | None = None) -> list[dict[str, Any]]:
    """How each configuration, app and policy stands on one device."""
    rows = sa.select(device_status).where(device_status.c.tenant == tx.tenant, device_status.c.managed_id == managed_id)
    if kind is not None:
        rows = rows.where(device_status.c.object_kind == kind)
    return tx.all(rows.order_by(device_status.c.object_kind, device_status.c.object_id))


def object_states(tx: Tx, kind: str, object_id: str) -> list[dict[str, Any]]:
    """How one configuration, app or policy stands on each of its devices."""
    rows = sa.select(device_status).where(
        device_status.c.tenant == tx.tenant,
        device_status.c.object_kind == kind,
        device_status.c.object_id == object_id,
    )
    return tx.all(rows.order_by(device_status.c.managed_id))


def installed_on(tx: Tx) -> dict[str, list[str]]:
    """App -> the devices that report it as installed."""
    rows = sa.select(device_status.c.object_id, device_status.c.managed_id).where(
        device_status.c.tenant == tx.tenant,
        device_status.c.object_kind == mobile_apps.OBJECT_KIND,
        device_status.c.state == "installed",
    )
    found: dict[str, list[str]] = {}
    for row in tx.all(rows.order_by(device_status.c.object_id, device_status.c.managed_id)):
        found.setdefault(row["object_id"], []).append(row["managed_id"])
    return found


# ---------------------------------------------------------------------------------------------- inside


def _states(ctx: Context) -> Iterator[tuple[tuple[str, str], _State]]:
    yield from standing.states(ctx)
    for app in ctx.apps:
        if app.row["id"] != agent.AGENT_ID:  # a means, not an app that somebody assigned
            yield (mobile_apps.OBJECT_KIND, app.row["id"]), _app_state(ctx, app)
    yield from _extension_states(ctx)


def _extension_states(ctx: Context) -> Iterator[tuple[tuple[str, str], _State]]:
    """How the agent's apps stand, by what it reported."""
    if not ctx.extension_apps:
        return
    asked = Asked(ctx.tx, ctx.managed, ctx.device, ctx.user, ctx.run, ctx.esp, ctx.extension_apps)
    reported = states.load(ctx.tx, ctx.managed["id"])
    mine = {app.row["id"] for app in ctx.extension_apps}
    needed = [mobile_apps.MeantApp(row, "device", "dependency") for key, row in asked.others.items() if key not in mine]
    meant = {app.row["id"] for app in asked.meant}
    for app in [*ctx.extension_apps, *needed]:
        report = reported.get(("app", app.row["id"], asked.owner(app))) or states.newest(reported, app.row["id"])
        state, detail = states.shown(app, report, held_back=held_back(asked, app))
        if app.intent == "required" and app.row["id"] not in meant:
            state, detail = "notApplicable", {**detail, "text": "Another app takes its place."}
        if app.intent != "dependency" or report is not None:
            yield (mobile_apps.OBJECT_KIND, app.row["id"]), (state, detail)


def _of_somebody_else(ctx: Context, detail: dict[str, Any]) -> bool:
    """Whether only a user brings it who is not here: what became of it shows in that user's sessions."""
    if detail.get("via") != "user":
        return False
    return ctx.user is None or detail.get("user") not in {None, ctx.user["id"]}


def _app_state(ctx: Context, app: mobile_apps.MeantApp) -> _State:
    detail: dict[str, Any] = {"name": app.row["display_name"], "via": app.via, "intent": app.intent}
    if app.via == "user" and ctx.user is not None:
        detail["user"] = ctx.user["id"]
    detail["version"] = app.order.version
    if app.intent == "uninstall":
        return work.removal_state(ctx, app), detail
    if not app.deliverable:
        return "notApplicable", {**detail, "error": "The app has no published content."}
    state, error = work.app_state(ctx, app)
    if state == "pendingInstall" and page.holds_back(ctx, app):
        detail["held_back"] = True
    return state, {**detail, "error": error} if error else detail


def _record_duration(ctx: Context, app_id: str) -> None:
    """An app is there that was not there before: how long that took, for estimates."""
    for app in ctx.apps:
        row = ctx.queue.rows.get(work.run_id(app, work.app_lane(ctx, app)))
        if app.row["id"] == app_id and row is not None:
            durations.record(ctx.tx, app_id, ctx.managed["id"], row["updated_at"])


def _write(ctx: Context, key: tuple[str, str], state: str, detail: dict[str, Any], known: Any) -> None:
    statuses.write(ctx.tx, ctx.managed["id"], key, state, detail, fresh=known is None)


def _log(ctx: Context, key: tuple[str, str], before: str | None, after: str, detail: dict[str, Any]) -> None:
    statuses.log_change(ctx.tx, ctx.subject, ctx.managed["id"], key, before, (after, detail))
