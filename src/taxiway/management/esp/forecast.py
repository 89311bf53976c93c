"""What the page of a deployment will wait for, before there is one: what is meant now, frozen as it would be (P-10)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from taxiway.enrollment import EspSettings
from taxiway.kernel import Reason
from taxiway.management.apps import durations, mobile_apps
from taxiway.management.apps.estimate import Estimate, Expected, expect
from taxiway.management.configuration.meant import Meant
from taxiway.management.configuration.resolution import resolve
from taxiway.management.model import Conflict
from taxiway.store import Row, Tx

Via = Literal["device", "user"]


@dataclass(frozen=True, slots=True)
class Forecast:
    """Configurations by name, what is to be said of them, and the apps of both halves against the page's time."""

    configurations: tuple[str, ...]
    conflicts: tuple[Conflict, ...]
    findings: tuple[Reason, ...]
    device: Estimate
    user: Estimate


def forecast(tx: Tx, *, device: Row | None, user: Row | None, settings: EspSettings) -> Forecast:
    """What a device and its user would be given if they enrolled now."""
    resolved = resolve(tx, device=device, user=user)
    seconds = settings.timeout_minutes * 60.0
    halves = [
        Estimate(expected_apps(tx, via, device=device, user=user, settings=settings), seconds)
        for via in ("device", "user")
    ]
    findings = tuple(reason for each in resolved.meant for reason in _findings(each))
    names = tuple(each.name for each in resolved.meant)
    return Forecast(names, resolved.effective.conflicts, findings, *halves)


def expected_apps(
    tx: Tx,
    via: Via,
    *,
    device: Row | None,
    user: Row | None,
    settings: EspSettings,
    there: Collection[str] = (),
) -> tuple[Expected, ...]:
    """The required apps that one half waits for, ``there`` those that are installed already."""
    return tuple(
        expect(app.row["id"], app.row["display_name"], durations.recorded(tx, app.row["id"]))
        for app in mobile_apps.meant_apps(tx, device=device, user=user)
        if app.via == via
        and app.intent == "required"
        and app.deliverable
        and app.row["id"] not in there
        and (via == "user" or not settings.selected_apps or app.row["id"] in settings.selected_apps)
    )


def _findings(each: Meant) -> list[Reason]:
    """What saving it had to say (P-13)."""
    said = each.row.get("findings") or []
    return [Reason(f"configuration.{one['code']}", f"'{each.name}': {one['text']}") for one in said]
