"""Values that a client carries for us: sealed and bound to their purpose (03 sections 3.4 and 15.12)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from typing import Any

from taxiway.store import Runtime, StoreError

_LONGEST = 16_384
_DAY = 86_400


class Sealer:
    """Seals small JSON objects, for each purpose and day with a key of its own (03 section 15.10).

    What was sealed the day before still opens; nothing that is sealed here lives longer than an hour.
    """

    def __init__(self, rt: Runtime) -> None:
        self._rt = rt

    def seal(self, purpose: str, body: dict[str, Any]) -> str:
        """An opaque text of base64url letters and dots."""
        raw = json.dumps(body, separators=(",", ":")).encode()
        day = self._today()
        sealed = self._rt.store.ring.seal_for(_key_name(purpose, day), raw, nonce=self._rt.entropy.bytes(12))
        return f"{day}.{sealed}".rstrip("=")

    def open(self, purpose: str, text: str) -> dict[str, Any] | None:
        """What was sealed for this purpose, or None for anything else."""
        if not text or len(text) > _LONGEST or not text.isascii():
            return None
        day, _, value = text.partition(".")
        today = self._today()
        if day not in {str(today), str(today - 1)}:
            return None
        padded = value + "=" * (-len(value.partition(".")[2]) % 4)
        try:
            body = json.loads(self._rt.store.ring.unseal_for(_key_name(purpose, int(day)), padded))
        except (StoreError, ValueError, binascii.Error):
            return None
        return body if isinstance(body, dict) else None

    def _today(self) -> int:
        return int(self._rt.clock.now().timestamp()) // _DAY


def _key_name(purpose: str, day: int) -> str:
    return f"signin/{purpose}/{day}"


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
