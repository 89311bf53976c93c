"""Bring a database to the schema of this program."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import OperationalError

from taxiway.store.errors import NoDatabase

_ROWS, _FEW = 1_000_000, 10
#: Every index that begins with the tenant and goes on: its table, its name, whether it is unique, and how many columns.
_TENANT_INDEXES = """
    SELECT t.name, i.name, i."unique", (SELECT count(*) FROM pragma_index_info(i.name))
    FROM sqlite_master AS t, pragma_index_list(t.name) AS i
    WHERE t.type = 'table'
      AND (SELECT name FROM pragma_index_info(i.name) WHERE seqno = 0) = 'tenant'
      AND (SELECT count(*) FROM pragma_index_info(i.name)) > 1
"""


def migrate(engine: Engine) -> None:
    """Run every migration that the database has not seen; safe to call at each start."""
    try:
        with engine.begin() as connection:
            command.upgrade(config(connection), "head")
            if connection.dialect.name == "sqlite":
                _expect_large_tenants(connection)
    except OperationalError as error:
        where = engine.url.render_as_string(hide_password=True)
        raise NoDatabase(
            f"The database {where} cannot be used: {error.orig}", remedy="Check the setting [store] database."
        ) from error


def _expect_large_tenants(connection: Connection) -> None:
    """Tell SQLite's planner what a young database cannot: a tenant has many rows, and an index few for each key.

    Not told, it takes "this tenant" for as narrow a choice as "this serial number", and reads every row of the tenant
    wherever that saves a sort. The table is the one that ANALYZE makes: rows, then rows for each value of the first
    column, of the first two, and so on.
    """
    connection.exec_driver_sql("ANALYZE router")  # makes the table
    for table, index, unique, columns in connection.exec_driver_sql(_TENANT_INDEXES).all():
        few = [_FEW] * (columns - 1)
        told = [_ROWS, _ROWS, *([*few[:-1], 1] if unique else few)]
        connection.exec_driver_sql("DELETE FROM sqlite_stat1 WHERE idx = ?", (index,))
        text = " ".join(str(number) for number in told)
        connection.exec_driver_sql("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (?, ?, ?)", (table, index, text))


def config(connection: Connection) -> Config:
    """Alembic's configuration for a connection of ours."""
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    made.attributes["connection"] = connection
    return made
