"""Alembic's entry: runs the scripts on the connection that ``migrate`` hands over."""

from __future__ import annotations

from alembic import context

from taxiway.store.schema import metadata

given = context.config.attributes
context.configure(
    connection=given["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    compare_type=False,
    render_item=given.get("render_item"),
)
with context.begin_transaction():
    context.run_migrations()
