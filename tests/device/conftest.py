"""A PC, a person and stand-ins for the services."""

from __future__ import annotations

import asyncio

import pytest

from device.cloud import LOGIN, PASSWORD, UPN, ZTD, Cloud
from taxiway.device import PC, Endpoints, Firmware, Host, Pace, Person
from taxiway.kernel import InlineWorkers, SeededEntropy


@pytest.fixture
def cloud(keys):
    return Cloud(keys)


@pytest.fixture
def host(keys):
    pace = Pace(poll=0.01, install=0.0, encryption=0.0, prefetch=0.0, patience=2.0, pause=0.001, installer_minute=0.0)
    return Host(InlineWorkers(), entropy=SeededEntropy("a PC"), keys=keys, pace=pace)


@pytest.fixture
def pc(tmp_path, host):
    firmware = Firmware.new(SeededEntropy("firmware"), serial="SN-0001")
    return PC.create(tmp_path / "pc", firmware, host)


@pytest.fixture
def endpoints():
    return Endpoints(ztd=ZTD, login=LOGIN, drs=ZTD)


@pytest.fixture
def person():
    return Person(UPN, PASSWORD)


@pytest.fixture
def power_on(cloud, endpoints, person):
    """Switch a PC on against the stand-ins; what it told is in ``power_on.events``."""

    async def switch(pc, who=None):
        switch.events = []
        async with asyncio.timeout(20):
            return await pc.power_on(endpoints, who or person, switch.events.append, connect=cloud.connect)

    return switch
