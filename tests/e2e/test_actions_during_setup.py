"""Orders that meet a PC on its Enrollment Status Page: obeyed at once, and the deployment still arrives."""

from __future__ import annotations

import asyncio

import pytest

from e2e.deploying import Deploying, product
from taxiway import management
from taxiway.device import ScreenShown
from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.management import ACTIONS

pytestmark = pytest.mark.anyio


@pytest.fixture
async def deploying(instance, tmp_path):
    made = Deploying(instance, tmp_path)
    await made.page(install_progress_timeout_in_minutes=30)
    await made.app(1)
    return made


async def waits(deploying):
    """Whether the PC has its lists and works through them."""
    managed = await deploying.managed()
    state = None if managed is None else await deploying.read(lambda tx: management.esp_state(tx, managed["id"]))
    return state is not None and state["state"] == "released"


async def order_on_the_page(deploying, kind):
    """Deploy, and order something as soon as the device's page waits for its app; the outcome and the order."""
    deploying.current = await deploying.pc(durations={product(1): 1.5})

    async def order():
        for _ in range(400):
            if await waits(deploying):
                break
            await asyncio.sleep(0.05)
        managed_id = (await deploying.managed())["id"]
        return await deploying.write(
            lambda tx: management.order_action(tx, managed_id, kind, principal=SYSTEM_PRINCIPAL)
        )

    ordering = asyncio.create_task(order())
    outcome = await deploying.deploy(deploying.current)
    return outcome, await asyncio.wait_for(ordering, 10)


async def test_a_restart_on_the_page_resumes_it(deploying):
    """One restart in the middle, the app installed all the same, the user asked to sign in again; the order is done."""
    outcome, action = await order_on_the_page(deploying, "rebootNow")
    assert outcome.reached == "desktop", outcome.failure
    assert deploying.current.state.installed
    assert deploying.current.state.boot.number == 2
    screens = [event.name for event in deploying.events(ScreenShown)]
    assert screens.index("SignIn") > screens.index("MDMProgress")
    assert (await deploying.read(lambda tx: ACTIONS.get(tx, action["id"])))["state"] == "done"
    assert await deploying.report() == ["success"]


async def test_a_wipe_on_the_page_begins_anew(deploying):
    """The PC goes back to its first page, deploys again, and the second enrollment proves the wipe."""
    outcome, action = await order_on_the_page(deploying, "factoryReset")
    assert outcome.reached == "desktop", outcome.failure
    assert outcome.intune_device_id != action["managed_id"]
    assert (await deploying.read(lambda tx: ACTIONS.get(tx, action["id"])))["state"] == "done"
    assert await deploying.report() == ["failure", "success"]
