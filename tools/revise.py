"""Draft a migration from the difference between the declared schema and the one the migrations make.

    .venv/bin/python tools/revise.py "what changed"

The draft lands in ``src/taxiway/store/migrations/versions``; read it before you commit it.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import sqlalchemy as sa
from alembic import command

from taxiway import app
from taxiway.store import Instant, metadata, open_engine
from taxiway.store.migrate import config, migrate

VERSIONS = Path(app.__file__).parent / "store" / "migrations" / "versions"


def _plain(kind: str, value: object, _context: object) -> str | bool:
    """Write our own column types as what they are in the database."""
    if kind == "type" and isinstance(value, Instant):
        return "sa.BigInteger()"
    if kind == "type" and "JSON" in type(value).__name__:
        return "DOCUMENT"
    return False


def _folded_indexes() -> list[str]:
    """Indexes over lower(column): the comparison cannot see them, so a new one is recognized by its name."""
    known = "".join(path.read_text("utf-8") for path in VERSIONS.glob("m*.py"))
    lines = []
    for table in metadata.sorted_tables:
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            parts = [f'"{e.name}"' if isinstance(e, sa.Column) else f'sa.text("{e}")' for e in index.expressions]
            if any(part.startswith("sa.text") for part in parts) and f'"{index.name}"' not in known:
                columns = ", ".join(parts).replace(f"{table.name}.", "")
                lines.append(f'    op.create_index("{index.name}", "{table.name}", [{columns}], unique={index.unique})')
    return lines


def main(message: str) -> None:
    """Make the draft."""
    app.import_rooms()
    number = f"{len(list(VERSIONS.glob('m*.py'))) + 1:04d}"
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        engine = open_engine(f"sqlite:///{folder}/empty.db")
        migrate(engine)
        with engine.begin() as connection:
            made = config(connection)
            made.attributes["render_item"] = _plain
            script = command.revision(made, message, rev_id=number, autogenerate=True)
        engine.dispose()
    path = Path(script.path)
    text = re.sub(r"\n    # ###.*", "", path.read_text("utf-8"))
    folded = "\n".join(_folded_indexes())
    text = text.replace("\n\n\ndef downgrade", f"\n{folded}\n\n\ndef downgrade")
    path.write_text(text, "utf-8")
    slug = re.sub(r"[^a-z0-9]+", "_", message.lower()).strip("_")
    target = path.rename(path.with_name(f"m{number}_{slug}.py"))
    subprocess.run([sys.executable, "-m", "ruff", "check", "-q", "--fix", target], check=False)
    subprocess.run([sys.executable, "-m", "ruff", "format", "-q", target], check=True)
    print(target)


if __name__ == "__main__":
    main(" ".join(sys.argv[1:]) or "change")
