"""Windows Hello keys: public keys that sign in for a user on a device (03 sections 7.6 and 8.11)."""

from __future__ import annotations

import base64

import sqlalchemy as sa

from taxiway.signin.revocation import revoke_for_key
from taxiway.signin.tables import hello_key
from taxiway.store import Row, Tx
from taxiway.wire.rsa_blob import key_id


def register_hello_key(tx: Tx, *, user_id: str, device_id: str, blob: bytes) -> str | None:
    """Keep a key; its id, or None when somebody else has it. The same key again is the same registration.

    A user has one key on a device: a new one replaces it, and what began with the old one ends.
    """
    name = key_id(blob)
    known = find_hello_key(tx, name)
    if known is not None:
        return str(known["id"]) if (known["user_id"], known["device_id"]) == (user_id, device_id) else None
    mine = (hello_key.c.tenant == tx.tenant) & (hello_key.c.user_id == user_id) & (hello_key.c.device_id == device_id)
    for row in tx.all(sa.select(hello_key.c.key_id).where(mine)):
        revoke_for_key(tx, user_id, row["key_id"])
    tx.execute(sa.delete(hello_key).where(mine))
    values = {"id": tx.entropy.uuid(), "user_id": user_id, "device_id": device_id, "created_at": tx.now}
    blob_text = base64.b64encode(blob).decode()
    tx.execute(sa.insert(hello_key).values(tenant=tx.tenant, key_id=name, blob=blob_text, **values))
    return str(values["id"])


def find_hello_key(tx: Tx, name: str) -> Row | None:
    """The registered key with this id: base64 of SHA-256 over its blob."""
    return tx.one(sa.select(hello_key).where(hello_key.c.tenant == tx.tenant, hello_key.c.key_id == name))


def hello_keys(tx: Tx, user_id: str) -> int:
    """How many Windows Hello keys a user has, on all devices."""
    mine = (hello_key.c.tenant == tx.tenant) & (hello_key.c.user_id == user_id)
    return int(tx.scalar(sa.select(sa.func.count()).select_from(hello_key).where(mine)) or 0)


def forget_hello_keys(tx: Tx, device_id: str) -> None:
    """The device is gone or joined anew, and its keys with it."""
    tx.execute(sa.delete(hello_key).where(hello_key.c.tenant == tx.tenant, hello_key.c.device_id == device_id))
