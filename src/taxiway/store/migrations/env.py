"""Alembic's entry: runs the scripts on the connection that ``migrate`` hands over."""

from __future__ import annotations

from alembic import context

from taxiway.store.schema import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True, compare_type=False)
with context.begin_transaction():
    context.run_migrations()
