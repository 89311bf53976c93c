"""Faults on order: what goes wrong between the PC and its servers, and at which message (05 section 12).

    answer-lost@N      the server handles message N and its answer never arrives
    twice@N            message N arrives at the server two times; the PC has the first answer
    late@N             message N gets no answer, is sent again, and arrives once more two messages later
    network:20@N       from message N on there is no network, for 20 seconds of the PC's clock
    status:503@N       instead of the server something in between answers message N, with this HTTP status
    power@N            the power goes when message N has arrived and its answer has not

Messages are counted from 1 over everything the PC sends, also over several times of being switched on.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal, get_args

import httpx

from taxiway.kernel import Clock, TaxiwayError

FaultKind = Literal["answer-lost", "twice", "late", "network", "status", "power"]

_KINDS: Final[tuple[FaultKind, ...]] = get_args(FaultKind)
#: How many messages a late one is late.
_LATE_BY: Final = 2
_AS_TEXT: Final = re.compile(r"([a-z-]+)(?::([0-9.]{1,9}))?@([1-9][0-9]{0,6})")


class NotAFault(TaxiwayError):
    """A fault was ordered that there is none of."""


class PowerLost(BaseException):
    """The power is gone: nothing on the PC goes on, and nothing is written any more."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault at one message. ``amount`` is the status, or the seconds without a network."""

    kind: FaultKind
    at: int
    amount: float = 0

    @classmethod
    def parse(cls, text: str) -> Fault:
        """Read ``kind[:amount]@message``."""
        found = _AS_TEXT.fullmatch(text.strip())
        kind = next((each for each in _KINDS if found is not None and found[1] == each), None)
        if found is None or kind is None:
            raise NotAFault(f"{text!r} is no fault", remedy="Say for example answer-lost@12 or status:503@7.")
        fault = cls(kind, int(found[3]), float(found[2] or 0))
        if fault.kind == "status" and not 200 <= fault.amount <= 599:
            raise NotAFault(f"{text!r} names no HTTP status", remedy="Say for example status:503@7.")
        return fault


@dataclass(slots=True)
class Faults:
    """A plan of faults, and how far the messages have come; each fault happens once."""

    plan: Sequence[Fault] = ()
    sent: int = 0
    happened: list[Fault] = field(default_factory=list)
    twice: list[tuple[bytes, bytes]] = field(default_factory=list)
    """What the server answered both times to what arrived twice."""
    _until: float = 0.0
    _dark: bool = False
    _late: list[tuple[int, httpx.AsyncBaseTransport, httpx.Request]] = field(default_factory=list)

    def power_is_back(self) -> None:
        """Whoever lost power switches on again."""
        self._dark = False

    def between(self, inner: httpx.AsyncBaseTransport, clock: Clock) -> httpx.AsyncBaseTransport:
        """The way to a server with the faults on it."""
        return _Faulty(self, inner, clock)

    async def send(self, inner: httpx.AsyncBaseTransport, clock: Clock, request: httpx.Request) -> httpx.Response:
        """Carry one message, or let happen to it what was ordered."""
        if self._dark:
            raise PowerLost
        self.sent += 1
        await self._catch_up()
        fault = next((each for each in self.plan if each.at == self.sent), None)
        if fault is not None:
            self.happened.append(fault)
            return await self._happen(fault, inner, clock, request)
        if clock.monotonic() < self._until:
            raise httpx.ConnectError("no network", request=request)
        return await inner.handle_async_request(request)

    async def settle(self) -> None:
        """What was still under way arrives."""
        await self._catch_up(everything=True)

    async def _happen(
        self, fault: Fault, inner: httpx.AsyncBaseTransport, clock: Clock, request: httpx.Request
    ) -> httpx.Response:
        match fault.kind:
            case "network":
                self._until = clock.monotonic() + fault.amount
                raise httpx.ConnectError("no network", request=request)
            case "status":
                return httpx.Response(int(fault.amount), request=request)
            case "late":
                self._late.append((self.sent + _LATE_BY, inner, request))
                raise httpx.ReadTimeout("no answer", request=request)
            case "answer-lost" | "power":
                await _swallow(inner, request)
                if fault.kind == "answer-lost":
                    raise httpx.ReadError("the answer is lost", request=request)
                self._dark = True
                raise PowerLost
            case "twice":
                response = await inner.handle_async_request(request)
                body = await response.aread()
                self.twice.append((body, await _swallow(inner, request)))
                return response

    async def _catch_up(self, *, everything: bool = False) -> None:
        due = [each for each in self._late if everything or each[0] <= self.sent]
        self._late = [each for each in self._late if each not in due]
        for _, inner, request in due:
            await _swallow(inner, request)


class _Faulty(httpx.AsyncBaseTransport):
    """A transport with faults on it."""

    def __init__(self, faults: Faults, inner: httpx.AsyncBaseTransport, clock: Clock) -> None:
        self._faults, self._inner, self._clock = faults, inner, clock

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._faults.send(self._inner, self._clock, request)

    async def aclose(self) -> None:
        await self._faults.settle()
        await self._inner.aclose()


async def _swallow(inner: httpx.AsyncBaseTransport, request: httpx.Request) -> bytes:
    """Let a message arrive; the PC does not see its answer."""
    response = await inner.handle_async_request(request)
    body = await response.aread()
    await response.aclose()
    return body


@dataclass(frozen=True, slots=True)
class WrongClock:
    """A clock that is ahead of another, or behind it by a negative span."""

    right: Clock
    ahead: timedelta

    def now(self) -> datetime:
        """The wrong time."""
        return self.right.now() + self.ahead

    def monotonic(self) -> float:
        """Spans of time are right."""
        return self.right.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Spans of time are right."""
        await self.right.sleep(seconds)
