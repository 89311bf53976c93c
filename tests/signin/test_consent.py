"""Who may have a token for what (03 section 15.17)."""

from __future__ import annotations

import pytest

from signin.conftest import CLI, GRAPH, VERIFIER, Browser, answer_of, claims_of, config_of, make_user
from support.applications import api, assign, grant, make_application, role
from taxiway import directory
from taxiway.directory import SYSTEM_PRINCIPAL

pytestmark = pytest.mark.anyio

CALLBACK = "https://app.example/callback"
WEB = {"redirectUris": [CALLBACK]}


async def signed_in(browser, app, scope):
    """A sign-in at an application: where it leads."""
    opened = await browser.authorize(
        client_id=app.id, redirect_uri=CALLBACK, resource=None, scope=scope, version="/v2.0"
    )
    return opened if opened.is_redirect else await browser.login(opened)


def refusal(answer):
    """The code of the refusal, on a page or on its way to the application."""
    if answer.status_code == 302:
        return answer.headers["location"].partition("AADSTS")[2].partition("%3A")[0]
    return config_of(answer)["sErrorCode"]


async def token_for(browser, app, scope):
    """The access token's claims."""
    code = answer_of(await signed_in(browser, app, scope))["code"]
    form = {
        "grant_type": "authorization_code",
        "client_id": app.id,
        "client_secret": app.secret,
        "code": code,
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
    }
    return claims_of((await browser.token(version="/v2.0", **form)).json()["access_token"])


async def refreshed(browser, app, token, scope):
    """A refresh for this scope; the reply."""
    form = {"grant_type": "refresh_token", "client_id": app.id, "client_secret": app.secret, "refresh_token": token}
    return (await browser.token(version="/v2.0", scope=scope, **form)).json()


@pytest.fixture
async def signin_at(browser):
    """Sign in and redeem; the whole reply."""

    async def go(app, scope):
        code = answer_of(await signed_in(browser, app, scope))["code"]
        form = {
            "grant_type": "authorization_code",
            "client_id": app.id,
            "client_secret": app.secret,
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
        }
        return (await browser.token(version="/v2.0", **form)).json()

    return go


async def test_15_17_an_application_gets_what_was_granted_and_asked(rt, browser, tenant, user):
    """Of two permissions it asks for one; ``.default`` is all of them; the sign-in's own come along for userinfo."""
    app = await make_application(rt, tenant, web=WEB, scopes="User.Read Device.Read.All")
    assert (await token_for(browser, app, "User.Read"))["scp"] == "User.Read"
    assert (await token_for(browser, app, f"{GRAPH}/.default"))["scp"] == "Device.Read.All User.Read"
    assert (await token_for(browser, app, "openid profile user.read"))["scp"] == "User.Read openid profile"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("User.Read", "User.Read"),
        (f"{GRAPH}/User.Read openid", f"{GRAPH}/User.Read openid"),
        (f"{GRAPH}/.default", f"{GRAPH}/Device.Read.All {GRAPH}/User.Read {GRAPH}/.default"),
        (f"{GRAPH}//.default", f"{GRAPH}//Device.Read.All {GRAPH}//User.Read {GRAPH}//.default"),
    ],
)
async def test_a_reply_names_scopes_as_the_request_did(rt, tenant, user, signin_at, asked, said):
    """MSAL finds a token in its cache by the scopes that it asked for, letter by letter."""
    app = await make_application(rt, tenant, web=WEB, scopes="User.Read Device.Read.All")
    assert (await signin_at(app, asked))["scope"] == said


async def test_15_17_without_a_grant_there_is_no_token(rt, tenant, user, signin_at, browser):
    """The refresh names what is missing: 65001 with the suberror that clients look for."""
    app = await make_application(rt, tenant, web=WEB, scopes="User.Read")
    reply = await signin_at(app, "User.Read offline_access")
    refused = await refreshed(browser, app, reply["refresh_token"], "User.Read Device.Read.All")
    assert (refused["error"], refused["suberror"], refused["error_codes"]) == (
        "invalid_grant",
        "consent_required",
        [65001],
    )
    assert "Device.Read.All" in refused["error_description"]


async def test_15_17_the_page_says_that_consent_is_missing(rt, tenant, user, browser):
    """At the sign-in already, not only when the code is redeemed."""
    app = await make_application(rt, tenant, web=WEB)
    done = await signed_in(browser, app, "User.Read")
    assert refusal(done) == "65001"


async def test_15_17_a_grant_for_one_user_is_for_that_user(rt, tenant, user, browser):
    """Another user of the tenant is asked for consent."""
    app = await make_application(rt, tenant, web=WEB, scopes="User.Read", user_id=user["id"])
    assert (await token_for(browser, app, "User.Read"))["scp"] == "User.Read"
    await make_user(rt, tenant, "eve@contoso.example")
    opened = await browser.authorize(
        client_id=app.id, redirect_uri=CALLBACK, resource=None, scope="User.Read", login_hint="eve@contoso.example"
    )
    done = await browser.login(opened, upn="eve@contoso.example")
    assert refusal(done) == "65001"


async def test_15_17_a_revoked_grant_ends_with_the_next_token(rt, tenant, user, browser, signin_at):
    """What was granted is read each time."""
    app = await make_application(rt, tenant, web=WEB, scopes="User.Read")
    reply = await signin_at(app, "User.Read offline_access")

    def revoke(tx):
        [row] = directory.PERMISSION_GRANTS.select(tx)
        directory.revoke_grant(tx, row["id"], principal=SYSTEM_PRINCIPAL)

    await rt.store.write(tenant, revoke)
    refused = await refreshed(browser, app, reply["refresh_token"], "User.Read")
    assert refused["error_codes"] == [65001]


async def test_15_17_a_first_party_client_is_granted_applications_of_the_tenant_like_any_other(
    rt, tenant, user, browser
):
    """Its fixed scopes are for first-party resources alone; a resource may trust it without anybody's consent."""
    resource = await make_application(rt, tenant, identifier_uris=["api://orders"], api=api("Orders.Read"))
    sign_in = {"client_id": CLI, "redirect_uri": "http://localhost", "resource": "api://orders"}
    refused = await browser.login(await browser.authorize(**sign_in))
    assert refusal(refused) == "65001"

    def trust(tx):
        scope = resource.row["api"]["oauth2PermissionScopes"][0]["id"]
        trusted = [{"appId": CLI, "delegatedPermissionIds": [scope]}]
        changes = {"api": {"preAuthorizedApplications": trusted}}
        directory.update_application(tx, resource.row["id"], changes, principal=SYSTEM_PRINCIPAL)

    await rt.store.write(tenant, trust)
    code = await browser.code(**sign_in)
    reply = (await browser.redeem(code, **sign_in)).json()
    claims = claims_of(reply["access_token"])
    assert (claims["aud"], claims["scp"]) == ("api://orders", "Orders.Read")


async def test_an_application_signs_people_in_without_a_grant(rt, tenant, user, browser):
    """OpenID Connect alone opens userinfo and nothing else."""
    app = await make_application(rt, tenant, web=WEB)
    assert (await token_for(browser, app, "openid profile email"))["scp"] == "email openid profile"


@pytest.mark.parametrize(
    ("scope", "code"),
    [
        ("Nothing.Here", 650053),
        (f"{GRAPH}/Nothing.Here", 650053),
        ("api://nobody/read", 500011),
        ("api://unprovisioned/read", 650052),
    ],
)
async def test_unknown_resources_and_scopes_are_named(rt, tenant, user, browser, signin_at, scope, code):
    """Resource unknown, resource without an account, permission unknown."""
    await rt.store.write(
        tenant,
        lambda tx: directory.create_application(
            tx, principal=SYSTEM_PRINCIPAL, display_name="U", identifier_uris=["api://unprovisioned"]
        ),
    )
    app = await make_application(rt, tenant, web=WEB, scopes="User.Read")
    reply = await signin_at(app, "User.Read offline_access")
    assert (await refreshed(browser, app, reply["refresh_token"], scope))["error_codes"] == [code]


async def test_an_application_may_ask_for_an_assignment(rt, tenant, user, browser):
    """Nobody, then the user, then a group of theirs; the roles stand in the token."""
    resource = await make_application(
        rt,
        tenant,
        identifier_uris=["api://orders"],
        api=api("Orders.Read"),
        app_roles=[role("Reader"), role("Writer", 2)],
    )
    app = await make_application(rt, tenant, web=WEB, scopes="Orders.Read", resource=resource.id)

    def demand(tx):
        changes = {"app_role_assignment_required": True}
        directory.update_service_principal(tx, resource.principal["id"], changes, principal=SYSTEM_PRINCIPAL)

    await rt.store.write(tenant, demand)
    refused = await signed_in(browser, app, "api://orders/Orders.Read")
    assert refusal(refused) == "50105"

    def by_group(tx):
        group = directory.create_group(tx, principal=SYSTEM_PRINCIPAL, display_name="Readers")
        directory.add_member(tx, group["id"], "user", user["id"])
        assign(tx, group["id"], resource.id, "Reader")

    await rt.store.write(tenant, by_group)
    assert (await token_for(browser, app, "api://orders/Orders.Read"))["roles"] == ["Reader"]
    await rt.store.write(tenant, lambda tx: assign(tx, user["id"], resource.id, "Writer"))
    assert (await token_for(browser, app, "api://orders/Orders.Read"))["roles"] == ["Reader", "Writer"]


async def test_grants_go_with_their_holder(rt, tenant, user):
    """A deleted user leaves neither grants nor roles behind, a deleted application none at all."""
    resource = await make_application(rt, tenant, app_roles=[role("Reader")], api=api("Orders.Read"))
    app = await make_application(rt, tenant, scopes="User.Read", roles=["Device.Read.All"])

    def furnish(tx):
        assign(tx, user["id"], resource.id, "Reader")
        grant(tx, app.principal["id"], resource.id, "Orders.Read", user["id"])

    await rt.store.write(tenant, furnish)

    def counts(tx):
        return (directory.APP_ROLE_ASSIGNMENTS.count(tx), directory.PERMISSION_GRANTS.count(tx))

    assert await rt.store.read(tenant, counts) == (2, 2)
    await rt.store.write(tenant, lambda tx: directory.delete_user(tx, user["id"]))
    assert await rt.store.read(tenant, counts) == (1, 1)
    await rt.store.write(tenant, lambda tx: directory.delete_application(tx, app.row["id"], principal=SYSTEM_PRINCIPAL))
    assert await rt.store.read(tenant, counts) == (0, 0)


async def test_15_17_a_client_of_another_tenant_is_unknown(rt, tenant, browser):
    """An application is known in its own tenant only."""
    app = await make_application(rt, tenant)
    other = rt.entropy.uuid()
    await rt.store.write(other, lambda tx: directory.create_tenant(tx, display_name="F", domain="fabrikam.example"))
    form = {
        "grant_type": "client_credentials",
        "client_id": app.id,
        "client_secret": app.secret,
        "scope": f"{GRAPH}/.default",
    }
    answer = await Browser(rt, other).token(version="/v2.0", **form)
    assert answer.json()["error_codes"] == [700016]
