"""Something goes wrong at each message of a complete deployment, and it ends as if nothing had (05 section 16).

A policy, a Wi-Fi network, a root certificate and an MSI; sign-in, join, enrollment, every OMA-DM message, the content
and Windows Hello: some fifty messages. On SQLite each of them meets each fault, on PostgreSQL every thirteenth. What is
compared with an undisturbed deployment: the tree of settings, how often each installer ran, how many device objects,
managed devices and certificates there are, how the status page and Windows Hello ended.
"""

from __future__ import annotations

import pytest

from e2e.sweeping import Sweep, difference
from taxiway.device import Faults

pytestmark = pytest.mark.anyio


@pytest.fixture
async def sweep(instance, tmp_path):
    made = Sweep(instance, tmp_path)
    await made.prepare()
    return made


async def sweep_all(sweep, kind):
    """Deploy once undisturbed, then once for each message with the fault at it; what went differently."""
    clean = Faults()
    right = await sweep.deploy(clean)
    assert set(right["runs"].values()) == {1}
    assert set(right["made"].values()) == {1}
    assert clean.sent > 45
    step = 1 if sweep.instance.rt.store.engine.dialect.name == "sqlite" else 13
    wrong = {}
    for number in range(1, clean.sent + 1, step):
        faults = sweep.faults(kind, number)
        try:
            found = difference(right, await sweep.deploy(faults))
        except AssertionError as error:
            found = {"failure": str(error)[:300]}
        if found or not faults.happened:
            wrong[number] = found or "the deployment had fewer messages"
    return wrong


# A class for each fault: they are spread over the workers of a test run.


class TestAnswerLost:
    async def test_p04_check_03_the_answer_to_each_message_may_be_lost(self, sweep):
        """The server has carried the message out; the PC sends it again."""
        assert await sweep_all(sweep, "answer-lost") == {}


class TestTwice:
    async def test_p04_check_02_each_message_may_arrive_twice(self, sweep):
        """The second copy has no effect of its own."""
        assert await sweep_all(sweep, "twice") == {}


class TestLate:
    async def test_p04_each_message_may_arrive_once_more_after_the_next_ones(self, sweep):
        """The PC gave up waiting and sent it again; the first copy comes when the PC is two messages further on."""
        assert await sweep_all(sweep, "late") == {}


class TestRestart:
    async def test_p04_the_server_may_restart_between_each_message_and_its_retry(self, sweep):
        """The answer is lost and the process ends; another one on the same database answers the retry."""
        assert await sweep_all(sweep, "restart") == {}


class TestPower:
    async def test_p21_the_power_may_go_at_each_message(self, sweep):
        """What was not on the disk is gone; switched on again, the PC goes on."""
        assert await sweep_all(sweep, "power") == {}
