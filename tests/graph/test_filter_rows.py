"""The filters that clients send, asked of a tenant with one of everything (02 section 1.7)."""

import httpx
import pytest

from support.graph_client import Graph, mint, person
from taxiway import autopilot, directory, enrollment, management
from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.doors import Door
from taxiway.graph import http
from taxiway.graph.settings import GraphSettings

ADVANCED = {"ConsistencyLevel": "eventual"}
DEVICE_MANAGEMENT = "/beta/deviceManagement"
APPS = "/beta/deviceAppManagement/mobileApps"
RULE = '(device.devicePhysicalIds -any (_ -startsWith "[ZTDid]"))'
GUID = "5f0c6d1e-aaaa-4000-8000-2f6a3c1d9e01"


async def _seed(graph, rt, tenant):
    """Two of each kind, apart in what the filters ask for; name -> id."""
    names = {}

    def write(tx):
        for serial in ("X-1", "Y-2"):
            row = {"serial_number": serial, "manufacturer": "Contoso", "model": "Book"}
            names[serial] = autopilot.DEVICES.insert(tx, row)["id"]
        for name, state, month in (("PC-1", "compliant", 2), ("PC-2", "noncompliant", 1)):
            enrolled = rt.clock.now().replace(year=2026 if month == 2 else 2025)
            row = {"device_name": name, "compliance_state": state, "enrolled_at": enrolled, "serial_number": name}
            names[name] = enrollment.MANAGED.insert(tx, row)["id"]
        for number, tag in ((1, "Kiosk"), (2, "")):
            ids = directory.tagged_ids(f"ztd-{number}", tag)
            anchor = directory.create_anchor(tx, ztdid=f"ztd-{number}", physical_ids=ids, display_name=f"SN-{number}")
            names[f"anchor-{number}"] = anchor["id"]
        joined = directory.join_device(
            tx, display_name="Joined", os="Windows", os_version="10", trust_type="AzureAd", new_device_id=GUID
        )
        names["joined"] = joined["id"]
        for kind, name in (("win32LobApp", "Tool"), ("windowsMobileMSI", "Other")):
            values = {"kind": kind, "display_name": name, "is_assigned": kind == "win32LobApp"}
            names[name] = management.APPS.insert(tx, values)["id"]
        for family in ("endpointSecurityAntivirus", "none"):
            values = {"display_name": family, "kind": "deviceManagementConfigurationPolicy"}
            given = {"technologies": "mdm,microsoftSense", "template_reference": {"templateFamily": family}}
            if family != "none":
                values |= given
            names[family] = management.CONFIGURATION_POLICIES.insert(tx, values)["id"]

    await rt.store.write(tenant, write)
    for name, mail in (("xaver", "xaver@mail.x"), ("o'neil", "neil@mail.y")):
        user = await person(rt, tenant, name)
        names[name] = user["id"]
        await rt.store.write(tenant, lambda tx, u=user, m=mail: directory.update_user(tx, u["id"], {"mail": m}))
    for name, more in (("Xgroup", {}), ("Agroup", {}), ("Rule", {"rule": RULE, "kind": "dynamic_device"})):
        group = await rt.store.write(
            tenant,
            lambda tx, n=name, m=more: directory.create_group(tx, principal=SYSTEM_PRINCIPAL, display_name=n, **m),
        )
        names[name] = group["id"]
    reference = {"@odata.id": f"https://x/directoryObjects/{names['xaver']}"}
    await graph.call("POST", f"/v1.0/groups/{names['Agroup']}/members/$ref", reference, expect=204)
    return names


AUTOPILOT = f"{DEVICE_MANAGEMENT}/windowsAutopilotDeviceIdentities"
MANAGED = f"{DEVICE_MANAGEMENT}/managedDevices"
CATALOGUE = f"{DEVICE_MANAGEMENT}/configurationPolicies"
CAST = "microsoft.graph.managedApp/appAvailability"
YEAR = "activityDateTime gt 2026-01-01T00:00:00Z and activityDateTime le 2027-01-01T00:00:00Z"
#: Address, filter, and whom it leaves; ``None``: it is accepted, whoever that is.
ASKED = [
    (AUTOPILOT, "serialNumber eq 'x-1'", ["X-1"]),
    (AUTOPILOT, "contains(serialNumber,'X')", ["X-1"]),
    (AUTOPILOT, "startsWith(serialNumber, 'y')", ["Y-2"]),
    (AUTOPILOT, "NOT (serialNumber eq 'X-1')", ["Y-2"]),
    ("/v1.0/users", "startswith(displayName,'X')", ["xaver"]),
    ("/v1.0/users", "endsWith(mail,'.X')", ["xaver"]),
    ("/v1.0/users", "displayName eq 'O''neil'", ["o'neil"]),
    ("/v1.0/users", "displayname eq 'XAVER'", ["xaver"]),
    ("/v1.0/users", "userPrincipalName eq 'xaver@CONTOSO.example'", ["xaver"]),
    ("/v1.0/groups", "not(startswith(displayName,'A'))", ["Rule", "Xgroup"]),
    ("/v1.0/groups", "groupTypes/any(c:c eq 'DynamicMembership')", ["Rule"]),
    ("/v1.0/groups", "membershipRuleProcessingState eq 'on'", ["Rule"]),
    ("/v1.0/groups", "displayName in ('XGROUP', 'rule')", ["Rule", "Xgroup"]),
    ("/v1.0/groups", "members/$count ne 0", ["Agroup", "Rule"]),
    ("/v1.0/groups", "members/$count eq 0", ["Xgroup"]),
    ("/v1.0/groups", "owners/$count eq 0 and displayName eq 'Rule'", ["Rule"]),
    ("/v1.0/devices", f"deviceId eq '{GUID}'", ["joined"]),
    ("/v1.0/devices", f"deviceID eq '{GUID.upper()}'", ["joined"]),
    ("/v1.0/devices", f"deviceId eq {GUID}", ["joined"]),
    ("/v1.0/devices", "physicalIds/any(p:startswith(p,'[ZTDId]'))", ["anchor-1", "anchor-2"]),
    ("/v1.0/devices", "physicalIds/any(p:p eq '[OrderID]:Kiosk')", ["anchor-1"]),
    ("/v1.0/devices", "physicalIds/any(p:startswith(p,'[OrderID]'))", ["anchor-1"]),
    ("/v1.0/devices", "physicalIds/any(p:contains(p,'kiosk'))", ["anchor-1"]),
    (MANAGED, "operatingSystem eq 'windows' and complianceState eq 'Compliant'", ["PC-1"]),
    (MANAGED, "enrolledDateTime gt 2026-01-01T00:00:00Z", ["PC-1"]),
    (APPS, "isof('microsoft.graph.win32LobApp')", ["Tool"]),
    (APPS, "(isof('microsoft.graph.win32LobApp'))", ["Tool"]),
    (APPS, "isAssigned eq true", ["Tool"]),
    (APPS, "NOT (isAssigned eq true)", ["Other"]),
    (APPS, f"({CAST}) eq null or ({CAST}) eq 'lineOfBusiness' or isAssigned eq true", ["Other", "Tool"]),
    (APPS, f"({CAST} eq null or {CAST} eq 'lineOfBusiness' or isAssigned eq true)", ["Other", "Tool"]),
    (APPS, " or ".join(["isof('microsoft.graph.win32LobApp')", *["isof('microsoft.graph.iosVppApp')"] * 7]), ["Tool"]),
    (CATALOGUE, "templateReference/templateFamily eq 'endpointSecurityAntivirus'", ["endpointSecurityAntivirus"]),
    (CATALOGUE, "templateReference/templateFamily eq 'none'", ["none"]),
    (CATALOGUE, "technologies has 'MicrosoftSense'", ["endpointSecurityAntivirus"]),
    (CATALOGUE, "technologies has 'mdm'", ["endpointSecurityAntivirus", "none"]),
    (CATALOGUE, "platforms eq 'windows10' and technologies eq 'mdm'", ["none"]),
    (f"{DEVICE_MANAGEMENT}/roleScopeTags", "isBuiltIn eq false", []),
    (f"{DEVICE_MANAGEMENT}/auditEvents", f"{YEAR} and activityOperationType ne 'Get'", None),
    (f"{DEVICE_MANAGEMENT}/auditEvents", f"resources/any(s:s/resourceId eq '{GUID}')", None),
    ("/v1.0/servicePrincipals", f"appId eq '{GUID}'", []),
    ("/v1.0/applications", f"appId eq '{GUID}'", []),
]


async def test_every_form_of_the_corpus_leaves_the_right_rows(graph, rt, tenant):
    """Compiled to SQL, on both databases, with names in any case and texts compared without regard to case."""
    names = await _seed(graph, rt, tenant)
    by_id = {value: key for key, value in names.items()}
    for address, text, expected in ASKED:
        answer = await graph.client.get(
            address,
            params={"$filter": text, "$count": "true"},
            headers={"authorization": f"Bearer {graph.token}", **ADVANCED},
        )
        assert answer.status_code == 200, (text, answer.text)
        found = sorted(by_id.get(one["id"], one["id"]) for one in answer.json()["value"])
        assert expected is None or found == sorted(expected), (address, text)
    for text, expected in ((f"id eq '{names['Xgroup'].upper()}'", 1), (f"id in ('a','{names['Rule']}')", 1)):
        assert len(await graph.values(f"/v1.0/groups?$filter={text}")) == expected
    relationships = f"{APPS}/{names['Tool']}/relationships"
    assert (
        await graph.values(f"{relationships}?$filter=targetType eq microsoft.graph.mobileAppRelationshipType'child'")
        == []
    )


@pytest.mark.parametrize(
    ("address", "text"),
    [
        ("/v1.0/groups", "members/$count eq 3"),
        ("/v1.0/groups", "members/any(m:m/id eq 'x')"),
        (CATALOGUE, "technologies gt 'mdm'"),
        (CATALOGUE, "description eq 'x'"),
        ("/v1.0/devices", "physicalIds/all(p:p eq 'x')"),
        (MANAGED, "operatingSystem has 'x'"),
    ],
)
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_what_cannot_be_asked_is_a_named_400(graph, address, text):
    """No filter is dropped in silence, and none is answered by looking through rows in Python."""
    answer = await graph.client.get(
        address,
        params={"$filter": text, "$count": "true"},
        headers={"authorization": f"Bearer {graph.token}", **ADVANCED},
    )
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] in ("BadRequest", "Request_BadRequest")


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_the_quirks_of_intune_are_there_when_asked_for(rt, tenant, graph):
    """One switch refuses what the real service refuses, and drops the filter that it drops; off, nothing of it."""
    for path in (f"{AUTOPILOT}?$filter=serialNumber eq 'X'", f"{AUTOPILOT}?$select=serialNumber"):
        await graph.get(path)
    await graph.get(f"{MANAGED}?$filter=imei eq 'x'", expect=400)
    admin = await person(rt, tenant, "other", directory.GLOBAL_ADMINISTRATOR)
    door = Door(http.routes(rt, GraphSettings(strict_intune_quirks=True)), rt.entropy)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(door), base_url="https://localhost:8443") as client:
        strict = Graph(rt, client, await mint(rt, tenant, admin["id"]))
        await strict.get(f"{AUTOPILOT}?$filter=serialNumber eq 'X'", expect=400)
        await strict.get(f"{AUTOPILOT}?$filter=contains(serialNumber,'X')")
        assert (await strict.get(f"{AUTOPILOT}?$select=id", expect=500))["error"]["code"] == "InternalServerError"
        assert await strict.values(f"{MANAGED}?$filter=imei eq 'x'") == []


async def test_a_list_is_searched_by_its_items_and_not_by_what_quotes_make_of_them(graph, rt, tenant):
    """An item that holds a quotation mark is not found by what stands behind the mark."""

    def write(tx):
        ids = ['[A]:one"[B]:two', "plain"]
        return directory.create_anchor(tx, ztdid="ztd-9", physical_ids=ids, display_name="SN-9")["id"]

    made = await rt.store.write(tenant, write)
    for body, there in (
        ("p:p eq '[B]:two'", False),
        ("p:startswith(p,'[B]')", False),
        ("p:p eq '[A]:one\"[B]:two'", True),
        ("p:startswith(p,'[A]:one\"')", True),
        ("p:p eq 'plain'", True),
    ):
        found = await graph.values(f"/v1.0/devices?$filter=physicalIds/any({body})")
        assert [one["id"] for one in found] == ([made] if there else []), body
