"""The status page: what it counts, when it waits, when it fails (05 section 11)."""

from __future__ import annotations

import base64
import dataclasses
import json
from datetime import timedelta

import pytest

from device.cloud import DMCLIENT, MSI, add, finish, get, install_msi, msi_job, replace
from taxiway.device import PC, EspItemChanged, EspPhaseChanged, Failed, Place
from taxiway.device.csp.node import DEVICE
from taxiway.device.csp.tree import Tree
from taxiway.device.esp_progress import APPS, NETWORK, POLICIES, Progress
from taxiway.device.state import AUTOPILOT_SETTINGS
from taxiway.kernel import SystemClock
from taxiway.wire.expected import SEPARATOR
from taxiway.wire.syncml import Command, Item

pytestmark = pytest.mark.anyio

FIRST_SYNC = f"./Device/{DMCLIENT}/FirstSyncStatus"
AGENT = "./Device/Vendor/MSFT/EnrollmentStatusTracking/DevicePreparation/PolicyProviders/Agent"
PRODUCT = "{11111111-2222-3333-4444-555555555555}"
SETUP = "./Device/Vendor/MSFT/EnrollmentStatusTracking/Setup/Apps"


@pytest.fixture
def tree(pc):
    return Tree(pc.state)


def lines(tree):
    return {each.name: each for each in Progress(tree, "taxiway", DEVICE).categories()}


def test_lists_are_counted_by_what_each_entry_stands_for(tree):
    """x of y sums the numbers behind the entries (05 section 10.3)."""
    tree.put(f"{FIRST_SYNC}/ExpectedMSIAppPackages", f"{MSI}/Status;3{SEPARATOR}{MSI[:-4]}9%7D/Status;1")
    tree.put(f"{FIRST_SYNC}/ServerHasFinishedProvisioning", "true", "bool")
    tree.put(f"{MSI}/Status", "70", "int")
    assert lines(tree)[APPS].text == "3 of 4 installed"
    assert lines(tree)[POLICIES].text == "No setup needed"


def test_until_the_server_has_finished_the_page_identifies(tree):
    """An empty list is not final before the server says so."""
    assert lines(tree)[NETWORK].text == "Identifying"
    assert lines(tree)[NETWORK].state == "inProgress"


def test_an_agent_that_has_not_listed_its_apps_holds_the_line(tree):
    """TrackingPoliciesCreated ends the wait; then each app counts (05 section 10.4)."""
    tree.put(f"{FIRST_SYNC}/ServerHasFinishedProvisioning", "true", "bool")
    tree.put(f"{SETUP}/PolicyProviders/Agent/TrackingPoliciesCreated", "false", "bool")
    assert lines(tree)[APPS].state == "inProgress"
    tree.put(f"{SETUP}/PolicyProviders/Agent/TrackingPoliciesCreated", "true", "bool")
    tree.put(f"{SETUP}/Tracking/Agent/App1/InstallationState", "2", "int")
    assert lines(tree)[APPS].text == "0 of 1 installed"
    tree.put(f"{SETUP}/Tracking/Agent/App1/InstallationState", "3", "int")
    assert lines(tree)[APPS].state == "succeeded"
    tree.put(f"{SETUP}/Tracking/Agent/App1/InstallationState", "4", "int")
    assert lines(tree)[APPS].state == "failed"


async def test_the_page_tells_x_of_y_as_it_grows(pc, power_on):
    """Each change of a line is an event; the trace for diagnostics is left in the registry."""
    await power_on(pc)
    apps = [e.text for e in power_on.events if isinstance(e, EspItemChanged) and e.item == APPS]
    waiting = "Apps (Waiting for previous step)"  # device setup and account setup, before they begin
    assert apps[:4] == [waiting, waiting, "Apps (0 of 1 installed)", "Apps (1 of 1 installed)"]
    phases = [(e.phase, e.state) for e in power_on.events if isinstance(e, EspPhaseChanged)]
    assert phases == [
        (phase, state)
        for phase in ("device preparation", "device setup", "account setup")
        for state in ("inProgress", "succeeded")
    ]
    kept = json.loads(pc.state.registry[AUTOPILOT_SETTINGS]["DeviceSetupCategory.Status"])
    assert kept["categorySucceeded"] is True


async def test_r087_one_way_values_stay(pc, cloud, power_on):
    """What ended is over: neither the outcome nor the release can be taken back, and the lists are frozen."""
    cloud.later = [
        replace(f"{FIRST_SYNC}/ServerHasFinishedProvisioning", "false", "bool"),
        replace(f"{FIRST_SYNC}/IsSyncDone", "true", "bool"),
        replace(f"{FIRST_SYNC}/IsSyncDone", "false", "bool"),
        replace(f"{FIRST_SYNC}/WasDeviceSuccessfullyProvisioned", "0", "int"),
        replace(f"{FIRST_SYNC}/WasDeviceSuccessfullyProvisioned", "2", "int"),
        replace(f"{FIRST_SYNC}/ExpectedMSIAppPackages", f"{MSI}/Status;2"),
    ]
    assert (await power_on(pc)).reached == "desktop"
    asked = [each.items[0].uri for each in cloud.later]
    answers = [(uri, code) for verb, uri, code in cloud.statuses if verb == "Replace" and uri in asked]
    assert answers[-len(asked) :] == [(uri, 405) for uri in asked]
    tree = Tree(pc.state)
    assert tree.value(f"{FIRST_SYNC}/WasDeviceSuccessfullyProvisioned") == "1"
    assert tree.value(f"{FIRST_SYNC}/ExpectedMSIAppPackages") == f"{MSI}/Status;1"


async def test_r087_the_server_may_end_the_page_once(pc, cloud, power_on):
    """IsSyncDone written by the server ends the section although the lists are not complete."""
    missing = "./Device/Vendor/MSFT/WiFi/Profile/nowhere"
    cloud.device_work = [
        replace(f"{FIRST_SYNC}/ExpectedNetworkProfiles", missing),
        replace(f"{FIRST_SYNC}/IsSyncDone", "true", "bool"),
    ]
    assert (await power_on(pc)).reached == "desktop"


class LeapingClock(SystemClock):
    """Whoever sleeps on it has slept: minutes pass at once, in the order in which they are asked for."""

    def __init__(self):
        self._start, self._slept = super().now(), 0.0

    def monotonic(self):
        return self._slept

    def now(self):
        return self._start + timedelta(seconds=self._slept)

    async def sleep(self, seconds):
        self._slept += seconds
        await super().sleep(0)


@pytest.mark.parametrize("minutes", [1, 5, 60])
async def test_check_09_the_time_out_comes_at_its_minute(pc, cloud, host, power_on, tmp_path, minutes):
    """Not before, and no later than the next look at the lists."""
    cloud.device_work = [replace(f"{FIRST_SYNC}/TimeOutUntilSyncFailure", str(minutes), "int")]
    pace = dataclasses.replace(host.pace, poll=10.0)
    timed = PC.open(tmp_path / "pc", dataclasses.replace(host, clock=LeapingClock(), pace=pace))
    outcome = await power_on(timed)
    assert outcome.failure.code == "0x800705B4"
    began = next(e.at for e in power_on.events if isinstance(e, EspPhaseChanged) and e.phase == "device setup")
    ended = next(e.at for e in power_on.events if isinstance(e, Failed))
    assert minutes * 60 < (ended - began).total_seconds() <= minutes * 60 + 10


async def test_check_08_try_again_runs_the_installer_again(pc, cloud, host, power_on, tmp_path):
    """Status 60, the page with the buttons that were configured, and a second run that succeeds."""
    place = Place(exit_codes={PRODUCT: (1603, 0)}, presses=("Try again",))
    outcome = await power_on(PC.open(tmp_path / "pc", dataclasses.replace(host, place=place)))
    assert outcome.reached == "desktop", outcome.failure
    (failed,) = [event for event in power_on.events if isinstance(event, Failed)]
    assert (failed.code, failed.buttons) == ("0x80070643", ("Reset PC", "Try again"))


async def test_an_agent_that_fails_ends_device_preparation(pc, cloud, power_on):
    """State 4 and its error are on the page (05 section 11.3, D3)."""
    error = str(0x80070643 - (1 << 32))
    cloud.device_work = [
        add(AGENT),
        replace(f"{AGENT}/InstallationState", "4", "int"),
        replace(f"{AGENT}/LastError", error, "int"),
        *finish("Device"),
    ]
    outcome = await power_on(pc)
    assert (outcome.failure.step, outcome.failure.code) == ("esp", "0x80070643")


async def test_content_with_another_hash_is_not_installed(pc, cloud, power_on):
    """The download fails with the code for a wrong hash, and the installer never runs."""
    leaf = f"{MSI}/DownloadInstall"
    job = Command("Exec", "", (Item(target=leaf, format="xml", data=msi_job(b"something else")),))
    lists = {"ExpectedMSIAppPackages": f"{MSI}/Status;1"}
    cloud.device_work = [add(leaf, "xml"), job, *finish("Device", **lists)]
    outcome = await power_on(pc)
    assert outcome.failure.code == "0x80091007"
    assert pc.state.installed == {}


async def test_content_longer_than_the_pc_holds_is_not_installed(pc, cloud, power_on, monkeypatch):
    """The app fails with the code for a file that is too large; the installer never runs."""
    cloud.content = bytes(200_000)
    monkeypatch.setattr("taxiway.device.transport.LARGEST_ANSWER", 150_000)
    lists = {"ExpectedMSIAppPackages": f"{MSI}/Status;1"}
    cloud.device_work = [*install_msi(), *finish("Device", **lists)]
    outcome = await power_on(pc)
    assert outcome.failure.code == "0x800700DF"
    assert pc.state.installed == {}


async def test_the_same_order_twice_installs_once(pc, cloud, power_on):
    """A server that saw no answer orders again; what was carried out is not done a second time."""
    cloud.later = [install_msi()[1], get(f"{MSI}/Status")]
    await power_on(pc)
    paths = [request.url.path for request in cloud.requests]
    assert paths.count("/content/tool") == 1
    assert cloud.results[f"{MSI}/Status"] == "70"


async def test_the_server_reads_the_hardware_hash_in_pieces(pc, cloud, host, power_on, tmp_path):
    """Results that exceed the size of a message are cut and sent one piece a message (05 section 7)."""
    pc = PC.open(tmp_path / "pc", dataclasses.replace(host, place=Place(message_size=4096)))
    cloud.later = [get("./DevDetail/Ext/DeviceHardwareData")]
    await power_on(pc)
    assert cloud.pieces > 2
    assert len(base64.b64decode(cloud.results["./DevDetail/Ext/DeviceHardwareData"])) == 3000
