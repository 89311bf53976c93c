"""Pages of a list: what one holds, and the token that says where the next begins.

A token names the last row given, by the columns of the list's order and the id. Rows that come and go before it do not
shift the others.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

import sqlalchemy as sa

from taxiway.store.entity import Entity
from taxiway.store.errors import BadToken
from taxiway.store.query import Compare, Where, any_of, both, eq
from taxiway.store.schema import EPOCH, MICROSECOND, Instant

T = TypeVar("T")
Row = dict[str, Any]
Order = Sequence[tuple[str, bool]]

#: What a column of whole numbers holds, but for the sign.
_BITS = 63


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows, as dicts or as JSON, and the token of the next page (None on the last)."""

    rows: list[T]
    after: str | None


def token_of(entity: Entity, row: Mapping[str, Any], order: Order) -> str:
    """The token behind a row, whether it was read as ours or as the driver's."""
    plain = [_plain(entity, name, row[name]) for name in (*(name for name, _ in order), "id")]
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("=")


def behind(entity: Entity, where: Where | None, order: Order, token: str) -> Where:
    """What matches and stands behind the row of a token; nulls stand first, or last where descending."""
    *values, last = _read(entity, order, token)
    beyond: Where = Compare("id", "gt", last)
    for (name, descending), value in reversed(list(zip(order, values, strict=True))):
        null = eq(name, None)
        if value is None:
            same = both(null, beyond)
            beyond = same if descending else any_of(Compare(name, "ne", None), same)
        else:
            further = any_of(Compare(name, "lt", value), null) if descending else Compare(name, "gt", value)
            beyond = any_of(further, both(eq(name, value), beyond))
    return beyond if where is None else both(where, beyond)


def _plain(entity: Entity, name: str, value: Any) -> Any:
    if isinstance(value, datetime):
        return (value - EPOCH) // MICROSECOND
    return bool(value) if value is not None and isinstance(entity.table.c[name].type, sa.Boolean) else value


def _read(entity: Entity, order: Order, token: str) -> list[Any]:
    names = [*(name for name, _ in order), "id"]
    try:
        values = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        if not isinstance(values, list):
            raise TypeError(values)  # noqa: TRY301 - one answer to whatever is no token
        return [_value(entity.table.c[name].type, name, value) for name, value in zip(names, values, strict=True)]
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise BadToken("This paging token was not made by this list.") from error


def _value(kind: Any, name: str, value: Any) -> Any:
    """A value that the column can hold."""
    if value is None and name != "id":
        return None
    if type(value) is not (int if isinstance(kind, Instant) else kind.python_type) or "\0" in str(value):
        raise TypeError(value)
    if isinstance(value, str):
        value.encode()  # half of a surrogate pair is no text: JSON can say it, no database can be asked for it
    if type(value) is int and value.bit_length() > _BITS:
        raise OverflowError(value)
    return EPOCH + value * MICROSECOND if isinstance(kind, Instant) else value
