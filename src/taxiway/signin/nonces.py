"""Nonces: a sealed time that needs no row until it is used, and then never again (03 section 7.2)."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from taxiway.signin.errors import NonceInvalid
from taxiway.signin.sealed import Sealer
from taxiway.signin.tables import used_nonce
from taxiway.store import Runtime, Tx

_LIFETIME = timedelta(minutes=5)
_PURPOSE = "nonce"


def make_nonce(rt: Runtime) -> str:
    """A nonce for any tenant."""
    return Sealer(rt).seal(_PURPOSE, {"t": int(rt.clock.now().timestamp())})


def check_nonce(rt: Runtime, nonce: object) -> str:
    """The nonce, if it is one of ours and fresh; raises ``NonceInvalid``. ``use_nonce`` makes it good for once only."""
    body = Sealer(rt).open(_PURPOSE, nonce) if isinstance(nonce, str) else None
    if body is None or rt.clock.now() - datetime.fromtimestamp(body["t"], UTC) > _LIFETIME:
        raise NonceInvalid("The request's nonce is missing or has run out.", remedy="Ask for a new nonce.")
    return str(nonce)


def was_used(tx: Tx, nonce: str) -> bool:
    """Whether a nonce was used in this tenant."""
    mine = (used_nonce.c.tenant == tx.tenant) & (used_nonce.c.hash == _digest(nonce))
    return tx.scalar(sa.select(used_nonce.c.hash).where(mine)) is not None


def use_nonce(tx: Tx, nonce: str) -> None:
    """Mark a nonce as used; raises ``NonceInvalid`` the second time."""
    if not spend_once(tx, nonce, tx.now + 2 * _LIFETIME):
        raise NonceInvalid("The request's nonce was used before.", remedy="Ask for a new nonce.")


def spend_once(tx: Tx, text: str, until: datetime) -> bool:
    """Whether ``text`` comes for the first time; it is remembered until it would be refused for its age."""
    if was_used(tx, text):
        return False
    tx.execute(sa.insert(used_nonce).values(tenant=tx.tenant, hash=_digest(text), expires_at=until))
    return True


def _digest(nonce: str) -> str:
    return hashlib.sha256(nonce.encode()).hexdigest()
