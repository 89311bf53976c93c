"""Token buckets in front of what anybody may ask without a proof (03 section 15.8).

They are kept in memory and by each process for itself: a restart forgets who asked how often, and nothing depends on
it. Who guesses secrets is counted in rows instead.
"""

from __future__ import annotations

from taxiway.kernel import Clock

#: So many keys are remembered; a bucket that has filled up again is forgotten first.
_MOST = 10_000


class Throttle:
    """Each key may ask ``burst`` times at once, and ``rate`` times a second in the long run."""

    def __init__(self, clock: Clock, *, burst: int, rate: float) -> None:
        self._clock = clock
        self._burst, self._rate = float(burst), rate
        self._left: dict[str, tuple[float, float]] = {}

    def allow(self, key: str) -> bool:
        """Whether ``key`` may ask now; that counts as asking."""
        now = self._clock.monotonic()
        left, seen = self._left.pop(key, (self._burst, now))
        left = min(self._burst, left + (now - seen) * self._rate)
        allowed = left >= 1
        self._left[key] = (left - 1 if allowed else left, now)
        if len(self._left) > _MOST:
            self._forget(now)
        return allowed

    def _forget(self, now: float) -> None:
        """Forget the full buckets; when there are none, the half of the keys that was not seen for longest."""
        kept = {key: (left, seen) for key, (left, seen) in self._left.items() if self._missing(left, seen, now)}
        self._left = kept if len(kept) <= _MOST else dict(list(kept.items())[_MOST // 2 :])

    def _missing(self, left: float, seen: float, now: float) -> bool:
        return left + (now - seen) * self._rate < self._burst
