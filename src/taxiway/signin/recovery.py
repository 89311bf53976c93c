"""Recovery codes: ten, shown once, each good once, for somebody who lost the authenticator."""

from __future__ import annotations

import sqlalchemy as sa

from taxiway.kernel import Entropy
from taxiway.signin.sealed import digest
from taxiway.signin.tables import recovery_code
from taxiway.store import Tx

_COUNT, _GROUPS, _LENGTH = 10, 4, 4
#: No look-alikes; 31 signs and 16 of them make 79 bits, so a fast hash keeps them.
_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ2345678"


def new_codes(tx: Tx, user_id: str) -> list[str]:
    """A fresh set in place of the old one."""
    forget(tx, user_id)
    codes = [_code(tx.entropy) for _ in range(_COUNT)]
    rows = [{"tenant": tx.tenant, "user_id": user_id, "hash": _hash(code), "used_at": None} for code in codes]
    tx.execute(sa.insert(recovery_code), rows)
    tx.log("recovery_codes.issued", subject=f"user:{user_id}", what={"count": _COUNT})
    return codes


def left(tx: Tx, user_id: str) -> int:
    """How many codes are still good."""
    return int(tx.scalar(sa.select(sa.func.count()).select_from(recovery_code).where(_unused(tx, user_id))) or 0)


def spend(tx: Tx, user_id: str, code: str) -> bool:
    """Whether a code was good; it no longer is."""
    which = _unused(tx, user_id) & (recovery_code.c.hash == _hash(code))
    return tx.execute(sa.update(recovery_code).where(which).values(used_at=tx.now)).rowcount == 1


def forget(tx: Tx, user_id: str) -> None:
    """The authenticator is gone, and its codes with it."""
    mine = (recovery_code.c.tenant == tx.tenant) & (recovery_code.c.user_id == user_id)
    tx.execute(sa.delete(recovery_code).where(mine))


def _unused(tx: Tx, user_id: str) -> sa.ColumnElement[bool]:
    mine = (recovery_code.c.tenant == tx.tenant) & (recovery_code.c.user_id == user_id)
    return mine & recovery_code.c.used_at.is_(None)


def _code(entropy: Entropy) -> str:
    groups = ("".join(_ALPHABET[entropy.below(len(_ALPHABET))] for _ in range(_LENGTH)) for _ in range(_GROUPS))
    return "-".join(groups)


def _hash(code: str) -> str:
    """However it is typed: in small letters, without hyphens, with blanks."""
    return digest("".join(sign for sign in code.upper() if sign.isalnum()))
