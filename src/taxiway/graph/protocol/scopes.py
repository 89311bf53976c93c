"""Which permissions open which addresses (02 section 2)."""

from __future__ import annotations

from collections.abc import Collection


def _any(*names: str) -> frozenset[str]:
    return frozenset(names)


_SERVICE = "DeviceManagementServiceConfig"
_CONFIGURATION = "DeviceManagementConfiguration"
_DEVICES = "DeviceManagementManagedDevices"
_APPS = "DeviceManagementApps"
_DIRECTORY_READ = ("Directory.Read.All", "Directory.ReadWrite.All", "Directory.AccessAsUser.All")
_DIRECTORY_WRITE = ("Directory.ReadWrite.All", "Directory.AccessAsUser.All")

AUTOPILOT_READ = _any(f"{_SERVICE}.Read.All")
AUTOPILOT_WRITE = _any(f"{_SERVICE}.ReadWrite.All")
PROFILE_WRITE = AUTOPILOT_WRITE | {f"{_CONFIGURATION}.ReadWrite.All"}
ENROLLMENT_READ = _any(f"{_SERVICE}.Read.All", f"{_CONFIGURATION}.Read.All")
ENROLLMENT_WRITE = _any(f"{_SERVICE}.ReadWrite.All", f"{_CONFIGURATION}.ReadWrite.All")
CONFIGURATION_READ = _any(f"{_CONFIGURATION}.Read.All")
CONFIGURATION_WRITE = _any(f"{_CONFIGURATION}.ReadWrite.All")
INTUNE_ROLES_READ = CONFIGURATION_READ | {"DeviceManagementRBAC.Read.All"}
INTUNE_ROLES_WRITE = CONFIGURATION_WRITE | {"DeviceManagementRBAC.ReadWrite.All"}
SCRIPTS_READ = _any("DeviceManagementScripts.Read.All")
SCRIPTS_WRITE = _any("DeviceManagementScripts.ReadWrite.All")
APPS_READ = _any(f"{_APPS}.Read.All")
APPS_WRITE = _any(f"{_APPS}.ReadWrite.All")
MANAGED_READ = _any(f"{_DEVICES}.Read.All", f"{_CONFIGURATION}.Read.All")
EVENTS_READ = _any(f"{_DEVICES}.Read.All")
MANAGED_WRITE = _any(f"{_DEVICES}.ReadWrite.All")
MANAGED_ACTIONS = _any(f"{_DEVICES}.PrivilegedOperations.All")

MDM_POLICY_READ = _any("Policy.Read.All")
MDM_POLICY_WRITE = _any("Policy.ReadWrite.MobilityManagement")
CONDITIONAL_ACCESS_READ = _any("Policy.Read.All", "Policy.Read.ConditionalAccess")
CONDITIONAL_ACCESS_WRITE = _any("Policy.ReadWrite.ConditionalAccess")
REGISTRATION_READ = _any("Policy.Read.DeviceConfiguration", "Policy.Read.All")
REGISTRATION_WRITE = _any("Policy.ReadWrite.DeviceConfiguration")

ME_READ = _any("User.Read", "User.Read.All", "User.ReadBasic.All", *_DIRECTORY_READ)
USERS_READ = _any("User.ReadBasic.All", "User.Read.All", *_DIRECTORY_READ)
USERS_WRITE = _any("User.ReadWrite.All", *_DIRECTORY_WRITE)
LICENSES_WRITE = USERS_WRITE | {"LicenseAssignment.ReadWrite.All"}
GROUP_LICENSES_WRITE = _any("Group.ReadWrite.All", "LicenseAssignment.ReadWrite.All", *_DIRECTORY_WRITE)
EVALUATED_GROUPS_READ = _any("Group.Read.All", *_DIRECTORY_READ)
EVALUATED_USERS_READ = _any("User.Read.All", *_DIRECTORY_READ)
METHODS_WRITE = _any("UserAuthenticationMethod.ReadWrite.All")
METHODS_READ = _any("UserAuthenticationMethod.Read.All")
GROUPS_READ = _any("Group.ReadBasic.All", "GroupMember.Read.All", "Group.Read.All", *_DIRECTORY_READ)
GROUPS_WRITE = _any("Group.ReadWrite.All", *_DIRECTORY_WRITE)
GROUPS_CREATE = GROUPS_WRITE | {"Group.Create"}
MEMBERS_READ = _any("GroupMember.Read.All", "Group.Read.All", *_DIRECTORY_READ)
MEMBERS_WRITE = _any("GroupMember.ReadWrite.All", "Group.ReadWrite.All", *_DIRECTORY_WRITE)
DELETED_USERS_READ = _any("User.Read.All", *_DIRECTORY_READ)
DELETED_USERS_WRITE = _any("User.ReadWrite.All", "User.DeleteRestore.All", *_DIRECTORY_WRITE)
DELETED_GROUPS_READ = _any("Group.Read.All", *_DIRECTORY_READ)
DELETED_GROUPS_WRITE = GROUPS_WRITE
DEVICES_READ = _any("Device.Read.All", *_DIRECTORY_READ)
DEVICES_WRITE = _any("Device.ReadWrite.All", *_DIRECTORY_WRITE)
ROLES_READ = _any("RoleManagement.Read.Directory", "RoleManagement.Read.All", *_DIRECTORY_READ)
ROLES_WRITE = _any("RoleManagement.ReadWrite.Directory", "Directory.AccessAsUser.All")
UNITS_READ = _any("AdministrativeUnit.Read.All", *_DIRECTORY_READ)
UNITS_WRITE = _any("AdministrativeUnit.ReadWrite.All", "Directory.AccessAsUser.All")
ORGANIZATION_READ = _any("Organization.Read.All", "User.Read", f"{_SERVICE}.Read.All", *_DIRECTORY_READ)
ORGANIZATION_WRITE = _any("Organization.ReadWrite.All", "Directory.AccessAsUser.All")
BRANDING_READ = _any("OrganizationalBranding.Read.All", "Organization.Read.All", "User.Read", *_DIRECTORY_READ)
BRANDING_WRITE = ORGANIZATION_WRITE | {"OrganizationalBranding.ReadWrite.All"}
DOMAINS_READ = _any("Domain.Read.All", *_DIRECTORY_READ)
DOMAINS_WRITE = _any("Domain.ReadWrite.All", "Directory.AccessAsUser.All")
SKUS_READ = _any("Organization.Read.All", "LicenseAssignment.Read.All", *_DIRECTORY_READ)
APPLICATIONS_READ = _any("Application.Read.All", *_DIRECTORY_READ)
APPLICATIONS_WRITE = _any("Application.ReadWrite.All")
ROLE_ASSIGNMENTS_WRITE = _any("AppRoleAssignment.ReadWrite.All")
GRANTS_READ = _any("DelegatedPermissionGrant.ReadWrite.All", *_DIRECTORY_READ)
GRANTS_WRITE = _any("DelegatedPermissionGrant.ReadWrite.All")
ENDPOINTS_READ = _any("ServicePrincipalEndpoint.Read.All", "User.Read", "Application.Read.All", *_DIRECTORY_READ)
AUDIT_READ = _any("AuditLog.Read.All")
INTUNE_AUDIT_READ = _any(f"{_APPS}.Read.All")
RECOVERY_KEYS_READ = _any("BitlockerKey.ReadBasic.All", "BitlockerKey.Read.All")
RECOVERY_KEYS_REVEAL = _any("BitlockerKey.Read.All")
LOCAL_CREDENTIALS_READ = _any("DeviceLocalCredential.ReadBasic.All", "DeviceLocalCredential.Read.All")
LOCAL_CREDENTIALS_REVEAL = _any("DeviceLocalCredential.Read.All")


def permits(granted: Collection[str], needed: frozenset[str]) -> bool:
    """Whether one of the needed permissions was granted; ``X.ReadWrite.All`` implies ``X.Read.All``."""
    held = {name.lower() for name in granted}
    return any(name.lower() in held or name.lower().replace(".read.", ".readwrite.") in held for name in needed)
