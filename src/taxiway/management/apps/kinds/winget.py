"""Store apps, which the management extension installs by their identifier (02 section 8.1)."""

from __future__ import annotations

from typing import BinaryIO, Final

from taxiway.management.apps import experience
from taxiway.management.declare import of
from taxiway.management.errors import BadPolicy
from taxiway.store import Row

KIND: Final = "winGetApp"
CONTENT: Final = False
PROPS: Final = (*of("string", "package_identifier", "manifest_hash"), experience.PROP)
_LONGEST: Final = 255


def check(row: Row) -> None:
    """Refuse an app that cannot be named."""
    identifier = row["package_identifier"]
    if not identifier or len(identifier) > _LONGEST:
        raise BadPolicy(f"A Store app needs its packageIdentifier, of at most {_LONGEST} characters.")
    experience.check(row["install_experience"])


def check_content(row: Row, file: BinaryIO) -> None:  # noqa: ARG001 - none is taken
    """It has none: the Store has it."""
    raise BadPolicy("A Store app has no content here.")
