"""What the permissions of custom roles mean here: Graph's names for them -> our actions, in one table each.

A name that is well formed and not listed is kept and opens nothing: what it is about does not exist here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_INTUNE: Final = "Microsoft.Intune_"
_INTUNE_NAME: Final = re.compile(r"Microsoft\.Intune(?:ConfigurationManager)?_[A-Za-z0-9]{1,80}_[A-Za-z0-9]{1,80}\Z")
_DIRECTORY_NAME: Final = re.compile(r"microsoft\.[a-z0-9.]{1,60}(?:/[A-Za-z0-9.{}_-]{1,80}){1,8}\Z")
_VERBS: Final = ("Create", "Update", "Delete", "Assign")

#: Category -> our areas; its Create, Update, Delete and Assign are their verbs.
_AREAS: Final = {
    "MobileApps": ("apps",),
    "DeviceConfigurations": ("management.configurations", "management.scripts"),
    "DeviceCompliancePolices": ("management.compliance",),  # the original's spelling
    "AssignmentFilter": ("filters",),
    "Roles": ("intune_roles",),
    # "Enrollment programs": profiles. Enrollment configurations (ESP, restrictions) have no permissions of their own
    # in what we read; they go with the profiles they are used with.
    "AppleEnrollmentProfiles": ("autopilot.profiles", "enrollment"),
}
#: Permissions that are no plain verb of an area.
_SINGLE: Final[dict[str, tuple[str, ...]]] = {
    "AppleDeviceSerialNumbers_Create": ("autopilot.import",),
    "AppleDeviceSerialNumbers_Delete": ("autopilot.devices.write",),
    "AppleDeviceSerialNumbers_Update": ("autopilot.devices.write",),
    "AppleDeviceSerialNumbers_Sync": ("autopilot.sync",),
    "AppleEnrollmentProfiles_Assign": ("autopilot.devices.write",),
    "AppleEnrollmentProfiles_Update": ("enrollment.prioritize", "autopilot.profiles.prioritize"),
    "MobileApps_Update": ("apps.write",),
    "MobileApps_Relate": ("apps.write",),
    "ManagedDevices_Update": ("management.devices.update", "management.devices.overrideComplianceState"),
    "ManagedDevices_Delete": ("management.devices.delete", "management.delete"),
    "RemoteTasks_SyncDevice": ("management.devices.syncDevice",),
    "RemoteTasks_RebootNow": ("management.devices.rebootNow",),
    "RemoteTasks_SetDeviceName": ("management.devices.setDeviceName",),
    "RemoteTasks_Retire": ("management.devices.retire",),
    "RemoteTasks_Wipe": (
        "management.devices.factoryReset",
        "management.devices.factoryResetKeepEnrollmentData",
        "management.devices.automaticRedeployment",
    ),
    "RemoteTasks_CleanPC": ("management.devices.cleanWindowsDevice",),
    "RemoteTasks_CollectDiagnostics": ("management.devices.collectDiagnostics", "management.devices.readDiagnostics"),
    "RemoteTasks_RotateLocalAdminPassword": ("management.devices.rotateLocalAdminPassword",),
    "RemoteTasks_RotateBitLockerKeys": ("management.devices.rotateBitLockerKeys",),
    "RemoteTasks_WindowsDefender": (
        "management.devices.quickScan",
        "management.devices.fullScan",
        "management.devices.windowsDefenderUpdateSignatures",
    ),
    "RemoteTasks_PauseConfigurationRefresh": ("management.devices.pauseConfigurationRefresh",),
}
#: Permissions of custom directory roles -> our actions.
_DIRECTORY: Final[dict[str, tuple[str, ...]]] = {
    "microsoft.directory/users/create": ("users.create",),
    "microsoft.directory/users/basic/update": ("users.update",),
    "microsoft.directory/users/delete": ("users.delete",),
    "microsoft.directory/users/assignLicense": ("users.license",),
    "microsoft.directory/users/password/update": ("users.password.update",),
    "microsoft.directory/groups/create": ("groups.create",),
    "microsoft.directory/groups/basic/update": ("groups.update",),
    "microsoft.directory/groups/members/update": ("groups.update",),
    "microsoft.directory/groups/dynamicMembershipRule/update": ("groups.update",),
    "microsoft.directory/groups/delete": ("groups.delete",),
    "microsoft.directory/devices/basic/update": ("devices.update",),
    "microsoft.directory/devices/delete": ("devices.delete",),
    "microsoft.directory/bitlockerKeys/key/read": ("recovery_keys.read",),
    "microsoft.directory/deviceLocalCredentials/standard/read": ("local_credentials.read",),
    "microsoft.directory/deviceLocalCredentials/password/read": ("local_credentials.reveal",),
    "microsoft.directory/deviceRegistrationPolicy/basic/update": ("policies.registration.update",),
    "microsoft.directory/applications/create": ("applications.create",),
    "microsoft.directory/applications/basic/update": ("applications.update",),
    "microsoft.directory/applications/credentials/update": ("applications.secret",),
    "microsoft.directory/applications/delete": ("applications.delete",),
    "microsoft.directory/conditionalAccessPolicies/create": ("conditional_access.create",),
    "microsoft.directory/conditionalAccessPolicies/basic/update": ("conditional_access.update",),
    "microsoft.directory/conditionalAccessPolicies/delete": ("conditional_access.delete",),
}


def _intune() -> dict[str, tuple[str, ...]]:
    found = {
        f"{category}_{verb}": tuple(f"{area}.{verb.lower()}" for area in areas)
        for category, areas in _AREAS.items()
        for verb in _VERBS
    }
    for name, actions in _SINGLE.items():
        found[name] = found.get(name, ()) + actions
    return {f"{_INTUNE}{name}".lower(): actions for name, actions in found.items()}


INTUNE: Final = _intune()
_DIRECTORY_FOLDED: Final = {name.lower(): actions for name, actions in _DIRECTORY.items()}


def of_intune(names: Iterable[str]) -> frozenset[str]:
    """Our actions that permissions of an Intune role open."""
    return frozenset(action for name in names for action in INTUNE.get(name.lower(), ()))


def of_directory(names: Iterable[str]) -> frozenset[str]:
    """Our actions that permissions of a custom directory role open."""
    return frozenset(action for name in names for action in _DIRECTORY_FOLDED.get(name.lower(), ()))


def is_intune(name: str) -> bool:
    """Whether a name has the shape of an Intune permission."""
    return _INTUNE_NAME.match(name) is not None


def is_directory(name: str) -> bool:
    """Whether a name has the shape of a directory permission."""
    return _DIRECTORY_NAME.match(name) is not None


def built_in(category: str, *verbs: str) -> list[str]:
    """Names of permissions of one category."""
    return [f"{_INTUNE}{category}_{verb}" for verb in verbs]
