"""Collections whose objects are kept as they came and decide nothing (02 sections 1.6 and 9.4)."""

from taxiway import management
from taxiway.graph.resources.opaque_table import KEPT

MANAGEMENT, APPS = "/beta/deviceManagement", "/beta/deviceAppManagement"
SHELL = {
    "displayName": "Printers",
    "description": "",
    "scriptContent": "ZWNobyBoaQ==",
    "runAsAccount": "system",
    "fileName": "printers.sh",
    "executionFrequency": "PT0S",
    "retryCount": 3,
    "nested": {"a": [1, 2.5, None, {"b": "ä"}], "@odata.type": "#microsoft.graph.thing"},
}
GROUP = {"displayName": "G", "mailEnabled": False, "mailNickname": "g", "securityEnabled": True}
OURS = {"@odata.context", "id", "createdDateTime", "lastModifiedDateTime", "roleScopeTagIds"}


async def test_every_collection_of_the_list_takes_an_object_and_shows_it_again(graph):
    """Empty list, create, the same again by id and in the list, found by its name, change, delete: the live codes."""
    for kept in KEPT:
        await _round(graph, kept)


async def _round(graph, kept):
    at = f"/beta/{kept.path}"
    assert await graph.values(at) == []
    sent = {kept.title: "Mine", "anything": {"deep": [True, None, "x"]}, "count": 3}
    typed = {} if kept.declared else {"@odata.type": "#microsoft.graph.someType"}
    made = await graph.post(at, {**typed, **sent, "id": "ignored"}, expect=kept.posted)
    assert {name: made[name] for name in sent} == sent
    assert made["id"] != "ignored"
    assert [finding["code"] for finding in made.pop("@taxiway.findings")] == ["notActedOn"]
    assert await graph.get(f"{at}/{made['id']}") == made
    assert (await graph.values(f"{at}?$filter={kept.title} eq 'mine'"))[0]["id"] == made["id"]
    assert (await graph.get(f"{at}/{made['id']}?$select={kept.title},count"))["count"] == 3
    await graph.call("PATCH", f"{at}/{made['id']}", {"count": 4}, expect=kept.patched)
    changed = await graph.get(f"{at}/{made['id']}")
    assert (changed["count"], changed["anything"]) == (4, sent["anything"])
    await graph.call("DELETE", f"{at}/{made['id']}", expect=kept.removed)
    await graph.get(f"{at}/{made['id']}", expect=404)


async def test_an_object_comes_back_as_it_was_sent_and_lists_leave_its_content_out(graph):
    """Members, nested types and values are unchanged; a list shows null for the content of a script."""
    at = f"{MANAGEMENT}/deviceShellScripts"
    made = await graph.post(at, SHELL)
    shown = await graph.get(f"{at}/{made['id']}")
    assert {name: value for name, value in shown.items() if name not in OURS} == SHELL
    [listed] = await graph.values(f"{at}/")
    assert listed["scriptContent"] is None
    assert listed["fileName"] == "printers.sh"
    await graph.post(at, {**SHELL, "displayName": ""}, expect=400)
    await graph.get(at.replace("beta", "v1.0"), expect=404)
    await graph.get(f"{MANAGEMENT}/deviceHealthScripts/{made['id']}", expect=404)


async def test_an_object_is_assigned_like_any_other_and_its_assignments_are_kept_whole(graph):
    """Include, exclude and everybody, in the order given, with the schedule that a remediation has."""
    at = f"{MANAGEMENT}/deviceHealthScripts"
    made = await graph.post(at, {"displayName": "Repair", "publisher": "C", "detectionScriptContent": "eA=="})
    group = (await graph.post("/v1.0/groups", GROUP))["id"]
    schedule = {"@odata.type": "#microsoft.graph.deviceHealthScriptDailySchedule", "interval": 1, "time": "11:30:00"}
    wanted = [
        {
            "target": {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": group},
            "runRemediationScript": True,
            "runSchedule": schedule,
        },
        {"target": {"@odata.type": "#microsoft.graph.allDevicesAssignmentTarget"}, "runRemediationScript": False},
    ]
    await graph.post(f"{at}/{made['id']}/assign", {"deviceHealthScriptAssignments": wanted}, expect=200)
    first, second = await graph.values(f"{at}/{made['id']}/assignments")
    assert (first["runRemediationScript"], first["runSchedule"]) == (True, schedule)
    assert first["target"]["groupId"] == group
    assert second["target"]["@odata.type"] == "#microsoft.graph.allDevicesAssignmentTarget"
    shown = await graph.get(f"{at}/{made['id']}?$expand=assignments")
    assert len(shown["assignments"]) == 2
    assert shown["assignments@odata.context"].endswith(f"('{made['id']}')/assignments")


async def test_what_graph_says_of_assignments_is_not_what_a_client_sent(graph):
    """Whether an object is assigned, and where an assignment comes from; v1.0 knows neither source nor filter."""
    policies = f"{APPS}/iosManagedAppProtections"
    made = await graph.post(policies, {"displayName": "Phones", "isAssigned": True})
    assert made["isAssigned"] is False
    everybody = {"@odata.type": "#microsoft.graph.allLicensedUsersAssignmentTarget"}
    wanted = {"assignments": [{"target": everybody, "source": "policySets", "sourceId": "x"}]}
    await graph.post(f"{policies}/{made['id']}/assign", wanted, expect=204)
    [shown] = await graph.values(f"{policies}?$expand=assignments")
    [assignment] = shown["assignments"]
    assert (shown["isAssigned"], assignment["source"], assignment["sourceId"]) == (True, "direct", made["id"])
    [older] = await graph.values(f"{policies}?$expand=assignments".replace("beta", "v1.0"))
    assert older["assignments"] == [{"id": assignment["id"], "target": everybody}]


async def test_v1_does_not_list_app_policies_of_a_type_it_does_not_know(graph):
    """Those for Windows are of beta alone."""
    await graph.post(f"{APPS}/windowsManagedAppProtections", {"displayName": "Edge"})
    await graph.post(f"{APPS}/iosManagedAppProtections", {"displayName": "Phones"})
    listed = {
        version: [
            one["displayName"] for one in await graph.values(f"/{version}/deviceAppManagement/managedAppPolicies")
        ]
        for version in ("beta", "v1.0")
    }
    assert (sorted(listed["beta"]), listed["v1.0"]) == (["Edge", "Phones"], ["Phones"])
    await graph.get("/v1.0/deviceAppManagement/windowsManagedAppProtections", expect=404)


async def test_kinds_of_app_policies_have_a_collection_of_their_own_and_one_in_common(graph):
    """What is posted to one kind's address is in the common list with its type, and isof finds it there."""
    made = await graph.post(f"{APPS}/iosManagedAppProtections", {"displayName": "Phones", "pinRequired": True})
    await graph.post(f"{APPS}/androidManagedAppProtections", {"displayName": "Others"})
    [mine] = await graph.values(f"{APPS}/iosManagedAppProtections/")
    assert mine["displayName"] == "Phones"
    kind = "microsoft.graph.iosManagedAppProtection"
    assert {one["@odata.type"] for one in await graph.values(f"{APPS}/managedAppPolicies")} > {f"#{kind}"}
    assert len(await graph.values(f"{APPS}/managedAppPolicies?$filter=isof('{kind}')")) == 1
    await graph.get(f"{APPS}/androidManagedAppProtections/{made['id']}", expect=404)
    await graph.call("DELETE", f"{APPS}/managedAppPolicies/{made['id']}", expect=204)


async def test_messages_of_a_template_are_added_and_changed(graph):
    """A notification template's messages are a collection of their own, expanded with it (IntuneCD)."""
    at = f"{MANAGEMENT}/notificationMessageTemplates"
    made = await graph.post(at, {"displayName": "Late", "brandingOptions": "none"}, expect=200)
    messages = f"{at}/{made['id']}/localizedNotificationMessages"
    added = await graph.post(messages, {"locale": "en-us", "subject": "S", "isDefault": True}, expect=200)
    await graph.call("PATCH", f"{messages}/{added['id']}", {"subject": "T"}, expect=200)
    [shown] = await graph.values(f"{at}??$expand=localizedNotificationMessages")
    assert [one["subject"] for one in shown["localizedNotificationMessages"]] == ["T"]
    await graph.call("DELETE", f"{messages}/{added['id']}", expect=200)
    assert await graph.values(messages) == []
    await graph.get(f"{messages}/{added['id']}", expect=404)


async def test_group_policy_values_are_added_by_definition_and_changed(graph):
    """A value whose definition has one already changes it; what is known of the definition stays."""
    at = f"{MANAGEMENT}/groupPolicyConfigurations"
    definition = {"id": "d1", "displayName": "Home page", "classType": "machine", "categoryPath": "\\Edge"}
    made = await graph.post(
        at, {"displayName": "Edge", "definitionValues": [{"enabled": True, "definition": definition}]}
    )
    root = "https://graph.microsoft.com/beta/deviceManagement/groupPolicyDefinitions"
    bound = {
        "@odata.type": "#microsoft.graph.groupPolicyPresentationValueText",
        "value": "https://contoso.com",
        "presentation@odata.bind": f"{root}('d1')/presentations('p1')",
    }
    change = {"enabled": False, "definition@odata.bind": f"{root}('d1')", "presentationValues": [bound]}
    new = {"enabled": True, "definition@odata.bind": f"{root}('d2')", "presentationValues": []}
    update = {"added": [change, new], "updated": [], "deletedIds": []}
    await graph.call("POST", f"{at}/{made['id']}/updateDefinitionValues/", update, expect=204)
    first, second = await graph.values(f"{at}/{made['id']}/definitionValues?$expand=definition")
    assert (first["definition"], first["enabled"], second["definition"]) == (definition, False, {"id": "d2"})
    [value] = await graph.values(
        f"{at}/{made['id']}/definitionValues/{first['id']}/presentationValues?$expand=presentation"
    )
    assert (value["value"], value["presentation"]) == ("https://contoso.com", {"id": "p1"})
    gone = {"added": [], "updated": [], "deletedIds": [second["id"]]}
    await graph.call("POST", f"{at}/{made['id']}/updateDefinitionValues", gone, expect=204)
    assert len(await graph.values(f"{at}/{made['id']}/definitionValues")) == 1


async def test_an_intent_is_made_of_a_template(graph):
    """Its settings stand under the categories of the template, and are changed by their definitions."""
    categories = [{"id": "c1", "displayName": "Firewall", "settingDefinitions": [{"id": "s1"}]}]
    template = await graph.post(
        f"{MANAGEMENT}/templates",
        {"@odata.type": "#microsoft.graph.securityBaselineTemplate", "displayName": "B", "categories": categories},
    )
    setting = {
        "@odata.type": "#microsoft.graph.deviceManagementBooleanSettingInstance",
        "definitionId": "s1",
        "valueJson": "true",
    }
    made = await graph.post(
        f"{MANAGEMENT}/templates/{template['id']}/createInstance",
        {"displayName": "Baseline", "description": "", "settingsDelta": [setting], "roleScopeTagIds": ["0"]},
        expect=200,
    )
    assert made["templateId"] == template["id"]
    at = f"{MANAGEMENT}/intents/{made['id']}"
    change = {"settings": [{**setting, "valueJson": "false"}]}
    await graph.call("POST", f"{at}/updateSettings", change, expect=204)
    [shown] = await graph.values(f"{at}/categories/c1/settings")
    assert (shown["definitionId"], shown["valueJson"]) == ("s1", "false")
    assert (await graph.values(f"{at}/categories"))[0]["id"] == "c1"
    await graph.post(f"{MANAGEMENT}/templates/none/createInstance", {"displayName": "x"}, expect=404)


async def test_a_compliance_policy_of_the_catalogue_keeps_its_settings_and_actions(graph):
    """Settings only when expanded; PUT replaces all; setScheduledActions replaces the actions."""
    at = f"{MANAGEMENT}/compliancePolicies"
    instance = {"@odata.type": "#microsoft.graph.deviceManagementConfigurationChoiceSettingInstance"}
    body = {
        "name": "Linux",
        "platforms": "linux",
        "technologies": "linuxMdm",
        "settings": [{"settingInstance": instance}],
    }
    made = await graph.post(at, body)
    assert "settings" not in made
    [shown] = await graph.values(f"{at}?$expand=settings")
    assert shown["settings"][0]["settingInstance"] == instance
    rule = {"ruleName": "PasswordRequired", "scheduledActionConfigurations": [{"actionType": "block"}]}
    await graph.post(f"{at}/{made['id']}/setScheduledActions", {"scheduledActions": [rule]}, expect=200)
    [kept] = await graph.values(f"{at}/{made['id']}/scheduledActionsForRule?$expand=scheduledActionConfigurations")
    assert kept["scheduledActionConfigurations"][0]["actionType"] == "block"
    await graph.call("PUT", f"{at}/{made['id']}", {"name": "Ubuntu", "platforms": "linux"}, expect=204)
    replaced = await graph.get(f"{at}/{made['id']}")
    assert (replaced["name"], "technologies" in replaced) == ("Ubuntu", False)
    assert [one["name"] for one in await graph.values(f"{at}?$filter=startswith(name,'ub')&$orderby=name")] == [
        "Ubuntu"
    ]


async def test_the_singletons_of_device_management_answer(graph):
    """Settings are kept, and the one that decides is acted on; no Apple certificate and no Google account are there."""
    assert (await graph.get(f"{MANAGEMENT}/settings"))["secureByDefault"] is False
    change = {"settings": {"secureByDefault": True, "deviceComplianceCheckinThresholdDays": 20}}
    await graph.call("PATCH", MANAGEMENT, change, expect=204)
    await graph.call("PATCH", MANAGEMENT, {"settings": {"enhancedJailBreak": True}}, expect=204)
    shown = (await graph.get(MANAGEMENT))["settings"]
    assert (shown["secureByDefault"], shown["deviceComplianceCheckinThresholdDays"], shown["enhancedJailBreak"]) == (
        True,
        20,
        True,
    )
    older = {"deviceComplianceCheckinThresholdDays": 20, "isScheduledActionEnabled": True, "secureByDefault": True}
    assert (await graph.get("/v1.0/deviceManagement"))["settings"] == older
    counted = await graph.get(f"{MANAGEMENT}?$select=deviceProtectionOverview")
    assert counted["deviceProtectionOverview"]["totalReportedDeviceCount"] == 0
    assert (await graph.get(f"{MANAGEMENT}/applePushNotificationCertificate"))["appleIdentifier"] == ""
    google = await graph.get(f"{MANAGEMENT}/androidManagedStoreAccountEnterpriseSettings")
    assert google["bindStatus"] == "notBound"


async def test_scripts_of_other_platforms_are_assigned_where_intunecd_assigns_them(graph):
    """``deviceManagementScripts`` knows their ids, for their assignments alone."""
    made = await graph.post(f"{MANAGEMENT}/deviceShellScripts", SHELL)
    at = f"{MANAGEMENT}/deviceManagementScripts/{made['id']}"
    wanted = [{"target": {"@odata.type": "#microsoft.graph.allDevicesAssignmentTarget"}}]
    await graph.post(f"{at}/assign", {"deviceManagementScriptAssignments": wanted}, expect=200)
    [there] = await graph.values(f"{at}/assignments")
    assert [there] == await graph.values(f"{MANAGEMENT}/deviceShellScripts/{made['id']}/assignments")
    await graph.get(at, expect=404)
    await graph.get(f"{MANAGEMENT}/deviceManagementScripts/none/assignments", expect=404)


async def test_what_v1_lacks_is_not_shown_there(graph):
    """Scope tags of an app configuration are there in beta alone."""
    at = f"{APPS}/mobileAppConfigurations"
    made = await graph.post(at, {"@odata.type": "#microsoft.graph.iosMobileAppConfiguration", "displayName": "Mail"})
    assert (made["roleScopeTagIds"], made["version"]) == (["0"], 1)
    assert "roleScopeTagIds" not in await graph.get(f"{at.replace('beta', 'v1.0')}/{made['id']}")


async def test_bad_objects_are_refused(graph):
    """A name that is no text, tags that are none, collections that are no lists of objects: 400, never a 5xx."""
    policies, intents = f"{MANAGEMENT}/groupPolicyConfigurations", f"{MANAGEMENT}/intents"
    for body in (
        {},
        [],
        {"displayName": 5},
        {"displayName": "x", "roleScopeTagIds": ["none"]},
        {"displayName": "x", "roleScopeTagIds": "0"},
        {"displayName": "x", "definitionValues": "x"},
        {"displayName": "x", "definitionValues": ["x"]},
        {"displayName": "x", "definitionValues": [{"presentationValues": {}, "definition": 1}, 7]},
        {"displayName": "x", "@odata.type": 7},
    ):
        await graph.post(policies, body, expect=400)
    made = await graph.post(policies, {"displayName": "x", "definitionValues": [{"definition": "text", "id": 7}]})
    for update in (
        {"added": ["x"]},
        {"added": [{"presentationValues": "x"}]},
        {"updated": {}},
        {"deletedIds": "x"},
    ):
        await graph.post(f"{policies}/{made['id']}/updateDefinitionValues", update, expect=400)
    odd = {"added": [{"definition": ["x"]}, {"definition@odata.bind": 7, "presentationValues": [{"presentation": 1}]}]}
    await graph.call("POST", f"{policies}/{made['id']}/updateDefinitionValues", odd, expect=204)
    assert len(await graph.values(f"{policies}/{made['id']}/definitionValues")) == 3
    intent = await graph.post(intents, {"displayName": "x", "settings": [{"definitionId": ["x"]}], "templateId": {}})
    await graph.values(f"{intents}/{intent['id']}/categories/c/settings")
    await graph.post(f"{intents}/{intent['id']}/updateSettings", {"settings": []}, expect=400)
    await graph.post(f"{intents}/{intent['id']}/assign", {"assignments": [{"target": "x"}]}, expect=400)


async def test_what_a_change_adds_it_can_change_again(graph):
    """Two new settings of an intent in one body, the same definition twice, a presentation twice: each has an id."""
    template = await graph.post(f"{MANAGEMENT}/templates", {"@odata.type": "#microsoft.graph.x", "displayName": "T"})
    intent = await graph.post(
        f"{MANAGEMENT}/templates/{template['id']}/createInstance", {"displayName": "I"}, expect=200
    )
    at = f"{MANAGEMENT}/intents/{intent['id']}"
    wanted = [{"definitionId": "a", "valueJson": "1"}, {"definitionId": "b"}, {"definitionId": "a", "valueJson": "2"}]
    await graph.post(f"{at}/updateSettings", {"settings": wanted}, expect=204)
    found = await graph.values(f"{at}/settings")
    assert [(one["definitionId"], one.get("valueJson")) for one in found] == [("a", "2"), ("b", None)]
    assert all(one["id"] for one in found)
    policy = await graph.post(f"{MANAGEMENT}/groupPolicyConfigurations", {"displayName": "P"})
    path = f"{MANAGEMENT}/groupPolicyConfigurations/{policy['id']}"
    shown = [{"presentation@odata.bind": "x/presentations('p')", "value": value} for value in (1, 2)]
    value = {"definition@odata.bind": "x/groupPolicyDefinitions('d')", "presentationValues": shown}
    await graph.post(f"{path}/updateDefinitionValues", {"added": [value, value]}, expect=204)
    [kept] = await graph.values(f"{path}/definitionValues")
    assert [one["value"] for one in kept["presentationValues"]] == [2]
    many = {**value, "presentationValues": shown * 51}
    await graph.post(f"{path}/updateDefinitionValues", {"added": [many]}, expect=400)


async def test_a_secret_in_what_is_only_kept_is_kept_nowhere(graph, rt, tenant):
    """A Wi-Fi key, an Apple token, a password deep inside: null for readers and in the database."""
    wifi = {"@odata.type": "#microsoft.graph.iosWiFiConfiguration", "displayName": "W", "preSharedKey": "s3cret!"}
    token = {"organizationName": "V", "token": "s3cret!", "deep": [{"Password": "s3cret!", "passwordRequired": True}]}
    for path, content in ((f"{MANAGEMENT}/deviceConfigurations", wifi), (f"{APPS}/vppTokens", token)):
        made = await graph.post(path, content)
        await graph.call(
            "PATCH", f"{path}/{made['id']}", {"sharedSecret": "s3cret!"}, expect=200 if "vpp" in path else 204
        )
        shown = await graph.get(f"{path}/{made['id']}")
        assert shown["sharedSecret"] is None
        assert "s3cret!" not in str([made, shown, await graph.values(path)])
    assert shown["deep"] == [{"Password": None, "passwordRequired": True}]
    rows = await rt.store.read(tenant, management.CONFIGURATIONS.select)
    rows += await rt.store.read(tenant, next(kept.shelf for kept in KEPT if "vpp" in kept.path).select)
    assert len(rows) == 2
    assert "s3cret!" not in str(rows)


async def test_an_assignment_is_answered_as_itself_and_changed_by_what_is_named(graph):
    """One that is there already is told with its own id; a change leaves what it does not name."""
    at = f"{MANAGEMENT}/deviceHealthScripts"
    script = await graph.post(at, {"displayName": "S"})
    devices, users = (
        {"target": {"@odata.type": f"#microsoft.graph.{kind}AssignmentTarget"}}
        for kind in ("allDevices", "allLicensedUsers")
    )
    devices["runSchedule"] = {"interval": 1}
    path = f"{at}/{script['id']}/assignments"
    first, second = await graph.post(path, devices), await graph.post(path, users)
    assert first["id"] != second["id"]
    assert (await graph.post(path, devices))["id"] == first["id"]
    assert len(await graph.values(path)) == 2
    changed = (await graph.call("PATCH", f"{path}/{first['id']}", {"runRemediationScript": True})).json()
    assert (changed["runSchedule"], changed["runRemediationScript"]) == ({"interval": 1}, True)
    changed = (await graph.call("PATCH", f"{path}/{first['id']}", {"settings": {"a": 1}})).json()
    assert (changed["settings"], changed["runSchedule"]) == ({"a": 1}, {"interval": 1})
