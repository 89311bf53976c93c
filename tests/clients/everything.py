"""A tenant with one of everything, made through Graph: what every address is read from."""

from __future__ import annotations

import base64

from clients import kept
from taxiway.rehearsal.administrator import Administrator

INTUNE, APPS, DIRECTORY = "/beta/deviceManagement", "/beta/deviceAppManagement", "/v1.0"
_GRAPH = "#microsoft.graph"
_SETTING = f"{_GRAPH}.deviceManagementConfiguration"
_EVERYWHERE = {"@odata.type": f"{_GRAPH}.allDevicesAssignmentTarget"}
_POWERSHELL = base64.b64encode(b"Write-Output hello").decode()
_LAPS = "./Device/Vendor/MSFT/LAPS/Policies"
_POLICY = "./Device/Vendor/MSFT/Policy/Config"
_RULE = {
    "@odata.type": f"{_GRAPH}.win32LobAppFileSystemRule",
    "ruleType": "detection",
    "path": "C:\\Program Files\\Contoso",
    "fileOrFolderName": "tool.exe",
    "operationType": "exists",
    "operator": "notConfigured",
}
_PACKAGE = {
    "displayName": "Package",
    "identityName": "Contoso.Tool",
    "identityPublisherHash": "8wekyb3d8bbwe",
    "identityVersion": "1.2.0.0",
    "applicableArchitectures": "x64",
}
#: An app of each kind that the tutorial has none of.
_OF_KINDS = {
    "win32LobApp": {
        "displayName": "Tool",
        "setupFilePath": "tool.exe",
        "installCommandLine": "tool.exe /S",
        "uninstallCommandLine": "tool.exe /U",
        "applicableArchitectures": "x64,x86",
        "minimumSupportedWindowsRelease": "1607",
        "installExperience": {"runAsAccount": "system", "deviceRestartBehavior": "suppress"},
        "rules": [_RULE],
    },
    "winGetApp": {
        "displayName": "Reader",
        "packageIdentifier": "Contoso.Reader",
        "installExperience": {"runAsAccount": "user"},
    },
    "officeSuiteApp": {
        "displayName": "Microsoft 365 Apps",
        "productIds": ["o365ProPlusRetail"],
        "updateChannel": "monthlyEnterprise",
        "officePlatformArchitecture": "x64",
        "excludedApps": {"groove": True},
        "localesToInstall": ["de-de"],
    },
    "windowsUniversalAppX": _PACKAGE,
    "windowsAppX": _PACKAGE,
}
#: A configuration of each kind that the tutorial has none of.
_CONFIGURATIONS = {
    "windows81SCEPCertificateProfile": {
        "subjectNameFormat": "custom",
        "subjectNameFormatString": "CN={{AAD_Device_ID}}",
        "keyUsage": "keyEncipherment,digitalSignature",
        "extendedKeyUsages": [{"name": "Client Authentication", "objectIdentifier": "1.3.6.1.5.5.7.3.2"}],
        "customSubjectAlternativeNames": [{"sanType": "domainNameService", "name": "{{DeviceName}}.contoso.example"}],
        "scepServerUrls": [],
    },
    "windows10ImportedPFXCertificateProfile": {
        "intendedPurpose": "smimeEncryption",
        "@taxiway.pfxBlob": base64.b64encode(b"\x30\x82 the key").decode(),
        "@taxiway.pfxPassword": "a secret word",
    },
    "windows10VpnConfiguration": {
        "connectionName": "Office",
        "servers": [{"address": "a.example", "isDefaultServer": True}],
        "profileTarget": "device",
        "connectionType": "ikEv2",
        "authenticationMethod": "certificate",
        "routes": [{"destinationPrefix": "10.0.0.0", "prefixSize": 8}],
    },
    "windowsUpdateForBusinessConfiguration": {
        "qualityUpdatesDeferralPeriodInDays": 3,
        "installationSchedule": {
            "@odata.type": f"{_GRAPH}.windowsUpdateActiveHoursInstall",
            "activeHoursStart": "08:00:00.0000000",
            "activeHoursEnd": "17:00:00.0000000",
        },
    },
}


class Everything:
    """One run."""

    def __init__(self, admin: Administrator, person: str, root: bytes) -> None:
        self.admin, self.upn, self.root = admin, person, root

    @property
    def staff(self) -> dict:
        """The group as a target of assignments."""
        return {"@odata.type": f"{_GRAPH}.groupAssignmentTarget", "groupId": self.group}

    async def post(self, path: str, body: dict) -> dict:
        """One call; what was made."""
        return await self.admin.call("POST", path, body) or {}

    def reference(self, kind: str, object_id: str) -> dict:
        """To an object of the directory."""
        return {"@odata.id": f"{self.admin.origin}/v1.0/{kind}/{object_id}"}

    async def make(self) -> None:
        """All of it."""
        self.person = await self.admin.get(f"{DIRECTORY}/users/{self.upn}")
        await self.groups()
        await self.people()
        await self.applications()
        await self.apps()
        await self.configurations()
        await self.rest_of_intune()
        await kept.make(self)

    async def groups(self) -> None:
        """One in another, owned, licensed; one that was deleted; a unit; the scopes of MDM and app management."""
        body = {"displayName": "Staff", "mailEnabled": False, "mailNickname": "staff", "securityEnabled": True}
        self.group = (await self.post(f"{DIRECTORY}/groups", body))["id"]
        outer = (await self.post(f"{DIRECTORY}/groups", {**body, "displayName": "All", "mailNickname": "a"}))["id"]
        gone = (await self.post(f"{DIRECTORY}/groups", {**body, "displayName": "Gone", "mailNickname": "g"}))["id"]
        await self.admin.call("DELETE", f"{DIRECTORY}/groups/{gone}")
        group = f"{DIRECTORY}/groups/{self.group}"
        for name in ("members", "owners"):
            await self.post(f"{group}/{name}/$ref", self.reference("users", self.person["id"]))
        await self.post(f"{DIRECTORY}/groups/{outer}/members/$ref", self.reference("groups", self.group))
        for scope in ("mobileDeviceManagementPolicies", "mobileAppManagementPolicies"):
            path = f"/beta/policies/{scope}/0000000a-0000-0000-c000-000000000000/includedGroups/$ref"
            await self.post(path, self.reference("groups", self.group))
        units = f"{DIRECTORY}/directory/administrativeUnits"
        unit = (await self.post(units, {"displayName": "Oslo", "description": "North"}))["id"]
        await self.post(f"{units}/{unit}/members/$ref", self.reference("users", self.person["id"]))
        held = {"roleId": "fe930be7-5e62-47db-91af-98c3a49a38b1", "roleMemberInfo": {"id": self.person["id"]}}
        await self.post(f"{units}/{unit}/scopedRoleMembers", held)

    async def people(self) -> None:
        """A manager, a sign-in page of one's own, a policy."""
        admin = (await self.admin.get(f"{DIRECTORY}/me"))["id"]
        person = f"{DIRECTORY}/users/{self.person['id']}"
        await self.admin.call("PUT", f"{person}/manager/$ref", self.reference("users", admin))
        organization = (await self.admin.values(f"{DIRECTORY}/organization"))[0]["id"]
        text = {"backgroundColor": "#0F6CBD", "signInPageText": "Help: 555"}
        await self.admin.call("PATCH", f"{DIRECTORY}/organization/{organization}/branding", text)
        policy = {
            "displayName": "Nobody",
            "state": "disabled",
            "conditions": {
                "clientAppTypes": ["all"],
                "users": {"includeUsers": ["None"], "excludeUsers": []},
                "applications": {"includeApplications": ["All"]},
            },
            "grantControls": {"operator": "OR", "builtInControls": ["mfa"]},
        }
        await self.post(f"{DIRECTORY}/identity/conditionalAccess/policies", policy)

    async def applications(self) -> None:
        """An application with roles and scopes, granted to people, groups and services."""
        ids = [self.admin.entropy.uuid() for _ in range(2)]
        scope = {"id": ids[0], "value": "access", "type": "User", "isEnabled": True}
        scope |= {"adminConsentDisplayName": "Use it", "adminConsentDescription": "Use it"}
        role = {"id": ids[1], "value": "Do", "displayName": "Do", "description": "Do", "isEnabled": True}
        role["allowedMemberTypes"] = ["User", "Application"]
        body = {"displayName": "Payroll", "api": {"oauth2PermissionScopes": [scope]}, "appRoles": [role]}
        body["web"] = {"redirectUris": ["http://localhost/callback"]}
        made = await self.post(f"{DIRECTORY}/applications", body)
        await self.post(f"{DIRECTORY}/applications/{made['id']}/addPassword", {"passwordCredential": {}})
        account = (await self.post(f"{DIRECTORY}/servicePrincipals", {"appId": made["appId"]}))["id"]
        for kind, who in (("users", self.person["id"]), ("groups", self.group), ("servicePrincipals", account)):
            held = {"principalId": who, "resourceId": account, "appRoleId": ids[1]}
            await self.post(f"{DIRECTORY}/{kind}/{who}/appRoleAssignments", held)
        grant = {"clientId": account, "consentType": "Principal", "principalId": self.person["id"]}
        await self.post(f"{DIRECTORY}/oauth2PermissionGrants", {**grant, "resourceId": account, "scope": "access"})

    async def apps(self) -> None:
        """An app of each kind, assigned, sorted into a category, one needing and one replacing another."""
        made = {}
        for kind, body in _OF_KINDS.items():
            made[kind] = await self.post(f"{APPS}/mobileApps", {"@odata.type": f"{_GRAPH}.{kind}", **body})
            target = {
                "intent": "available",
                "target": {**_EVERYWHERE, "@odata.type": f"{_GRAPH}.groupAssignmentTarget"},
            }
            target["target"]["groupId"] = self.group
            kept = {"mobileAppAssignments": [{"@odata.type": f"{_GRAPH}.mobileAppAssignment", **target}]}
            await self.post(f"{APPS}/mobileApps/{made[kind]['id']}/assign", kept)
        category = await self.post(f"{APPS}/mobileAppCategories", {"displayName": "Tools"})
        app = f"{APPS}/mobileApps/{made['win32LobApp']['id']}"
        await self.post(f"{app}/categories/$ref", self.reference("mobileAppCategories", category["id"]))
        other = await self.post(
            f"{APPS}/mobileApps", {"@odata.type": f"{_GRAPH}.win32LobApp", **_OF_KINDS["win32LobApp"]}
        )
        third = await self.post(
            f"{APPS}/mobileApps", {"@odata.type": f"{_GRAPH}.win32LobApp", **_OF_KINDS["win32LobApp"]}
        )
        dependency = {"@odata.type": f"{_GRAPH}.mobileAppDependency", "dependencyType": "autoInstall"}
        supersedence = {"@odata.type": f"{_GRAPH}.mobileAppSupersedence", "supersedenceType": "replace"}
        wanted = [{**dependency, "targetId": other["id"]}, {**supersedence, "targetId": third["id"]}]
        await self.post(f"{app}/updateRelationships", {"relationships": wanted})

    async def configurations(self) -> None:
        """One of each kind, a policy of the catalogue, LAPS switched on."""
        root = {"certFileName": "root.cer", "trustedRootCertificate": base64.b64encode(self.root).decode()}
        laps = [
            {
                "@odata.type": f"{_GRAPH}.omaSettingInteger",
                "displayName": name,
                "omaUri": f"{_LAPS}/{name}",
                "value": value,
            }
            for name, value in (("BackupDirectory", 1), ("PasswordLength", 20))
        ]
        # The policy of the catalogue below says 0: a conflict, so that there is a setting to report.
        cortana = {"displayName": "Cortana", "omaUri": f"{_POLICY}/Experience/AllowCortana", "value": 1}
        laps.append({"@odata.type": f"{_GRAPH}.omaSettingInteger", **cortana})
        kinds = {**_CONFIGURATIONS, "windows81TrustedRootCertificate": root}
        kinds["windows10CustomConfiguration"] = {"omaSettings": laps}
        for kind, body in kinds.items():
            whole = {"@odata.type": f"{_GRAPH}.{kind}", "displayName": kind, **body}
            made = await self.post(f"{INTUNE}/deviceConfigurations", whole)
            if kind == "windows10CustomConfiguration":
                path = f"{INTUNE}/deviceConfigurations/{made['id']}"
                await self.post(f"{path}/assign", {"assignments": [{"target": _EVERYWHERE}]})
        policy = await self.admin.get("/beta/policies/deviceRegistrationPolicy")
        policy["localAdminPassword"]["isEnabled"] = True
        await self.admin.call("PUT", "/beta/policies/deviceRegistrationPolicy", policy)
        name = "device_vendor_msft_policy_config_experience_allowcortana"
        value = {"@odata.type": f"{_SETTING}ChoiceSettingValue", "value": f"{name}_0", "children": []}
        instance = {"@odata.type": f"{_SETTING}ChoiceSettingInstance", "settingDefinitionId": name}
        setting = {"@odata.type": f"{_SETTING}Setting", "settingInstance": {**instance, "choiceSettingValue": value}}
        body = {"name": "Catalogue", "platforms": "windows10", "technologies": "mdm", "settings": [setting]}
        made = await self.post(f"{INTUNE}/configurationPolicies", body)
        target = {
            "assignments": [{"target": {"@odata.type": f"{_GRAPH}.groupAssignmentTarget", "groupId": self.group}}]
        }
        await self.post(f"{INTUNE}/configurationPolicies/{made['id']}/assign", target)

    async def device(self, managed_id: str) -> None:
        """What a managed device can be told: a category, an order to send its logs."""
        path = f"{INTUNE}/managedDevices/{managed_id}"
        category = await self.post(f"{INTUNE}/deviceCategories", {"displayName": "Kiosks"})
        await self.admin.call(
            "PUT", f"{path}/deviceCategory/$ref", self.reference("deviceManagement/deviceCategories", category["id"])
        )
        template = {"templateType": {"templateType": "predefined"}}
        await self.post(f"{path}/createDeviceLogCollectionRequest", template)

    async def rest_of_intune(self) -> None:
        """Enrollment restrictions, an identifier, a script, a filter, a scope tag, a role of Intune."""
        identifier = {"importedDeviceIdentifier": "C0FFEE", "importedDeviceIdentityType": "serialNumber"}
        await self.post(f"{INTUNE}/importedDeviceIdentities", identifier)
        whole = {
            "deviceEnrollmentLimitConfiguration": {"limit": 7},
            "deviceEnrollmentPlatformRestrictionConfiguration": {
                "platformType": "windows",
                "platformRestriction": {"platformBlocked": False, "personalDeviceEnrollmentBlocked": False},
            },
        }
        for kind, body in whole.items():
            made = await self.post(
                f"{INTUNE}/deviceEnrollmentConfigurations",
                {"@odata.type": f"{_GRAPH}.{kind}", "displayName": kind, "priority": 1, **body},
            )
            kept = {"enrollmentConfigurationAssignments": [{"target": self.staff}]}
            await self.post(f"{INTUNE}/deviceEnrollmentConfigurations/{made['id']}/assign", kept)
        for user in (False, True):
            script = {"displayName": "Greet", "scriptContent": _POWERSHELL, "fileName": "greet.ps1"}
            script["runAsAccount"] = "user" if user else "system"
            made = await self.post(f"{INTUNE}/deviceManagementScripts", script)
            kept = {"deviceManagementScriptAssignments": [{"target": _EVERYWHERE}, {"target": self.staff}]}
            await self.post(f"{INTUNE}/deviceManagementScripts/{made['id']}/assign", kept)
        rule = {"displayName": "Ours", "platform": "windows10AndLater", "rule": '(device.manufacturer -eq "Contoso")'}
        await self.post(f"{INTUNE}/assignmentFilters", rule)
        tag = await self.post(f"{INTUNE}/roleScopeTags", {"displayName": "North"})
        await self.post(f"{INTUNE}/roleScopeTags/{tag['id']}/assign", {"assignments": [{"target": self.staff}]})
        actions = [{"allowedResourceActions": ["Microsoft.Intune_ManagedDevices_Read"]}]
        body = {"displayName": "Readers", "rolePermissions": [{"resourceActions": actions}]}
        role = await self.post(f"{INTUNE}/roleDefinitions", body)
        body = {"displayName": "Readers of the north", "members": [self.group]}
        body["roleDefinition@odata.bind"] = f"{self.admin.origin}{INTUNE}/roleDefinitions('{role['id']}')"
        body["roleScopeTags@odata.bind"] = [f"{self.admin.origin}{INTUNE}/roleScopeTags('{tag['id']}')"]
        await self.post(f"{INTUNE}/roleAssignments", body)
