"""Where a tenant registers its devices (03 section 8.2)."""

from __future__ import annotations

from taxiway import directory
from taxiway.join.errors import TenantUnknown
from taxiway.store import SYSTEM, Runtime
from taxiway.wire.join import (
    JOIN_PATH,
    KEY_PATH,
    AuthenticationService,
    DeviceJoinService,
    Discovery,
    DiscoveryService,
    KeyProvisioningService,
    NonceService,
    OAuth2,
    TenantInfo,
)


async def discover(rt: Runtime, name: str) -> Discovery:
    """The discovery document of a domain or tenant id."""
    tenant = await rt.store.read(SYSTEM, lambda tx: directory.tenant_of_domain(tx, name))
    if tenant is None:
        raise TenantUnknown(f"No tenant has the name '{name[:100]}'.", remedy="Check the domain.")
    row = await rt.store.read(tenant, directory.get_tenant)
    drs, oauth = rt.urls.drs, f"{rt.urls.login}/{tenant}/oauth2"
    return Discovery(
        discovery_service=DiscoveryService(f"{drs}/EnrollmentServer/discover"),
        authentication_service=AuthenticationService(OAuth2(f"{oauth}/authorize", f"{oauth}/token")),
        device_join_service=DeviceJoinService(f"{drs}{JOIN_PATH}"),
        key_provisioning_service=KeyProvisioningService(f"{drs}{KEY_PATH}"),
        nonce_service=NonceService(f"{drs}/EnrollmentServer/nonce/{tenant}/"),
        tenant_info=TenantInfo(tenant, row["initial_domain"], row["display_name"]),
    )
