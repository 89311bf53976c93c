"""Bring a database to the schema of this program."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import OperationalError

from taxiway.store.errors import NoDatabase


def migrate(engine: Engine) -> None:
    """Run every migration that the database has not seen; safe to call at each start."""
    try:
        with engine.begin() as connection:
            command.upgrade(config(connection), "head")
    except OperationalError as error:
        where = engine.url.render_as_string(hide_password=True)
        raise NoDatabase(
            f"The database {where} cannot be used: {error.orig}", remedy="Check the setting [store] database."
        ) from error


def config(connection: Connection) -> Config:
    """Alembic's configuration for a connection of ours."""
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    made.attributes["connection"] = connection
    return made
