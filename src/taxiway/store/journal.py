"""Reading the one log: by subject, by correlation, from a number on (design, rule 4)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from taxiway.kernel import Entry
from taxiway.store.schema import log
from taxiway.store.unit import Tx

#: So many entries are looked through for one page: a page that finds little ends early and says where to go on.
WINDOW = 10_000
#: By so much the times of two processes may differ, and their entries be out of the order of time.
_MARGIN = timedelta(minutes=1)
_last = sa.select(log.c.number).where(log.c.tenant == sa.bindparam("t")).order_by(log.c.number.desc()).limit(1)
_time_from = (
    sa.select(log.c.number, log.c.time)
    .where(log.c.tenant == sa.bindparam("t"), log.c.number >= sa.bindparam("n"))
    .order_by(log.c.number)
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class Sought:
    """Which entries are meant; what is None does not matter. ``mentions``: an id in the subject or in the facts."""

    kinds: tuple[str, ...]
    since: datetime | None = None
    until: datetime | None = None
    actor: str | None = None
    mentions: str | None = None
    correlation: str | None = None


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


def head(tx: Tx) -> int:
    """The number of the tenant's last entry, 0 where there is none."""
    tx.flush()
    return int(tx.scalar(_last, {"t": tx.tenant}) or 0)


def since(tx: Tx, kinds: Collection[str], *, after: int, limit: int) -> tuple[list[Entry], int, bool]:
    """Entries of these kinds after a number, oldest first; the number to go on from; whether there are more."""
    last = head(tx)
    top = min(after + WINDOW, last)
    mine = (log.c.tenant == tx.tenant) & log.c.number.between(after + 1, top) & log.c.kind.in_(tuple(kinds))
    found = [_entry(row) for row in tx.all(sa.select(log).where(mine).order_by(log.c.number).limit(limit))]
    reached = found[-1].number if len(found) == limit else max(top, after)
    return found, reached, reached < last


def browse(tx: Tx, sought: Sought, *, before: int | None = None, limit: int = 100) -> tuple[list[Entry], int | None]:
    """Entries below number ``before``, newest first, and the number to go on from (None at the end)."""
    if not sought.kinds:
        return [], None
    last = head(tx)
    top = last if before is None else min(before - 1, last)
    if sought.until is not None:
        top = min(top, _first_at(tx, sought.until + _MARGIN, last) - 1)
    floor = 1 if sought.since is None else _first_at(tx, sought.since - _MARGIN, last)
    bottom = max(floor, top - WINDOW + 1)
    statement = sa.select(log).where(log.c.tenant == tx.tenant, log.c.number.between(bottom, top), *_meant(sought))
    found = [_entry(row) for row in tx.all(statement.order_by(log.c.number.desc()).limit(limit))]
    if len(found) == limit:
        return found, found[-1].number
    return found, bottom if bottom > floor else None


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


def _meant(sought: Sought) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = [log.c.kind.in_(sought.kinds)]
    if sought.since is not None:
        found.append(log.c.time >= sought.since)
    if sought.until is not None:
        found.append(log.c.time <= sought.until)
    if sought.actor is not None:
        found.append(log.c.actor == sought.actor)
    if sought.correlation is not None:
        found.append(log.c.correlation == sought.correlation)
    if sought.mentions is not None:
        facts = sa.cast(log.c.what, sa.Text)
        found.append(
            sa.or_(
                log.c.subject.endswith(f":{sought.mentions}", autoescape=True),
                facts.contains(sought.mentions, autoescape=True),
            )
        )
    return found


def _first_at(tx: Tx, moment: datetime, last: int) -> int:
    """The first number at or after a moment, one past the last where there is none: numbers run with time."""
    low, high = 1, last + 1
    while low < high:
        middle = (low + high) // 2
        row = tx.one(_time_from, {"t": tx.tenant, "n": middle})
        if row is None or row["time"] >= moment:
            high = middle
        else:
            low = int(row["number"]) + 1
    return low
