"""Content of an app as clients upload it: AES-256-CBC with an HMAC in front (02 section 8.3).

Layout: 32 bytes HMAC-SHA256 over everything behind it, 16 bytes initialization vector, ciphertext with PKCS#7 padding.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from taxiway.wire.errors import WireError

_MAC, _VECTOR, _BLOCK = 32, 16, 128


class BadContent(WireError):
    """Content that is not what its encryption info says."""


@dataclass(frozen=True, slots=True)
class EncryptionInfo:
    """Graph's ``fileEncryptionInfo``: two keys, the vector, the mac, and the SHA-256 of the plain content."""

    encryption_key: bytes
    mac_key: bytes
    initialization_vector: bytes
    mac: bytes
    file_digest: bytes

    def as_graph(self) -> dict[str, str]:
        """The JSON of the ``commit`` action."""
        return {
            "encryptionKey": base64.b64encode(self.encryption_key).decode(),
            "macKey": base64.b64encode(self.mac_key).decode(),
            "initializationVector": base64.b64encode(self.initialization_vector).decode(),
            "mac": base64.b64encode(self.mac).decode(),
            "profileIdentifier": "ProfileVersion1",
            "fileDigest": base64.b64encode(self.file_digest).decode(),
            "fileDigestAlgorithm": "SHA256",
        }


def read_encryption_info(info: Mapping[str, Any]) -> EncryptionInfo:
    """From the JSON of the ``commit`` action, or ``BadContent`` naming the member at fault."""

    def part(name: str, size: int) -> bytes:
        try:
            value = base64.b64decode(str(info.get(name) or ""), validate=True)
        except ValueError as error:  # not ASCII, or not base64
            raise BadContent(f"fileEncryptionInfo.{name} is not base64.") from error
        if len(value) != size:
            raise BadContent(f"fileEncryptionInfo.{name} has {len(value)} bytes instead of {size}.")
        return value

    return EncryptionInfo(
        part("encryptionKey", 32),
        part("macKey", 32),
        part("initializationVector", _VECTOR),
        part("mac", _MAC),
        part("fileDigest", 32),
    )


def encrypt_content(
    plain: bytes, *, encryption_key: bytes, mac_key: bytes, vector: bytes
) -> tuple[bytes, EncryptionInfo]:
    """The bytes to upload, and what to say of them at the commit."""
    padder = PKCS7(_BLOCK).padder()
    encryptor = Cipher(algorithms.AES(encryption_key), modes.CBC(vector)).encryptor()
    body = vector + encryptor.update(padder.update(plain) + padder.finalize()) + encryptor.finalize()
    mac = hmac.digest(mac_key, body, hashlib.sha256)
    info = EncryptionInfo(encryption_key, mac_key, vector, mac, hashlib.sha256(plain).digest())
    return mac + body, info


def decrypt_content(uploaded: bytes, info: EncryptionInfo) -> bytes:
    """The plain content; its mac and its digest are checked."""
    mac, body = uploaded[:_MAC], uploaded[_MAC:]
    expected = hmac.digest(info.mac_key, body, hashlib.sha256)
    if not (hmac.compare_digest(mac, expected) and hmac.compare_digest(info.mac, expected)):
        raise BadContent("The uploaded content does not match its mac.")
    decryptor = Cipher(algorithms.AES(info.encryption_key), modes.CBC(body[:_VECTOR])).decryptor()
    unpadder = PKCS7(_BLOCK).unpadder()
    try:
        padded = decryptor.update(body[_VECTOR:]) + decryptor.finalize()
        plain = unpadder.update(padded) + unpadder.finalize()
    except ValueError as error:
        raise BadContent("The uploaded content cannot be decrypted.") from error
    if not hmac.compare_digest(hashlib.sha256(plain).digest(), info.file_digest):
        raise BadContent("The decrypted content does not match its digest.")
    return plain
