"""Values that a client carries for us: sealed and bound to their purpose (03 sections 3.4 and 15.12)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from typing import Any

from taxiway.store import SYSTEM, Runtime, StoreError

_PLACE = "signin"
_LONGEST = 16_384


class Sealer:
    """Seals small JSON objects with the instance's key ring."""

    def __init__(self, rt: Runtime) -> None:
        self._rt = rt

    def seal(self, purpose: str, body: dict[str, Any]) -> str:
        """An opaque text of base64url letters and dots."""
        raw = json.dumps(body, separators=(",", ":")).encode()
        return self._rt.store.ring.seal(raw, SYSTEM, _PLACE, purpose, nonce=self._rt.entropy.bytes(12)).rstrip("=")

    def open(self, purpose: str, text: str) -> dict[str, Any] | None:
        """What was sealed for this purpose, or None for anything else."""
        if not text or len(text) > _LONGEST or not text.isascii():
            return None
        key_id, _, sealed = text.partition(".")
        padded = f"{key_id}.{sealed}{'=' * (-len(sealed) % 4)}"
        try:
            body = json.loads(self._rt.store.ring.unseal(padded, SYSTEM, _PLACE, purpose))
        except (StoreError, ValueError, binascii.Error):
            return None
        return body if isinstance(body, dict) else None


def digest(text: str) -> str:
    """How opaque credentials of 128 bits and more are kept."""
    return hashlib.sha256(text.encode()).hexdigest()


def same(left: str, right: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(left.encode(), right.encode())


def opaque(tenant: str, secret: str, *, kind: str) -> str:
    """An opaque credential that says where to look it up: ``<kind>.<tenant>.<secret>`` in base64url letters."""
    where = base64.urlsafe_b64encode(bytes.fromhex(tenant.replace("-", ""))).rstrip(b"=").decode()
    return f"{kind}.{where}.{secret}"


def tenant_hint(text: str, *, kind: str) -> str | None:
    """The tenant that an opaque credential names; only where to look, its hash decides."""
    parts = text.split(".")
    if len(parts) != 3 or parts[0] != kind or len(text) > 512 or not text.isascii():
        return None
    try:
        raw = base64.urlsafe_b64decode(parts[1] + "==")
    except (binascii.Error, ValueError):
        return None
    h = raw.hex()
    return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}" if len(raw) == 16 else None
