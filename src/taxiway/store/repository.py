"""Rows of one entity: insert, get, find, update, delete and paged lists, always within the transaction's tenant."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from taxiway.store.entity import Entity
from taxiway.store.errors import AlreadyExists, NotFound
from taxiway.store.paging import Order, Page, Row, behind, token_of
from taxiway.store.query import Where, one_of
from taxiway.store.records import Records, as_given
from taxiway.store.shapes import parametrize
from taxiway.store.unit import Tx

#: A list longer than this is not remembered row by row within its transaction.
_REMEMBERED = 200
#: Up to so many rows are read one by one.
_FEW = 20
#: So many prepared statements are kept for each entity.
_SHAPES = 500


class Repository:
    """Reads and writes rows of one entity as plain dicts with snake_case keys."""

    def __init__(self, entity: Entity) -> None:
        self.entity = entity
        table = entity.table
        mine = (table.c.tenant == sa.bindparam("t")) & (table.c.id == sa.bindparam("i"))
        self._get = sa.select(table).where(mine)
        self._given = as_given(table)
        self._updates: dict[tuple[str, ...], sa.Update] = {}
        self._statements: dict[Any, sa.Select[Any]] = {}
        self._insert = sa.insert(table)
        self._blank = dict.fromkeys(table.c.keys())
        props = entity.props.items()
        self._defaults = {name: prop.default for name, prop in props if prop.default is not None and prop.column}
        self._delete = sa.delete(table).where(mine)
        #: What another row may have already, or what must be there: only a change of these can fail.
        self._bound = frozenset(prop.name for prop in entity.props.values() if prop.unique or not prop.nullable)

    def insert(self, tx: Tx, values: Mapping[str, Any]) -> Row:
        """Add a row; ``id`` is drawn from the transaction's entropy when absent."""
        return self.insert_all(tx, [values])[0]

    def insert_all(self, tx: Tx, many: Sequence[Mapping[str, Any]]) -> list[Row]:
        """Add rows with one statement, or none of them; ids as with ``insert``."""
        return [self.entity.from_row(row) for row in self.add_all(tx, many)]

    def add_all(self, tx: Tx, many: Sequence[Mapping[str, Any]]) -> list[Row]:
        """The same where nobody wants to see them: the rows as they are stored."""
        rows = [self._new(tx, values) for values in many]
        try:
            if rows:
                tx.attempt(self._insert, rows)
        except sa.exc.IntegrityError as error:
            raise AlreadyExists(f"'{self.entity.name}' already has such a row.") from error
        tx.rows.update({(self.entity.name, row["id"]): row for row in rows})
        return rows

    def get(self, tx: Tx, row_id: str) -> Row | None:
        """The row with this id, or None."""
        row = self._raw(tx, row_id)
        return None if row is None else self.entity.from_row(row)

    def require(self, tx: Tx, row_id: str) -> Row:
        """The row with this id, or ``NotFound``."""
        row = self.get(tx, row_id)
        if row is None:
            raise NotFound(f"There is no '{self.entity.name}' with the id '{row_id}'.")
        return row

    def find(self, tx: Tx, where: Where) -> Row | None:
        """The first row that matches, by id, or None."""
        rows = self.select(tx, where, limit=1)
        return rows[0] if rows else None

    def select(
        self,
        tx: Tx,
        where: Where | None = None,
        *,
        order: Order = (),
        limit: int | None = None,
    ) -> list[Row]:
        """Rows that match, in order (``(name, descending)`` pairs, then id)."""
        raw = self._selected(tx, where, tuple(order), limit)
        if len(raw) <= _REMEMBERED:
            tx.rows.update({(self.entity.name, row["id"]): row for row in raw})
        return [self.entity.from_row(row) for row in raw]

    def of_ids(self, tx: Tx, ids: Collection[str], *, by: str) -> list[Row]:
        """The rows with these ids, in the order of a text; a few are read one by one, which has a plan of its own."""
        if len(ids) > _FEW:
            return self.select(tx, one_of("id", sorted(ids)), order=[(by, False)])
        rows = [row for row_id in ids if (row := self.get(tx, row_id)) is not None]
        return sorted(rows, key=lambda row: (str(row[by] or "").casefold(), row["id"]))

    def page(
        self,
        tx: Tx,
        where: Where | None = None,
        *,
        order: Order = (),
        limit: int = 100,
        after: str | None = None,
        skip: int = 0,
    ) -> Page[Row]:
        """One page; ``after`` is the token of the page before. Rows that come and go do not shift the others.

        ``skip``: rows left out of the first page; a token knows where it stands.
        """
        start, offset = self._start(where, order, after, skip)
        raw = self._selected(tx, start, tuple(order), limit + 1, offset)
        rows = [self.entity.from_row(row) for row in raw[:limit]]
        return Page(rows, token_of(self.entity, raw[limit - 1], order) if len(raw) > limit else None)

    def page_as_json(
        self,
        tx: Tx,
        where: Where | None,
        records: Records,
        *,
        order: Order = (),
        limit: int = 100,
        after: str | None = None,
        skip: int = 0,
    ) -> Page[msgspec.Raw]:
        """The same page where its rows are only to be shown."""
        start, offset = self._start(where, order, after, skip)
        statement, values = self._statement(tx, start, tuple(order), limit + 1, offset, given=True)
        raw = tx.given(statement, values)
        rows = [records.json(row) for row in raw[:limit]]
        if len(raw) <= limit:
            return Page(rows, None)
        last = dict(zip(self.entity.table.c.keys(), raw[limit - 1], strict=True))
        return Page(rows, token_of(self.entity, last, order))

    def count(self, tx: Tx, where: Where | None = None) -> int:
        """How many rows match."""
        values: dict[str, Any] = {"t": tx.tenant}
        made = (None, None) if where is None else parametrize(self.entity, where, values)
        if made is None:
            return int(tx.scalar(sa.select(sa.func.count()).select_from(self._matching(tx, where).subquery())) or 0)
        return int(tx.scalar(self._kept(("count", made[0]), lambda: self._counting(made[1])), values) or 0)

    def _counting(self, where: Where | None) -> sa.Select[Any]:
        table = self.entity.table
        counting = sa.select(sa.func.count().label("rows")).where(table.c.tenant == sa.bindparam("t"))
        return counting if where is None else counting.where(self.entity.where(where))

    def update(self, tx: Tx, row_id: str, changes: Mapping[str, Any]) -> Row:
        """Change some properties of a row; its version rises by one."""
        current = self._raw(tx, row_id)
        if current is None:
            raise NotFound(f"There is no '{self.entity.name}' with the id '{row_id}'.")
        changed = self.entity.to_row(self._seal(tx, row_id, changes))
        changed["doc"] = {**current["doc"], **changed["doc"]}
        changed["version"] = current["version"] + 1
        statement, values = self._update_of(changed.keys()), {"t": tx.tenant, "i": row_id, **changed}
        if self._bound.isdisjoint(changed):
            tx.change(statement, values)
        else:
            try:
                tx.attempt(statement, [values])
            except sa.exc.IntegrityError as error:
                raise AlreadyExists(f"'{self.entity.name}' already has such a row.") from error
        row = tx.rows[self.entity.name, row_id] = {**current, **changed}
        return self.entity.from_row(row)

    def delete(self, tx: Tx, row_id: str) -> bool:
        """Remove a row; whether there was one."""
        tx.rows.pop((self.entity.name, row_id), None)
        return tx.change(self._delete, {"t": tx.tenant, "i": row_id}) > 0

    def reveal(self, tx: Tx, row_id: str, name: str) -> bytes | None:
        """The opened value of a secret property."""
        row = self._raw(tx, row_id)
        sealed = None if row is None else row["doc"].get(name) or row.get(name)
        return None if sealed is None else tx.unseal(sealed, self.entity.name, name, row_id)

    def forget(self, tx: Tx) -> None:
        """Rows of this entity were written by a statement of their own: what the transaction remembers is stale."""
        for key in [key for key in tx.rows if key[0] == self.entity.name]:
            del tx.rows[key]

    # ------------------------------------------------------------------------------------------ inside

    def _update_of(self, columns: Iterable[str]) -> sa.Update:
        """The statement that writes these columns; each set of them is built once."""
        names = tuple(sorted(columns))
        known = self._updates.get(names)
        if known is None:
            table = self.entity.table
            mine = (table.c.tenant == sa.bindparam("t")) & (table.c.id == sa.bindparam("i"))
            known = sa.update(table).where(mine).values({name: sa.bindparam(name) for name in names})
            self._updates[names] = known
        return known

    def _raw(self, tx: Tx, row_id: str) -> Row | None:
        """The row as stored, from what this transaction knows or from the database."""
        known = tx.rows.get((self.entity.name, row_id))
        if known is None:
            known = tx.one(self._get, {"t": tx.tenant, "i": row_id})
            if known is not None:
                tx.rows[self.entity.name, row_id] = known
        return known

    def _start(
        self, where: Where | None, order: Order, after: str | None, skip: int
    ) -> tuple[Where | None, int | None]:
        """What matches from the start of a page on, and how many of that to leave out."""
        return (where, skip or None) if after is None else (behind(self.entity, where, order, after), None)

    def _selected(
        self,
        tx: Tx,
        where: Where | None,
        order: tuple[tuple[str, bool], ...],
        limit: int | None,
        offset: int | None = None,
    ) -> list[Row]:
        return tx.all(*self._statement(tx, where, order, limit, offset))

    def _statement(
        self,
        tx: Tx,
        where: Where | None,
        order: tuple[tuple[str, bool], ...],
        limit: int | None,
        offset: int | None,
        *,
        given: bool = False,
    ) -> tuple[sa.Select[Any], dict[str, Any] | None]:
        """What selects matching rows, and its values; one whose shape was seen before is not built again.

        ``given``: the columns are those that ``Records`` reads.
        """
        values: dict[str, Any] = {"t": tx.tenant}
        made = (None, None) if where is None else parametrize(self.entity, where, values)

        def build(matching: Where | None) -> sa.Select[Any]:
            columns = self._given if given else [self.entity.table]
            known = sa.select(*columns).where(self.entity.table.c.tenant == sa.bindparam("t"))
            if matching is not None:
                known = known.where(self.entity.where(matching))
            return known.order_by(*self._order(order)).limit(limit).offset(offset)

        if made is None:
            return build(where).params(t=tx.tenant), None
        return self._kept((made[0], order, limit, offset, given), lambda: build(made[1])), values

    def _kept(self, shape: Any, build: Callable[[], sa.Select[Any]]) -> sa.Select[Any]:
        """The statement of a shape, built when the shape is seen for the first time."""
        known = self._statements.get(shape)
        if known is None:
            if len(self._statements) >= _SHAPES:  # shapes come from callers' filters too
                self._statements.clear()
            known = self._statements[shape] = build()
        return known

    def _new(self, tx: Tx, values: Mapping[str, Any]) -> dict[str, Any]:
        """Every column of a new row, defaults filled in."""
        row_id = values.get("id") or tx.entropy.uuid()
        row = self.entity.to_row(self._seal(tx, row_id, {**self._defaults, **values}))
        return {**self._blank, **row, "tenant": tx.tenant, "id": row_id, "version": 1}

    def _seal(self, tx: Tx, row_id: str, values: Mapping[str, Any]) -> dict[str, Any]:
        out = dict(values)
        for name, prop in self.entity.props.items():
            if prop.secret and out.get(name) is not None:
                secret = out[name].encode() if isinstance(out[name], str) else out[name]
                out[name] = tx.seal(secret, self.entity.name, name, row_id)
        return out

    def _matching(self, tx: Tx, where: Where | None) -> sa.Select[Any]:
        statement = sa.select(self.entity.table).where(self.entity.table.c.tenant == tx.tenant)
        return statement if where is None else statement.where(self.entity.where(where))

    def _order(self, order: Order) -> list[sa.ColumnElement[Any]]:
        keys = [
            self.entity.column(name).desc().nulls_last() if descending else self.entity.column(name).asc().nulls_first()
            for name, descending in order
        ]
        return [*keys, self.entity.table.c.id.asc()]
