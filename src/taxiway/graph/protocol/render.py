"""A row as Graph shows it (02 section 1.3)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from taxiway.graph.protocol.face import Face
from taxiway.graph.protocol.options import Selection
from taxiway.store import Row, Tx

NEVER = "0001-01-01T00:00:00Z"
NO_GUID = "00000000-0000-0000-0000-000000000000"
_zeroes = re.compile(r"0+$")


def moment(value: datetime) -> str:
    """``2026-01-31T12:34:56Z``, with a fraction only where there is one."""
    text = value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f").zfill(26)
    return _zeroes.sub("", text).rstrip(".") + "Z"


def render(
    tx: Tx, face: Face, rows: Sequence[Row], selection: Selection, *, version: str, root: str
) -> list[dict[str, Any]]:
    """Rows as JSON objects with their annotations and expansions."""
    computed = face.shown(tx, list(rows)) if face.shown is not None and rows else [{} for _ in rows]
    shown = [_one(face, row, more, selection, version) for row, more in zip(rows, computed, strict=True)]
    for expansion in selection.expansions:
        for row, made in zip(rows, shown, strict=True):
            made[f"{expansion.name}@odata.context"] = f"{root}/$metadata#{face.path}('{row['id']}')/{expansion.name}"
            made[expansion.name] = expansion.load(tx, row)
    if face.fit is not None:
        for made in shown:
            face.fit(made, version)
    return shown


def _one(face: Face, row: Row, more: dict[str, Any], selection: Selection, version: str) -> dict[str, Any]:
    out: dict[str, Any] = {}
    kind = face.type_of(row)
    if kind:
        out["@odata.type"] = kind
    out["id"] = row["id"]
    limited = face.properties_of(row)
    names = selection.names
    default = frozenset(face.default) if version == "v1.0" and not names else frozenset[str]()
    for name, prop in face.props.items():
        if prop.secret or name in face.hidden or (limited is not None and name not in limited):
            continue
        graph_name = prop.graph_name
        if (
            graph_name.lower() not in names
            if names
            else name in face.on_select or (default and graph_name not in default)
        ):
            continue
        if version == "v1.0" and name in face.beta:
            continue
        value = _inside(row[name], face.inside[name], version) if name in face.inside else row[name]
        out[graph_name] = _value(value, never=name in face.never)
    return out | {n: value for n, value in more.items() if n.startswith("@") or not names or n.lower() in names}


def _inside(items: Any, more: Mapping[str, Any], version: str) -> list[dict[str, Any]]:
    if version == "v1.0":
        return [{name: value for name, value in item.items() if name not in more} for item in items or ()]
    return [{**item, **{name: item.get(name, default) for name, default in more.items()}} for item in items or ()]


def _value(value: Any, *, never: bool) -> Any:
    if isinstance(value, datetime):
        return moment(value)
    return NEVER if value is None and never else value
