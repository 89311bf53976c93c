"""Work that goes on in the background of the PC: downloads, installers, encryption."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from taxiway.kernel import Clock


class Jobs:
    """Running jobs by name; one that ends wakes whoever waits. A job's own fault shows where it is waited for."""

    def __init__(self) -> None:
        self._running: dict[str, asyncio.Task[None]] = {}
        self._ended = asyncio.Event()
        self._faults: list[BaseException] = []

    def running(self, name: str) -> bool:
        """Whether a job of that name runs."""
        return name in self._running

    def start(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Run a job, unless it runs already."""
        if name in self._running:
            work.close()
            return
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._running[name] = task
        task.add_done_callback(lambda done: self._end(name, done))

    async def wait(self, clock: Clock, seconds: float) -> None:
        """Wait until a job ends, at most ``seconds``."""
        timer = asyncio.ensure_future(clock.sleep(seconds))
        ended = asyncio.ensure_future(self._ended.wait())
        try:
            await asyncio.wait({timer, ended}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()
            ended.cancel()
        self._ended.clear()
        self._raise_fault()

    async def settle(self, name: str) -> None:
        """Wait until a job has ended, if it runs."""
        task = self._running.get(name)
        if task is not None:
            await asyncio.wait({task})
        self._raise_fault()

    async def drain(self, clock: Clock, seconds: float) -> None:
        """Let everything come to its end, at most for so long."""
        deadline = clock.monotonic() + seconds
        while self._running and (left := deadline - clock.monotonic()) > 0:
            await self.wait(clock, left)

    async def close(self) -> None:
        """Power is off: everything stops where it is."""
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _end(self, name: str, task: asyncio.Task[None]) -> None:
        self._running.pop(name, None)
        if not task.cancelled() and (fault := task.exception()) is not None:
            self._faults.append(fault)
        self._ended.set()

    def _raise_fault(self) -> None:
        if self._faults:
            raise self._faults.pop()
