"""Faults on order: how they are written, and that each happens once, at its message (05 section 12)."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest

from taxiway.device import Fault, Faults, NotAFault, WrongClock
from taxiway.device.faults import PowerLost
from taxiway.kernel import ManualClock

pytestmark = pytest.mark.anyio


class Server(httpx.AsyncBaseTransport):
    """Counts what arrives and answers with the number."""

    def __init__(self):
        self.seen = []

    async def handle_async_request(self, request):
        self.seen.append(request.content.decode())
        return httpx.Response(200, text=str(len(self.seen)), request=request)


@pytest.fixture
def way():
    """A server behind the ordered faults; ``way(plan)`` gives a client, the server and the plan."""

    def made(*plan, **how):
        server, faults = Server(), Faults([Fault.parse(each) for each in plan], **how)
        clock = ManualClock()
        return httpx.AsyncClient(transport=faults.between(server, clock)), server, faults, clock

    return made


async def test_a_lost_answer_leaves_the_message_with_the_server(way):
    """The server has it, the PC does not know."""
    client, server, faults, _ = way("answer-lost@2")
    assert (await client.post("https://s/", content="a")).text == "1"
    with pytest.raises(httpx.ReadError):
        await client.post("https://s/", content="b")
    assert (await client.post("https://s/", content="b")).text == "3"
    assert server.seen == ["a", "b", "b"]
    assert faults.happened == [Fault("answer-lost", 2)]


async def test_a_message_arrives_twice(way):
    """The PC has the first answer; both are kept for whoever compares them."""
    client, server, faults, _ = way("twice@1")
    assert (await client.post("https://s/", content="a")).text == "1"
    assert server.seen == ["a", "a"]
    assert faults.twice == [(b"1", b"2")]


async def test_a_late_message_arrives_after_the_next_ones(way):
    """It gets no answer, its copy does, and it comes when the PC is further on; at the latest when the PC is off."""
    client, server, _, _ = way("late@1", "late@4")
    with pytest.raises(httpx.ReadTimeout):
        await client.post("https://s/", content="a")
    for content in ("a", "b"):
        await client.post("https://s/", content=content)
    assert server.seen == ["a", "a", "b"]
    with pytest.raises(httpx.ReadTimeout):
        await client.post("https://s/", content="c")
    await client.aclose()
    assert server.seen[3:] == ["c"]


async def test_the_network_is_gone_for_a_while(way):
    """From one message on nothing goes through, until the seconds are over."""
    client, server, _, clock = way("network:20@1")
    for _ in range(2):
        with pytest.raises(httpx.ConnectError):
            await client.get("https://s/")
    clock.advance(21)
    assert (await client.get("https://s/")).text == "1"
    assert len(server.seen) == 1


async def test_a_status_comes_from_in_between(way):
    """Any status, and the server has not seen the message."""
    client, server, _, _ = way("status:418@1")
    assert (await client.get("https://s/")).status_code == 418
    assert not server.seen


async def test_without_power_nothing_goes_on(way):
    """The message arrived; nothing else does until the power is back."""
    client, server, faults, _ = way("power@1")
    for _ in range(2):
        with pytest.raises(PowerLost):
            await client.get("https://s/")
    faults.power_is_back()
    assert (await client.get("https://s/")).text == "2"
    assert len(server.seen) == 2


@pytest.mark.parametrize("text", ["", "power", "power@0", "power@x", "answer@3", "status:999@1", "status@1", "flood@2"])
def test_what_orders_nothing_is_refused(text):
    """With a sentence that shows how it is written."""
    with pytest.raises(NotAFault) as refused:
        Fault.parse(text)
    assert "@" in refused.value.remedy


async def test_a_wrong_clock_is_wrong_by_its_span_alone():
    """The time is off; how long things take is not."""
    right = ManualClock()
    wrong = WrongClock(right, timedelta(hours=-2))
    assert right.now() - wrong.now() == timedelta(hours=2)
    right.advance(5)
    assert wrong.monotonic() == 5
    await wrong.sleep(0)
