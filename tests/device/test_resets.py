"""What each kind of reset leaves of a PC that was deployed (05 section 10.13)."""

from __future__ import annotations

import pytest

from device.cloud import DMCLIENT, add, finish, replace
from taxiway.device import resets
from taxiway.device.csp.tree import Tree
from taxiway.device.resets import FRESH_KEEPING, PROTECTED_WIPE, REDEPLOY, WIPE, WIPE_KEEPING

pytestmark = pytest.mark.anyio

WIFI = "./Device/Vendor/MSFT/WiFi/Profile/office/WlanXml"
CORTANA = "./Device/Vendor/MSFT/Policy/Config/Experience/AllowCortana"
DONE = f"./Device/{DMCLIENT}/FirstSyncStatus/ServerHasFinishedProvisioning"
BLOCK = f"./Device/{DMCLIENT}/FirstSyncStatus/BlockInStatusPage"


@pytest.fixture
async def deployed(pc, cloud, power_on):
    """A PC with an app, a policy and a Wi-Fi profile."""
    cloud.device_work = [
        add(WIFI.rpartition("/")[0]),
        replace(WIFI, "<WLANProfile/>"),
        replace(CORTANA, "0", "int"),
        *cloud.device_work[:-1],
        *finish("Device"),
    ]
    assert (await power_on(pc)).reached == "desktop"
    assert pc.state.installed
    return pc


def nodes(pc):
    """Which of the three settings are there."""
    tree = Tree(pc.state)
    return [tree.stored(uri) is not None for uri in (WIFI, CORTANA, DONE)]


@pytest.mark.parametrize("order", [WIPE, PROTECTED_WIPE])
async def test_a_wipe_leaves_the_firmware(deployed, host, order):
    """Keys, join, enrollment, settings: everything is gone, also from the folder."""
    serial = deployed.firmware.serial
    resets.reset(deployed._storage, host, order)
    state = deployed.state
    assert (state.joined, state.enrolled, state.user, state.device_nodes) == (None, None, None, {})
    assert not (deployed._storage.folder / "tpm").exists()
    assert (deployed.firmware.serial, state.steps) == (serial, [])


@pytest.mark.parametrize("order", [WIPE_KEEPING, FRESH_KEEPING])
async def test_a_reset_that_keeps_accounts_keeps_users_join_and_enrollment(deployed, host, order):
    """Apps and policies go; Wi-Fi, the account of the server and who was signed in stay."""
    before = deployed.state.user
    resets.reset(deployed._storage, host, order)
    state = deployed.state
    assert state.joined is not None
    assert state.enrolled is not None
    assert (state.user, state.installed, state.locked) == (before, {}, True)
    assert nodes(deployed) == [True, False, True]


async def test_an_autopilot_reset_keeps_join_enrollment_and_wifi(deployed, host):
    """Users, apps and policies go; the page's settings stay, its account of itself does not; the status is complete."""
    resets.reset(deployed._storage, host, REDEPLOY)
    state = deployed.state
    assert state.joined is not None
    assert state.enrolled is not None
    assert (state.user, state.user_nodes, state.installed) == (None, {}, {})
    assert nodes(deployed) == [True, False, False]
    assert Tree(state).value(BLOCK) == "3"
    assert (state.redeployed, state.redeployment) == (True, (1, 0))
    assert not (deployed._storage.folder / "tpm" / "prt.sealed").exists()
    assert (deployed._storage.folder / "tpm" / "management.key").exists()
    assert "device setup" not in state.steps


@pytest.mark.parametrize(("order", "joins"), [(PROTECTED_WIPE, 2), (WIPE, 1)])
async def test_what_a_power_cut_interrupts(deployed, cloud, power_on, order, joins):
    """A protected wipe goes on when the power is back: the PC joins anew. A plain one does not."""
    deployed._storage.state.pending = order
    deployed._storage.save()
    assert (await power_on(deployed)).reached == "desktop"
    assert len(cloud.joins) == joins
