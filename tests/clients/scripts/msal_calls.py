"""msal for Python: one call a run (03 section 12.1)."""

from __future__ import annotations

from pathlib import Path

import msal
from talk import claims, open_browser, serve

GRAPH = ["https://graph.microsoft.com/User.Read"]
APP = ["https://graph.microsoft.com/.default"]


def _result(found: dict | None) -> dict:
    if found is None:
        return {"error": "nothing in the cache"}
    if "access_token" not in found:
        return {
            "error": found.get("error"),
            "codes": found.get("error_codes", []),
            "suberror": found.get("suberror", ""),
            "text": found.get("error_description", ""),
        }
    return {
        "token": claims(found["access_token"]),
        "id_token": found.get("id_token_claims") or {},
        "refresh_token": "refresh_token" in found,
        "source": found.get("token_source", ""),
    }


def _options(construction: str, host: str, tenant: str) -> dict:
    """The three constructions for an authority that is not Microsoft's, and the one for Microsoft's name."""
    authority = f"https://{host}/{tenant}"
    return {
        "no instance discovery": {"authority": authority, "instance_discovery": False},
        "own instance discovery": {
            "authority": authority,
            "instance_discovery": f"https://{host}/common/discovery/instance",
        },
        "oidc_authority": {"oidc_authority": f"{authority}/v2.0"},
        "Microsoft's instance discovery": {"authority": authority},
        "default authority": {},
    }[construction]


def _public(client: str, host: str, tenant: str, construction: str = "no instance discovery"):
    return msal.PublicClientApplication(client, **_options(construction, host, tenant))


def _confidential(client: str, host: str, tenant: str, credential):
    return msal.ConfidentialClientApplication(
        client, client_credential=credential, **_options("no instance discovery", host, tenant)
    )


def password(client, host, tenant, name, password, construction="no instance discovery") -> dict:
    """acquire_token_by_username_password."""
    try:
        app = _public(client, host, tenant, construction)
    except ValueError as error:
        return {"error": "ValueError", "text": str(error)}
    return _result(app.acquire_token_by_username_password(name, password, GRAPH))


def silent(client, host, tenant, name, password) -> dict:
    """acquire_token_silent from the cache, then with a refresh token, then for another resource."""
    app = _public(client, host, tenant)
    app.acquire_token_by_username_password(name, password, APP)
    [account] = app.get_accounts()
    cached = app.acquire_token_silent(APP, account)
    fresh = app.acquire_token_silent(APP, account, force_refresh=True)
    other = app.acquire_token_silent(["https://manage.microsoft.com/.default"], account)
    return {"cached": _result(cached), "fresh": _result(fresh), "other": _result(other)}


def interactive(client, host, tenant, scopes=None) -> dict:
    """acquire_token_interactive: code with PKCE and a loopback redirect, in the person's browser."""
    app = _public(client, host, tenant)
    return _result(app.acquire_token_interactive(scopes or GRAPH, timeout=60))


def device_code(client, host, tenant) -> dict:
    """acquire_token_by_device_flow; the person types the code in the browser."""
    app = _public(client, host, tenant)
    flow = app.initiate_device_flow(GRAPH)
    if "user_code" not in flow:
        return _result(flow)
    open_browser(flow["verification_uri"], flow["user_code"])
    return _result(app.acquire_token_by_device_flow(flow))


def secret(client, host, tenant, secret) -> dict:
    """acquire_token_for_client with a secret."""
    return _result(_confidential(client, host, tenant, secret).acquire_token_for_client(APP))


def certificate(client, host, tenant, pem, thumbprint) -> dict:
    """acquire_token_for_client with a signed assertion."""
    text = Path(pem).read_text("utf-8")
    credential = {"private_key": text, "public_certificate": text[text.index("-----BEGIN CERTIFICATE") :]}
    credential |= {"thumbprint": thumbprint} if thumbprint else {}
    return _result(_confidential(client, host, tenant, credential).acquire_token_for_client(APP))


def on_behalf_of(public, scope, client, host, tenant, secret) -> dict:
    """The person signs in to a program, and its service asks for Graph on behalf of the person."""
    signed_in = _public(public, host, tenant).acquire_token_interactive([scope], timeout=60)
    if "access_token" not in signed_in:
        return _result(signed_in)
    app = _confidential(client, host, tenant, secret)
    return _result(app.acquire_token_on_behalf_of(signed_in["access_token"], GRAPH))


serve(
    {
        function.__name__: function
        for function in (password, silent, interactive, device_code, secret, certificate, on_behalf_of)
    }
)
