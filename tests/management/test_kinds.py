"""VPN profiles, update rings, local accounts: from Graph's words to the nodes, and what is kept secret."""

from __future__ import annotations

import pytest

from management.test_translate import TENANT, row, values
from taxiway import management
from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.kernel import NotImplementedHere
from taxiway.management.configuration.kinds import custom, update_ring, vpn
from taxiway.management.configuration.translate import items_of
from taxiway.management.errors import BadOmaUri, BadPolicy
from taxiway.wire.xml import parse_xml

pytestmark = pytest.mark.anyio
PASSWORD = "./Device/Vendor/MSFT/Accounts/Users/help/Password"
SERVERS = [{"address": "b.example"}, {"address": "a.example", "isDefaultServer": True}]
VPN = {"connection_name": "Office & more", "servers": SERVERS, "profile_target": "device"}


def test_a_vpn_configuration_is_one_document():
    """Servers with the default first, protocol, routing, routes; the name stands in the URI, encoded."""
    (item,) = items_of(
        row(
            vpn.KIND,
            **VPN,
            connection_type="ikEv2",
            authentication_method="certificate",
            enable_split_tunneling=True,
            enable_always_on=True,
            dns_suffixes=["corp.example"],
            routes=[{"destinationPrefix": "10.0.0.0", "prefixSize": 8}],
        ),
        TENANT,
    )
    assert item.uri == "./Device/Vendor/MSFT/VPNv2/Office%20%26%20more/ProfileXML"
    root = parse_xml(item.data.encode())
    assert root.findtext("NativeProfile/Servers") == "a.example,b.example"
    assert root.findtext("NativeProfile/Authentication/MachineMethod") == "Certificate"
    assert root.findtext("NativeProfile/RoutingPolicyType") == "SplitTunnel"
    assert (root.findtext("AlwaysOn"), root.findtext("DnsSuffix")) == ("true", "corp.example")
    assert root.findtext("Route/PrefixSize") == "8"


def test_a_vpn_profile_of_the_user_is_the_users_node():
    """The target decides the scope; EAP is put inside without its declaration."""
    eap = '<?xml version="1.0"?><EapHostConfig/>'
    config = row(vpn.KIND, connection_name="V", servers=SERVERS, authentication_method="customEapXml", eap_xml=eap)
    (item,) = items_of(config, TENANT)
    assert item.user_scope
    assert (
        parse_xml(item.data.encode()).find("NativeProfile/Authentication/Eap/Configuration/EapHostConfig") is not None
    )


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"connection_name": None}, BadPolicy),
        ({"servers": []}, BadPolicy),
        ({"connection_type": "ciscoAnyConnect"}, NotImplementedHere),
        ({"authentication_method": "derivedCredential"}, NotImplementedHere),
        ({"authentication_method": "customEapXml", "eap_xml": "<open>"}, BadPolicy),
        ({"enable_device_tunnel": True}, BadPolicy),
        ({"routes": [{"destinationPrefix": "10.0.0.0"}]}, BadPolicy),
    ],
)
def test_a_vpn_configuration_that_cannot_be_served_says_so(changes, error):
    """Named when it is saved."""
    with pytest.raises(error):
        items_of(row(vpn.KIND, **{**VPN, **changes}), TENANT)


def test_an_update_ring_sets_the_policies_of_updates():
    """What is open stays open; the rest is spelled as the area Update has it."""
    found = values(
        items_of(
            row(
                update_ring.KIND,
                automatic_update_mode="autoInstallAndRebootAtScheduledTime",
                quality_updates_deferral_period_in_days=7,
                drivers_excluded=True,
                user_pause_access="disabled",
                installation_schedule={
                    "@odata.type": "#microsoft.graph.windowsUpdateScheduledInstall",
                    "scheduledInstallDay": "monday",
                    "scheduledInstallTime": "03:00:00.0000000",
                },
            ),
            TENANT,
        )
    )
    assert {name.removeprefix("Policy/Config/Update/"): value for name, value in found.items()} == {
        "AllowAutoUpdate": "3",
        "SetDisablePauseUXAccess": "1",
        "ExcludeWUDriversInQualityUpdate": "1",
        "DeferQualityUpdatesPeriodInDays": "7",
        "ScheduledInstallDay": "2",
        "ScheduledInstallTime": "3",
    }


def test_an_update_ring_out_of_range_is_refused():
    """By the CSP's own range."""
    with pytest.raises(BadOmaUri, match="not between 0 and 30"):
        items_of(row(update_ring.KIND, quality_updates_deferral_period_in_days=31), TENANT)


def test_p11_a_document_that_is_none_is_refused_when_saved():
    """Unescaped XML never reaches a message (R11)."""
    setting = {"@odata.type": "#microsoft.graph.omaSettingString", "omaUri": "./Device/Vendor/MSFT/VPNv2/V/ProfileXML"}
    with pytest.raises(BadOmaUri, match="it has to be XML"):
        items_of(row(custom.KIND, oma_settings=[{**setting, "value": "<VPNProfile>"}]), TENANT)


@pytest.mark.parametrize(
    ("group", "said"),
    [
        ("<Other/>", "not a GroupConfiguration"),
        ("<GroupConfiguration/>", "with an accessgroup"),
        ('<accessgroup><group action="U"/></accessgroup>', "needs its 'desc'"),
        ('<accessgroup desc="Users"><group action="X"/></accessgroup>', "needs one action"),
        ('<accessgroup desc="Users"><group action="U"/><add/></accessgroup>', "has no name"),
        ('<accessgroup desc="Users"><group action="R"/><remove member="a"/></accessgroup>', "takes no 'remove'"),
    ],
)
def test_p13_a_document_of_groups_that_no_pc_takes_is_refused_when_saved(group, said):
    """The server reads it as the PC does."""
    text = group if group.startswith(("<Other", "<Group")) else f"<GroupConfiguration>{group}</GroupConfiguration>"
    setting = {"@odata.type": "#microsoft.graph.omaSettingString", "value": text}
    setting["omaUri"] = "./Vendor/MSFT/Policy/Config/LocalUsersAndGroups/Configure"
    with pytest.raises(BadOmaUri, match=said):
        items_of(row(custom.KIND, oma_settings=[setting]), TENANT)


async def test_a_password_is_sealed_masked_and_delivered(pc, make, everywhere):
    """Nobody reads it again: not the object, not the log, not the command; the device gets it."""
    setting = {"@odata.type": "#microsoft.graph.omaSettingString", "displayName": "p", "omaUri": PASSWORD}
    values = {"display_name": "Account", "oma_settings": [{**setting, "value": "s3cret-word"}]}
    row_id = await make("windows10CustomConfiguration", values, everywhere)
    stored = await pc.read(lambda tx: management.CONFIGURATIONS.require(tx, row_id))
    assert stored["oma_settings"][0]["value"] == "****"
    assert "s3cret" not in repr(stored)
    assert ("Add", PASSWORD, "s3cret-word") in await pc.session()
    kept = {"oma_settings": stored["oma_settings"], "description": "x"}
    await pc.write(lambda tx: management.update_configuration(tx, row_id, kept, principal=SYSTEM_PRINCIPAL))
    assert not [said for said in await pc.session() if said[1] == PASSWORD], "the mask stands for the value it hides"
    changed = {"oma_settings": [{**setting, "value": "an0ther-one"}]}
    await pc.write(lambda tx: management.update_configuration(tx, row_id, changed, principal=SYSTEM_PRINCIPAL))
    assert ("Add", PASSWORD, "an0ther-one") in await pc.session()
    assert (await pc.states())["Account"] == "error", (
        "the account was there: 418 does not mean that it took the new one"
    )
