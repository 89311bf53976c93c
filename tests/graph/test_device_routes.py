"""Routes around devices that tools call now and then: identifiers, categories, counts, actions (02 sections 3.5, 7)."""

import pytest

from graph.test_autopilot import DEVICES as IDENTITIES
from graph.test_autopilot import PROFILE, PROFILES, group_of_autopilot_devices, registered, target
from graph.test_intune import a_group
from support.graph_client import Graph, mint, person
from taxiway import directory, enrollment, management
from taxiway.management.compliance import policies
from taxiway.management.compliance.evaluation import Verdict
from taxiway.management.session import runs, statuses
from taxiway.store import entries

MANAGED = "/beta/deviceManagement/managedDevices"
IDENTIFIERS = "/beta/deviceManagement/importedDeviceIdentities"
CATEGORIES = "/v1.0/deviceManagement/deviceCategories"


@pytest.fixture
async def managed(rt, tenant):
    """A personal managed device with its directory object; its id."""

    def write(tx):
        device = directory.join_device(tx, display_name="PC-1", os="Windows", os_version="1", trust_type="Workplace")
        values = {"device_name": "PC-1", "azure_ad_device_id": device["device_id"], "model": "Falcon 1"}
        values |= {"manufacturer": "Contoso, Ltd.", "enrolled_at": tx.now, "last_sync_at": tx.now}
        return enrollment.MANAGED.insert(tx, {**values, "ownership": "personal", "owner_type": "personal"})["id"]

    return await rt.store.write(tenant, write)


def tell(rt, tenant, managed_id, **facts):
    return rt.store.write(tenant, lambda tx: enrollment.update_inventory(tx, managed_id, facts))


async def test_identifiers_are_imported_found_and_forgotten(graph):
    """Three components are upper case and without punctuation; one that is known stays unless overwritten."""
    one = {"importedDeviceIdentityType": "manufacturerModelSerial", "description": "lot 1"}
    one |= {"importedDeviceIdentifier": "Contoso Ltd.,Falcon-1,sn 7"}
    two = {"importedDeviceIdentityType": "serialNumber", "importedDeviceIdentifier": "SN-8", "platform": "windows"}
    body = {"overwriteImportedDeviceIdentities": False, "importedDeviceIdentities": [one, two]}
    made = await graph.post(f"{IDENTIFIERS}/importDeviceIdentityList", body, expect=200)
    assert made["@odata.context"].endswith("#Collection(microsoft.graph.importedDeviceIdentityResult)")
    assert [(each["importedDeviceIdentifier"], each["status"]) for each in made["value"]] == [
        ("CONTOSOLTD,FALCON1,SN7", True),
        ("SN-8", True),
    ]
    assert made["value"][0]["lastContactedDateTime"] == "0001-01-01T00:00:00Z"
    body["importedDeviceIdentities"] = [{**one, "description": "lot 2"}]
    again = await graph.post(f"{IDENTIFIERS}/importDeviceIdentityList", body, expect=200)
    assert [(each["status"], each["description"]) for each in again["value"]] == [(False, "lot 1")]
    body["overwriteImportedDeviceIdentities"] = "True"
    again = await graph.post(f"{IDENTIFIERS}/importDeviceIdentityList", body, expect=200)
    assert [(each["status"], each["description"]) for each in again["value"]] == [(True, "lot 2")]
    sought = {"importedDeviceIdentities": [{**one, "importedDeviceIdentifier": "CONTOSO LTD,Falcon 1,SN7"}, two]}
    found = await graph.post(f"{IDENTIFIERS}/searchExistingIdentities", sought, expect=200)
    assert [each["id"] for each in found["value"]] == [each["id"] for each in made["value"]]
    [listed] = await graph.values(f"{IDENTIFIERS}?$top=100&$filter=contains(importedDeviceIdentifier,'falcon1')")
    path = f"{IDENTIFIERS}/{listed['id']}"
    assert "key" not in listed
    await graph.call("PATCH", path, {"description": "lot 3", "importedDeviceIdentifier": "x"})
    assert (await graph.get(path))["description"] == "lot 3"
    await graph.call("DELETE", path)
    await graph.get(path, expect=404)
    await graph.get(IDENTIFIERS.replace("beta", "v1.0"), expect=404)
    for wrong in ("Contoso,Falcon", "a,b,", "", None):
        bad = {"importedDeviceIdentities": [two, {**one, "importedDeviceIdentifier": wrong}]}
        await graph.post(f"{IDENTIFIERS}/importDeviceIdentityList", bad, expect=400)
    assert len(await graph.values(IDENTIFIERS)) == 1
    assert (await graph.get("/beta/deviceManagement/tenantAssociatedDevices?$top=25"))["value"] == []


@pytest.mark.parametrize(
    ("kind", "identifier"), [("serialNumber", "sn-7"), ("manufacturerModelSerial", "CONTOSO LTD,FALCON1,SN7")]
)
async def test_hardware_of_an_identifier_is_the_companys(graph, rt, tenant, managed, kind, identifier):
    """Once the device tells its serial number it is company-owned, here and in the directory, and the log says why."""
    body = {"importedDeviceIdentityType": kind, "importedDeviceIdentifier": identifier}
    made = await graph.post(IDENTIFIERS, body)
    assert made["enrollmentState"] == "notContacted"
    await tell(rt, tenant, managed, serial_number="other")
    assert (await graph.get(f"{MANAGED}/{managed}"))["managedDeviceOwnerType"] == "personal"
    await tell(rt, tenant, managed, serial_number="SN-7" if kind == "serialNumber" else "SN7")
    device = await graph.get(f"{MANAGED}/{managed}")
    assert (device["managedDeviceOwnerType"], device["ownerType"]) == ("company", "company")
    [entra] = await graph.values(f"/v1.0/devices?$filter=deviceId eq '{device['azureADDeviceId']}'")
    assert entra["deviceOwnership"] == "Company"
    assert (await graph.get(f"{IDENTIFIERS}/{made['id']}"))["enrollmentState"] == "enrolled"
    logged = await rt.store.read(tenant, lambda tx: entries(tx, subject=f"device:{managed}"))
    [entry] = [one for one in logged if one.kind == "managed_device.ownership"]
    assert [reason["code"] for reason in entry.why] == ["ownership.identifier"]


async def test_a_category_names_its_devices_and_moves_them_between_groups(graph, managed):
    """The directory's object bears the name too, so a rule of a group may ask for it; a new name reaches both."""
    rule = {"displayName": "Kiosks", "mailEnabled": False, "mailNickname": "k", "securityEnabled": True}
    rule |= {"groupTypes": ["DynamicMembership"], "membershipRuleProcessingState": "On"}
    group = await graph.post("/v1.0/groups", {**rule, "membershipRule": '(device.deviceCategory -eq "Kiosk")'})
    made = await graph.post(CATEGORIES, {"displayName": "Kiosk", "description": "No user"})
    await graph.post(CATEGORIES, {"displayName": "Kiosk"}, expect=400)
    path = f"{MANAGED}/{managed}/deviceCategory"
    await graph.get(path, expect=404)
    address = f"https://graph.microsoft.com{CATEGORIES}/{made['id']}"
    await graph.call("PUT", f"{path}/$ref", {"@odata.id": address}, expect=204)
    assert (await graph.get(path))["displayName"] == "Kiosk"
    [device] = await graph.values(f"{MANAGED}?$filter=deviceCategoryDisplayName eq 'Kiosk'")
    assert device["id"] == managed
    assert len(await graph.values(f"/v1.0/groups/{group['id']}/members")) == 1
    await graph.call("PATCH", f"{CATEGORIES}/{made['id']}", {"displayName": "Stand"})
    assert (await graph.get(f"{MANAGED}/{managed}"))["deviceCategoryDisplayName"] == "Stand"
    assert await graph.values(f"/v1.0/groups/{group['id']}/members") == []
    await graph.call("DELETE", f"{CATEGORIES}/{made['id']}")
    assert (await graph.get(f"{MANAGED}/{managed}"))["deviceCategoryDisplayName"] == "Unknown"
    await graph.get(path, expect=404)


async def test_a_primary_user_is_set_and_taken_away(graph, rt, tenant, managed):
    """By the address of the user, whatever host it names."""
    ada = await person(rt, tenant, "ada")
    path = f"{MANAGED}/{managed}/users"
    address = f"https://elsewhere.example/beta/users/{ada['id']}"
    await graph.call("POST", f"{path}/$ref", {"@odata.id": address}, expect=204)
    assert [user["id"] for user in await graph.values(path)] == [ada["id"]]
    assert (await graph.get(f"{MANAGED}/{managed}"))["userPrincipalName"] == ada["user_principal_name"]
    await graph.call("DELETE", f"{path}/$ref", expect=204)
    assert await graph.values(path) == []
    eve = Graph(rt, graph.client, await mint(rt, tenant, ada["id"]))
    await eve.call("POST", f"{path}/$ref", {"@odata.id": address}, expect=403)


async def test_the_overview_counts_and_names_what_is_there(graph, managed):
    """Every device is a PC under MDM; beta adds makers and models; none is co-managed."""
    path = "deviceManagement/managedDeviceOverview"
    found = await graph.get(f"/v1.0/{path}")
    assert (found["enrolledDeviceCount"], found["deviceOperatingSystemSummary"]["windowsCount"]) == (1, 1)
    assert "managedDeviceModelsAndManufacturers" not in found
    makes = (await graph.get(f"/beta/{path}"))["managedDeviceModelsAndManufacturers"]
    assert makes == {"deviceModels": ["Falcon 1"], "deviceManufacturers": ["Contoso, Ltd."]}
    assert await graph.values("/beta/deviceManagement/comanagedDevices") == []


async def test_a_device_tells_its_apps_and_its_protection(graph, rt, tenant, managed):
    """Installed apps, and what the antivirus says; nothing is made up before the device has reported."""
    path = f"{MANAGED}/{managed}"
    assert (await graph.get(f"{path}/windowsProtectionState"))["malwareProtectionEnabled"] is None
    assert await graph.values(f"{path}/deviceHealthScriptStates") == []
    antivirus = "./Device/Vendor/MSFT/DeviceStatus/Antivirus"

    def write(tx):
        for app, state in (("a", "installed"), ("b", "pendingInstall")):
            values = {"kind": "windowsMobileMSI", "display_name": app.upper(), "product_version": "1.0"}
            management.APPS.insert(tx, {"id": app, **values})
            key = (management.APPS.entity.name, app)
            statuses.write(tx, managed, key, state, {"name": app.upper(), "version": "1.0"}, fresh=True)
        facts = {f"{antivirus}/Status": "0", f"{antivirus}/SignatureStatus": "0"}
        runs.save(tx, runs.Run(managed, "none", facts=facts))

    await rt.store.write(tenant, write)
    [app] = await graph.values(f"{path}/detectedApps")
    assert (app["displayName"], app["version"], app["deviceCount"]) == ("A", "1.0", 1)
    everywhere = "/v1.0/deviceManagement/detectedApps"
    assert await graph.values(everywhere) == [app]
    assert (await graph.get(f"{everywhere}/a"))["displayName"] == "A"
    assert [one["id"] for one in await graph.values(f"{everywhere}/a/managedDevices")] == [managed]
    assert await graph.values(f"{everywhere}/b/managedDevices") == []
    await graph.get(f"{everywhere}/b", expect=404)
    state = await graph.get(f"{path}/windowsProtectionState")
    assert (state["malwareProtectionEnabled"], state["signatureUpdateOverdue"]) == (True, True)
    assert state["lastQuickScanDateTime"] is None


async def test_actions_of_defender_are_ordered_and_those_of_other_platforms_refused(graph, managed):
    """A scan is quick or full by its name on record; what Windows does not know is 400, and notSupported in bulk."""
    path = f"{MANAGED}/{managed}"
    await graph.call("POST", f"{path}/windowsDefenderScan", {"quickScan": True}, expect=204)
    await graph.call("POST", f"{path}/windowsDefenderScan", {"quickScan": "false"}, expect=204)
    await graph.call("POST", f"{path}/windowsDefenderUpdateSignatures", expect=204)
    await graph.call("POST", f"{path}/pauseConfigurationRefresh", {"pauseTimePeriodInMinutes": 60}, expect=204)
    await graph.call("POST", f"{path}/pauseConfigurationRefresh", {"pauseTimePeriodInMinutes": 1441}, expect=400)
    names = {one["actionName"] for one in (await graph.get(path))["deviceActionResults"]}
    assert names == {"quickScan", "fullScan", "windowsDefenderUpdateSignatures", "pauseConfigurationRefresh"}
    for foreign in ("remoteLock", "shutDown", "resetPasscode", "bypassActivationLock"):
        answer = await graph.call("POST", f"{path}/{foreign}", expect=400)
        assert "not supported for a Windows PC" in answer.json()["error"]["message"]
        await graph.call("POST", f"{MANAGED}/nothing/{foreign}", expect=404)
    bulk = {"actionName": "deprovision", "deviceIds": [managed, "nothing"]}
    done = await graph.post(f"{MANAGED}/executeAction", bulk, expect=200)
    assert (done["notSupportedDeviceIds"], done["notFoundDeviceIds"]) == ([managed], ["nothing"])
    bulk = {"actionName": "signatureUpdate", "deviceIds": [managed]}
    assert (await graph.post(f"{MANAGED}/executeAction", bulk, expect=200))["successfulDeviceIds"] == [managed]


async def test_a_device_is_registered_by_what_its_label_says(graph):
    """As Terraform does; serial number alone names no hardware, and the refusal leaves no import behind."""
    body = {"serialNumber": "SN-44", "manufacturer": "Contoso", "model": "Falcon", "groupTag": "T", "displayName": "X1"}
    made = await graph.post(IDENTITIES, body)
    assert (made["serialNumber"], made["groupTag"], made["displayName"]) == ("SN-44", "T", "X1")
    assert (await graph.get(f"{IDENTITIES}/{made['id']}"))["model"] == "Falcon"
    answer = await graph.call("POST", IDENTITIES, {"serialNumber": "SN-45", "groupTag": "T"}, expect=400)
    assert "was not registered" in answer.json()["error"]["message"]
    assert await graph.values("/beta/deviceManagement/importedWindowsAutopilotDeviceIdentities") == []
    wanted = {"serialNumbers": ["sn-44", "SN-45"]}
    found = (await graph.post(f"{IDENTITIES}/deleteDevices", wanted, expect=200))["value"]
    assert [each["deletionState"] for each in found] == ["accepted", "failed"]
    await graph.get(f"{IDENTITIES}/{made['id']}", expect=404)


async def test_a_registered_device_is_a_rooms_and_may_enroll_again(graph, rt, tenant):
    """The room's account and name come and go together; the next enrollment is allowed on record."""
    await person(rt, tenant, "room")
    device = f"{IDENTITIES}/{await registered(graph)}"
    room = {"userPrincipalName": "room@contoso.example", "addressableUserName": "Room 1", "resourceAccountName": "R1"}
    await graph.call("POST", f"{device}/assignResourceAccountToDevice", room, expect=204)
    shown = await graph.get(device)
    assert (shown["userPrincipalName"], shown["resourceName"]) == ("room@contoso.example", "R1")
    await graph.call("POST", f"{device}/unassignResourceAccountFromDevice", expect=204)
    shown = await graph.get(device)
    assert (shown["userPrincipalName"], shown["resourceName"]) == ("", "")
    await graph.call("POST", f"{device}/assignResourceAccountToDevice", {"userPrincipalName": "no@no"}, expect=400)
    await graph.call("POST", f"{device}/allowNextEnrollment", expect=204)
    assert (await graph.get(device))["userlessEnrollmentStatus"] == "allowed"


async def test_devices_and_assignments_are_found_below_the_profile(graph):
    """A device below the profile it carries, with its actions; the profile's lists below the device."""
    group = await group_of_autopilot_devices(graph)
    ztdid = await registered(graph)
    profile = (await graph.post(PROFILES, PROFILE))["id"]
    other = (await graph.post(PROFILES, {**PROFILE, "displayName": "Other"}))["id"]
    await graph.post(f"{PROFILES}/{profile}/assignments", target(group))
    below = f"{PROFILES}/{profile}/assignedDevices/{ztdid}"
    assert (await graph.get(below))["serialNumber"] == "SN-1"
    await graph.call("POST", f"{below}/updateDeviceProperties", raw=b'{ groupTag: "B", }', expect=204)
    assert (await graph.get(f"{IDENTITIES}/{ztdid}"))["groupTag"] == "B"
    await graph.get(f"{PROFILES}/{other}/assignedDevices/{ztdid}", expect=404)
    of_device = f"{IDENTITIES}/{ztdid}/intendedDeploymentProfile"
    assert [each["target"]["groupId"] for each in await graph.values(f"{of_device}/assignments")] == [group]
    assert [each["id"] for each in await graph.values(f"{of_device}/assignedDevices")] == [ztdid]
    asked = {"payloadIds": [profile, other, "nothing"]}
    links = (await graph.post(f"{PROFILES}/hasPayloadLinks", asked, expect=200))["value"]
    assert [(each["hasLink"], each["sources"]) for each in links] == [(True, ["direct"]), (False, []), (False, [])]
    assert links[2]["error"]


async def test_an_assignment_is_changed_in_place(graph):
    """Intent and target by themselves; the others stay."""
    path = "/beta/deviceAppManagement/mobileApps"
    app = {"@odata.type": "#microsoft.graph.windowsMobileMSI", "displayName": "A", "fileName": "a.msi"}
    app |= {"productCode": "{00000000-0000-4000-8000-000000000001}", "productVersion": "1.0", "commandLine": ""}
    made = await graph.post(path, app)
    first, second = await a_group(graph), await a_group(graph)
    at = f"{path}/{made['id']}/assignments"
    for group in (first, second):
        await graph.post(at, {**target(group), "intent": "available"})
    one = next(each for each in await graph.values(at) if each["target"]["groupId"] == first)
    changed = await graph.call("PATCH", f"{at}/{one['id']}", {"intent": "required"})
    assert (changed.json()["intent"], changed.json()["target"]["groupId"]) == ("required", first)
    assert sorted(each["intent"] for each in await graph.values(at)) == ["available", "required"]
    await graph.call("PATCH", f"{at}/nothing", {"intent": "required"}, expect=404)
    await graph.call("PATCH", f"{at}/{one['id']}", target(second))
    assert {each["target"]["groupId"] for each in await graph.values(at)} == {second}


async def test_what_was_done_stands_in_the_audit(graph, managed):
    """A category made and given, an identifier imported: each by the name of its type."""
    made = await graph.post(CATEGORIES, {"displayName": "Kiosk"})
    address = f"https://graph.microsoft.com{CATEGORIES}/{made['id']}"
    await graph.call("PUT", f"{MANAGED}/{managed}/deviceCategory/$ref", {"@odata.id": address}, expect=204)
    body = {"importedDeviceIdentityType": "serialNumber", "importedDeviceIdentifier": "SN-10"}
    await graph.post(IDENTIFIERS, body)
    events = await graph.values("/v1.0/deviceManagement/auditEvents")
    assert {"Create DeviceCategory", "Action ManagedDevice", "Create ImportedDeviceIdentity"} <= {
        event["activityType"] for event in events
    }


async def test_an_identifier_finds_the_devices_that_are_there_already(graph, rt, tenant, managed):
    """Imported after the enrollment, it makes the device the company's at once."""
    await tell(rt, tenant, managed, serial_number="SN-9")
    body = {"importedDeviceIdentityType": "serialNumber", "importedDeviceIdentifier": "sn-9"}
    made = await graph.call("POST", IDENTIFIERS, body, expect=201)
    assert made.json()["enrollmentState"] == "enrolled"
    assert made.headers["location"].endswith(f"/importedDeviceIdentities/{made.json()['id']}")
    assert (await graph.get(f"{MANAGED}/{managed}"))["managedDeviceOwnerType"] == "company"


async def test_a_device_is_said_to_be_not_compliant(graph, rt, tenant, managed):
    """At once in both directories, with the reason on record; no later verdict undoes it until it is lifted."""

    def enrol(tx):
        enrollment.ENROLLMENTS.insert(tx, {"id": managed})

    def judged(tx):
        policies.write_verdict(tx, enrollment.MANAGED.require(tx, managed), None, Verdict("compliant", (), ()))

    await rt.store.write(tenant, enrol)
    await rt.store.write(tenant, judged)
    path = f"{MANAGED}/{managed}"
    await graph.call("POST", f"{path}/overrideComplianceState", {"complianceState": "nonCompliant"}, expect=204)
    shown = await graph.get(path)
    assert shown["complianceState"] == "noncompliant"
    [entra] = await graph.values(f"/v1.0/devices?$filter=deviceId eq '{shown['azureADDeviceId']}'")
    assert entra["isCompliant"] is False
    await rt.store.write(tenant, judged)
    assert (await graph.get(path))["complianceState"] == "noncompliant"
    summary = await graph.get("/v1.0/deviceManagement/deviceCompliancePolicyDeviceStateSummary")
    assert (summary["nonCompliantDeviceCount"], summary["inGracePeriodCount"]) == (1, 0)
    lifted = {"complianceState": "basedOnDeviceComplianceState"}
    await graph.call("POST", f"{path}/overrideComplianceState", lifted, expect=204)
    await rt.store.write(tenant, judged)
    assert (await graph.get(path))["complianceState"] == "compliant"
    await graph.call("POST", f"{path}/overrideComplianceState", {"complianceState": "compliant"}, expect=400)
    logged = await rt.store.read(tenant, lambda tx: entries(tx, subject=f"device:{managed}"))
    reasons = [entry.why for entry in logged if entry.kind == "compliance.changed"]
    assert reasons[-2][0]["code"] == "compliance.overridden"


async def test_states_on_a_device_are_read_one_by_one(graph, rt, tenant, managed):
    """A policy by its id, and its settings, filtered by the device's user as reports do."""

    def write(tx):
        rules = [{"setting": "secure_boot_enabled", "state": "noncompliant", "text": "Secure Boot is off."}]
        key = (management.COMPLIANCE_POLICIES.entity.name, "p1")
        statuses.write(tx, managed, key, "noncompliant", {"name": "Ours", "rules": rules}, fresh=True)

    await rt.store.write(tenant, write)
    path = f"{MANAGED}/{managed}/deviceCompliancePolicyStates"
    assert (await graph.get(f"{path}/p1"))["state"] == "nonCompliant"
    [setting] = await graph.values(f"{path}/p1/settingStates?$filter=(userId eq 'x')")
    assert (setting["setting"], setting["state"]) == ("secure_boot_enabled", "nonCompliant")
    await graph.get(f"{path}/p2", expect=404)


async def test_the_apps_of_a_user_are_told_of_the_users_own_devices(graph, rt, tenant, managed):
    """Another's device, one that is not there, a user who is not: 404, and nothing of the device's apps."""
    me = (await graph.get("/v1.0/me"))["id"]
    path = "/beta/users/{}/mobileAppIntentAndStates/{}"
    await graph.get(path.format(me, managed), expect=404)
    await graph.post(f"{MANAGED}/{managed}/users/$ref", {"@odata.id": f"x/users/{me}"}, expect=204)
    assert (await graph.get(path.format(me, managed)))["mobileAppList"] == []
    await graph.get(path.format("nobody", managed), expect=404)
    await graph.get(path.format(me, "none"), expect=404)


async def test_what_is_not_in_a_list_is_not_found_below_its_address(graph, managed):
    """A PC that no Configuration Manager manages is none of the co-managed devices."""
    await graph.get(f"/beta/deviceManagement/comanagedDevices/{managed}", expect=404)
