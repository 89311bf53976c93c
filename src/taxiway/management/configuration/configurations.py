"""Device configurations, and which of them hold for a device and its user (02 section 9.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from taxiway import directory
from taxiway.enrollment import DEFAULT_HELLO, default_of
from taxiway.management.collection import Collection
from taxiway.management.configuration import translate
from taxiway.management.configuration.entities import CONFIGURATION_KINDS, DEVICE_CONFIGURATION
from taxiway.management.configuration.kinds import hello
from taxiway.management.configuration.table import KINDS
from taxiway.management.model import Effective, Item, Source, Tracked, merge
from taxiway.store import Repository, Row, Tx, one_of

CONFIGURATIONS = Repository(DEVICE_CONFIGURATION)
OBJECT_KIND: Final = "device_configuration"
HELLO_ORIGIN: Final = "enrollment_configuration:hello"


def _check(tx: Tx, row: Row) -> None:
    translate.items_of(row, tx.tenant)


configurations = Collection(CONFIGURATIONS, OBJECT_KIND, "management.write", CONFIGURATION_KINDS, _check)
create_configuration = configurations.create
update_configuration = configurations.update
delete_configuration = configurations.delete
assign_configuration = configurations.assign


@dataclass(frozen=True, slots=True)
class Meant:
    """The configurations of one device and user: by whom each is reached, its row and its items."""

    row: Row
    via: Literal["device", "user"]
    items: tuple[Item, ...]

    @property
    def origin(self) -> str:
        """The name commands and statuses keep of it."""
        return f"{OBJECT_KIND}:{self.row['id']}"

    @property
    def tracked(self) -> tuple[Tracked, ...]:
        """What the status page waits for beside its policies."""
        return KINDS[self.row["kind"]].tracked(self.row)


def meant_for(tx: Tx, *, device: Row | None, user: Row | None) -> list[Meant]:
    """Every configuration that is meant for the device or the user, by name; through the device where through both."""
    via: dict[str, Literal["device", "user"]] = {}
    for match in directory.meant(tx, OBJECT_KIND, device=device, user=user):
        if via.get(match.object_id) != "device":
            via[match.object_id] = match.via
    if not via:
        return []
    rows = CONFIGURATIONS.select(tx, one_of("id", list(via)), order=[("display_name", False)])
    return [Meant(row, via[row["id"]], translate.items_of(configurations.opened(tx, row), tx.tenant)) for row in rows]


def effective(found: list[Meant], base: tuple[Source, ...] = ()) -> Effective:
    """The merged configuration; ``base`` gives way where a configuration speaks of the same node."""
    sources = [Source(each.origin, each.row["display_name"], each.items) for each in found]
    spoken = {item.uri for source in sources for item in source.items}
    kept = [
        Source(source.origin, source.name, tuple(item for item in source.items if item.uri not in spoken))
        for source in base
    ]
    return merge([*kept, *sources])


def tenant_wide(tx: Tx) -> tuple[Source, ...]:
    """What every device of the tenant is told without an assignment: Windows Hello, where the tenant says something."""
    row = default_of(tx, DEFAULT_HELLO)
    items = hello.tenant_items(row, tx.tenant)
    return (Source(HELLO_ORIGIN, row["display_name"], items),) if items else ()
