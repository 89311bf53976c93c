"""Configurations between the server and the PC, over the network."""

from __future__ import annotations

import pytest

from e2e.deploying import CORTANA, EVERYBODY, EVERYWHERE, PAGE, Deploying, product
from taxiway import management
from taxiway.device import Noted, ScreenShown
from taxiway.directory import SYSTEM_PRINCIPAL
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


async def configure(deploying, kind, **values):
    """A configuration for all devices."""

    def make(tx):
        row = management.create_configuration(tx, kind, values, principal=SYSTEM_PRINCIPAL)
        management.assign_configuration(tx, row["id"], [EVERYWHERE], principal=SYSTEM_PRINCIPAL)

    await deploying.write(make)


async def test_a_vpn_profile_and_an_update_ring_arrive_and_the_page_tracks_the_profile(deploying):
    """The profile is set in one Atomic and is a network connection of device setup; the ring is policies."""
    await deploying.page()
    servers = [{"address": "vpn.contoso.example"}]
    await configure(
        deploying,
        "windows10VpnConfiguration",
        display_name="VPN",
        connection_name="Office",
        servers=servers,
        profile_target="device",
    )
    ring = {"display_name": "Ring", "automatic_update_mode": "notifyDownload", "drivers_excluded": True}
    await configure(deploying, "windowsUpdateForBusinessConfiguration", **ring)
    outcome = await deploying.deploy()
    assert outcome.reached == "desktop", outcome.failure
    assert await deploying.states() == {"VPN": "succeeded", "Ring": "succeeded"}
    state = deploying.current.state
    assert "vpn.contoso.example" in state.device_nodes["vendor/msft/vpnv2/office/profilexml"].value
    assert state.device_nodes["vendor/msft/policy/config/update/allowautoupdate"].value == "0"
    (sent,) = [entry for entry in await log(deploying, "esp.moved") if entry.what["to"] == "sent"][:1]
    assert sent.why[0]["facts"]["networks"] == ["./Device/Vendor/MSFT/VPNv2/Office"]


async def test_r10_what_is_withdrawn_is_taken_off_the_pc_or_said_to_stay(deploying):
    """After the desktop: a policy is deleted on the PC, a page setting gets its default, an account stays, as told."""
    account = "./Device/Vendor/MSFT/Accounts/Users/helper/LocalUserGroup"
    timeout = f"./Device/{PAGE}/TimeOutUntilSyncFailure"
    made = [await deploying.policy(uri, value) for uri, value in ((CORTANA, 0), (account, 1), (timeout, 77))]
    assert (await deploying.deploy()).reached == "desktop"
    nodes = deploying.current.state.device_nodes
    cortana, page = "vendor/msft/policy/config/experience/allowcortana", f"{PAGE}/TimeOutUntilSyncFailure".lower()
    assert (nodes[cortana].value, nodes[page].value) == ("0", "77")

    def withdraw(tx):
        for row_id in made:
            management.delete_configuration(tx, row_id, principal=SYSTEM_PRINCIPAL)

    await deploying.write(withdraw)
    await deploying.deploy(deploying.current)
    nodes = deploying.current.state.device_nodes
    assert cortana not in nodes
    assert nodes[page].value == "60"
    assert deploying.current.state.accounts == ["helper"]
    assert await deploying.states() == {"LocalUserGroup": "staysOnDevice"}
    (entry,) = await log(deploying, "configuration.stays")
    assert entry.what["uri"] == account


async def test_two_values_for_one_node_reach_no_pc(deploying):
    """The device's and the user's value differ: the PC gets neither, the log names both, the page ends all the same."""
    await deploying.page()
    await deploying.policy(CORTANA, 0)
    await deploying.policy(CORTANA, 1, EVERYBODY)
    assert (await deploying.deploy()).reached == "desktop"
    assert "vendor/msft/policy/config/experience/allowcortana" not in deploying.current.state.device_nodes
    rows = await deploying.read(management.CONFIGURATIONS.select)
    moved = await log(deploying, "configuration.state_changed")
    assert {entry.what["id"] for entry in moved if entry.what["to"] == "conflict"} == {row["id"] for row in rows}


async def test_r101_local_accounts_and_groups_are_applied_and_the_password_is_nowhere(deploying):
    """The PC has the account and the members; neither its state nor the server's configuration shows the password."""
    user = "./Device/Vendor/MSFT/Accounts/Users/helper"
    groups = (
        '<GroupConfiguration><accessgroup desc="Administrators"><group action="U"/>'
        r'<add member="AzureAD\desk@contoso.example"/></accessgroup></GroupConfiguration>'
    )
    await deploying.policy(f"{user}/Password", "pass-W0rd-hidden", kind="String")
    await deploying.policy(f"{user}/LocalUserGroup", 2)
    configure_groups = "./Device/Vendor/MSFT/Policy/Config/LocalUsersAndGroups/Configure"
    await deploying.policy(configure_groups, groups, kind="String")
    await deploying.page()
    outcome = await deploying.deploy()
    assert outcome.reached == "desktop", outcome.failure
    state = deploying.current.state
    assert state.accounts == ["helper"]
    assert {"helper", r"AzureAD\desk@contoso.example"} <= set(state.groups["S-1-5-32-544"])
    assert set(state.joined.administrators) <= set(state.groups["S-1-5-32-544"])
    assert set((await deploying.states()).values()) == {"succeeded"}
    assert b"pass-W0rd-hidden" not in (deploying.current._storage.folder / "pc.json").read_bytes()
    rows = await deploying.read(management.CONFIGURATIONS.select)
    assert "pass-W0rd-hidden" not in repr(rows) + repr(await deploying.read(entries))
