"""What a complete deployment costs the server, beside its crypto floor."""

from __future__ import annotations

import os
import time
from collections import Counter
from pathlib import Path

from bench import floor
from bench.server import InProcess
from taxiway import app
from taxiway.device import Host, Outcome
from taxiway.kernel import FreshKeys, PooledKeys, SystemEntropy, ThreadWorkers
from taxiway.rehearsal.fleet import Seat, power_on
from taxiway.rehearsal.plan import read_plan
from taxiway.rehearsal.server import Addresses, LocalServer
from taxiway.rehearsal.tutorial import Tutorial, endpoints

_TICKS = os.sysconf("SC_CLK_TCK")
ONE_AFTER_ANOTHER = 8
AT_ONCE = 20


async def measure(folder: Path) -> dict[str, float]:
    """Server CPU per deployment, deployments per second, and the floor."""
    counts = await _counts(folder / "counted")
    async with LocalServer(folder / "server") as server:
        addresses = await server.start()
        files = app.Files(folder / "server")
        costs = floor.unit_costs(files.chain, files.key)
        run = _Run(addresses, folder, server.pid)
        cpu = await run.cpu_per_deployment()
        rate = await run.rate()
    crypto = sum(costs[name] * count for name, count in counts.items())
    return {
        **{f"floor.{name.replace(' ', '_')}_ms": costs[name] * 1000 for name in costs},
        **{f"floor.{name.replace(' ', '_')}_count": float(count) for name, count in counts.items()},
        "deployment.server_cpu_s": cpu,
        "deployment.crypto_floor_s": crypto,
        "deployment.ratio": cpu / crypto,
        "deployment.per_second": rate,
    }


class _Run:
    """One prepared tenant with enough sealed PCs for both measurements."""

    def __init__(self, addresses: Addresses, folder: Path, pid: int) -> None:
        self._workers = ThreadWorkers(1)
        keys = PooledKeys([FreshKeys().rsa() for _ in range((ONE_AFTER_ANOTHER + AT_ONCE) * 4)])
        self._tutorial = _tutorial(addresses, folder, Host(self._workers, keys=keys))
        self._pid = pid
        self._seats: list[Seat] = []

    async def cpu_per_deployment(self) -> float:
        """CPU seconds of the server, all its threads, for one deployment among several in a row."""
        async with self._tutorial.administrator() as admin:
            self._seats = await self._tutorial.prepare(admin, ONE_AFTER_ANOTHER + AT_ONCE)
        before = cpu_of(self._pid)
        for seat in self._seats[:ONE_AFTER_ANOTHER]:
            _check(await power_on([seat], endpoints(self._tutorial.server), self._tutorial.watcher))
        return (cpu_of(self._pid) - before) / ONE_AFTER_ANOTHER

    async def rate(self) -> float:
        """Deployments per second with many PCs at the same time; the PCs work on the same machine."""
        start = time.monotonic()
        _check(
            await power_on(self._seats[ONE_AFTER_ANOTHER:], endpoints(self._tutorial.server), self._tutorial.watcher)
        )
        return AT_ONCE / (time.monotonic() - start)


async def _counts(folder: Path) -> Counter[str]:
    """How often the server runs each expensive operation for one deployment, the set-up left out."""
    server = InProcess(folder / "server")
    async with server.serving() as addresses:
        tutorial = _tutorial(addresses, folder, Host(ThreadWorkers(1)))
        async with tutorial.administrator() as admin:
            seats = await tutorial.prepare(admin, 1)
        with floor.counted() as counts:
            _check(await power_on(seats, endpoints(addresses), tutorial.watcher))
    return counts


def _tutorial(addresses: Addresses, folder: Path, host: Host) -> Tutorial:
    return Tutorial(
        addresses,
        read_plan(),
        folder / "pcs",
        host,
        SystemEntropy(),
        progress=lambda *_: None,
        watcher=lambda *_: None,
    )


def _check(outcomes: list[Outcome]) -> None:
    for outcome in outcomes:
        if outcome.reached != "desktop":
            raise SystemExit(f"bench: {outcome.serial} did not reach the desktop: {outcome.failure}")


def cpu_of(pid: int) -> float:
    """User and system CPU seconds of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS
