"""Which key joined as which device: what makes a join repeatable, and a second device with the same key refused."""

from __future__ import annotations

import sqlalchemy as sa

from taxiway.store import Instant, metadata

joined_key = sa.Table(
    "joined_key",
    metadata,
    sa.Column("tenant", sa.String(64), primary_key=True),
    sa.Column("key_hash", sa.String(64), primary_key=True),
    sa.Column("device", sa.String(100), nullable=False),
    sa.Column("user_id", sa.String(100), nullable=False),
    sa.Column("transport_hash", sa.String(64), nullable=False),
    sa.Column("joined_at", Instant, nullable=False),
    sa.Index("ix_joined_key_device", "tenant", "device"),
    sa.Index("ix_joined_key_transport", "tenant", "transport_hash"),
)
