"""What v1.0 knows of the kinds of configurations and compliance policies: fewer of them, and less of each."""

from __future__ import annotations

from typing import Final

from taxiway import management


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ENDPOINT_PROTECTION: Final = _words(
    """
    appLockerApplicationControl applicationGuardAllowPersistence applicationGuardAllowPrintToLocalPrinters
    applicationGuardAllowPrintToNetworkPrinters applicationGuardAllowPrintToPDF applicationGuardAllowPrintToXPS
    applicationGuardBlockClipboardSharing applicationGuardBlockFileTransfer
    applicationGuardBlockNonEnterpriseContent applicationGuardEnabled applicationGuardForceAuditing
    bitLockerDisableWarningForOtherDiskEncryption bitLockerEnableStorageCardEncryptionOnMobile
    bitLockerEncryptDevice bitLockerRemovableDrivePolicy defenderAdditionalGuardedFolders
    defenderAttackSurfaceReductionExcludedPaths defenderExploitProtectionXml
    defenderExploitProtectionXmlFileName defenderGuardedFoldersAllowedAppPaths
    defenderSecurityCenterBlockExploitProtectionOverride firewallBlockStatefulFTP
    firewallCertificateRevocationListCheckMethod firewallIPSecExemptionsAllowDHCP
    firewallIPSecExemptionsAllowICMP firewallIPSecExemptionsAllowNeighborDiscovery
    firewallIPSecExemptionsAllowRouterDiscovery firewallIdleTimeoutForSecurityAssociationInSeconds
    firewallMergeKeyingModuleSettings firewallPacketQueueingMethod firewallPreSharedKeyEncodingMethod
    firewallProfileDomain firewallProfilePrivate firewallProfilePublic smartScreenBlockOverrideForFiles
    smartScreenEnableInShell
    """
)
_COMPLIANCE: Final = _words(
    """
    activeFirewallRequired antiSpywareRequired antivirusRequired configurationManagerComplianceRequired
    defenderEnabled defenderVersion deviceCompliancePolicyScript deviceThreatProtectionEnabled
    deviceThreatProtectionRequiredSecurityLevel firmwareProtectionEnabled kernelDmaProtectionEnabled
    memoryIntegrityEnabled rtpEnabled signatureOutOfDate tpmRequired validOperatingSystemBuildRanges
    virtualizationBasedSecurityEnabled wslDistributions
    """
)
_WHOLE: Final = frozenset[str]()


def _lacking(kind: str, known: frozenset[str]) -> frozenset[str]:
    props = management.CONFIGURATIONS.entity.props
    return frozenset(props[name].graph_name for name in management.CONFIGURATION_KINDS[kind]) - known


#: Kind of configuration, which of its properties v1.0 lacks. Of a kind that is not here it shows what all have.
CONFIGURATIONS: Final = {
    "windows10CustomConfiguration": _WHOLE,
    "windows10EndpointProtectionConfiguration": _lacking(
        "windows10EndpointProtectionConfiguration", _ENDPOINT_PROTECTION
    ),
    "windowsUpdateForBusinessConfiguration": _WHOLE,
}
#: The same of compliance policies.
POLICIES: Final = {"windows10CompliancePolicy": _COMPLIANCE}
