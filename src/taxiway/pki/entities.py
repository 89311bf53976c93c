"""What the instance keeps about certificates."""

from __future__ import annotations

from taxiway.store import Entity, Prop, Repository

#: An authority of the instance; lives in the tenant ``SYSTEM``, its id is its role.
AUTHORITY = Entity(
    "authority",
    [Prop("certificate", kind="binary"), Prop("issuer"), Prop("key", secret=True), Prop("made_at", "datetime")],
)

#: A certificate issued to a device of a tenant; its id is the SHA-1 thumbprint in upper-case hex.
CERTIFICATE = Entity(
    "certificate",
    [
        Prop("purpose", column=True, nullable=False),
        Prop("subject", column=True, nullable=False, index=True),
        Prop("serial"),
        Prop("issued_at", "datetime"),
        Prop("expires_at", "datetime", column=True),
        Prop("revoked_at", "datetime", column=True),
        # What it was issued for beside opening a door, such as a certificate profile, and what it was to say.
        Prop("profile", column=True, index=True),
        Prop("terms", "json"),
        Prop("der", kind="binary"),
    ],
)

AUTHORITIES = Repository(AUTHORITY)
CERTIFICATES = Repository(CERTIFICATE)
