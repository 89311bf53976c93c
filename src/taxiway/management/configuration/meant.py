"""Which configurations hold for a device and its user, of whatever collection, and what they come to together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

from taxiway import directory
from taxiway.enrollment import DEFAULT_HELLO, default_of
from taxiway.management.collection import Collection
from taxiway.management.configuration import configurations, translate
from taxiway.management.configuration.catalogue import policies
from taxiway.management.configuration.kinds import hello
from taxiway.management.configuration.table import KINDS
from taxiway.management.model import Effective, Item, Source, Tracked, merge
from taxiway.store import Memory, Row, Tx
from taxiway.wire import csp

#: The origin of what every device of a tenant is told.
HELLO_ORIGIN: Final = "enrollment_configuration:hello"


@dataclass(frozen=True, slots=True)
class _Provider:
    """A collection of configurations: what its objects set, and what of it the status page waits for."""

    collection: Collection
    items: Callable[[Row, str], tuple[Item, ...]]
    tracked: Callable[[Row], tuple[Tracked, ...]]


_PROVIDERS: Final = {
    provider.collection.object_kind: provider
    for provider in (
        _Provider(configurations.configurations, translate.items_of, lambda row: KINDS[row["kind"]].tracked(row)),
        _Provider(policies.configuration_policies, policies.items_of, lambda _row: ()),
    )
}
_known: Final = Memory[tuple[dict[str, Any], tuple[Item, ...]]](8192)
#: The kinds of objects that are configurations, as assignments, origins and statuses name them.
CONFIGURATION_OBJECTS: Final = frozenset(_PROVIDERS)


@dataclass(frozen=True, slots=True)
class Meant:
    """A configuration of one device and user: by whom it is reached, its row (secrets opened) and its items."""

    kind: str
    row: Row
    via: Literal["device", "user"]
    items: tuple[Item, ...]

    @property
    def key(self) -> tuple[str, str]:
        """What statuses file it under."""
        return self.kind, self.row["id"]

    @property
    def name(self) -> str:
        """The name an administrator gave it."""
        return str(self.row["display_name"])

    @property
    def origin(self) -> str:
        """The name commands keep of it."""
        return f"{self.kind}:{self.row['id']}"

    @property
    def tracked(self) -> tuple[Tracked, ...]:
        """What the status page waits for beside its policies."""
        return _PROVIDERS[self.kind].tracked(self.row)


def meant_for(tx: Tx, *, device: Row | None, user: Row | None) -> list[Meant]:
    """Every configuration that is meant for the device or the user, by name; through the device where through both."""
    return [each for kind in _PROVIDERS for each in _of_kind(tx, kind, device, user)]


def effective(found: list[Meant], base: tuple[Source, ...] = ()) -> Effective:
    """The merged configuration; ``base`` gives way where a configuration speaks of the same node."""
    sources = [Source(each.origin, each.name, each.items) for each in found]
    spoken = {item.key for source in sources for item in source.items}
    kept = [
        Source(source.origin, source.name, tuple(item for item in source.items if item.key not in spoken))
        for source in base
    ]
    return merge([*kept, *sources])


def tenant_wide(tx: Tx) -> tuple[Source, ...]:
    """What every device of the tenant is told without an assignment: Windows Hello, where the tenant says something."""
    row = default_of(tx, DEFAULT_HELLO)
    items = hello.tenant_items(row, tx.tenant)
    return (Source(HELLO_ORIGIN, row["display_name"], items),) if items else ()


def name_of(tx: Tx, origin: str) -> str | None:
    """The name of the configuration behind an origin; None when it is gone."""
    kind, _, object_id = origin.partition(":")
    row = _PROVIDERS[kind].collection.rows.get(tx, object_id)
    return None if row is None else str(row["display_name"])


def _of_kind(tx: Tx, kind: str, device: Row | None, user: Row | None) -> list[Meant]:
    via: dict[str, Literal["device", "user"]] = {}
    for match in directory.meant(tx, kind, device=device, user=user):
        if via.get(match.object_id) != "device":
            via[match.object_id] = match.via
    if not via:
        return []
    collection = _PROVIDERS[kind].collection
    rows = collection.rows.of_ids(tx, via, by="display_name")
    return [_meant(tx, kind, row, via[row["id"]]) for row in rows if collection.acts_on(row)]


def _meant(tx: Tx, kind: str, row: Row, via: Literal["device", "user"]) -> Meant:
    """A row with its secrets opened and what it sets, worked out once for each of its contents.

    Most rows are as they were when one of many changes.
    """

    def work() -> tuple[dict[str, Any], tuple[Item, ...]]:
        provider = _PROVIDERS[kind]
        opened = provider.collection.opened(tx, row)
        return {name: value for name, value in opened.items() if name not in row}, provider.items(opened, tx.tenant)

    key = (tx.tenant, kind, row["id"], row["stamp"], csp.edition())
    secrets, items = _known.recall(tx, key, work) if row["stamp"] else work()
    return Meant(kind, {**row, **secrets}, via, items)
