"""Forgetting what ran out: codes, nonces, tokens, sessions, device codes, failures (03 section 15.21).

Each is refused by its time long before; here it goes from the database.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import sqlalchemy as sa

from taxiway.signin import tables
from taxiway.store import Tx

#: Rows that go in one transaction; the next round takes the next ones.
_SLICE = 500
#: The column that says when a row ran out, and how long it is kept afterwards to answer by name.
_ENDS: Sequence[tuple[sa.Table, str, timedelta]] = (
    (tables.auth_code, "expires_at", timedelta(days=1)),
    (tables.used_nonce, "expires_at", timedelta(0)),
    (tables.refresh_token, "expires_at", timedelta(days=1)),
    (tables.prt, "expires_at", timedelta(days=1)),
    (tables.browser_session, "expires_at", timedelta(0)),
    (tables.device_code, "expires_at", timedelta(hours=1)),
    (tables.device_grant, "expires_at", timedelta(0)),
    (tables.bulk_token, "expires_at", timedelta(days=1)),
    (tables.access_pass, "expires_at", timedelta(days=1)),
    (tables.failed_attempt, "changed_at", timedelta(days=1)),
    (tables.familiar_place, "seen_at", timedelta(days=90)),
)


def forget_what_ran_out(tx: Tx) -> bool:
    """Delete what ran out; whether a table may hold more of it."""
    gone = [_forget(tx, table, ends, kept) for table, ends, kept in _ENDS]
    return max(gone) >= _SLICE


def _forget(tx: Tx, table: sa.Table, ends: str, kept: timedelta) -> int:
    """How many rows went."""
    keys = [column for column in table.primary_key if column.name != "tenant"]
    old = (table.c.tenant == tx.tenant) & (table.c[ends] < tx.now - kept)
    some = sa.select(*keys).where(old).limit(_SLICE)
    which = keys[0].in_(some) if len(keys) == 1 else sa.tuple_(*keys).in_(some)
    return tx.execute(sa.delete(table).where(table.c.tenant == tx.tenant, which)).rowcount
