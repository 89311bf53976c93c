"""Token signing keys: made, published ahead of use, rotated, retired (03 sections 2.3 and 15.10)."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from joserfc.jwk import RSAKey

from taxiway.signin.tables import signing_key
from taxiway.store import SYSTEM, Runtime, Tx

#: A key signs this long, is published a day before it does, and is believed until what it signed has run out.
_SIGNS = timedelta(days=90)
_AHEAD = timedelta(hours=24)
_LINGERS = timedelta(hours=26)

#: So long a process signs by what it last found. A key that another one made meanwhile does not sign for a day anyway.
_LOOKS = timedelta(seconds=60)
#: What 03 section 15.10 asks for; every client takes at least this.
BITS = 3072

_SEEN, _ROWS = "signing_keys", "signing_key_rows"

_mine = signing_key.c.tenant == SYSTEM
_by_kid = sa.select(signing_key).where(_mine, signing_key.c.kid == sa.bindparam("k"))
_alive = (
    sa.select(signing_key)
    .where(_mine, signing_key.c.retire_at > sa.bindparam("now", type_=signing_key.c.retire_at.type))
    .order_by(signing_key.c.active_from, signing_key.c.kid)
)

_extend = (
    sa.update(signing_key)
    .where(_mine, signing_key.c.kid == sa.bindparam("k"))
    .values(retire_at=sa.bindparam("until", type_=signing_key.c.retire_at.type))
)


@dataclass(frozen=True, slots=True)
class SigningKey:
    """The key that signs now."""

    kid: str
    key: RSAKey


async def signing_keys(rt: Runtime) -> SigningKey:
    """The key that signs now; makes the first one, and the next one a day before it is due."""
    now = rt.clock.now()
    rows = await _known(rt, now)
    if _due(rows, now):
        rows = await _make_next(rt)
        now = rt.clock.now()  # the first key is active from the moment it was stored
    rt.store.memo[_SEEN] = tuple(row["kid"] for row in rows)
    current = [row for row in rows if row["active_from"] <= now][-1]
    # A key never changes under its kid, so nothing has to invalidate the opened one.
    known: SigningKey | None = rt.store.memo.get(f"signing_key:{current['kid']}")
    if known is None:
        known = SigningKey(current["kid"], await rt.store.read(SYSTEM, lambda tx: _open(tx, current)))
        rt.store.memo[f"signing_key:{current['kid']}"] = known
    return known


async def _known(rt: Runtime, now: datetime) -> list[dict[str, Any]]:
    """The keys as last looked at; again after a minute, and when another key is due."""
    last: tuple[datetime, list[dict[str, Any]]] | None = rt.store.memo.get(_ROWS)
    if last is not None and last[0] <= now < last[0] + _LOOKS and not _due(last[1], now):
        return last[1]
    rows = await rt.store.read(SYSTEM, lambda tx: tx.all(_alive, {"now": now}))
    rt.store.memo[_ROWS] = (now, rows)
    return rows


def seen(rt: Runtime) -> tuple[str, ...]:
    """The keys this process last found: whatever key it signs with is among them, however new."""
    known: tuple[str, ...] = rt.store.memo.get(_SEEN, ())
    return known


def published(tx: Tx, *, issuer: str = "") -> list[dict[str, Any]]:
    """The key set: current, next and recently retired keys, in the shape clients know."""
    return [_public(row, issuer) for row in tx.all(_alive, {"now": tx.now})]


def public_key(tx: Tx, kid: str) -> RSAKey | None:
    """The key that ``kid`` names, while it is believed."""
    row = tx.one(_by_kid, {"k": kid})
    return _parse_public(row["certificate"]) if row is not None and row["retire_at"] > tx.now else None


def _due(rows: list[dict[str, Any]], now: datetime) -> bool:
    if not any(row["active_from"] <= now for row in rows):
        return True
    newest: datetime = rows[-1]["active_from"]
    return newest + _SIGNS - _AHEAD <= now


async def _make_next(rt: Runtime) -> list[dict[str, Any]]:
    """Make a key beside the transaction; the write checks that nobody else did meanwhile."""
    key = await rt.workers.run(rt.keys.rsa, BITS)
    certificate = await rt.workers.run(_self_signed, key, rt.clock.now(), rt.entropy.bytes(15))
    private = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    rows = await rt.store.write(SYSTEM, lambda tx: _add(tx, private, certificate))
    rt.store.memo[_ROWS] = (rt.clock.now(), rows)
    return rows


def _add(tx: Tx, private: bytes, certificate: bytes) -> list[dict[str, Any]]:
    rows = tx.all(_alive, {"now": tx.now})
    if not _due(rows, tx.now):
        return rows
    first = not any(row["active_from"] <= tx.now for row in rows)
    # However late it is made: nobody may have to know a key that was not published a day ahead. The one before it
    # goes on signing until then, and is believed accordingly.
    active_from = tx.now if first else tx.now + _AHEAD
    kid = base64.urlsafe_b64encode(hashlib.sha1(certificate, usedforsecurity=False).digest()).rstrip(b"=").decode()
    row = {
        "tenant": SYSTEM,
        "kid": kid,
        "private_key": tx.seal(private, "signing_key", "private_key", kid),
        "certificate": base64.b64encode(certificate).decode(),
        "created_at": tx.now,
        "active_from": active_from,
        "retire_at": active_from + _SIGNS + _LINGERS,
    }
    if not first:
        before = {"k": rows[-1]["kid"], "until": active_from + _LINGERS}
        tx.execute(_extend, before)
    tx.execute(sa.insert(signing_key), [row])
    tx.log("signing_key.created", subject=f"signing_key:{kid}", what={"active_from": active_from.isoformat()})
    return [*rows, row]


def _self_signed(key: rsa.RSAPrivateKey, now: datetime, serial: bytes) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "taxiway token signing")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(int.from_bytes(serial, "big") or 1)
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=365))
    )
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def _open(tx: Tx, row: dict[str, Any]) -> RSAKey:
    return _parse_private(tx.unseal(row["private_key"], "signing_key", "private_key", row["kid"]))


@lru_cache(maxsize=8)
def _parse_private(der: bytes) -> RSAKey:
    return RSAKey.import_key(der)


@lru_cache(maxsize=32)
def _parse_public(certificate: str) -> RSAKey:
    key = x509.load_der_x509_certificate(base64.b64decode(certificate)).public_key()
    pem = key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return RSAKey.import_key(pem)


def _public(row: dict[str, Any], issuer: str) -> dict[str, Any]:
    numbers = _parse_public(row["certificate"]).as_dict(private=False)
    out = {
        "kty": "RSA",
        "use": "sig",
        "kid": row["kid"],
        "x5t": row["kid"],
        "n": numbers["n"],
        "e": numbers["e"],
        "x5c": [row["certificate"]],
        "cloud_instance_name": "microsoftonline.com",
    }
    return {**out, "issuer": issuer} if issuer else out
