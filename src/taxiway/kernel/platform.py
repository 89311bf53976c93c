"""What differs between operating systems: the one module that may import what only POSIX has."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Take uvloop where it is installed, else asyncio's own loop."""
    if sys.platform == "win32":
        return None
    try:
        import uvloop
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory


def on_stop(callback: Callable[[], None]) -> None:
    """Call ``callback`` in the running loop when the program is asked to end (Ctrl+C, or a termination signal)."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, callback)
        except NotImplementedError:  # Windows: signals arrive between two turns of the loop
            with contextlib.suppress(ValueError):
                signal.signal(number, lambda *_: loop.call_soon_threadsafe(callback))
