"""Which collections are kept as they came: one declaration each (02 sections 1.6 and 9.4)."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from taxiway.graph.protocol import scopes
from taxiway.graph.resources.opaque import Kept
from taxiway.management import Shelf

_READ, _WRITE = scopes.CONFIGURATION_READ, scopes.CONFIGURATION_WRITE
_SCRIPTS_READ: Final = _READ | scopes.SCRIPTS_READ
_SCRIPTS_WRITE: Final = _WRITE | scopes.SCRIPTS_WRITE
_SERVICE_READ, _SERVICE_WRITE = scopes.ENROLLMENT_READ, scopes.ENROLLMENT_WRITE
_MODIFIED: Final = ("lastModifiedDateTime",)
_CONFIGURATIONS, _SCRIPTS, _APPS = "management.configurations", "management.scripts", "apps"


_device = partial(Kept, read=_READ, write=_WRITE)
_service = partial(Kept, read=_SERVICE_READ, write=_SERVICE_WRITE, tags="", moments=(), assigned="")
_script = partial(Kept, read=_SCRIPTS_READ, write=_SCRIPTS_WRITE)
_app = partial(Kept, read=scopes.APPS_READ, write=scopes.APPS_WRITE, beta=False, tags_beta=True)


def _of(make: partial[Kept], name: str, area: str, *, children: dict[str, str] | None = None, **more: Any) -> Kept:
    top = "deviceAppManagement" if make is _app else "deviceManagement"
    return make(f"{top}/{name}", Shelf(name, area, children=children), **more)


GROUP_POLICIES: Final = _of(
    _device,
    "groupPolicyConfigurations",
    _CONFIGURATIONS,
    children={"definitionValues": "presentationValues"},
    declared="groupPolicyConfiguration",
    removed=204,
)
COMPLIANCE: Final = _of(
    _device,
    "compliancePolicies",
    "management.compliance",
    children={"settings": "", "scheduledActionsForRule": "scheduledActionConfigurations"},
    declared="deviceManagementCompliancePolicy",
    title="name",
    sourced=True,
    put=204,
    patched=204,
)
NOTIFICATIONS: Final = _of(
    _service,
    "notificationMessageTemplates",
    _CONFIGURATIONS,
    children={"localizedNotificationMessages": ""},
    declared="notificationMessageTemplate",
    tags="roleScopeTagIds",
    moments=_MODIFIED,
    beta=False,
    posted=200,
)
INTENTS: Final = _of(
    _device,
    "intents",
    _CONFIGURATIONS,
    children={"settings": ""},
    declared="deviceManagementIntent",
    moments=_MODIFIED,
    assigning=204,
)
TEMPLATES: Final = _of(
    _device,
    "templates",
    _CONFIGURATIONS,
    children={"categories": "settingDefinitions"},
    tags="",
    moments=(),
    assigned="",
)
DEP_TOKENS: Final = _of(
    _service,
    "depOnboardingSettings",
    "enrollment",
    children={"enrollmentProfiles": ""},
    declared="depOnboardingSetting",
    title="tokenName",
    tags="roleScopeTagIds",
    moments=_MODIFIED,
)
_SHELL: Final = (
    _of(
        _script,
        "deviceCustomAttributeShellScripts",
        _SCRIPTS,
        declared="deviceCustomAttributeShellScript",
        assigned="deviceManagementScriptAssignments",
        on_item=frozenset({"scriptContent"}),
    ),
    _of(
        _script,
        "deviceShellScripts",
        _SCRIPTS,
        declared="deviceShellScript",
        assigned="deviceManagementScriptAssignments",
        on_item=frozenset({"scriptContent"}),
    ),
)
#: Scripts of other platforms: what ``deviceManagementScripts`` knows by their ids too.
SHELL_SCRIPTS: Final = tuple(kept.shelf for kept in _SHELL)
_APP_POLICIES: Final = "managedAppPolicies"
#: The kinds of app policies that have a collection of their own, and what it is called where that is not mechanical.
_POLICY_KINDS: Final = {
    "iosManagedAppProtection": "iosManagedAppProtections",
    "androidManagedAppProtection": "androidManagedAppProtections",
    "windowsManagedAppProtection": "windowsManagedAppProtections",
    "defaultManagedAppProtection": "defaultManagedAppProtections",
    "targetedManagedAppConfiguration": "targetedManagedAppConfigurations",
    "mdmWindowsInformationProtectionPolicy": "mdmWindowsInformationProtectionPolicies",
    "windowsInformationProtectionPolicy": "windowsInformationProtectionPolicies",
}
#: Those that v1.0 does not know.
_BETA_KINDS: Final = ("windowsManagedAppProtection",)


def _app_policies(kind: str, name: str) -> Kept:
    """One kind of app policies; ``managedAppPolicies`` lists them all."""
    shelf = Shelf(_APP_POLICIES, _APPS, kind=kind)
    # IntuneCD waits for another answer to a change of this one kind than of all others.
    patched = 200 if kind == "windowsInformationProtectionPolicy" else 204
    # The default ones are for whoever has no other.
    assigned = "" if kind == "defaultManagedAppProtection" else "assignments"
    return _app(
        f"deviceAppManagement/{name}",
        shelf,
        declared=kind,
        beta=kind in _BETA_KINDS,
        beta_kinds=() if kind else _BETA_KINDS,
        patched=patched,
        removed=204,
        assigned=assigned,
        sourced=True,
        assigning=204,
    )


KEPT: Final[tuple[Kept, ...]] = (
    GROUP_POLICIES,
    COMPLIANCE,
    NOTIFICATIONS,
    INTENTS,
    TEMPLATES,
    DEP_TOKENS,
    _of(_service, "complianceManagementPartners", "enrollment", declared="complianceManagementPartner", beta=False),
    _of(_service, "deviceManagementPartners", "enrollment", declared="deviceManagementPartner", beta=False),
    _of(_service, "remoteAssistancePartners", "enrollment", declared="remoteAssistancePartner", beta=False),
    _of(
        _script,
        "deviceComplianceScripts",
        _SCRIPTS,
        declared="deviceComplianceScript",
        assigned="deviceHealthScriptAssignments",
        on_item=frozenset({"detectionScriptContent"}),
    ),
    *_SHELL,
    _of(
        _script,
        "deviceHealthScripts",
        _SCRIPTS,
        declared="deviceHealthScript",
        assigned="deviceHealthScriptAssignments",
        on_item=frozenset({"detectionScriptContent", "remediationScriptContent"}),
    ),
    _of(
        _device,
        "reusablePolicySettings",
        _CONFIGURATIONS,
        declared="deviceManagementReusablePolicySetting",
        tags="",
        versioned=True,
        assigned="",
        put=204,
    ),
    _of(_device, "windowsDriverUpdateProfiles", _CONFIGURATIONS, declared="windowsDriverUpdateProfile"),
    _of(_device, "windowsFeatureUpdateProfiles", _CONFIGURATIONS, declared="windowsFeatureUpdateProfile"),
    _of(_device, "windowsQualityUpdateProfiles", _CONFIGURATIONS, declared="windowsQualityUpdateProfile"),
    _of(
        _device,
        "configurationCategories",
        _CONFIGURATIONS,
        declared="deviceManagementConfigurationCategory",
        tags="",
        moments=(),
        assigned="",
    ),
    _of(
        _device,
        "configurationPolicyTemplates",
        _CONFIGURATIONS,
        declared="deviceManagementConfigurationPolicyTemplate",
        children={"settingTemplates": ""},
        tags="",
        moments=(),
        assigned="",
    ),
    _of(_app, "mobileAppConfigurations", _APPS, versioned=True, patched=204),
    _app_policies("", _APP_POLICIES),
    *(_app_policies(kind, name) for kind, name in _POLICY_KINDS.items()),
    _of(
        _app,
        "policySets",
        _APPS,
        children={"items": ""},
        declared="policySet",
        tags="roleScopeTags",
        beta=True,
    ),
    _of(_app, "vppTokens", _APPS, declared="vppToken", title="organizationName", moments=_MODIFIED, assigned=""),
)
