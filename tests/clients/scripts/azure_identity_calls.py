"""azure-identity: one credential a run, synchronous and asyncio (03 section 12.2)."""

from __future__ import annotations

import asyncio
import os
import warnings

from azure.core.exceptions import ClientAuthenticationError
from azure.identity import (
    CertificateCredential,
    ClientSecretCredential,
    DeviceCodeCredential,
    EnvironmentCredential,
    InteractiveBrowserCredential,
    OnBehalfOfCredential,
    UsernamePasswordCredential,
    aio,
)
from talk import claims, open_browser, serve

GRAPH = "https://graph.microsoft.com/.default"
warnings.simplefilter("ignore", DeprecationWarning)  # of name and password, which is what is tested


def _asked(credential, scope: str = GRAPH) -> dict:
    try:
        return {"token": claims(credential.get_token(scope).token)}
    except ClientAuthenticationError as error:
        return {"error": type(error).__name__, "text": str(error)}


async def _asked_async(make, scope: str = GRAPH) -> dict:
    try:
        async with make() as credential:
            return {"token": claims((await credential.get_token(scope)).token)}
    except ClientAuthenticationError as error:
        return {"error": type(error).__name__, "text": str(error)}


def _ours(host: str) -> dict:
    return {"authority": f"https://{host}", "disable_instance_discovery": True}


def secret(client, host, tenant, secret) -> dict:
    """ClientSecretCredential."""
    return _asked(ClientSecretCredential(tenant, client, secret, **_ours(host)))


def secret_async(client, host, tenant, secret) -> dict:
    """aio.ClientSecretCredential."""
    return asyncio.run(_asked_async(lambda: aio.ClientSecretCredential(tenant, client, secret, **_ours(host))))


def certificate(client, host, tenant, pem) -> dict:
    """CertificateCredential."""
    return _asked(CertificateCredential(tenant, client, pem, **_ours(host)))


def certificate_async(client, host, tenant, pem) -> dict:
    """aio.CertificateCredential."""
    return asyncio.run(_asked_async(lambda: aio.CertificateCredential(tenant, client, pem, **_ours(host))))


def password(client, host, tenant, name, password) -> dict:
    """UsernamePasswordCredential."""
    return _asked(UsernamePasswordCredential(client, name, password, tenant_id=tenant, **_ours(host)))


def device_code(client, host, tenant) -> dict:
    """DeviceCodeCredential; the person types the code in the browser."""
    return _asked(
        DeviceCodeCredential(
            client,
            tenant_id=tenant,
            prompt_callback=lambda uri, code, _until: open_browser(uri, code),
            **_ours(host),
        )
    )


def interactive(client, host, tenant) -> dict:
    """InteractiveBrowserCredential."""
    return _asked(InteractiveBrowserCredential(client_id=client, tenant_id=tenant, timeout=60, **_ours(host)))


def environment(client, host, tenant, more) -> dict:
    """EnvironmentCredential with AZURE_AUTHORITY_HOST, and nothing in the code."""
    os.environ |= {
        "AZURE_AUTHORITY_HOST": f"https://{host}",
        "AZURE_CLIENT_ID": client,
        "AZURE_TENANT_ID": tenant,
        **more,
    }
    return _asked(EnvironmentCredential())


def on_behalf_of(client, host, tenant, secret, public, scope) -> dict:
    """OnBehalfOfCredential of a service, with the token of a person who signed in to its program."""
    person = InteractiveBrowserCredential(client_id=public, tenant_id=tenant, timeout=60, **_ours(host))
    assertion = person.get_token(scope).token
    return _asked(OnBehalfOfCredential(tenant, client, client_secret=secret, user_assertion=assertion, **_ours(host)))


def on_behalf_of_async(client, host, tenant, secret, public, scope) -> dict:
    """aio.OnBehalfOfCredential."""
    person = InteractiveBrowserCredential(client_id=public, tenant_id=tenant, timeout=60, **_ours(host))
    token = person.get_token(scope).token
    return asyncio.run(
        _asked_async(
            lambda: aio.OnBehalfOfCredential(tenant, client, client_secret=secret, user_assertion=token, **_ours(host))
        )
    )


serve(
    {
        function.__name__: function
        for function in (
            *(secret, secret_async, certificate, certificate_async, password),
            *(device_code, interactive, environment, on_behalf_of, on_behalf_of_async),
        )
    }
)
