"""The unit of work: one transaction with its tenant, actor, correlation, clock and entropy (design, rule 2)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from taxiway.kernel import Clock, Entropy, Reason
from taxiway.store.plans import Plans
from taxiway.store.schema import log, scope
from taxiway.store.sealing import KeyRing

Event = Mapping[str, Any]
Follower = Callable[["Tx", Event], None]

_head = sa.select(scope.c.head).where(scope.c.tenant == sa.bindparam("t"))
_move_head = sa.update(scope).where(scope.c.tenant == sa.bindparam("t")).values(head=sa.bindparam("h"))
_first_head = sa.insert(scope)
_append = sa.insert(log)


class Followers:
    """Who runs after a change, inside its transaction, in the order of registration (design, rule 4)."""

    def __init__(self) -> None:
        self._by_name: dict[str, list[Follower]] = {}

    def on(self, name: str, follower: Follower) -> None:
        """Let ``follower`` run whenever ``name`` is announced."""
        self._by_name.setdefault(name, []).append(follower)

    def run(self, tx: Tx, name: str, event: Event) -> None:
        """Run the followers of ``name``."""
        for follower in self._by_name.get(name, ()):
            follower(tx, event)


class Tx:
    """A transaction of one tenant. ``now`` stands still while it lasts."""

    __slots__ = (
        "_conn",
        "_entries",
        "_followers",
        "_head",
        "_plans",
        "actor",
        "clock",
        "correlation",
        "entropy",
        "left_work",
        "memo",
        "now",
        "ring",
        "rows",
        "tenant",
        "writable",
    )

    def __init__(  # noqa: PLR0913 - made in two places, by name
        self,
        conn: Connection,
        *,
        tenant: str,
        actor: str,
        correlation: str,
        clock: Clock,
        entropy: Entropy,
        ring: KeyRing,
        followers: Followers,
        writable: bool,
        plans: Plans,
        head: int | None = None,
    ) -> None:
        self._conn = conn
        self._plans = plans
        self._followers = followers
        self.tenant = tenant
        self.actor = actor
        self.correlation = correlation
        self.clock = clock
        self.entropy = entropy
        self.ring = ring
        self.now: datetime = clock.now()
        self.writable = writable
        #: Rows this transaction has seen or written, by entity and id: it alone can change them while it lasts.
        self.rows: dict[tuple[str, str], dict[str, Any]] = {}
        #: What a room derived from rows, and forgets when it changes them.
        self.memo: dict[str, Any] = {}
        #: Whether something is left to a job, which is woken when this transaction is committed.
        self.left_work = False
        #: The number of the tenant's last log entry, once it is known.
        self._head = head
        self._entries: list[dict[str, Any]] = []

    @property
    def dialect(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return self._conn.dialect.name

    def execute(self, statement: sa.Executable, parameters: Any = None) -> sa.CursorResult[Any]:
        """Run a statement; it names the tenant itself."""
        return self._conn.execute(statement, parameters)

    def change(self, statement: sa.Insert | sa.Update | sa.Delete, parameters: Mapping[str, Any]) -> int:
        """Run a statement that is kept, with its values; how many rows it wrote. An insert names every column."""
        done = self._plans.change(self._conn, statement, parameters)
        return self.execute(statement, parameters).rowcount if done is None else done

    def attempt(self, statement: sa.Insert | sa.Update, many: Sequence[Mapping[str, Any]]) -> None:
        """Run a statement that is kept, for each of its values; the caller handles its failure and goes on.

        PostgreSQL gives up a whole transaction at the first error, so there it stands in a savepoint of its own.
        """
        if self.dialect != "postgresql":
            self.change_each(statement, many)
            return
        with self._conn.begin_nested():
            self.change_each(statement, many)

    def change_each(self, statement: sa.Insert | sa.Update | sa.Delete, many: Sequence[Mapping[str, Any]]) -> None:
        """Run a statement that is kept for each of its values, all of which name the same columns."""
        if not many:
            return
        if len(many) == 1:
            self.change(statement, many[0])
        elif not self._plans.change_each(self._conn, statement, many):
            self.execute(statement, list(many))

    def all(self, statement: sa.Executable, parameters: Any = None) -> list[dict[str, Any]]:
        """Every row as a dict. A statement that is kept comes with its values as ``parameters``."""
        if parameters is not None:
            rows = self._plans.rows(self._conn, statement, parameters)
            if rows is not None:
                return rows
        return [dict(row) for row in self.execute(statement, parameters).mappings()]

    def given(self, statement: sa.Executable, parameters: Any = None) -> Sequence[Sequence[Any]]:
        """Every row as the driver gives it; the statement asks for no type that the driver does not know."""
        if parameters is not None:
            rows = self._plans.given(self._conn, statement, parameters)
            if rows is not None:
                return rows
        return self.execute(statement, parameters).all()

    def one(self, statement: sa.Executable, parameters: Any = None) -> dict[str, Any] | None:
        """The first row as a dict, or None."""
        if parameters is not None:
            rows = self._plans.rows(self._conn, statement, parameters)
            if rows is not None:
                return rows[0] if rows else None
        row = self.execute(statement, parameters).mappings().first()
        return None if row is None else dict(row)

    def scalar(self, statement: sa.Executable, parameters: Any = None) -> Any:
        """The first column of the first row, or None."""
        if parameters is not None:
            rows = self._plans.rows(self._conn, statement, parameters)
            if rows is not None:
                return next(iter(rows[0].values())) if rows else None
        return self._conn.scalar(statement, parameters)

    def log(
        self,
        kind: str,
        *,
        subject: str,
        what: Mapping[str, Any] | None = None,
        why: Iterable[Reason] = (),
    ) -> int:
        """Append to the tenant's log; the entry's number (gap-free, in commit order).

        The tenant has one writer at a time, so numbers are given here and written together when the unit ends.
        """
        if self._head is None:
            found = self.scalar(_head, {"t": self.tenant})
            if found is None:
                self.execute(_first_head, {"tenant": self.tenant, "head": 0})
            self._head = int(found or 0)
        self._head += 1
        self._entries.append(
            {
                "tenant": self.tenant,
                "number": self._head,
                "time": self.now,
                "actor": self.actor,
                "correlation": self.correlation,
                "subject": subject,
                "kind": kind,
                "what": dict(what or {}),
                "why": [reason.as_dict() for reason in why],
            },
        )
        return self._head

    def flush(self) -> None:
        """Write the entries logged so far; the store calls it when the unit ends."""
        if self._entries:
            entries, self._entries = self._entries, []
            self.change_each(_append, entries)
            self.change(_move_head, {"t": self.tenant, "h": self._head})

    def announce(self, name: str, **event: Any) -> None:
        """Tell the followers of ``name``; what they do is part of this transaction."""
        self._followers.run(self, name, event)

    def seal(self, secret: bytes, *where: str) -> str:
        """Seal a secret to its place in this tenant (table, column, id)."""
        return self.ring.seal(secret, self.tenant, *where, nonce=self.entropy.bytes(12))

    def unseal(self, value: str, *where: str) -> bytes:
        """Open a value that ``seal`` made for the same place."""
        return self.ring.unseal(value, self.tenant, *where)
