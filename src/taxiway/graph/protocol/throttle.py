"""Throttling as documented: token buckets for each tenant, application and family (02 section 1.10).

Off unless the settings ask for it. The buckets are this process's memory, nothing rests on them: they exist so that
clients can be tried against a service that says 429.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from taxiway.directory import Principal
from taxiway.graph.errors import TooManyRequests
from taxiway.graph.protocol.face import Family
from taxiway.graph.settings import GraphSettings
from taxiway.kernel import Clock

#: So many buckets are kept; when there are more, those that have filled up again go.
_MOST = 10_000
#: From this share of a budget on the directory says how much of it is used.
_WARNED = 0.8


@dataclass(frozen=True, slots=True)
class Budget:
    """So much in so many seconds, for an application in a tenant or for the whole tenant."""

    name: str
    amount: int
    seconds: int
    per_app: bool
    writes: bool


BUDGETS: Mapping[Family, tuple[Budget, ...]] = {
    "intune": (
        Budget("requests", 1_000, 20, per_app=True, writes=False),
        Budget("requests", 2_000, 20, per_app=False, writes=False),
        Budget("writes", 100, 20, per_app=True, writes=True),
        Budget("writes", 200, 20, per_app=False, writes=True),
    ),
    "directory": (
        Budget("ResourceUnitLimitExceeded", 3_500, 10, per_app=True, writes=False),
        Budget("WriteLimitExceeded", 3_000, 150, per_app=True, writes=True),
        Budget("WriteLimitExceeded", 18_000, 300, per_app=False, writes=True),
    ),
}


@dataclass(slots=True)
class _Bucket:
    """What is left of a budget, and when that was so."""

    left: float
    at: float


class Throttle:
    """The buckets of one face."""

    def __init__(self, settings: GraphSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._buckets: dict[tuple[str, ...], _Bucket] = {}

    def take(self, principal: Principal, family: Family, method: str, options: Mapping[str, str]) -> dict[str, str]:
        """Pay for a request; the headers that say so, or ``TooManyRequests``."""
        if not self._settings.throttle:
            return {}
        writes, cost = method != "GET", _units(method, options) if family == "directory" else 1
        meant = [budget for budget in BUDGETS[family] if writes or not budget.writes]
        filled = [(budget, self._bucket(principal, family, budget)) for budget in meant]
        costs = [1 if budget.writes else min(cost, self._size(budget)) for budget in meant]
        waits = [
            ((price - bucket.left) * budget.seconds / self._size(budget), budget)
            for price, (budget, bucket) in zip(costs, filled, strict=True)
            if price > bucket.left
        ]
        if waits:
            raise self._refusal(principal, family, *max(waits, key=lambda wait: wait[0]))
        for price, (_, bucket) in zip(costs, filled, strict=True):
            bucket.left -= price
        if family == "intune":
            return {}
        used = max(1 - bucket.left / self._size(budget) for budget, bucket in filled)
        told = {"x-ms-throttle-limit-percentage": f"{used:.2f}"} if used >= _WARNED else {}
        return {"x-ms-resource-unit": str(cost), **told}

    def _refusal(self, principal: Principal, family: Family, wait: float, budget: Budget) -> TooManyRequests:
        headers = {}
        if family == "directory":
            scope = "Tenant_Application" if budget.per_app else "Tenant"
            headers = {
                "x-ms-throttle-limit-percentage": "1.00",
                "x-ms-throttle-scope": f"{scope}/ReadWrite/{principal.app or principal.id}/{principal.tenant}",
                "x-ms-throttle-information": budget.name,
            }
        after = max(1, math.ceil(wait)) if self._settings.retry_after else None
        return TooManyRequests(
            "Too many requests: the budget of this application or tenant is used up.", after, headers
        )

    def _size(self, budget: Budget) -> int:
        return max(1, int(budget.amount * self._settings.throttle_share))

    def _bucket(self, principal: Principal, family: Family, budget: Budget) -> _Bucket:
        """The bucket as full as it is by now."""
        app = (principal.app or principal.id) if budget.per_app else ""
        key, now, size = (
            (principal.tenant, app, family, str(budget.writes)),
            self._clock.monotonic(),
            self._size(budget),
        )
        bucket = self._buckets.get(key)
        if bucket is None:
            if len(self._buckets) >= _MOST:
                self._forget(now)
            bucket = self._buckets[key] = _Bucket(size, now)
        bucket.left = min(size, bucket.left + (now - bucket.at) * size / budget.seconds)
        bucket.at = now
        return bucket

    def _forget(self, now: float) -> None:
        """Buckets that nobody took from for as long as any budget takes to fill up are as good as new ones."""
        longest = max(budget.seconds for budgets in BUDGETS.values() for budget in budgets)
        self._buckets = {key: each for key, each in self._buckets.items() if now - each.at < longest}


def _units(method: str, options: Mapping[str, str]) -> int:
    """What a request to the directory costs: less where it asks for little, more where it expands."""
    if method != "GET":
        return 1
    units = 2 - ("select" in options) + ("expand" in options)
    return max(1, units)
