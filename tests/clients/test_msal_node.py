"""@azure/msal-node, unmodified (03 section 12.3)."""

from __future__ import annotations

import pytest

from clients.tenant import PASSWORD, upn
from clients.world import AZURE_CLI, token_of

CLIENT = "@azure/msal-node"


def ask(world, call, *, client=AZURE_CLI, **given):
    return world.call("msal_node_calls.mjs", call, client=client, host=world.login, tenant=world.tenant, **given)


def for_service(world, call, **given):
    return ask(world, call, client=world.service.id, **given)


@pytest.mark.parametrize("call", ["password", "withoutKnownAuthorities"])
def test_a_person_signs_in_with_name_and_password(world, ledger, call):
    """With the authority named as known, and without: then Microsoft's name is asked about it."""
    found = ask(world, call, name=upn("ada"), password=PASSWORD)
    assert token_of(found)["upn"] == upn("ada")
    how = "`knownAuthorities`" if call == "password" else "instance discovery"
    ledger.note(CLIENT, f"`acquireTokenByUsernamePassword` ({how})", "token")


@pytest.mark.parametrize(
    ("person", "password", "what", "code"),
    [
        ("ada", "not the password", "wrong password", "AADSTS50126"),
        ("node", PASSWORD, "locked account", "AADSTS50053"),
        ("mia", PASSWORD, "second factor demanded", "AADSTS50076"),
    ],
)
def test_a_refusal_is_named(world, ledger, person, password, what, code):
    """The error carries the code."""
    if person == "node":
        world.lock(person)
    found = ask(world, "password", name=upn(person), password=password)
    assert code in found["text"], found
    ledger.note(CLIENT, what, code)


def test_a_token_is_renewed_silently(world, ledger):
    """From the cache, then by the refresh token."""
    found = ask(world, "silent", name=upn("ada"), password=PASSWORD)
    assert found["cached"]["fromCache"], found
    assert not found["fresh"]["fromCache"]
    ledger.note(CLIENT, "`acquireTokenSilent`: cached, refreshed", "tokens")


def test_a_person_signs_in_in_the_browser(world, ledger):
    """acquireTokenInteractive: code, PKCE, loopback redirect."""
    found = ask(world, "interactive")
    assert token_of(found)["upn"] == upn("ada")
    ledger.note(CLIENT, "`acquireTokenInteractive` (code, PKCE, loopback redirect)", "token")


def test_a_person_types_the_code_of_a_device(world, ledger):
    """The short form of the grant's name is taken too."""
    found = ask(world, "deviceCode")
    assert token_of(found)["upn"] == upn("ada")
    ledger.note(CLIENT, "`acquireTokenByDeviceCode`", "token")


def test_a_service_signs_in_with_its_secret(world, ledger):
    """The token is the application's."""
    found = for_service(world, "secret", secret=world.service.secret)
    assert token_of(found)["roles"] == ["Device.Read.All"]
    ledger.note(CLIENT, "`acquireTokenByClientCredential` (secret)", "token")


def test_a_service_signs_in_with_its_certificate(world, ledger):
    """The assertion is signed by PS256 and names the SHA-256 thumbprint."""
    found = for_service(world, "certificate", pem=str(world.key.pem), thumbprint=world.key.sha256)
    assert token_of(found)["idtyp"] == "app"
    ledger.note(CLIENT, "`acquireTokenByClientCredential` (certificate)", "token")


def test_a_service_asks_on_behalf_of_a_person(world, ledger):
    """The person signed in to the service's program before."""
    service = world.service
    given = {"secret": service.secret, "public": world.program, "scope": service.scope}
    found = for_service(world, "onBehalfOf", **given)
    assert token_of(found)["upn"] == upn("ada")
    ledger.note(CLIENT, "`acquireTokenOnBehalfOf`", "token")
