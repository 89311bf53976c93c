"""Scope tags, Intune roles, custom roles and administrative units over Graph (01 R-44, R-84, R-85)."""

import pytest

from support.graph_client import Graph, mint, person
from support.hardware import make_hardware
from taxiway import directory, enrollment, management
from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.directory.roles import GROUPS_ADMINISTRATOR, HELPDESK_ADMINISTRATOR, USER_ADMINISTRATOR
from taxiway.management.session import statuses

INTUNE = "/beta/deviceManagement"
ESPS = f"{INTUNE}/deviceEnrollmentConfigurations"
PROFILES = f"{INTUNE}/windowsAutopilotDeploymentProfiles"
DEVICES = f"{INTUNE}/windowsAutopilotDeviceIdentities"
UNITS = "/v1.0/directory/administrativeUnits"
ESP = "#microsoft.graph.windows10EnrollmentCompletionPageConfiguration"
PROFILE = "#microsoft.graph.azureADWindowsAutopilotDeploymentProfile"
ENROLLMENT_PROGRAMS = [
    *(f"Microsoft.Intune_AppleDeviceSerialNumbers_{verb}" for verb in ("Read", "Create", "Update", "Delete", "Sync")),
    *(f"Microsoft.Intune_AppleEnrollmentProfiles_{verb}" for verb in ("Read", "Create", "Update", "Delete", "Assign")),
]


class Office:
    """An administrator who holds one Intune role for objects with one scope tag."""

    def __init__(self, root, tenant):
        self.root, self.tenant = root, tenant

    async def tag(self, name):
        return (await self.root.post(f"{INTUNE}/roleScopeTags", {"displayName": name}, expect=200))["id"]

    async def role(self, actions, name="Local office"):
        permissions = [{"resourceActions": [{"allowedResourceActions": actions}]}]
        body = {"displayName": name, "description": "Ours", "rolePermissions": permissions}
        return (await self.root.post(f"{INTUNE}/roleDefinitions", body, expect=200))["id"]

    async def group(self, name, *members):
        body = {"displayName": name, "mailEnabled": False, "mailNickname": name, "securityEnabled": True}
        made = (await self.root.post("/v1.0/groups", body))["id"]
        for member in members:
            await self.add(made, member)
        return made

    async def add(self, group, member):
        body = {"@odata.id": f"https://graph.microsoft.com/v1.0/directoryObjects/{member}"}
        await self.root.call("POST", f"/v1.0/groups/{group}/members/$ref", body, expect=204)

    async def admin(self, name, role, *tags, **more):
        user = await person(self.root.rt, self.tenant, name)
        group = await self.group(f"{name}-admins", user["id"])
        await self.root.post(
            f"{INTUNE}/roleAssignments",
            {
                "displayName": f"{name} administers",
                "members": [group],
                "roleDefinition@odata.bind": f"https://graph.microsoft.com/beta/deviceManagement/roleDefinitions('{role}')",
                "roleScopeTags@odata.bind": [
                    f"https://graph.microsoft.com/beta/deviceManagement/roleScopeTags('{tag}')" for tag in tags
                ],
                **more,
            },
        )
        return Graph(self.root.rt, self.root.client, await mint(self.root.rt, self.tenant, user["id"]))


@pytest.fixture
async def office(graph, tenant):
    return Office(graph, tenant)


def names(items):
    return [item["displayName"] for item in items]


async def test_r044_enrollment_programs_without_token_rights_do_all_of_step_3(office, graph):
    """Import, edit, assign, synchronise and remove devices, and profiles too; nothing beside that."""
    ada = await person(graph.rt, office.tenant, "ada")

    def license_ada(tx):
        directory.update_user(tx, ada["id"], {"usage_location": "US"})
        directory.assign_licenses(tx, ada["id"], add=["INTUNE_A"])

    await graph.rt.store.write(office.tenant, license_ada)
    anna = await office.admin("anna", await office.role(ENROLLMENT_PROGRAMS))
    hardware = make_hardware()
    row = {"serialNumber": hardware.serial, "hardwareIdentifier": hardware.encode_base64()}
    body = {"importedWindowsAutopilotDeviceIdentities": [row]}
    path = f"{INTUNE}/importedWindowsAutopilotDeviceIdentities"
    [imported] = (await anna.post(f"{path}/import", body, expect=200))["value"]
    ztdid = imported["state"]["deviceRegistrationId"]
    tag = {"groupTag": "Oslo", "displayName": "PC-1"}
    await anna.call("POST", f"{DEVICES}/{ztdid}/updateDeviceProperties", tag, expect=204)
    user = {"userPrincipalName": ada["user_principal_name"], "addressableUserName": "Ada"}
    await anna.call("POST", f"{DEVICES}/{ztdid}/assignUserToDevice", user, expect=204)
    await anna.call("POST", f"{DEVICES}/{ztdid}/unassignUserFromDevice", expect=204)
    await anna.call("POST", f"{INTUNE}/windowsAutopilotSettings/sync", expect=204)
    profile = await anna.post(PROFILES, {"@odata.type": PROFILE, "displayName": "Ours"})
    everywhere = {"target": {"@odata.type": "#microsoft.graph.allDevicesAssignmentTarget"}}
    await anna.post(f"{PROFILES}/{profile['id']}/assignments", everywhere, expect=403)  # outside its scope groups
    await anna.call("DELETE", f"{DEVICES}/{ztdid}", expect=200)
    configuration = {"@odata.type": "#microsoft.graph.windows10CustomConfiguration", "displayName": "X"}
    await anna.post(f"{INTUNE}/deviceConfigurations", configuration, expect=403)
    await anna.post("/v1.0/users", {"displayName": "X"}, expect=400)
    await anna.post(f"{INTUNE}/roleScopeTags", {"displayName": "Mine"}, expect=403)


async def test_r085_scope_tags_limit_sight_and_priorities_are_relative(office, graph):
    """A limited administrator sees their own profiles, numbered among themselves, and moves no others."""
    oslo = await office.tag("Oslo")
    anna = await office.admin("anna", await office.role(ENROLLMENT_PROGRAMS), oslo)
    made = {}
    for name, tags in (("A", ["0"]), ("B", [oslo]), ("C", ["0"]), ("D", [oslo]), ("E", ["0"])):
        body = {"@odata.type": ESP, "displayName": name, "roleScopeTagIds": tags}
        made[name] = (await graph.post(ESPS, body))["id"]
    seen = await anna.values(f"{ESPS}?$orderby=displayName")
    assert [(item["displayName"], item["priority"]) for item in seen] == [("B", 1), ("D", 2)]
    assert (await anna.get(ESPS))["@odata.count"] == 2
    assert (await anna.get(f"{ESPS}/{made['D']}"))["priority"] == 2
    for method, below in (("GET", ""), ("GET", "/assignments"), ("DELETE", ""), ("POST", "/setPriority")):
        body = {"priority": 1} if method == "POST" else None
        await anna.call(method, f"{ESPS}/{made['A']}{below}", body, expect=404)
    await anna.call("POST", f"{ESPS}/{made['D']}/setPriority", {"priority": 3}, expect=400)
    await anna.call("POST", f"{ESPS}/{made['D']}/setPriority", {"priority": 1}, expect=200)
    everything = {item["displayName"]: item["priority"] for item in await graph.values(ESPS) if item["priority"]}
    assert everything == {"A": 1, "D": 2, "C": 3, "B": 4, "E": 5}


async def test_r085_scope_tags_limit_who_sees_what_is_only_kept(office, graph):
    """A limited administrator finds, changes and assigns their own remediations and configurations, and no others."""
    oslo = await office.tag("Oslo")
    rights = [f"Microsoft.Intune_DeviceConfigurations_{verb}" for verb in ("Read", "Create", "Update", "Delete")]
    anna = await office.admin("anna", await office.role(rights), oslo)
    for path, kind in (("deviceHealthScripts", ""), ("deviceConfigurations", "iosGeneralDeviceConfiguration")):
        at, typed = f"{INTUNE}/{path}", {"@odata.type": f"#microsoft.graph.{kind}"} if kind else {}
        theirs = await graph.post(at, {**typed, "displayName": "Theirs"})
        mine = await anna.post(at, {**typed, "displayName": "Mine"})
        assert mine["roleScopeTagIds"] == [oslo]
        assert names(await anna.values(at)) == ["Mine"]
        for method, below in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("GET", "/assignments")):
            await anna.call(method, f"{at}/{theirs['id']}{below}", {} if method == "PATCH" else None, expect=404)
        await anna.call("DELETE", f"{at}/{mine['id']}", expect=200)
    await anna.post("/beta/deviceAppManagement/iosManagedAppProtections", {"displayName": "X"}, expect=403)


async def test_r085_priorities_of_profiles_are_relative_too(office, graph):
    """Where the tenant gives profiles a priority, a limited administrator orders their own among the others."""
    oslo = await office.tag("Oslo")
    anna = await office.admin("anna", await office.role(ENROLLMENT_PROGRAMS), oslo)
    made = {}
    for name, tags in (("A", ["0"]), ("B", [oslo]), ("C", ["0"]), ("D", [oslo])):
        body = {"@odata.type": PROFILE, "displayName": name, "roleScopeTagIds": tags}
        made[name] = (await graph.post(PROFILES, body))["id"]
        graph.rt.clock.advance(60)
    await graph.call("PATCH", f"{INTUNE}/windowsAutopilotSettings", {"@taxiway.explicitPriority": True})
    group = await office.group("devices")
    for profile in made.values():
        target = {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": group}
        await graph.post(f"{PROFILES}/{profile}/assignments", {"target": target})
    path = f"{PROFILES}/{made['D']}/taxiwaySetPriority"
    await anna.call("POST", path, {"priority": 3}, expect=400)
    await anna.call("POST", path, {"priority": 1}, expect=204)
    await anna.call("POST", f"{PROFILES}/{made['A']}/taxiwaySetPriority", {"priority": 1}, expect=404)
    assert {row["displayName"]: row["@taxiway.priority"] for row in await anna.values(PROFILES)} == {"B": 2, "D": 1}
    everything = {row["displayName"]: row["@taxiway.priority"] for row in await graph.values(PROFILES)}
    assert everything == {"A": 1, "D": 2, "C": 3, "B": 4}


async def test_what_a_limited_administrator_makes_bears_their_tags(office, graph):
    """New objects take the maker's tags; neither another's tag nor one that does not exist can be given."""
    oslo, rome = await office.tag("Oslo"), await office.tag("Rome")
    anna = await office.admin("anna", await office.role(ENROLLMENT_PROGRAMS), oslo)
    made = await anna.post(PROFILES, {"@odata.type": PROFILE, "displayName": "Ours"})
    assert made["roleScopeTagIds"] == [oslo]
    await anna.post(PROFILES, {"@odata.type": PROFILE, "displayName": "X", "roleScopeTagIds": [rome]}, expect=403)
    await anna.call("PATCH", f"{PROFILES}/{made['id']}", {"roleScopeTagIds": ["0"]}, expect=403)
    await graph.post(PROFILES, {"@odata.type": PROFILE, "displayName": "X", "roleScopeTagIds": ["99"]}, expect=400)
    await graph.post(PROFILES, {"@odata.type": PROFILE, "displayName": "Theirs", "roleScopeTagIds": [rome]})
    assert names(await anna.values(PROFILES)) == ["Ours"]
    assert len(await graph.values(PROFILES)) == 2


async def test_scope_tags_and_the_devices_of_their_groups(office, graph, rt, tenant):
    """A tag assigned to a group is on its managed devices at once, and goes with the membership or the tag."""

    def managed(tx):
        device = directory.create_anchor(tx, ztdid="z1", physical_ids=[], display_name="PC")
        values = {"device_name": "PC", "azure_ad_device_id": device["device_id"], "serial_number": "S1"}
        return device["id"], enrollment.MANAGED.insert(tx, values)["id"]

    device, managed_id = await rt.store.write(tenant, managed)
    oslo, group = await office.tag("Oslo"), await office.group("oslo-devices")
    anna = await office.admin("anna", await office.role(["Microsoft.Intune_RemoteTasks_SyncDevice"]), oslo)
    target = {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": group}
    await graph.post(f"{INTUNE}/roleScopeTags/{oslo}/assign", {"assignments": [{"target": target}]}, expect=200)
    path = f"{INTUNE}/managedDevices"
    assert await anna.values(path) == []
    bulk = {"actionName": "syncDevice", "deviceIds": [managed_id]}
    done = await anna.post(f"{path}/executeAction", bulk, expect=200)
    assert done["notFoundDeviceIds"] == [managed_id]
    await office.add(group, device)
    assert [item["roleScopeTagIds"] for item in await anna.values(path)] == [[oslo]]
    await anna.call("POST", f"{path}/{managed_id}/syncDevice", expect=403)  # no scope group of the role holds it
    await graph.call("DELETE", f"/v1.0/groups/{group}/members/{device}/$ref", expect=204)
    assert await anna.values(path) == []
    await graph.call("DELETE", f"{INTUNE}/roleScopeTags/{oslo}", expect=400)  # a role assignment gives it
    await graph.call("DELETE", f"{INTUNE}/roleScopeTags/0", expect=400)


async def test_a_role_reaches_the_devices_of_its_scope_groups(office, graph, rt, tenant):
    """Remote tasks of the built-in Help Desk Operator: on devices in the scope groups alone; a reader orders none."""

    def managed(tx):
        made = []
        for name in ("in", "out"):
            device = directory.create_anchor(tx, ztdid=name, physical_ids=[], display_name=name)
            row = enrollment.MANAGED.insert(tx, {"device_name": name, "azure_ad_device_id": device["device_id"]})
            enrollment.ENROLLMENTS.insert(tx, {"id": row["id"], "entra_id": device["id"], "key_hash": name})
            made.append((device["id"], row["id"]))
        return made

    (inside, first), (_, second) = await rt.store.write(tenant, managed)
    group = await office.group("helped", inside)
    [desk] = await graph.values(f"{INTUNE}/roleDefinitions?$filter=displayName eq 'Help Desk Operator'")
    assert desk["isBuiltIn"] is True
    assert await graph.values(f"{INTUNE}/roleDefinitions?$filter=isBuiltIn eq false") == []
    helper = await office.admin("helper", desk["id"], resourceScopes=[group])
    path = f"{INTUNE}/managedDevices"
    await helper.call("POST", f"{path}/{first}/syncDevice", expect=204)
    refused = await helper.call("POST", f"{path}/{second}/syncDevice", expect=403)
    assert "does not reach this object" in refused.text
    [reader] = await graph.values(f"{INTUNE}/roleDefinitions?$filter=displayName eq 'Read Only Operator'")
    watcher = await office.admin("watcher", reader["id"], scopeType="allDevices")
    assert len(await watcher.values(path)) == 2
    await watcher.call("POST", f"{path}/{first}/syncDevice", expect=403)
    await graph.call("DELETE", f"{INTUNE}/roleDefinitions/{desk['id']}", expect=400)


async def test_role_bodies_that_do_not_hold(graph, office):
    """A permission of another shape, a role or group that does not exist: refused by name."""
    wrong = {"displayName": "X", "rolePermissions": [{"resourceActions": [{"allowedResourceActions": ["everything"]}]}]}
    assert "everything" in (await graph.call("POST", f"{INTUNE}/roleDefinitions", wrong, expect=400)).text
    role = await office.role(ENROLLMENT_PROGRAMS)
    bind = {"roleDefinition@odata.bind": f"{INTUNE}/roleDefinitions/{role}", "displayName": "X"}
    await graph.post(f"{INTUNE}/roleAssignments", {**bind, "members": ["00000000-no-group"]}, expect=404)
    await graph.post(f"{INTUNE}/roleAssignments", {**bind, "scopeType": "universe"}, expect=400)
    made = await graph.post(f"{INTUNE}/roleAssignments", bind)
    assert (await graph.get(f"{INTUNE}/roleAssignments/{made['id']}/roleDefinition"))["id"] == role
    assert names(await graph.values(f"{INTUNE}/roleAssignments/{made['id']}/roleScopeTags")) == ["Default"]
    assert names(await graph.values(f"{INTUNE}/roleDefinitions/{role}/roleAssignments")) == ["X"]
    await graph.call("DELETE", f"{INTUNE}/roleDefinitions/{role}", expect=400)
    await graph.call("DELETE", f"{INTUNE}/roleAssignments/{made['id']}", expect=200)
    await graph.call("DELETE", f"{INTUNE}/roleDefinitions/{role}", expect=200)


async def test_a_custom_directory_role_permits_what_it_lists(graph, rt, tenant):
    """Made, held, changed and removed over Graph; who holds it may do what it lists until then."""
    path = "/v1.0/roleManagement/directory/roleDefinitions"
    actions = ["microsoft.directory/groups/create", "microsoft.directory/groups/basic/update"]
    body = {"displayName": "Grouper", "isEnabled": True, "rolePermissions": [{"allowedResourceActions": actions}]}
    role = (await graph.post(path, body))["id"]
    user = await person(rt, tenant, "gina")
    held = {"roleDefinitionId": role, "principalId": user["id"], "directoryScopeId": "/"}
    await graph.post("/v1.0/roleManagement/directory/roleAssignments", held)
    gina = Graph(rt, graph.client, await mint(rt, tenant, user["id"]))
    group = {"displayName": "G", "mailEnabled": False, "mailNickname": "g", "securityEnabled": True}
    made = await gina.post("/v1.0/groups", group)
    await gina.call("DELETE", f"/v1.0/groups/{made['id']}", expect=403)
    await graph.call("PATCH", f"{path}/{role}", {"rolePermissions": []}, expect=204)
    await gina.post("/v1.0/groups", group, expect=403)
    await graph.call("DELETE", f"{path}/{role}", expect=204)
    assert role not in (await graph.call("GET", "/v1.0/roleManagement/directory/roleAssignments")).text
    await graph.post(path, {**body, "rolePermissions": [{"allowedResourceActions": ["all"]}]}, expect=400)
    await graph.call("DELETE", f"{path}/{directory.GLOBAL_ADMINISTRATOR}", expect=400)


async def test_a_role_for_an_administrative_unit_acts_on_its_members_only(graph, rt, tenant):
    """Users, groups and devices in the unit; not others, and nothing that no object is named for."""
    unit = (await graph.post(UNITS, {"displayName": "Oslo", "description": "North"}))["id"]
    inside, outside = await person(rt, tenant, "inga"), await person(rt, tenant, "otto")
    user = await person(rt, tenant, "hilde")
    member = {"@odata.id": f"https://graph.microsoft.com/v1.0/users/{inside['id']}"}
    await graph.call("POST", f"{UNITS}/{unit}/members/$ref", member, expect=204)
    held = {"roleId": USER_ADMINISTRATOR, "roleMemberInfo": {"id": user["id"]}}
    scoped = await graph.post(f"{UNITS}/{unit}/scopedRoleMembers", held)
    hilde = Graph(rt, graph.client, await mint(rt, tenant, user["id"]))
    await hilde.call("PATCH", f"/v1.0/users/{inside['id']}", {"city": "Oslo"}, expect=204)
    await hilde.call("PATCH", f"/v1.0/users/{outside['id']}", {"city": "Oslo"}, expect=403)
    new = {
        "displayName": "N",
        "mailNickname": "n",
        "userPrincipalName": "n@contoso.example",
        "accountEnabled": True,
        "passwordProfile": {"password": "correct-Horse-7-battery"},
    }
    await hilde.post("/v1.0/users", new, expect=403)
    await hilde.call("DELETE", f"{UNITS}/{unit}", expect=403)
    assert names(await graph.values(f"{UNITS}/{unit}/members")) == ["Inga"]
    assert [item["id"] for item in await graph.values(f"{UNITS}/{unit}/scopedRoleMembers")] == [scoped["id"]]
    everywhere = {**held, "roleId": directory.GLOBAL_ADMINISTRATOR}
    await graph.post(f"{UNITS}/{unit}/scopedRoleMembers", everywhere, expect=400)
    await graph.call("DELETE", f"{UNITS}/{unit}/scopedRoleMembers/{scoped['id']}", expect=204)
    await hilde.call("PATCH", f"/v1.0/users/{inside['id']}", {"city": "Rome"}, expect=403)
    await graph.call("DELETE", f"{UNITS}/{unit}/members/{inside['id']}/$ref", expect=204)
    await graph.call("DELETE", f"{UNITS}/{unit}/members/{inside['id']}/$ref", expect=404)


async def test_a_dynamic_administrative_unit_follows_its_rule_at_once(graph, rt, tenant):
    """The rule language of groups without memberOf; nobody can be put in by hand."""
    rule = '(user.department -eq "Sales")'
    ruled = {"displayName": "Sales", "membershipType": "Dynamic", "membershipRule": rule}
    unit = (await graph.post(UNITS, {**ruled, "membershipRuleProcessingState": "On"}))["id"]
    sold, user = await person(rt, tenant, "sven"), await person(rt, tenant, "hilde")
    body = {"roleDefinitionId": HELPDESK_ADMINISTRATOR, "principalId": user["id"]}
    body |= {"directoryScopeId": f"/administrativeUnits/{unit}"}
    await graph.post("/v1.0/roleManagement/directory/roleAssignments", body)
    hilde = Graph(rt, graph.client, await mint(rt, tenant, user["id"]))
    reset = {"passwordProfile": {"password": "correct-Horse-7-battery", "forceChangePasswordNextSignIn": True}}
    await hilde.call("PATCH", f"/v1.0/users/{sold['id']}", reset, expect=403)
    await graph.call("PATCH", f"/v1.0/users/{sold['id']}", {"department": "Sales"}, expect=204)
    assert names(await graph.values(f"{UNITS}/{unit}/members")) == ["Sven"]
    await hilde.call("PATCH", f"/v1.0/users/{sold['id']}", reset, expect=204)
    member = {"@odata.id": f"https://graph.microsoft.com/v1.0/users/{user['id']}"}
    await graph.call("POST", f"{UNITS}/{unit}/members/$ref", member, expect=403)
    other = {
        **ruled,
        "membershipRule": "user.memberOf -any (group.objectId -in ['0b1f0000-0000-4000-8000-000000000001'])",
    }
    await graph.post(UNITS, other, expect=400)
    await graph.post(UNITS, {**ruled, "membershipRule": "(user.nothing -eq 1)"}, expect=400)
    await graph.post(UNITS, {"displayName": "X", "membershipRule": rule}, expect=400)


async def test_a_unit_holds_devices_and_groups(graph, rt, tenant):
    """A Groups Administrator for a unit changes its group and no other."""
    body = {"displayName": "G", "mailEnabled": False, "mailNickname": "g", "securityEnabled": True}
    inside, outside = [(await graph.post("/v1.0/groups", body))["id"] for _ in range(2)]
    unit = (await graph.post(UNITS, {"displayName": "Oslo"}))["id"]
    member = {"@odata.id": f"https://graph.microsoft.com/v1.0/groups/{inside}"}
    await graph.call("POST", f"{UNITS}/{unit}/members/$ref", member, expect=204)
    user = await person(rt, tenant, "hilde")
    held = {"roleId": GROUPS_ADMINISTRATOR, "roleMemberInfo": {"id": user["id"]}}
    await graph.post(f"{UNITS}/{unit}/scopedRoleMembers", held)
    hilde = Graph(rt, graph.client, await mint(rt, tenant, user["id"]))
    await hilde.call("PATCH", f"/v1.0/groups/{inside}", {"description": "x"}, expect=204)
    await hilde.call("PATCH", f"/v1.0/groups/{outside}", {"description": "x"}, expect=403)
    await graph.call("DELETE", f"/v1.0/groups/{inside}", expect=204)
    assert await graph.values(f"{UNITS}/{unit}/members") == []


async def test_r084_an_esp_assignment_takes_filters_of_six_properties_only(graph):
    """A filter that reads anything else is refused by name when the ESP profile is assigned."""
    profile = (await graph.post(ESPS, {"@odata.type": ESP, "displayName": "A"}))["id"]
    for rule, expect in (
        ('(device.model -eq "X") and (device.manufacturer -eq "Y") and (device.osVersion -startsWith "10.")', 200),
        ('(device.deviceOwnership -eq "Corporate") or (device.enrollmentProfileName -eq "Std")', 200),
        ('(device.model -eq "X") and (device.deviceName -startsWith "PC")', 400),
    ):
        body = {"displayName": rule[:40], "platform": "windows10AndLater", "rule": rule}
        made = (await graph.post(f"{INTUNE}/assignmentFilters", body))["id"]
        target = {
            "@odata.type": "#microsoft.graph.allDevicesAssignmentTarget",
            "deviceAndAppManagementAssignmentFilterId": made,
            "deviceAndAppManagementAssignmentFilterType": "include",
        }
        body = {"enrollmentConfigurationAssignments": [{"target": target}]}
        answer = await graph.call("POST", f"{ESPS}/{profile}/assign", body, expect=expect)
        assert expect == 200 or "operatingSystemSKU" in answer.text


async def test_a_missing_principal_decides_nothing(rt, tenant):
    """The program itself and applications are limited by no scope tag."""
    entity = enrollment.ENROLLMENT_CONFIGURATIONS.entity
    app = directory.Principal("app", "x", tenant)
    assert await rt.store.read(tenant, lambda tx: directory.visible(tx, SYSTEM_PRINCIPAL, entity)) is None
    assert await rt.store.read(tenant, lambda tx: directory.visible(tx, app, entity)) is None


async def test_r085_scope_tags_limit_what_reports_tell_of_devices(office, graph, rt, tenant):
    """Encryption, the statuses of a policy and the apps of a user name the devices that the caller sees alone."""
    oslo = await office.tag("Oslo")
    rights = [f"Microsoft.Intune_{one}_Read" for one in ("ManagedDevices", "DeviceConfigurations", "MobileApps")]
    anna = await office.admin("anna", await office.role(rights), oslo)
    ada = (await graph.get("/v1.0/me"))["id"]
    kind = "#microsoft.graph.iosGeneralDeviceConfiguration"
    policy = await graph.post(
        f"{INTUNE}/deviceConfigurations", {"@odata.type": kind, "displayName": "P", "roleScopeTagIds": [oslo]}
    )

    def write(tx):
        found = {}
        values = {"kind": "win32LobApp", "display_name": "A", "role_scope_tag_ids": [oslo]}
        app = found["app"] = management.APPS.insert(tx, values)["id"]
        for name, tag in (("Theirs", "0"), ("Mine", oslo)):
            row = {"device_name": name, "role_scope_tag_ids": [tag], "user_id": ada, "enrolled_at": tx.now}
            found[name] = enrollment.MANAGED.insert(tx, row)["id"]
            key = ("device_configuration", policy["id"])
            statuses.write(tx, found[name], key, "applied", {"name": "P"}, fresh=True)
            statuses.write(tx, found[name], ("mobile_app", app), "installed", {"name": "A"}, fresh=True)
        return found

    made = await rt.store.write(tenant, write)
    encryption = f"{INTUNE}/managedDeviceEncryptionStates"
    assert [one["deviceName"] for one in await anna.values(encryption)] == ["Mine"]
    await anna.get(f"{encryption}/{made['Theirs']}", expect=404)
    told = f"{INTUNE}/deviceConfigurations/{policy['id']}/deviceStatuses"
    assert [one["deviceDisplayName"] for one in await anna.values(told)] == ["Mine"]
    assert len(await graph.values(told)) == 2
    installed = f"/beta/deviceAppManagement/mobileApps/{made['app']}/deviceStatuses"
    assert [one["deviceName"] for one in await anna.values(installed)] == ["Mine"]
    apps = f"/beta/users/{ada}/mobileAppIntentAndStates"
    await anna.get(f"{apps}/{made['Theirs']}", expect=404)
    await anna.get(f"{apps}/{made['Mine']}")
