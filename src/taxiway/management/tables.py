"""What management knows of each device beside the entities: its run, its commands, answers, alerts and statuses."""

from __future__ import annotations

import sqlalchemy as sa

from taxiway.store import Document, Instant, metadata

#: One row per managed device: the session it is in, the ESP run, the facts it reported, how compliance stands.
#: ``esp_deadline``: the first time limit among the device's half of the page and its users' halves.
device_run = sa.Table(
    "device_run",
    metadata,
    sa.Column("tenant", sa.String(64), primary_key=True),
    sa.Column("managed_id", sa.String(100), primary_key=True),
    sa.Column("esp_state", sa.String(20), nullable=False),
    sa.Column("esp_deadline", Instant),
    sa.Column("esp", Document, nullable=False),
    sa.Column("session", Document, nullable=False),
    sa.Column("facts", Document, nullable=False),
    sa.Column("compliance", Document, nullable=False),
    sa.Index("ix_device_run_esp", "tenant", "esp_deadline"),
)

#: The answers of the current session, sealed: a message that comes again gets the same bytes (05 section 14, R4).
device_answer = sa.Table(
    "device_answer",
    metadata,
    sa.Column("tenant", sa.String(64), primary_key=True),
    sa.Column("managed_id", sa.String(100), primary_key=True),
    sa.Column("serial", sa.Integer, primary_key=True),
    sa.Column("msg_id", sa.String(64), primary_key=True),
    sa.Column("body_hash", sa.String(64), nullable=False),
    sa.Column("answer", sa.Text, nullable=False),
    sa.Column("answered_at", Instant, nullable=False),
)

#: What is to be said to a device, one row per thing to set or run. ``data`` is sealed where it is secret; of an Atomic
#: it is the list of its commands, and ``cause`` the node at which it failed. ``delivered``: the device may hold it.
device_command = sa.Table(
    "device_command",
    metadata,
    sa.Column("tenant", sa.String(64), primary_key=True),
    sa.Column("managed_id", sa.String(100), primary_key=True),
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("lane", sa.String(120), nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("verb", sa.String(10), nullable=False),
    sa.Column("uri", sa.Text, nullable=False),
    sa.Column("format", sa.String(10)),
    sa.Column("data", sa.Text),
    sa.Column("sealed", sa.Boolean, nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
    sa.Column("origins", Document, nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("msg_ref", sa.String(64)),
    sa.Column("cmd_ref", sa.String(64)),
    sa.Column("status", sa.Integer),
    sa.Column("native_error", sa.String(40)),
    sa.Column("cause", sa.Text),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("delivered", sa.Boolean, nullable=False, server_default=sa.text("true")),
    sa.Column("updated_at", Instant, nullable=False),
)

#: Every alert a device sent, except the tokens in them (05 section 14, R16).
device_alert = sa.Table(
    "device_alert",
    metadata,
    sa.Column("tenant", sa.String(64), primary_key=True),
    sa.Column("managed_id", sa.String(100), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("at", Instant, nullable=False),
    sa.Column("code", sa.Integer, nullable=False),
    sa.Column("type", sa.Text),
    sa.Column("source", sa.Text),
    sa.Column("mark", sa.Text),
    sa.Column("data", sa.Text),
)

#: How each configuration, app and policy stands on each device: what lists and reports read.
device_status = sa.Table(
    "device_status",
    metadata,
    sa.Column("tenant", sa.String(64), primary_key=True),
    sa.Column("managed_id", sa.String(100), primary_key=True),
    sa.Column("object_kind", sa.String(40), primary_key=True),
    sa.Column("object_id", sa.String(100), primary_key=True),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("detail", Document, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
    sa.Index("ix_device_status_object", "tenant", "object_kind", "object_id"),
)

#: How long an app took to install on a device, as this server saw it: what estimates rest on (P-10).
app_install = sa.Table(
    "app_install",
    metadata,
    sa.Column("tenant", sa.String(64), primary_key=True),
    sa.Column("app_id", sa.String(100), primary_key=True),
    sa.Column("managed_id", sa.String(100), primary_key=True),
    sa.Column("milliseconds", sa.BigInteger, nullable=False),
    sa.Column("ended_at", Instant, nullable=False),
    sa.Index("ix_app_install_device", "tenant", "managed_id", "ended_at"),
)

#: Switches of the tenant's device management (R-125).
management_settings = sa.Table(
    "management_settings",
    metadata,
    sa.Column("tenant", sa.String(64), primary_key=True),
    sa.Column("secure_by_default", sa.Boolean, nullable=False),
)

#: A random word that changes whenever a configuration or an assignment of one does: what is remembered is good for one.
configuration_edition = sa.Table(
    "configuration_edition",
    metadata,
    sa.Column("tenant", sa.String(64), primary_key=True),
    sa.Column("word", sa.String(64), nullable=False),
)
