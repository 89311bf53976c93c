"""Ending what was issued: for a user, a device, a credential, a family of refresh tokens (03 sections 7.9 and 15.5).

The rule, for codes, refresh tokens, PRTs and access tokens alike:

- a user who is disabled, deleted or whose sessions an administrator revokes: everything of the user ends;
- a device that is disabled, deleted or joined anew: everything that names the device ends;
- a password that changes: what a sign-in with a password began ends. Signing in with a Windows Hello key or a Temporary
  Access Pass takes no password, so what began that way goes on;
- a Windows Hello key that is replaced: what a sign-in with it began ends; access tokens live out their hour.

What has a row is ended in its row; access tokens have none and are measured against a mark.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from taxiway.signin.model import PASSWORD
from taxiway.signin.tables import (
    auth_code,
    browser_session,
    bulk_token,
    device_grant,
    prt,
    refresh_token,
    revocation,
)
from taxiway.store import Tx

_find = sa.select(sa.func.max(revocation.c.not_before)).where(
    revocation.c.tenant == sa.bindparam("t"), revocation.c.subject.in_(sa.bindparam("s", expanding=True))
)

#: What is marked as ended, so that its later use is answered by name, and what simply goes.
_MARKED: Sequence[sa.Table] = (refresh_token, prt)
_DROPPED: Sequence[sa.Table] = (auth_code, browser_session, device_grant)


def revoke_for_user(tx: Tx, user_id: str) -> None:
    """End everything that was issued to a user."""
    for table in (*_MARKED, *_DROPPED, bulk_token):
        _end(tx, table, table.c.user_id == user_id)
    _mark(tx, f"user:{user_id}")
    tx.log("sessions.revoked", subject=f"user:{user_id}")


def revoke_for_device(tx: Tx, device_id: str) -> None:
    """End everything that names a device."""
    for table in (*_MARKED, *_DROPPED):
        _end(tx, table, table.c.device_id == device_id)
    _mark(tx, f"device:{device_id}")


def revoke_for_password(tx: Tx, user_id: str) -> None:
    """End what a sign-in with the user's password began."""
    for table in (*_MARKED, *_DROPPED):
        _end(tx, table, (table.c.user_id == user_id) & (table.c.rests_on == PASSWORD))
    _mark(tx, f"password:{user_id}")


def revoke_for_key(tx: Tx, user_id: str, key_id: str) -> None:
    """End what a sign-in with a Windows Hello key began."""
    for table in (*_MARKED, *_DROPPED):
        _end(tx, table, (table.c.user_id == user_id) & (table.c.rests_on == key_id))


def revoke_for_client(tx: Tx, app_id: str) -> None:
    """End every refresh token of a client."""
    _end(tx, refresh_token, refresh_token.c.client_id == app_id)


def revoke_family(tx: Tx, family: str) -> None:
    """End the refresh tokens that came from one sign-in."""
    _end(tx, refresh_token, refresh_token.c.family == family)


def ended_before(tx: Tx, *, user_id: str | None, device_id: str | None, amr: Sequence[str]) -> datetime | None:
    """An access token of this user, device and methods that was issued before this moment no longer counts."""
    subjects = [f"user:{user_id}"] if user_id else []
    if user_id and "pwd" in amr:
        subjects.append(f"password:{user_id}")
    if device_id:
        subjects.append(f"device:{device_id}")
    return tx.scalar(_find, {"t": tx.tenant, "s": subjects}) if subjects else None


def _end(tx: Tx, table: sa.Table, which: sa.ColumnElement[bool]) -> None:
    mine = table.c.tenant == tx.tenant
    if table not in _MARKED:
        tx.execute(sa.delete(table).where(mine, which))
        return
    tx.execute(sa.update(table).where(mine, which, table.c.revoked_at.is_(None)).values(revoked_at=tx.now))


def _mark(tx: Tx, subject: str) -> None:
    mine = (revocation.c.tenant == tx.tenant) & (revocation.c.subject == subject)
    if tx.execute(sa.update(revocation).where(mine).values(not_before=tx.now)).rowcount == 0:
        tx.execute(sa.insert(revocation).values(tenant=tx.tenant, subject=subject, not_before=tx.now))
