"""Windows Hello keys: public keys that sign in for a user on a device (03 sections 7.6 and 8.11)."""

from __future__ import annotations

import base64

import sqlalchemy as sa

from taxiway.signin.tables import hello_key
from taxiway.store import Tx
from taxiway.wire.rsa_blob import key_id


def register_hello_key(tx: Tx, *, user_id: str, device_id: str, blob: bytes) -> str:
    """Keep a key; its id. The same key for the same user and device is the same registration."""
    name = key_id(blob)
    mine = (hello_key.c.tenant == tx.tenant) & (hello_key.c.key_id == name)
    known = tx.one(sa.select(hello_key).where(mine))
    if known is not None and (known["user_id"], known["device_id"]) == (user_id, device_id):
        return str(known["id"])
    tx.execute(sa.delete(hello_key).where(mine))
    values = {"id": tx.entropy.uuid(), "user_id": user_id, "device_id": device_id, "created_at": tx.now}
    blob_text = base64.b64encode(blob).decode()
    tx.execute(sa.insert(hello_key).values(tenant=tx.tenant, key_id=name, blob=blob_text, **values))
    return str(values["id"])


def forget_hello_keys(tx: Tx, device_id: str) -> None:
    """The device is gone or joined anew, and its keys with it."""
    tx.execute(sa.delete(hello_key).where(hello_key.c.tenant == tx.tenant, hello_key.c.device_id == device_id))
