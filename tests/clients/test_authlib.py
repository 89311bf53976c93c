"""Authlib as an OpenID client, unmodified: it knows the metadata's address and checks everything itself."""

from __future__ import annotations

from clients.tenant import upn

CLIENT = "Authlib"


def sign_in(world, **given):
    service = world.service
    given = {"client": service.id, "secret": service.secret, **given}
    return world.call("authlib_calls.py", "sign_in", host=world.login, tenant=world.tenant, **given)


def test_an_application_signs_a_person_in_by_openid_connect(world, ledger):
    """Metadata, keys, state, nonce, PKCE, signature, issuer, audience, userinfo, refresh: as it checks them."""
    found = sign_in(world)
    issuer = f"https://{world.login}/{world.tenant}/v2.0"
    assert found["id_token"]["iss"] == found["answered_iss"] == issuer, found
    assert found["id_token"]["aud"] == world.service.id
    assert found["id_token"]["nonce"]
    assert found["id_token"]["preferred_username"] == upn("ada")
    ledger.note(CLIENT, "discovery, code with PKCE, nonce, `iss`, id token checked by JWKS", "signed in")
    assert found["userinfo"]["sub"] == found["id_token"]["sub"]
    assert found["userinfo"]["name"] == "Ada"
    ledger.note(CLIENT, "userinfo", "the same `sub`")
    assert found["refreshed"]
    assert found["rotated"]
    ledger.note(CLIENT, "`refresh_token`", "token, and the refresh token is a new one")


def test_a_wrong_secret_is_named(world, ledger):
    """The code is not redeemed."""
    found = sign_in(world, secret="not the secret")
    assert found["error"] == "invalid_client"
    assert "AADSTS7000215" in found["text"]
    ledger.note(CLIENT, "wrong secret", "AADSTS7000215")
