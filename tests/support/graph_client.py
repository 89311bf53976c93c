"""A signed-in client of Graph for tests, with tokens that the sign-in room signs and verifies."""

from __future__ import annotations

from datetime import timedelta

from taxiway import directory
from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.signin import tokens

EVERYTHING = (
    "DeviceManagementServiceConfig.ReadWrite.All DeviceManagementConfiguration.ReadWrite.All "
    "DeviceManagementManagedDevices.ReadWrite.All DeviceManagementManagedDevices.PrivilegedOperations.All "
    "DeviceManagementApps.ReadWrite.All Directory.AccessAsUser.All Directory.ReadWrite.All User.ReadWrite.All "
    "Group.ReadWrite.All Device.Read.All Policy.Read.All Policy.ReadWrite.MobilityManagement "
    "Policy.ReadWrite.DeviceConfiguration Policy.ReadWrite.ConditionalAccess RoleManagement.ReadWrite.Directory "
    "Organization.ReadWrite.All UserAuthenticationMethod.ReadWrite.All Application.ReadWrite.All "
    "BitlockerKey.Read.All Domain.Read.All AppRoleAssignment.ReadWrite.All DelegatedPermissionGrant.ReadWrite.All "
    "AuditLog.Read.All"
)


class Graph:
    """A signed-in client: ``await graph.get("/v1.0/users")`` and so on, with the status checked."""

    def __init__(self, rt, client, token=""):
        self.rt = rt
        self.client = client
        self.token = token

    async def call(self, method, path, body=None, *, expect=200, raw=None, headers=None):
        headers = {"authorization": f"Bearer {self.token}"} | (headers or {}) if self.token else headers
        content = {"content": raw} if raw is not None else {"json": body} if body is not None else {}
        answer = await self.client.request(method, path, headers=headers, **content)
        assert answer.status_code == expect, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer

    async def get(self, path, *, expect=200, **more):
        return (await self.call("GET", path, expect=expect, **more)).json()

    async def post(self, path, body=None, *, expect=201, **more):
        answer = await self.call("POST", path, body, expect=expect, **more)
        return answer.json() if answer.content else None

    async def values(self, path):
        return (await self.get(path))["value"]


async def mint(rt, tenant, user_id, scopes=EVERYTHING, *, audience="https://graph.microsoft.com", minutes=600):
    """A token for a user."""
    now = rt.clock.now()
    body = {
        "ver": "1.0",
        "tid": tenant,
        "iss": tokens.issuer(rt.urls.login, tenant, "1.0"),
        "aud": audience,
        "oid": user_id,
        "appid": "14d82eec-204b-4c2f-b7e8-296a70dab67e",
        "scp": scopes,
        "amr": ["pwd"],
        "uti": rt.entropy.token(12),
        "iat": int(now.timestamp()),
        "nbf": int(now.timestamp()),
        "exp": int((now + timedelta(minutes=minutes)).timestamp()),
    }
    return (await tokens.sign(rt, body))[0]


async def person(rt, tenant, name, *roles):
    """A user with directory roles; the row."""

    def write(tx):
        domain = directory.get_tenant(tx)["initial_domain"]
        user = directory.create_user(tx, principal=SYSTEM_PRINCIPAL, upn=f"{name}@{domain}", display_name=name.title())
        for role in roles:
            directory.assign_role(tx, user["id"], role, principal=SYSTEM_PRINCIPAL)
        return user

    return await rt.store.write(tenant, write)
