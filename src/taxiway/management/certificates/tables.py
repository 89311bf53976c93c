"""The challenges that devices were given: each is good for one certificate."""

from __future__ import annotations

import sqlalchemy as sa

from taxiway.store import Document, Instant, metadata

#: ``hash``: of the challenge, which is kept nowhere else. ``terms``: what the certificate will say. Once it was used,
#: ``key_hash`` and ``transaction`` tell a repeated request from another one, and ``thumbprint`` names the certificate.
scep_challenge = sa.Table(
    "scep_challenge",
    metadata,
    sa.Column("tenant", sa.String(64), primary_key=True),
    sa.Column("hash", sa.String(64), primary_key=True),
    sa.Column("managed_id", sa.String(100), nullable=False),
    sa.Column("configuration_id", sa.String(100), nullable=False),
    sa.Column("terms", Document, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Column("used_at", Instant),
    sa.Column("key_hash", sa.String(64)),
    sa.Column("transaction", sa.String(256)),
    sa.Column("thumbprint", sa.String(40)),
    sa.Index("ix_scep_challenge_device", "tenant", "managed_id", "configuration_id"),
)
