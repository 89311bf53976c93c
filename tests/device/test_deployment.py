"""The whole way of a PC, against stand-ins for the services."""

from __future__ import annotations

import pytest

from device.cloud import DEVICE_ID, MANAGED_ID, UPN

pytestmark = pytest.mark.anyio


async def test_a_sealed_pc_reaches_the_desktop(pc, cloud, power_on):
    """From power-on to desktop: named, joined, enrolled, managed in both phases, with a Windows Hello key."""
    outcome = await power_on(pc)
    assert outcome.failure is None
    assert (outcome.reached, outcome.device_name, outcome.user) == ("desktop", "C-SN-0001", UPN)
    assert (outcome.entra_device_id, outcome.intune_device_id) == (DEVICE_ID, MANAGED_ID)
    assert outcome.profile_name == "Standard"
    assert outcome.hello == "provisioned"
    assert cloud.hello_keys == 1
    assert cloud.logins[0] == "others"
    assert cloud.logins[-1] == "user"
    assert {code for _, _, code in cloud.statuses} <= {200, 202}
    assert pc.state.installed == {"{11111111-2222-3333-4444-555555555555}": "1.4.0"}
    assert cloud.results["./Device/Vendor/MSFT/DMClient/Provider/taxiway/FirstSyncStatus/IsSyncDone"] == "true"
