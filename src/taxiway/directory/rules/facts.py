"""A Graph user or device as the mapping that rules are asked about (07 section 7)."""

from __future__ import annotations

from collections.abc import Mapping

from taxiway.directory.rules.attributes import ATTRIBUTES, Kind, find

# Rules know one value where Graph has a list: the first that begins so.
_CHOSEN = {"sipproxyaddress": "sip:", "telephonenumber": ""}


def from_graph(kind: Kind, resource: Mapping[str, object]) -> dict[str, object]:
    """Give the properties a rule may name, keyed by their rule names in lower case; absent ones are left out."""
    facts = {}
    for attribute in ATTRIBUTES[kind].values():
        outer, _, inner = attribute.graph.partition(".")
        value = resource.get(outer)
        if inner:
            value = value.get(inner) if isinstance(value, Mapping) else None
        if attribute.key in _CHOSEN:
            value = _chosen(value, _CHOSEN[attribute.key])
        if value is not None:
            facts[attribute.key] = value
    extensions = {name.lower(): value for name, value in resource.items() if name.lower().startswith("extension_")}
    return facts | {name: value for name, value in extensions.items() if find(kind, name) is not None}


def _chosen(values: object, prefix: str) -> str | None:
    entries = values if isinstance(values, (list, tuple)) else ()
    return next((str(entry) for entry in entries if str(entry).lower().startswith(prefix)), None)
