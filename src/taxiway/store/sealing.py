"""Secrets at rest: AES-256-GCM bound to where they stand (design, rule 11).

A sealed value is ``<key id>.<base64url nonce+ciphertext>``; tenant, table, column and row id are its
associated data, so a value copied to another row does not open. The ring lives in a file of its own, outside the
database.
"""

from __future__ import annotations

import base64
import json
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from taxiway.kernel import Entropy, write_private
from taxiway.store.errors import Unsealable


class KeyRing:
    """The keys that seal: the newest seals, every key opens what it sealed."""

    def __init__(self, keys: dict[str, bytes], newest: str) -> None:
        self._keys = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self._newest = newest
        self._of_purpose = lru_cache(maxsize=64)(lambda key_id, purpose: _derived(keys[key_id], purpose))

    @classmethod
    def open(cls, path: Path, entropy: Entropy) -> KeyRing:
        """The ring in ``path``; made with one fresh key when there is none."""
        if not path.exists():
            key_id = entropy.token(6)
            made = {"newest": key_id, "keys": {key_id: base64.b64encode(entropy.bytes(32)).decode()}}
            write_private(path, json.dumps(made).encode())
        ring = json.loads(path.read_bytes())
        return cls({k: base64.b64decode(v) for k, v in ring["keys"].items()}, ring["newest"])

    def seal(self, secret: bytes, *where: str, nonce: bytes) -> str:
        """Seal ``secret`` to its place (tenant, table, column, id); ``nonce``: 12 fresh random bytes."""
        sealed = nonce + self._keys[self._newest].encrypt(nonce, secret, _place(where))
        return f"{self._newest}.{base64.urlsafe_b64encode(sealed).decode()}"

    def unseal(self, value: str, *where: str) -> bytes:
        """Open a sealed value at its place, or ``Unsealable``."""
        key_id, _, sealed = value.partition(".")
        key = self._keys.get(key_id)
        if key is None:
            raise Unsealable(f"The key ring has no key '{key_id}'.", remedy="Restore keys/ring.json from the backup.")
        return _open(key, sealed, where)

    def seal_for(self, purpose: str, secret: bytes, *, nonce: bytes) -> str:
        """Seal what a client carries for us, with a key of this purpose alone; ``nonce``: 12 fresh random bytes."""
        sealed = nonce + self._of_purpose(self._newest, purpose).encrypt(nonce, secret, _place((purpose,)))
        return f"{self._newest}.{base64.urlsafe_b64encode(sealed).decode()}"

    def unseal_for(self, purpose: str, value: str) -> bytes:
        """Open what ``seal_for`` made for the same purpose, or ``Unsealable``."""
        key_id, _, sealed = value.partition(".")
        if key_id not in self._keys:
            raise Unsealable(f"The key ring has no key '{key_id}'.")
        return _open(self._of_purpose(key_id, purpose), sealed, (purpose,))


def _open(key: AESGCM, sealed: str, where: tuple[str, ...]) -> bytes:
    raw = base64.urlsafe_b64decode(sealed)
    try:
        return key.decrypt(raw[:12], raw[12:], _place(where))
    except InvalidTag as error:
        raise Unsealable("A sealed value does not belong to the row it stands in.") from error


def _derived(key: bytes, purpose: str) -> AESGCM:
    """A key for one purpose alone; knowing it tells nothing of the ring's or of another purpose's."""
    return AESGCM(HKDF(SHA256(), 32, salt=None, info=purpose.encode()).derive(key))


def _place(where: tuple[str, ...]) -> bytes:
    return json.dumps(where, separators=(",", ":")).encode()
