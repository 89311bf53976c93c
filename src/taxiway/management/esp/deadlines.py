"""When the page of a device or of one of its users has to be over: no state lasts for ever (05 section 14, R24)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from taxiway.management.session.runs import Run

#: The states of the device's half that a time limit ends, and of a user's half.
RUNNING: Final = ("opening", "collecting", "sent", "released")
USER_RUNNING: Final = ("seen", "collecting", "sent", "released")
#: The device counts its minutes from a moment we do not see; ours end a little later.
SLACK: Final = timedelta(minutes=5)


def start(record: dict[str, Any], now: datetime, minutes: int) -> None:
    """Give a half of the page its minutes; ``record`` is the device's or a user's."""
    record["deadline"] = (now + timedelta(minutes=minutes) + SLACK).isoformat()


def of(record: dict[str, Any]) -> datetime | None:
    """When a half has to be over."""
    told = record.get("deadline")
    return None if told is None else datetime.fromisoformat(told)


def passed(record: dict[str, Any], now: datetime) -> bool:
    """Whether the minutes are over."""
    deadline = of(record)
    return deadline is not None and now > deadline


def earliest(run: Run) -> datetime | None:
    """When somebody has to look at the page again, though the device may not come."""
    records = [run.esp] if run.esp_state in RUNNING else []
    records += [mine for mine in run.esp.get("users", {}).values() if mine["state"] in USER_RUNNING]
    return min((deadline for record in records if (deadline := of(record)) is not None), default=None)
