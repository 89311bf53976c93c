"""The store: asynchronous at the edge, one writer thread with group commit, a few reading threads."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Connection, Engine

from taxiway.kernel import Busy, Clock, Entropy
from taxiway.store.checkpoint import MOST_PAGES, Checkpointer
from taxiway.store.errors import NoDatabase, WriteFailed
from taxiway.store.plans import Plans, run_sql
from taxiway.store.schema import document_text, scope
from taxiway.store.sealing import KeyRing
from taxiway.store.unit import Followers, Tx

T = TypeVar("T")

#: An error that is written down names the statement, never the values that went with it (03 section 15.19).
_OPTIONS: dict[str, Any] = {
    "hide_parameters": True,
    "json_serializer": document_text,
    "json_deserializer": msgspec.json.decode,
}
_turn = sa.select(scope.c.head).where(scope.c.tenant == sa.bindparam("t")).with_for_update(key_share=True)
_first_turn = postgresql.insert(scope).on_conflict_do_nothing()
GROUP = 64
QUEUE = 4096


@dataclass(slots=True)
class _Write:
    """One queued unit of work."""

    function: Callable[[Tx], Any]
    tenant: str
    actor: str
    correlation: str
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]

    def settle(self, result: Any, error: BaseException | None) -> None:
        """Give the outcome to who waits, in the loop of who waits."""
        if self.future.cancelled():
            return
        if error is None:
            self.future.set_result(result)
        else:
            self.future.set_exception(error)


@dataclass(slots=True)
class _Outcome:
    """What became of a unit of work, and whether it left something to a job."""

    item: _Write
    result: Any = None
    error: BaseException | None = None
    left_work: bool = False


class _Savepoint:
    """A unit's part of the transaction of its group. SQLAlchemy's own costs more than a read."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        run_sql(connection, "SAVEPOINT unit")

    def commit(self) -> None:
        """Keep what the unit did."""
        run_sql(self._connection, "RELEASE SAVEPOINT unit")

    def rollback(self) -> None:
        """Take back what the unit did."""
        run_sql(self._connection, "ROLLBACK TO SAVEPOINT unit")
        self.commit()


def open_engine(url: str, *, synchronous: str = "FULL") -> Engine:
    """An engine for ``sqlite:///file`` or ``postgresql+psycopg://...`` with the settings both need here."""
    if url.startswith("postgresql"):
        # No prepared statements behind the driver's back: a transaction-pooling proxy would break them (stack, 5.4).
        try:
            return sa.create_engine(url, pool_pre_ping=True, connect_args={"prepare_threshold": None}, **_OPTIONS)
        except ModuleNotFoundError as error:
            raise NoDatabase(
                "The driver for PostgreSQL is not installed.",
                remedy="Install it with: pip install 'taxiway[postgresql]'",
            ) from error
    engine = sa.create_engine(url, connect_args={"check_same_thread": False, "timeout": 30}, **_OPTIONS)

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        for pragma in (
            "journal_mode=WAL",
            f"synchronous={synchronous}",
            "busy_timeout=30000",
            "foreign_keys=ON",
            "temp_store=MEMORY",
            f"wal_autocheckpoint={MOST_PAGES}",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        mode = connection.get_execution_options().get("sqlite_begin", "DEFERRED")
        connection.exec_driver_sql(f"BEGIN {mode}")

    return engine


class Store:
    """Runs units of work. Nothing is acknowledged before it is committed."""

    def __init__(
        self,
        engine: Engine,
        *,
        clock: Clock,
        entropy: Entropy,
        ring: KeyRing,
        followers: Followers | None = None,
        readers: int = 4,
        inline: bool = False,
    ) -> None:
        self.engine = engine
        self.clock = clock
        self.ring = ring
        self.followers = followers or Followers()
        self._entropy = entropy.child("store")
        #: What this process knows of the database, kept for speed: facts that never change once they are there, or
        #: that say beside them how old they may be. Any other process may lack them.
        self.memo: dict[str, Any] = {}
        self._inline = inline
        self._units = 0
        self._waiting: set[str] = set()
        self._woken = asyncio.Event()
        self._plans = Plans()
        self._queue: queue.Queue[_Write | None] = queue.Queue(QUEUE)
        self._local = threading.local()
        self._connections: list[Connection] = []
        self._writer: threading.Thread | None = None
        self._readers: ThreadPoolExecutor | None = None
        self._checkpointer: Checkpointer | None = None
        if not inline:
            if engine.dialect.name == "sqlite" and engine.url.database:
                self._checkpointer = Checkpointer(engine)
            self._readers = ThreadPoolExecutor(readers, thread_name_prefix="reader")
            self._writer = threading.Thread(target=self._write_loop, name="writer", daemon=True)
            self._writer.start()

    async def write(
        self, tenant: str, function: Callable[[Tx], T], *, actor: str = "system", correlation: str = ""
    ) -> T:
        """Run ``function`` in a transaction of ``tenant``; its result once committed, or its exception."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        item = _Write(function, tenant, actor, correlation, loop, future)
        if self._inline:
            self._run_group(self._connection(), [item])
            return await future
        try:
            self._queue.put_nowait(item)
        except queue.Full as full:
            raise Busy("Too many writes are waiting.", remedy="Try again in a second.") from full
        return await future

    async def read(self, tenant: str, function: Callable[[Tx], T]) -> T:
        """Run ``function`` on a consistent snapshot; it must not write."""
        if self._readers is None:
            return self._run_read(tenant, function)
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._run_read, tenant, function)

    async def work_left(self) -> list[str]:
        """Wait until something is left to a job; the tenants in which it is. For one caller."""
        await self._woken.wait()
        self._woken.clear()
        found, self._waiting = sorted(self._waiting), set()
        return found

    def wake(self, tenant: str) -> None:
        """Say that something may be left to a job in this tenant; from the loop that waits for it."""
        self._waiting.add(tenant)
        self._woken.set()

    def close(self) -> None:
        """Finish what is queued and close every connection."""
        if self._writer is not None:
            self._queue.put(None)
            self._writer.join()
        if self._readers is not None:
            self._readers.shutdown(wait=True)
        if self._checkpointer is not None:
            self._checkpointer.close()
        for connection in self._connections:
            connection.close()
        self.engine.dispose()

    # ------------------------------------------------------------------------------------------ threads

    def _connection(self) -> Connection:
        """The connection of the current thread."""
        connection: Connection | None = getattr(self._local, "connection", None)
        if connection is None or connection.closed:
            connection = self.engine.connect()
            self._local.connection = connection
            self._connections.append(connection)
        return connection

    def _run_read(self, tenant: str, function: Callable[[Tx], T]) -> T:
        connection = self._connection()
        try:
            if connection.dialect.name == "postgresql":
                connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            with connection.begin():
                return function(self._tx(connection, tenant, "reader", "", writable=False))
        except sa.exc.DBAPIError as error:
            if error.connection_invalidated:
                self._drop_connection()
            raise

    def _drop_connection(self) -> None:
        connection: Connection = self._local.connection
        self._local.connection = None
        if connection in self._connections:
            self._connections.remove(connection)
        connection.close()

    def _write_loop(self) -> None:
        while True:
            first = self._queue.get()
            if first is None:
                return
            group, stop = [first], False
            while len(group) < GROUP:
                try:
                    item = self._queue.get_nowait()
                except queue.Empty:
                    break
                if item is None:
                    stop = True
                    break
                group.append(item)
            try:
                self._run_group(self._connection(), group)
            except Exception as error:  # noqa: BLE001 - the writer must outlive any failure of a group
                self._fail(group, error)
            if stop:
                return

    def _run_group(self, connection: Connection, group: list[_Write]) -> None:
        """One transaction, a savepoint for each unit; futures resolve only after the commit."""
        outcomes: list[_Outcome] = []
        try:
            with connection.execution_options(sqlite_begin="IMMEDIATE").begin() as whole:
                alone = len(group) == 1  # then a unit needs no savepoint: the transaction is its own
                for item in group:
                    around = whole if alone else _Savepoint(connection)
                    outcomes.append(self._run_unit(connection, item, around))
                    if outcomes[-1].error is None and isinstance(around, _Savepoint):
                        around.commit()
        except sa.exc.SQLAlchemyError as failure:
            self._drop_connection()
            self._fail(group, failure)
            return
        if self._checkpointer is not None:
            self._checkpointer.committed()
        self._settle(outcomes)

    def _run_unit(self, connection: Connection, item: _Write, around: sa.Transaction | _Savepoint) -> _Outcome:
        """The unit's result, or its error with what it did taken back."""
        try:
            head = self._take_turn(connection, item.tenant)
            unit = self._tx(connection, item.tenant, item.actor, item.correlation, writable=True, head=head)
            result = item.function(unit)
            unit.flush()
        except Exception as error:
            if isinstance(error, sa.exc.DBAPIError) and error.connection_invalidated:
                raise
            around.rollback()
            return _Outcome(item, error=error)
        return _Outcome(item, result, left_work=unit.left_work)

    def _take_turn(self, connection: Connection, tenant: str) -> int | None:
        """On PostgreSQL a tenant's writers take turns by its row, which tells the number of the last log entry.

        On SQLite there is one writer anyway: None.
        """
        if connection.dialect.name != "postgresql":
            return None
        head: int | None = connection.scalar(_turn, {"t": tenant})
        if head is None:
            connection.execute(_first_turn, {"tenant": tenant, "head": 0})
            head = connection.scalar(_turn, {"t": tenant})
        return head

    def _fail(self, group: list[_Write], error: Exception) -> None:
        failure = WriteFailed("The transaction could not be committed; nothing of it happened.")
        failure.__cause__ = error
        self._settle([_Outcome(item, error=failure) for item in group])

    def _settle(self, outcomes: list[_Outcome]) -> None:
        """Wake each loop once for its whole share: waking costs as much as a statement."""
        if self._inline:
            self._tell(outcomes)
            return
        for loop in {outcome.item.loop for outcome in outcomes}:
            with suppress(RuntimeError):  # in a loop that was closed nobody waits any more
                loop.call_soon_threadsafe(self._tell, [one for one in outcomes if one.item.loop is loop])

    def _tell(self, outcomes: list[_Outcome]) -> None:
        for outcome in outcomes:
            outcome.item.settle(outcome.result, outcome.error)
            if outcome.left_work:
                self.wake(outcome.item.tenant)

    def _tx(
        self,
        connection: Connection,
        tenant: str,
        actor: str,
        correlation: str,
        *,
        writable: bool,
        head: int | None = None,
    ) -> Tx:
        self._units += 1
        return Tx(
            connection,
            tenant=tenant,
            actor=actor,
            correlation=correlation,
            clock=self.clock,
            entropy=self._entropy.child(tenant, correlation, str(self._units)),
            ring=self.ring,
            followers=self.followers,
            writable=writable,
            plans=self._plans,
            head=head,
        )
