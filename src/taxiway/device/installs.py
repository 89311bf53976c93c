"""The one queue of everything that installs on the PC (01 sections 6.4 and 6.9, P-11)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class InstallQueue:
    """One installer runs at a time, in the order in which they are ready.

    While the status page guards it, one failure stops it: what has not begun stays as it is (R-69).
    """

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._moving = asyncio.Event()
        self._moving.set()
        self._guarded = False

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn, and while the queue is stopped."""
        async with self._turn:
            await self._moving.wait()
            yield

    @property
    def guarded(self) -> bool:
        """Whether the status page is up."""
        return self._guarded

    async def moving(self) -> None:
        """Wait while the queue is stopped; what begins with a download need not take a turn for it."""
        await self._moving.wait()

    def guard(self) -> None:
        """The status page is up: a failure stops the queue."""
        self._guarded = True

    def release(self) -> None:
        """The status page is over: failures stop nothing, and what waited goes on."""
        self._guarded = False
        self.go_on()

    def failed(self) -> None:
        """An installation failed for good."""
        if self._guarded:
            self._moving.clear()

    def go_on(self) -> None:
        """Let what waits have its turn."""
        self._moving.set()
