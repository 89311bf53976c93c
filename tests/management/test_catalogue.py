"""Catalogue policies on the way to a device: nodes, groups, templates, conflicts across collections."""

from __future__ import annotations

import pytest

from graph.test_catalogue import CORTANA as CORTANA_ID
from graph.test_catalogue import METHOD, PREFIX, choice, simple
from management.uris import CORTANA
from taxiway import management
from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.management import BadSetting
from taxiway.management.configuration.catalogue import instances
from taxiway.management.configuration.catalogue.definitions import definitions
from taxiway.management.configuration.catalogue.reading import setting_ids

pytestmark = pytest.mark.anyio
TENANT = "11111111-2222-3333-4444-555555555555"
WIFI = "device_vendor_msft_wifi_profile_{ssid}"


@pytest.fixture
def esp(esp):
    """These devices show no status page."""
    return {**esp, "show": False, "show_user_page": False}


def settings(*given):
    return [{"settingInstance": one} for one in given]


def values(*given):
    return {item.uri: item.data for item in read(*given).items}


def read(*given):
    return instances.read({"settings": settings(*given)}, TENANT)


def grouped(name, *children):
    """A group collection with one group."""
    kind = {"@odata.type": f"{PREFIX}GroupSettingCollectionInstance", "settingDefinitionId": name}
    return {**kind, "groupSettingCollectionValue": [{"children": list(children)}]}


@pytest.fixture
def catalogue(pc):
    """Make a catalogue policy and assign it."""

    async def made(name, target, *given):
        def work(tx):
            content = {"display_name": name, "settings": settings(*given)}
            row = management.create_configuration_policy(
                tx, "deviceManagementConfigurationPolicy", content, principal=SYSTEM_PRINCIPAL
            )
            management.assign_configuration_policy(tx, row["id"], [target], principal=SYSTEM_PRINCIPAL)
            return row["id"]

        return await pc.write(work)

    return made


EDGE = "device_vendor_msft_policy_config_microsoft_edge~policy~microsoft_edge"
OFFICE = "user_vendor_msft_policy_config_office16v2~policy~l_microsoftofficesystem~l_securitysettings"
CONFIG = "Vendor/MSFT/Policy/Config"


@pytest.mark.parametrize(
    ("setting", "uri", "value"),
    [
        (
            choice("device_vendor_msft_policy_config_defender_newthing", 2),
            f"./Device/{CONFIG}/defender/newthing",
            "2",
        ),
        (
            simple("user_vendor_msft_policy_config_experience_newtext", "a b"),
            f"./User/{CONFIG}/experience/newtext",
            "a b",
        ),
        (
            choice("device_vendor_msft_policy_config_admx_new-area_pol_one", 0),
            f"./Device/{CONFIG}/admx_new-area/pol_one",
            "<disabled/>",
        ),
        (
            choice(f"{EDGE}~smartscreen_x", 1),
            f"./Device/{CONFIG}/microsoft_edge~policy~microsoft_edge~smartscreen/x",
            "<enabled/>",
        ),
        (
            choice(f"{EDGE}_sync", 1, [simple(f"{EDGE}_sync_list", "<&")]),
            f"./Device/{CONFIG}/microsoft_edge~policy~microsoft_edge/sync",
            '<enabled/><data id="list" value="&lt;&amp;"/>',
        ),
        (
            choice(f"{OFFICE}_l_vba", 1, [choice(f"{OFFICE}_l_vba_l_level", 3)]),
            f"./User/{CONFIG}/office16v2~policy~l_microsoftofficesystem~l_securitysettings/l_vba",
            '<enabled/><data id="l_level" value="3"/>',
        ),
        (
            choice("device_vendor_msft_policy_config_internetexplorer_zone", 1),
            f"./Device/{CONFIG}/internetexplorer/zone",
            "<enabled/>",
        ),
    ],
)
def test_a_policy_that_the_table_has_not_is_read_off_its_id(setting, uri, value):
    """Area, name, scope, and whether it comes from an administrative template."""
    found = read(setting)
    assert [(item.uri, item.data) for item in found.items] == [(uri, value)]
    assert set(found.derived.values()) == {uri}
    assert found.unresolved == []


def test_a_list_of_a_template_is_numbered():
    """As the policy engine wants the items of a list."""
    name = f"{EDGE}_extensions"
    items = {"@odata.type": f"{PREFIX}SimpleSettingCollectionInstance", "settingDefinitionId": f"{name}_desc"}
    texts = [{"@odata.type": f"{PREFIX}StringSettingValue", "value": one} for one in ("a", "b")]
    [item] = read(choice(name, 1, [{**items, "simpleSettingCollectionValue": texts}])).items
    assert item.data == '<enabled/><data id="desc" value="1\uf000a\uf0002\uf000b"/>'


def test_a_policy_among_the_parts_of_another_is_sent_by_itself():
    """A child whose id is that of a policy of its own."""
    found = read(choice(f"{EDGE}_mode", 1, [choice(f"{EDGE}_other", 0)]))
    assert {item.uri.rpartition("/")[2]: item.data for item in found.items} == {
        "mode": "<enabled/>",
        "other": "<disabled/>",
    }


@pytest.mark.parametrize(
    "setting",
    [
        simple("vendor_msft_firewall_mdmstore_global_newthing", 1),
        grouped("device_vendor_msft_policy_config_defender_newrules", simple("device_vendor_msft_a_b", 1)),
        {
            "@odata.type": f"{PREFIX}ChoiceSettingCollectionInstance",
            "settingDefinitionId": "device_vendor_msft_policy_config_system_newlist",
            "choiceSettingCollectionValue": [],
        },
    ],
)
def test_a_setting_that_nothing_is_known_of_is_said_and_not_sent(setting):
    """With everything in it, and the reason."""
    found = read(setting)
    assert found.items == []
    assert [one.id for one in found.unresolved] == setting_ids(setting)
    assert all(one.why for one in found.unresolved)


def test_settings_that_the_tenant_groups_are_read_each():
    """The group by the tenant's id says nothing of its own."""
    known = "device_vendor_msft_passportforwork_{tenantid}_policies_usepassportforwork"
    found = read(grouped("device_vendor_msft_passportforwork_{tenantid}", choice(known, "true")))
    assert [item.uri for item in found.items] == [
        f"./Device/Vendor/MSFT/PassportForWork/{TENANT}/Policies/UsePassportForWork"
    ]


def test_every_definition_leads_to_a_node_the_server_may_write():
    """No definition names a node that the facts would refuse (R22)."""
    assert len(definitions()) > 100
    for definition in definitions().values():
        assert definition.node.allows("Replace") or definition.node.allows("Add"), definition.id


def test_a_template_takes_its_parts_as_children():
    """An administrative template is enabled with the data of its parts."""
    part = f"{METHOD}_encryptionmethodwithxtsosdropdown_name"
    child = {"@odata.type": f"{PREFIX}ChoiceSettingInstance", "settingDefinitionId": part}
    child |= {"choiceSettingValue": {"value": f"{part}_7", "children": []}}
    found = values(choice(METHOD, 1, [child]))
    expected = '<enabled/><data id="EncryptionMethodWithXtsOsDropDown_Name" value="7"/>'
    assert found == {"./Device/Vendor/MSFT/BitLocker/EncryptionMethodByDriveType": expected}
    assert list(values(choice(METHOD, 0)).values()) == ["<disabled/>"]


def test_the_tenant_is_filled_in():
    """Windows Hello's policies stand under the tenant's own node."""
    name = "device_vendor_msft_passportforwork_{tenantid}_policies_usepassportforwork"
    assert values(choice(name, "false")) == {
        f"./Device/Vendor/MSFT/PassportForWork/{TENANT}/Policies/UsePassportForWork": "false"
    }


def test_a_group_names_the_segment_that_a_server_chooses():
    """The children of a Wi-Fi profile are set under the name its group gives."""
    found = values(grouped(WIFI, simple(f"{WIFI}_name", "Caf\u00e9"), simple(f"{WIFI}_wlanxml", "<WLANProfile/>")))
    assert found == {"./Device/Vendor/MSFT/WiFi/Profile/Caf%C3%A9/WlanXml": "<WLANProfile/>"}
    for wrong in ([simple(f"{WIFI}_wlanxml", "x")], [simple(f"{WIFI}_name", "a"), choice(CORTANA_ID, 0)]):
        with pytest.raises(BadSetting):
            values(grouped(WIFI, *wrong))
    with pytest.raises(BadSetting, match="stands in the group"):
        values(simple(f"{WIFI}_wlanxml", "x"))


async def test_a_catalogue_policy_is_delivered_and_taken_back(pc, catalogue, everywhere):
    """Like any other configuration: set once, state per device, deleted when it is."""
    policy_id = await catalogue("Catalogue", everywhere, choice(CORTANA_ID, 0))
    assert ("Replace", CORTANA, "0") in await pc.session()
    assert await pc.states() == {"Catalogue": "succeeded"}
    await pc.write(lambda tx: management.delete_configuration_policy(tx, policy_id, principal=SYSTEM_PRINCIPAL))
    assert ("Delete", CORTANA, None) in await pc.session()
    assert await pc.states() == {}


async def test_a_conflict_between_a_catalogue_policy_and_a_custom_one_names_both(pc, catalogue, custom, everywhere):
    """One node, two collections, two values: neither is sent."""
    await catalogue("Catalogue", everywhere, choice(CORTANA_ID, 0))
    await custom("Custom", CORTANA, 1, everywhere)
    assert not [said for said in await pc.session() if said[1] == CORTANA]
    assert await pc.states() == {"Catalogue": "conflict", "Custom": "conflict"}
    assert (await pc.detail("Catalogue"))["with"] == ["Custom", "Catalogue"]
