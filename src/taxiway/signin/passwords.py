"""Passwords: argon2id beside the transaction, the same work where there is no account (03 sections 14.3, 15.8)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import TypeVar
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from taxiway.kernel import Busy
from taxiway.signin.errors import PasswordWeak
from taxiway.signin.revocation import revoke_for_password
from taxiway.signin.tables import password as table
from taxiway.signin.weak import guessable
from taxiway.store import Row, Runtime, Tx

T = TypeVar("T")

#: OWASP's minimum for argon2id: 19 MiB, two passes, one lane.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_SHORTEST, _LONGEST = 8, 256

#: At most this many hashes at a time (19 MiB each), and this many callers waiting for one.
_AT_ONCE, _WAITING = 4, 256

#: Stands in for the hash of an account that has none, so that a guess costs the same time.
_DUMMY = "$argon2id$v=19$m=19456,t=2,p=1$dGF4aXdheS1ub2JvZHkhIQ$UHPVSoTHjyP4PJwFQdZOmMq44MsaSOJmdDiPgUXk8Yc"


class _Gate:
    """Bounds the memory that hashing takes."""

    def __init__(self) -> None:
        self.turns = asyncio.Semaphore(_AT_ONCE)
        self.waiting = 0


_gates: WeakKeyDictionary[asyncio.AbstractEventLoop, _Gate] = WeakKeyDictionary()

_find = sa.select(table).where(table.c.tenant == sa.bindparam("t"), table.c.user_id == sa.bindparam("u"))


async def set_password(rt: Runtime, tenant: str, user_id: str, password: str, *, one_time: bool = False) -> None:
    """Give a user a password; ``one_time``: the sign-in page asks for another one at once. Ends earlier sessions."""
    check_strength(password)
    hashed = await hash_secret(rt, password)
    await rt.store.write(tenant, lambda tx: store_password(tx, user_id, hashed, one_time=one_time))


def check_strength(password: str, *, upn: str = "", before: str = "") -> None:
    """Length, and not guessed first (NIST SP 800-63B); raises ``PasswordWeak``. ``upn``: whose it is to be."""
    if not _SHORTEST <= len(password) <= _LONGEST:
        raise PasswordWeak(f"A password has {_SHORTEST} to {_LONGEST} characters.")
    if password == before:
        raise PasswordWeak("The new password is the old one.", remedy="Choose another one.")
    if len(set(password)) < 4:
        raise PasswordWeak("The password repeats too few characters.")
    if guessable(password, re.split(r"[@._-]", upn)):
        raise PasswordWeak("The password is among those that are guessed first.", remedy="Choose a less common one.")


def store_password(tx: Tx, user_id: str, hashed: str, *, one_time: bool) -> None:
    """Keep a hash; a change ends what rested on the old password."""
    known = find(tx, user_id)
    values = {"hash": hashed, "one_time": one_time, "changed_at": tx.now}
    if known is None:
        tx.execute(sa.insert(table).values(tenant=tx.tenant, user_id=user_id, **values))
    else:
        tx.execute(sa.update(table).where(table.c.tenant == tx.tenant, table.c.user_id == user_id).values(**values))
        revoke_for_password(tx, user_id)
    tx.log("password.set", subject=f"user:{user_id}", what={"one_time": one_time})


def find(tx: Tx, user_id: str) -> Row | None:
    """The password row of a user."""
    return tx.one(_find, {"t": tx.tenant, "u": user_id})


async def hash_secret(rt: Runtime, secret: str) -> str:
    """Hash a secret that a person can type."""
    salt = rt.entropy.bytes(16)
    return await _gated(rt, lambda: _HASHER.hash(secret, salt=salt))


async def stronger(rt: Runtime, hashed: str, secret: str) -> str:
    """A hash by today's parameters for a secret that was just right; empty when the old hash still meets them."""
    return await hash_secret(rt, secret) if _HASHER.check_needs_rehash(hashed) else ""


def rehash(tx: Tx, user_id: str, hashed: str) -> None:
    """Keep the same password under stronger parameters: nothing that rested on it ends."""
    mine = (table.c.tenant == tx.tenant) & (table.c.user_id == user_id)
    tx.execute(sa.update(table).where(mine).values(hash=hashed))


async def matches(rt: Runtime, hashed: str | None, secret: str) -> bool:
    """Whether the secret fits the hash; without a hash the answer is no, after the same work."""
    fits = await _gated(rt, lambda: _verify(hashed or _DUMMY, secret[:_LONGEST]))
    return fits and hashed is not None and len(secret) <= _LONGEST


def _verify(hashed: str, secret: str) -> bool:
    try:
        return _HASHER.verify(hashed, secret)
    except (Argon2Error, InvalidHashError):
        return False


async def _gated(rt: Runtime, function: Callable[[], T]) -> T:
    gate = _gates.setdefault(asyncio.get_running_loop(), _Gate())
    if gate.waiting >= _WAITING:
        raise Busy("Too many sign-ins are waiting.", remedy="Try again in a second.")
    gate.waiting += 1
    try:
        async with gate.turns:
            return await rt.workers.run(function)
    finally:
        gate.waiting -= 1
