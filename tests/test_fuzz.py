"""The fuzzer runs, its valid messages are valid, and a short run of a fixed seed finds nothing."""

from __future__ import annotations

import logging

import pytest
import structlog
from fuzz.instance import running
from fuzz.message import Message, Wire, render
from fuzz.mutate import Mutator
from fuzz.run import Finding, Fuzzer

pytestmark = pytest.mark.anyio

INPUTS = 400


@pytest.fixture
def quiet():
    """What is refused is not news."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.reset_defaults()


async def test_15_20_a_short_run_finds_nothing(tmp_path, engine, quiet):
    """Each valid message is answered as such; then some hundred spoiled ones, of every target."""
    async with running(tmp_path, engine) as instance:
        fuzzer = Fuzzer(instance, seed=20260105)
        await fuzzer.valid()
        for _ in range(INPUTS):
            await fuzzer.one()
    assert [(finding.target, finding.why) for finding in fuzzer.findings] == []
    assert fuzzer.total == INPUTS
    assert len(fuzzer.tallies) >= 30


async def test_what_must_not_be_is_found(tmp_path, quiet, monkeypatch):
    """A route that fails, one that is slow, and one that keeps what it refused."""
    async with running(tmp_path) as instance:
        fuzzer = Fuzzer(instance, seed=1)
        wire = render(Message("GET", "/connecttest.txt"))
        real = await instance.send(wire)
        fuzzer._heads = instance.heads()
        for status, seconds in ((500, 0.0), (200, 3.0)):
            fuzzer._judge("route", wire, real.__class__(status, (), b"", seconds))
        await instance.rt.store.write(instance.tenant, lambda tx: tx.log("join.completed", subject="x"))
        fuzzer._judge("route", wire, real.__class__(400, (), b"", 0.0))

        async def fail(_wire, *, address):
            raise KeyError("tid")

        monkeypatch.setattr(fuzzer._mutator.rng, "random", lambda: 0.5)
        monkeypatch.setattr(type(instance), "send", lambda self, wire, *, address: fail(wire, address=address))
        monkeypatch.setattr(fuzzer, "_made", {"route": _made})
        await fuzzer.one()
    assert [finding.why.partition(":")[0] for finding in fuzzer.findings] == [
        "answered with 500",
        "took 3.0 s",
        "refused with 400, and yet",
        "KeyError",
    ]


async def _made(_instance):
    return Message("GET", "/", query=[("a", "b")])


def test_the_seed_decides(tmp_path):
    """The same seed spoils the same message in the same way, another one in another; a finding can be sent again."""

    def spoiled(seed):
        mutator = Mutator(seed)
        form = [("a", "b"), ("c", {"d": [1, "x"]})]
        return [render(mutator.message(Message("POST", "/", form=form))) for _ in range(50)]

    assert spoiled(7) == spoiled(7)
    assert spoiled(7) != spoiled(8)
    for wire in spoiled(7):
        assert Wire.of_json(wire.as_json()) == wire
    kept = Finding("a route", "answered with 500", spoiled(7)[0]).keep(tmp_path, 7, 0)
    assert kept.name == "7-0-a_route.json"
