"""Shorthands of the declarations in this room: what its collections share."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from taxiway.store import Prop
from taxiway.store.entity import Kind

#: Where the words of a camelCase name begin; several capitals in a row are one word.
_word: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")

#: What was said when the object was saved, and did not hinder it (P-13).
FINDINGS = Prop("findings", "json", default=[], graph="@taxiway.findings")

#: A random word for each content the object had: what was worked out from a content is filed under it.
STAMP = Prop("stamp")

#: What an object of a type that nothing here acts on says beside the base, in Graph's own shape.
OPAQUE = Prop("opaque", "json", graph="taxiwayOpaque")


def of(kind: Kind, *names: str) -> list[Prop]:
    """Plain document properties of one type."""
    return [Prop(name, kind, default=[] if kind == "strings" else None) for name in names]


def spelled(kind: Kind, names: str, default: Any = None) -> list[Prop]:
    """Document properties of one type by their names at Graph; a switch is off and a list is empty until it is set."""
    if default is None:
        default = {"bool": False, "strings": []}.get(kind)
    return [Prop(_word.sub("_", name).lower(), kind, graph=name, default=default) for name in names.split()]


def moment(name: str, graph: str) -> Prop:
    """A point in time that lists are filtered and sorted by."""
    return Prop(name, "datetime", graph=graph, column=True, filterable=True, sortable=True)


def names(props: Iterable[Prop]) -> frozenset[str]:
    """The names of properties: those that one kind has beside the base."""
    return frozenset(prop.name for prop in props)


def base(name: str = "displayName") -> list[Prop]:
    """What these collections share; ``name``: how Graph calls the name of their objects."""
    return [
        Prop("kind", graph="@odata.type", nullable=False, column=True, filterable=True),
        Prop("display_name", graph=name, column=True, filterable=True, sortable=True, fold=True),
        Prop("description", default=""),
        moment("created_at", "createdDateTime"),
        moment("last_modified_at", "lastModifiedDateTime"),
        Prop("role_scope_tag_ids", "strings", default=["0"]),
    ]
