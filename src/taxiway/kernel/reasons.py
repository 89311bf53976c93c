"""Why a decision came out as it did (design, rule 5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reason:
    """One step of a decision: a stable code, a sentence for people, and the facts it rests on."""

    code: str
    text: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The shape that is written to the log and shown by faces."""
        return {"code": self.code, "text": self.text, **({"facts": dict(self.facts)} if self.facts else {})}


@dataclass(frozen=True, slots=True)
class Decision(Generic[T]):
    """A value and the reasons that led to it."""

    value: T
    reasons: tuple[Reason, ...] = ()
