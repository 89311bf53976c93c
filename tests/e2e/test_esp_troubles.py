"""Restarts, a second user, a network that goes, a clock that is wrong, updates: the page ends all the same."""

from __future__ import annotations

import asyncio
import dataclasses
from datetime import timedelta

import pytest

from e2e.deploying import EVERYBODY, FAST, Deploying, QuickClock, product
from taxiway import directory, management
from taxiway.device import PC, EspPhaseChanged, Failed, Noted, ScreenShown, StepDone
from taxiway.management.esp import blocks, page
from taxiway.store import entries

pytestmark = pytest.mark.anyio


@pytest.fixture
def deploying(instance, tmp_path):
    return Deploying(instance, tmp_path)


def screens(deploying):
    return [event.name for event in deploying.events(ScreenShown)]


def phases(deploying, phase):
    return [event.state for event in deploying.events(EspPhaseChanged) if event.phase == phase]


async def test_r081_a_reboot_of_device_setup_asks_for_the_sign_in_again(deploying):
    """One restart for the two apps that want it, after device setup and before account setup."""
    await deploying.page()
    await deploying.app(1)
    await deploying.app(2)
    outcome = await deploying.deploy(exit_codes={product(1): 3010, product(2): 1641})
    assert outcome.reached == "desktop", outcome.failure
    assert [event.number for event in deploying.events(Noted)].count(2800) == 2
    assert screens(deploying).count("SignIn") == 1
    assert screens(deploying).index("MDMProgress") < screens(deploying).index("SignIn")
    assert screens(deploying).index("SignIn") < screens(deploying).index("FirstSignInAnimation")


async def test_r081_account_setup_is_not_interrupted_by_a_restart(deploying):
    """What the user's app asks for waits: no restart, no second sign-in."""
    await deploying.page()
    await deploying.app(1, EVERYBODY)
    outcome = await deploying.deploy(exit_codes={product(1): 3010})
    assert outcome.reached == "desktop", outcome.failure
    assert "SignIn" not in screens(deploying)
    assert deploying.current.state.reboots


async def test_check_16_r081_a_restart_in_the_middle_of_device_setup_loses_nothing(deploying):
    """The power goes while an app installs: the page resumes at device setup and the app is installed."""
    await deploying.page()
    await deploying.app(1)
    pc = await deploying.pc(durations={product(1): 1.0})
    reached = asyncio.Event()

    def told(event):
        if getattr(event, "phase", "") == "device setup" and event.state == "inProgress":
            reached.set()

    task = asyncio.create_task(pc.power_on(deploying.instance.endpoints, deploying.person, told))
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    again = PC.open(deploying.folder / "pc1", deploying.instance.host)
    outcome = await deploying.deploy(again)
    assert outcome.reached == "desktop", outcome.failure
    assert "OobeAAD" not in screens(deploying)
    assert phases(deploying, "device setup") == ["inProgress", "succeeded"]
    assert again.state.installed == {product(1): "1.0"}


@pytest.mark.parametrize("first_only", [True, False])
async def test_check_06_r062_a_second_user_is_not_held_up(deploying, first_only):
    """Account setup shows for the second user, or not, as the profile says; neither hangs, and the first comes back."""
    await deploying.page(disable_user_status_tracking_after_first_user=first_only)
    assert (await deploying.deploy()).reached == "desktop"
    eve = await deploying.instance.make_user("eve@contoso.example")
    outcome = await deploying.deploy(deploying.current, eve)
    assert outcome.reached == "desktop", outcome.failure
    shown = ["notRequired"] if first_only else ["inProgress", "succeeded"]
    assert phases(deploying, "account setup") == shown
    assert (await deploying.moves("user"))[-1] == "done"
    assert (await deploying.deploy(deploying.current)).reached == "desktop"
    assert not phases(deploying, "account setup")


@pytest.mark.parametrize(
    "moment", ["profile", "sign-in", "join", "enrollment", "device setup", "account setup", "Windows Hello"]
)
async def test_r118_a_network_that_goes_and_comes_back_is_survived(deploying, moment):
    """The servers are gone for a moment in the phase behind each step; nobody has to do anything."""
    await deploying.page()
    await deploying.app(1)
    instance, outages = deploying.instance, []
    pc = await deploying.pc()

    async def outage():
        await instance.halt()
        await asyncio.sleep(0.3)
        await instance.start()

    def told(event):
        step = event.step if isinstance(event, StepDone) else getattr(event, "phase", "")
        if step == moment and not outages:
            outages.append(asyncio.create_task(outage()))

    outcome = await pc.power_on(instance.endpoints, deploying.person, told)
    await asyncio.gather(*outages)
    assert outages
    assert outcome.reached == "desktop", outcome.failure


async def test_r118_the_page_outlasts_the_patience_of_a_request(deploying):
    """Longer without a network than one request is repeated: the page waits on, up to its own time limit."""
    await deploying.page()
    await deploying.app(1)
    instance, outages = deploying.instance, []
    pc = await deploying.pc(pace=dataclasses.replace(FAST, patience=0.2, pause=0.05), durations={product(1): 0.5})

    async def outage():
        await instance.halt()
        await asyncio.sleep(1.0)
        await instance.start()

    def told(event):
        instance.events.append(event)
        if getattr(event, "phase", "") == "device setup" and not outages and event.state == "inProgress":
            outages.append(asyncio.create_task(outage()))

    outcome = await pc.power_on(instance.endpoints, deploying.person, told)
    await asyncio.gather(*outages)
    assert outcome.reached == "desktop", outcome.failure
    assert 208 in [event.number for event in deploying.events(Noted)]


@pytest.mark.parametrize("hours", [3, -3])
async def test_r113_p30_a_wrong_clock_is_named_and_does_not_matter(deploying, hours):
    """The PC says by how much its clock is off, the server puts it on record, and the desktop appears."""
    await deploying.page()
    clock = QuickClock(1, ahead=timedelta(hours=hours))
    outcome = await deploying.deploy(clock=clock)
    assert outcome.reached == "desktop", outcome.failure
    (noted,) = [event for event in deploying.events(Noted) if event.number == 753]
    off = int(noted.text.split()[-3])
    assert abs(off + hours * 3600) < 5
    (logged,) = [entry for entry in await deploying.read(entries) if entry.kind == "device.clock_off"]
    assert f"180 minutes {'ahead of' if hours > 0 else 'behind'}" in logged.why[0]["text"]


@pytest.mark.parametrize(
    ("wanted", "metered", "version", "shown"),
    [
        (True, False, "10.0.26100.1742", True),
        (True, True, "10.0.26100.1742", False),
        (True, False, "10.0.19045.1", False),
        (False, False, "10.0.26100.1742", False),
    ],
)
async def test_r083_quality_updates_come_last(deploying, wanted, metered, version, shown):
    """After the page, before the desktop, with a sign-in; not on a metered network, nor on Windows 10."""
    await deploying.page(install_quality_updates=wanted)
    await deploying.pc(metered=metered)
    pc = deploying.instance.make_pc(deploying.folder / "this", os_version=version)
    await deploying.instance.register(pc)
    outcome = await deploying.deploy(pc)
    assert outcome.reached == "desktop", outcome.failure
    seen = screens(deploying)
    assert ("OobeQualityUpdates" in seen) == shown
    if shown:
        assert seen[-3:] == ["OobeQualityUpdates", "SignIn", "Desktop"]


async def test_r086_a_server_that_never_finishes_ends_at_the_time_out(deploying, monkeypatch):
    """The lists come, the word that they are final does not: the page fails at its minute, with what it waits for."""
    whole = blocks.release
    monkeypatch.setattr(blocks, "release", lambda *args, **lists: whole(*args, **lists)[:-1])
    await deploying.page(install_progress_timeout_in_minutes=1)
    outcome = await deploying.deploy(clock=QuickClock())
    assert (outcome.reached, outcome.failure.code) == ("failed", "0x800705B4")
    assert "device setup" in outcome.failure.reason
    assert len(deploying.events(Failed)) == 1
    assert (await deploying.moves())[-1] == "failed"


async def test_r082_an_unlicensed_user_is_told_within_two_minutes(deploying):
    """The licence goes between device setup and account setup: the page says so, with no time-out of an hour."""
    await deploying.page()
    pc = await deploying.pc(clock=QuickClock())
    instance, tasks = deploying.instance, []

    async def take():
        user = await deploying.user(deploying.person.upn)
        skus = [each["skuId"] for each in user["assigned_licenses"]]
        await deploying.write(lambda tx: directory.assign_licenses(tx, user["id"], (), skus))

    def told(event):
        instance.events.append(event)
        if getattr(event, "step", "") == "enrollment":
            tasks.append(asyncio.create_task(take()))

    instance.events = []
    outcome = await pc.power_on(instance.endpoints, deploying.person, told)
    await asyncio.gather(*tasks)
    assert (outcome.reached, outcome.failure.code) == ("failed", "0x800705B4")
    assert "has no license" in deploying.events(Failed)[-1].text


async def test_check_07_a_provider_that_never_reports_fails_device_preparation(deploying):
    """An agent that stays in state 1 for its quarter of an hour ends the section with a time-out, and is named."""
    home = "./Device/Vendor/MSFT/EnrollmentStatusTracking/DevicePreparation/PolicyProviders/Agent"
    await deploying.page()
    await deploying.policy(f"{home}/InstallationState", 1)
    outcome = await deploying.deploy(clock=QuickClock(300))
    assert (outcome.reached, outcome.failure.code) == ("failed", "0x800705B4")
    assert outcome.failure.reason == "Agent was not installed within 15 minutes"
    assert phases(deploying, "device preparation") == ["inProgress", "failed"]


async def test_check_10_an_administrator_fails_the_page(deploying):
    """An installer hangs; after the order the page fails by itself, with a text that names whom to quote."""
    await deploying.page()
    await deploying.app(1)
    pc = await deploying.pc(clock=QuickClock(), durations={product(1): 3000.0})
    await _ordered_in_device_setup(deploying, pc, "fail")
    (failed,) = deploying.events(Failed)
    assert failed.code == "0x800705B4"
    assert "An administrator failed the page." in failed.text


async def test_check_10_an_administrator_releases_the_page(deploying, monkeypatch):
    """The server never finishes its collecting; released, the page ends and the desktop appears."""
    monkeypatch.setitem(page._STEPS, "collecting", lambda _ctx: None)
    await deploying.page()
    outcome = await _ordered_in_device_setup(deploying, await deploying.pc(), "release")
    assert outcome.reached == "desktop", outcome.failure


async def _ordered_in_device_setup(deploying, pc, order):
    instance, orders = deploying.instance, []
    instance.events = []

    async def give():
        managed = await deploying.managed(pc)
        await deploying.write(
            lambda tx: management.order_esp(tx, managed["id"], order, principal=directory.SYSTEM_PRINCIPAL)
        )

    def told(event):
        instance.events.append(event)
        if getattr(event, "phase", "") == "device setup" and event.state == "inProgress" and not orders:
            orders.append(asyncio.create_task(give()))

    outcome = await pc.power_on(instance.endpoints, deploying.person, told)
    await asyncio.gather(*orders)
    return outcome
