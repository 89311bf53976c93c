"""Configurations between the server and the PC, over the network."""

from __future__ import annotations

import pytest

from e2e.deploying import EVERYBODY, Deploying, product
from taxiway.device import Noted, ScreenShown
from taxiway.store import entries

pytestmark = pytest.mark.anyio
LOCK = "./Device/Vendor/MSFT/Policy/Config/DeviceLock/MinDevicePasswordLength"


@pytest.fixture
def deploying(instance, tmp_path):
    return Deploying(instance, tmp_path)


async def log(deploying, kind):
    return [entry for entry in await deploying.read(entries) if entry.kind == kind]


async def test_p13_a_policy_that_restarts_the_pc_does_what_saving_it_said(deploying):
    """The warning of the server and the event 2800 of the PC name the same node; the person signs in once more."""
    await deploying.page()
    await deploying.policy(LOCK, 8)
    assert (await deploying.deploy()).reached == "desktop"
    notes = [event.text for event in deploying.events(Noted) if event.number == 2800]
    assert notes == [f"the following URI has triggered a reboot: {LOCK}"]
    assert "SignIn" in [event.name for event in deploying.events(ScreenShown)]
    said = [entry.what["uri"] for entry in await log(deploying, "device_configuration.warned")]
    assert LOCK in said


async def test_p14_the_blocking_list_of_a_users_page_holds_in_device_setup(deploying):
    """The user is known from the enrollment on: what the user's profile does not select waits for the page's end."""
    wanted = await deploying.app(1)
    await deploying.app(2)
    await deploying.page(EVERYBODY, selected_mobile_app_ids=[wanted])
    assert (await deploying.deploy()).reached == "desktop"
    (shown,) = [entry for entry in await log(deploying, "esp.moved") if entry.what["to"] == "opening"]
    assert shown.why[0]["facts"]["via"] == "user"
    (collected,) = [entry for entry in await log(deploying, "esp.moved") if entry.what["to"] == "sent"][:1]
    assert [product(1)[1:-1] in uri for uri in collected.why[0]["facts"]["msi"]] == [True]
    assert sorted(deploying.current.state.installed) == [product(1), product(2)]
