"""Locking an account name after failures, whether or not there is such an account (03 section 15.8)."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from taxiway.kernel import Reason
from taxiway.signin.errors import AccountLocked
from taxiway.signin.tables import lockout
from taxiway.store import Tx

_LIMIT = 10
_FIRST = timedelta(seconds=60)
_LONGEST = timedelta(hours=1)
#: A name that nobody tried for this long starts anew, and its row goes.
_FORGOTTEN = timedelta(days=1)

_find = sa.select(lockout).where(lockout.c.tenant == sa.bindparam("t"), lockout.c.account == sa.bindparam("a"))


def require_open(tx: Tx, upn: str) -> None:
    """Raise ``AccountLocked`` while the name is locked; a right password makes no difference then."""
    row = tx.one(_find, {"t": tx.tenant, "a": _name(upn)})
    if row is not None and row["locked_until"] is not None and row["locked_until"] > tx.now:
        until = row["locked_until"].strftime("%H:%M:%SZ")
        raise AccountLocked(
            "The account is locked: too many sign-ins failed.",
            reasons=[Reason("locked", f"{row['failed']} sign-ins in a row failed.", {"until": until})],
            remedy="Try again later.",
        )


def failed(tx: Tx, upn: str) -> None:
    """Count a failure; the tenth locks for a minute, each further one for twice as long."""
    row = tx.one(_find, {"t": tx.tenant, "a": _name(upn)})
    count = 1 if row is None or tx.now - row["changed_at"] > _FORGOTTEN else row["failed"] + 1
    values = {"failed": count, "locked_until": None, "changed_at": tx.now}
    if count >= _LIMIT:
        values["locked_until"] = tx.now + min(_LONGEST, _FIRST * 2 ** min(count - _LIMIT, 10))
        tx.log("account.locked", subject=f"tenant:{tx.tenant}", what={"account": _name(upn), "failed": count})
    if row is None:
        tx.execute(sa.delete(lockout).where(lockout.c.tenant == tx.tenant, lockout.c.changed_at < tx.now - _FORGOTTEN))
        tx.execute(sa.insert(lockout).values(tenant=tx.tenant, account=_name(upn), **values))
    else:
        mine = (lockout.c.tenant == tx.tenant) & (lockout.c.account == _name(upn))
        tx.execute(sa.update(lockout).where(mine).values(**values))


def succeeded(tx: Tx, upn: str) -> None:
    """Forget earlier failures."""
    tx.execute(sa.delete(lockout).where(lockout.c.tenant == tx.tenant, lockout.c.account == _name(upn)))


def _name(upn: str) -> str:
    return upn.strip().lower()[:320]
