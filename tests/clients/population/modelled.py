"""Enrollment, configurations and compliance."""

from __future__ import annotations

from clients.population.parts import BOTH, CORTANA, DEVICES, EVERYBODY, FILTERED, MANAGEMENT, SETTING, TYPE, graph, to

MODELLED = [
    (
        "profile",
        f"{MANAGEMENT}/windowsAutopilotDeploymentProfiles",
        {
            TYPE: graph("azureADWindowsAutopilotDeploymentProfile"),
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
        [to("<kiosk>"), to("<pilot>")],
    ),
    (
        "esp",
        f"{MANAGEMENT}/deviceEnrollmentConfigurations",
        {
            TYPE: graph("windows10EnrollmentCompletionPageConfiguration"),
            "displayName": "Page of the pilot",
            "description": "Waits for two apps",
            "showInstallationProgress": True,
            "installProgressTimeoutInMinutes": 90,
            "selectedMobileAppIds": ["<win32>", "<winget>"],
            "trackInstallProgressForAutopilotOnly": True,
        },
        [to("<pilot>")],
    ),
    (
        "restriction",
        f"{MANAGEMENT}/deviceEnrollmentConfigurations",
        {
            TYPE: graph("deviceEnrollmentPlatformRestrictionConfiguration"),
            "displayName": "No old Windows",
            "description": "",
            "platformType": "windows",
            "platformRestriction": {"platformBlocked": False, "osMinimumVersion": "10.0.22000"},
        },
        [to("<pilot>")],
    ),
    (
        "limit",
        f"{MANAGEMENT}/deviceEnrollmentConfigurations",
        {TYPE: graph("deviceEnrollmentLimitConfiguration"), "displayName": "Three", "description": "", "limit": 3},
        [to("<pilot>")],
    ),
    (
        "custom",
        f"{MANAGEMENT}/deviceConfigurations",
        {
            TYPE: graph("windows10CustomConfiguration"),
            "displayName": "No Cortana",
            "description": "By OMA-URI",
            "omaSettings": [
                {
                    TYPE: graph("omaSettingInteger"),
                    "displayName": "Cortana",
                    "description": "",
                    "omaUri": CORTANA,
                    "value": 0,
                },
                {
                    TYPE: graph("omaSettingString"),
                    "displayName": "Helper",
                    "description": "",
                    "omaUri": "./Device/Vendor/MSFT/Accounts/Users/helper/Password",
                    "value": "A-secret-of-1-tenant",
                },
            ],
        },
        [*BOTH, FILTERED],
    ),
    (
        "phones",
        f"{MANAGEMENT}/deviceConfigurations",
        {
            TYPE: graph("iosGeneralDeviceConfiguration"),
            "displayName": "Phones",
            "description": None,
            "cameraBlocked": True,
            "kioskModeApps": [],
            "mediaContentRatingGermany": {"movieRating": "agesAbove12", "tvRating": "allAllowed"},
        },
        [EVERYBODY],
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
                    TYPE: f"{SETTING}Setting",
                    "settingInstance": {
                        TYPE: f"{SETTING}ChoiceSettingInstance",
                        "settingDefinitionId": "device_vendor_msft_policy_config_system_allowtelemetry",
                        "choiceSettingValue": {
                            TYPE: f"{SETTING}ChoiceSettingValue",
                            "value": "device_vendor_msft_policy_config_system_allowtelemetry_0",
                            "children": [],
                        },
                    },
                }
            ],
        },
        BOTH,
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
            TYPE: graph("windows10CompliancePolicy"),
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
        [EVERYBODY],
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
                        TYPE: f"{SETTING}ChoiceSettingInstance",
                        "settingDefinitionId": "linux_deviceencryption_required",
                        "choiceSettingValue": {
                            TYPE: f"{SETTING}ChoiceSettingValue",
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
        [DEVICES],
    ),
]
