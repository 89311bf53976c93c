"""Running a statement that was built once: its SQL, parameters and row types are worked out once too.

SQLAlchemy spends four fifths of a point read or write on finding its compiled form and on its result object. A
statement that comes with parameters is one we keep, so its plan is kept beside it; whatever a plan cannot express takes
the usual way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from taxiway.store.schema import document_text

T = TypeVar("T")
Convert = Callable[[Any], Any]
_Change = sa.Insert | sa.Update | sa.Delete

_MOST = 2000


@dataclass(frozen=True, slots=True)
class Plan:
    """What a driver needs to run a statement, and what its values become."""

    sql: str
    #: All values at their places, where the driver takes them by place and not by name.
    in_order: Callable[[Mapping[str, Any]], tuple[Any, ...]] | None
    fixed: Mapping[str, Any]
    #: How a value becomes the driver's, by its place or by its name.
    places: tuple[tuple[int, Convert], ...]
    binds: tuple[tuple[str, Convert], ...]
    columns: tuple[str, ...]
    converts: tuple[tuple[int, Convert], ...]

    def run(self, connection: Connection, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Every row as a dict."""
        rows = self.given(connection, parameters)
        if not self.converts:
            return [dict(zip(self.columns, row, strict=True)) for row in rows]
        return [dict(zip(self.columns, self._converted(row), strict=True)) for row in rows]

    def given(self, connection: Connection, parameters: Mapping[str, Any]) -> list[Any]:
        """Every row as the driver gives it."""
        cursor = connection.connection.cursor()
        try:
            cursor.execute(self.sql, self._bound(parameters))
            return list(cursor.fetchall())
        finally:
            cursor.close()

    def change(self, connection: Connection, parameters: Mapping[str, Any]) -> int:
        """How many rows were written."""
        return run_sql(connection, self.sql, self._bound(parameters))

    def change_each(self, connection: Connection, many: Sequence[Mapping[str, Any]]) -> None:
        """Write once for each of the values."""
        run_sql(connection, self.sql, [self._bound(parameters) for parameters in many], many=True)

    def _bound(self, parameters: Mapping[str, Any]) -> Any:
        if self.in_order is None:
            values = {**self.fixed, **parameters}
            for name, convert in self.binds:
                values[name] = convert(values[name])
            return values
        placed = list(self.in_order({**self.fixed, **parameters} if self.fixed else parameters))
        for place, convert in self.places:
            placed[place] = convert(placed[place])
        return placed

    def _converted(self, row: Any) -> list[Any]:
        values = list(row)
        for place, convert in self.converts:
            values[place] = convert(values[place])
        return values


def run_sql(connection: Connection, sql: str, values: Any = (), *, many: bool = False) -> int:
    """Run a text as the driver takes it; how many rows it wrote. An error is the one that SQLAlchemy would raise.

    ``many``: ``values`` are those of several runs.
    """
    dbapi = connection.dialect.loaded_dbapi
    cursor = connection.connection.cursor()
    try:
        (cursor.executemany if many else cursor.execute)(sql, values)
        return int(cursor.rowcount)
    except dbapi.IntegrityError as error:
        raise sa.exc.IntegrityError(sql, None, error) from error
    except dbapi.Error as error:
        gone = connection.dialect.is_disconnect(error, connection.connection.dbapi_connection, cursor)
        raise sa.exc.DBAPIError(sql, None, error, connection_invalidated=gone) from error
    finally:
        cursor.close()


class Plans:
    """The plans of one engine, found by the statement itself."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[sa.Executable, Plan | None]] = {}

    def rows(
        self, connection: Connection, statement: sa.Executable, parameters: Mapping[str, Any]
    ) -> list[dict[str, Any]] | None:
        """The rows, or None where the usual way has to be taken."""
        return self._read(connection, statement, parameters, Plan.run)

    def given(
        self, connection: Connection, statement: sa.Executable, parameters: Mapping[str, Any]
    ) -> list[Any] | None:
        """The same as the driver gives them."""
        return self._read(connection, statement, parameters, Plan.given)

    def _read(
        self,
        connection: Connection,
        statement: sa.Executable,
        parameters: Mapping[str, Any],
        how: Callable[[Plan, Connection, Mapping[str, Any]], T],
    ) -> T | None:
        plan = self._plan(connection, statement, parameters) if isinstance(statement, sa.Select) else None
        if plan is None:
            return None
        try:
            return how(plan, connection, parameters)
        except connection.dialect.loaded_dbapi.Error:
            return None  # the usual way fails too, and tells whether the connection is still good

    def change(self, connection: Connection, statement: _Change, parameters: Mapping[str, Any]) -> int | None:
        """How many rows were written, or None where the usual way has to be taken."""
        plan = self._plan(connection, statement, parameters)
        return None if plan is None else plan.change(connection, parameters)

    def change_each(self, connection: Connection, statement: _Change, many: Sequence[Mapping[str, Any]]) -> bool:
        """Write once for each of the values, all of which name the same columns; False where that has no plan."""
        plan = self._plan(connection, statement, many[0])
        if plan is not None:
            plan.change_each(connection, many)
        return plan is not None

    def _plan(self, connection: Connection, statement: sa.Executable, parameters: Mapping[str, Any]) -> Plan | None:
        found = self._known.get(id(statement))
        if found is None:
            if len(self._known) >= _MOST:
                self._known.clear()
            found = self._known[id(statement)] = (statement, _planned(connection, statement, parameters))
        return found[1]


def _planned(connection: Connection, statement: Any, parameters: Mapping[str, Any]) -> Plan | None:
    """The plan of a statement; an insert writes the columns that its first parameters name."""
    dialect = connection.dialect
    keys = list(parameters) if isinstance(statement, sa.Insert) else None
    compiled: Any = statement.compile(dialect=dialect, column_keys=keys)
    if any(bind.expanding or bind.literal_execute for bind in compiled.binds.values()) or compiled.effective_returning:
        return None
    binds = {name: _writing(bind.type, dialect) for name, bind in compiled.binds.items()}
    needed = {name: convert for name, convert in binds.items() if convert is not None}
    order = tuple(compiled.positiontup) if compiled.positional else ()
    columns = list(statement.selected_columns) if isinstance(statement, sa.Select) else []
    reads = [_reading(column.type, dialect) for column in columns]
    return Plan(
        compiled.string,
        _picking(order) if compiled.positional else None,
        {name: bind.value for name, bind in compiled.binds.items() if not bind.required},
        tuple((place, needed[name]) for place, name in enumerate(order) if name in needed),
        tuple(needed.items()),
        tuple(str(column.key) for column in columns),
        tuple((place, convert) for place, convert in enumerate(reads) if convert is not None),
    )


def _writing(kind: Any, dialect: Any) -> Convert | None:
    """How a value of a type becomes the driver's; a document on SQLite without SQLAlchemy's three steps to it."""
    if dialect.name == "sqlite" and isinstance(kind, sa.JSON):
        return lambda value: None if value is None else document_text(value)
    convert: Convert | None = kind.dialect_impl(dialect).bind_processor(dialect)
    return convert


def _reading(kind: Any, dialect: Any) -> Convert | None:
    """How the driver's value becomes one of a type."""
    if dialect.name == "sqlite" and isinstance(kind, sa.JSON):
        return lambda value: None if value is None else msgspec.json.decode(value)
    convert: Convert | None = kind.dialect_impl(dialect).result_processor(dialect, None)
    return convert


def _picking(names: tuple[str, ...]) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    """The values of these names, in this order."""
    if len(names) > 1:
        return itemgetter(*names)
    return lambda values: tuple(values[name] for name in names)
