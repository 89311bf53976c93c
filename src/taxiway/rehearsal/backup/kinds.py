"""The collections that a backup holds, in the order in which they are made: what others refer to comes first.

Where each lies in the folders of IntuneCD and of IntuneManagement, and how its objects are assigned (02 sections 1.6
and 10, C2 and C5).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

#: ``deviceManagement/x(assignments())/$entity`` behind the ``#`` of a context.
_context = re.compile(r"#([A-Za-z]+(?:/[A-Za-z]+)*)")
_TYPE: Final = "#microsoft.graph."


@dataclass(frozen=True, slots=True)
class Kind:
    """One collection.

    ``path`` at Graph (beta); ``cd`` and ``im``: its folders in IntuneCD's and IntuneManagement's backups; ``name``: the
    property that names an object, empty where there is one of it. ``member``: the list in the body of ``assign``;
    ``each``: assignments are posted one by one instead. ``types``: how the names of its types end, for objects that
    come without a context. ``mixed``: its objects are of several types, so that two may have one name.
    """

    path: str
    cd: tuple[str, ...] = ()
    im: tuple[str, ...] = ()
    name: str = "displayName"
    member: str = "assignments"
    each: bool = False
    types: tuple[str, ...] = ()
    mixed: bool = False

    @property
    def address(self) -> str:
        """Below the origin."""
        return f"/beta/{self.path}"

    @property
    def collection(self) -> str:
        """The last segment."""
        return self.path.rpartition("/")[2]

    @property
    def assignable(self) -> bool:
        """Whether its objects have assignments."""
        return self.each or bool(self.member)


def _below(top: str, collection: str, *cd: str, im: str | tuple[str, ...] = (), **more: Any) -> Kind:
    return Kind(f"{top}/{collection}", cd, (im,) if isinstance(im, str) else im, **more)


_dm, _dam = partial(_below, "deviceManagement"), partial(_below, "deviceAppManagement")

GROUPS: Final = Kind("groups", im=("Groups",), member="", types=("group",))
USERS: Final = Kind("users", im=("Users",), name="userPrincipalName", member="", types=("user",))
DEVICES: Final = _dm(
    "windowsAutopilotDeviceIdentities",
    "Autopilot Devices",
    name="serialNumber",
    member="",
    types=("windowsAutopilotDeviceIdentity",),
)
SCOPE_TAGS: Final = _dm("roleScopeTags", "Scope Tags", im="ScopeTags", types=("roleScopeTag",))
FILTERS: Final = _dm(
    "assignmentFilters",
    "Filters",
    im="AssignmentFilters",
    member="",
    types=("deviceAndAppManagementAssignmentFilter",),
)
TEMPLATES: Final = _dm(
    "notificationMessageTemplates",
    "Compliance Policies/Message Templates",
    im="Notifications",
    member="",
    types=("notificationMessageTemplate",),
)
APPS: Final = _dam(
    "mobileApps",
    "Applications",
    im="Applications",
    member="mobileAppAssignments",
    types=("App", "MSI", "AppX", "winGetApp"),
    mixed=True,
)
ENROLLMENT: Final = _dm(
    "deviceEnrollmentConfigurations",
    "Enrollment Profiles/Windows/ESP",
    "Enrollment Configurations",
    im=("EnrollmentStatusPage", "EnrollmentRestrictions", "CoManagementSettings"),
    member="enrollmentConfigurationAssignments",
    mixed=True,
    types=(
        "EnrollmentCompletionPageConfiguration",
        "deviceEnrollmentLimitConfiguration",
        "RestrictionsConfiguration",
        "RestrictionConfiguration",
        "WindowsHelloForBusinessConfiguration",
        "deviceComanagementAuthorityConfiguration",
        "deviceEnrollmentNotificationConfiguration",
        "windowsRestoreDeviceEnrollmentConfiguration",
    ),
)
COMPLIANCE_SCRIPTS: Final = _dm(
    "deviceComplianceScripts", "Compliance Policies/Scripts", im="ComplianceScripts", member="", types=()
)
COMPLIANCE: Final = _dm(
    "deviceCompliancePolicies",
    "Compliance Policies/Policies",
    im="CompliancePolicies",
    types=("CompliancePolicy",),
    mixed=True,
)
CATALOGUE: Final = _dm(
    "configurationPolicies",
    "Settings Catalog",
    im="SettingsCatalog",
    name="name",
    types=("deviceManagementConfigurationPolicy",),
)
INTENTS: Final = _dm("intents", "Management Intents", im="EndpointSecurity", types=("deviceManagementIntent",))
PROTECTION: Final = _dam(
    "managedAppPolicies", "App Protection", im="AppProtection", types=("ManagedAppProtection",), mixed=True
)
#: What every tenant has once: changed, not made.
SETTINGS: Final = _dm("settings", "Device Management Settings", name="", member="")
REGISTRATION: Final = Kind(
    "policies/deviceRegistrationPolicy", ("Entra/Device Registration Policy",), name="", member=""
)
ROLES: Final = _dm("roleDefinitions", "Roles", im="RoleDefinitions", member="", types=("roleDefinition",))

_SCRIPTS: Final = "deviceManagementScriptAssignments"
#: In the order in which they are made.
KINDS: Final = (
    SCOPE_TAGS,
    FILTERS,
    GROUPS,
    USERS,
    DEVICES,
    SETTINGS,
    REGISTRATION,
    _dm("deviceCategories", "Device Categories", im="DeviceCategories", member="", types=("deviceCategory",)),
    TEMPLATES,
    _dm("reusablePolicySettings", im="ReusableSettings", member="", types=("deviceManagementReusablePolicySetting",)),
    APPS,
    _dm("deviceConfigurations", "Device Configurations", im=("DeviceConfiguration", "UpdatePolicies"), mixed=True),
    CATALOGUE,
    _dm("groupPolicyConfigurations", "Group Policy Configurations", im="AdministrativeTemplates"),
    INTENTS,
    COMPLIANCE_SCRIPTS,
    COMPLIANCE,
    _dm("compliancePolicies", im="CompliancePoliciesV2", name="name"),
    _dm("deviceManagementScripts", "Scripts/Powershell", im="PowerShellScripts", member=_SCRIPTS),
    _dm("deviceShellScripts", "Scripts/Shell", im="MacScripts", member=_SCRIPTS),
    _dm("deviceCustomAttributeShellScripts", "Custom Attributes", im="MacCustomAttributes", member=_SCRIPTS),
    _dm(
        "deviceHealthScripts",
        "Proactive Remediations",
        im="DeviceHealthScripts",
        member="deviceHealthScriptAssignments",
    ),
    _dm("windowsFeatureUpdateProfiles", "Feature Updates", im="FeatureUpdates"),
    _dm("windowsQualityUpdateProfiles", "Quality Updates", im="QualityUpdates"),
    _dm("windowsDriverUpdateProfiles", "Driver Updates", im="DriverUpdateProfiles"),
    _dm(
        "windowsAutopilotDeploymentProfiles",
        "Enrollment Profiles/Windows",
        im="AutoPilot",
        each=True,
        types=("WindowsAutopilotDeploymentProfile",),
    ),
    ENROLLMENT,
    _dam(
        "mobileAppConfigurations",
        "App Configuration",
        im=("AppConfigurationManagedDevice", "AndroidOEMConfig"),
        types=("MobileAppConfiguration", "StoreAppConfiguration"),
    ),
    PROTECTION,
    _dam("policySets", im="PolicySets", types=("policySet",)),
    ROLES,
    Kind("identity/conditionalAccess/policies", ("Conditional Access",), ("ConditionalAccess",), member=""),
    _dm("depOnboardingSettings", "Enrollment Profiles/Apple", name="tokenName", member=""),
    _dm("complianceManagementPartners", "Partner Connections/Compliance", member=""),
    _dm("deviceManagementPartners", "Partner Connections/Management", member=""),
    _dm("remoteAssistancePartners", "Partner Connections/Remote Assistance", member=""),
    _dam("vppTokens", "Apple VPP Tokens", name="organizationName", member=""),
)
_BY_PATH: Final = {kind.path.lower(): kind for kind in KINDS}
#: Longest first, so that a folder within another counts as itself.
_BY_CD: Final = sorted(((folder, kind) for kind in KINDS for folder in kind.cd), key=lambda one: -len(one[0]))
_BY_IM: Final = {folder.lower(): kind for kind in KINDS for folder in kind.im}
#: Types whose collection at Graph is another than that in which they are listed.
_PROTECTIONS: Final = re.compile(
    r"deviceAppManagement/\w*(ManagedAppProtections|InformationProtectionPolicies)\Z", re.IGNORECASE
)


def by_context(context: str) -> Kind | str | None:
    """The kind that an ``@odata.context`` names; its path where we have no such kind; None where it names none."""
    match = _context.search(context)
    if match is None:
        return None
    path = match[1]
    if _PROTECTIONS.match(path):
        return PROTECTION
    return _BY_PATH.get(path.lower()) or path


def by_folder(folder: str) -> Kind | None:
    """The kind that lies in a folder of the backup, by IntuneCD's names or IntuneManagement's."""
    found = next((kind for name, kind in _BY_CD if f"/{folder}/".find(f"/{name}/") >= 0), None)
    return found or next((_BY_IM[part.lower()] for part in folder.split("/") if part.lower() in _BY_IM), None)


def by_content(content: dict[str, Any]) -> Kind | None:
    """The kind that an object by itself tells of: by its type, or by what only such objects have."""
    name = str(content.get("@odata.type") or "").rpartition(".")[2]
    if name:
        ends = ((end, kind) for kind in KINDS for end in kind.types)
        found = max((one for one in ends if name.endswith(one[0])), key=lambda one: len(one[0]), default=None)
        return (
            found[1] if found else _BY_PATH["devicemanagement/deviceconfigurations"] if "onfiguration" in name else None
        )
    for keys, path in _TELLING:
        if keys <= content.keys():
            return _BY_PATH[path]
    return None


#: What objects without a type have.
_TELLING: Final = (
    ({"settings", "technologies", "platforms", "scheduledActionsForRule"}, "devicemanagement/compliancepolicies"),
    ({"settings", "technologies", "platforms"}, "devicemanagement/configurationpolicies"),
    ({"definitionValues", "displayName"}, "devicemanagement/grouppolicyconfigurations"),
    ({"settingInstance", "settingDefinitionId"}, "devicemanagement/reusablepolicysettings"),
    ({"rule", "platform", "displayName"}, "devicemanagement/assignmentfilters"),
    ({"detectionScriptContent", "remediationScriptContent"}, "devicemanagement/devicehealthscripts"),
    ({"detectionScriptContent"}, "devicemanagement/devicecompliancescripts"),
    ({"scriptContent", "enforceSignatureCheck"}, "devicemanagement/devicemanagementscripts"),
    ({"userPrincipalName", "mailNickname"}, "users"),
    ({"securityEnabled", "displayName"}, "groups"),
    ({"rolePermissions"}, "devicemanagement/roledefinitions"),
    ({"settingsDelta", "templateId"}, "devicemanagement/intents"),
)
