"""Which deployment profile a device gets, as a pure decision with its reasons (01 section 7.3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from taxiway import directory
from taxiway.autopilot.entities import DEVICES, PROFILES, PROJECTION
from taxiway.kernel import Decision, Reason
from taxiway.store import Memory, Row, Tx

#: The name of profiles in the directory's assignments.
OBJECT_KIND = "autopilot_profile"
#: The reason that another profile reaches the device as well.
OUTRANKED = "profile.outranked"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A profile that reaches the device; ``explicit`` through a group, not through "all devices"."""

    row: Row
    explicit: bool
    reasons: tuple[Reason, ...] = ()


def choose_profile(candidates: Sequence[Candidate]) -> Decision[Candidate | None]:
    """A profile of a group before one for all devices (R-94); among equals the priority, else the oldest (R-93)."""
    ranked = sorted(candidates, key=lambda one: (not one.explicit, *_rank(one.row)))
    if not ranked:
        text = "No deployment profile is assigned to a group of this device, and none to all devices."
        return Decision(None, (Reason("profile.none", text),))
    winner = ranked[0]
    name = winner.row["display_name"]
    how = "through a group" if winner.explicit else "to all devices"
    first = Reason("profile.chosen", f"The profile '{name}' is assigned {how}.", {"profile": winner.row["id"]})
    return Decision(winner, (first, *winner.reasons, *(_outranked(winner, other) for other in ranked[1:])))


def outranks(profile: Row, other: Row) -> bool:
    """Whether a profile comes before another that reaches the device in the same way."""
    return _rank(profile) < _rank(other)


def _rank(row: Row) -> tuple[Any, ...]:
    """Profiles have priorities all of them or none, as the tenant chose (P-24)."""
    return row["priority"] or 0, row["created_at"], row["id"]


#: What was decided, by the edition of what decides and by those of a device's groups that profiles name.
_decided: Final = Memory[Decision[Candidate | None]](50_000)
_named: Final = Memory[frozenset[str]](100)


def decide(tx: Tx, object_id: str) -> Decision[Candidate | None]:
    """The choice for a device object of the directory.

    Profiles take no filters, so devices in the same groups get the same one: it is remembered until what decides
    changes (``projection.renew``).
    """
    state = PROJECTION.get(tx, tx.tenant)
    edition = (tx.tenant, None if state is None else state["word"])
    named = _named.recall(tx, edition, lambda: directory.groups_named(tx, OBJECT_KIND))
    groups = directory.groups_of(tx, "device", object_id) & named
    if not groups and directory.find_device(tx, id=object_id) is None:
        return _no_device("The registration has no device object any more.")  # and is no choice for those that have
    return _decided.recall(tx, (*edition, groups), lambda: _decide(tx, object_id))


def _decide(tx: Tx, object_id: str) -> Decision[Candidate | None]:
    device = directory.find_device(tx, id=object_id)
    found = directory.meant(tx, OBJECT_KIND, device=device, user=None)
    candidates = []
    for row in PROFILES.of_ids(tx, {match.object_id for match in found}, by="display_name"):
        matches = [match for match in found if match.object_id == row["id"]]
        explicit = [match for match in matches if match.target.kind == "group"]
        reasons = tuple(reason for match in explicit or matches for reason in match.reasons)
        candidates.append(Candidate(row, bool(explicit), reasons))
    return choose_profile(candidates)


def effective_profile(tx: Tx, autopilot_id: str) -> Decision[Row | None]:
    """The profile that the registered device would be given now."""
    record = DEVICES.get(tx, autopilot_id)
    if record is None:
        return _no_device("The device is not registered.")
    decision = decide(tx, record["device_object_id"])
    return Decision(None if decision.value is None else decision.value.row, decision.reasons)


def _no_device(text: str) -> Decision[Any]:
    return Decision(None, (Reason("profile.no_device", text),))


def anchor_of(tx: Tx, record: Row) -> Row | None:
    """The directory's object of a registered device."""
    return directory.find_device(tx, id=record["device_object_id"])


def _outranked(winner: Candidate, other: Candidate) -> Reason:
    name = other.row["display_name"]
    alike = "is older" if winner.row["priority"] is None else "has the higher priority"
    why = alike if winner.explicit == other.explicit else "is assigned to a group, which comes first"
    text = f"The profile '{name}' is assigned as well; the chosen one {why}."
    return Reason(OUTRANKED, text, {"profile": other.row["id"], "alike": winner.explicit == other.explicit})
