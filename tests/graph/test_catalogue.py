"""The settings catalogue at Graph: policies, settings, definitions (02 section 9.2)."""

from taxiway import management
from taxiway.management.configuration.catalogue.policies import configuration_policies, items_of

POLICIES = "/beta/deviceManagement/configurationPolicies"
DEFINITIONS = "/beta/deviceManagement/configurationSettings"
PREFIX = "#microsoft.graph.deviceManagementConfiguration"
CORTANA = "device_vendor_msft_policy_config_experience_allowcortana"
HOURS = "device_vendor_msft_policy_config_update_activehoursend"
METHOD = "device_vendor_msft_bitlocker_encryptionmethodbydrivetype"


def choice(name, option, children=()):
    """A choice instance."""
    value = {"@odata.type": f"{PREFIX}ChoiceSettingValue", "value": f"{name}_{option}", "children": list(children)}
    instance = {"@odata.type": f"{PREFIX}ChoiceSettingInstance", "settingDefinitionId": name}
    return {**instance, "choiceSettingValue": value}


def simple(name, value):
    """A simple instance."""
    kind = "Integer" if isinstance(value, int) else "String"
    given = {"@odata.type": f"{PREFIX}{kind}SettingValue", "value": value}
    instance = {"@odata.type": f"{PREFIX}SimpleSettingInstance", "settingDefinitionId": name}
    return {**instance, "simpleSettingValue": given}


def policy(*instances, name="Catalogue"):
    """A policy's body as clients send it."""
    settings = [{"@odata.type": f"{PREFIX}Setting", "settingInstance": one} for one in instances]
    return {"name": name, "description": "", "platforms": "windows10", "technologies": "mdm", "settings": settings}


async def test_a_policy_is_made_read_assigned_and_copied(graph):
    """Its name is 'name'; settings come by navigation or expansion, not unasked; assign answers what is assigned."""
    body = {**policy(choice(CORTANA, 0), simple(HOURS, 18)), "templateReference": {"templateId": ""}}
    made = await graph.post(POLICIES, body)
    assert (made["name"], made["settingCount"], made["isAssigned"]) == ("Catalogue", 2, False)
    assert "settings" not in made
    path = f"{POLICIES}/{made['id']}"
    found = await graph.values(f"{path}/settings?$expand=settingDefinitions&$top=1000")
    assert [one["id"] for one in found] == ["0", "1"]
    assert found[0]["settingDefinitions"][0]["id"] == CORTANA
    assert len((await graph.get(f"{path}?$expand=settings,assignments"))["settings"]) == 2
    target = {"target": {"@odata.type": "#microsoft.graph.allDevicesAssignmentTarget"}}
    shown = await graph.post(f"{path}/assign", {"assignments": [target]}, expect=200)
    assert shown["value"][0]["target"]["@odata.type"] == "#microsoft.graph.allDevicesAssignmentTarget"
    assert (await graph.get(path))["isAssigned"] is True
    copy = await graph.post(f"{path}/createCopy", {"displayName": "Copy", "description": "c"})
    assert (copy["name"], copy["settingCount"]) == ("Copy", 2)
    assert [one["name"] for one in await graph.values(f"{POLICIES}?$filter=name eq 'Copy'")] == ["Copy"]
    await graph.call("PUT", path, policy(choice(CORTANA, 1), name="Renamed"), expect=204)
    assert (await graph.get(path))["settingCount"] == 1
    await graph.call("DELETE", path, expect=200)
    await graph.get(path, expect=404)


async def test_the_catalogue_is_only_in_beta(graph):
    """v1.0 does not have it."""
    await graph.get(POLICIES.replace("beta", "v1.0"), expect=404)


async def test_an_unknown_definition_is_named_with_the_nearest_one(graph):
    """A misspelt id is refused when it is saved, and the error helps."""
    error = await graph.post(POLICIES, policy(choice(CORTANA + "a", 0)), expect=400)
    message = error["error"]["message"]
    assert f"There is no setting definition '{CORTANA}a'" in message
    assert f"Did you mean '{CORTANA}'?" in message
    long = await graph.post(POLICIES, policy(choice(CORTANA + "a" * 200_000, 0)), expect=400)
    assert "See deviceManagement/configurationSettings." in long["error"]["message"]


async def test_a_policy_with_settings_that_are_not_known_is_kept_whole(graph):
    """What is sent to a node read off the id and what is not sent at all is listed; the settings come back as sent."""
    edge = "device_vendor_msft_policy_config_microsoft_edge~policy~microsoft_edge_sync"
    firewall = "vendor_msft_firewall_mdmstore_global_newthing"
    body = policy(choice(CORTANA, 0), choice(edge, 1), simple(firewall, 1))
    family = {"templateId": "46ddfc50-0000_1", "templateFamily": "endpointSecurityDiskEncryption"}
    made = await graph.post(POLICIES, {**body, "templateReference": family})
    assert made["templateReference"]["templateFamily"] == "endpointSecurityDiskEncryption"
    derived, unresolved = made["@taxiway.findings"]
    assert (derived["code"], [one["settingDefinitionId"] for one in derived["settings"]]) == ("derived", [edge])
    assert derived["settings"][0]["omaUri"].endswith("/Config/microsoft_edge~policy~microsoft_edge/sync")
    assert (unresolved["code"], [one["settingDefinitionId"] for one in unresolved["settings"]]) == (
        "unresolved",
        [firewall],
    )
    shown = await graph.values(f"{POLICIES}/{made['id']}/settings")
    assert [one["settingInstance"]["settingDefinitionId"] for one in shown] == [CORTANA, edge, firewall]


async def test_a_value_that_is_no_option_names_the_options(graph):
    """A choice takes its own options only; a simple setting takes values of its type and range."""
    error = await graph.post(POLICIES, policy(choice(CORTANA, 7)), expect=400)
    assert f"{CORTANA}_0, {CORTANA}_1" in error["error"]["message"]
    error = await graph.post(POLICIES, policy(simple(HOURS, 24)), expect=400)
    assert "not between 0 and 23" in error["error"]["message"]
    await graph.post(POLICIES, policy(simple(HOURS, "18")), expect=400)


async def test_hostile_settings_are_refused(graph):
    """Whatever stands where an object is due: a 400 or 501, nothing stored."""
    for wrong in (
        {"settingInstance": None},
        {"settingInstance": {"@odata.type": f"{PREFIX}ChoiceSettingInstance"}},
        {"settingInstance": {**choice(CORTANA, 0), "choiceSettingValue": []}},
        {"settingInstance": {**choice(CORTANA, 0), "settingDefinitionId": 7}},
        {"settingInstance": {**choice(METHOD, 1, [simple(CORTANA, "x")])}},
        {"settingInstance": {**choice(METHOD, 1, ["x"])}},
        {},
    ):
        await graph.post(POLICIES, {**policy(), "settings": [wrong]}, expect=400)
    unknown = {"@odata.type": f"{PREFIX}SettingGroupInstance", "settingDefinitionId": CORTANA}
    await graph.post(POLICIES, {**policy(), "settings": [{"settingInstance": unknown}]}, expect=501)
    assert await graph.values(POLICIES) == []


async def test_definitions_say_what_a_setting_takes(graph):
    """Options of a choice with the default, range of a number, the URI; search narrows the list."""
    found = await graph.get(f"{DEFINITIONS}/{CORTANA}")
    assert found["@odata.type"] == f"{PREFIX}ChoiceSettingDefinition"
    assert [one["itemId"] for one in found["options"]] == [f"{CORTANA}_0", f"{CORTANA}_1"]
    assert found["defaultOptionId"] == f"{CORTANA}_1"
    assert found["baseUri"] + found["offsetUri"] == "./Device/Vendor/MSFT/Policy/Config/Experience/AllowCortana"
    hours = await graph.get(f"{DEFINITIONS}/{HOURS}")
    assert (hours["valueDefinition"]["minimumValue"], hours["valueDefinition"]["maximumValue"]) == (0, 23)
    named = await graph.values(f'{DEFINITIONS}?$search="bitlocker xtsos"')
    assert [one["name"] for one in named] == ["EncryptionMethodWithXtsOsDropDown_Name"]
    await graph.get(f"{DEFINITIONS}/nothing", expect=404)


async def test_policies_for_others_are_kept_and_those_from_templates_acted_on(graph):
    """Settings for other platforms come back as they were sent, unchecked; a template says where a policy came from."""
    setting = {"settingInstance": {**simple("com.apple.dock_autohide", "x"), "more": [1]}}
    body = {**policy(), "platforms": "macOS", "technologies": "mdm,appleRemoteManagement", "settings": [setting, {}]}
    made = await graph.post(POLICIES, body)
    assert made["platforms"] == "macOS"
    assert made["@taxiway.findings"][0]["code"] == "notActedOn"
    first, second = await graph.values(f"{POLICIES}/{made['id']}/settings")
    assert first["settingInstance"] == {"settingInstanceTemplateReference": None, **setting["settingInstance"]}
    assert second["settingInstance"] is None
    template = {"templateId": "abc_1", "templateFamily": "endpointSecurityAntivirus"}
    other = await graph.post(POLICIES, {**policy(), "settings": [setting], "templateReference": template})
    assert other["templateReference"]["templateId"] == "abc_1"
    assert other["@taxiway.findings"][0]["code"] == "unresolved"
    await graph.call("PATCH", f"{POLICIES}/{other['id']}", {"description": "kept"}, expect=200)


async def test_a_secret_among_the_settings_is_told_to_the_device_alone(graph, rt, tenant):
    """A token takes its place; sent back, it keeps the value; a copy has it; one of elsewhere is not sent."""
    definition = "device_vendor_msft_policy_config_example_sharedpassword"
    value = {"@odata.type": f"{PREFIX}SecretSettingValue", "value": "s3cret!", "valueState": "notEncrypted"}
    instance = {"@odata.type": f"{PREFIX}SimpleSettingInstance", "settingDefinitionId": definition}
    made = await graph.post(POLICIES, policy({**instance, "simpleSettingValue": value}))
    path = f"{POLICIES}/{made['id']}"

    async def shown():
        [setting] = await graph.values(f"{path}/settings")
        return setting["settingInstance"]["simpleSettingValue"]

    async def sent(policy_id):
        def read(tx):
            row = management.CONFIGURATION_POLICIES.require(tx, policy_id)
            assert "s3cret" not in str(row)
            return [(item.data, item.secret) for item in items_of(configuration_policies.opened(tx, row), tenant)]

        return await rt.store.read(tenant, read)

    token = await shown()
    assert token["valueState"] == "encryptedValueToken"
    assert token["value"] != "s3cret!"
    await graph.call("PUT", path, policy({**instance, "simpleSettingValue": token}), expect=204)
    assert (await shown(), await sent(made["id"])) == (token, [("s3cret!", True)])
    copy = await graph.post(f"{path}/createCopy", {"displayName": "Copy"})
    assert await sent(copy["id"]) == [("s3cret!", True)]
    foreign = {**token, "value": "0" * 32}
    await graph.call("PUT", path, policy({**instance, "simpleSettingValue": foreign}), expect=204)
    assert await sent(made["id"]) == []
    [finding] = (await graph.get(path))["@taxiway.findings"]
    assert finding["settings"][0]["settingDefinitionId"] == definition
    assert "s3cret!" not in str(await graph.get(f"{path}?$expand=settings"))
