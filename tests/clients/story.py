"""One rollout, made by the requests of clients that cannot run here; each step is made once, for all tests.

A device is registered as WindowsAutopilotInfo does it, its app is uploaded as IntuneWin32App does it, and a PC deploys.
"""

from __future__ import annotations

import base64
import json
import ssl
import subprocess
import sys
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import quote

from clients.tenant import PASSWORD, upn
from clients.wire import GRAPH, JSON, LOGIN, PowerShell
from clients.world import ADMIN_PASSWORD, World
from taxiway.kernel import SystemEntropy
from taxiway.rehearsal.content import made_up_package
from taxiway.wire.app_content import encrypt_content
from taxiway.wire.registration_csv import read_all

#: Applications of Microsoft that these clients sign in as.
GRAPH_POWERSHELL, INTUNE_POWERSHELL = "14d82eec-204b-4c2f-b7e8-296a70dab67e", "d1ddf0e4-d672-4dae-b554-9d5bdfd93547"
MDM = "0000000a-0000-0000-c000-000000000000"
PERSON, TOOL = "rita", "Contoso Tool"
IDENTITIES = "beta/deviceManagement/windowsAutopilotDeviceIdentities"
IMPORTED = "beta/deviceManagement/importedWindowsAutopilotDeviceIdentities"
PROFILES = "beta/deviceManagement/windowsAutopilotDeploymentProfiles"
PAGES = "beta/deviceManagement/deviceEnrollmentConfigurations"
NEVER = "0001-01-01T00:00:00Z"


@dataclass(slots=True)
class Hardware:
    """A PC's folder, and its row."""

    folder: str
    serial: str
    hash: str


@dataclass
class Story:
    """What has happened so far, as properties: the first to ask makes it happen."""

    world: World
    _sent: dict[str, bytes] = field(default_factory=dict)

    # ------------------------------------------------------------------------------------------ signing in

    def client(self, *headers: str) -> PowerShell:
        """Somebody who sends requests."""
        context = ssl.create_default_context(cafile=str(self.world.ca))
        return PowerShell(self.world.proxy, context, headers)

    def signed_in(self, token: str, *headers: str) -> PowerShell:
        """The same with a token."""
        return self.client(f"Authorization: Bearer {token}", *headers)

    @cached_property
    def connected(self) -> PowerShell:
        """Connect-MgGraph, whose requests are those of the Graph SDK for PowerShell."""
        form = f"client_id={GRAPH_POWERSHELL}&grant_type=password&scope={quote(GRAPH + '/.default', safe='')}"
        return self.signed_in(
            self._token("organizations/oauth2/v2.0/token", form), "SdkVersion: Graph-powershell/2.25.0"
        )

    @cached_property
    def adal(self) -> PowerShell:
        """ADAL of the old samples: version 1 of the endpoint, and a resource."""
        form = f"client_id={INTUNE_POWERSHELL}&grant_type=password&resource={quote(GRAPH, safe='')}"
        return self.signed_in(self._token("common/oauth2/token", form), "Content-Type: application/json")

    def _token(self, path: str, form: str) -> str:
        who = f"&username={quote(upn('admin'))}&password={quote(ADMIN_PASSWORD)}"
        reply = self.client().send(
            "POST", f"{LOGIN}/{path}", form + who, "Content-Type: application/x-www-form-urlencoded"
        )
        return reply.json["access_token"]

    # ------------------------------------------------------------------------------------------ the tenant

    @cached_property
    def person(self) -> str:
        """Who gets the PC, in the MDM user scope; the user's id."""
        world = self.world
        user = {"accountEnabled": True, "displayName": "Rita", "mailNickname": PERSON, "userPrincipalName": upn(PERSON)}
        user |= {"usageLocation": "DE"}
        user |= {"passwordProfile": {"password": PASSWORD, "forceChangePasswordNextSignIn": False}}
        made = world.graph("POST", "/v1.0/users", user)["id"]
        sku = world.graph("GET", "/v1.0/subscribedSkus")["value"][0]["skuId"]
        world.graph(
            "POST", f"/v1.0/users/{made}/assignLicense", {"addLicenses": [{"skuId": sku}], "removeLicenses": []}
        )
        group = self.group("Rollout people")
        world.graph("POST", f"/v1.0/groups/{group}/members/$ref", {"@odata.id": f"{GRAPH}/v1.0/users/{made}"})
        scope = f"/beta/policies/mobileDeviceManagementPolicies/{MDM}/includedGroups/$ref"
        world.graph("POST", scope, {"@odata.id": f"{GRAPH}/beta/groups/{group}"})
        return made

    def group(self, name: str) -> str:
        """A new security group; its id."""
        body = {"displayName": name, "mailEnabled": False, "mailNickname": "g", "securityEnabled": True}
        return self.world.graph("POST", "/v1.0/groups", body)["id"]

    @cached_property
    def devices(self) -> str:
        """The group that devices are added to when they are registered."""
        return self.group("Rollout devices")

    def hardware(self, name: str) -> Hardware:
        """A sealed PC in the world's folder."""
        folder = self.world.folder / name
        self._taxiway("device", "new", str(folder))
        [row] = read_all((folder / "AutopilotHWID.csv").read_bytes()).rows
        return Hardware(str(folder), row.serial, row.hardware_hash)

    # ------------------------------------------------------------------------------------------ registration

    def register(self, sealed: Hardware, tag: str = "") -> dict[str, Any]:
        """``Get-WindowsAutopilotInfo -Online``: import, wait, look; the device identity."""
        client = self.connected
        body = (
            '{\r\n    "@odata.type": "#microsoft.graph.importedWindowsAutopilotDeviceIdentity",\r\n'
            f'    "groupTag": "{tag}",\r\n    "serialNumber": "{sealed.serial}",\r\n    "productKey": "",\r\n'
            f'    "hardwareIdentifier": "{sealed.hash}",\r\n    "assignedUserPrincipalName": "",\r\n    "state": {{\r\n'
            '        "@odata.type": "microsoft.graph.importedWindowsAutopilotDeviceIdentityState",\r\n'
            '        "deviceImportStatus": "pending",\r\n        "deviceRegistrationId": "",\r\n'
            '        "deviceErrorCode": 0,\r\n        "deviceErrorName": ""\r\n    }\r\n}'
        )
        made = client.graph("POST", IMPORTED, body, *JSON, expect=201).json
        assert made["id"]
        [mine] = [one for one in client.values(IMPORTED) if one["serialNumber"] == sealed.serial]
        assert mine["state"]["deviceImportStatus"] == "complete", mine
        found = client.graph("GET", f"{IDENTITIES}/{mine['state']['deviceRegistrationId']}").json
        assert found["serialNumber"] == sealed.serial
        return {**found, "import": made["id"]}

    @cached_property
    def pc(self) -> Hardware:
        """The PC of this story."""
        return self.hardware("pc")

    def new_profile(self, name: str) -> str:
        """``New-AutopilotProfile``: the old half of each pair of names; the profile's address."""
        old = {"hidePrivacySettings": True, "hideEULA": True, "userType": "standard", "deviceUsageType": "singleUser"}
        body = {
            "@odata.type": "#microsoft.graph.azureADWindowsAutopilotDeploymentProfile",
            "displayName": name,
            "description": "",
            "language": "os-default",
            "extractHardwareHash": False,
            "deviceNameTemplate": "",
            "deviceType": "windowsPc",
            "enableWhiteGlove": False,
            "outOfBoxExperienceSettings": {**old, "skipKeyboardSelectionPage": True, "hideEscapeLink": True},
        }
        made = self.connected.graph("POST", PROFILES, json.dumps(body, indent=4), *JSON, expect=201).json
        return f"{PROFILES}/{made['id']}"

    def assign_profile(self, profile: str, group: str) -> str:
        """``Set-AutopilotProfileAssignedGroup``: under an id that the client makes up; that id."""
        name = f"{profile.rpartition('/')[2]}_{group}_0"
        target = {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": group}
        body = json.dumps({"id": name, "target": target}, indent=4)
        self.connected.graph("POST", f"{profile}/assignments", body, *JSON, expect=201)
        return name

    @cached_property
    def registered(self) -> dict[str, Any]:
        """The PC's identity, in the group of the rollout, with a profile that is assigned to it."""
        client, found = self.connected, self.register(self.pc)
        [group] = client.values(f"beta/groups?$filter=displayName eq '{self._group_name()}'")
        by_id = f"beta/devices?$filter=deviceId eq '{found['azureActiveDirectoryDeviceId']}'"
        [device] = client.values(by_id)
        body = f'{{\r\n    "@odata.id": "{GRAPH}/beta/directoryObjects/{device["id"]}"\r\n}}'
        client.graph("POST", f"beta/groups/{group['id']}/members/$ref", body, *JSON, expect=204)
        self.assign_profile(self.new_profile("Rollout"), self.devices)
        at = f"{IDENTITIES}/{found['id']}?$expand=deploymentProfile,intendedDeploymentProfile"
        looked = client.graph("GET", at).json
        assert looked["deploymentProfileAssignmentStatus"].startswith("assigned"), looked
        assert looked["deploymentProfile"]["displayName"] == "Rollout"
        return found

    def _group_name(self) -> str:
        assert self.devices
        return "Rollout devices"

    # ------------------------------------------------------------------------------------------ apps

    def upload(self, client: PowerShell, app: str, plain: bytes, *, size: int, headers: tuple[str, ...]) -> str:
        """The eight steps of an upload (02 section 8.3), in blocks of ``size``; the content version."""
        entropy = SystemEntropy()
        content, info = encrypt_content(
            plain, encryption_key=entropy.bytes(32), mac_key=entropy.bytes(32), vector=entropy.bytes(16)
        )
        version = client.graph("POST", f"{app}/contentVersions", "{}", *JSON, expect=201).json["id"]
        assert client.graph("GET", f"{app}/contentVersions/{version}").json["id"] == version
        file = {"@odata.type": "#microsoft.graph.mobileAppContentFile", "name": "tool.intunewin", "size": len(plain)}
        file |= {"sizeEncrypted": len(content), "manifest": None, "isDependency": False}
        files = f"{app}/contentVersions/{version}/files"
        made = client.graph("POST", files, json.dumps(file, indent=4), *JSON, expect=201).json
        assert made["uploadState"] == "azureStorageUriRequestPending"
        at = f"{files}/{made['id']}"
        ready = client.graph("GET", at).json
        assert ready["uploadState"] == "azureStorageUriRequestSuccess"
        self._blocks(ready["azureStorageUri"], content, size, headers)
        client.graph("POST", f"{at}/renewUpload", "{}", *JSON)
        assert client.graph("GET", at).json["uploadState"] == "azureStorageUriRenewalSuccess"
        committed = client.graph("POST", f"{at}/commit", json.dumps({"fileEncryptionInfo": info.as_graph()}), *JSON)
        assert committed.raw == b""
        assert client.graph("GET", at).json["uploadState"] == "commitFileSuccess"
        return version

    def _blocks(self, address: str, content: bytes, size: int, headers: tuple[str, ...]) -> None:
        """Without a token: the address says it all, and has a query already."""
        storage, names = self.client(), []
        assert "?" in address
        for number, start in enumerate(range(0, len(content), size)):
            names.append(base64.b64encode(f"{number:04d}".encode()).decode())
            part = content[start : start + size]
            storage.send("PUT", f"{address}&comp=block&blockid={names[-1]}", part, *headers, expect=201)
        listed = "".join(f"<Latest>{name}</Latest>" for name in names)
        body = f'<?xml version="1.0" encoding="utf-8"?><BlockList>{listed}</BlockList>'
        storage.send("PUT", f"{address}&comp=blocklist", body, "Content-Type: text/plain; charset=UTF-8", expect=201)

    @cached_property
    def tool(self) -> dict[str, Any]:
        """``Add-IntuneWin32App``: an app with its content, required on the devices of the rollout."""
        client, apps = self.connected, "Beta/deviceAppManagement/mobileApps"
        made = client.graph("POST", apps, json.dumps(tool_body(), indent=4), *JSON, expect=201).json
        package = made_up_package(40_000, SystemEntropy())
        headers = ("content-type: text/plain; charset=iso-8859-1", "x-ms-blob-type: BlockBlob")
        app = f"{apps}/{made['id']}"
        version = self.upload(client, f"{app}/microsoft.graph.win32LobApp", package, size=16_384, headers=headers)
        commit = {"@odata.type": "#microsoft.graph.win32LobApp", "committedContentVersion": version}
        client.graph("PATCH", app, json.dumps(commit), *JSON)
        target = {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": self.devices}
        target |= {
            "deviceAndAppManagementAssignmentFilterId": None,
            "deviceAndAppManagementAssignmentFilterType": "none",
        }
        settings = {"@odata.type": "#microsoft.graph.win32LobAppAssignmentSettings", "notifications": "showAll"}
        settings |= {
            "restartSettings": None,
            "deliveryOptimizationPriority": "notConfigured",
            "installTimeSettings": None,
        }
        body = {"@odata.type": "#microsoft.graph.mobileAppAssignment", "intent": "required", "source": "direct"}
        body |= {"target": target, "settings": settings}
        client.graph("POST", f"{app}/assignments", json.dumps(body, indent=4), *JSON, expect=201)
        return client.graph("GET", app).json

    # ------------------------------------------------------------------------------------------ the PC

    @cached_property
    def deployed(self) -> dict[str, Any]:
        """The PC at its desktop, and what it says; its managed device."""
        assert self.person
        assert self.tool
        assert self.registered
        arguments = ("device", "power-on", self.pc.folder, "--user", upn(PERSON), "--password", PASSWORD, "--json")
        said = self._taxiway(*arguments, "--data", str(self.world.folder / "server"))
        outcome = json.loads(said.splitlines()[-1])
        assert outcome["reached"] == "desktop", said[-2000:]
        [managed] = self.connected.values(
            f"v1.0/deviceManagement/managedDevices?$filter=serialNumber eq '{self.pc.serial}'"
        )
        return managed

    def sync(self) -> None:
        """A check-in of the PC from its desktop."""
        self._taxiway("device", "sync", self.pc.folder, "--data", str(self.world.folder / "server"))

    def _taxiway(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "taxiway", *arguments], capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        return done.stdout


def tool_body() -> dict[str, Any]:
    """As ``New-IntuneWin32AppBody`` and the cmdlets for rules write it."""
    rule = {"@odata.type": "#microsoft.graph.win32LobAppFileSystemDetection", "path": r"C:\Program Files\Contoso"}
    rule |= {"fileOrFolderName": "tool.exe", "check32BitOn64System": False, "detectionType": "exists"}
    return {
        "@odata.type": "#microsoft.graph.win32LobApp",
        "description": "Made by a replay",
        "developer": "",
        "displayVersion": "1.0",
        "owner": "",
        "notes": "",
        "informationUrl": "",
        "privacyInformationUrl": "",
        "isFeatured": False,
        "displayName": TOOL,
        "fileName": "tool.intunewin",
        "setupFilePath": "setup.exe",
        "installCommandLine": "setup.exe /quiet",
        "uninstallCommandLine": "setup.exe /uninstall /quiet",
        "installExperience": {
            "runAsAccount": "system",
            "deviceRestartBehavior": "suppress",
            "maxRunTimeInMinutes": 60,
        },
        "minimumSupportedWindowsRelease": "1607",
        "msiInformation": None,
        "publisher": "Contoso",
        "runAs32bit": False,
        "applicableArchitectures": "x64,x86",
        "detectionRules": [{**rule, "operator": "notConfigured", "detectionValue": None}],
        "returnCodes": [
            {"returnCode": 0, "type": "success"},
            {"returnCode": 3010, "type": "softReboot"},
            {"returnCode": 1618, "type": "retry"},
        ],
    }
