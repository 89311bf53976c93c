"""What an administrator puts into the tenant through Graph: people, a policy, applications."""

from __future__ import annotations

from dataclasses import dataclass

from clients import keys
from taxiway.rehearsal.administrator import Administrator

GRAPH = "00000003-0000-0000-c000-000000000000"
PASSWORD = "Correct-horse-7-battery"


@dataclass(slots=True)
class Application:
    """A registration in the tenant, with both kinds of credential."""

    id: str
    object_id: str
    secret: str
    scope: str


def upn(person: str) -> str:
    return f"{person}@contoso.example"


async def make_service(admin: Administrator, key: keys.Credential) -> Application:
    """A service with an interface of its own, which may call Graph by itself and on behalf of people."""
    scope_id = admin.entropy.uuid()
    made = await admin.call(
        "POST",
        "/v1.0/applications",
        {
            "displayName": "Payroll service",
            "web": {"redirectUris": ["http://localhost/callback"]},
            "keyCredentials": [key.for_graph()],
            "api": {
                "oauth2PermissionScopes": [
                    {
                        "id": scope_id,
                        "value": "access_as_user",
                        "type": "User",
                        "isEnabled": True,
                        "adminConsentDisplayName": "Use the payroll",
                        "adminConsentDescription": "Use the payroll as the signed-in person",
                    }
                ]
            },
        },
    )
    identifier = f"api://{made['appId']}"
    await admin.call("PATCH", f"/v1.0/applications/{made['id']}", {"identifierUris": [identifier]})
    secret = await admin.call("POST", f"/v1.0/applications/{made['id']}/addPassword", {})
    principal = await admin.call("POST", "/v1.0/servicePrincipals", {"appId": made["appId"]})
    graph = await admin.get(f"/v1.0/servicePrincipals(appId='{GRAPH}')")
    await _grant(admin, principal["id"], graph["id"], "openid profile email offline_access User.Read")
    [role] = [r["id"] for r in graph["appRoles"] if r["value"] == "Device.Read.All"]
    await admin.call(
        "POST",
        f"/v1.0/servicePrincipals/{principal['id']}/appRoleAssignments",
        {"principalId": principal["id"], "resourceId": graph["id"], "appRoleId": role},
    )
    return Application(made["appId"], principal["id"], secret["secretText"], f"{identifier}/access_as_user")


async def make_reader(admin: Administrator, *roles: str, name: str = "Reader") -> Application:
    """A service that may do at Graph by itself what these application permissions say."""
    made = await admin.call("POST", "/v1.0/applications", {"displayName": name})
    secret = await admin.call("POST", f"/v1.0/applications/{made['id']}/addPassword", {})
    principal = await admin.call("POST", "/v1.0/servicePrincipals", {"appId": made["appId"]})
    graph = await admin.get(f"/v1.0/servicePrincipals(appId='{GRAPH}')")
    for role in graph["appRoles"]:
        if role["value"] in roles:
            held = {"principalId": principal["id"], "resourceId": graph["id"], "appRoleId": role["id"]}
            await admin.call("POST", f"/v1.0/servicePrincipals/{principal['id']}/appRoleAssignments", held)
    return Application(made["appId"], principal["id"], secret["secretText"], "")


async def make_user(admin: Administrator, name: str) -> str:
    made = await admin.call(
        "POST",
        "/v1.0/users",
        {
            "accountEnabled": True,
            "displayName": name.title(),
            "mailNickname": name,
            "userPrincipalName": upn(name),
            "usageLocation": "DE",
            "passwordProfile": {"password": PASSWORD, "forceChangePasswordNextSignIn": False},
        },
    )
    sku = (await admin.values("/v1.0/subscribedSkus"))[0]["skuId"]
    licence = {"addLicenses": [{"skuId": sku}], "removeLicenses": []}
    await admin.call("POST", f"/v1.0/users/{made['id']}/assignLicense", licence)
    return made["id"]


async def require_mfa(admin: Administrator, user: str) -> None:
    """A Conditional Access policy for one person, who has no second factor."""
    await admin.call(
        "POST",
        "/v1.0/identity/conditionalAccess/policies",
        {
            "displayName": "A second factor for Mia",
            "state": "enabled",
            "conditions": {
                "clientAppTypes": ["all"],
                "users": {"includeUsers": [user]},
                "applications": {"includeApplications": ["All"]},
            },
            "grantControls": {"operator": "OR", "builtInControls": ["mfa"]},
        },
    )


async def make_program(admin: Administrator, service: Application) -> str:
    """A program on people's machines that may use the service and Graph as they; its application id."""
    made = await admin.call(
        "POST",
        "/v1.0/applications",
        {
            "displayName": "Payroll program",
            "isFallbackPublicClient": True,
            "publicClient": {"redirectUris": ["http://localhost"]},
        },
    )
    principal = await admin.call("POST", "/v1.0/servicePrincipals", {"appId": made["appId"]})
    graph = await admin.get(f"/v1.0/servicePrincipals(appId='{GRAPH}')")
    await _grant(admin, principal["id"], graph["id"], "openid profile offline_access User.Read")
    await _grant(admin, principal["id"], service.object_id, "access_as_user")
    return made["appId"]


async def _grant(admin: Administrator, client: str, resource: str, scope: str) -> None:
    grant = {"clientId": client, "consentType": "AllPrincipals", "resourceId": resource, "scope": scope}
    await admin.call("POST", "/v1.0/oauth2PermissionGrants", grant)
