"""The first-party applications and resources that exist in every tenant (03 section 1.3)."""

from __future__ import annotations

from dataclasses import dataclass

OOB = "urn:ietf:wg:oauth:2.0:oob"
NATIVE = (
    "https://login.microsoftonline.com/common/oauth2/nativeclient",
    "https://login.windows.net/common/oauth2/nativeclient",
)
BROKER = "ms-appx-web://Microsoft.AAD.BrokerPlugin"
DRS_APP_ID = "01cb2876-7ebd-4aa4-9cc9-d28bd4d359a9"
ENROLLMENT_APP_ID = "d4ebce55-015a-49b5-a083-c84d1797ae8c"
GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000"
INTUNE_APP_ID = "0000000a-0000-0000-c000-000000000000"

#: What the administrators' tools hold at Graph; what the person may do is decided by roles on top of it.
ADMINISTRATION = (
    "AppRoleAssignment.ReadWrite.All",
    "Application.ReadWrite.All",
    "AuditLog.Read.All",
    "BitlockerKey.Read.All",
    "DelegatedPermissionGrant.ReadWrite.All",
    "Device.ReadWrite.All",
    "DeviceLocalCredential.Read.All",
    "DeviceManagementApps.ReadWrite.All",
    "DeviceManagementConfiguration.ReadWrite.All",
    "DeviceManagementManagedDevices.PrivilegedOperations.All",
    "DeviceManagementManagedDevices.ReadWrite.All",
    "DeviceManagementRBAC.ReadWrite.All",
    "DeviceManagementScripts.ReadWrite.All",
    "DeviceManagementServiceConfig.ReadWrite.All",
    "Directory.AccessAsUser.All",
    "Directory.ReadWrite.All",
    "Domain.ReadWrite.All",
    "Group.ReadWrite.All",
    "Organization.ReadWrite.All",
    "Policy.Read.All",
    "Policy.ReadWrite.ConditionalAccess",
    "Policy.ReadWrite.DeviceConfiguration",
    "Policy.ReadWrite.MobilityManagement",
    "RoleManagement.ReadWrite.Directory",
    "User.ReadWrite.All",
    "UserAuthenticationMethod.ReadWrite.All",
    "email",
    "openid",
    "profile",
)


@dataclass(frozen=True, slots=True)
class Client:
    """A public client of the catalogue; ``scopes`` are its delegated permissions at Graph."""

    app_id: str
    display_name: str
    redirect_uris: tuple[str, ...] = ()
    foci: bool = False
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Resource:
    """An audience: the identifiers under which it may be asked for, and its delegated scope."""

    app_id: str
    display_name: str
    identifiers: tuple[str, ...]
    scopes: tuple[str, ...] = ("user_impersonation",)


def _plugin(app_id: str) -> str:
    return f"{BROKER}/{app_id}"


_AUTHENTICATION_BROKER = (
    "ms-aadj-redir://auth/drs",
    "ms-aadj-redir://auth/mdm",
    BROKER,
    *(f"{BROKER}/{name}" for name in ("DRS", "DRSFF", "MDM")),
    "msauth://Microsoft.AAD.BrokerPlugin",
    OOB,
    *(f"https://login.microsoftonline.com/WebApp/CloudDomainJoin/{number}" for number in (3, 4, 6, 8, 9, 10)),
    "https://login.microsoftonline.com/applebroker/msauth",
)
_PORTAL_SCOPES = ("email", "openid", "profile", "User.Read", "ServicePrincipalEndpoint.Read.All", "Device.Read.All")
_AZURE_CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
_AZURE_POWERSHELL = "1950a258-227b-4e31-a9cf-717495945fc2"
_COMPANY_PORTAL = "9ba1a5c7-f17a-4de9-a1f1-6178c8d51223"
_OFFICE = "d3590ed6-52b3-4102-aeff-aad2292ab01c"
_REGISTRATION = "dd762716-544d-4aeb-a526-687b73838a22"
_LOCAL = "http://localhost"

_CLIENTS = (
    Client("29d9ed98-a469-4536-ade2-f981bc1d605e", "Microsoft Authentication Broker", _AUTHENTICATION_BROKER),
    Client("38aa3b87-a06d-4817-b275-7a316988d93b", "Windows Sign-In"),
    Client(
        _REGISTRATION,
        "Microsoft Device Registration Client",
        (_plugin(_REGISTRATION), "ms-app://windows.immersivecontrolpanel/"),
    ),
    Client("b90d5b8f-5503-4153-b545-b31cecfaece2", "AADJ CSP", NATIVE),
    Client(
        _COMPANY_PORTAL,
        "Microsoft Intune Company Portal",
        (_plugin(_COMPANY_PORTAL), "companyportal://com.microsoft.CompanyPortal", OOB),
        foci=True,
        scopes=_PORTAL_SCOPES,
    ),
    Client(
        "b743a22d-6705-4147-8670-d92fa515ee2b",
        "Microsoft Intune Company Portal for Linux",
        ("companyportal://com.microsoft.CompanyPortal",),
        scopes=_PORTAL_SCOPES,
    ),
    Client(_AZURE_CLI, "Microsoft Azure CLI", (_LOCAL, *NATIVE, _plugin(_AZURE_CLI)), scopes=ADMINISTRATION),
    Client(
        _AZURE_POWERSHELL,
        "Microsoft Azure PowerShell",
        (_LOCAL, OOB, *NATIVE, _plugin(_AZURE_POWERSHELL)),
        scopes=ADMINISTRATION,
    ),
    Client(
        "1b730954-1685-4b74-9bfd-dac224a7b894",
        "Azure Active Directory PowerShell",
        (OOB, *NATIVE),
        scopes=ADMINISTRATION,
    ),
    Client(
        "14d82eec-204b-4c2f-b7e8-296a70dab67e",
        "Microsoft Graph Command Line Tools",
        (_LOCAL, *NATIVE),
        scopes=ADMINISTRATION,
    ),
    Client(
        "d1ddf0e4-d672-4dae-b554-9d5bdfd93547", "Microsoft Intune PowerShell", (OOB, *NATIVE), scopes=ADMINISTRATION
    ),
    Client(_OFFICE, "Microsoft Office", (OOB, _plugin(_OFFICE)), foci=True, scopes=("User.Read", "openid", "profile")),
    # The page on which a person signs in for an enrollment; it is at this instance's own addresses.
    Client(ENROLLMENT_APP_ID, "Microsoft Intune Enrollment"),
    Client("19db86c3-b2b9-44cc-b339-36da233a3be2", "My Signins", scopes=("User.Read", "openid", "profile")),
)
CLIENTS = {client.app_id: client for client in _CLIENTS}

RESOURCES = (
    Resource(
        DRS_APP_ID,
        "Device Registration Service",
        (
            "urn:ms-drs:enterpriseregistration.windows.net",
            "urn:ms-drs:enterpriseregistration.microsoftonline.us",
        ),
        ("adrs_access", "user_impersonation"),
    ),
    Resource(
        ENROLLMENT_APP_ID,
        "Microsoft Intune Enrollment",
        ("https://enrollment.manage.microsoft.com", "https://enterpriseenrollment-s.manage.microsoft.com"),
        ("mdm_delegation", "user_impersonation"),
    ),
    Resource(INTUNE_APP_ID, "Microsoft Intune", ("https://manage.microsoft.com",)),
    Resource(GRAPH_APP_ID, "Microsoft Graph", ("https://graph.microsoft.com",), ("User.Read",)),
    Resource(
        "00000002-0000-0000-c000-000000000000",
        "Windows Azure Active Directory",
        ("https://graph.windows.net",),
    ),
)
