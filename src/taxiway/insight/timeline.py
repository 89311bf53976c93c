"""What the service recorded of one deployment, from the profile lookup to the desktop, with time per phase.

A deployment is what a device did under one correlation id, which it keeps from the lookup to the desktop, and what the
service decided about it in between (design, rule 4).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from taxiway import autopilot, directory, enrollment
from taxiway.kernel import Entry
from taxiway.store import Tx, entries, eq

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)

#: The phases in their order; each lasts until the entry that ends it.
PHASES: Final = (
    "profile",
    "sign-in",
    "join",
    "enrollment",
    "device setup",
    "account setup",
    "desktop",
)
_ENDS: Final = {
    "profile.handed_out": "profile",
    "signin.completed": "sign-in",
    "device.joined": "join",
    "device.enrolled": "enrollment",
}
_ESP: Final = {"device": "device setup", "user": "account setup"}
_SETTLED: Final = frozenset({"done", "off", "failed"})
_SHOWN: Final = ("name", "display_name", "profile", "upn", "error", "from", "to", "phase", "serial", "state")


@dataclass(frozen=True, slots=True)
class Moment:
    """One entry of a timeline: when, in which phase, what happened, and why."""

    time: datetime
    phase: str
    kind: str
    text: str
    what: dict[str, Any]
    why: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Phase:
    """A phase and how long it took, in whole milliseconds."""

    name: str
    milliseconds: int


@dataclass(frozen=True, slots=True)
class Timeline:
    """A deployment. ``seconds`` is the wall clock from the first to the last entry: exactly the sum of the phases."""

    serial: str
    correlation: str
    entries: tuple[Moment, ...]
    phases: tuple[Phase, ...]
    seconds: float


def timeline(tx: Tx, serial: str) -> Timeline | None:
    """The latest deployment of the device with this serial number; None for a device nobody knows."""
    subjects = subjects_of(tx, serial)
    return None if not subjects else _of(serial, _deployment(tx, subjects))


def subjects_of(tx: Tx, serial: str) -> list[str]:
    """Under which names the log speaks of a device: registration, Entra object, managed device."""
    found: list[str] = []
    record = autopilot.record_of_serial(tx, serial)
    if record is not None:
        found.append(f"autopilot:{record['id']}")
        anchor = directory.DEVICES.find(tx, eq("ztdid", record["id"]))
        found += [] if anchor is None else [f"device:{anchor['id']}"]
    for managed in enrollment.MANAGED.select(tx, eq("serial_number", serial)):
        entra_id, ztdid = enrollment.links_of(tx, managed["id"])
        found += [f"managed:{managed['id']}"]
        found += [f"device:{entra_id}"] if entra_id else []
        found += [f"autopilot:{ztdid}"] if ztdid else []
    return list(dict.fromkeys(found))


def _deployment(tx: Tx, subjects: Sequence[str]) -> list[Entry]:
    """The entries of the latest run: those of its correlation, and those about the device since it began."""
    about = {entry.number: entry for subject in subjects for entry in entries(tx, subject=subject)}
    steps = [entry for _, entry in sorted(about.items()) if entry.kind in _ENDS and entry.correlation]
    if not steps:
        return []
    correlation = steps[-1].correlation
    own = {e.number: e for e in entries(tx, correlation=correlation) if _concerns(e, subjects)}
    first = min(own)
    return [entry for number, entry in sorted((about | own).items()) if number >= first]


def _concerns(entry: Entry, subjects: Sequence[str]) -> bool:
    """Whether an entry of the same correlation is about this device or its user, not about another device."""
    return entry.subject in subjects or entry.subject.startswith("user:")


def _of(serial: str, found: Sequence[Entry]) -> Timeline:
    spent: dict[str, int] = {}
    moments: list[Moment] = []
    reached, before = 0, _milliseconds(found[0].time) if found else 0
    for entry in found:
        ended = _ended(entry)
        if ended is not None and PHASES.index(ended) >= reached:
            phase, reached = ended, min(PHASES.index(ended) + 1, len(PHASES) - 1)
        else:
            phase = PHASES[reached]
        now = max(_milliseconds(entry.time), before)
        spent[phase] = spent.get(phase, 0) + now - before
        before = now
        moments.append(Moment(entry.time, phase, entry.kind, _text(entry), dict(entry.what), _why(entry)))
    phases = tuple(Phase(name, spent[name]) for name in PHASES if name in spent)
    correlation = found[0].correlation if found else ""
    return Timeline(serial, correlation, tuple(moments), phases, sum(spent.values()) / 1000)


def _ended(entry: Entry) -> str | None:
    """The phase that an entry ends."""
    if entry.kind == "esp.moved":
        settled = entry.what.get("to") in _SETTLED
        return _ESP.get(str(entry.what.get("phase"))) if settled else None
    return _ENDS.get(entry.kind)


def _text(entry: Entry) -> str:
    """A line for people: what happened, and the facts that tell it apart."""
    noun, _, verb = entry.kind.partition(".")
    facts = ", ".join(f"{name} {entry.what[name]}" for name in _SHOWN if entry.what.get(name))
    words = f"{noun} {verb}".replace("_", " ")
    return f"{words}: {facts}" if facts else words


def _why(entry: Entry) -> tuple[dict[str, Any], ...]:
    return tuple(dict(reason) for reason in entry.why)


def _milliseconds(moment: datetime) -> int:
    """Whole milliseconds, so that the phases sum to the whole without rounding."""
    return (moment - _EPOCH) // _MILLISECOND


def shown(made: Timeline) -> dict[str, Any]:
    """The JSON of a timeline."""
    return {
        "serial": made.serial,
        "correlation": made.correlation,
        "seconds": made.seconds,
        "entries": [_moment_json(moment) for moment in made.entries],
        "phases": [
            {"name": phase.name, "milliseconds": phase.milliseconds, "seconds": phase.milliseconds / 1000}
            for phase in made.phases
        ],
    }


def _moment_json(moment: Moment) -> dict[str, Any]:
    return {
        "time": moment.time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "phase": moment.phase,
        "kind": moment.kind,
        "text": moment.text,
        "what": moment.what,
        "why": list(moment.why),
    }
