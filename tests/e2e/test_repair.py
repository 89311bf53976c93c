"""A deployed PC goes to the repair shop (01 section 4.7)."""

from __future__ import annotations

import pytest

from e2e.administering import sit_down
from e2e.deploying import Deploying

pytestmark = pytest.mark.anyio

DEVICES = "/beta/deviceManagement/windowsAutopilotDeviceIdentities"


@pytest.fixture
async def desk(instance, tmp_path):
    made = await sit_down(Deploying(instance, tmp_path))
    yield made
    await made.graph.client.aclose()


async def test_r104_p22_a_repaired_pc_deploys_again(desk):
    """A reflashed board is bound by itself, a strange one by approval; after a reset the PC gets its profile.

    A new disk changes nothing for the lookup (R-39).
    """
    instance, graph = desk.instance, desk.graph
    [device] = await graph.values(DEVICES)
    path = f"{DEVICES}/{device['id']}"

    async def state():
        return (await graph.get(path))["remediationState"]

    desk.pc.replace_board()
    await desk.sync()
    assert await state() == "automaticRemediationRequired"
    assert (await graph.get(f"{path}/taxiwayHardwareChange"))["status"] == "Fix pending"
    await desk.sync()
    assert await state() == "noRemediationRequired"

    desk.pc.replace_board(reflashed=False)
    await desk.sync()
    await desk.sync()
    change = await graph.get(f"{path}/taxiwayHardwareChange")
    assert (change["status"], change["registered"]["serialNumber"]) == ("Attention required", device["serialNumber"])
    assert change["reported"]["serialNumber"] == desk.pc.firmware.serial != device["serialNumber"]
    bound = await graph.post(f"{path}/taxiwayRebind", {}, expect=200)
    assert bound["serialNumber"] == desk.pc.firmware.serial
    await graph.post(f"{path}/taxiwayRebind", {}, expect=400)

    desk.pc.replace_disk()
    again = await instance.power_on(desk.pc, await instance.make_user("bob@contoso.example"))
    assert (again.reached, again.profile_name) == ("desktop", "Everything"), again.failure
