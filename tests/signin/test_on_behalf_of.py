"""On-behalf-of: a service passes on who called it (03 section 4.2)."""

from __future__ import annotations

import pytest

from signin.conftest import GRAPH, VERIFIER, answer_of, claims_of
from support.applications import api, grant, make_application
from taxiway import directory, signin
from taxiway.directory import SYSTEM_PRINCIPAL

pytestmark = pytest.mark.anyio

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
CALLBACK = "https://app.example/callback"


@pytest.fixture
async def service(rt, tenant):
    """A service that may read the user's profile at Graph."""
    return await make_application(
        rt,
        tenant,
        name="Orders",
        identifier_uris=["api://orders"],
        api=api("Orders.Read"),
        scopes="User.Read Device.Read.All",
    )


@pytest.fixture
async def client(rt, tenant, service):
    """A web application that may call the service."""
    return await make_application(
        rt, tenant, web={"redirectUris": [CALLBACK]}, scopes="Orders.Read", resource=service.id
    )


@pytest.fixture
async def token(browser, user, client):
    """The access token with which the application calls the service."""
    page = await browser.authorize(
        client_id=client.id,
        redirect_uri=CALLBACK,
        resource=None,
        scope="api://orders/Orders.Read",
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
    return (await browser.token(version="/v2.0", **form)).json()["access_token"]


async def exchange(browser, service, token, **form):
    """The grant; the reply."""
    form = {
        "grant_type": JWT_BEARER,
        "requested_token_use": "on_behalf_of",
        "assertion": token,
        "client_id": service.id,
        "client_secret": service.secret,
        "scope": f"{GRAPH}/User.Read",
        **form,
    }
    sent = {name: value for name, value in form.items() if value is not None}
    return (await browser.token(version="/v2.0", **sent)).json()


async def test_a_service_acts_for_who_called_it(rt, browser, user, service, token):
    """The user and how they signed in go along; client and permissions are the service's own."""
    reply = await exchange(browser, service, token)
    claims = claims_of(reply["access_token"])
    assert (claims["oid"], claims["amr"], claims["appid"]) == (user["id"], ["pwd"], service.id)
    assert (claims["scp"], claims["appidacr"]) == ("User.Read", "1")
    assert not {"refresh_token", "id_token"} & reply.keys()
    assert (await signin.verify_token(rt, reply["access_token"], audiences=[GRAPH])).upn == user["user_principal_name"]


async def test_a_service_may_go_on_later(browser, service, token):
    """``offline_access`` gives a refresh token, which wants the secret again."""
    reply = await exchange(browser, service, token, scope=f"{GRAPH}/User.Read offline_access")
    form = {"grant_type": "refresh_token", "client_id": service.id, "refresh_token": reply["refresh_token"]}
    assert (await browser.token(version="/v2.0", **form)).json()["error_codes"] == [7000218]
    again = (await browser.token(version="/v2.0", **form, client_secret=service.secret)).json()
    assert claims_of(again["access_token"])["scp"] == "User.Read"


async def test_15_17_a_service_needs_consent_of_its_own(rt, tenant, browser, service, token):
    """What the calling application was granted does not help."""
    assert (await exchange(browser, service, token, scope=f"{GRAPH}/Group.Read.All"))["error_codes"] == [65001]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"client_secret": None}, 7000218),
        ({"client_secret": "x"}, 7000215),
        ({"requested_token_use": "other"}, 70003),
        ({"requested_token_use": None}, 900144),
        ({"assertion": None}, 900144),
        ({"assertion": "a.b.c"}, 50013),
        ({"scope": None}, 70011),
    ],
)
async def test_what_is_missing_or_wrong_is_named(browser, service, token, changes, code):
    """The credential, the use, the assertion, the scope."""
    assert (await exchange(browser, service, token, **changes))["error_codes"] == [code]


async def test_a_token_for_another_application_is_not_exchanged(browser, user, service, client, token):
    """Whoever it was sent to has to hand it in: 500131; and an id_token is no access token: 50013."""
    own = {"client_id": client.id, "client_secret": client.secret}
    assert (await exchange(browser, service, token, **own))["error_codes"] == [500131]
    broker = (await browser.redeem(await browser.code())).json()
    assert (await exchange(browser, service, broker["access_token"]))["error_codes"] == [500131]
    assert (await exchange(browser, service, broker["id_token"]))["error_codes"] == [50013]


async def test_a_token_that_ran_out_or_was_ended_is_not_exchanged(rt, tenant, browser, user, service, token, clock):
    """500133 after its time; 50013 once the user was signed out everywhere."""
    clock.advance(2)
    await rt.store.write(tenant, lambda tx: signin.revoke_for_user(tx, user["id"]))
    assert (await exchange(browser, service, token))["error_codes"] == [50013]
    clock.advance(90 * 60)
    assert (await exchange(browser, service, token))["error_codes"] == [500133]


async def test_an_application_has_nobody_to_act_for(rt, tenant, browser, service):
    """An app-only token is not one of a user."""
    caller = await make_application(rt, tenant, name="Job")
    form = {"client_id": caller.id, "client_secret": caller.secret, "scope": "api://orders/.default"}
    own = await browser.token(version="/v2.0", grant_type="client_credentials", **form)
    assert (await exchange(browser, service, own.json()["access_token"]))["error_codes"] == [50013]


async def test_the_grant_of_one_user_is_not_that_of_another(rt, tenant, browser, user, service, token):
    """A service that only somebody else consented to gets nothing for this user."""

    def narrow(tx):
        [row] = [one for one in directory.PERMISSION_GRANTS.select(tx) if one["client_id"] == service.principal["id"]]
        directory.revoke_grant(tx, row["id"], principal=SYSTEM_PRINCIPAL)
        other = directory.create_user(tx, principal=SYSTEM_PRINCIPAL, upn="eve@contoso.example", display_name="Eve")
        grant(tx, service.principal["id"], "00000003-0000-0000-c000-000000000000", "User.Read", other["id"])

    await rt.store.write(tenant, narrow)
    assert (await exchange(browser, service, token))["error_codes"] == [65001]
