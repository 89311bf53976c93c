"""What the PC tells whoever watches it: screens, steps, the status page, failures, the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeAlias

EspPhaseName: TypeAlias = Literal["device preparation", "device setup", "account setup"]
ItemState: TypeAlias = Literal["notStarted", "inProgress", "succeeded", "failed", "notRequired"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened on the PC at a moment of its clock."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenShown(Event):
    """A page of OOBE is on the screen (01 section 9.1)."""

    name: str
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepDone(Event):
    """A step of the deployment is done and written to the disk."""

    step: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class EspPhaseChanged(Event):
    """A section of the Enrollment Status Page changed (05 section 11.2)."""

    phase: EspPhaseName
    state: ItemState


@dataclass(frozen=True, slots=True, kw_only=True)
class EspItemChanged(Event):
    """A line of the Enrollment Status Page changed: ``text`` as shown, ``done`` of ``total``."""

    phase: EspPhaseName
    item: str
    state: ItemState
    text: str
    done: int = 0
    total: int = 0
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted(Event):
    """A line of the PC's own event log, by the number administrators look for (06 section 3.12)."""

    number: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed(Event):
    """A step ended with a code; ``buttons`` are what the page offers, ``text`` what it says to the person."""

    step: str
    code: str
    reason: str
    buttons: tuple[str, ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished(Event):
    """The PC came to rest."""

    reached: str


Listener: TypeAlias = Callable[[Event], None]


def as_json(event: Event) -> dict[str, Any]:
    """The event as a line of the event stream: its name, its moment in UTC, and what it says."""
    said = asdict(event)
    return {"event": type(event).__name__, **said, "at": event.at.isoformat(timespec="milliseconds")}
