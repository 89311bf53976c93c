"""The one schema, the column types that mean the same on both databases, and the store's own tables."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeDecorator

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    },
)

#: The tenant of what belongs to the instance: authorities, settings, the router.
SYSTEM = "system"

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class Instant(TypeDecorator[datetime]):
    """A moment, kept as microseconds since 1970: sorts and compares alike on SQLite and PostgreSQL."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> int | None:  # noqa: ARG002 - SQLAlchemy's shape
        """Microseconds of an aware datetime."""
        return None if value is None else (value - EPOCH) // MICROSECOND

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002 - as above
        """An aware datetime in UTC."""
        return None if value is None else EPOCH + timedelta(microseconds=value)


#: A JSON document: JSONB on PostgreSQL, text on SQLite.
Document = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def document_text(value: Any) -> str:
    """A document as SQLite keeps it."""
    return msgspec.json.encode(value).decode()


#: One row per tenant: the lock that makes a tenant's writers take turns, and the number of its last log entry.
scope = sa.Table(
    "scope",
    metadata,
    sa.Column("tenant", sa.String(64), primary_key=True),
    sa.Column("head", sa.BigInteger, nullable=False),
)

log = sa.Table(
    "log",
    metadata,
    sa.Column("tenant", sa.String(64), primary_key=True),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("time", Instant, nullable=False),
    sa.Column("actor", sa.String(200), nullable=False),
    sa.Column("correlation", sa.String(100), nullable=False),
    sa.Column("subject", sa.String(200), nullable=False),
    sa.Column("kind", sa.String(100), nullable=False),
    sa.Column("what", Document, nullable=False),
    sa.Column("why", Document, nullable=False),
    sa.Index("ix_log_subject", "tenant", "subject", "number"),
    sa.Index("ix_log_correlation", "tenant", "correlation", "number"),
)

blob = sa.Table(
    "blob",
    metadata,
    sa.Column("tenant", sa.String(64), primary_key=True),
    sa.Column("sha256", sa.String(64), primary_key=True),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
)
