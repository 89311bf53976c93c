"""Draft a migration from the difference between the declared schema and the one the migrations make.

    .venv/bin/python tools/revise.py "what changed"

The draft lands in ``src/taxiway/store/migrations/versions``; read it before you commit it.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

from alembic import command

from taxiway import app
from taxiway.store import Instant, open_engine
from taxiway.store.migrate import config, migrate


def _plain(kind: str, value: object, _context: object) -> str | bool:
    """Write our own column types as what they are in the database."""
    if kind == "type" and isinstance(value, Instant):
        return "sa.BigInteger()"
    if kind == "type" and "JSON" in type(value).__name__:
        return "DOCUMENT"
    return False


def main(message: str) -> None:
    """Make the draft."""
    app.followers()  # imports every room, and with it every table
    versions = Path(app.__file__).parent / "store" / "migrations" / "versions"
    number = f"{len(list(versions.glob('[0-9]*.py'))) + 1:04d}"
    with tempfile.TemporaryDirectory() as folder:
        engine = open_engine(f"sqlite:///{folder}/empty.db")
        migrate(engine)
        with engine.begin() as connection:
            made = config(connection)
            made.attributes["render_item"] = _plain
            script = command.revision(made, message, rev_id=number, autogenerate=True)
        engine.dispose()
    path = Path(script.path)
    text = re.sub(r"\n    # ###.*", "", path.read_text("utf-8"))
    path.write_text(text, "utf-8")
    slug = re.sub(r"[^a-z0-9]+", "_", message.lower()).strip("_")
    path.rename(path.with_name(f"m{number}_{slug}.py"))


if __name__ == "__main__":
    main(" ".join(sys.argv[1:]) or "change")
