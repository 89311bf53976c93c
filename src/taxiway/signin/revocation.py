"""Ending what was issued: for a user, for a device, for a family of refresh tokens (03 sections 7.9 and 15.5)."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from taxiway.signin.tables import prt, refresh_token, revocation
from taxiway.store import Tx

_find = sa.select(revocation.c.not_before).where(
    revocation.c.tenant == sa.bindparam("t"), revocation.c.subject == sa.bindparam("s")
)


def revoke_for_user(tx: Tx, user_id: str) -> None:
    """End every refresh token and PRT of a user; access tokens of before are refused from now on."""
    for table in (refresh_token, prt):
        _end(tx, table, table.c.user_id == user_id)
    _mark(tx, f"user:{user_id}")
    tx.log("sessions.revoked", subject=f"user:{user_id}")


def revoke_for_device(tx: Tx, device_id: str) -> None:
    """End every refresh token and PRT of a device; access tokens of before are refused from now on."""
    for table in (refresh_token, prt):
        _end(tx, table, table.c.device_id == device_id)
    _mark(tx, f"device:{device_id}")


def revoke_for_client(tx: Tx, app_id: str) -> None:
    """End every refresh token of a client."""
    _end(tx, refresh_token, refresh_token.c.client_id == app_id)


def revoke_family(tx: Tx, family: str) -> None:
    """End the refresh tokens that came from one sign-in."""
    _end(tx, refresh_token, refresh_token.c.family == family)


def not_before(tx: Tx, subject: str) -> datetime | None:
    """What was issued to ``user:<id>`` or ``device:<id>`` before this moment no longer counts."""
    found: datetime | None = tx.scalar(_find, {"t": tx.tenant, "s": subject})
    return found


def _end(tx: Tx, table: sa.Table, which: sa.ColumnElement[bool]) -> None:
    tx.execute(
        sa.update(table)
        .where(table.c.tenant == tx.tenant, which, table.c.revoked_at.is_(None))
        .values(revoked_at=tx.now)
    )


def _mark(tx: Tx, subject: str) -> None:
    mine = (revocation.c.tenant == tx.tenant) & (revocation.c.subject == subject)
    if tx.execute(sa.update(revocation).where(mine).values(not_before=tx.now)).rowcount == 0:
        tx.execute(sa.insert(revocation).values(tenant=tx.tenant, subject=subject, not_before=tx.now))
