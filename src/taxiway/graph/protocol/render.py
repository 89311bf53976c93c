"""A row as Graph shows it (02 section 1.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from taxiway.graph.protocol.face import Face
from taxiway.graph.protocol.options import Selection
from taxiway.store import Entity, Records, Row, Tx, zulu

NEVER = "0001-01-01T00:00:00Z"
NO_GUID = "00000000-0000-0000-0000-000000000000"
moment: Final = zulu
_Pairs = tuple[tuple[str, Any], ...]


def render(
    tx: Tx, face: Face, rows: Sequence[Row], selection: Selection, *, version: str, root: str
) -> list[dict[str, Any]]:
    """Rows as JSON objects with their annotations and expansions."""
    shapes: dict[frozenset[str] | None, _Shape] = {}
    shown = []
    for row in rows:
        limited = face.properties_of(row)
        shape = shapes.get(limited) or shapes.setdefault(limited, _shape(face, selection.names, version, limited))
        shown.append(shape.item(row, face.type_of(row)))
    if face.shown is not None and rows:
        for made, more in zip(shown, face.shown(tx, list(rows)), strict=True):
            made.update(_asked(more, selection.names))
    for expansion in selection.expansions:
        for row, made in zip(rows, shown, strict=True):
            made[f"{expansion.name}@odata.context"] = f"{root}/$metadata#{face.path}('{row['id']}')/{expansion.name}"
            made[expansion.name] = expansion.load(tx, row)
    if face.fit is not None:
        for made in shown:
            face.fit(made, version)
    return shown


def records(face: Face, selection: Selection, version: str) -> Records | None:
    """How a list is made that needs no more than what ``render`` takes from the rows themselves; None where it does."""
    if not face.plain or selection.expansions:
        return None
    shape = _shape(face, selection.names, version, None)
    facts = (tuple(shape.names.items()), tuple(shape.unset.items()), tuple(shape.constants.items()))
    return _records(face.repository.entity, *facts)


@dataclass(frozen=True, slots=True)
class _Shape:
    """What is shown of rows.

    ``names``: each property and its name at Graph. ``unset``: what stands for a moment that never was.
    ``constants``: what all show alike, by its name at Graph.
    """

    names: Mapping[str, str]
    unset: Mapping[str, str]
    constants: Mapping[str, Any]

    def item(self, row: Row, kind: str) -> dict[str, Any]:
        """One row."""
        made: dict[str, Any] = {"@odata.type": kind} if kind else {}
        for name, shown in self.names.items():
            value = row[name]
            made[shown] = (
                self.unset.get(name) if value is None else zulu(value) if isinstance(value, datetime) else value
            )
        return {**made, **self.constants}


def _shape(face: Face, asked: frozenset[str], version: str, limited: frozenset[str] | None) -> _Shape:
    """What is shown when ``asked`` is selected; ``limited``: the properties that rows of one kind have."""
    old = version == "v1.0"
    unasked = frozenset(face.default) if old and not asked else frozenset[str]()
    names, constants = {"id": "id"}, dict[str, Any]()
    for name, prop in face.props.items():
        constant = name in face.constants
        if (prop.secret and not constant) or name in face.hidden or (limited is not None and name not in limited):
            continue
        shown = prop.graph_name
        if shown.lower() not in asked if asked else name in face.on_select or (unasked and shown not in unasked):
            continue
        if old and name in face.beta:
            continue
        if constant:
            constants[shown] = face.constants[name]
        else:
            names[name] = shown
    return _Shape(names, dict.fromkeys(face.never & names.keys(), NEVER), constants)


@lru_cache(maxsize=256)
def _records(entity: Entity, names: _Pairs, unset: _Pairs, constants: _Pairs) -> Records:
    """Making one takes longer than a short list."""
    return Records(entity, dict(names), dict(unset), dict(constants))


def _asked(more: Mapping[str, Any], asked: frozenset[str]) -> Mapping[str, Any]:
    """Of what was computed for a row, what is shown."""
    return {n: value for n, value in more.items() if n.startswith("@") or n.lower() in asked} if asked else more
