"""The neutral query tree: what Graph's ``$filter``, portal lists and rooms ask, before it becomes SQL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import sqlalchemy as sa

Operator = Literal["eq", "ne", "lt", "le", "gt", "ge", "in", "startswith", "endswith", "contains"]


@dataclass(frozen=True, slots=True)
class Compare:
    """One property against one value; ``None`` compares with null. ``fold``: as if the property folded."""

    field: str
    op: Operator
    value: Any
    fold: bool = False


@dataclass(frozen=True, slots=True)
class In:
    """One property against a list of values."""

    field: str
    values: tuple[Any, ...]
    fold: bool = False


@dataclass(frozen=True, slots=True)
class Inside:
    """A text within the document, at the end of ``path``, without regard to case; has no index to help it."""

    path: tuple[str, ...]
    op: Operator
    value: str | None


@dataclass(frozen=True, slots=True)
class Such:
    """What a room can say of its table's rows and this tree cannot: ``condition`` makes the SQL."""

    condition: Callable[[sa.Table], sa.ColumnElement[bool]]


@dataclass(frozen=True, slots=True)
class Holds:
    """A list property, kept in the document, has at least one of these texts; ``how``: or one that is like it."""

    field: str
    values: tuple[str, ...]
    how: Literal["eq", "startswith", "contains"] = "eq"


@dataclass(frozen=True, slots=True)
class And:
    """Every part holds."""

    parts: tuple[Where, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one part holds."""

    parts: tuple[Where, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold; a null property counts as not matching, so its negation matches."""

    part: Where


Where: TypeAlias = Compare | In | Holds | Inside | Such | And | Or | Not


def eq(field: str, value: Any) -> Compare:
    """``field`` equals ``value``."""
    return Compare(field, "eq", value)


def one_of(field: str, values: Sequence[Any]) -> In:
    """``field`` is one of ``values``."""
    return In(field, tuple(values))


def both(*parts: Where) -> And:
    """Every part holds."""
    return And(parts)


def any_of(*parts: Where) -> Or:
    """At least one part holds."""
    return Or(parts)
