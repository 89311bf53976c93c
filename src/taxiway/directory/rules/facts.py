"""A Graph user or device as the mapping that rules are asked about (07 section 7)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

from taxiway.directory.rules.attributes import ATTRIBUTES, Attribute, Kind, find

# Rules know one value where Graph has a list: the first that begins so.
_CHOSEN = {"sipproxyaddress": "sip:", "telephonenumber": ""}


class _Source(NamedTuple):
    """Where Graph keeps a property: the outer name, the inner one if any, and what a chosen entry begins with."""

    key: str
    outer: str
    inner: str
    chosen: str | None


def _source(attribute: Attribute) -> _Source:
    outer, _, inner = attribute.graph.partition(".")
    return _Source(attribute.key, outer, inner, _CHOSEN.get(attribute.key))


_SOURCES: dict[Kind, dict[str, _Source]] = {
    kind: {key: _source(attribute) for key, attribute in known.items()} for kind, known in ATTRIBUTES.items()
}


def from_graph(kind: Kind, resource: Mapping[str, object], keys: Collection[str] | None = None) -> dict[str, object]:
    """Give the properties a rule may name, keyed by their rule names in lower case; absent ones are left out.

    With `keys`, only these: what one rule reads.
    """
    sources = _SOURCES[kind]
    facts = {}
    for source in sources.values() if keys is None else [sources[key] for key in keys if key in sources]:
        value = resource.get(source.outer)
        if source.inner:
            value = value.get(source.inner) if isinstance(value, Mapping) else None
        if source.chosen is not None:
            value = _chosen(value, source.chosen)
        if value is not None:
            facts[source.key] = value
    for name, value in resource.items():
        if name[:10].lower() == "extension_" and find(kind, name) is not None:
            facts[name.lower()] = value
    return facts


def _chosen(values: object, prefix: str) -> str | None:
    entries = values if isinstance(values, (list, tuple)) else ()
    return next((str(entry) for entry in entries if str(entry).lower().startswith(prefix)), None)
