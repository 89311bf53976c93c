"""The rows behind federation."""

from __future__ import annotations

import sqlalchemy as sa

from taxiway.store import Document, Instant, metadata

#: Outside OpenID providers, each of one domain; the secret by which we prove ourselves there is sealed.
federation = sa.Table(
    "federation",
    metadata,
    sa.Column("tenant", sa.String(64), primary_key=True),
    sa.Column("domain", sa.String(253), primary_key=True),
    sa.Column("doc", Document, nullable=False),
    sa.Column("client_secret", sa.Text, nullable=False),
)

#: Sign-ins that are away at an outside provider, sealed, under the hash of the ``state`` that brings them back.
outside_visit = sa.Table(
    "outside_visit",
    metadata,
    sa.Column("tenant", sa.String(64), primary_key=True),
    sa.Column("hash", sa.String(64), primary_key=True),
    sa.Column("doc", sa.Text, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Index("ix_outside_visit_expires", "tenant", "expires_at"),
)
