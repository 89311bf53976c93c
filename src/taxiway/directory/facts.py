"""Rows as the facts that rules are asked about, and which change touches which fact (07 section 7)."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from taxiway.directory.entities import DEVICE, USER
from taxiway.directory.rules import ATTRIBUTES, Kind, from_graph
from taxiway.store import Entity, Row

_ENTITIES: Mapping[Kind, Entity] = {"device": DEVICE, "user": USER}


def _keys_by_property(kind: Kind) -> dict[str, frozenset[str]]:
    """Property of the row -> keys of the rule attributes that read it."""
    found: dict[str, set[str]] = {}
    for attribute in ATTRIBUTES[kind].values():
        outer = attribute.graph.partition(".")[0].lower()
        prop = _ENTITIES[kind].by_graph.get(outer)
        name = prop.name if prop is not None else outer
        found.setdefault(name, set()).add(attribute.key)
    return {name: frozenset(keys) for name, keys in found.items()}


_KEYS: Mapping[Kind, Mapping[str, frozenset[str]]] = {kind: _keys_by_property(kind) for kind in _ENTITIES}
_GRAPH_NAMES: Mapping[Kind, Mapping[str, str]] = {
    kind: {name: _ENTITIES[kind].props[name].graph_name for name in _KEYS[kind] if name in _ENTITIES[kind].props}
    for kind in _ENTITIES
}


def facts_of(kind: Kind, row: Row, keys: Collection[str] | None = None) -> dict[str, object]:
    """What a rule may ask about a device or a user; with ``keys``, what one rule asks."""
    graph = {graph: row[name] for name, graph in _GRAPH_NAMES[kind].items()}
    graph["id"] = row["id"]
    facts = from_graph(kind, graph, keys)
    if kind == "user" and row["directory_extensions"]:
        facts |= {name.lower(): value for name, value in row["directory_extensions"].items()}
    return facts


def touched(kind: Kind, changed: Collection[str]) -> frozenset[str] | None:
    """The attribute keys that a change of row properties touches; None when any may be (directory extensions)."""
    if "directory_extensions" in changed:
        return None
    keys = frozenset[str]().union(*(_KEYS[kind].get(name, frozenset()) for name in changed))
    return keys | ({"manager"} if "manager_id" in changed else frozenset())
