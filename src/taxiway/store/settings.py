"""The store's section of the settings."""

from __future__ import annotations

from typing import Literal

import msgspec


class StoreSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where data is kept.

    ``database``: a SQLAlchemy address such as ``postgresql+psycopg://user@host/name``; empty: SQLite in the
    data folder.
    ``synchronous``: SQLite's durability; ``FULL`` survives a power cut, ``NORMAL`` a crash of the program.
    """

    database: str = ""
    synchronous: Literal["FULL", "NORMAL"] = "FULL"
