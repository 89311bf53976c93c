"""A tenant for IntuneCD: one object or more of every kind that the tool takes away and brings back.

Each body is what a client posts; names in angle brackets stand for ids of what was made before.
"""

from __future__ import annotations

import base64

MANAGEMENT, APPS = "/beta/deviceManagement", "/beta/deviceAppManagement"
RULE = '(device.devicePhysicalIDs -any (_ -contains "[OrderID]:Kiosk"))'
TYPE = "@odata.type"
_SETTING = "#microsoft.graph.deviceManagementConfiguration"
_CORTANA = "./Device/Vendor/MSFT/Policy/Config/Experience/AllowCortana"


def _graph(name: str) -> str:
    return f"#microsoft.graph.{name}"


def _group(name: str) -> dict:
    return {"displayName": name, "mailNickname": name.lower(), "securityEnabled": True, "mailEnabled": False}


def _script(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _to(name: str, kind: str = "groupAssignmentTarget", **more: object) -> dict:
    return {"target": {TYPE: _graph(kind), "groupId": name, **more}}


_EVERYBODY = {"target": {TYPE: _graph("allLicensedUsersAssignmentTarget")}}
_DEVICES = {"target": {TYPE: _graph("allDevicesAssignmentTarget")}}
_FILTERED = {
    "target": {
        TYPE: _graph("allDevicesAssignmentTarget"),
        "deviceAndAppManagementAssignmentFilterId": "<filter>",
        "deviceAndAppManagementAssignmentFilterType": "include",
    }
}
_BOTH = [_to("<pilot>"), _to("<kiosk>", "exclusionGroupAssignmentTarget")]

#: What the tool does not bring back, and what everything else refers to: name, address, body, assignments.
STAYS = [
    ("stay", "/beta/groups", _group("Stays"), None),
    (
        "win32",
        f"{APPS}/mobileApps",
        {
            TYPE: _graph("win32LobApp"),
            "displayName": "Contoso VPN",
            "description": "A client",
            "publisher": "Contoso",
            "fileName": "vpn.intunewin",
            "setupFilePath": "vpn.exe",
            "displayVersion": "2.1",
            "installCommandLine": "vpn.exe /s",
            "uninstallCommandLine": "vpn.exe /u",
            "applicableArchitectures": "x64",
            "minimumSupportedWindowsRelease": "1607",
            "installExperience": {"runAsAccount": "system", "deviceRestartBehavior": "suppress"},
            "detectionRules": [
                {
                    TYPE: _graph("win32LobAppFileSystemDetection"),
                    "path": "C:\\Program Files\\VPN",
                    "fileOrFolderName": "vpn.exe",
                    "check32BitOn64System": False,
                    "detectionType": "exists",
                    "operator": "notConfigured",
                    "detectionValue": None,
                }
            ],
            "returnCodes": [{"returnCode": 0, "type": "success"}],
        },
        [{**_to("<stay>"), "intent": "required"}],
    ),
    (
        "winget",
        f"{APPS}/mobileApps",
        {
            TYPE: _graph("winGetApp"),
            "displayName": "Company Portal",
            "publisher": "Microsoft",
            "packageIdentifier": "9WZDNCRFJ3PZ",
            "installExperience": {"runAsAccount": "user"},
        },
        [{**_DEVICES, "intent": "required"}],
    ),
    (
        "office",
        f"{APPS}/mobileApps",
        {
            TYPE: _graph("officeSuiteApp"),
            "displayName": "Microsoft 365 Apps",
            "publisher": "Microsoft",
            "productIds": ["o365ProPlusRetail"],
            "updateChannel": "current",
            "officePlatformArchitecture": "x64",
            "localesToInstall": [],
        },
        [{**_EVERYBODY, "intent": "required"}],
    ),
    (
        "ios",
        f"{APPS}/mobileApps",
        {TYPE: _graph("iosStoreApp"), "displayName": "Outlook", "publisher": "M", "bundleId": "com.microsoft.outlook"},
        [],
    ),
    (
        "template",
        f"{MANAGEMENT}/templates",
        {
            TYPE: _graph("securityBaselineTemplate"),
            "displayName": "Baseline",
            "categories": [{"id": "c-1", "displayName": "Firewall"}],
        },
        None,
    ),
]

#: What the tool takes away and brings back, in the order in which it can be made.
COMES_BACK = [
    ("tag", f"{MANAGEMENT}/roleScopeTags", {"displayName": "Berlin", "description": "Site"}, None),
    (
        "filter",
        f"{MANAGEMENT}/assignmentFilters",
        {
            "displayName": "Contoso PCs",
            "description": "Of one maker",
            "platform": "windows10AndLater",
            "rule": '(device.manufacturer -eq "Contoso")',
            "roleScopeTags": ["0"],
        },
        None,
    ),
    (
        "role",
        f"{MANAGEMENT}/roleDefinitions",
        {
            TYPE: _graph("deviceAndAppManagementRoleDefinition"),
            "displayName": "Reads apps",
            "description": "For auditors",
            "rolePermissions": [
                {"resourceActions": [{"allowedResourceActions": ["Microsoft.Intune_MobileApps_Read"]}]},
            ],
        },
        None,
    ),
    (
        "access",
        "/beta/identity/conditionalAccess/policies",
        {
            "displayName": "A second factor",
            "state": "enabledForReportingButNotEnforced",
            "conditions": {
                "clientAppTypes": ["all"],
                "applications": {"includeApplications": ["All"]},
                # Whom the tool means on its own: it brings nobody back.
                "users": {"includeUsers": ["None"]},
            },
            "grantControls": {"operator": "OR", "builtInControls": ["mfa"]},
        },
        None,
    ),
    (
        "compliance script",
        f"{MANAGEMENT}/deviceComplianceScripts",
        {
            "displayName": "Antivirus",
            "description": "",
            "publisher": "Contoso",
            "runAsAccount": "system",
            "enforceSignatureCheck": False,
            "runAs32Bit": False,
            "detectionScriptContent": _script("return @{Av = 1} | ConvertTo-Json"),
        },
        None,
    ),
    ("pilot", "/beta/groups", _group("Pilot"), None),
    (
        "kiosk",
        "/beta/groups",
        {
            **_group("Kiosks"),
            "groupTypes": ["DynamicMembership"],
            "membershipRule": RULE,
            "membershipRuleProcessingState": "On",
        },
        None,
    ),
    (
        "profile",
        f"{MANAGEMENT}/windowsAutopilotDeploymentProfiles",
        {
            TYPE: _graph("azureADWindowsAutopilotDeploymentProfile"),
            "displayName": "User-driven",
            "description": "For people",
            "locale": "os-default",
            "deviceNameTemplate": "PC-%SERIAL%",
            "roleScopeTagIds": ["0", "<tag>"],
            "outOfBoxExperienceSetting": {
                "eulaHidden": True,
                "privacySettingsHidden": True,
                "userType": "standard",
                "deviceUsageType": "singleUser",
                "keyboardSelectionPageSkipped": True,
                "escapeLinkHidden": True,
            },
        },
        [_to("<kiosk>"), _to("<pilot>")],
    ),
    (
        "esp",
        f"{MANAGEMENT}/deviceEnrollmentConfigurations",
        {
            TYPE: _graph("windows10EnrollmentCompletionPageConfiguration"),
            "displayName": "Page of the pilot",
            "description": "Waits for two apps",
            "showInstallationProgress": True,
            "installProgressTimeoutInMinutes": 90,
            "selectedMobileAppIds": ["<win32>", "<winget>"],
            "trackInstallProgressForAutopilotOnly": True,
        },
        [_to("<pilot>")],
    ),
    (
        "restriction",
        f"{MANAGEMENT}/deviceEnrollmentConfigurations",
        {
            TYPE: _graph("deviceEnrollmentPlatformRestrictionConfiguration"),
            "displayName": "No old Windows",
            "description": "",
            "platformType": "windows",
            "platformRestriction": {"platformBlocked": False, "osMinimumVersion": "10.0.22000"},
        },
        [_to("<pilot>")],
    ),
    (
        "limit",
        f"{MANAGEMENT}/deviceEnrollmentConfigurations",
        {TYPE: _graph("deviceEnrollmentLimitConfiguration"), "displayName": "Three", "description": "", "limit": 3},
        [_to("<pilot>")],
    ),
    (
        "custom",
        f"{MANAGEMENT}/deviceConfigurations",
        {
            TYPE: _graph("windows10CustomConfiguration"),
            "displayName": "No Cortana",
            "description": "By OMA-URI",
            "omaSettings": [
                {
                    TYPE: _graph("omaSettingInteger"),
                    "displayName": "Cortana",
                    "description": "",
                    "omaUri": _CORTANA,
                    "value": 0,
                },
                {
                    TYPE: _graph("omaSettingString"),
                    "displayName": "Helper",
                    "description": "",
                    "omaUri": "./Device/Vendor/MSFT/Accounts/Users/helper/Password",
                    "value": "A-secret-of-1-tenant",
                },
            ],
        },
        [*_BOTH, _FILTERED],
    ),
    (
        "phones",
        f"{MANAGEMENT}/deviceConfigurations",
        {
            TYPE: _graph("iosGeneralDeviceConfiguration"),
            "displayName": "Phones",
            "description": None,
            "cameraBlocked": True,
            "kioskModeApps": [],
            "mediaContentRatingGermany": {"movieRating": "agesAbove12", "tvRating": "allAllowed"},
        },
        [_EVERYBODY],
    ),
    (
        "catalogue",
        f"{MANAGEMENT}/configurationPolicies",
        {
            "name": "Telemetry",
            "description": "From the catalogue",
            "platforms": "windows10",
            "technologies": "mdm",
            "settings": [
                {
                    TYPE: f"{_SETTING}Setting",
                    "settingInstance": {
                        TYPE: f"{_SETTING}ChoiceSettingInstance",
                        "settingDefinitionId": "device_vendor_msft_policy_config_system_allowtelemetry",
                        "choiceSettingValue": {
                            TYPE: f"{_SETTING}ChoiceSettingValue",
                            "value": "device_vendor_msft_policy_config_system_allowtelemetry_0",
                            "children": [],
                        },
                    },
                }
            ],
        },
        _BOTH,
    ),
    (
        "message",
        f"{MANAGEMENT}/notificationMessageTemplates",
        {
            "displayName": "Not compliant",
            "description": "Mail to people",
            "brandingOptions": "includeCompanyLogo",
            "roleScopeTagIds": ["0"],
            "localizedNotificationMessages": [
                {"locale": "en-us", "subject": "Your PC", "messageTemplate": "Please encrypt it.", "isDefault": True}
            ],
        },
        None,
    ),
    (
        "compliance",
        f"{MANAGEMENT}/deviceCompliancePolicies",
        {
            TYPE: _graph("windows10CompliancePolicy"),
            "displayName": "Encrypted",
            "description": "",
            "storageRequireEncryption": True,
            "scheduledActionsForRule": [
                {
                    "ruleName": "PasswordRequired",
                    "scheduledActionConfigurations": [
                        {"actionType": "block", "gracePeriodHours": 24},
                        {
                            "actionType": "notification",
                            "gracePeriodHours": 48,
                            "notificationTemplateId": "<message>",
                            "notificationMessageCCList": [],
                        },
                    ],
                }
            ],
        },
        [_EVERYBODY],
    ),
    (
        "linux",
        f"{MANAGEMENT}/compliancePolicies",
        {
            "name": "Ubuntu",
            "description": "",
            "platforms": "linux",
            "technologies": "linuxMdm",
            "roleScopeTagIds": ["0"],
            "settings": [
                {
                    "id": "0",
                    "settingInstance": {
                        TYPE: f"{_SETTING}ChoiceSettingInstance",
                        "settingDefinitionId": "linux_deviceencryption_required",
                        "choiceSettingValue": {
                            TYPE: f"{_SETTING}ChoiceSettingValue",
                            "value": "linux_deviceencryption_required_true",
                            "children": [],
                        },
                    },
                }
            ],
            "scheduledActionsForRule": [
                {
                    "ruleName": None,
                    "scheduledActionConfigurations": [
                        {
                            "actionType": "block",
                            "gracePeriodHours": 0,
                            "notificationTemplateId": "00000000-0000-0000-0000-000000000000",
                            "notificationMessageCCList": [],
                        }
                    ],
                }
            ],
        },
        [_DEVICES],
    ),
    (
        "script",
        f"{MANAGEMENT}/deviceManagementScripts",
        {
            "displayName": "Clean up",
            "description": "",
            "scriptContent": _script("Remove-Item C:\\Temp\\*"),
            "runAsAccount": "system",
            "fileName": "clean.ps1",
            "enforceSignatureCheck": False,
            "runAs32Bit": False,
        },
        [_to("<pilot>")],
    ),
    (
        "remediation",
        f"{MANAGEMENT}/deviceHealthScripts",
        {
            "displayName": "Time service",
            "description": "",
            "publisher": "Contoso",
            "runAsAccount": "system",
            "enforceSignatureCheck": False,
            "runAs32Bit": False,
            "detectionScriptContent": _script("exit 1"),
            "remediationScriptContent": _script("Start-Service w32time"),
        },
        [
            {
                **_to("<pilot>"),
                "runRemediationScript": True,
                "runSchedule": {TYPE: _graph("deviceHealthScriptDailySchedule"), "interval": 1, "time": "11:00:00"},
            }
        ],
    ),
    (
        "shell",
        f"{MANAGEMENT}/deviceShellScripts",
        {
            "displayName": "Printers",
            "description": "",
            "scriptContent": _script("#!/bin/sh\nlpadmin -x old\n"),
            "runAsAccount": "system",
            "fileName": "printers.sh",
            "executionFrequency": "PT0S",
            "retryCount": 3,
        },
        [_to("<pilot>")],
    ),
    (
        "attribute",
        f"{MANAGEMENT}/deviceCustomAttributeShellScripts",
        {
            "displayName": "Shell",
            "description": "",
            "customAttributeName": "Shell",
            "customAttributeType": "string",
            "scriptContent": _script("echo $SHELL"),
            "runAsAccount": "user",
            "fileName": "shell.sh",
        },
        [_to("<pilot>")],
    ),
    (
        "policy",
        f"{MANAGEMENT}/groupPolicyConfigurations",
        {
            "displayName": "Edge",
            "description": "",
            "policyConfigurationIngestionType": "builtIn",
            "roleScopeTagIds": ["0"],
            "definitionValues": [
                {
                    "enabled": True,
                    "configurationType": "policy",
                    "definition": {
                        "id": "11111111-aaaa-4bbb-8ccc-222222222222",
                        "classType": "machine",
                        "displayName": "Home page",
                        "categoryPath": "\\Microsoft Edge",
                    },
                    "presentationValues": [
                        {
                            TYPE: _graph("groupPolicyPresentationValueText"),
                            "value": "https://contoso.example",
                            "presentation": {
                                TYPE: _graph("groupPolicyPresentationTextBox"),
                                "id": "33333333-aaaa-4bbb-8ccc-222222222222",
                                "label": "Address",
                                "required": True,
                            },
                        }
                    ],
                }
            ],
        },
        [_to("<pilot>")],
    ),
    (
        "feature",
        f"{MANAGEMENT}/windowsFeatureUpdateProfiles",
        {"displayName": "24H2", "description": "", "featureUpdateVersion": "Windows 11, version 24H2"},
        [_to("<pilot>")],
    ),
    (
        "quality",
        f"{MANAGEMENT}/windowsQualityUpdateProfiles",
        {
            "displayName": "Expedite",
            "description": "",
            "expeditedUpdateSettings": {"qualityUpdateRelease": "2026-01-13T00:00:00Z", "daysUntilForcedReboot": 2},
        },
        [_to("<pilot>")],
    ),
    (
        "drivers",
        f"{MANAGEMENT}/windowsDriverUpdateProfiles",
        {"displayName": "Drivers", "description": "", "approvalType": "manual"},
        [_to("<pilot>")],
    ),
    (
        "protection",
        f"{APPS}/iosManagedAppProtections",
        {
            TYPE: _graph("iosManagedAppProtection"),
            "displayName": "Data of phones",
            "description": "",
            "pinRequired": True,
            "minimumPinLength": 6,
            "targetedAppManagementLevels": "unspecified",
        },
        [_to("<pilot>")],
    ),
    (
        "app configuration",
        f"{APPS}/mobileAppConfigurations",
        {
            TYPE: _graph("iosMobileAppConfiguration"),
            "displayName": "Outlook of phones",
            "description": "",
            "targetedMobileApps": ["<ios>"],
            "settings": [{"appConfigKey": "a", "appConfigKeyType": "stringType", "appConfigKeyValue": "b"}],
        },
        [_to("<pilot>")],
    ),
    (
        "reusable",
        f"{MANAGEMENT}/reusablePolicySettings",
        {
            "displayName": "Addresses",
            "description": "",
            "settingDefinitionId": "linux_customcompliance_discoveryscript_reusablesetting",
            "settingInstance": {
                TYPE: f"{_SETTING}SimpleSettingInstance",
                "settingDefinitionId": "linux_customcompliance_discoveryscript_reusablesetting",
                "simpleSettingValue": {TYPE: f"{_SETTING}StringSettingValue", "value": _script("echo '{}'")},
            },
        },
        None,
    ),
    (
        "intent",
        f"{MANAGEMENT}/templates/<template>/createInstance",
        {
            "displayName": "Firewall on",
            "description": "",
            "roleScopeTagIds": ["0"],
            "settingsDelta": [
                {
                    TYPE: _graph("deviceManagementBooleanSettingInstance"),
                    "definitionId": "deviceConfiguration--firewall",
                    "valueJson": "true",
                    "value": True,
                }
            ],
        },
        [_to("<pilot>")],
    ),
]

#: How ``assign`` calls its list, where it is not ``assignments``.
MEMBERS = {
    "deviceEnrollmentConfigurations": "enrollmentConfigurationAssignments",
    "deviceManagementScripts": "deviceManagementScriptAssignments",
    "deviceShellScripts": "deviceManagementScriptAssignments",
    "deviceCustomAttributeShellScripts": "deviceManagementScriptAssignments",
    "deviceHealthScripts": "deviceHealthScriptAssignments",
    "mobileApps": "mobileAppAssignments",
}
