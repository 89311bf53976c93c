"""SQLite's checkpoints, beside the writer instead of within its commits.

A checkpoint copies what was committed from the write-ahead log into the database. SQLite does it within a commit as
soon as the log has a thousand pages, and one commit in a few then takes many times as long as the others.
"""

from __future__ import annotations

import sqlite3
import threading
from contextlib import suppress
from pathlib import Path

from sqlalchemy.engine import Engine

#: From so many bytes of log on it is worth the while.
_WORTH = 4 << 20
#: Pages of log at which a commit does it all the same: the log must not outgrow the disk while everybody writes.
MOST_PAGES = 16_384


class Checkpointer:
    """A thread with a connection of its own; it holds up neither the writer nor the readers."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._log = Path(f"{engine.url.database}-wal")
        self._written = threading.Event()
        self._ended = False
        self._thread = threading.Thread(target=self._loop, name="checkpointer", daemon=True)
        self._thread.start()

    def committed(self) -> None:
        """Something was committed."""
        self._written.set()

    def close(self) -> None:
        """End the thread."""
        self._ended = True
        self._written.set()
        self._thread.join()

    def _loop(self) -> None:
        connection = self._engine.raw_connection()
        while True:
            self._written.wait()
            self._written.clear()
            if self._ended:
                break
            with suppress(OSError, sqlite3.Error):  # the next commit asks again
                if self._log.stat().st_size >= _WORTH:
                    connection.cursor().execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        connection.close()
