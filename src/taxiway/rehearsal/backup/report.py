"""What became of a backup that was taken in: made, left as it was, kept without a model, refused."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Refused:
    """Something that could not be taken: where it stands, and why."""

    where: str
    why: str


@dataclass(slots=True)
class Settings:
    """The settings of catalogue policies: how many, which were read off their ids, which have no OMA-URI.

    Each with its policy, its id, and its OMA-URI or why it has none.
    """

    all: int = 0
    derived: list[tuple[str, str, str]] = field(default_factory=list)
    unresolved: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def known(self) -> int:
        """Those whose node is in the table of CSP facts."""
        return self.all - len(self.derived) - len(self.unresolved)


@dataclass(slots=True)
class Report:
    """What became of it all.

    ``made`` and ``there``: per collection; ``opaque``: per type, the names of what is kept without a model;
    ``findings``: what the tenant said of an object that it made.
    """

    made: Counter[str] = field(default_factory=Counter)
    there: Counter[str] = field(default_factory=Counter)
    opaque: dict[str, list[str]] = field(default_factory=dict)
    findings: list[tuple[str, str]] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    settings: Settings = field(default_factory=Settings)

    def note(self, text: str) -> None:
        """Something to be known, once."""
        if text not in self.notes:
            self.notes.append(text)
