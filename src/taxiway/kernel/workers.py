"""Where slow work goes: hashing, signing, key making, parsing of large bodies."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class Workers(Protocol):
    """Runs a blocking function without holding up the event loop."""

    async def run(self, function: Callable[..., T], *args: Any) -> T:
        """The function's result."""
        ...

    def close(self) -> None:
        """Wait for what runs, take nothing new."""
        ...


class ThreadWorkers:
    """A few threads: the heavy parts of argon2, RSA and SQLite release the interpreter's lock."""

    def __init__(self, count: int = 2) -> None:
        self._pool = ThreadPoolExecutor(max_workers=count, thread_name_prefix="worker")

    async def run(self, function: Callable[..., T], *args: Any) -> T:
        """Run in one of the threads."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, lambda: function(*args))

    def close(self) -> None:
        """Wait for the threads."""
        self._pool.shutdown(wait=True, cancel_futures=True)


class InlineWorkers:
    """Runs at once, in the caller: for virtual time, where everything is one event loop."""

    async def run(self, function: Callable[..., T], *args: Any) -> T:
        """Run here and now."""
        return function(*args)

    def close(self) -> None:
        """Nothing to wait for."""
