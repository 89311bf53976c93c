"""Effective configuration, delivered as the difference: who is meant, conflict, agreement, change, taking back."""

from __future__ import annotations

import base64

import pytest

from management.conftest import settings_of
from management.uris import CORTANA, TELEMETRY, USER_NODE
from taxiway import directory, management
from taxiway.directory import SYSTEM_PRINCIPAL, Target

pytestmark = pytest.mark.anyio

VPN = "./Device/Vendor/MSFT/VPNv2/Office"
ACCOUNT = "./Device/Vendor/MSFT/Accounts/Users/help/LocalUserGroup"
TIMEOUT = "./Device/Vendor/MSFT/DMClient/Provider/taxiway/FirstSyncStatus/TimeOutUntilSyncFailure"
WIFI = "./Device/Vendor/MSFT/WiFi/Profile/Office"


@pytest.fixture
def esp(esp):
    """These devices show no status page."""
    return {**esp, "show": False, "show_user_page": False}


@pytest.fixture
def group(pc):
    """A group of devices or users, with members."""

    async def made(name, *members):
        def work(tx):
            row = directory.create_group(tx, principal=SYSTEM_PRINCIPAL, display_name=name)
            for kind, member in members:
                directory.add_member(tx, row["id"], kind, member, principal=SYSTEM_PRINCIPAL)
            return row["id"]

        return await pc.write(work)

    return made


async def entra_device(pc):
    """The Entra device of the PC."""
    rows = await pc.read(directory.DEVICES.select)
    return rows[0]["id"]


async def delete(pc, row_id):
    await pc.write(lambda tx: management.delete_configuration(tx, row_id, principal=SYSTEM_PRINCIPAL))


async def edit(pc, row_id, **changes):
    await pc.write(lambda tx: management.update_configuration(tx, row_id, changes, principal=SYSTEM_PRINCIPAL))


def heard_of(said, uri):
    return [(verb, data) for verb, target, data in said if target == uri]


# ---------------------------------------------------------------------------------------------- who is meant


async def test_an_included_group_gets_the_setting_and_an_excluded_one_does_not(pc, custom, group, everywhere):
    """A device in the excluded group is not told, whatever includes it; once out of it, it is told."""
    device = await entra_device(pc)
    spared = await group("Spared", ("device", device))
    row_id = await custom("No Cortana", CORTANA, 0, everywhere)
    await pc.reassign(row_id, everywhere, Target("exclusion", spared))
    assert not heard_of(await pc.session(), CORTANA)
    await pc.write(lambda tx: directory.remove_member(tx, spared, "device", device, principal=SYSTEM_PRINCIPAL))
    assert heard_of(await pc.session(), CORTANA) == [("Replace", "0")]


async def test_a_group_of_users_brings_the_setting_in_the_users_session_only(pc, custom, group):
    """The setting of a user's group waits for that user, and is taken back in that user's session."""
    people = await group("People", ("user", pc.owner))
    row_id = await custom("No Cortana", CORTANA, 0, Target("group", people))
    assert not heard_of(await pc.session(), CORTANA)
    pc.user_id = pc.owner
    assert heard_of(await pc.session("user"), CORTANA) == [("Replace", "0")]
    await pc.reassign(row_id)
    assert not heard_of(await pc.session(), CORTANA)
    assert heard_of(await pc.session("user"), CORTANA) == [("Delete", None)]


async def test_an_assignment_filter_decides_by_the_device(pc, custom, everywhere):
    """A filter includes or excludes the device by its properties."""
    rule = '(device.deviceName -startsWith "PC-")'

    def make(tx):
        return directory.create_filter(tx, principal=SYSTEM_PRINCIPAL, display_name="PCs", rule=rule)["id"]

    filter_id = await pc.write(make)
    row_id = await custom("No Cortana", CORTANA, 0, everywhere)
    await pc.reassign(row_id, Target("all_devices", filter_id=filter_id, filter_mode="exclude"))
    assert not heard_of(await pc.session(), CORTANA)
    await pc.reassign(row_id, Target("all_devices", filter_id=filter_id, filter_mode="include"))
    assert heard_of(await pc.session(), CORTANA) == [("Replace", "0")]


# ---------------------------------------------------------------------------------------------- agreement, conflict


async def test_equal_values_are_sent_once_and_kept_until_the_last_assignment_ends(pc, custom, everywhere):
    """Two configurations that agree: one command; the node goes with the second of them."""
    first = await custom("One", CORTANA, 0, everywhere)
    second = await custom("Two", CORTANA, 0, everywhere)
    assert heard_of(await pc.session(), CORTANA) == [("Replace", "0")]
    await pc.reassign(first)
    assert not heard_of(await pc.session(), CORTANA)
    assert await pc.states() == {"Two": "succeeded"}
    await pc.reassign(second)
    assert heard_of(await pc.session(), CORTANA) == [("Delete", None)]
    assert CORTANA not in pc.nodes


async def test_a_value_of_the_device_stays_while_a_user_asks_for_the_same(pc, custom, everywhere, everyone):
    """The device's assignment ends, the user's goes on: nothing is taken back, and nothing sent again."""
    device = await custom("Device", CORTANA, 0, everywhere)
    user = await custom("User", CORTANA, 0, everyone)
    assert heard_of(await pc.session(), CORTANA) == [("Replace", "0")]
    await pc.reassign(device)
    pc.user_id = pc.owner
    assert not heard_of(await pc.session(), CORTANA)
    assert not heard_of(await pc.session("user"), CORTANA)
    await pc.reassign(user)
    assert heard_of(await pc.session(), CORTANA) == [("Delete", None)]


async def test_a_conflict_between_device_and_user_holds_before_the_user_signs_in(pc, custom, everywhere, everyone):
    """What is meant for the primary user is known before: the device's half is not sent just to be disputed later."""
    await custom("Device", CORTANA, 1, everywhere)
    await custom("User", CORTANA, 0, everyone)
    assert not heard_of(await pc.session(), CORTANA)
    assert await pc.states() == {"Device": "conflict", "User": "conflict"}
    (entry, _) = [one for one in await pc.log("configuration.state_changed") if one.what["to"] == "conflict"]
    assert entry.what["with"] == ["Device", "User"]
    assert "Device and User set" in entry.why[0]["text"]


async def test_a_conflict_that_ends_is_delivered(pc, custom, everywhere):
    """One of the two goes away: the other's value is sent."""
    await custom("On", CORTANA, 1, everywhere)
    off = await custom("Off", CORTANA, 0, everywhere)
    await pc.session()
    await pc.reassign(off)
    assert heard_of(await pc.session(), CORTANA) == [("Replace", "1")]
    assert await pc.states() == {"On": "succeeded"}


async def test_an_edited_value_replaces_the_old_one(pc, custom, everywhere):
    """The new value goes out once, as Replace."""
    row_id = await custom("Cortana", CORTANA, 0, everywhere)
    await pc.session()
    await edit(pc, row_id, **settings_of(CORTANA, 1))
    assert heard_of(await pc.session(), CORTANA) == [("Replace", "1")]
    assert not heard_of(await pc.session(), CORTANA)


async def test_r21_what_restarts_the_pc_is_sent_last(pc, custom, everywhere):
    """The restart finds everything else done, whatever the configurations are called."""
    lock = "./Device/Vendor/MSFT/Policy/Config/DeviceLock/MinDevicePasswordLength"
    await custom("A", lock, 8, everywhere)
    await custom("B", CORTANA, 0, everywhere)
    said = [target for verb, target, _ in await pc.session() if verb == "Replace"]
    assert said == [CORTANA, lock]


# ---------------------------------------------------------------------------------------------- taking back


async def test_r10_a_setting_removed_from_a_configuration_is_taken_back(pc, custom, everywhere):
    """The configuration stays assigned with one setting less: that one is deleted."""
    row_id = await custom("Cortana", CORTANA, 0, everywhere)
    await pc.session()
    await edit(pc, row_id, **settings_of(TELEMETRY, 1))
    said = await pc.session()
    assert (heard_of(said, CORTANA), heard_of(said, TELEMETRY)) == ([("Delete", None)], [("Replace", "1")])


async def test_r10_a_value_edited_and_withdrawn_before_it_was_sent_is_still_taken_back(pc, custom, everywhere):
    """The device holds the old value: it is deleted although the new one never went out."""
    row_id = await custom("Cortana", CORTANA, 0, everywhere)
    await pc.session()
    await edit(pc, row_id, **settings_of(CORTANA, 1))
    await pc.post(pc.first("lost"))  # queued and sent, never answered
    await delete(pc, row_id)
    assert heard_of(await pc.session(), CORTANA) == [("Delete", None)]


async def test_r10_a_node_without_delete_gets_its_default_back(pc, custom, everywhere):
    """FirstSyncStatus takes no Delete: the value before anybody wrote is set."""
    row_id = await custom("Long page", TIMEOUT, 120, everywhere)
    await pc.session()
    await delete(pc, row_id)
    assert heard_of(await pc.session(), TIMEOUT) == [("Replace", "60")]
    assert await pc.states() == {}


async def test_r10_what_cannot_be_taken_back_stays_and_is_said(pc, custom, everywhere):
    """A local account takes neither Delete nor Replace: the state says that it stays, with what and why, in the log."""
    row_id = await custom("Helper", ACCOUNT, 2, everywhere)
    assert heard_of(await pc.session(), ACCOUNT)[-1] == ("Add", "2")
    await delete(pc, row_id)
    assert not heard_of(await pc.session(), ACCOUNT)
    assert await pc.states() == {"Helper": "staysOnDevice"}
    assert (await pc.detail("Helper"))["stays"] == [ACCOUNT]
    (entry,) = await pc.log("configuration.stays")
    assert "takes neither Delete nor a default" in entry.why[0]["text"]
    assert (await pc.log("configuration.state_changed"))[-1].what["to"] == "staysOnDevice"
    await pc.session()
    assert len(await pc.log("configuration.stays")) == 1


async def test_r10_a_device_that_refuses_the_delete_keeps_the_setting_and_it_is_said(pc, custom, everywhere):
    """405 to a Delete is no success: the setting stays on the device, and the state says so."""
    row_id = await custom("No Cortana", CORTANA, 0, everywhere)
    await pc.session()
    pc.refuse[CORTANA] = 405
    await delete(pc, row_id)
    await pc.session()
    assert await pc.states() == {"No Cortana": "staysOnDevice"}


async def test_r10_a_wifi_profile_is_taken_back_whole(pc, make, everywhere):
    """The last setting under a profile goes with the profile, in one Delete."""
    values = {"display_name": "Wi-Fi", "ssid": "Office", "proxy_setting": "manual", "proxy_manual_address": "p"}
    row_id = await make("windowsWifiConfiguration", {**values, "proxy_manual_port": 80}, everywhere)
    await pc.session()
    assert f"{WIFI}/Proxy" in pc.nodes
    await delete(pc, row_id)
    said = [each for each in await pc.session() if each[0] == "Delete"]
    assert said == [("Delete", WIFI, None)]
    assert not [node for node in pc.nodes if node.startswith(WIFI)]
    assert await pc.states() == {}


# ---------------------------------------------------------------------------------------------- Atomic


async def vpn(custom, target, xml="<VPNProfile/>", name="VPN"):
    return await custom(name, f"{VPN}/ProfileXML", xml, target, kind="String")


async def test_an_atomic_node_is_set_in_one_atomic(pc, custom, everywhere):
    """VPNv2 takes its settings whole; changed content falls back from Add to Replace; removal deletes the profile."""
    row_id = await vpn(custom, everywhere)
    assert heard_of(await pc.session(), f"{VPN}/ProfileXML") == [("Add", "<VPNProfile/>")]
    assert await pc.states() == {"VPN": "succeeded"}
    await edit(pc, row_id, **settings_of(f"{VPN}/ProfileXML", "<VPNProfile>2</VPNProfile>", "String"))
    said = heard_of(await pc.session(), f"{VPN}/ProfileXML")
    assert said == [("Add", "<VPNProfile>2</VPNProfile>"), ("Replace", "<VPNProfile>2</VPNProfile>")]
    await delete(pc, row_id)
    assert heard_of(await pc.session(), VPN) == [("Delete", None)]
    assert await pc.states() == {}


async def test_14_09_check_11_an_atomic_that_fails_names_the_command_that_did(pc, custom, everywhere):
    """The container's 507 says nothing: the cause is the child with a code of its own."""
    pc.refuse[f"{VPN}/ProfileXML"] = 400
    await vpn(custom, everywhere)
    await pc.session()
    assert (await pc.states())["VPN"] == "error"
    (error,) = (await pc.detail("VPN"))["errors"]
    assert (error["status"], error["cause"]) == (400, f"{VPN}/ProfileXML")
    (entry,) = await pc.log("command.failed")
    assert "because of" in entry.why[0]["text"]


async def test_two_values_under_an_atomic_node_hold_it_back_whole(pc, custom, everywhere):
    """A dispute about one setting of a profile is a dispute about the profile."""
    await vpn(custom, everywhere)
    await vpn(custom, everywhere, "<Other/>", "Other")
    assert not heard_of(await pc.session(), f"{VPN}/ProfileXML")
    assert await pc.states() == {"VPN": "conflict", "Other": "conflict"}


async def test_a_certificate_is_taken_back_with_its_node(pc, make, everywhere):
    """EncodedCertificate takes no Delete; the node of the certificate does."""
    der = base64.b64encode(b"\x30\x03\x02\x01\x05").decode()
    kind = "windows81TrustedRootCertificate"
    row_id = await make(kind, {"display_name": "Root", "trusted_root_certificate": der}, everywhere)
    await pc.session()
    await delete(pc, row_id)
    (said,) = [each for each in await pc.session() if each[0] == "Delete"]
    assert "/RootCATrustedCertificates/Root/" in said[1]
    assert not said[1].endswith("EncodedCertificate")
    assert await pc.states() == {}


async def test_r1_a_users_own_node_is_taken_back_in_that_users_session_only(pc, custom, everyone):
    """Nothing under ./User is said while that user is away, a Delete neither."""
    row_id = await custom("Mine", USER_NODE, 1, everyone)
    pc.user_id = pc.owner
    await pc.session("user")
    await delete(pc, row_id)
    assert not heard_of(await pc.session("others"), USER_NODE)
    assert heard_of(await pc.session("user"), USER_NODE) == [("Delete", None)]
