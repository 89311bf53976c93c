"""What the sign-in page gives a client to enroll with: opaque, of one user, good for ten minutes and one key.

(04 section 4.2)
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import sqlalchemy as sa

from taxiway import signin
from taxiway.enrollment.errors import NotAuthenticated
from taxiway.enrollment.tables import web_token
from taxiway.store import Tx

LIFETIME: Final = timedelta(minutes=10)
_KIND: Final = "e"

_t = web_token.c
_this = (_t.tenant == sa.bindparam("t")) & (_t.hash == sa.bindparam("h"))
_find = sa.select(web_token).where(_this)
_use = sa.update(web_token).where(_this).values(key_hash=sa.bindparam("k"))
_gone = sa.delete(web_token).where(
    _t.tenant == sa.bindparam("t"), _t.expires_at < sa.bindparam("now", type_=_t.expires_at.type)
)


def issue(tx: Tx, user_id: str) -> str:
    """A token for a user who has just signed in; only its hash is kept."""
    tx.execute(_gone, {"t": tx.tenant, "now": tx.now})
    token = signin.opaque(tx.tenant, tx.entropy.token(32), kind=_KIND)
    values = {"hash": signin.digest(token), "user_id": user_id, "expires_at": tx.now + LIFETIME}
    tx.execute(sa.insert(web_token).values(tenant=tx.tenant, key_hash=None, **values))
    return token


def tenant_of(token: str) -> str | None:
    """The tenant that a token names; only where to look."""
    return signin.tenant_hint(token, kind=_KIND)


def user_of(tx: Tx, token: str) -> str:
    """Whose token it is; raises ``NotAuthenticated`` for one that is unknown or too old. It is not used up by this."""
    row = tx.one(_find, {"t": tx.tenant, "h": signin.digest(token)})
    if row is None or row["expires_at"] <= tx.now:
        raise NotAuthenticated("The sign-in for this enrollment is unknown or too old.", remedy="Sign in again.")
    return str(row["user_id"])


def spend(tx: Tx, token: str, key_hash: str) -> None:
    """Use it for one key; the same key again is the same request, another key is a replay."""
    user_of(tx, token)
    row = tx.one(_find, {"t": tx.tenant, "h": signin.digest(token)})
    if row is not None and row["key_hash"] not in {None, key_hash}:
        raise NotAuthenticated("The sign-in for this enrollment was used before.", remedy="Sign in again.")
    tx.execute(_use, {"t": tx.tenant, "h": signin.digest(token), "k": key_hash})
