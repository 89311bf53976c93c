"""What is ordered to go wrong on the command line happens to the PC, and is survived or named."""

from __future__ import annotations

import dataclasses

import pytest
import typer

from e2e.deploying import Deploying, QuickClock, product
from taxiway.cli.troubles import host_in_trouble
from taxiway.device import PC, Noted

pytestmark = pytest.mark.anyio


@pytest.fixture
def deploying(instance, tmp_path):
    return Deploying(instance, tmp_path)


@pytest.fixture
def at_the_pc(deploying):
    """Deploy a PC whose host the command line's words made."""

    async def deploy(*, faults=(), exit_codes=(), hang=(), minutes=0.0, clock=None):
        ordered = host_in_trouble(deploying.instance.host.workers, faults, exit_codes, hang, minutes)
        await deploying.pc()
        host = dataclasses.replace(deploying.instance.host, place=ordered.place, clock=clock or ordered.clock)
        deploying.current = PC.open(deploying.folder / "pc1", host)
        return await deploying.instance.power_on(deploying.current, deploying.person)

    return deploy


@pytest.mark.parametrize("status", [200, 302, 401, 404, 429, 500, 503])
async def test_any_status_at_a_management_message_is_survived_or_named(deploying, at_the_pc, status):
    """What is worth repeating is repeated; anything else stops the PC with the status in its code, and it goes on."""
    await deploying.page()
    outcome = await at_the_pc(faults=[f"status:{status}@26"])
    if outcome.reached != "desktop":
        assert outcome.failure.code in {f"0x8019{status:04X}", "0x80072F78"} or outcome.failure.step == "enrollment"
        again = PC.open(deploying.folder / "pc1", dataclasses.replace(deploying.instance.host))
        outcome = await deploying.instance.power_on(again, deploying.person)
    assert outcome.reached == "desktop", outcome.failure


async def test_a_network_that_is_lost_for_a_while(deploying, at_the_pc):
    """For ten seconds of the PC's clock nothing goes through."""
    await deploying.page()
    outcome = await at_the_pc(faults=["network:10@25"], clock=QuickClock(20))
    assert outcome.reached == "desktop", outcome.failure


async def test_power_goes_and_the_pc_says_so(deploying, at_the_pc):
    """The outcome names the power; switched on again with the same plan, the PC arrives."""
    await deploying.page()
    outcome = await at_the_pc(faults=["power@30"])
    assert (outcome.reached, outcome.failure.step) == ("failed", "power")
    outcome = await deploying.instance.power_on(deploying.current, deploying.person)
    assert outcome.reached == "desktop", outcome.failure


async def test_a_hanging_app_ends_at_the_time_limit(deploying, at_the_pc):
    """An installer that never ends holds the page up to its limit, and the page says what it waited for."""
    await deploying.page(install_progress_timeout_in_minutes=1)
    await deploying.app(1)
    outcome = await at_the_pc(hang=[product(1).lower()], clock=QuickClock())
    assert (outcome.reached, outcome.failure.step, outcome.failure.code) == ("failed", "esp", "0x800705B4")
    assert "Apps" in outcome.failure.reason


async def test_one_exit_code(deploying, at_the_pc):
    """The installer of one product ends with a code of its own."""
    await deploying.page()
    await deploying.app(1)
    outcome = await at_the_pc(exit_codes=[f"{product(1)}=1603"])
    assert outcome.reached == "failed"
    assert outcome.failure.code == "0x80070643"


async def test_r113_a_wrong_clock_by_order(deploying, at_the_pc):
    """Ten minutes ahead: the PC notes by how much, and arrives."""
    await deploying.page()
    outcome = await at_the_pc(minutes=10)
    assert outcome.reached == "desktop", outcome.failure
    assert 753 in [event.number for event in deploying.events(Noted)]


@pytest.mark.parametrize("how", [{"faults": ["x"]}, {"exit_codes": ["x"]}, {"exit_codes": ["{a}=b"]}])
def test_a_word_that_orders_nothing_is_a_usage_error(how):
    """Named with its option."""
    words = {"faults": (), "exit_codes": (), "hanging": (), "minutes": 0.0}
    with pytest.raises(typer.BadParameter):
        host_in_trouble(None, **(words | how))
