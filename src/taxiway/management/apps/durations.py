"""How long apps took to install, as recorded: from the order the device took to the first word that it is there (P-10).

Installers run one after the other, so the time starts no earlier than the end of the one before on the same device.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa

from taxiway.management.tables import app_install
from taxiway.store import Tx

#: So many of the newest records are read: an installer of two years ago says little about today's.
_READ: Final = 500
_MILLISECOND: Final = timedelta(milliseconds=1)
_a = app_install.c


def record(tx: Tx, app_id: str, managed_id: str, ordered_at: datetime) -> None:
    """An app is there; an earlier record of the same app on the same device is replaced."""
    others = sa.select(sa.func.max(_a.ended_at)).where(_a.tenant == tx.tenant, _a.managed_id == managed_id)
    before = tx.scalar(others)
    began = ordered_at if before is None else max(ordered_at, before)
    mine = {"tenant": tx.tenant, "app_id": app_id, "managed_id": managed_id}
    of = sa.delete(app_install).where(*(app_install.c[name] == value for name, value in mine.items()))
    tx.execute(of)
    spent = max(0, (tx.now - began) // _MILLISECOND)
    tx.execute(sa.insert(app_install).values(**mine, milliseconds=spent, ended_at=tx.now))


def recorded(tx: Tx, app_id: str) -> list[float]:
    """The seconds of an app's newest records, shortest first."""
    newest = (
        sa.select(_a.milliseconds)
        .where(_a.tenant == tx.tenant, _a.app_id == app_id)
        .order_by(_a.ended_at.desc())
        .limit(_READ)
    )
    return sorted(row["milliseconds"] / 1000 for row in tx.all(newest))


def forget(tx: Tx, app_id: str) -> None:
    """An app is gone, and its records with it."""
    tx.execute(sa.delete(app_install).where(_a.tenant == tx.tenant, _a.app_id == app_id))
