"""One server for all clients on SQLite, one for the short set on PostgreSQL, and one table of what they did.

The modules here share a worker (see ``pytest_xdist_make_scheduler`` in the conftest above), so that there is one table.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from clients import environment
from clients.desk import CERTIFICATE, Desk
from clients.ledger import Ledger
from clients.story import Story
from clients.tenant import PASSWORD, upn
from clients.world import World

_COLLECTED = pytest.StashKey[int]()
_PASSED = pytest.StashKey[set]()


@pytest.fixture(scope="session")
def ledger():
    """The table of this run."""
    return Ledger()


@pytest.fixture(scope="session")
def worlds(tmp_path_factory):
    """The function that gives the world on a kind of database, started once."""
    environment.make()
    made = {}
    with asyncio.Runner() as runner:

        def world(kind, new_database):
            if kind not in made:
                made[kind] = World(tmp_path_factory.mktemp(kind), new_database())
                runner.run(made[kind].start())
            return made[kind]

        world.made = made
        yield world
        for each in made.values():
            runner.run(each.stop())


@pytest.fixture
def world(worlds):
    """The one that has all clients."""
    return worlds("sqlite", str)


@pytest.fixture(scope="session")
def story(worlds):
    """What the replayed clients have done together."""
    return Story(worlds("sqlite", str))


@pytest.fixture(params=["sqlite", "postgresql"])
def each_world(request, worlds):
    """One world, then the other."""
    if request.param == "sqlite":
        return worlds("sqlite", str)
    return worlds("postgresql", lambda: request.getfixturevalue("postgres").fresh_database())


@pytest.fixture
def desk(world, tmp_path):
    """An empty desk."""
    return Desk(world, tmp_path)


@pytest.fixture
def joined(desk):
    """A desk whose PC has joined."""
    said = desk.join()
    assert "Device ID: " in said, said
    desk.forget()
    return desk


@pytest.fixture
def signed_on(joined):
    """A desk with a PRT by password."""
    said = joined.run("prt", "-u", upn("ada"), "-p", PASSWORD, *CERTIFICATE)
    assert "Obtained PRT" in said, said
    return joined


@pytest.fixture
def complete(request):
    """Whether every other test here was asked for, ran and passed."""
    stash = request.config.stash
    return len(stash.get(_PASSED, ())) == stash[_COLLECTED]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """The table comes last, since it shows what the others found."""
    items.sort(key=_is_of_table)
    here = [item for item in items if item.path.parent == Path(__file__).parent]
    config.stash[_COLLECTED] = sum(not _is_of_table(item) for item in here)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Take down what passed."""
    report = yield
    if report.when == "call" and report.passed and not _is_of_table(item):
        item.config.stash.setdefault(_PASSED, set()).add(item.nodeid)
    return report


def _is_of_table(item):
    return item.path == Path(__file__).parent / "test_table.py"
