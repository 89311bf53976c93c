"""What everything else refers to: apps, a template, scope tag, filter, role, groups."""

from __future__ import annotations

from clients.population.parts import APPS, DEVICES, EVERYBODY, MANAGEMENT, RULE, TYPE, graph, group, script, to

#: What the tool does not bring back, and what everything else refers to: name, address, body, assignments.
STAYS = [
    ("stay", "/beta/groups", group("Stays"), None),
    (
        "win32",
        f"{APPS}/mobileApps",
        {
            TYPE: graph("win32LobApp"),
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
                    TYPE: graph("win32LobAppFileSystemDetection"),
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
        [{**to("<stay>"), "intent": "required"}],
    ),
    (
        "winget",
        f"{APPS}/mobileApps",
        {
            TYPE: graph("winGetApp"),
            "displayName": "Company Portal",
            "publisher": "Microsoft",
            "packageIdentifier": "9WZDNCRFJ3PZ",
            "installExperience": {"runAsAccount": "user"},
        },
        [{**DEVICES, "intent": "required"}],
    ),
    (
        "office",
        f"{APPS}/mobileApps",
        {
            TYPE: graph("officeSuiteApp"),
            "displayName": "Microsoft 365 Apps",
            "publisher": "Microsoft",
            "productIds": ["o365ProPlusRetail"],
            "updateChannel": "current",
            "officePlatformArchitecture": "x64",
            "localesToInstall": [],
        },
        [{**EVERYBODY, "intent": "required"}],
    ),
    (
        "ios",
        f"{APPS}/mobileApps",
        {TYPE: graph("iosStoreApp"), "displayName": "Outlook", "publisher": "M", "bundleId": "com.microsoft.outlook"},
        [],
    ),
    (
        "template",
        f"{MANAGEMENT}/templates",
        {
            TYPE: graph("securityBaselineTemplate"),
            "displayName": "Baseline",
            "categories": [{"id": "c-1", "displayName": "Firewall"}],
        },
        None,
    ),
]

#: What the tool takes away and brings back.
FOUNDATIONS = [
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
            TYPE: graph("deviceAndAppManagementRoleDefinition"),
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
            "detectionScriptContent": script("return @{Av = 1} | ConvertTo-Json"),
        },
        None,
    ),
    ("pilot", "/beta/groups", group("Pilot"), None),
    (
        "kiosk",
        "/beta/groups",
        {
            **group("Kiosks"),
            "groupTypes": ["DynamicMembership"],
            "membershipRule": RULE,
            "membershipRuleProcessingState": "On",
        },
        None,
    ),
]
