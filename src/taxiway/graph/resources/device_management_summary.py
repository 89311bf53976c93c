"""What the singleton ``deviceManagement`` says beside its settings: how the tenant stands, and what it has none of.

Only the protection of its devices is counted. There is no Apple or Google account, no analytics and no branding of the
Company Portal here, and malware is not rehearsed: those are shown as a new tenant has them.
"""

from __future__ import annotations

from typing import Any, Final

from taxiway import management
from taxiway.graph.protocol.call import Call
from taxiway.graph.protocol.options import asked_for
from taxiway.graph.protocol.render import NEVER
from taxiway.store import Tx

_OVERVIEW: Final = "deviceProtectionOverview"
_BRAND: Final[dict[str, Any]] = {
    "displayName": "",
    "contactITName": "",
    "contactITPhoneNumber": "",
    "contactITEmailAddress": "",
    "contactITNotes": "",
    "privacyUrl": "",
    "onlineSupportSiteUrl": "",
    "onlineSupportSiteName": "",
    "themeColor": {"r": 0, "g": 114, "b": 198},
    "showLogo": False,
    "showNameNextToLogo": False,
    "showDisplayNameNextToLogo": False,
    "lightBackgroundLogo": None,
    "darkBackgroundLogo": None,
}
_MALWARE: Final[dict[str, Any]] = {
    "malwareDetectedDeviceCount": 0,
    "totalMalwareCount": 0,
    "totalDistinctMalwareCount": 0,
    "malwareStateSummary": [],
    "malwareExecutionStateSummary": [],
    "malwareCategorySummary": [],
    "malwareNameSummary": [],
    "malwareSeveritySummary": [],
    "osVersionsSummary": [],
}
_SEVERITIES: Final = ("high", "medium", "low", "informational")
_BETA: Final[dict[str, Any]] = {
    "accountMoveCompletionDateTime": NEVER,
    "adminConsent": {"shareAPNSData": "notConfigured", "shareUserExperienceAnalyticsData": "notConfigured"},
    "connectorStatus": [],
    "dataProcessorServiceForWindowsFeaturesOnboarding": {
        "areDataProcessorServiceForWindowsFeaturesEnabled": False,
        "hasValidWindowsLicense": False,
    },
    "deviceComplianceReportSummarizationDateTime": NEVER,
    "lastReportAggregationDateTime": NEVER,
    "legacyPcManangementEnabled": False,
    "managedDeviceCleanupSettings": {"deviceInactivityBeforeRetirementInDays": None},
    "maximumDepTokens": 0,
    "samsungEFotaFirmwareVersions": [],
    "subscriptions": "intune",
    "unlicensedAdminstratorsEnabled": False,
    "userExperienceAnalyticsAnomalySeverityOverview": {f"{name}SeverityAnomalyCount": 0 for name in _SEVERITIES},
}


def summary(tx: Tx, call: Call) -> dict[str, Any]:
    """For the version asked; the count of all devices only where it is asked for by name."""
    shown = {
        "intuneAccountId": call.tenant,
        "subscriptionState": "active",
        "intuneBrand": _BRAND,
        "windowsMalwareOverview": _MALWARE,
        "userExperienceAnalyticsSettings": {"configurationManagerDataConnectorConfigured": False},
        **(_BETA if call.version == "beta" else {}),
    }
    return {**shown, _OVERVIEW: _protection(tx)} if asked_for(call.options, _OVERVIEW) else shown


def _protection(tx: Tx) -> dict[str, int]:
    """Nothing is ever found, so a device whose antivirus is active is clean."""
    found = management.protection_counts(tx)
    pending = ("FullScan", "ManualSteps", "OfflineScan", "QuickScan", "Restart")
    return {
        "totalReportedDeviceCount": found.active + found.inactive,
        "cleanDeviceCount": found.active,
        "inactiveThreatAgentDeviceCount": found.inactive,
        "unknownStateThreatAgentDeviceCount": found.unknown,
        "pendingSignatureUpdateDeviceCount": found.outdated,
        "criticalFailuresDeviceCount": 0,
        **{f"pending{name}DeviceCount": 0 for name in pending},
    }
