"""Scripts, updates, app policies and others: all but the first are only kept."""

from __future__ import annotations

from clients.population.parts import APPS, MANAGEMENT, SETTING, TYPE, graph, script, to

KEPT = [
    (
        "script",
        f"{MANAGEMENT}/deviceManagementScripts",
        {
            "displayName": "Clean up",
            "description": "",
            "scriptContent": script("Remove-Item C:\\Temp\\*"),
            "runAsAccount": "system",
            "fileName": "clean.ps1",
            "enforceSignatureCheck": False,
            "runAs32Bit": False,
        },
        [to("<pilot>")],
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
            "detectionScriptContent": script("exit 1"),
            "remediationScriptContent": script("Start-Service w32time"),
        },
        [
            {
                **to("<pilot>"),
                "runRemediationScript": True,
                "runSchedule": {TYPE: graph("deviceHealthScriptDailySchedule"), "interval": 1, "time": "11:00:00"},
            }
        ],
    ),
    (
        "shell",
        f"{MANAGEMENT}/deviceShellScripts",
        {
            "displayName": "Printers",
            "description": "",
            "scriptContent": script("#!/bin/sh\nlpadmin -x old\n"),
            "runAsAccount": "system",
            "fileName": "printers.sh",
            "executionFrequency": "PT0S",
            "retryCount": 3,
        },
        [to("<pilot>")],
    ),
    (
        "attribute",
        f"{MANAGEMENT}/deviceCustomAttributeShellScripts",
        {
            "displayName": "Shell",
            "description": "",
            "customAttributeName": "Shell",
            "customAttributeType": "string",
            "scriptContent": script("echo $SHELL"),
            "runAsAccount": "user",
            "fileName": "shell.sh",
        },
        [to("<pilot>")],
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
                            TYPE: graph("groupPolicyPresentationValueText"),
                            "value": "https://contoso.example",
                            "presentation": {
                                TYPE: graph("groupPolicyPresentationTextBox"),
                                "id": "33333333-aaaa-4bbb-8ccc-222222222222",
                                "label": "Address",
                                "required": True,
                            },
                        }
                    ],
                }
            ],
        },
        [to("<pilot>")],
    ),
    (
        "feature",
        f"{MANAGEMENT}/windowsFeatureUpdateProfiles",
        {"displayName": "24H2", "description": "", "featureUpdateVersion": "Windows 11, version 24H2"},
        [to("<pilot>")],
    ),
    (
        "quality",
        f"{MANAGEMENT}/windowsQualityUpdateProfiles",
        {
            "displayName": "Expedite",
            "description": "",
            "expeditedUpdateSettings": {"qualityUpdateRelease": "2026-01-13T00:00:00Z", "daysUntilForcedReboot": 2},
        },
        [to("<pilot>")],
    ),
    (
        "drivers",
        f"{MANAGEMENT}/windowsDriverUpdateProfiles",
        {"displayName": "Drivers", "description": "", "approvalType": "manual"},
        [to("<pilot>")],
    ),
    (
        "protection",
        f"{APPS}/iosManagedAppProtections",
        {
            TYPE: graph("iosManagedAppProtection"),
            "displayName": "Data of phones",
            "description": "",
            "pinRequired": True,
            "minimumPinLength": 6,
            "targetedAppManagementLevels": "unspecified",
        },
        [to("<pilot>")],
    ),
    (
        "app configuration",
        f"{APPS}/mobileAppConfigurations",
        {
            TYPE: graph("iosMobileAppConfiguration"),
            "displayName": "Outlook of phones",
            "description": "",
            "targetedMobileApps": ["<ios>"],
            "settings": [{"appConfigKey": "a", "appConfigKeyType": "stringType", "appConfigKeyValue": "b"}],
        },
        [to("<pilot>")],
    ),
    (
        "reusable",
        f"{MANAGEMENT}/reusablePolicySettings",
        {
            "displayName": "Addresses",
            "description": "",
            "settingDefinitionId": "linux_customcompliance_discoveryscript_reusablesetting",
            "settingInstance": {
                TYPE: f"{SETTING}SimpleSettingInstance",
                "settingDefinitionId": "linux_customcompliance_discoveryscript_reusablesetting",
                "simpleSettingValue": {TYPE: f"{SETTING}StringSettingValue", "value": script("echo '{}'")},
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
                    TYPE: graph("deviceManagementBooleanSettingInstance"),
                    "definitionId": "deviceConfiguration--firewall",
                    "valueJson": "true",
                    "value": True,
                }
            ],
        },
        [to("<pilot>")],
    ),
]
