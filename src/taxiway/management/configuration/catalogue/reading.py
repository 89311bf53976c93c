"""What comes of the settings of a catalogue policy: nodes to be set, and what is said of the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from taxiway.management.configuration.catalogue.definitions import Definition
from taxiway.management.model import Item


@dataclass(frozen=True, slots=True)
class Unresolved:
    """A setting that nothing is sent for, and why."""

    id: str
    why: str


@dataclass(slots=True)
class Reading:
    """What came of a policy's settings.

    ``items``: the nodes, in the order of the settings; ``derived``: the definitions that were read off an id, with the
    OMA-URI made of each; ``unresolved``: what nothing is sent for.
    """

    items: list[Item] = field(default_factory=list)
    derived: dict[str, str] = field(default_factory=dict)
    unresolved: list[Unresolved] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an instance stands: what is read so far, whose tenant, and the segment that its group chose."""

    reading: Reading
    tenant: str
    chosen: str = ""

    def add(self, definition: Definition, value: str, form: str = "chr") -> None:
        """One node to be set, ``form`` is its SyncML format."""
        uri = definition.uri(self.tenant, self.chosen)
        if definition.derived:
            self.reading.derived[definition.id] = uri
        self.reading.items.append(Item(uri, value, form))

    def leave(self, instance: Mapping[str, Any], why: str) -> None:
        """Nothing is sent for an instance and what it holds."""
        self.reading.unresolved += [Unresolved(one, why) for one in setting_ids(instance)]


def setting_ids(instance: Any) -> list[str]:
    """Every definition that an instance, or a list of them, speaks of, at any depth."""
    if isinstance(instance, list):
        return [one for item in instance for one in setting_ids(item)]
    if not isinstance(instance, dict):
        return []
    own = instance.get("settingDefinitionId")
    mine = [own] if isinstance(own, str) else []
    return mine + [one for value in instance.values() for one in setting_ids(value)]
