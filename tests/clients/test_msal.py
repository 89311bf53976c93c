"""msal for Python, unmodified (03 section 12.1)."""

from __future__ import annotations

import pytest

from clients.tenant import PASSWORD, upn
from clients.world import AZURE_CLI, MICROSOFT, token_of

SCRIPT = "msal_calls.py"


def ask(world, call, *, client=AZURE_CLI, host="", tenant="", **given):
    return world.call(SCRIPT, call, client=client, host=host or world.login, tenant=tenant or world.tenant, **given)


def by_password(world, person="ada", password=PASSWORD, **given):
    return ask(world, "password", name=upn(person), password=password, **given)


def for_service(world, call, **given):
    return ask(world, call, client=world.service.id, **given)


def test_a_person_signs_in_with_name_and_password(each_world, ledger):
    """Realm, token, client_info and id token are as msal reads them, on both databases."""
    found = by_password(each_world)
    assert token_of(found)["aud"] == "https://graph.microsoft.com"
    assert token_of(found)["upn"] == upn("ada")
    assert token_of(found)["tid"] == found["id_token"]["tid"] == each_world.tenant
    assert found["refresh_token"]
    ledger.note("msal", "`acquire_token_by_username_password`", "token")


@pytest.mark.parametrize(
    "construction",
    [
        "no instance discovery",
        "own instance discovery",
        "oidc_authority",
        "Microsoft's instance discovery",
        "default authority",
    ],
)
def test_each_construction_finds_its_authority(world, ledger, construction):
    """The metadata of each authority agrees with itself, and the id token names the issuer that it announces."""
    found = by_password(world, construction=construction)
    issued_by = MICROSOFT if construction == "default authority" else world.login
    assert found["id_token"]["iss"] == f"https://{issued_by}/{world.tenant}/v2.0", found
    ledger.note("msal", f"construction: {construction}", "token")


def test_a_host_that_is_not_ours_is_no_instance(world, ledger):
    """Instance discovery under Microsoft's name denies the host, and msal says so."""
    found = by_password(world, construction="Microsoft's instance discovery", host="login.elsewhere.example")
    assert found["error"] == "ValueError"
    assert "invalid_instance" in found["text"]
    ledger.note("msal", "construction: a host that is not ours", "`ValueError`: invalid_instance")


def test_a_wrong_password_is_named(world, ledger):
    """AADSTS50126, whether the name is known or not."""
    for person in ("ada", "nobody"):
        found = by_password(world, person, "not the password")
        assert (found["error"], found["codes"]) == ("invalid_grant", [50126])
    ledger.note("msal", "wrong password", "AADSTS50126")


def test_a_locked_account_is_named(world, ledger):
    """AADSTS50053, for the right password too."""
    world.lock("msal")
    found = by_password(world, "msal")
    assert (found["error"], found["codes"]) == ("invalid_grant", [50053])
    ledger.note("msal", "locked account", "AADSTS50053")


def test_a_second_factor_is_demanded(world, ledger):
    """Conditional Access asks for one, and a password alone gets the code that says so."""
    found = by_password(world, "mia")
    assert (found["error"], found["codes"]) == ("invalid_grant", [50076])
    ledger.note("msal", "second factor demanded", "AADSTS50076")


def test_a_token_is_renewed_silently(world, ledger):
    """From the cache, by the refresh token, and by it for another resource."""
    found = ask(world, "silent", name=upn("ada"), password=PASSWORD)
    assert found["cached"]["source"] == "cache"
    assert found["fresh"]["source"] == "identity_provider"
    assert found["fresh"]["token"]["upn"] == upn("ada")
    assert found["other"]["token"]["aud"].startswith("https://manage.microsoft.com")
    ledger.note("msal", "`acquire_token_silent`: cached, refreshed, for another resource", "tokens")


def test_a_person_signs_in_in_the_browser(world, ledger):
    """Code with PKCE, state and nonce; the code comes to a port of loopback that nobody registered."""
    found = ask(world, "interactive")
    assert token_of(found)["upn"] == upn("ada")
    assert token_of(found)["amr"] == ["pwd"]
    ledger.note("msal", "`acquire_token_interactive` (code, PKCE, loopback redirect)", "token")


def test_a_person_types_the_code_of_a_device(world, ledger):
    """The page takes the code, asks for the name and the password, and asks once more before it agrees."""
    found = ask(world, "device_code")
    assert token_of(found)["upn"] == upn("ada")
    ledger.note("msal", "`acquire_token_by_device_flow`", "token")


def test_a_service_signs_in_with_its_secret(world, ledger):
    """The token carries the app roles that an administrator consented to, and no person."""
    found = for_service(world, "secret", secret=world.service.secret)
    assert token_of(found)["roles"] == ["Device.Read.All"]
    assert token_of(found)["idtyp"] == "app"
    assert "upn" not in token_of(found)
    ledger.note("msal", "`acquire_token_for_client` (secret)", "token")


def test_a_wrong_secret_is_named(world, ledger):
    """AADSTS7000215 with invalid_client."""
    found = for_service(world, "secret", secret="not the secret")
    assert (found["error"], found["codes"]) == ("invalid_client", [7000215])
    ledger.note("msal", "wrong secret", "AADSTS7000215")


@pytest.mark.parametrize("digest", ["SHA-1", "SHA-256"])
def test_a_service_signs_in_with_its_certificate(world, ledger, digest):
    """An assertion names its certificate by either thumbprint."""
    thumbprint = world.key.sha1 if digest == "SHA-1" else ""
    found = for_service(world, "certificate", pem=str(world.key.pem), thumbprint=thumbprint)
    assert token_of(found)["idtyp"] == "app"
    ledger.note("msal", f"`acquire_token_for_client` (certificate, {digest} thumbprint)", "token")


def test_a_service_asks_on_behalf_of_a_person(world, ledger):
    """The person's token for the service becomes one for Graph that still names the person."""
    service = world.service
    found = for_service(world, "on_behalf_of", public=world.program, scope=service.scope, secret=service.secret)
    assert token_of(found)["upn"] == upn("ada")
    assert token_of(found)["appid"] == service.id
    ledger.note("msal", "`acquire_token_on_behalf_of`", "token")
