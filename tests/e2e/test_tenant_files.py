"""A tenant's configuration as files: taken in from what backup tools write, written, and taken in again."""

from __future__ import annotations

import codecs
import json

import pytest

from e2e.conftest import PASSWORD
from support.hardware import make_hardware
from taxiway import directory
from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.rehearsal import backup
from taxiway.rehearsal.administrator import Administrator
from taxiway.rehearsal.backup.people import Membership
from taxiway.wire.registration_csv import write as write_csv

pytestmark = pytest.mark.anyio

GRAPH = "https://graph.microsoft.com/beta/$metadata#"
DM, DAM = "/beta/deviceManagement", "/beta/deviceAppManagement"
PAGES = f"{DM}/deviceEnrollmentConfigurations"
PILOT, KIOSKS, FILTER, TAG, APP = (f"0000000{n}-1111-2222-3333-444444444444" for n in range(1, 6))
CATALOGUE = "#microsoft.graph.deviceManagementConfiguration"
RULE = '(device.devicePhysicalIds -any (_ -eq "[OrderID]:KIOSK"))'


async def administrator(instance, tenant, upn):
    """A global administrator of a tenant."""
    person = await instance.make_user(upn, access_pass=False, tenant=tenant)

    def promote(tx):
        user = directory.find_user(tx, person.upn)
        directory.assign_role(tx, user["id"], directory.GLOBAL_ADMINISTRATOR, principal=SYSTEM_PRINCIPAL)

    await instance.rt.store.write(tenant, promote)
    return Administrator(
        instance.settings.urls.people, instance.files.root, person.upn, PASSWORD, instance.rt.clock, instance.rt.entropy
    )


@pytest.fixture
async def admin(instance):
    """Of the instance's tenant."""
    async with await administrator(instance, instance.tenant, "root@contoso.example") as made:
        yield made


def target(kind, **more):
    return {"id": "x", "source": "direct", "target": {"@odata.type": f"#microsoft.graph.{kind}", **more}}


def to_pilot(**more):
    return target("groupAssignmentTarget", groupId=PILOT, **more)


def esp(**more):
    return {
        "@odata.context": f"{GRAPH}deviceManagement/deviceEnrollmentConfigurations(assignments())/$entity",
        "@odata.type": "#microsoft.graph.windows10EnrollmentCompletionPageConfiguration",
        "displayName": "Pilot page",
        "priority": 1,
        "showInstallationProgress": True,
        "installProgressTimeoutInMinutes": 45,
        "roleScopeTagIds": ["0"],
        **more,
    }


def win32(**more):
    return {
        "@odata.context": f"{GRAPH}deviceAppManagement/mobileApps(assignments())/$entity",
        "@odata.type": "#microsoft.graph.win32LobApp",
        "id": APP,
        "displayName": "Reader",
        "publisher": "Contoso",
        "fileName": "reader.intunewin",
        "setupFilePath": "setup.exe",
        "installCommandLine": "setup.exe /quiet",
        "uninstallCommandLine": "setup.exe /uninstall",
        "applicableArchitectures": "x64",
        "minimumSupportedWindowsRelease": "1607",
        "installExperience": {"runAsAccount": "system", "deviceRestartBehavior": "basedOnReturnCode"},
        "detectionRules": [
            {
                "@odata.type": "#microsoft.graph.win32LobAppFileSystemDetection",
                "path": "%ProgramFiles%\\Reader",
                "fileOrFolderName": "reader.exe",
                "detectionType": "exists",
            }
        ],
        "size": 300_000,
        "committedContentVersion": "4",
        "uploadState": 1,
        "publishingState": "published",
        "assignments": [{**to_pilot(), "intent": "required", "settings": None}],
        **more,
    }


def catalogue(*settings):
    return {
        "@odata.context": f"{GRAPH}deviceManagement/configurationPolicies(assignments(),settings())/$entity",
        "name": "Baseline",
        "platforms": "windows10",
        "technologies": "mdm",
        "settings": [{"settingInstance": one} for one in settings],
        "assignments": [to_pilot()],
    }


def simple(definition, value):
    return {
        "@odata.type": f"{CATALOGUE}SimpleSettingInstance",
        "settingDefinitionId": definition,
        "simpleSettingValue": {"@odata.type": f"{CATALOGUE}IntegerSettingValue", "value": value},
    }


def write(folder, files, encoding="utf-8"):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        mark = codecs.BOM_UTF16_LE if encoding == "utf-16-le" else b""
        path.write_bytes(mark + json.dumps(content).encode(encoding))
    return folder


def intunemanagement():
    """A backup as that tool writes one: ids of its own tenant, and what the groups behind them are called."""
    filtered = {
        "deviceAndAppManagementAssignmentFilterId": FILTER,
        "deviceAndAppManagementAssignmentFilterType": "include",
    }
    profile = {
        "@odata.context": f"{GRAPH}deviceManagement/windowsAutopilotDeploymentProfiles(assignments())/$entity",
        "@odata.type": "#microsoft.graph.azureADWindowsAutopilotDeploymentProfile",
        "displayName": "Kiosks",
        "roleScopeTagIds": [TAG],
        "assignments": [target("groupAssignmentTarget", groupId=KIOSKS)],
    }
    return {
        "MigrationTable.json": {"Objects": [{"Id": PILOT, "DisplayName": "Pilot", "Type": "Group"}]},
        "Groups/Kiosks.json": {
            "@odata.context": f"{GRAPH}groups/$entity",
            "id": KIOSKS,
            "displayName": "Kiosks",
            "groupTypes": ["DynamicMembership"],
            "membershipRule": RULE,
        },
        "ScopeTags/Berlin.json": {
            "@odata.context": f"{GRAPH}deviceManagement/roleScopeTags/$entity",
            "id": TAG,
            "displayName": "Berlin",
        },
        "AssignmentFilters/New.json": {
            "@odata.context": f"{GRAPH}deviceManagement/assignmentFilters/$entity",
            "id": FILTER,
            "displayName": "New",
            "platform": "windows10AndLater",
            "rule": '(device.enrollmentProfileName -eq "Kiosks")',
        },
        "Applications/Reader.json": win32(),
        "SettingsCatalog/Baseline.json": catalogue(
            simple("device_vendor_msft_policy_config_update_activehoursend", 18),
            simple("device_vendor_msft_policy_config_defender_newthing", 1),
            simple("vendor_msft_firewall_mdmstore_global_newthing", 1),
        ),
        "DeviceConfiguration/Phones.json": {
            "@odata.context": f"{GRAPH}deviceManagement/deviceConfigurations(assignments())/$entity",
            "@odata.type": "#microsoft.graph.iosGeneralDeviceConfiguration",
            "displayName": "Phones",
            "cameraBlocked": True,
            "assignments": [to_pilot(**filtered)],
        },
        "AutoPilot/Kiosks.json": profile,
        "EnrollmentStatusPage/Pilot.json": esp(selectedMobileAppIds=[APP], assignments=[to_pilot()]),
        "EnrollmentRestrictions/All.json": {
            "@odata.context": f"{GRAPH}deviceManagement/deviceEnrollmentConfigurations/$entity",
            "@odata.type": "#microsoft.graph.deviceEnrollmentLimitConfiguration",
            "id": "tenant_DefaultLimit",
            "displayName": "All users and all devices",
            "priority": 0,
            "limit": 7,
        },
        "TermsAndConditions/Terms.json": {
            "@odata.context": f"{GRAPH}deviceManagement/termsAndConditions/$entity",
            "displayName": "Terms",
        },
    }


async def load(admin, folder, **more):
    """Load a folder; the report."""
    people = backup.People(admin, backup.Report())
    await backup.load(people, backup.read_folder(folder), lambda *_: None, **more)
    return people.report


async def one(admin, path):
    [found] = await admin.values(path)
    return found


async def test_a_backup_of_intunemanagement_becomes_this_tenant(admin, tmp_path):
    """Ids of the other tenant become those of this one; what has no model is kept, what is not known is listed."""
    folder = write(tmp_path / "backup", intunemanagement(), "utf-16-le")
    report = await load(admin, folder)
    [refused] = report.refused
    assert (refused.where, "termsAndConditions" in refused.why) == ("TermsAndConditions/Terms.json", True)
    assert report.opaque == {"iosGeneralDeviceConfiguration": ["Phones"]}
    settings = report.settings
    assert (settings.all, settings.known) == (3, 1)
    assert [(policy, name) for policy, name, _ in settings.derived] == [
        ("Baseline", "device_vendor_msft_policy_config_defender_newthing")
    ]
    assert [name for _, name, _ in settings.unresolved] == ["vendor_msft_firewall_mdmstore_global_newthing"]

    groups = {group["displayName"]: group for group in await admin.values("/beta/groups")}
    assert groups["Kiosks"]["membershipRule"] == RULE
    app = await one(admin, f"{DAM}/mobileApps?$filter=displayName eq 'Reader'&$expand=assignments")
    assert (app["publishingState"], app["size"], app["committedContentVersion"]) == ("published", 300_000, "1")
    assert app["assignments"][0]["target"]["groupId"] == groups["Pilot"]["id"]
    page = await one(
        admin, f"{DM}/deviceEnrollmentConfigurations?$filter=displayName eq 'Pilot page'&$expand=assignments"
    )
    assert page["selectedMobileAppIds"] == [app["id"]]
    tag = await one(admin, f"{DM}/roleScopeTags?$filter=displayName eq 'Berlin'")
    profile = await one(admin, f"{DM}/windowsAutopilotDeploymentProfiles?$expand=assignments")
    assert profile["roleScopeTagIds"] == [tag["id"]]
    assert profile["assignments"][0]["target"]["groupId"] == groups["Kiosks"]["id"]
    phones = await one(admin, f"{DM}/deviceConfigurations?$expand=assignments")
    assert phones["cameraBlocked"] is True
    filters = await one(admin, f"{DM}/assignmentFilters")
    assert phones["assignments"][0]["target"]["deviceAndAppManagementAssignmentFilterId"] == filters["id"]
    limit = await one(
        admin, f"{DM}/deviceEnrollmentConfigurations?$filter=isof('microsoft.graph.deviceEnrollmentLimitConfiguration')"
    )
    assert limit["limit"] == 7

    again = await load(admin, folder)
    assert again.made.total() == 0
    assert again.there.total() == report.made.total() - 1, "the group that only the table names is no object"


@pytest.mark.parametrize("form", backup.FORMS)
async def test_what_was_exported_makes_the_same_tenant(instance, admin, tmp_path, form):
    """Through each form into a second tenant, whose own export is the same but for ids."""
    await load(admin, write(tmp_path / "real", intunemanagement()))
    done = await backup.export(admin, tmp_path / "first", form, lambda *_: None)
    assert done["mobileApps"] == done["roleScopeTags"] == done["configurationPolicies"] == 1
    second = await instance.make_tenant("fabrikam.example")
    async with await administrator(instance, second, "root@fabrikam.example") as other:
        report = await load(other, tmp_path / "first")
        assert report.refused == []
        assert report.notes == []
        await backup.export(other, tmp_path / "second", form, lambda *_: None)
    first, copied = (contents(tmp_path / name) for name in ("first", "second"))
    assert first.keys() == copied.keys()
    for name, content in first.items():
        assert copied[name] == content, name


def contents(folder):
    """File -> content without what differs between tenants."""
    found = {
        path.relative_to(folder).as_posix(): json.loads(path.read_text("utf-8")) for path in folder.rglob("*.json")
    }
    found.pop("MigrationTable.json", None)
    return {name: without_ids(content) for name, content in found.items()}


def without_ids(value):
    if isinstance(value, list):
        return [without_ids(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        name: without_ids(one)
        for name, one in value.items()
        if not name.lower().endswith(("id", "ids", "datetime", "@odata.context", "securityidentifier"))
    }


async def test_groups_that_only_assignments_name_are_made(admin, tmp_path):
    """By the rule that stands beside the name, without members where there is none, by the bare id as a last resort."""
    named = {"groupName": "By rule", "groupType": "DynamicMembership", "membershipRule": RULE}
    files = {
        "Enrollment Profiles/Windows/ESP/a.json": esp(
            displayName="A",
            selectedMobileAppNames=[{"name": "Not there", "type": "#microsoft.graph.win32LobApp"}],
            assignments=[
                target("groupAssignmentTarget", **named),
                target("groupAssignmentTarget", groupName="Plain", groupType="StaticMembership"),
                target("groupAssignmentTarget", groupId=PILOT),
                target("groupAssignmentTarget"),
            ],
        )
    }
    report = await load(admin, write(tmp_path / "backup", files))
    groups = {group["displayName"]: group["membershipRule"] for group in await admin.values("/beta/groups")}
    assert groups == {"By rule": RULE, "Plain": None, PILOT: None}
    assert len(report.notes) == 3, report.notes
    page = await one(admin, f"{PAGES}?$filter=displayName eq 'A'&$expand=assignments")
    assert len(page["assignments"]) == 3


async def test_people_and_devices_come_from_files(admin, tmp_path):
    """Users in a domain of this tenant, devices by their serial number, members of groups by any of their names."""
    folder = write(tmp_path / "backup", {"groups.json": {"value": [{"displayName": "Pilot", "securityEnabled": True}]}})
    reading = backup.read_folder(folder)
    (tmp_path / "u.csv").write_text("userPrincipalName,department\nmia@real.example,Sales\n", "utf-8")
    (tmp_path / "d.csv").write_text("serialNumber,groupTag,manufacturer,model\nSN-1,KIOSK,Contoso,One\n", "utf-8")
    backup.read_people(reading, backup.USERS, tmp_path / "u.csv")
    backup.read_people(reading, backup.DEVICES, tmp_path / "d.csv")
    people = backup.People(admin, backup.Report())
    wanted = [Membership("Pilot", name, "m.csv") for name in ("mia@real.example", "SN-1", "nobody@real.example")]
    await backup.load(people, reading, lambda *_: None, members=wanted)
    report = people.report
    assert report.notes == ["The domain 'real.example' is not this tenant's: its users are in 'contoso.example'."]
    assert [one.why for one in report.refused] == ["The member 'nobody@real.example' is not in the backup."]
    assert list(people.passwords) == ["mia@contoso.example"]
    user = await admin.get("/beta/users/mia@contoso.example")
    assert (user["department"], len(user["assignedLicenses"])) == ("Sales", 1)
    device = await one(admin, f"{DM}/windowsAutopilotDeviceIdentities")
    assert (device["serialNumber"], device["groupTag"]) == ("SN-1", "KIOSK")
    group = await one(admin, "/beta/groups?$filter=displayName eq 'Pilot'")
    members = await admin.values(f"/beta/groups/{group['id']}/members")
    assert {member["@odata.type"] for member in members} == {"#microsoft.graph.user", "#microsoft.graph.device"}


async def test_hardware_hashes_are_registered_and_a_row_that_is_refused_is_listed(admin):
    """With its line and the reason; what is registered already counts as there."""
    hardware = make_hardware()
    good = (hardware.serial, "", hardware.encode_base64())
    people = backup.People(admin, backup.Report())
    assert await people.register(write_csv([good, ("SN-2", "", "AAAA")]), "d.csv") == [hardware.serial]
    assert people.report.made.total() == 1
    assert [(one.where, bool(one.why)) for one in people.report.refused] == [("d.csv, line 3", True)]
    again = backup.People(admin, backup.Report())
    await again.register(write_csv([good]), "d.csv")
    assert (again.report.made.total(), again.report.there.total(), again.report.refused) == (0, 1, [])


async def test_made_up_people_satisfy_the_rules_of_the_groups(admin, tmp_path):
    """Each rule gets members, a group without a rule too, and a rule that nobody satisfies is named."""
    rules = {
        "Sales": 'user.department -eq "Sales"',
        "Kiosks": RULE,
        "Nobody": 'user.department -match "[0-9]+"',
    }
    body = {"groupTypes": ["DynamicMembership"], "securityEnabled": True}
    groups = [{**body, "displayName": name, "membershipRule": rule} for name, rule in rules.items()]
    groups.append({"displayName": "Plain", "securityEnabled": True, "groupTypes": []})
    people = backup.People(admin, backup.Report())
    content = {"@odata.context": f"{GRAPH}groups", "value": groups}
    reading = backup.read_folder(write(tmp_path / "backup", {"groups.json": content}))
    await backup.load(people, reading, lambda *_: None)
    await backup.Population(people, 3).make()
    counts = {}
    for group in await admin.values("/beta/groups"):
        counts[group["displayName"]] = len(await admin.values(f"/beta/groups/{group['id']}/members"))
    assert counts == {"Sales": 3, "Kiosks": 3, "Nobody": 0, "Plain": 6}
    assert people.report.notes == ["None of those made up satisfies the rule of 'Nobody'."]
    assert people.report.made.total() == 4 + 6
    assert len(people.passwords) == 3
