"""Will the apps be there before the page's time is over? From recorded installs, or not at all (P-10)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

Verdict = Literal["fits", "tight", "will time out", "cannot say"]

#: Fewer records than this are no ground for a number.
ENOUGH: Final = 5
#: What is shown instead. No source gives a time for an installer nobody has seen: a guess, and a verdict that rests on
#: it is none.
_ASSUMED_P50: Final = 120.0
_ASSUMED_P90: Final = 360.0
_MEASURED: Final = "recorded installs of this app"


@dataclass(frozen=True, slots=True)
class Expected:
    """What an app is expected to take, in seconds; ``count`` records of its own stand behind it."""

    app_id: str
    name: str
    p50: float
    p90: float
    count: int

    @property
    def assumed(self) -> bool:
        """Whether the numbers are not measured."""
        return self.count < ENOUGH

    @property
    def source(self) -> str:
        """Where the numbers come from."""
        if self.assumed:
            return f"assumed by taxiway: {self.count} recorded, {ENOUGH} are needed"
        return f"{self.count} {_MEASURED}"


@dataclass(frozen=True, slots=True)
class Estimate:
    """All apps one after the other, against the seconds that are left."""

    apps: tuple[Expected, ...]
    seconds_left: float

    @property
    def p50(self) -> float:
        """The seconds that half of the deployments should keep to."""
        return sum(app.p50 for app in self.apps)

    @property
    def p90(self) -> float:
        """The seconds of an unlucky one; the sum of the apps' own, so rather too long than too short."""
        return sum(app.p90 for app in self.apps)

    @property
    def verdict(self) -> Verdict:
        """Nothing is said that rests on an assumption."""
        if any(app.assumed for app in self.apps):
            return "cannot say"
        if self.p90 <= self.seconds_left:
            return "fits"
        return "tight" if self.p50 <= self.seconds_left else "will time out"


def expect(app_id: str, name: str, seconds: Sequence[float]) -> Expected:
    """What an app is expected to take; ``seconds`` are its records, shortest first."""
    count = len(seconds)
    if count < ENOUGH:
        return Expected(app_id, name, _ASSUMED_P50, _ASSUMED_P90, count)
    return Expected(app_id, name, _percentile(seconds, 0.5), _percentile(seconds, 0.9), count)


def _percentile(seconds: Sequence[float], share: float) -> float:
    """The smallest record that ``share`` of all do not exceed."""
    return seconds[max(0, math.ceil(share * len(seconds)) - 1)]
