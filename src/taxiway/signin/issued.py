"""Codes, refresh tokens and PRTs as rows: only their hashes are kept (03 sections 15.4, 15.5 and 7.5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from taxiway.signin.errors import CodeExpired, GrantRevoked
from taxiway.signin.model import Proof
from taxiway.signin.revocation import revoke_family
from taxiway.signin.sealed import digest, opaque
from taxiway.signin.tables import auth_code, prt, refresh_token
from taxiway.store import Row, Tx

CODE, REFRESH, PRT, BULK = "1", "0", "2", "3"

PRT_SECONDS = 1_209_599
_CODE_LIVES = timedelta(minutes=5)
#: Without a challenge nothing but time and the redirect URI protects a code (03 section 15.3).
_BARE_CODE_LIVES = timedelta(seconds=60)
_SLIDING, _ABSOLUTE = timedelta(days=90), timedelta(days=180)
_PRT_LIVES = timedelta(seconds=PRT_SECONDS)

#: A rotated token still works this long, for an answer that got lost or a second request on its way.
_GRACE = timedelta(seconds=60)


_of_hash = {
    table: sa.select(table).where(table.c.tenant == sa.bindparam("t"), table.c.hash == sa.bindparam("h"))
    for table in (auth_code, refresh_token, prt)
}
_insert = {table: sa.insert(table) for table in (auth_code, refresh_token, prt)}
_use = {
    table: sa.update(table)
    .where(table.c.tenant == sa.bindparam("t"), table.c.hash == sa.bindparam("h"))
    .values(used_at=sa.bindparam("now"))
    for table in (auth_code, refresh_token)
}


@dataclass(frozen=True, slots=True)
class CodeFor:
    """What a code is bound to."""

    client_id: str
    redirect_uri: str
    challenge: str
    nonce: str
    resource: str
    scope: str


def new_code(tx: Tx, bound: CodeFor, proof: Proof) -> str:
    """A code, good once within five minutes; the family it founds ends if it is used twice."""
    code = opaque(tx.tenant, tx.entropy.token(24), kind=CODE)
    values = {
        "hash": digest(code),
        "client_id": bound.client_id,
        "redirect_uri": bound.redirect_uri,
        "challenge": bound.challenge,
        "nonce": bound.nonce,
        "resource": bound.resource,
        "scope": bound.scope,
        "family": tx.entropy.uuid(),
        "expires_at": tx.now + (_CODE_LIVES if bound.challenge else _BARE_CODE_LIVES),
    }
    tx.change(_insert[auth_code], {"tenant": tx.tenant, "used_at": None, **values, **proof.row()})
    return code


def find_code(tx: Tx, code: str) -> Row | None:
    """The row of a code."""
    return _find(tx, auth_code, code)


def spend_code(tx: Tx, row: Row) -> None:
    """Mark a code as used."""
    tx.change(_use[auth_code], {"t": tx.tenant, "h": row["hash"], "now": tx.now})


def new_refresh_token(
    tx: Tx, proof: Proof, *, client_id: str, resource: str, scope: str, before: Row, confidential: bool = False
) -> str:
    """A refresh token of the family of ``before`` (a code or the token that is rotated).

    ``confidential``: the client proved itself, and has to whenever it uses the token.
    """
    token = opaque(tx.tenant, tx.entropy.token(32), kind=REFRESH)
    absolute = before.get("absolute_at") or tx.now + _ABSOLUTE
    values = {
        "hash": digest(token),
        "family": before["family"],
        "client_id": client_id,
        "resource": resource,
        "scope": scope,
        "confidential": confidential,
        "issued_at": tx.now,
        "expires_at": min(tx.now + _SLIDING, absolute),
        "absolute_at": absolute,
    }
    unused = {"used_at": None, "revoked_at": None}
    tx.change(_insert[refresh_token], {"tenant": tx.tenant, **unused, **values, **proof.row()})
    return token


def find_refresh_token(tx: Tx, token: str) -> Row | None:
    """The row of a refresh token."""
    return _find(tx, refresh_token, token)


def rotate(tx: Tx, row: Row) -> bool:
    """Use a refresh token; False, and the end of its family, when it was used before and the grace is over."""
    if row["used_at"] is None:
        tx.change(_use[refresh_token], {"t": tx.tenant, "h": row["hash"], "now": tx.now})
        return True
    return borrow(tx, row)


def borrow(tx: Tx, row: Row) -> bool:
    """Use the refresh token of another client of the family, which goes on using it; False as with ``rotate``."""
    if row["used_at"] is None or tx.now - row["used_at"] <= _GRACE:
        return True
    revoke_family(tx, row["family"])
    return False


def new_prt(tx: Tx, proof: Proof, session_key: bytes, *, before: Row | None = None) -> str:
    """A PRT and its session key, which is sealed to its row. ``before``: the PRT that it renews."""
    token = opaque(tx.tenant, tx.entropy.token(32), kind=PRT)
    hashed = digest(token)
    values: dict[str, Any] = {
        "hash": hashed,
        "family": before["family"] if before is not None else tx.entropy.uuid(),
        "previous": before["hash"] if before is not None else None,
        "session_key": tx.seal(session_key, "prt", "session_key", hashed),
        "issued_at": tx.now,
        "expires_at": tx.now + _PRT_LIVES,
    }
    tx.execute(sa.insert(prt).values(tenant=tx.tenant, **values, **proof.row()))
    return token


def find_prt(tx: Tx, token: str) -> tuple[Row, bytes] | None:
    """The row of a PRT, also of one that ended, and its session key."""
    row = _find(tx, prt, token)
    return None if row is None else (row, tx.unseal(row["session_key"], "prt", "session_key", row["hash"]))


def use_prt(tx: Tx, hashed: str) -> Row:
    """Use a PRT; the first use of a renewed one ends the one before. Raises ``GrantRevoked`` or ``CodeExpired``."""
    mine = (prt.c.tenant == tx.tenant) & (prt.c.hash == hashed)
    row = tx.one(sa.select(prt).where(mine))
    if row is None or row["revoked_at"] is not None:
        raise GrantRevoked("The primary refresh token was revoked.", remedy="Sign in again.")
    if row["expires_at"] <= tx.now:
        raise CodeExpired("The primary refresh token has expired.", remedy="Sign in again.")
    if row["previous"] is not None:
        before = (prt.c.tenant == tx.tenant) & (prt.c.hash == row["previous"])
        tx.execute(sa.update(prt).where(before, prt.c.revoked_at.is_(None)).values(revoked_at=tx.now))
        tx.execute(sa.update(prt).where(mine).values(previous=None))
    return row


def _find(tx: Tx, table: sa.Table, secret: str) -> Row | None:
    return tx.one(_of_hash[table], {"t": tx.tenant, "h": digest(secret)})
