"""Rows as JSON, straight from what the driver gives: a long list that is only shown needs no dict of any row.

The document's text is decoded into a record with a place for each property, and the record is encoded at once. That
takes a third of the time of making dicts, most of which goes into the memory they need.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from types import MappingProxyType
from typing import Any

import msgspec
import sqlalchemy as sa

from taxiway.store.entity import Entity
from taxiway.store.schema import EPOCH, Instant

_encode = msgspec.json.Encoder().encode


def zulu(value: datetime) -> str:
    """``2026-01-31T12:34:56Z``, with a fraction only where there is one."""
    return _short(value.astimezone(UTC).isoformat())


def as_given(table: sa.Table) -> list[sa.ColumnElement[Any]]:
    """The columns of a table as ``Records`` reads them: no type of ours stands between them and the driver."""
    return [_as_given(column) for column in table.c]


class Records:
    """How rows of an entity become JSON objects, worked out once for any number of rows.

    ``names``: the properties to show (and ``id``), each with its name in the JSON. ``unset``: what stands where a
    property has neither value nor default. ``constants``: what every object has, by its name in the JSON.
    """

    def __init__(
        self,
        entity: Entity,
        names: Mapping[str, str],
        unset: Mapping[str, Any] = MappingProxyType({}),
        constants: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        if any(prop.secret for name, prop in entity.props.items() if name in names):
            raise ValueError(f"A secret of '{entity.name}' is not to be shown.")
        table = entity.table
        columns = [name for name in names if name in table.c]
        documents = [name for name in names if name not in table.c]
        places = {name: place for place, name in enumerate([*columns, *documents])}
        blanks = {name: _blank(entity, name, unset) for name in places}
        converts = {name: _of_column(table.c[name].type) for name in columns}
        converts |= {name: _of_text for name in documents if entity.props[name].kind == "datetime"}
        fields = [(name, Any, None if name in converts else blanks[name]) for name in documents]
        self._decode = msgspec.json.Decoder(msgspec.defstruct("Document", fields, gc=False)).decode
        members: list[tuple[str, Any] | tuple[str, Any, Any]] = [(name, Any) for name in places]
        members += [(name, Any, msgspec.Raw(_encode(value))) for name, value in constants.items()]
        self._record = msgspec.defstruct("Record", members, rename=dict(names), gc=False)
        order = table.c.keys()
        self._columns = itemgetter(*map(order.index, columns), order.index("doc"))
        self._converted = [(places[name], made, blanks[name]) for name, made in converts.items() if made is not None]
        self._blanks = [(places[n], b) for n, b in blanks.items() if b is not None and converts.get(n) is None]

    def json(self, row: Sequence[Any]) -> msgspec.Raw:
        """One row, its columns as in ``as_given``."""
        *values, text = self._columns(row)
        values += msgspec.structs.astuple(self._decode(text))
        for place, convert, blank in self._converted:
            value = values[place]
            values[place] = blank if value is None else convert(value)
        for place, blank in self._blanks:
            if values[place] is None:
                values[place] = blank
        return msgspec.Raw(_encode(self._record(*values)))


def _as_given(column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    if isinstance(column.type, sa.JSON):
        return sa.cast(column, sa.Text).label(column.name)
    if isinstance(column.type, Instant | sa.Boolean):
        return sa.type_coerce(column, sa.BigInteger).label(column.name)
    return column


def _of_column(kind: sa.types.TypeEngine[Any]) -> Callable[[Any], Any] | None:
    """What a column's value becomes."""
    if isinstance(kind, Instant):
        return _of_number
    return bool if isinstance(kind, sa.Boolean) else msgspec.Raw if isinstance(kind, sa.JSON) else None


def _blank(entity: Entity, name: str, unset: Mapping[str, Any]) -> Any:
    """What stands where there is no value, such that records can share it."""
    value = entity.props[name].default if name in entity.props else None
    if isinstance(value, list | dict):
        return msgspec.Raw(_encode(value))
    return unset.get(name) if value is None else value


def _of_number(microseconds: int) -> Any:
    """A column's moment; msgspec writes it as ``zulu`` does, but for a fraction that ends in zeros."""
    value = EPOCH + timedelta(0, 0, microseconds)
    return value if microseconds % 10 or microseconds % 1_000_000 == 0 else zulu(value)


def _of_text(kept: str) -> str:
    """A document's moment, without the way through a ``datetime`` where it is in UTC."""
    if kept[-6:] != "+00:00":
        return zulu(datetime.fromisoformat(kept))
    return _short(kept) if kept[-7] == "0" else f"{kept[:-6]}Z"


def _short(text: str) -> str:
    text = text.removesuffix("+00:00")
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text}Z"
