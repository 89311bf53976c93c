"""Codes, refresh tokens and PRTs as rows: only their hashes are kept (03 sections 15.4, 15.5 and 7.5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from taxiway.signin.model import Proof
from taxiway.signin.revocation import revoke_family
from taxiway.signin.sealed import digest, opaque
from taxiway.signin.tables import auth_code, prt, refresh_token
from taxiway.store import Row, Tx

CODE, REFRESH, PRT = "1", "0", "2"

PRT_SECONDS = 1_209_599
_CODE_LIVES = timedelta(minutes=5)
_CODE_KEPT = timedelta(days=1)
_SLIDING, _ABSOLUTE = timedelta(days=90), timedelta(days=180)
_PRT_LIVES = timedelta(seconds=PRT_SECONDS)

#: A rotated token still works this long, for an answer that got lost or a second request on its way.
_GRACE = timedelta(seconds=60)


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
    old = (auth_code.c.tenant == tx.tenant) & (auth_code.c.expires_at < tx.now - _CODE_KEPT)
    tx.execute(sa.delete(auth_code).where(old))
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
        "expires_at": tx.now + _CODE_LIVES,
    }
    tx.execute(sa.insert(auth_code).values(tenant=tx.tenant, **values, **proof.row()))
    return code


def find_code(tx: Tx, code: str) -> Row | None:
    """The row of a code."""
    return _find(tx, auth_code, code)


def spend_code(tx: Tx, row: Row) -> None:
    """Mark a code as used."""
    mine = (auth_code.c.tenant == tx.tenant) & (auth_code.c.hash == row["hash"])
    tx.execute(sa.update(auth_code).where(mine).values(used_at=tx.now))


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
    tx.execute(sa.insert(refresh_token).values(tenant=tx.tenant, **values, **proof.row()))
    return token


def find_refresh_token(tx: Tx, token: str) -> Row | None:
    """The row of a refresh token."""
    return _find(tx, refresh_token, token)


def rotate(tx: Tx, row: Row) -> bool:
    """Use a refresh token; False, and the end of its family, when it was used before and the grace is over."""
    if row["used_at"] is None:
        mine = (refresh_token.c.tenant == tx.tenant) & (refresh_token.c.hash == row["hash"])
        tx.execute(sa.update(refresh_token).where(mine).values(used_at=tx.now))
        gone = (refresh_token.c.tenant == tx.tenant) & (refresh_token.c.family == row["family"])
        tx.execute(sa.delete(refresh_token).where(gone, refresh_token.c.expires_at < tx.now))
        return True
    return borrow(tx, row)


def borrow(tx: Tx, row: Row) -> bool:
    """Use the refresh token of another client of the family, which goes on using it; False as with ``rotate``."""
    if row["used_at"] is None or tx.now - row["used_at"] <= _GRACE:
        return True
    revoke_family(tx, row["family"])
    return False


def new_prt(tx: Tx, proof: Proof, session_key: bytes) -> str:
    """A PRT and its session key, which is sealed to its row."""
    token = opaque(tx.tenant, tx.entropy.token(32), kind=PRT)
    hashed = digest(token)
    values: dict[str, Any] = {
        "hash": hashed,
        "family": tx.entropy.uuid(),
        "session_key": tx.seal(session_key, "prt", "session_key", hashed),
        "issued_at": tx.now,
        "expires_at": tx.now + _PRT_LIVES,
    }
    tx.execute(
        sa.delete(prt).where(prt.c.tenant == tx.tenant, prt.c.user_id == proof.user_id, prt.c.expires_at < tx.now)
    )
    tx.execute(sa.insert(prt).values(tenant=tx.tenant, **values, **proof.row()))
    return token


def find_prt(tx: Tx, token: str) -> tuple[Row, bytes] | None:
    """The row of a PRT that is still good, and its session key."""
    row = _find(tx, prt, token)
    if row is None or row["revoked_at"] is not None or row["expires_at"] <= tx.now:
        return None
    return row, tx.unseal(row["session_key"], "prt", "session_key", row["hash"])


def _find(tx: Tx, table: sa.Table, secret: str) -> Row | None:
    return tx.one(sa.select(table).where(table.c.tenant == tx.tenant, table.c.hash == digest(secret)))
