"""What the Enrollment Status Page of a device waits for, since when, and why (P-09, P-10)."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final

from taxiway import enrollment, management
from taxiway.management import EspView, Estimate
from taxiway.store import Tx, entries

#: What quality updates add after the page, as their documentation has it (01 sections 6.6 and 14, P-32).
UPDATES: Final = "20 to 40 minutes more after the page, as Microsoft documents it; nothing was measured here"


def explain_esp(tx: Tx, device: str) -> dict[str, Any] | None:
    """The explanation as JSON; ``device`` is a serial number or the managed device's id. None for an unknown one."""
    managed = enrollment.latest_managed(tx, device)
    if managed is None:
        return None
    view = management.esp_view(tx, managed)
    settings = view.settings
    return {
        "device": managed["serial_number"] or managed["id"],
        "managedDevice": managed["id"],
        "outcome": view.outcome,
        "profile": None if settings is None else _profile(settings),
        "halves": [_half(tx, managed["id"], half) for half in view.halves],
        "waits": _waits(view),
        "estimate": None if view.estimate is None else _estimate(view.estimate),
    }


# ---------------------------------------------------------------------------------------------- inside


def _profile(settings: enrollment.EspSettings) -> dict[str, Any]:
    shown = {
        "name": settings.profile_name,
        "assignedTo": settings.via,
        "shows": settings.show,
        "blocks": settings.block,
        "minutes": settings.timeout_minutes,
    }
    return {**shown, "qualityUpdates": UPDATES} if settings.quality_updates else shown


def _half(tx: Tx, managed_id: str, half: Any) -> dict[str, Any]:
    return {
        "phase": half.phase,
        "who": half.who,
        "state": half.state,
        "since": _time(half.since),
        "deadline": _time(half.deadline),
        "why": _last_move(tx, managed_id, half),
    }


def _last_move(tx: Tx, managed_id: str, half: Any) -> list[dict[str, Any]]:
    """The reasons that the log has for the state."""
    phase = "device" if half.phase == "device setup" else "user"
    for entry in reversed(entries(tx, subject=enrollment.subject_of(tx, managed_id))):
        if entry.kind != "esp.moved" or entry.what.get("managed_device") != managed_id:
            continue
        if (entry.what["phase"], entry.what["to"]) == (phase, half.state):
            return [dict(reason) for reason in entry.why]
    return []


def _waits(view: EspView) -> list[dict[str, Any]]:
    named = [management.named(wait, view.names) for wait in view.waits]
    return [{**asdict(wait), "since": _time(wait.since), "origins": list(wait.origins)} for wait in named]


def _estimate(estimate: Estimate) -> dict[str, Any]:
    apps = [
        {
            "name": app.name,
            "p50": app.p50,
            "p90": app.p90,
            "count": app.count,
            "assumed": app.assumed,
            "source": app.source,
        }
        for app in estimate.apps
    ]
    return {
        "verdict": estimate.verdict,
        "p50": estimate.p50,
        "p90": estimate.p90,
        "secondsLeft": estimate.seconds_left,
        "apps": apps,
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
