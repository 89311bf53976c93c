"""What the agents report: which agent a device has, and how each app and script stands there."""

from __future__ import annotations

import sqlalchemy as sa

from taxiway.store import Instant, metadata

#: The agent of a device. ``instance``: a name it made up when it was installed; a reset PC has another.
extension_agent = sa.Table(
    "extension_agent",
    metadata,
    sa.Column("tenant", sa.String(64), primary_key=True),
    sa.Column("managed_id", sa.String(100), primary_key=True),
    sa.Column("instance", sa.String(100), nullable=False),
    sa.Column("agent_version", sa.Text, nullable=False),
    sa.Column("first_at", Instant, nullable=False),
    sa.Column("last_at", Instant, nullable=False),
)

#: The newest report of each app and script. ``user_id``: whom it was done for, empty for the device itself.
#: ``number``: of the report, counted by the agent; an older one changes nothing. ``began_at``: of an installation.
extension_state = sa.Table(
    "extension_state",
    metadata,
    sa.Column("tenant", sa.String(64), primary_key=True),
    sa.Column("managed_id", sa.String(100), primary_key=True),
    sa.Column("kind", sa.String(10), primary_key=True),
    sa.Column("object_id", sa.String(100), primary_key=True),
    sa.Column("user_id", sa.String(100), primary_key=True),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("error", sa.BigInteger, nullable=False),
    sa.Column("exit_code", sa.BigInteger),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("restart", sa.String(10), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("began_at", Instant),
    sa.Column("updated_at", Instant, nullable=False),
    sa.Index("ix_extension_state_object", "tenant", "kind", "object_id"),
)
