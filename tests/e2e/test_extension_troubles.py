"""The management extension when things go wrong: lost and doubled messages, power, network, changed packages."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest

from e2e.deploying import EVERYBODY, QuickClock
from e2e.extending import Extending
from taxiway import management
from taxiway.device import PC, EspPhaseChanged, Failed, StepDone, transport
from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.insight.explain_esp import explain_esp
from taxiway.kernel import Busy
from taxiway.management.extension import plan
from taxiway.store import entries
from taxiway.wire.extension import AGENT_PRODUCT

pytestmark = pytest.mark.anyio
#: For what the PC does by itself: which database is behind the server does not matter to it.
ONE_STORE = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


@pytest.fixture
def deploying(instance, tmp_path):
    return Extending(instance, tmp_path)


def runs(deploying):
    """How often each installer ran, but for the agent's own."""
    return {name: count for name, count in deploying.current.state.runs.items() if name != AGENT_PRODUCT}


async def installed_once(deploying, outcome):
    """Both apps are there, each installer ran once, and the log tells each installation once."""
    assert outcome.reached == "desktop", outcome.failure
    assert runs(deploying) == {"TOOL": 1, "MINE": 1}
    assert await deploying.states() == {"Tool": "installed", "Mine": "installed"}
    found = [e for e in await deploying.read(entries) if e.kind == "app.state_changed" and e.what["to"] == "installed"]
    assert sorted(e.what["name"] for e in found) == ["Mine", "Tool"]


@pytest.mark.parametrize("trouble", ["answer lost", "sent twice", "delayed"])
async def test_each_message_of_the_extension_may_be_lost_doubled_or_late(deploying, monkeypatch, trouble):
    """Every check-in and every report at once: nothing is installed twice and nothing is told twice."""
    await deploying.page()
    await deploying.win32("Tool")
    await deploying.win32("Mine", EVERYBODY)
    real, seen = transport._request, set()

    async def troubled(client, method, url, **parts):
        answer = await real(client, method, url, **parts)
        if "/ManagementExtension/" not in url or (url, parts["content"]) in seen:
            return answer
        seen.add((url, parts["content"]))
        if trouble == "answer lost":
            raise httpx.ReadError("the answer was lost")
        if trouble == "sent twice":
            return await real(client, method, url, **parts)
        await asyncio.sleep(0.05)
        return answer

    monkeypatch.setattr(transport, "_request", troubled)
    await installed_once(deploying, await deploying.deploy())
    assert len(seen) > 5


@pytest.mark.parametrize("moment", ["device setup", "account setup"])
async def test_the_server_restarts_while_the_agent_works(deploying, moment):
    """Both doors close and open again in the middle of each phase: everything goes on by itself."""
    await deploying.page()
    await deploying.win32("Tool")
    await deploying.win32("Mine", EVERYBODY)
    instance, outages = deploying.instance, []
    pc = deploying.current = await deploying.pc(durations={"TOOL": 0.5, "MINE": 0.5})

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
    await installed_once(deploying, outcome)


@ONE_STORE
@pytest.mark.parametrize("phase", ["device setup", "account setup"])
async def test_the_power_goes_while_an_app_installs(deploying, phase):
    """The page resumes, what was installed is not installed again, and what was interrupted is."""
    await deploying.page()
    await deploying.win32("Tool")
    await deploying.win32("Mine", EVERYBODY)
    pc = await deploying.pc(durations={"TOOL": 1.0, "MINE": 1.0})
    reached = asyncio.Event()

    def told(event):
        if isinstance(event, EspPhaseChanged) and (event.phase, event.state) == (phase, "inProgress"):
            reached.set()

    task = asyncio.create_task(pc.power_on(deploying.instance.endpoints, deploying.person, told))
    await reached.wait()
    await asyncio.sleep(0.4)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    again = PC.open(deploying.folder / "pc1", deploying.instance.host)
    await installed_once(deploying, await deploying.deploy(again))


async def test_r062_a_second_user_is_not_held_up_by_win32_apps(deploying):
    """Apps for all users are installed for the second one too, and account setup does not wait for them."""
    await deploying.page()
    await deploying.win32("Mine", EVERYBODY)
    assert (await deploying.deploy()).reached == "desktop"
    eve = await deploying.instance.make_user("eve@contoso.example")
    outcome = await deploying.deploy(deploying.current, eve)
    assert outcome.reached == "desktop", outcome.failure
    told = [e.state for e in deploying.events(EspPhaseChanged) if e.phase == "account setup"]
    assert told == ["inProgress", "succeeded"]


@ONE_STORE
async def test_a_package_that_does_not_open_is_not_installed(deploying):
    """The keys are not those of the package: the mac says so before anything is decrypted, and nothing runs."""
    await deploying.page()
    app_id = await deploying.win32("Tool")
    keys = json.loads(await deploying.read(lambda tx: management.APPS.reveal(tx, app_id, "content_keys")))
    spoiled = json.dumps({**keys, "macKey": keys["encryptionKey"]})
    await deploying.write(lambda tx: management.APPS.update(tx, app_id, {"content_keys": spoiled}))
    assert (await deploying.deploy()).reached == "failed"
    assert runs(deploying) == {}
    assert (await deploying.details())["Tool"]["error"] == "0x80091007"


@ONE_STORE
async def test_a_package_that_was_changed_on_the_servers_disk_is_not_installed(deploying):
    """What was downloaded is not what the server announced: 0x80091007, and nothing runs."""
    await deploying.page()
    app_id = await deploying.win32("Tool")
    row = await deploying.read(lambda tx: management.APPS.require(tx, app_id))
    sha256 = row["content_sha256"]
    path = deploying.instance.files.blobs / sha256[:2] / sha256
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    assert (await deploying.deploy()).reached == "failed"
    assert runs(deploying) == {}
    assert (await deploying.details())["Tool"]["error"] == "0x80091007"


async def test_r072_a_reset_pc_installs_everything_again(deploying):
    """After Reset PC another agent reports for the device; what the one before said does not count."""
    await deploying.page(allow_device_reset_on_install_failure=True)
    await deploying.win32("App 1")
    await deploying.win32("App 2")
    outcome = await deploying.deploy(exit_codes={"APP 2": (1603, 0)}, presses=("Reset PC",))
    assert outcome.reached == "desktop", outcome.failure
    assert runs(deploying) == {"APP 1": 2, "APP 2": 2}
    assert await deploying.states() == {"App 1": "installed", "App 2": "installed"}


@pytest.mark.parametrize("change", ["changed", "unassigned", "deleted"])
async def test_an_app_that_changes_under_way_keeps_nobody_waiting(deploying, change):
    """After a failure the administrator changes the app, or takes it away; Try again then ends well."""
    await deploying.page()
    app_id = await deploying.win32("Tool")
    pc = deploying.current = await deploying.pc(exit_codes={"TOOL": (1603, 0)}, presses=("Try again",))
    done = []

    async def mend():
        def write(tx):
            if change == "changed":
                values = {"install_command_line": "setup.exe /v2"}
                management.update_app(tx, app_id, values, principal=SYSTEM_PRINCIPAL)
            elif change == "unassigned":
                management.assign_app(tx, app_id, [], principal=SYSTEM_PRINCIPAL)
            else:
                management.delete_app(tx, app_id, principal=SYSTEM_PRINCIPAL)

        await deploying.write(write)

    def told(event):
        deploying.instance.events.append(event)
        if isinstance(event, Failed) and not done:
            done.append(asyncio.create_task(mend()))

    outcome = await pc.power_on(deploying.instance.endpoints, deploying.person, told)
    await asyncio.gather(*done)
    assert done
    assert outcome.reached == "desktop", outcome.failure
    assert (await deploying.states()) == ({"Tool": "installed"} if change == "changed" else {})


@ONE_STORE
async def test_check_07_an_agent_that_is_never_answered_ends_with_the_page(deploying, monkeypatch):
    """The agent is there and gets no list: the page identifies until its own time limit, and the record says why."""

    def broken(_asked):
        raise Busy("The queue is full.")

    monkeypatch.setattr(plan, "plan", broken)
    await deploying.page(install_progress_timeout_in_minutes=1)
    await deploying.win32("Tool")
    outcome = await deploying.deploy(clock=QuickClock(20))
    assert (outcome.reached, outcome.failure.code) == ("failed", "0x800705B4")
    assert "Apps" in outcome.failure.reason
    assert await deploying.states() == {"Tool": "pendingInstall"}
    managed = await deploying.managed()
    view = await deploying.read(lambda tx: management.esp_view(tx, managed))
    assert view.outcome == "failed"


async def test_p09_explain_names_the_app_that_hangs(deploying):
    """While its installer hangs, the explanation has its name, what it does, and an estimate that says nothing."""
    await deploying.page()
    await deploying.win32("Tool")
    pc = await deploying.pc(durations={"TOOL": 5.0})
    task = asyncio.create_task(pc.power_on(deploying.instance.endpoints, deploying.person))
    for _ in range(300):
        await asyncio.sleep(0.1)
        told = await deploying.read(lambda tx: explain_esp(tx, pc.firmware.serial))
        waits = [] if told is None else [each for each in told["waits"] if each["origins"] == ["Tool"]]
        if waits and waits[0]["why"] == "its installer runs":
            break
    assert waits[0]["phase"] == "device setup"
    assert waits[0]["since"]
    assert told["estimate"]["verdict"] == "cannot say"
    assert [each["name"] for each in told["estimate"]["apps"]] == ["Tool"]
    assert (await task).reached == "desktop"
