"""The loop: make, spoil, send, judge."""

from __future__ import annotations

import json
import resource
import sys
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fuzz.certificates import CERTIFICATES
from fuzz.common import Make
from fuzz.device import DEVICE
from fuzz.documents import DOCUMENTS
from fuzz.extension import EXTENSION
from fuzz.formats import Formats
from fuzz.instance import Answer, Instance, renew_prt
from fuzz.message import Wire, render
from fuzz.mutate import Mutator
from fuzz.pages import PAGES
from fuzz.pc import PcReaders
from fuzz.targets import TARGETS

FINDINGS = Path(__file__).parent / "findings"

#: Seconds an answer may take; a valid one takes 50 ms at most. Megabytes by which the process may grow.
SLOWEST, LARGEST = 2.0, 256
#: What a refused request may write down: that it was refused, and what it counts against.
TRACES = (".refused", ".locked", "tries_spent", "family_revoked", "factor_asked", "registration_asked")
#: The clock moves a second with each request, so that buckets fill up and locks end; a PRT lives for two weeks.
_PRT_LIVES = 500_000
MOST = 10


@dataclass(slots=True)
class Tally:
    """What happened to one target."""

    sent: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    slowest: float = 0.0


@dataclass(slots=True)
class Finding:
    """Something that must not be."""

    target: str
    why: str
    wire: Wire | bytes

    def keep(self, folder: Path, seed: int, number: int) -> Path:
        """Write it to a file from which it can be sent again."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{seed}-{number}-{self.target.replace(' ', '_')}.json"
        sent = self.wire.as_json() if isinstance(self.wire, Wire) else {"bytes": self.wire.hex()}
        path.write_text(json.dumps({"target": self.target, "why": self.why, "seed": seed, **sent}, indent=1), "utf-8")
        return path


class Fuzzer:
    """One run. The seed decides which targets are chosen and what is done to them."""

    def __init__(self, instance: Instance, seed: int) -> None:
        self._it = instance
        self._mutator = Mutator(seed)
        self._formats = Formats(instance.transport_key)
        self._pc = PcReaders(FINDINGS)
        self._made: dict[str, Make] = {**TARGETS, **DEVICE, **PAGES, **DOCUMENTS, **EXTENSION, **CERTIFICATES}
        self._heads: dict[str, int] = {}
        self._known: set[tuple[str, str]] = set()
        self.tallies: dict[str, Tally] = {}
        self.findings: list[Finding] = []
        self.slowest: tuple[float, str] = (0.0, "")
        self._begun_with = _megabytes()

    async def valid(self) -> None:
        """Send each message as it is: one that is refused would make its target worthless."""
        for name, make in self._made.items():
            wire = render(await make(self._it))
            answer = await self._it.send(wire, address="192.0.2.9")
            if answer.status >= 400 and name not in {"user_code", "hello_assertion", "on_behalf_of"}:
                raise SystemExit(
                    f"fuzz: the valid message of '{name}' was answered with {answer.status}: {answer.body!r}"
                )

    async def run(self, *, seconds: float, progress: bool = True) -> None:
        """Go on until the time is over or too much was found."""
        ends, told = time.monotonic() + seconds, time.monotonic()
        while time.monotonic() < ends and len(self.findings) < MOST:
            await self.one()
            if progress and time.monotonic() - told > 5:
                told = time.monotonic()
                print(f"  {self.total:>7} sent, {len(self.findings)} findings", file=sys.stderr, flush=True)

    @property
    def total(self) -> int:
        """How many inputs there were."""
        return sum(tally.sent for tally in self.tallies.values())

    async def one(self) -> None:
        """One input."""
        rng = self._mutator.rng
        if rng.random() < 0.15:
            self._format()
            return
        name = rng.choice(list(self._made))
        message = self._mutator.message(await self._made[name](self._it))
        address = f"10.{rng.randrange(256)}.{rng.randrange(256)}.{rng.randrange(256)}"
        wire = render(message)
        self._it.clock.advance(1)
        if self.total % _PRT_LIVES == _PRT_LIVES - 1:
            await renew_prt(self._it)
        self._heads = self._it.heads()
        try:
            answer = await self._it.send(wire, address=address)
        except Exception:  # noqa: BLE001 - whatever it is, it is a finding
            self._found(name, _last_call(), wire)
            return
        self._count(name, answer.status, answer.seconds)
        self._judge(name, wire, answer)

    def _format(self) -> None:
        readers = self._mutator.rng.choice((self._formats, self._pc))
        name, data, read = readers.one(self._mutator)
        begun = time.perf_counter()
        try:
            read()
        except Exception:  # noqa: BLE001 - whatever it is, it is a finding
            self._found(name, _last_call(), data)
        took = time.perf_counter() - begun
        self._count(name, 0, took)
        if took > SLOWEST:
            self._found(name, f"took {took:.1f} s", data)

    def _judge(self, name: str, wire: Wire, answer: Answer) -> None:
        if answer.status >= 500 and answer.status != 501 and not _is_fault(answer):
            self._found(name, f"answered with {answer.status}: {answer.body[:300]!r}", wire)
        if answer.seconds > SLOWEST:
            self._found(name, f"took {answer.seconds:.1f} s", wire)
        if answer.status >= 400:
            kept = [kind for kind in self._it.kinds(self._heads) if not kind.endswith(TRACES)]
            if kept:
                self._found(name, f"refused with {answer.status}, and yet: {', '.join(kept)}", wire)
        if _megabytes() - self._begun_with > LARGEST:
            self._found(name, f"the process grew by more than {LARGEST} MB", wire)
            self._begun_with = _megabytes()

    def _count(self, name: str, status: int, seconds: float) -> None:
        tally = self.tallies.setdefault(name, Tally())
        tally.sent += 1
        tally.statuses[status] += 1
        tally.slowest = max(tally.slowest, seconds)
        self.slowest = max(self.slowest, (seconds, name))

    def _found(self, name: str, why: str, wire: Wire | bytes) -> None:
        if (name, why) not in self._known:
            self._known.add((name, why))
            self.findings.append(Finding(name, why, wire))


def _is_fault(answer: Answer) -> bool:
    """Whether it is a SOAP fault of a named kind, which comes with 500 (04 section 12)."""
    kind = dict(answer.headers).get(b"content-type", b"")
    return answer.status == 500 and b"soap" in kind and b"InternalServiceFault" not in answer.body


def _last_call() -> str:
    """Where an exception came from, in a line."""
    lines: list[Any] = traceback.format_exc().strip().splitlines()
    places = [line.strip() for line in lines if line.strip().startswith("File") and "taxiway" in line]
    return " at ".join([lines[-1][:200], *places[-1:]])


def _megabytes() -> float:
    """The largest the process has been."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
