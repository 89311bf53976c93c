"""From files to objects: whose backup it is, in which encoding, what is annotation and what is content."""

from __future__ import annotations

import json

import pytest

from taxiway.rehearsal.backup import DEVICES, USERS
from taxiway.rehearsal.backup.export import _Export
from taxiway.rehearsal.backup.kinds import ENROLLMENT, PROTECTION
from taxiway.rehearsal.backup.load import _Loader
from taxiway.rehearsal.backup.makers import Work, make
from taxiway.rehearsal.backup.people import People, expanded_memberships, read_memberships, read_people
from taxiway.rehearsal.backup.population import asked_of_users, tags_of
from taxiway.rehearsal.backup.reading import Found, Reading, read_folder
from taxiway.rehearsal.backup.references import References
from taxiway.rehearsal.backup.report import Report
from taxiway.rehearsal.errors import BadBackup, GraphRefused

GRAPH = "https://graph.microsoft.com/beta/$metadata#"


def typed(name):
    """An object of a type."""
    return {"@odata.type": f"#microsoft.graph.{name}", "displayName": "a"}


@pytest.fixture
def folder(tmp_path):
    """Write a file below an empty folder."""

    def write(name, content, encoding="utf-8"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = content if isinstance(content, str) else json.dumps(content)
        path.write_bytes(text.encode(encoding))
        return tmp_path

    return write


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_an_object_of_intunemanagement_is_told_by_its_context(folder, encoding):
    """Whatever its encoding; annotations of the full kind, links and actions are no content."""
    content = {
        "@odata.context": f"{GRAPH}deviceManagement/configurationPolicies(assignments(),settings())/$entity",
        "@odata.type": "#microsoft.graph.deviceManagementConfigurationPolicy",
        "@odata.id": "deviceManagement/configurationPolicies('1')",
        "createdDateTime@odata.type": "#DateTimeOffset",
        "createdDateTime": "2025-01-01T00:00:00Z",
        "id": "1",
        "name": "Grüße",
        "platforms@odata.type": "#microsoft.graph.deviceManagementConfigurationPlatforms",
        "platforms": "windows10",
        "settings@odata.context": f"{GRAPH}x",
        "settings": [{"id": "0", "settingInstance": {"settingDefinitionId": "a", "x@odata.type": "#Int32", "x": 1}}],
        "assignments": [{"id": "2", "target": {"groupId": "g", "groupId@odata.type": "#S"}}],
        "#microsoft.graph.assign": {"title": "assign"},
    }
    [found] = read_folder(folder("Anything/one.json", content, encoding)).found
    assert found.kind.path == "deviceManagement/configurationPolicies"
    assert found.body == {
        "@odata.type": "#microsoft.graph.deviceManagementConfigurationPolicy",
        "name": "Grüße",
        "platforms": "windows10",
        "settings": [{"id": "0", "settingInstance": {"settingDefinitionId": "a", "x": 1}}],
    }
    assert found.assignments == [{"id": "2", "target": {"groupId": "g"}}]
    assert found.whole["id"] == "1"


@pytest.mark.parametrize(
    ("name", "content", "path"),
    [
        ("Settings Catalog/a_mdm.json", {"name": "a", "settings": [], "technologies": "mdm"}, "configurationPolicies"),
        ("Scope Tags/a.json", {"displayName": "a"}, "roleScopeTags"),
        (
            "Compliance Policies/Policies/a.json",
            typed("x"),
            "deviceCompliancePolicies",
        ),
        (
            "Compliance Policies/Policies/b.json",
            {
                "name": "b",
                "settings": [],
                "technologies": "linuxMdm",
                "platforms": "linux",
                "scheduledActionsForRule": [],
            },
            "compliancePolicies",
        ),
        (
            "Compliance Policies/Scripts/a.json",
            {"displayName": "a", "detectionScriptContent": ""},
            "deviceComplianceScripts",
        ),
        (
            "Compliance Policies/Scripts/b.json",
            {"displayName": "b", "settingInstance": {}, "settingDefinitionId": "x"},
            "reusablePolicySettings",
        ),
        ("Enrollment Profiles/Windows/a.json", {"displayName": "a"}, "windowsAutopilotDeploymentProfiles"),
        ("Enrollment Profiles/Windows/ESP/a.json", {"displayName": "a"}, "deviceEnrollmentConfigurations"),
        ("Enrollment Configurations/a.json", {"displayName": "a"}, "deviceEnrollmentConfigurations"),
        ("Applications/Windows/a_Win32.json", {"displayName": "a"}, "mobileApps"),
        ("Scripts/Powershell/a.json", {"displayName": "a"}, "deviceManagementScripts"),
        ("backup/2026/Scripts/Shell/a.json", {"displayName": "a"}, "deviceShellScripts"),
        ("EnrollmentRestrictions/a.json", {"displayName": "a"}, "deviceEnrollmentConfigurations"),
        ("x/y.json", typed("win32LobApp"), "mobileApps"),
        (
            "x/y.json",
            typed("macOSCompliancePolicy"),
            "deviceCompliancePolicies",
        ),
        (
            "x/y.json",
            typed("iosGeneralDeviceConfiguration"),
            "deviceConfigurations",
        ),
        (
            "x/y.json",
            typed("azureADWindowsAutopilotDeploymentProfile"),
            "windowsAutopilotDeploymentProfiles",
        ),
        ("x/y.json", {"displayName": "a", "securityEnabled": True}, "groups"),
    ],
)
def test_an_object_without_a_context_is_told_by_its_folder_or_itself(folder, name, content, path):
    """IntuneCD's folders, wherever the backup begins; IntuneManagement's; then type and form."""
    [found] = read_folder(folder(name, content)).found
    assert found.kind.collection == path


def test_a_list_as_graph_answers_it_is_all_of_its_objects(folder):
    """One context for all."""
    content = {"@odata.context": f"{GRAPH}groups", "value": [{"id": "1", "displayName": "a"}, {"displayName": "b"}]}
    reading = read_folder(folder("groups.json", content))
    assert [one.name for one in reading.found] == ["a", "b"]


def test_a_migration_table_tells_the_names_of_groups(folder):
    """IntuneManagement's."""
    content = {"TenantId": "t", "Objects": [{"Id": "AB", "DisplayName": "Pilot", "Type": "Group"}, {"Id": 3}, "x"]}
    assert read_folder(folder("MigrationTable.json", content)).groups == {"ab": "Pilot"}


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.yaml", "displayName: a", "YAML is not read"),
        ("a.json", "{", "not JSON"),
        ("a.json", "[" * 100_000, "not JSON"),
        ("a.json", json.loads("[" * 80 + "]" * 80), "nested too deeply"),
        ("a.json", [3], "no object of Graph"),
        ("a.json", {"displayName": "a"}, "cannot be told"),
        ("a.json", {"@odata.context": f"{GRAPH}deviceManagement/termsAndConditions/$entity"}, "termsAndConditions"),
        ("Scope Tags/a.json", {"description": "x"}, "no 'displayName'"),
    ],
)
def test_what_cannot_be_taken_is_listed_with_the_reason(folder, name, content, why):
    """And with the file it stands in."""
    [refused] = read_folder(folder(name, content)).refused
    assert refused.where == name
    assert why in refused.why


def test_bytes_that_are_no_text_are_refused(tmp_path):
    """Neither UTF-8 nor UTF-16."""
    (tmp_path / "a.json").write_bytes(b"\xff\xfe\x00")
    [refused] = read_folder(tmp_path).refused
    assert "neither UTF-8 nor UTF-16" in refused.why


def test_copies_beside_the_objects_are_passed_over(folder):
    """What IntuneCD writes for people to read."""
    folder("Scripts/Powershell/Script Data/x.json", "no json")
    assert len(read_folder(folder("Scripts/Powershell/a.json", {"displayName": "a"})).found) == 1


def test_a_folder_without_a_backup_is_named(tmp_path):
    """Rather than an empty report."""
    with pytest.raises(BadBackup, match="no JSON file"):
        read_folder(tmp_path)
    with pytest.raises(BadBackup, match="no folder"):
        read_folder(tmp_path / "none")


def test_people_come_from_json_and_from_csv(folder):
    """Also from the admin centre's own form; devices with hardware hashes stay a file for the import."""
    reading = Reading()
    content = {"value": [{"userPrincipalName": "a@x", "displayName": "A"}, {"displayName": "nobody"}]}
    read_people(reading, USERS, folder("u.json", content) / "u.json")
    text = "version:v1.0\nName [displayName] Required,User name [userPrincipalName] Required\nB,b@x\n"
    read_people(reading, USERS, folder("u.csv", text) / "u.csv")
    assert [one.name for one in reading.found] == ["a@x", "b@x"]
    assert [one.why for one in reading.refused] == ["A row has no 'userPrincipalName'."]
    hashes = folder("d.csv", "Device Serial Number,Windows Product ID,Hardware Hash\nS,,AAAA\n") / "d.csv"
    assert read_people(reading, DEVICES, hashes).startswith(b"Device Serial Number")
    plain = folder("e.csv", "serialNumber,groupTag\nS1,KIOSK\n") / "e.csv"
    assert read_people(reading, DEVICES, plain) == b""
    assert reading.found[-1].body == {"serialNumber": "S1", "groupTag": "KIOSK"}
    members = read_memberships(folder("m.csv", "group,member\nPilot,a@x\n,\n") / "m.csv")
    assert [(one.group, one.member) for one in members] == [("Pilot", "a@x")]
    with pytest.raises(BadBackup, match="'group' and 'member'"):
        read_memberships(folder("n.csv", "a,b\n1,2\n") / "n.csv")


@pytest.mark.parametrize(
    ("rule", "asked"),
    [
        ('user.department -eq "Sales"', {"department": "Sales"}),
        (
            '(user.country -in ["DE","AT"]) -and (user.jobTitle -startsWith "Head")',
            {"country": "DE", "jobTitle": "Head"},
        ),
        (
            'user.physicalDeliveryOfficeName -eq "B1" and user.accountEnabled -eq true',
            {"officeLocation": "B1", "accountEnabled": True},
        ),
        ('user.extensionAttribute3 -contains "x"', {"onPremisesExtensionAttributes": {"extensionAttribute3": "x"}}),
        ('user.city -match "^Ber"', {"city": "Ber"}),
        ('user.city -match "[a-z]+"', {}),
        ('user.department -ne "Sales"', {}),
        ('user.userPrincipalName -eq "a@b"', {}),
        ('(device.devicePhysicalIds -any (_ -eq "[OrderID]:KIOSK"))', {}),
    ],
)
def test_a_rule_is_read_for_what_it_asks_of_a_user(rule, asked):
    """Positive comparisons only; what nobody may choose is left."""
    assert asked_of_users(rule) == asked


def test_a_rule_is_read_for_group_tags():
    """In the order in which they come, each once."""
    rules = ['_ -eq "[OrderID]:KIOSK"', '_ -eq "[orderid]:LAB"', '_ -startsWith "[OrderID]:KIOSK"', "_ -eq 1"]
    assert tags_of(rules) == ["KIOSK", "LAB"]


def test_a_link_out_of_the_folder_is_not_followed(folder, tmp_path_factory):
    """A backup comes from others: it shows nothing of this machine; links within it are files like others."""
    outside = tmp_path_factory.mktemp("outside") / "secret.json"
    outside.write_text(json.dumps(typed("win32LobApp")), "utf-8")
    path = folder("here.json", typed("win32LobApp"))
    (path / "link.json").symlink_to(outside)
    (path / "folder").symlink_to(outside.parent)
    (path / "loop").symlink_to(path)
    (path / "within.json").symlink_to(path / "here.json")
    reading = read_folder(path)
    assert [one.where for one in reading.found] == ["here.json", "within.json"]
    assert [(one.where, "link" in one.why) for one in reading.refused] == [("link.json", True)]


@pytest.mark.parametrize(
    "content", ['{"displayName": "\\ud800"}', '{"displayName": NaN}', '{"x": 1e999}', "[" * 100_000]
)
def test_a_file_that_no_request_could_carry_is_listed(folder, content):
    """Half a character, a number that is none, a depth without end: a reason instead of a crash."""
    [refused] = read_folder(folder("Scope Tags/a.json", content)).refused
    assert refused.where == "Scope Tags/a.json"


async def test_what_has_another_form_than_graphs_is_passed_over_or_listed(folder):
    """Numbers and texts where lists and objects belong; a type that would be part of another address."""
    odd = {
        "scheduledActionsForRule": 5,
        "selectedMobileAppNames": [],
        "selectedMobileAppIds": 3,
        "targetedMobileApps": 7,
    }
    action = {**odd, "scheduledActionsForRule": ["x", {"scheduledActionConfigurations": "y"}], "omaSettings": [1]}
    references = References(None, Report())
    for body in (odd, action):
        references.translate(body, "a.json")
    assert await references.assignment({"target": "x"}, "a.json") == {"target": {}}
    for priority in ("high", None, [1], 2):
        content = {**typed("windows10EnrollmentCompletionPageConfiguration"), "priority": priority}
        folder(f"Enrollment Configurations/{priority}.json", content)
    reading = read_folder(folder("groups/g.json", {"displayName": "G", "members": 5, "groupTypes": 3, "id": "1"}))
    work = Work(People(None, Report()), references, 0)
    ordered = _Loader(work, reading).in_order(ENROLLMENT)
    assert [one.whole["priority"] for one in ordered][-1] == 2
    assert expanded_memberships(reading) == []
    app = {"@odata.type": "#microsoft.graph.mobileApps/x/assign?y", "displayName": "a"}
    with pytest.raises(GraphRefused, match="no type"):
        await make(work, Found(PROTECTION, app, [], app, "a.json"))


def test_a_name_is_no_way_out_of_the_folder_and_no_longer_than_a_file_system_takes(tmp_path):
    """Separators, dots and characters of many bytes; two such names are two files."""
    export = _Export(None, tmp_path, "graph")
    for name in ("../../x", "..", "\u6f22" * 300, "\u6f22" * 299, "a/b\\c\x07"):
        export._write("deviceConfigurations", name, {"displayName": name})
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) == 5
    assert {path.parent.name for path in files} == {"deviceConfigurations"}
