"""The person who signs in on the PC. Held in memory while the PC is on, never written to its disk."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Person:
    """Name and credentials; ``totp_secret`` is what an authenticator app holds, base32."""

    upn: str
    password: str = field(repr=False)
    temporary_access_pass: str | None = field(default=None, repr=False)
    totp_secret: str | None = field(default=None, repr=False)

    def one_time_code(self, now: datetime) -> str:
        """The six digits an authenticator app shows now (RFC 6238 with SHA-1 and 30 seconds)."""
        secret = (self.totp_secret or "").upper().replace(" ", "")
        key = base64.b32decode(secret + "=" * (-len(secret) % 8))
        step = int(now.timestamp()) // 30
        digest = hmac.digest(key, step.to_bytes(8, "big"), hashlib.sha1)
        start = digest[-1] & 15
        return f"{(int.from_bytes(digest[start : start + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06d}"
