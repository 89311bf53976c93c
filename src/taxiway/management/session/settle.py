"""What a Status makes of the command it answers (05 sections 6.4 and 14, R3 to R10); pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from taxiway.wire.csp import lookup

QUEUED: Final = "queued"
SENT: Final = "sent"
#: Sent, no Status, and it may have run: a Get has to prove that it did not before it is sent again.
UNPROVEN: Final = "unproven"
DONE: Final = "done"
FAILED: Final = "failed"
#: Not wanted any more, and not to be taken off the device (05 section 14, R10).
STAYS: Final = "stays"
#: Nothing more is said about the row by itself.
SETTLED: Final = frozenset({DONE, FAILED, STAYS})
MAX_ATTEMPTS: Final = 3
#: Keys of Atomics that must not run twice, as an Exec must not: they enroll or import a certificate.
RUNS_ONCE: Final = "cert|"

#: The content of a row that takes a setting back; once done, the row is forgotten.
RETRACTED: Final = "retracted"
#: The cause of a row whose node takes no Replace and was given another value before: "it is there" is no success then.
HELD_BEFORE: Final = "held before"
#: Codes of a child of an Atomic that tell nothing of the cause (05 section 6.3).
INNOCENT: Final = frozenset({200, 202, 215, 216})

_RETRY: Final = frozenset({214, 215, 216, 500, 503, 508, 510, 511})
#: Nothing is there to delete.
_AS_GOOD: Final = frozenset({("Delete", 404), ("Delete", 405)})
#: Which verb does it where the other one was refused with that code.
_INSTEAD: Final = {404: "Add", 418: "Replace"}
_OTHER: Final = {"Add": "Replace", "Replace": "Add"}

Changes = dict[str, Any]


def outcome(row: Changes, code: int, *, turn: Callable[[str], Changes] | None = None) -> Changes:
    """What changes in the row; ``gone`` where it is to be forgotten.

    ``turn``: for an Atomic, its content with Add for Replace or the other way round.
    """
    if row["hash"] == RETRACTED:
        return _taken_back(row, code)
    verb, again = row["verb"], int(row["attempts"]) < MAX_ATTEMPTS
    fixed = not _takes(row, "Replace") and row["cause"] != HELD_BEFORE
    there = verb == "Add" and code == 418 and (row["data"] is None or fixed)
    if _good(code) or (verb, code) in _AS_GOOD or there:
        return {"state": DONE}
    other = _INSTEAD.get(code)
    if other is not None and again:
        if verb == "Atomic" and turn is not None:
            return {"state": QUEUED, **turn(other)}
        if verb == _OTHER[other] and _takes(row, other):
            return {"state": QUEUED, "verb": other}
    return {"state": QUEUED if code in _RETRY and again else FAILED}


def _taken_back(row: Changes, code: int) -> Changes:
    """A node that is not there is taken back; one that the device does not give up stays, and that is said."""
    if _good(code) or code == 404:
        return {"gone": True}
    again = code in _RETRY and int(row["attempts"]) < MAX_ATTEMPTS
    return {"state": QUEUED if again else STAYS}


def _takes(row: Changes, verb: str) -> bool:
    node = lookup(row["uri"])
    return node is not None and node.allows(verb)


def _good(code: int) -> bool:
    return 200 <= code < 300 and code not in _RETRY
