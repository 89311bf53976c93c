"""Revocation and introspection for a tenant's own services (RFC 7009 and 7662)."""

from __future__ import annotations

import pytest

from signin.conftest import BROKER, GRAPH, VERIFIER, answer_of
from support.applications import api, make_application
from taxiway import directory

pytestmark = pytest.mark.anyio

CALLBACK = "https://app.example/callback"


@pytest.fixture
async def service(rt, tenant):
    """A service that asks about the tokens it is called with."""
    return await make_application(rt, tenant, name="Orders", identifier_uris=["api://orders"], api=api("Orders.Read"))


@pytest.fixture
async def client(rt, tenant, service):
    """An application that calls it."""
    return await make_application(
        rt, tenant, web={"redirectUris": [CALLBACK]}, scopes="Orders.Read", resource=service.id
    )


@pytest.fixture
async def reply(browser, user, client):
    """What the application got for a user."""
    page = await browser.authorize(
        client_id=client.id,
        redirect_uri=CALLBACK,
        resource=None,
        scope="api://orders/Orders.Read offline_access",
        version="/v2.0",
    )
    form = {
        "grant_type": "authorization_code",
        "client_id": client.id,
        "client_secret": client.secret,
        "code": answer_of(await browser.login(page))["code"],
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
    }
    return (await browser.token(version="/v2.0", **form)).json()


async def ask(browser, what, app, token, *, tenant=None, **changes):
    """Call one of the two endpoints as an application."""
    form = {"client_id": app.id, "client_secret": app.secret, "token": token, **changes}
    sent = {name: value for name, value in form.items() if value is not None}
    return await browser.http.post(f"/{tenant or browser.tenant}/oauth2/v2.0/{what}", data=sent)


async def test_a_service_learns_what_a_token_for_it_says(browser, user, service, client, reply):
    """Active, whose, for whom, until when; and not to be cached."""
    answer = await ask(browser, "introspect", service, reply["access_token"])
    said = answer.json()
    assert (said["active"], said["oid"], said["client_id"]) == (True, user["id"], client.id)
    assert (said["scope"], said["aud"], said["token_type"]) == ("Orders.Read", "api://orders", "Bearer")
    assert said["exp"] > said["iat"]
    assert answer.headers["cache-control"] == "no-store, no-cache"


async def test_a_client_learns_whether_its_refresh_token_is_good(browser, service, client, reply):
    """Nobody else does."""
    said = (await ask(browser, "introspect", client, reply["refresh_token"])).json()
    assert (said["active"], said["token_type"]) == (True, "refresh_token")
    assert (await ask(browser, "introspect", service, reply["refresh_token"])).json() == {"active": False}


async def test_anything_else_is_not_active(browser, user, service, client, reply, clock):
    """A token for another service, an id_token, rubbish, one that ran out: no more than that is said."""
    broker = (await browser.redeem(await browser.code())).json()
    for token in (broker["access_token"], broker["id_token"], broker["refresh_token"], "x", "eyJ.e30.e30", "é"):
        assert (await ask(browser, "introspect", service, token)).json() == {"active": False}
    assert (await ask(browser, "introspect", client, reply["access_token"])).json() == {"active": False}
    clock.advance(90 * 60)
    assert (await ask(browser, "introspect", service, reply["access_token"])).json() == {"active": False}


async def test_introspection_is_for_confidential_clients_of_the_tenant(rt, browser, service, reply):
    """Without a credential, as a public client, under ``common`` or in another tenant there is no answer."""
    token = reply["access_token"]
    assert (await ask(browser, "introspect", service, token, client_secret=None)).status_code == 401
    assert (await ask(browser, "introspect", service, token, client_secret="x")).json()["error_codes"] == [7000215]
    public = await ask(browser, "introspect", service, token, client_id=BROKER, client_secret=None)
    assert public.json()["error_codes"] == [7000218]
    assert (await ask(browser, "introspect", service, token, tenant="common")).json()["error_codes"] == [9001023]
    other = rt.entropy.uuid()
    await rt.store.write(other, lambda tx: directory.create_tenant(tx, display_name="F", domain="fabrikam.example"))
    foreign = await make_application(rt, other, identifier_uris=["api://orders"])
    answer = await ask(browser, "introspect", foreign, token, tenant=other)
    assert answer.json() == {"active": False}


async def test_a_client_revokes_its_own_sign_in(browser, client, reply):
    """The whole family ends: the token itself and the one it was exchanged for; a second time changes nothing."""
    form = {"grant_type": "refresh_token", "client_id": client.id, "client_secret": client.secret}
    second = (await browser.token(version="/v2.0", **form, refresh_token=reply["refresh_token"])).json()
    for _ in range(2):
        answer = await ask(browser, "revoke", client, reply["refresh_token"], token_type_hint="refresh_token")
        assert answer.status_code == 200
    for token in (reply["refresh_token"], second["refresh_token"]):
        refused = await browser.token(version="/v2.0", **form, refresh_token=token)
        assert refused.json()["error_codes"] == [50173]
    assert (await ask(browser, "introspect", client, second["refresh_token"])).json() == {"active": False}


async def test_nobody_revokes_what_is_not_theirs(browser, service, client, reply):
    """Another client's token stays good; the answer tells nothing; without a credential there is none."""
    assert (await ask(browser, "revoke", service, reply["refresh_token"])).status_code == 200
    assert (await ask(browser, "revoke", service, "x")).status_code == 200
    refused = await ask(browser, "revoke", client, reply["refresh_token"], client_secret=None)
    assert refused.json()["error_codes"] == [7000218]
    form = {"grant_type": "refresh_token", "client_id": client.id, "client_secret": client.secret}
    again = await browser.token(version="/v2.0", **form, refresh_token=reply["refresh_token"])
    assert "access_token" in again.json()


async def test_an_access_token_cannot_be_revoked(browser, client, reply):
    """And the answer says so, instead of pretending."""
    answer = await ask(browser, "revoke", client, reply["access_token"])
    assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_token_type")


async def test_a_public_client_revokes_its_own_too(browser, user):
    """The broker ends its sign-in by its id alone, as it got it."""
    reply = (await browser.redeem(await browser.code())).json()
    form = {"client_id": BROKER, "token": reply["refresh_token"]}
    assert (await browser.http.post(f"/{browser.tenant}/oauth2/v2.0/revoke", data=form)).status_code == 200
    again = await browser.token(
        grant_type="refresh_token", client_id=BROKER, refresh_token=reply["refresh_token"], resource=GRAPH
    )
    assert again.json()["error_codes"] == [50173]
