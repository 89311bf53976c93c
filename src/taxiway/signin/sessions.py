"""The session of a browser: who signed in there, for the next application (03 sections 3.5 and 15.11)."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from taxiway.signin.model import Proof
from taxiway.signin.sealed import digest, opaque, tenant_hint
from taxiway.signin.tables import browser_session
from taxiway.store import Runtime, Tx

#: Holds the session; the cookie of a page's flow is another one.
COOKIE = "__Host-taxiway-session"

_KIND = "3"
_IDLE, _LONGEST = timedelta(hours=12), timedelta(hours=24)
#: Use is written down this often, not at every request.
_GRAIN = timedelta(minutes=5)

_find = sa.select(browser_session).where(
    browser_session.c.tenant == sa.bindparam("t"), browser_session.c.hash == sa.bindparam("h")
)


def begin(tx: Tx, proof: Proof) -> str:
    """A session for a sign-in that has just been completed; the value of its cookie."""
    token = opaque(tx.tenant, tx.entropy.token(32), kind=_KIND)
    values = {"hash": digest(token), "seen_at": tx.now, "expires_at": tx.now + _LONGEST}
    tx.execute(sa.insert(browser_session).values(tenant=tx.tenant, **values, **proof.row()))
    return token


async def proof_of_cookie(rt: Runtime, cookie: str) -> tuple[str, Proof] | None:
    """Tenant and proof of a session that is still good; a cookie of anything else is as none."""
    tenant = tenant_hint(cookie, kind=_KIND)
    if tenant is None:
        return None
    proof = await rt.store.read(tenant, lambda tx: _live(tx, cookie))
    return None if proof is None else (tenant, proof)


def touch(tx: Tx, cookie: str) -> None:
    """Keep the time of use."""
    row = tx.one(_find, {"t": tx.tenant, "h": digest(cookie)})
    if row is not None and tx.now - row["seen_at"] >= _GRAIN:
        mine = (browser_session.c.tenant == tx.tenant) & (browser_session.c.hash == row["hash"])
        tx.execute(sa.update(browser_session).where(mine).values(seen_at=tx.now))


def end(tx: Tx, cookie: str) -> None:
    """Sign out."""
    mine = (browser_session.c.tenant == tx.tenant) & (browser_session.c.hash == digest(cookie))
    tx.execute(sa.delete(browser_session).where(mine))


def tenant_of(cookie: str) -> str | None:
    """The tenant that a cookie names; only where to look."""
    return tenant_hint(cookie, kind=_KIND)


def _live(tx: Tx, cookie: str) -> Proof | None:
    row = tx.one(_find, {"t": tx.tenant, "h": digest(cookie)})
    if row is None or row["expires_at"] <= tx.now or tx.now - row["seen_at"] > _IDLE:
        return None
    return Proof.of(row)
