"""Entities declared once: the declaration makes the table, and faces, filters and lists read it (design, rule 6)."""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Literal

import sqlalchemy as sa

from taxiway.store.errors import NotFilterable, UnknownProperty
from taxiway.store.query import And, Compare, Holds, In, Inside, Not, Or, Such, Where
from taxiway.store.schema import Document, Instant, metadata

Kind = Literal["string", "int", "float", "bool", "datetime", "strings", "json", "binary"]

_COLUMN_TYPES: dict[str, Any] = {
    "string": sa.Text,
    "int": sa.BigInteger,
    "float": sa.Float,
    "bool": sa.Boolean,
    "datetime": Instant,
    "strings": Document,
    "json": Document,
    "binary": sa.Text,
}


_Column = sa.ColumnElement[Any]
_Compiled = sa.ColumnElement[bool]
_OPERATORS: dict[str, Callable[[_Column, Any], _Compiled]] = {
    "eq": lambda column, value: column == value,
    "ne": lambda column, value: sa.or_(column != value, column.is_(None)),
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
    "in": lambda column, values: column.in_(values),
    "startswith": lambda column, value: column.startswith(value, autoescape=True),
    "endswith": lambda column, value: column.endswith(value, autoescape=True),
    "contains": lambda column, value: column.contains(value, autoescape=True),
}


@cache
def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


@dataclass(frozen=True, slots=True)
class Prop:
    """One property.

    ``kind``: its type; ``binary`` is base64 text. ``graph``: its name at Microsoft Graph where that is not the
    mechanical camelCase. ``column``: it has a column of its own (decided on or filtered by); otherwise it lives
    in the document. ``fold``: comparisons ignore case. ``index`` / ``unique``: within the tenant. ``secret``: sealed,
    never selected.
    """

    name: str
    kind: Kind = "string"
    graph: str = ""
    nullable: bool = True
    default: Any = None
    column: bool = False
    filterable: bool = False
    sortable: bool = False
    fold: bool = False
    index: bool = False
    unique: bool = False
    secret: bool = False

    @property
    def graph_name(self) -> str:
        """The name at the Graph face."""
        return self.graph or _camel(self.name)


class Entity:
    """A named list of properties and the table they live in: ``tenant``, ``id``, the columns, ``version``, ``doc``."""

    def __init__(self, name: str, props: Iterable[Prop]) -> None:
        self.name = name
        self.props: dict[str, Prop] = {prop.name: prop for prop in props}
        self.by_graph: dict[str, Prop] = {prop.graph_name.lower(): prop for prop in self.props.values()}
        columns = [
            sa.Column(p.name, _COLUMN_TYPES[p.kind], nullable=p.nullable) for p in self.props.values() if p.column
        ]
        self.table = sa.Table(
            name,
            metadata,
            sa.Column("tenant", sa.String(64), primary_key=True),
            sa.Column("id", sa.String(100), primary_key=True),
            *columns,
            sa.Column("version", sa.Integer, nullable=False),
            sa.Column("doc", Document, nullable=False),
        )
        shown = {name: prop for name, prop in self.props.items() if not prop.secret}
        # Rows are read far more often than entities are declared, so what a row is filled up with is worked out here.
        self._blank: dict[str, Any] = {"id": None, "version": None} | {n: prop.default for n, prop in shown.items()}
        self._lists = [(name, prop.default) for name, prop in shown.items() if isinstance(prop.default, list)]
        self._columns = [name for name, prop in shown.items() if prop.column]
        self._documents = frozenset(name for name, prop in shown.items() if not prop.column)
        self._moments = frozenset(name for name in self._documents if shown[name].kind == "datetime")
        for prop in self.props.values():
            if prop.index or prop.unique:
                column = self.table.c[prop.name]
                target = sa.func.lower(column) if prop.fold else column
                sa.Index(f"ix_{name}_{prop.name}", self.table.c.tenant, target, unique=prop.unique)

    # ------------------------------------------------------------------------------------------ rows

    def to_row(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Split values into columns and the document; a property that is not declared is an error."""
        row: dict[str, Any] = {}
        doc: dict[str, Any] = {}
        for name, value in values.items():
            if name in ("id", "version"):
                continue
            prop = self.props.get(name)
            if prop is None:
                raise UnknownProperty(f"'{self.name}' has no property '{name}'.")
            if prop.column:
                row[name] = value
            elif isinstance(value, datetime):
                doc[name] = value.astimezone(UTC).isoformat()
            else:
                doc[name] = value
        row["doc"] = doc
        return row

    def from_row(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Every declared property (defaults filled in, secrets left out), ``id`` and ``version``."""
        out = self._blank.copy()
        out["id"], out["version"] = row["id"], row["version"]
        for name, default in self._lists:
            out[name] = default.copy()
        for name in self._columns:
            if row[name] is not None:
                out[name] = row[name]
        for name, value in row["doc"].items():
            if value is not None and name in self._documents:
                out[name] = datetime.fromisoformat(value) if name in self._moments else value
        return out

    # ------------------------------------------------------------------------------------------ filters

    def column(self, name: str, *, fold: bool = False) -> sa.ColumnElement[Any]:
        """The column to compare with, folded where the declaration says so, or ``fold``."""
        if name == "id":
            return self.table.c.id
        prop = self.props.get(name)
        if prop is None or not prop.column:
            raise NotFilterable(f"'{name}' of '{self.name}' cannot be filtered or sorted by.")
        column = self.table.c[name]
        return sa.func.lower(column) if prop.fold or (fold and prop.kind == "string") else column

    def where(self, tree: Where) -> sa.ColumnElement[bool]:  # noqa: PLR0911 - one answer per kind of node
        """The tree as SQL."""
        match tree:
            case And(parts):
                return sa.and_(sa.true(), *(self.where(part) for part in parts))
            case Or(parts):
                return sa.or_(sa.false(), *(self.where(part) for part in parts))
            case Not(part):
                return sa.func.coalesce(self.where(part), sa.false()) == sa.false()
            case In(field, values, fold):
                return self.column(field, fold=fold).in_([self.folded(field, value, fold=fold) for value in values])
            case Holds(field, values, how):
                return self._holds(field, values, how)
            case Inside(path, op, value):
                return _compared(self._inside(path), op, None if value is None else value.lower())
            case Such(condition):
                return condition(self.table)
            case Compare(field, op, value, fold):
                return _compared(self.column(field, fold=fold), op, self.folded(field, value, fold=fold))

    def _holds(self, field: str, values: Iterable[str], how: str) -> _Compiled:
        """In the text of the list, in which both databases put every item into quotes."""
        prop = self.props[field]
        text: _Column = sa.func.coalesce(self.table.c.doc[field].as_string(), json.dumps(prop.default))
        quoted = [json.dumps(value, ensure_ascii=False) for value in values]
        if how != "eq":
            text, quoted = sa.func.lower(text), [value.lower() for value in quoted]
        sought = {"eq": slice(None), "startswith": slice(-1), "contains": slice(1, -1)}[how]
        # A quote that opens an item stands behind one of these; one within an item stands behind a backslash.
        before = ("",) if how == "contains" else ("[", ",", " ")
        ways = (text.contains(mark + value[sought], autoescape=True) for value in quoted for mark in before)
        return sa.or_(sa.false(), *ways)

    def _inside(self, path: tuple[str, ...]) -> _Column:
        """A text of the document in lower case; where the document does not say, the property's default."""
        default = self.props[path[0]].default
        for step in path[1:]:
            default = default.get(step) if isinstance(default, dict) else None
        text = sa.func.lower(self.table.c.doc[path].as_string())
        return sa.func.coalesce(text, default.lower()) if isinstance(default, str) else text

    def folded(self, field: str, value: Any, *, fold: bool = False) -> Any:
        """The value as the column is compared with: lower case where the property folds."""
        prop = self.props.get(field)
        folds = prop is not None and (prop.fold or fold)
        return value.lower() if folds and isinstance(value, str) else value


def _compared(column: _Column, op: str, value: Any) -> _Compiled:
    if value is None:
        return column.is_(None) if op == "eq" else column.is_not(None)
    return _OPERATORS[op](column, value)


def merged(before: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The members of an object of JSON changed by their names in any case; new ones behind them."""
    spelled = {name.lower(): name for name in before}
    return {**before, **{spelled.get(name.lower(), name): value for name, value in changes.items()}}
