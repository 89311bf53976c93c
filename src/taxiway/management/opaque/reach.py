"""What reaches a device or its user and is acted on by nobody: a rehearsal must not pass it over in silence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from taxiway import directory, enrollment
from taxiway.kernel import Reason
from taxiway.management.apps import mobile_apps
from taxiway.management.compliance import policies
from taxiway.management.configuration import configurations
from taxiway.management.configuration.catalogue import policies as catalogue
from taxiway.management.opaque.entities import OPAQUE_OBJECT
from taxiway.management.opaque.shelves import OBJECT_KIND
from taxiway.store import Repository, Row, Tx

#: Enrollment configurations that decide something.
_DECIDING: Final = (enrollment.ESP, enrollment.LIMIT, enrollment.RESTRICTION)
#: The room's collections.
_COLLECTIONS: Final = (
    configurations.configurations,
    catalogue.configuration_policies,
    policies.policies,
    mobile_apps.apps,
)
#: Kinds of objects, their rows, and which of them are acted on.
_SOURCES: Final[tuple[tuple[str, Repository, Callable[[Row], bool]], ...]] = (
    *((each.object_kind, each.rows, each.acts_on) for each in _COLLECTIONS),
    (enrollment.OBJECT_KIND, enrollment.ENROLLMENT_CONFIGURATIONS, lambda row: row["kind"] in _DECIDING),
    (OBJECT_KIND, Repository(OPAQUE_OBJECT), lambda _row: False),
)


@dataclass(frozen=True, slots=True)
class Unacted:
    """An object, and why it reaches the device or the user."""

    name: str
    type: str
    why: tuple[Reason, ...]


def unacted(tx: Tx, *, device: Row | None, user: Row | None) -> list[Unacted]:
    """All of them, by kind and name."""
    return [each for source in _SOURCES for each in _of(tx, *source, device=device, user=user)]


def _of(
    tx: Tx, object_kind: str, rows: Repository, acts_on: Callable[[Row], bool], *, device: Row | None, user: Row | None
) -> list[Unacted]:
    why: dict[str, tuple[Reason, ...]] = {}
    for match in directory.meant(tx, object_kind, device=device, user=user):
        why.setdefault(match.object_id, match.reasons)
    found = [row for row in rows.of_ids(tx, why, by="display_name") if not acts_on(row)] if why else []
    return [Unacted(row["display_name"], row["kind"], why[row["id"]]) for row in found]
