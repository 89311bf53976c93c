"""Orders for one registered device: which one is meant."""

from __future__ import annotations

import asyncio

import pytest

from taxiway.cli.connect import Connection
from taxiway.cli.registered import with_device
from taxiway.kernel import TaxiwayError


class Graph:
    """An administrator's Graph with these devices."""

    def __init__(self, *devices):
        self.devices = devices

    async def values(self, path, **query):
        return [device for device in self.devices if any(f"'{value}'" in query["$filter"] for value in device.values())]


@pytest.fixture
def ask(monkeypatch):
    """The address that an order for a serial number, or an id, goes to."""
    graph = Graph(
        {"id": "a", "serialNumber": "S1"}, {"id": "b", "serialNumber": "S1"}, {"id": "c", "serialNumber": "S2"}
    )
    connection = Connection(password="")
    monkeypatch.setattr(Connection, "run", lambda _, work: asyncio.run(work(graph)))

    async def address(_signed_in, path):
        return path.rpartition("/")[2]

    return lambda named: with_device(named, address, connection)


def test_a_device_is_named_by_its_serial_number_or_its_id(ask):
    """What one registration has leads to it."""
    assert (ask("S2"), ask("a"), ask("b")) == ("c", "a", "b")


def test_a_serial_number_that_several_have_names_their_ids(ask):
    """The error says which they are and what to do; of an unknown one it says that it is unknown."""
    with pytest.raises(TaxiwayError, match="2 registrations have the serial number S1: a, b") as several:
        ask("S1")
    assert "ids" in several.value.remedy
    with pytest.raises(TaxiwayError, match="No device with the serial number S3 is registered"):
        ask("S3")
