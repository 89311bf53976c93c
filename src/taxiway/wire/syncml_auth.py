"""Credentials inside SyncML: the MD5 digest, Basic, and the account's identifier (05 section 4)."""

import hmac
from base64 import b64encode
from hashlib import md5, sha256
from typing import Final

AUTH_MD5: Final = "syncml:auth-md5"
AUTH_BASIC: Final = "syncml:auth-basic"


def md5_secret(user: str, password: str) -> str:
    """The inner hash of the digest. A server that keeps this needs no password; keep it as secret as one."""
    return _md5_b64(f"{user}:{password}".encode())


def md5_digest(secret: str, nonce: bytes) -> str:
    """The digest to send in Cred, from `md5_secret` and the decoded bytes of NextNonce."""
    return _md5_b64(secret.encode() + b":" + nonce)


def check_md5(data: str, secret: str, nonce: bytes) -> bool:
    """Whether the Data of a Cred is the digest for this secret and nonce, in constant time."""
    return hmac.compare_digest(data.encode(), md5_digest(secret, nonce).encode())


def basic_credential(user: str, password: str) -> str:
    """The Data of a Cred of type Basic."""
    return b64encode(f"{user}:{password}".encode()).decode()


def account_uid(provider_id: str) -> str:
    """The name of the account's node under `./SyncML/DMAcc` (05 section 4)."""
    return "0x0000800c" + sha256(provider_id.encode("utf-16-le")).hexdigest().upper()


def _md5_b64(data: bytes) -> str:
    # The protocol fixes MD5; TLS carries the identity, this only answers a challenge.
    return b64encode(md5(data, usedforsecurity=False).digest()).decode()
