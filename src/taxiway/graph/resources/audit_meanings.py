"""What the kinds of the log are called in the two audit logs of Graph (02 section 9.4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple


class Meaning(NamedTuple):
    """A change as an audit log names it."""

    category: str
    activity: str
    operation: str
    resource: str = ""


_ADD, _UPDATE, _DELETE = "Add", "Update", "Delete"
_USERS, _GROUPS, _DEVICES = "UserManagement", "GroupManagement", "Device"
_APPLICATIONS, _ROLES, _POLICIES, _DIRECTORY = (
    "ApplicationManagement",
    "RoleManagement",
    "Policy",
    "DirectoryManagement",
)

#: Kind -> what it means; a change of memberships has a meaning for either direction.
DIRECTORY: Final[Mapping[str, tuple[Meaning, ...]]] = {
    kind: tuple(Meaning(category, activity, operation) for activity in activities.split("|"))
    for category, kinds in {
        _USERS: {
            "user.created": ("Add user", _ADD),
            "user.changed": ("Update user", _UPDATE),
            "user.deleted": ("Delete user", _DELETE),
            "user.restored": ("Restore user", "Restore"),
            "user.purged": ("Hard delete user", _DELETE),
            "user.licensed": ("Change user license", _UPDATE),
            "password.set": ("Set user password", _UPDATE),
            "sessions.revoked": ("Revoke sign-in sessions", _UPDATE),
            "access_pass.issued": ("Add Temporary Access Pass", _ADD),
            "access_pass.removed": ("Remove Temporary Access Pass", _DELETE),
            "totp.registered": ("Register authenticator app", _ADD),
            "totp.removed": ("Remove authenticator app", _DELETE),
            "passkey.registered": ("Register passkey", _ADD),
            "passkey.removed": ("Remove passkey", _DELETE),
            "hello_key.registered": ("Add Windows Hello key", _ADD),
            "recovery_codes.issued": ("Add recovery codes", _ADD),
        },
        _GROUPS: {
            "group.created": ("Add group", _ADD),
            "group.changed": ("Update group", _UPDATE),
            "group.deleted": ("Delete group", _DELETE),
            "group.restored": ("Restore group", "Restore"),
            "group.purged": ("Hard delete group", _DELETE),
            "group.licensed": ("Set group license", _UPDATE),
            "group.owner_added": ("Add owner to group", "Assign"),
            "group.owner_removed": ("Remove owner from group", "Unassign"),
            "membership.changed": ("Add member to group|Remove member from group", "Assign"),
        },
        _DEVICES: {
            "device.anchored": ("Add device", _ADD),
            "device.joined": ("Register device", _ADD),
            "device.changed": ("Update device", _UPDATE),
            "device.deleted": ("Delete device", _DELETE),
            "device.left": ("Unregister device", _DELETE),
            "recovery_key.read": ("Read BitLocker key", "Read"),
            "local_password.read": ("Read device local administrator password", "Read"),
        },
        _APPLICATIONS: {
            "application.created": ("Add application", _ADD),
            "application.changed": ("Update application", _UPDATE),
            "application.deleted": ("Delete application", _DELETE),
            "application.secret_added": ("Add application password", _ADD),
            "application.secret_removed": ("Remove application password", _DELETE),
            "service_principal.created": ("Add service principal", _ADD),
            "service_principal.changed": ("Update service principal", _UPDATE),
            "service_principal.deleted": ("Remove service principal", _DELETE),
            "app_role.assigned": ("Add app role assignment", "Assign"),
            "app_role.removed": ("Remove app role assignment", "Unassign"),
            "permission.granted": ("Add delegated permission grant", "Assign"),
            "permission.changed": ("Update delegated permission grant", _UPDATE),
            "permission.revoked": ("Remove delegated permission grant", "Unassign"),
        },
        _ROLES: {
            "role.assigned": ("Add member to role", "Assign"),
            "role.removed": ("Remove member from role", "Unassign"),
        },
        _POLICIES: {
            "policy.changed": ("Update policy", _UPDATE),
            "signin_policy.changed": ("Update sign-in policy", _UPDATE),
            "conditional_access.created": ("Add conditional access policy", _ADD),
            "conditional_access.changed": ("Update conditional access policy", _UPDATE),
            "conditional_access.deleted": ("Delete conditional access policy", _DELETE),
        },
        _DIRECTORY: {
            "tenant.changed": ("Set company information", _UPDATE),
            "subscription.changed": ("Update subscription", _UPDATE),
            "domain.added": ("Add verified domain", _ADD),
            "federation.changed": ("Set federation settings on domain", _UPDATE),
            "federation.removed": ("Remove federation settings on domain", _DELETE),
            "branding.changed": ("Update branding", _UPDATE),
            "branding.deleted": ("Delete branding", _DELETE),
        },
    }.items()
    for kind, (activities, operation) in kinds.items()
}

_CREATE, _PATCH, _REMOVE, _ASSIGN = "Create", "Patch", "Delete", "Action"
_VERBS: Final = {
    "created": _CREATE,
    "changed": _PATCH,
    "updated": _PATCH,
    "deleted": _REMOVE,
    "assigned": _ASSIGN,
    "targeted": _ASSIGN,
    "prioritized": _ASSIGN,
    "published": _ASSIGN,
}
_NOUNS: Final = {
    "device_configuration": ("DeviceConfiguration", "DeviceConfiguration"),
    "configuration_policy": ("DeviceConfiguration", "DeviceManagementConfigurationPolicy"),
    "device_management_script": ("DeviceConfiguration", "DeviceManagementScript"),
    "compliance_policy": ("Compliance", "DeviceCompliancePolicy"),
    "mobile_app": ("Application", "MobileApp"),
    "enrollment_configuration": ("Enrollment", "DeviceEnrollmentConfiguration"),
    "autopilot_profile": ("Enrollment", "WindowsAutopilotDeploymentProfile"),
    "opaque_object": ("DeviceConfiguration", "Other"),
    "filter": ("DeviceConfiguration", "AssignmentFilter"),
    "device_category": ("Enrollment", "DeviceCategory"),
    "identifier": ("Enrollment", "ImportedDeviceIdentity"),
}
_SINGLE: Final = {
    "autopilot.registered": ("Enrollment", _CREATE, "WindowsAutopilotDeviceIdentity"),
    "autopilot.deregistered": ("Enrollment", _REMOVE, "WindowsAutopilotDeviceIdentity"),
    "autopilot.changed": ("Enrollment", _PATCH, "WindowsAutopilotDeviceIdentity"),
    "autopilot.user_assigned": ("Enrollment", _ASSIGN, "WindowsAutopilotDeviceIdentity"),
    "autopilot.user_unassigned": ("Enrollment", _ASSIGN, "WindowsAutopilotDeviceIdentity"),
    "autopilot.resource_assigned": ("Enrollment", _ASSIGN, "WindowsAutopilotDeviceIdentity"),
    "autopilot.enrollment_allowed": ("Enrollment", _ASSIGN, "WindowsAutopilotDeviceIdentity"),
    "identifier.imported": ("Enrollment", _CREATE, "ImportedDeviceIdentity"),
    "enrollment_policy.changed": ("Enrollment", _PATCH, "EnrollmentPolicy"),
    "terms_of_use.changed": ("Enrollment", _PATCH, "TermsAndConditions"),
    "esp.ordered": ("Enrollment", _ASSIGN, "EnrollmentStatusPage"),
    "assignments.changed": ("DeviceConfiguration", _ASSIGN, "Assignment"),
    "managed_device.updated": ("Device", _PATCH, "ManagedDevice"),
    "managed_device.deleted": ("Device", _REMOVE, "ManagedDevice"),
    "managed_device.primary_user": ("Device", _ASSIGN, "ManagedDevice"),
    "managed_device.category": ("Device", _ASSIGN, "ManagedDevice"),
    "managed_device.ownership": ("Device", _PATCH, "ManagedDevice"),
    "compliance.overridden": ("Compliance", _ASSIGN, "ManagedDevice"),
    "configuration.secret_read": ("DeviceConfiguration", "Get", "DeviceConfiguration"),
    "device_action.ordered": ("Device", _ASSIGN, "ManagedDevice"),
    "management_settings.changed": ("DeviceConfiguration", _PATCH, "DeviceManagementSettings"),
}

INTUNE: Final[Mapping[str, tuple[Meaning, ...]]] = {
    f"{noun}.{verb}": (Meaning(category, f"{operation} {resource}", operation, resource),)
    for noun, (category, resource) in _NOUNS.items()
    for verb, operation in _VERBS.items()
} | {
    kind: (Meaning(category, f"{operation} {resource}", operation, resource),)
    for kind, (category, operation, resource) in _SINGLE.items()
}

#: Which meanings a filter leaves.
Fits = Callable[[Meaning], bool]


def kinds_of(meanings: Mapping[str, tuple[Meaning, ...]], fits: Fits) -> tuple[str, ...]:
    """The kinds of the log that have a meaning a filter leaves."""
    return tuple(kind for kind, named in meanings.items() if any(fits(meaning) for meaning in named))
