"""Fixtures for every room: a whole runtime on a manual clock, on SQLite and on PostgreSQL."""

from __future__ import annotations

import itertools
import shutil
import threading

import hypothesis
import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric import rsa

from support.postgres import Postgres
from taxiway import app, directory, pki
from taxiway.kernel import ManualClock, SystemEntropy, ThreadWorkers, Urls
from taxiway.store import Blobs, KeyRing, Runtime, Store, metadata, open_engine

app.import_rooms()

# How long an example takes says how busy the machine is.
hypothesis.settings.register_profile("taxiway", deadline=None)
hypothesis.settings.load_profile("taxiway")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """One worker runs all of tests/clients: there is one table of what the clients did."""
    from xdist.scheduler import LoadScopeScheduling

    class OneForClients(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            return "clients" if nodeid.startswith("tests/clients/") else super()._split_scope(nodeid)

    return OneForClients(config, log) if config.getoption("dist") == "loadscope" else None


@pytest.fixture
def anyio_backend():
    return "asyncio"


class ReusedKeys:
    """A few key pairs, handed out in turn: making a new one takes 50 ms, and no test needs a secret key."""

    def __init__(self) -> None:
        self._made = [rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(12)]
        self._turn = itertools.cycle(self._made)
        self._lock = threading.Lock()

    def rsa(self, bits: int = 2048):
        with self._lock:
            return next(self._turn)


@pytest.fixture(scope="session")
def keys():
    return ReusedKeys()


@pytest.fixture(scope="session")
def postgres():
    server = Postgres()
    engine = open_engine(server.url())
    metadata.create_all(engine)
    engine.dispose()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def emptied(postgres):
    """Empties every table of the PostgreSQL schema. By a function that one session keeps: it has its plans."""
    deletes = " ".join(f'DELETE FROM "{table.name}";' for table in metadata.sorted_tables)
    engine = open_engine(postgres.url())
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text(f"CREATE FUNCTION empty() RETURNS void LANGUAGE plpgsql AS 'BEGIN {deletes} END'"))
        yield lambda: connection.execute(sa.text("SELECT empty()"))
    engine.dispose()


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory):
    """A SQLite database with the schema and nothing in it: a copy takes a sixtieth of the time that making it takes."""
    file = tmp_path_factory.mktemp("schema") / "empty.db"
    engine = open_engine(f"sqlite:///{file}", synchronous="OFF")
    metadata.create_all(engine)
    engine.dispose()
    return file


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request, tmp_path):
    """An engine on an empty schema."""
    if request.param == "sqlite":
        file = shutil.copy(request.getfixturevalue("empty_file"), tmp_path / "taxiway.db")
        return open_engine(f"sqlite:///{file}", synchronous="OFF")
    request.getfixturevalue("emptied")()
    return open_engine(request.getfixturevalue("postgres").url())


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def store(engine, clock, tmp_path):
    """A store with every room's followers."""
    entropy = SystemEntropy()
    ring = KeyRing.open(tmp_path / "keys" / "ring.json", entropy)
    store = Store(engine, clock=clock, entropy=entropy, ring=ring, followers=app.followers())
    yield store
    store.close()


@pytest.fixture
async def rt(store, clock, keys, tmp_path):
    """A whole runtime with its authorities made."""
    entropy = SystemEntropy()
    workers = ThreadWorkers(2)
    runtime = Runtime(
        store=store,
        clock=clock,
        entropy=entropy,
        workers=workers,
        keys=keys,
        blobs=Blobs(tmp_path / "blobs", entropy),
        urls=Urls(people="https://localhost:8443", devices="https://localhost:8444"),
    )
    await pki.make_authorities(runtime)
    yield runtime
    workers.close()


@pytest.fixture
async def tenant(rt):
    """The id of a fresh tenant, contoso.example."""
    tenant_id = rt.entropy.uuid()
    await rt.store.write(
        tenant_id, lambda tx: directory.create_tenant(tx, display_name="Contoso", domain="contoso.example")
    )
    return tenant_id
