"""What apps are to each other, and what they are sorted into."""

from __future__ import annotations

import sqlalchemy as sa

from taxiway.store import metadata

#: ``kind``: dependency or supersedence; ``how``: autoInstall or detect, update or replace.
app_relationship = sa.Table(
    "app_relationship",
    metadata,
    sa.Column("tenant", sa.String(64), primary_key=True),
    sa.Column("app_id", sa.String(100), primary_key=True),
    sa.Column("target_id", sa.String(100), primary_key=True),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("how", sa.String(20), nullable=False),
    sa.Index("ix_app_relationship_target", "tenant", "target_id"),
)

#: Which app is in which category.
app_category = sa.Table(
    "app_category",
    metadata,
    sa.Column("tenant", sa.String(64), primary_key=True),
    sa.Column("app_id", sa.String(100), primary_key=True),
    sa.Column("category_id", sa.String(100), primary_key=True),
    sa.Index("ix_app_category_category", "tenant", "category_id"),
)
