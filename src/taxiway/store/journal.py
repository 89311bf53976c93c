"""Reading the one log: by subject, by correlation, from a number on (design, rule 4)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from taxiway.kernel import Entry
from taxiway.store.schema import log
from taxiway.store.unit import Tx


def entries(
    tx: Tx,
    *,
    subject: str | None = None,
    correlation: str | None = None,
    after: int = 0,
    limit: int = 10_000,
) -> list[Entry]:
    """Entries of the tenant in order, after number ``after``."""
    tx.flush()
    statement = sa.select(log).where(log.c.tenant == tx.tenant, log.c.number > after)
    if subject is not None:
        statement = statement.where(log.c.subject == subject)
    if correlation is not None:
        statement = statement.where(log.c.correlation == correlation)
    return [_entry(row) for row in tx.all(statement.order_by(log.c.number).limit(limit))]


def latest(tx: Tx, kinds: Collection[str], *, limit: int = 200) -> list[Entry]:
    """The newest entries of these kinds, newest first."""
    tx.flush()
    mine = (log.c.tenant == tx.tenant) & log.c.kind.in_(tuple(kinds))
    return [_entry(row) for row in tx.all(sa.select(log).where(mine).order_by(log.c.number.desc()).limit(limit))]


def correlations(tx: Tx, subject: str) -> list[str]:
    """The correlation ids under which something happened to ``subject``, oldest first."""
    tx.flush()
    statement = (
        sa.select(log.c.correlation)
        .where(log.c.tenant == tx.tenant, log.c.subject == subject, log.c.correlation != "")
        .group_by(log.c.correlation)
        .order_by(sa.func.min(log.c.number))
    )
    return [row["correlation"] for row in tx.all(statement)]


def _entry(row: dict[str, Any]) -> Entry:
    return Entry(**{**row, "why": tuple(row["why"])})
