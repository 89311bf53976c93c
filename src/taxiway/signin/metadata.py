"""What clients discover: provider metadata, keys, instances, realms, credential types (03 section 2)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from taxiway.signin import keys
from taxiway.signin.branding import branding_for
from taxiway.signin.credentials import tenant_of_name, tenant_of_segment
from taxiway.signin.errors import InstanceUnknown, Malformed
from taxiway.signin.federation.providers import keeps_passwords, provider_of
from taxiway.signin.tokens import issuer
from taxiway.store import SYSTEM, Runtime, Tx

Json = dict[str, Any]

_ONLY = "only"
#: Any passkey will do: a list would tell who has which (03 section 15.8).
_ANY_PASSKEY = {"AllowList": [], "UserHasPlatformCredentials": False, "HasCrossDeviceCapablePasskey": False}


async def provider(rt: Runtime, segment: str, version: str) -> Json:
    """OpenID Provider metadata; every URL carries the tenant's GUID, whatever name was asked by."""
    tenant = await tenant_of_segment(rt, segment)
    t, login = tenant or segment.lower(), rt.urls.login
    oauth = f"{login}/{t}/oauth2{'/v2.0' if version == '2.0' else ''}"
    both: Json = {
        "issuer": issuer(rt.urls.issuer, tenant or "{tenantid}", version),
        "authorization_endpoint": f"{oauth}/authorize",
        "token_endpoint": f"{oauth}/token",
        "device_authorization_endpoint": f"{oauth}/devicecode",
        "end_session_endpoint": f"{oauth}/logout",
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "response_types_supported": ["code"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "code_challenge_methods_supported": ["S256"],
        "grant_types_supported": [
            "authorization_code",
            "refresh_token",
            "client_credentials",
            "urn:ietf:params:oauth:grant-type:jwt-bearer",
            "urn:ietf:params:oauth:grant-type:device_code",
        ],
        "authorization_response_iss_parameter_supported": True,
        "capabilities": ["kdf_ver2"],
        "http_logout_supported": False,
        "tenant_region_scope": "EU" if tenant else None,
        "cloud_instance_name": "microsoftonline.com",
        "cloud_graph_host_name": "graph.windows.net",
        "msgraph_host": urlsplit(rt.urls.graph).netloc,
    }
    return {**both, **(_v2(rt, t) if version == "2.0" else _v1(rt, t))}


def _v1(rt: Runtime, t: str) -> Json:
    return {
        "jwks_uri": f"{rt.urls.login}/common/discovery/keys",
        "userinfo_endpoint": f"{rt.urls.login}/{t}/openid/userinfo",
        "scopes_supported": ["openid"],
        "microsoft_multi_refresh_token": True,
        "claims_supported": [
            "sub",
            "iss",
            "aud",
            "exp",
            "iat",
            "auth_time",
            "acr",
            "amr",
            "nonce",
            "upn",
            "tid",
            "oid",
        ],
    }


def _v2(rt: Runtime, t: str) -> Json:
    return {
        "jwks_uri": f"{rt.urls.login}/{t}/discovery/v2.0/keys",
        "userinfo_endpoint": f"{rt.urls.graph}/oidc/userinfo",
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "request_uri_parameter_supported": False,
        "claims_supported": [
            "sub",
            "iss",
            "aud",
            "exp",
            "iat",
            "auth_time",
            "nonce",
            "preferred_username",
            "name",
            "tid",
        ],
    }


async def key_set(rt: Runtime, segment: str, *, v2: bool) -> Json:
    """The key set; made sure that there is a key."""
    tenant = await tenant_of_segment(rt, segment)
    await keys.signing_keys(rt)
    named = issuer(rt.urls.issuer, tenant or "{tenantid}", "2.0") if v2 else ""
    return {"keys": await rt.store.read(SYSTEM, lambda tx: keys.published(tx, issuer=named))}


def instance(rt: Runtime, authorization_endpoint: str, api_version: str) -> Json:
    """Whether an authority's host is one of ours (03 section 2.4)."""
    try:
        parts = urlsplit(authorization_endpoint)
    except ValueError as error:
        raise Malformed("The authorization_endpoint is not a URL.") from error
    found = _authorities(rt).get(parts.netloc.lower())
    if found is None:
        raise InstanceUnknown(f"The host '{parts.netloc[:200]}' is not an authority of this instance.")
    host, hosts = found
    tenant, _, rest = parts.path.strip("/").partition("/")
    flavour = "/v2.0" if "v2.0" in rest.lower() else ""
    # Entra's cache has kept the older of its two names; a family with one name has no choice.
    row = {"preferred_network": hosts[0], "preferred_cache": hosts[:2][-1], "aliases": list(hosts)}
    return {
        "tenant_discovery_endpoint": f"https://{host}/{tenant}{flavour}/.well-known/openid-configuration",
        "api-version": api_version or "1.1",
        "metadata": [row],
    }


def _authorities(rt: Runtime) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Every login host with its family; also without its port, because msal for Python asks without it."""
    found = {host: (host, urls.login_hosts) for urls in rt.families for host in urls.login_hosts}
    return {host.partition(":")[0]: known for host, known in found.items()} | found


async def realm(rt: Runtime, upn: str, api_version: str) -> Json:
    """Home realm of a name: by its domain alone, never by the user (03 section 2.5)."""
    tenant, domain = await tenant_of_name(rt, upn), upn.rpartition("@")[2]
    kind, outside = "Managed" if tenant else "Unknown", Json()
    if tenant and await rt.store.read(tenant, lambda tx: provider_of(tx, upn)) is not None:
        kind, outside = "Federated", {"federation_protocol": "OpenIdConnect", "AuthURL": _browser_url(rt, tenant)}
    if api_version.strip().startswith("2"):
        return {
            "NameSpaceType": kind,
            "Login": upn,
            "DomainName": domain,
            "FederationBrandName": domain,
            "TenantBrandingInfo": await branding_for(rt, tenant),
            "cloud_instance_name": "microsoftonline.com",
            **outside,
        }
    found = {"ver": "1.0", "account_type": kind, "domain_name": domain}
    cloud = {"cloud_instance_name": "microsoftonline.com", "cloud_audience_urn": "urn:federation:MicrosoftOnline"}
    return {**found, **cloud, **outside}


def _browser_url(rt: Runtime, tenant: str) -> str:
    """Where a browser begins that is to end at a tenant's outside provider: our page sends it on, with its state."""
    return f"{rt.urls.login}/{tenant}/oauth2/v2.0/authorize"


async def credential_type(rt: Runtime, body: object, *, throttled: bool = False) -> Json:
    """How a name can sign in; the same answer for every name under a verified domain (03 section 2.7).

    ``throttled``: it was asked too often, so nothing is looked up.
    """
    name = body.get("username") if isinstance(body, dict) else None
    if not isinstance(name, str) or len(name) > 320:
        raise Malformed("The body must contain 'username'.")
    tenant = None if throttled else await tenant_of_name(rt, name)
    outside = await rt.store.read(tenant, lambda tx: _outside(tx, name)) if tenant else None
    flow = body.get("flowToken", "") if isinstance(body, dict) else ""
    credentials = {
        "PrefCredential": 4 if outside else 1,
        "HasPassword": outside != _ONLY,
        "HasFido": tenant is not None,
        "HasAccessPass": True,
        "HasRemoteNGC": False,
        "HasCertAuth": False,
        "RemoteNgcParams": None,
        "FidoParams": _ANY_PASSKEY if tenant else None,
        "SasParams": None,
        "FederationRedirectUrl": _browser_url(rt, tenant) if tenant and outside else None,
    }
    return {
        "Username": name,
        "Display": name,
        "IfExistsResult": 2 if throttled else 0 if tenant else 1,
        "IsUnmanaged": False,
        "ThrottleStatus": int(throttled),
        "Credentials": credentials,
        "EstsProperties": {"UserTenantBranding": await branding_for(rt, tenant), "DomainType": 4 if outside else 3},
        "FlowToken": flow,
        "IsSignupDisallowed": True,
        "apiCanary": "",
    }


def _outside(tx: Tx, name: str) -> str:
    """Whether a name's domain signs in at an outside provider: not, only there, or there too."""
    provider = provider_of(tx, name)
    if provider is None:
        return ""
    return "too" if keeps_passwords(tx, provider) else _ONLY
