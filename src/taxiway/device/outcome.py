"""How a deployment ended, and where its time went."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

Reached: TypeAlias = Literal["desktop", "unmanaged", "failed"]


@dataclass(frozen=True, slots=True)
class Encryption:
    """The system volume: the method, empty when it is not encrypted, and whether its key is in the directory."""

    method: str = ""
    escrowed: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """Where it stopped, the code on the screen and the sentence behind it."""

    step: str
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of a deployment as the PC saw it.

    ``phases`` are (name, seconds); together they are exactly the wall clock from the first power-on to the end, time
    without power included.
    """

    reached: Reached
    serial: str
    device_name: str
    entra_device_id: str = ""
    intune_device_id: str = ""
    user: str = ""
    profile_name: str = ""
    encryption: Encryption = Encryption()
    hello: str = ""
    failure: Failure | None = None
    phases: tuple[tuple[str, float], ...] = ()
    correlation: str = ""

    @property
    def seconds(self) -> float:
        """The wall clock of the whole deployment."""
        return sum(round(seconds * 1000) for _, seconds in self.phases) / 1000


def milliseconds(moment: datetime) -> int:
    """The moment as whole milliseconds since 1970, the unit in which phases are cut."""
    return int(moment.timestamp() * 1000)


def durations(marks: list[tuple[str, int]], end: int) -> tuple[tuple[str, float], ...]:
    """Cut the time from the first mark to ``end`` at the marks; equal neighbours are one phase."""
    phases: list[tuple[str, int]] = []
    for (name, start), stop in zip(marks, [at for _, at in marks[1:]] + [end], strict=True):
        if phases and phases[-1][0] == name:
            phases[-1] = (name, phases[-1][1] + stop - start)
        else:
            phases.append((name, stop - start))
    return tuple((name, spent / 1000) for name, spent in phases)
