"""An order is carried out once, whichever answer is lost and whenever the server is restarted (05 section 14, R4)."""

from __future__ import annotations

import dataclasses

import httpx
import pytest

from e2e.administering import sit_down
from e2e.deploying import Deploying
from taxiway.device.tpm import Tpm
from taxiway.device.transport import Identity, Transport

pytestmark = pytest.mark.anyio


class Losing(httpx.AsyncBaseTransport):
    """A network in which the answer to one management message never arrives; the server has seen the message."""

    def __init__(self, desk, identity, number):
        host, state = desk.pc._host, desk.pc.state
        tpm = Tpm(desk.pc._storage.folder / "tpm", host.workers, host.keys)
        wanted = Transport(host, tpm, state.correlation, desk.instance.endpoints.ca_file)
        self._inner = httpx.AsyncHTTPTransport(verify=wanted._context(identity))
        self._number = number if identity is Identity.MANAGEMENT else 0
        self.lost = 0

    async def handle_async_request(self, request):
        answer = await self._inner.handle_async_request(request)
        self._number -= 1
        if self._number == 0:
            await answer.aread()
            self.lost += 1
            raise httpx.ReadError("the answer was lost", request=request)
        return answer

    async def aclose(self):
        await self._inner.aclose()


@pytest.fixture
async def desk(instance, tmp_path):
    made = await sit_down(Deploying(instance, tmp_path))
    yield made
    await made.graph.client.aclose()


@pytest.mark.parametrize("number", [1, 2])
async def test_a_lost_answer_restarts_the_pc_once(desk, number):
    """The message that brought the order, or the one that answered it: one restart, one proof."""
    boots = desk.pc.state.boot.number
    await desk.order("rebootNow")
    made = []

    def connect(identity):
        made.append(Losing(desk, identity, number))
        return made[-1]

    synced = await desk.pc.sync(desk.instance.endpoints, connect=connect)
    assert sum(each.lost for each in made) == 1
    assert synced.did == "restart"
    assert desk.pc.state.boot.number == boots + 1
    await desk.sync()
    assert desk.pc.state.boot.number == boots + 1
    assert await desk.results() == {"rebootNow": "done"}
    assert len(await desk.log("device_action.issued")) == 1


async def test_a_server_that_is_restarted_remembers_its_orders(desk):
    """Between the order and the session, and between the session and the proof."""
    await desk.order("rebootNow")
    await desk.instance.halt()
    await desk.instance.start()
    assert (await desk.sync()).did == "restart"
    await desk.instance.halt()
    await desk.instance.start()
    assert (await desk.sync()).did == ""
    assert await desk.results() == {"rebootNow": "done"}


async def test_a_wipe_whose_answers_are_all_lost_is_proven_by_the_new_enrollment(desk):
    """The PC obeys and its Status never arrives: the order stands as active until the device enrolls anew."""
    await desk.order("wipe", {})

    class Mute(Losing):
        """From the order on nothing reaches the server."""

        async def handle_async_request(self, request):
            if self._told:
                raise httpx.ConnectError("no network", request=request)
            answer = await self._inner.handle_async_request(request)
            content = await answer.aread()
            self._told = b"doWipe" in content
            return httpx.Response(answer.status_code, headers=answer.headers, content=content, request=request)

        _told = False

    host = desk.pc._host
    desk.pc._host = dataclasses.replace(host, pace=dataclasses.replace(host.pace, patience=0.2))
    synced = await desk.pc.sync(desk.instance.endpoints, connect=lambda identity: Mute(desk, identity, 0))
    desk.pc._host = host
    assert (synced.at, synced.did) == ("oobe", "wipe")
    assert desk.pc.state.joined is None
    assert await desk.results() == {"factoryReset": "active"}
    assert (await desk.instance.power_on(desk.pc, desk.deploying.person)).reached == "desktop"
    done = (await desk.log("device_action.done"))[-1]
    assert [reason["code"] for reason in done.why] == ["action.enrolled_again"]
