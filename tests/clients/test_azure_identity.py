"""azure-identity, unmodified, synchronous and asyncio (03 section 12.2)."""

from __future__ import annotations

import pytest

from clients.tenant import PASSWORD, upn
from clients.world import AZURE_CLI, token_of

CLIENT = "azure-identity"
BOTH = pytest.mark.parametrize(("suffix", "prefix"), [("", ""), ("_async", "aio.")], ids=["sync", "aio"])


def ask(world, call, *, client=AZURE_CLI, **given):
    return world.call("azure_identity_calls.py", call, client=client, host=world.login, tenant=world.tenant, **given)


def for_service(world, call, **given):
    return ask(world, call, client=world.service.id, **given)


@BOTH
def test_a_service_signs_in_with_its_secret(world, ledger, suffix, prefix):
    """The authority is a bare host; the token is the application's."""
    found = for_service(world, f"secret{suffix}", secret=world.service.secret)
    assert token_of(found)["roles"] == ["Device.Read.All"]
    ledger.note(CLIENT, f"`{prefix}ClientSecretCredential`", "token")


@BOTH
def test_a_wrong_secret_is_named(world, ledger, suffix, prefix):
    """AADSTS7000215 in the exception."""
    found = for_service(world, f"secret{suffix}", secret="not the secret")
    assert found["error"] == "ClientAuthenticationError"
    assert "AADSTS7000215" in found["text"]
    ledger.note(CLIENT, f"`{prefix}ClientSecretCredential`, wrong secret", "AADSTS7000215")


@BOTH
def test_a_service_signs_in_with_its_certificate(world, ledger, suffix, prefix):
    """From one PEM file with key and certificate."""
    found = for_service(world, f"certificate{suffix}", pem=str(world.key.pem))
    assert token_of(found)["idtyp"] == "app"
    ledger.note(CLIENT, f"`{prefix}CertificateCredential`", "token")


def test_a_person_signs_in_with_name_and_password(world, ledger):
    """UsernamePasswordCredential, which Microsoft deprecates and tools still use."""
    found = ask(world, "password", name=upn("ada"), password=PASSWORD)
    assert token_of(found)["upn"] == upn("ada")
    ledger.note(CLIENT, "`UsernamePasswordCredential`", "token")


@pytest.mark.parametrize(
    ("person", "password", "what", "code"),
    [
        ("ada", "not the password", "wrong password", "AADSTS50126"),
        ("azure", PASSWORD, "locked account", "AADSTS50053"),
        ("mia", PASSWORD, "second factor demanded", "AADSTS50076"),
    ],
)
def test_a_refusal_is_named(world, ledger, person, password, what, code):
    """The exception carries the code."""
    if person == "azure":
        world.lock(person)
    found = ask(world, "password", name=upn(person), password=password)
    assert code in found["text"], found
    ledger.note(CLIENT, what, code)


def test_a_person_types_the_code_of_a_device(world, ledger):
    """DeviceCodeCredential polls until the person has agreed."""
    found = ask(world, "device_code")
    assert token_of(found)["upn"] == upn("ada")
    ledger.note(CLIENT, "`DeviceCodeCredential`", "token")


def test_a_person_signs_in_in_the_browser(world, ledger):
    """InteractiveBrowserCredential."""
    found = ask(world, "interactive")
    assert token_of(found)["upn"] == upn("ada")
    ledger.note(CLIENT, "`InteractiveBrowserCredential`", "token")


@pytest.mark.parametrize("kind", ["secret", "certificate", "name and password"])
def test_variables_alone_say_everything(world, ledger, kind):
    """EnvironmentCredential; AZURE_AUTHORITY_HOST alone leads it here, by Microsoft's instance discovery."""
    service = world.service
    more = {
        "secret": {"AZURE_CLIENT_SECRET": service.secret},
        "certificate": {"AZURE_CLIENT_CERTIFICATE_PATH": str(world.key.pem)},
        "name and password": {"AZURE_USERNAME": upn("ada"), "AZURE_PASSWORD": PASSWORD},
    }[kind]
    client = AZURE_CLI if kind == "name and password" else service.id
    found = ask(world, "environment", client=client, more=more)
    assert token_of(found)["tid"] == world.tenant
    ledger.note(CLIENT, f"`EnvironmentCredential` ({kind})", "token")


@BOTH
def test_a_service_asks_on_behalf_of_a_person(world, ledger, suffix, prefix):
    """The person signed in to the service's program before."""
    service = world.service
    given = {"secret": service.secret, "public": world.program, "scope": service.scope}
    found = for_service(world, f"on_behalf_of{suffix}", **given)
    assert token_of(found)["upn"] == upn("ada")
    ledger.note(CLIENT, f"`{prefix}OnBehalfOfCredential`", "token")
