"""Win32 and Store apps, what they are to each other, and scripts, as their tools write them (02 sections 8 and 9.4)."""

import base64
import hashlib

import pytest
import sqlalchemy as sa

from graph.test_intune import APPS, a_group, target
from taxiway import enrollment, management
from taxiway.management.extension import states
from taxiway.management.session import statuses
from taxiway.wire.app_content import encrypt_content

WIN32 = "microsoft.graph.win32LobApp"
SCRIPTS = "/beta/deviceManagement/deviceManagementScripts"
#: As IntuneWin32App writes one: the older spelling of the rules.
APP = {
    "@odata.type": f"#{WIN32}",
    "displayName": "7-Zip",
    "description": "Archives",
    "publisher": "Contoso",
    "displayVersion": "24.09",
    "fileName": "7zip.intunewin",
    "setupFilePath": "7zip.exe",
    "installCommandLine": "7zip.exe /S",
    "uninstallCommandLine": '"C:\\Program Files\\7-Zip\\Uninstall.exe" /S',
    "applicableArchitectures": "x64,x86",
    "minimumSupportedWindowsRelease": "1607",
    "installExperience": {"runAsAccount": "system", "deviceRestartBehavior": "suppress", "maxRunTimeInMinutes": 60},
    "returnCodes": [{"returnCode": 0, "type": "success"}, {"returnCode": 3010, "type": "softReboot"}],
    "detectionRules": [
        {
            "@odata.type": "#microsoft.graph.win32LobAppFileSystemDetection",
            "path": "C:\\Program Files\\7-Zip",
            "fileOrFolderName": "7z.exe",
            "check32BitOn64System": False,
            "operator": "greaterThanOrEqual",
            "detectionValue": "24.9.0.0",
            "detectionType": "version",
        }
    ],
    "runAs32bit": False,
    "msiInformation": None,
    "notes": "",
    "owner": "",
    "developer": "",
    "informationUrl": "",
    "privacyInformationUrl": "",
    "isFeatured": False,
}
SCRIPT = {
    "displayName": "Greet",
    "description": "",
    "scriptContent": base64.b64encode(b"Write-Output hello").decode(),
    "runAsAccount": "system",
    "enforceSignatureCheck": False,
    "fileName": "greet.ps1",
    "runAs32Bit": False,
}


async def upload(graph, app, plain):
    """The upload as IntuneWin32App does it; the encrypted bytes."""
    content, info = encrypt_content(plain, encryption_key=b"k" * 32, mac_key=b"m" * 32, vector=b"v" * 16)
    version = (await graph.post(f"{APPS}/{app}/{WIN32}/contentVersions", {}))["id"]
    files = f"{APPS}/{app}/{WIN32}/contentVersions/{version}/files"
    body = {
        "@odata.type": "#microsoft.graph.mobileAppContentFile",
        "name": "IntunePackage.intunewin",
        "size": len(plain),
        "sizeEncrypted": len(content),
        "manifest": None,
        "isDependency": False,
    }
    file = await graph.post(files, body)
    ready = await graph.get(f"{files}/{file['id']}")
    name = base64.b64encode(b"0000").decode()
    await graph.client.put(f"{ready['azureStorageUri']}&comp=block&blockid={name}", content=content)
    listed = f'<?xml version="1.0" encoding="utf-8"?><BlockList><Latest>{name}</Latest></BlockList>'
    await graph.client.put(f"{ready['azureStorageUri']}&comp=blocklist", content=listed)
    await graph.call("POST", f"{files}/{file['id']}/commit", {"fileEncryptionInfo": info.as_graph()}, expect=200)
    assert (await graph.get(f"{files}/{file['id']}"))["uploadState"] == "commitFileSuccess"
    await graph.call("PATCH", f"{APPS}/{app}", {"@odata.type": f"#{WIN32}", "committedContentVersion": version})
    return content


async def test_a_package_stays_as_it_was_uploaded(graph, rt):
    """What is kept is the ciphertext; keys and plain content are nowhere to be read."""
    app = await graph.post(APPS, APP)
    assert app["publishingState"] == "notPublished"
    plain = b"PK and a folder of files" * 50
    content = await upload(graph, app["id"], plain)
    shown = await graph.get(f"{APPS}/{app['id']}")
    assert (shown["publishingState"], shown["committedContentVersion"]) == ("published", "1")
    assert shown["size"] == len(plain)
    assert rt.blobs.size(hashlib.sha256(content).hexdigest()) == len(content)
    assert rt.blobs.size(hashlib.sha256(plain).hexdigest()) is None
    assert base64.b64encode(b"k" * 32).decode() not in str(shown)
    assert "taxiway" not in str(shown)
    with rt.store.engine.connect() as connection:
        stored = str(connection.execute(sa.select(management.APPS.entity.table)).all())
    assert base64.b64encode(b"k" * 32).decode() not in stored
    assert base64.b64encode(b"m" * 32).decode() not in stored


async def test_rules_are_read_in_both_spellings(graph):
    """What was written in the older spelling is there in the newer one, and the other way round."""
    app = await graph.post(APPS, APP)
    [rule] = app["rules"]
    assert rule["@odata.type"] == "#microsoft.graph.win32LobAppFileSystemRule"
    assert (rule["ruleType"], rule["operationType"], rule["comparisonValue"]) == ("detection", "version", "24.9.0.0")
    needs = {
        "@odata.type": "#microsoft.graph.win32LobAppRegistryRule",
        "ruleType": "requirement",
        "keyPath": "HKEY_LOCAL_MACHINE\\SOFTWARE\\Contoso",
        "valueName": "Ready",
        "operationType": "integer",
        "operator": "equal",
        "comparisonValue": "1",
    }
    changed = (await graph.call("PATCH", f"{APPS}/{app['id']}", {"rules": [rule, needs]})).json()
    assert changed["detectionRules"] == app["detectionRules"]
    [old] = changed["requirementRules"]
    assert old["@odata.type"] == "#microsoft.graph.win32LobAppRegistryRequirement"
    assert (old["detectionType"], old["detectionValue"]) == ("integer", "1")


WRONG = {
    "no detection": {"detectionRules": []},
    "unknown rule": {"detectionRules": [{"@odata.type": "#microsoft.graph.win32LobAppMagicDetection"}]},
    "no path": {"detectionRules": [{**APP["detectionRules"][0], "path": ""}]},
    "no version": {"detectionRules": [{**APP["detectionRules"][0], "detectionValue": "new"}]},
    "no operator": {"detectionRules": [{**APP["detectionRules"][0], "operator": "about"}]},
    "no command": {"installCommandLine": None},
    "architecture": {"applicableArchitectures": "z80"},
    "release": {"minimumSupportedWindowsRelease": "3.11"},
    "minutes": {"installExperience": {"runAsAccount": "system", "maxRunTimeInMinutes": 100_000}},
    "account": {"installExperience": {"runAsAccount": "root"}},
    "code": {"returnCodes": [{"returnCode": "x", "type": "success"}]},
    "code twice": {"returnCodes": [{"returnCode": 1, "type": "success"}, {"returnCode": 1, "type": "failed"}]},
    "property of another type": {"productCode": "{01234567-89AB-CDEF-0123-456789ABCDEF}"},
}


@pytest.mark.parametrize("name", WRONG)
async def test_what_no_agent_could_install_is_refused(graph, name):
    """Each with a 400 when it is saved, not with a failure on a PC."""
    await graph.post(APPS, {**APP, **WRONG[name]}, expect=400)
    assert await graph.values(APPS) == []


async def test_rules_about_processes_are_named_as_not_served(graph):
    """501, never a rule that is passed over."""
    rule = {"@odata.type": "#microsoft.graph.win32LobAppProcessRule", "ruleType": "requirement", "processName": "a"}
    await graph.post(APPS, {**APP, "detectionRules": None, "rules": [rule]}, expect=501)


async def test_a_store_app_is_published_at_once(graph):
    """It has no content of its own; its identifier is what counts."""
    body = {"@odata.type": "#microsoft.graph.winGetApp", "displayName": "Reader", "packageIdentifier": "Contoso.Reader"}
    app = await graph.post(APPS, {**body, "installExperience": {"runAsAccount": "user"}})
    assert (app["publishingState"], app["packageIdentifier"]) == ("published", "Contoso.Reader")
    assert "installCommandLine" not in app
    await graph.post(APPS, {**body, "packageIdentifier": ""}, expect=400)


async def three(graph):
    return [(await graph.post(APPS, {**APP, "displayName": name}))["id"] for name in ("A", "B", "C")]


def depends(target_id, how="autoInstall"):
    return {"@odata.type": "#microsoft.graph.mobileAppDependency", "targetId": target_id, "dependencyType": how}


def replaces(target_id, how="replace"):
    return {"@odata.type": "#microsoft.graph.mobileAppSupersedence", "targetId": target_id, "supersedenceType": how}


async def relate(graph, app, *wanted, expect=204):
    return await graph.call("POST", f"{APPS}/{app}/updateRelationships", {"relationships": list(wanted)}, expect=expect)


async def test_relationships_show_on_both_sides(graph):
    """The one that declares has a child, the other a parent; counters follow; a filter picks a side."""
    a, b, c = await three(graph)
    await relate(graph, a, depends(b), replaces(c))
    children = await graph.values(
        f"{APPS}/{a}/relationships?$filter=targetType eq microsoft.graph.mobileAppRelationshipType'child'"
    )
    shown = sorted((each["targetDisplayName"], each["targetType"]) for each in children)
    assert shown == [("B", "child"), ("C", "child")]
    [parent] = await graph.values(f"{APPS}/{b}/relationships")
    assert (parent["targetId"], parent["targetType"], parent["dependencyType"]) == (a, "parent", "autoInstall")
    assert (await graph.get(f"{APPS}/{a}"))["dependentAppCount"] == 1
    assert (await graph.get(f"{APPS}/{c}"))["supersedingAppCount"] == 1
    await graph.call("DELETE", f"{APPS}/{b}", expect=400)
    await relate(graph, a)
    assert await graph.values(f"{APPS}/{b}/relationships") == []
    await graph.call("DELETE", f"{APPS}/{b}", expect=200)


async def test_a_circle_is_refused_by_name(graph):
    """Directly, over others, and to itself; of either kind; nothing of it is kept."""
    a, b, c = await three(graph)
    await relate(graph, a, depends(b))
    await relate(graph, b, depends(c))
    for app, wanted in ((c, depends(a)), (b, depends(a)), (a, depends(a))):
        answer = await relate(graph, app, wanted, expect=400)
        assert "leads back to the app it begins with" in answer.text
    await relate(graph, a, replaces(b))
    assert "leads back" in (await relate(graph, b, replaces(a), expect=400)).text
    await relate(graph, a, depends("nobody"), expect=400)
    await relate(graph, a, depends(b), replaces(b), expect=400)
    await relate(graph, a, depends(b, "sometimes"), expect=400)
    assert [each["targetId"] for each in await graph.values(f"{APPS}/{a}/relationships")] == [b]


async def test_scripts_are_kept_and_assigned(graph):
    """Lists leave the script out, items carry it; ``assign`` takes both of its lists."""
    made = await graph.post(SCRIPTS, SCRIPT)
    [listed] = await graph.values(f"{SCRIPTS}?$select=id,displayName,fileName&$top=5")
    assert listed["fileName"] == "greet.ps1"
    assert "scriptContent" not in (await graph.values(SCRIPTS))[0]
    assert (await graph.get(f"{SCRIPTS}/{made['id']}"))["scriptContent"] == SCRIPT["scriptContent"]
    group = await a_group(graph)
    body = {"deviceManagementScriptAssignments": [target(group)]}
    await graph.call("POST", f"{SCRIPTS}/{made['id']}/assign", body, expect=200)
    older = {"deviceManagementScriptGroupAssignments": [{"targetGroupId": group}]}
    await graph.call("POST", f"{SCRIPTS}/{made['id']}/assign", older, expect=200)
    assert len(await graph.values(f"{SCRIPTS}/{made['id']}/assignments")) == 1
    assert [each["targetGroupId"] for each in await graph.values(f"{SCRIPTS}/{made['id']}/groupAssignments")] == [group]
    assert await graph.values(f"{SCRIPTS}/{made['id']}/deviceRunStates") == []
    assert (await graph.get(f"{SCRIPTS}/{made['id']}/runSummary"))["successDeviceCount"] == 0
    await graph.call("DELETE", f"{SCRIPTS}/{made['id']}", expect=200)


@pytest.mark.parametrize("wrong", [{"scriptContent": "!"}, {"scriptContent": None}, {"runAsAccount": "root"}])
async def test_a_script_that_cannot_run_is_refused(graph, wrong):
    """Without content, with content that is no base64, for an account there is not."""
    await graph.post(SCRIPTS, {**SCRIPT, **wrong}, expect=400)


async def test_scope_tags_are_there_by_resource(graph):
    """What IntuneWin32App asks for before it makes an app."""
    found = await graph.values("/beta/deviceManagement/getRoleScopeTagsByResource(resource='MobileApps')")
    assert [each["id"] for each in found] == ["0"]
    await graph.get("/beta/deviceManagement/getRoleScopeTagsByResource(resource='Weather')", expect=400)


@pytest.fixture
async def standing(rt, tenant, graph):
    """An app and a script with what two devices reported of them; their ids."""
    app, script = (await graph.post(APPS, APP))["id"], (await graph.post(SCRIPTS, SCRIPT))["id"]
    reported = {"revision": 1, "number": 1, "error": 0, "attempt": 1, "restart": "none", "began_at": None}

    def write(tx):
        for number, (state, error) in enumerate((("installed", None), ("failed", "0x80070643"), ("installing", None))):
            device = enrollment.MANAGED.insert(tx, {"device_name": f"PC-{number}", "upn": "ada@contoso.example"})
            detail = {"name": "7-Zip", "via": "device", **({"error": error} if error else {})}
            statuses.bring(tx, "device:x", device["id"], ("mobile_app", app), state, detail)
            for user, exit_code in (("", 0), ("u", 3)):
                values = {"state": "fail" if exit_code else "success", "exit_code": exit_code, "text": "said"}
                values = {**reported, **values, "updated_at": tx.now}
                states.write(tx, device["id"], ("script", script, user), values)

    await rt.store.write(tenant, write)
    return app, script


async def test_where_an_app_stands_is_listed_and_counted(graph, standing):
    """By device, by user and in sum, with the HRESULT as the signed number that Graph has."""
    app, _ = standing
    found = await graph.values(f"{APPS}/{app}/deviceStatuses")
    told = sorted((each["deviceName"], each["installState"], each["errorCode"]) for each in found)
    assert told == [("PC-0", "installed", 0), ("PC-1", "failed", -2147023293), ("PC-2", "pendingInstall", 0)]
    summary = await graph.get(f"{APPS}/{app}/installSummary")
    assert [summary[f"{name}DeviceCount"] for name in ("installed", "failed", "pendingInstall")] == [1, 1, 1]
    [user] = await graph.values(f"{APPS}/{app}/userStatuses")
    assert (user["userPrincipalName"], user["installedDeviceCount"], user["failedDeviceCount"]) == (
        "ada@contoso.example",
        1,
        1,
    )


async def test_how_a_script_ran_is_listed_and_counted(graph, standing):
    """Runs for the device and for users apart; what was said of an earlier revision does not count."""
    _, script = standing
    ran = await graph.values(f"{SCRIPTS}/{script}/deviceRunStates")
    assert [(each["runState"], each["errorCode"], each["resultMessage"]) for each in ran] == [
        ("success", 0, "said")
    ] * 3
    theirs = await graph.values(f"{SCRIPTS}/{script}/userRunStates?$expand=deviceRunStates")
    assert sum(each["errorDeviceCount"] for each in theirs) == 3
    runs = [run for each in theirs for run in each["deviceRunStates"]]
    assert [(each["runState"], each["errorDescription"]) for each in runs] == [("fail", "said")] * 3
    summary = await graph.get(f"{SCRIPTS}/{script}/runSummary")
    assert (summary["successDeviceCount"], summary["errorUserCount"]) == (3, 3)
    changed = {"scriptContent": base64.b64encode(b"Write-Output bye").decode()}
    await graph.call("PATCH", f"{SCRIPTS}/{script}", changed, expect=200)
    assert await graph.values(f"{SCRIPTS}/{script}/deviceRunStates") == []


async def test_apps_are_sorted_into_categories(graph):
    """By reference, as clients do; they show with the app when expanded, and go without it."""
    categories = "/beta/deviceAppManagement/mobileAppCategories"
    made = await graph.post(categories, {"displayName": "Tools"})
    [found] = await graph.values(f"{categories}?$filter=displayName eq 'tools'")
    assert found["id"] == made["id"]
    [app, _, _] = await three(graph)
    address = f"https://graph.microsoft.com/beta/deviceAppManagement/mobileAppCategories/{made['id']}"
    for _ in range(2):
        await graph.call("POST", f"{APPS}/{app}/categories/$ref", {"@odata.id": address}, expect=204)
    shown = await graph.get(f"{APPS}/{app}/?$expand=categories,assignments")
    assert [each["displayName"] for each in shown["categories"]] == ["Tools"]
    assert shown["assignments"] == []
    await graph.call("PATCH", f"{categories}/{made['id']}", {"displayName": "Utilities"}, expect=200)
    assert [each["displayName"] for each in await graph.values(f"{APPS}/{app}/categories")] == ["Utilities"]
    await graph.call("DELETE", f"{APPS}/{app}/categories/{made['id']}/$ref", expect=204)
    await graph.call("DELETE", f"{APPS}/{app}/categories/{made['id']}/$ref", expect=404)
    await graph.call("POST", f"{APPS}/{app}/categories/$ref", {"@odata.id": address[:-12] + "0" * 12}, expect=404)
    await graph.post(categories, {"displayName": ""}, expect=400)
    await graph.call("DELETE", f"{categories}/{made['id']}", expect=200)
    assert await graph.values(categories) == []
