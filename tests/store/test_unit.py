"""The unit of work holds on both databases."""

import asyncio

import pytest

from taxiway.kernel import Reason
from taxiway.store import AlreadyExists, Entity, Prop, Repository, both, entries, eq, router
from taxiway.store.errors import WriteFailed
from taxiway.store.query import Compare, Not
from taxiway.store.router import ClaimedElsewhere

pytestmark = pytest.mark.anyio

THING = Entity(
    "test_thing",
    [
        Prop("name", column=True, fold=True, unique=True),
        Prop("rank", "int", column=True),
        Prop("at", "datetime"),
        Prop("pin", secret=True),
        Prop("tags", "strings", default=[]),
    ],
)
THINGS = Repository(THING)


async def test_write_happens_whole_or_not_at_all(store):
    """A unit that fails leaves neither its rows nor its log entries, and its neighbours in the group stay."""

    def fails(tx):
        THINGS.insert(tx, {"name": "lost"})
        tx.log("thing.made", subject="thing:lost")
        raise ValueError("no")

    def holds(tx):
        THINGS.insert(tx, {"name": "kept"})
        tx.log("thing.made", subject="thing:kept")

    outcomes = await asyncio.gather(store.write("a", holds), store.write("a", fails), return_exceptions=True)
    assert isinstance(outcomes[1], ValueError)
    names, log = await store.read("a", lambda tx: ([r["name"] for r in THINGS.select(tx)], entries(tx)))
    assert names == ["kept"]
    assert [entry.subject for entry in log] == ["thing:kept"]


async def test_log_numbers_are_gap_free_and_in_commit_order(store):
    """Whatever fails in between, a tenant's log counts 1, 2, 3."""

    def entry(tx, number):
        tx.log("thing.counted", subject="thing:x", what={"n": number}, why=[Reason("odd", "It is odd.")])
        if number % 3 == 0:
            raise ValueError(number)

    await asyncio.gather(*(store.write("a", lambda tx, n=n: entry(tx, n)) for n in range(30)), return_exceptions=True)
    log = await store.read("a", entries)
    assert [e.number for e in log] == list(range(1, len(log) + 1))
    assert len(log) == 20
    assert log[0].why[0]["text"] == "It is odd."


async def test_tenants_do_not_see_each_other(store):
    """A row, a unique key and a log entry belong to one tenant."""
    made = await store.write("a", lambda tx: THINGS.insert(tx, {"name": "mine"}))
    await store.write("b", lambda tx: THINGS.insert(tx, {"name": "mine"}))
    assert await store.read("b", lambda tx: THINGS.get(tx, made["id"])) is None
    assert await store.read("a", THINGS.count) == 1


async def test_a_taken_key_is_refused_and_the_unit_goes_on(store):
    """A unique property folds case where declared; the refusal does not end the transaction."""

    def twice(tx):
        THINGS.insert(tx, {"name": "Ada"})
        with pytest.raises(AlreadyExists):
            THINGS.insert(tx, {"name": "aDA"})
        return THINGS.find(tx, eq("name", "ADA"))["name"]

    assert await store.write("a", twice) == "Ada"


async def test_a_secret_is_sealed_to_its_row(store):
    """A secret does not come back from a list, is not in the database in clear, and opens only where it stands."""

    def make(tx):
        first = THINGS.insert(tx, {"name": "one", "pin": "123456"})
        second = THINGS.insert(tx, {"name": "two", "pin": "654321"})
        raw = {r["id"]: r["doc"]["pin"] for r in tx.all(THING.table.select())}
        return first, second, raw

    first, second, raw = await store.write("a", make)
    assert "pin" not in first
    assert "123456" not in raw[first["id"]]
    assert await store.read("a", lambda tx: THINGS.reveal(tx, first["id"], "pin")) == b"123456"
    with pytest.raises(Exception, match="does not belong"):
        await store.read("a", lambda tx: tx.unseal(raw[second["id"]], "test_thing", "pin", first["id"]))


async def test_pages_survive_changes(store):
    """A page continues after the last row it gave, whatever came or went before it; nulls have their place."""

    def fill(tx):
        for rank, name in [(3, "c"), (1, "a"), (None, "n"), (2, "b"), (2, "bb")]:
            THINGS.insert(tx, {"name": name, "rank": rank})

    await store.write("a", fill)
    first = await store.read("a", lambda tx: THINGS.page(tx, order=[("rank", True), ("name", False)], limit=2))
    assert [r["name"] for r in first.rows] == ["c", "b"]
    await store.write("a", lambda tx: THINGS.delete(tx, first.rows[0]["id"]))
    rest = await store.read(
        "a", lambda tx: THINGS.page(tx, order=[("rank", True), ("name", False)], limit=9, after=first.after)
    )
    assert [r["name"] for r in rest.rows] == ["bb", "a", "n"]
    assert rest.after is None


async def test_filters_mean_the_same_on_both(store):
    """Wildcards in a value are plain characters; a negation matches nulls too."""

    def fill(tx):
        for rank, name in [(1, "50%"), (2, "500"), (None, "none")]:
            THINGS.insert(tx, {"name": name, "rank": rank})

    await store.write("a", fill)

    def names(where):
        return store.read("a", lambda tx: sorted(r["name"] for r in THINGS.select(tx, where)))

    assert await names(Compare("name", "startswith", "50%")) == ["50%"]
    assert await names(Not(eq("rank", 1))) == ["500", "none"]
    assert await names(Compare("rank", "ne", 1)) == ["500", "none"]
    assert await names(both(Compare("rank", "ge", 1), Compare("name", "contains", "0"))) == ["50%", "500"]
    assert await names(eq("rank", None)) == ["none"]


async def test_the_router_tells_a_tenant_and_nothing_else(store):
    """A key leads to one tenant; another tenant can neither take nor release it."""
    await store.write("a", lambda tx: router.claim(tx, "domain", "contoso.example"))
    with pytest.raises(ClaimedElsewhere):
        await store.write("b", lambda tx: router.claim(tx, "domain", "contoso.example"))
    await store.write("b", lambda tx: router.release(tx, "domain", "contoso.example"))
    assert await store.read("b", lambda tx: router.tenant_of(tx, "domain", "contoso.example")) == "a"
    assert set(router.router.c.keys()) == {"kind", "key", "tenant"}


async def test_followers_run_inside_the_transaction(store):
    """A follower that fails takes the change with it."""

    def refuse(_tx, _event):
        raise ValueError("follower")

    store.followers.on("thing.changed", refuse)

    def change(tx):
        THINGS.insert(tx, {"name": "x"})
        tx.announce("thing.changed", id="x")

    with pytest.raises(ValueError, match="follower"):
        await store.write("a", change)
    assert await store.read("a", THINGS.count) == 0


async def test_a_commit_that_fails_is_named_and_nothing_of_it_happened(store, monkeypatch):
    """A unit alone in its transaction is not acknowledged when the commit fails, and the next one goes through."""
    dialect = store.engine.dialect

    def full(_connection):
        raise dialect.loaded_dbapi.OperationalError("disk full")

    with monkeypatch.context() as patched:
        patched.setattr(dialect, "do_commit", full)
        with pytest.raises(WriteFailed):
            await store.write("a", lambda tx: THINGS.insert(tx, {"name": "lost"}))
    await store.write("a", lambda tx: THINGS.insert(tx, {"name": "kept"}))
    assert [row["name"] for row in await store.read("a", THINGS.select)] == ["kept"]
