"""The rows behind passkeys."""

from __future__ import annotations

import sqlalchemy as sa

from taxiway.store import Instant, metadata

#: Passkeys (WebAuthn credentials). ``id``: SHA-256 of the credential id, which may be longer than a key of a table;
#: ``sign_count``: as the authenticator last told it, 0 for one that does not count.
passkey = sa.Table(
    "passkey",
    metadata,
    sa.Column("tenant", sa.String(64), primary_key=True),
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("user_id", sa.String(100), nullable=False),
    sa.Column("credential_id", sa.Text, nullable=False),
    sa.Column("public_key", sa.Text, nullable=False),
    sa.Column("sign_count", sa.BigInteger, nullable=False),
    sa.Column("display_name", sa.Text, nullable=False),
    sa.Column("aaguid", sa.String(36), nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("used_at", Instant),
    sa.Index("ix_passkey_user", "tenant", "user_id"),
)
