"""What Graph's types have beside the settings that become nodes: kept and given back, and told to no device."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from taxiway.management.declare import spelled
from taxiway.store import Row

#: How Graph spells a moment that never was.
_NEVER: Final = datetime(1, 1, 1, tzinfo=UTC)

UPDATE_RING: Final = (
    *spelled(
        "bool",
        """
        allowWindows11Upgrade featureUpdatesWillBeRolledBack qualityUpdatesWillBeRolledBack
        skipChecksBeforeRestart
        """,
    ),
    *spelled("string", "autoRestartNotificationDismissal", default="notConfigured"),
    *spelled("string", "deliveryOptimizationMode prereleaseFeatures", default="userDefined"),
    *spelled("string", "updateWeeks featureUpdatesPauseStartDate qualityUpdatesPauseStartDate"),
    *spelled(
        "int",
        """
        engagedRestartDeadlineInDays engagedRestartSnoozeScheduleInDays engagedRestartTransitionScheduleInDays
        scheduleImminentRestartWarningInMinutes scheduleRestartWarningInHours
        """,
    ),
    *spelled(
        "datetime",
        """
        featureUpdatesPauseExpiryDateTime featureUpdatesRollbackStartDateTime qualityUpdatesPauseExpiryDateTime
        qualityUpdatesRollbackStartDateTime
        """,
    ),
)
VPN: Final = (
    *spelled("json", "associatedApps dnsRules trafficRules", default=[]),
    *spelled("json", "cryptographySuite proxyServer singleSignOnEku"),
    *spelled("binary", "customXml"),
    *spelled(
        "bool",
        """
        enableConditionalAccess enableSingleSignOnWithAlternateCertificate onlyAssociatedAppsCanUseConnection
        """,
    ),
    *spelled("string", "microsoftTunnelSiteId singleSignOnIssuerHash windowsInformationProtectionDomain"),
)
ENDPOINT_PROTECTION: Final = (
    *spelled(
        "string",
        """
        appLockerApplicationControl applicationGuardBlockClipboardSharing applicationGuardBlockFileTransfer
        applicationGuardEnabledOptions defenderAdobeReaderLaunchChildProcess
        defenderAdvancedRansomewareProtectionType defenderCloudBlockLevel defenderEmailContentExecution
        defenderNetworkProtectionType defenderOfficeAppsExecutableContentCreationOrLaunch
        defenderOfficeAppsLaunchChildProcess defenderOfficeAppsOtherProcessInjection
        defenderOfficeCommunicationAppsLaunchChildProcess defenderOfficeMacroCodeAllowWin32Imports
        defenderPotentiallyUnwantedAppAction defenderPreventCredentialStealingType defenderProcessCreation
        defenderScriptDownloadedPayloadExecution defenderScriptObfuscatedMacroCode
        defenderSecurityCenterITContactDisplay defenderSecurityCenterNotificationsFromApp
        defenderUntrustedExecutable defenderUntrustedUSBProcess deviceGuardLaunchSystemGuard
        deviceGuardLocalSystemAuthorityCredentialGuardSettings deviceGuardSecureBootWithDMA
        localSecurityOptionsAdministratorElevationPromptBehavior
        localSecurityOptionsFormatAndEjectOfRemovableMediaAllowedUser
        localSecurityOptionsInformationDisplayedOnLockScreen localSecurityOptionsInformationShownOnLockScreen
        localSecurityOptionsStandardUserElevationPromptBehavior windowsDefenderTamperProtection
        """,
        default="notConfigured",
    ),
    *spelled(
        "bool",
        """
        applicationGuardAllowCameraMicrophoneRedirection applicationGuardAllowFileSaveOnHost
        applicationGuardAllowPersistence applicationGuardAllowPrintToLocalPrinters
        applicationGuardAllowPrintToNetworkPrinters applicationGuardAllowPrintToPDF
        applicationGuardAllowPrintToXPS applicationGuardAllowVirtualGPU
        applicationGuardBlockNonEnterpriseContent applicationGuardEnabled applicationGuardForceAuditing
        defenderAllowBehaviorMonitoring defenderAllowCloudProtection defenderAllowEndUserAccess
        defenderAllowIntrusionPreventionSystem defenderAllowOnAccessProtection defenderAllowRealTimeMonitoring
        defenderAllowScanArchiveFiles defenderAllowScanDownloads defenderAllowScanNetworkFiles
        defenderAllowScanRemovableDrivesDuringFullScan defenderAllowScanScriptsLoadedInInternetExplorer
        defenderBlockEndUserAccess defenderCheckForSignaturesBeforeRunningScan defenderDisableBehaviorMonitoring
        defenderDisableCatchupFullScan defenderDisableCatchupQuickScan defenderDisableCloudProtection
        defenderDisableIntrusionPreventionSystem defenderDisableOnAccessProtection
        defenderDisableRealTimeMonitoring defenderDisableScanArchiveFiles defenderDisableScanDownloads
        defenderDisableScanNetworkFiles defenderDisableScanRemovableDrivesDuringFullScan
        defenderDisableScanScriptsLoadedInInternetExplorer defenderEnableLowCpuPriority
        defenderEnableScanIncomingMail defenderEnableScanMappedNetworkDrivesDuringFullScan
        defenderSecurityCenterBlockExploitProtectionOverride defenderSecurityCenterDisableAccountUI
        defenderSecurityCenterDisableAppBrowserUI defenderSecurityCenterDisableClearTpmUI
        defenderSecurityCenterDisableFamilyUI defenderSecurityCenterDisableHardwareUI
        defenderSecurityCenterDisableHealthUI defenderSecurityCenterDisableNetworkUI
        defenderSecurityCenterDisableNotificationAreaUI defenderSecurityCenterDisableRansomwareUI
        defenderSecurityCenterDisableSecureBootUI defenderSecurityCenterDisableTroubleshootingUI
        defenderSecurityCenterDisableVirusUI defenderSecurityCenterDisableVulnerableTpmFirmwareUpdateUI
        deviceGuardEnableSecureBootWithDMA deviceGuardEnableVirtualizationBasedSecurity firewallBlockStatefulFTP
        firewallIPSecExemptionsAllowDHCP firewallIPSecExemptionsAllowICMP
        firewallIPSecExemptionsAllowNeighborDiscovery firewallIPSecExemptionsAllowRouterDiscovery
        firewallIPSecExemptionsNone firewallMergeKeyingModuleSettings
        lanManagerWorkstationDisableInsecureGuestLogons
        localSecurityOptionsAllowAnonymousEnumerationOfSAMAccountsAndShares
        localSecurityOptionsAllowPKU2UAuthenticationRequests
        localSecurityOptionsAllowRemoteCallsToSecurityAccountsManagerHelperBool
        localSecurityOptionsAllowSystemToBeShutDownWithoutHavingToLogOn
        localSecurityOptionsAllowUIAccessApplicationElevation
        localSecurityOptionsAllowUIAccessApplicationsForSecureLocations
        localSecurityOptionsAllowUndockWithoutHavingToLogon localSecurityOptionsBlockMicrosoftAccounts
        localSecurityOptionsBlockRemoteLogonWithBlankPassword localSecurityOptionsBlockRemoteOpticalDriveAccess
        localSecurityOptionsBlockUsersInstallingPrinterDrivers localSecurityOptionsClearVirtualMemoryPageFile
        localSecurityOptionsClientDigitallySignCommunicationsAlways
        localSecurityOptionsClientSendUnencryptedPasswordToThirdPartySMBServers
        localSecurityOptionsDetectApplicationInstallationsAndPromptForElevation
        localSecurityOptionsDisableAdministratorAccount
        localSecurityOptionsDisableClientDigitallySignCommunicationsIfServerAgrees
        localSecurityOptionsDisableGuestAccount
        localSecurityOptionsDisableServerDigitallySignCommunicationsAlways
        localSecurityOptionsDisableServerDigitallySignCommunicationsIfClientAgrees
        localSecurityOptionsDoNotAllowAnonymousEnumerationOfSAMAccounts
        localSecurityOptionsDoNotRequireCtrlAltDel
        localSecurityOptionsDoNotStoreLANManagerHashValueOnNextPasswordChange
        localSecurityOptionsHideLastSignedInUser localSecurityOptionsHideUsernameAtSignIn
        localSecurityOptionsOnlyElevateSignedExecutables
        localSecurityOptionsRestrictAnonymousAccessToNamedPipesAndShares
        localSecurityOptionsSwitchToSecureDesktopWhenPromptingForElevation
        localSecurityOptionsUseAdminApprovalMode localSecurityOptionsUseAdminApprovalModeForAdministrators
        localSecurityOptionsVirtualizeFileAndRegistryWriteFailuresToPerUserLocations
        smartScreenBlockOverrideForFiles smartScreenEnableInShell xboxServicesEnableXboxGameSaveTask
        """,
    ),
    *spelled(
        "strings",
        """
        applicationGuardCertificateThumbprints defenderAdditionalGuardedFolders
        defenderAttackSurfaceReductionExcludedPaths defenderFileExtensionsToExclude
        defenderFilesAndFoldersToExclude defenderGuardedFoldersAllowedAppPaths defenderProcessesToExclude
        """,
    ),
    *spelled(
        "string",
        """
        defenderBlockPersistenceThroughWmiType defenderEmailContentExecutionType defenderGuardMyFoldersType
        defenderOfficeAppsExecutableContentCreationOrLaunchType defenderOfficeAppsLaunchChildProcessType
        defenderOfficeAppsOtherProcessInjectionType defenderOfficeMacroCodeAllowWin32ImportsType
        defenderProcessCreationType defenderScanType defenderScheduledScanDay
        defenderScriptDownloadedPayloadExecutionType defenderScriptObfuscatedMacroCodeType
        defenderUntrustedExecutableType defenderUntrustedUSBProcessType
        """,
        default="userDefined",
    ),
    *spelled(
        "int",
        """
        defenderCloudExtendedTimeoutInSeconds defenderDaysBeforeDeletingQuarantinedMalware
        defenderScanMaxCpuPercentage defenderSignatureUpdateIntervalInHours
        firewallIdleTimeoutForSecurityAssociationInSeconds localSecurityOptionsMachineInactivityLimit
        localSecurityOptionsMachineInactivityLimitInMinutes
        """,
    ),
    *spelled(
        "json",
        """
        defenderDetectedMalwareActions firewallProfileDomain firewallProfilePrivate firewallProfilePublic
        userRightsAccessCredentialManagerAsTrustedCaller userRightsActAsPartOfTheOperatingSystem
        userRightsAllowAccessFromNetwork userRightsBackupData userRightsBlockAccessFromNetwork
        userRightsChangeSystemTime userRightsCreateGlobalObjects userRightsCreatePageFile
        userRightsCreatePermanentSharedObjects userRightsCreateSymbolicLinks userRightsCreateToken
        userRightsDebugPrograms userRightsDelegation userRightsDenyLocalLogOn userRightsGenerateSecurityAudits
        userRightsImpersonateClient userRightsIncreaseSchedulingPriority userRightsLoadUnloadDrivers
        userRightsLocalLogOn userRightsLockMemory userRightsManageAuditingAndSecurityLogs
        userRightsManageVolumes userRightsModifyFirmwareEnvironment userRightsModifyObjectLabels
        userRightsProfileSingleProcess userRightsRemoteDesktopServicesLogOn userRightsRemoteShutdown
        userRightsRestoreData userRightsTakeOwnership
        """,
    ),
    *spelled("binary", "defenderExploitProtectionXml"),
    *spelled(
        "string",
        """
        defenderExploitProtectionXmlFileName defenderScanDirection defenderScheduledQuickScanTime
        defenderScheduledScanTime defenderSecurityCenterHelpEmail defenderSecurityCenterHelpPhone
        defenderSecurityCenterHelpURL defenderSecurityCenterOrganizationDisplayName
        defenderSubmitSamplesConsentType lanManagerAuthenticationLevel
        localSecurityOptionsAdministratorAccountName
        localSecurityOptionsAllowRemoteCallsToSecurityAccountsManager localSecurityOptionsGuestAccountName
        localSecurityOptionsLogOnMessageText localSecurityOptionsLogOnMessageTitle
        localSecurityOptionsSmartCardRemovalBehavior xboxServicesAccessoryManagementServiceStartupMode
        xboxServicesLiveAuthManagerServiceStartupMode xboxServicesLiveGameSaveServiceStartupMode
        xboxServicesLiveNetworkingServiceStartupMode
        """,
    ),
    *spelled("string", "dmaGuardDeviceEnumerationPolicy firewallPacketQueueingMethod", default="deviceDefault"),
    *spelled(
        "string",
        """
        firewallCertificateRevocationListCheckMethod firewallPreSharedKeyEncodingMethod
        localSecurityOptionsMinimumSessionSecurityForNtlmSspBasedClients
        localSecurityOptionsMinimumSessionSecurityForNtlmSspBasedServers
        """,
        default="none",
    ),
    *spelled("json", "firewallRules", default=[]),
)
_ALL: Final = (*UPDATE_RING, *VPN, *ENDPOINT_PROTECTION)


def set_in(row: Row) -> list[str]:
    """The names, as Graph spells them, of what an object has a value for that nobody carries out."""
    return [prop.graph_name for prop in _ALL if row.get(prop.name) not in (None, prop.default, _NEVER)]
