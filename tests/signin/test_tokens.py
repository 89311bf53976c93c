"""Tokens: who may open which door with them (03 sections 5 and 15.6)."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from signin.conftest import BROKER, CLI, DRS, GRAPH, UPN, Browser, answer_of, claims_of, make_user
from support.applications import make_application
from taxiway import directory, signin
from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.signin import tokens

pytestmark = pytest.mark.anyio


@pytest.fixture
async def reply(browser, user):
    return (await browser.redeem(await browser.code())).json()


async def test_a_token_opens_the_door_it_is_for(rt, reply, user, tenant):
    """Every claim arrives verified; roles are read afresh."""
    await rt.store.write(
        tenant,
        lambda tx: directory.assign_role(tx, user["id"], directory.GLOBAL_ADMINISTRATOR, principal=SYSTEM_PRINCIPAL),
    )
    claims = await signin.verify_token(rt, reply["access_token"], audiences=[DRS])
    assert (claims.tenant, claims.oid, claims.upn, claims.app_id) == (tenant, user["id"], UPN, BROKER)
    assert claims.roles == {directory.GLOBAL_ADMINISTRATOR}
    assert signin.principal_of(claims).scopes == {"adrs_access"}


async def test_15_06_a_token_for_another_resource_is_refused(rt, reply):
    """The audience decides."""
    with pytest.raises(signin.TokenRefused, match="another resource"):
        await signin.verify_token(rt, reply["access_token"], audiences=[GRAPH])


async def test_15_06_an_id_token_is_not_an_access_token(rt, reply):
    """Even where its audience would fit."""
    with pytest.raises(signin.TokenRefused, match="id_token"):
        await signin.verify_token(rt, reply["id_token"], audiences=[BROKER])


async def test_15_06_a_token_runs_out(rt, reply, clock):
    """Seventy-five minutes and the leeway later nothing opens."""
    clock.advance(81 * 60)
    with pytest.raises(signin.TokenRefused, match="run out"):
        await signin.verify_token(rt, reply["access_token"], audiences=[DRS])


@pytest.mark.parametrize("change", ["signature", "payload", "alg", "kid", "rubbish", "empty", "deep"])
async def test_15_06_a_forged_token_is_refused(rt, reply, change):
    """Whatever is changed in a token, it opens nothing and breaks nothing."""
    head, body, signature = reply["access_token"].split(".")
    other = reply["id_token"].split(".")
    forged = {
        "signature": f"{head}.{body}.{'A' * len(signature)}",
        "payload": f"{head}.{other[1]}.{signature}",
        "alg": f"eyJhbGciOiJub25lIiwia2lkIjoieCJ9.{body}.",
        "kid": f"eyJhbGciOiJSUzI1NiIsImtpZCI6IngifQ.{body}.{signature}",
        "rubbish": "a.b.c",
        "empty": "",
        "deep": f"{'eyJh' * 9000}.{body}.{signature}",
    }[change]
    with pytest.raises(signin.TokenRefused):
        await signin.verify_token(rt, forged, audiences=[DRS])


async def test_15_06_a_token_of_one_tenant_does_not_speak_for_another(rt, reply, tenant):
    """A body that claims a foreign tenant under a right signature still has the wrong issuer."""
    other = rt.entropy.uuid()
    await rt.store.write(other, lambda tx: directory.create_tenant(tx, display_name="F", domain="fabrikam.example"))
    forged = (await tokens.sign(rt, {**claims_of(reply["access_token"]), "tid": other}))[0]
    with pytest.raises(signin.TokenRefused, match="another tenant"):
        await signin.verify_token(rt, forged, audiences=[DRS])


async def test_15_05_a_refresh_token_and_a_code_stay_in_their_tenant(rt, browser, reply, user):
    """Another tenant's token endpoint does not know them."""
    other = rt.entropy.uuid()
    await rt.store.write(other, lambda tx: directory.create_tenant(tx, display_name="F", domain="fabrikam.example"))
    await make_user(rt, other, "eve@fabrikam.example")
    foreign = Browser(rt, other)
    code = await browser.code()
    assert (await foreign.redeem(code)).json()["error_codes"] == [70000]
    again = await foreign.token(grant_type="refresh_token", client_id=BROKER, refresh_token=reply["refresh_token"])
    assert again.json()["error_codes"] == [70000]


async def test_15_05_disabling_a_user_ends_every_token(rt, browser, reply, user, tenant):
    """Access and refresh tokens alike."""
    await rt.store.write(tenant, lambda tx: directory.update_user(tx, user["id"], {"account_enabled": False}))
    with pytest.raises(signin.TokenRefused, match="disabled"):
        await signin.verify_token(rt, reply["access_token"], audiences=[DRS])
    again = await browser.token(grant_type="refresh_token", client_id=BROKER, refresh_token=reply["refresh_token"])
    assert again.json()["error_codes"] == [50173]


async def test_15_05_a_new_password_ends_earlier_sessions(rt, reply, user, tenant, clock):
    """What rested on the old password is over."""
    clock.advance(2)
    await signin.set_password(rt, tenant, user["id"], "Another-horse-8-battery")
    with pytest.raises(signin.TokenRefused, match="ended"):
        await signin.verify_token(rt, reply["access_token"], audiences=[DRS])


async def test_15_05_refresh_tokens_rotate_and_a_late_reuse_ends_the_family(browser, reply, clock):
    """Within a minute an old one still works, for lost answers; later it takes its whole family along."""

    async def refresh(token):
        return (await browser.token(grant_type="refresh_token", client_id=BROKER, refresh_token=token)).json()

    second = await refresh(reply["refresh_token"])
    assert second["refresh_token"] != reply["refresh_token"]
    assert "access_token" in await refresh(reply["refresh_token"])
    clock.advance(61)
    assert (await refresh(reply["refresh_token"]))["error_codes"] == [50173]
    assert (await refresh(second["refresh_token"]))["error_codes"] == [50173]
    assert ("signin.family_revoked", ["token_reused"]) in await browser.log()


async def test_15_17_only_the_broker_gets_mdm_delegation(rt, browser, reply):
    """The MDM application is asked for by address or by its well-known name; the audience is as asked."""
    for resource in ("https://enrollment.manage.microsoft.com/", "https://localhost:8444/"):
        token = await browser.token(
            grant_type="refresh_token", client_id=BROKER, refresh_token=reply["refresh_token"], resource=resource
        )
        claims = claims_of(token.json()["access_token"])
        assert (claims["aud"], claims["scp"]) == (resource, "mdm_delegation")
        assert await signin.verify_token(rt, token.json()["access_token"], audiences=[resource.rstrip("/")])
    web = {"client_id": CLI, "redirect_uri": "http://localhost:1"}
    done = await browser.login(await browser.authorize(**web, resource=GRAPH))
    code = parse_qs(urlsplit(done.headers["location"]).query)["code"][0]
    other = (await browser.redeem(code, **web, resource=GRAPH)).json()["refresh_token"]
    for resource in ("https://enrollment.manage.microsoft.com/", "https://localhost:8444/"):
        given = await browser.token(grant_type="refresh_token", client_id=CLI, refresh_token=other, resource=resource)
        assert claims_of(given.json()["access_token"])["scp"] == "user_impersonation"


async def test_15_10_keys_rotate_ahead_of_use(rt, browser, reply, clock):
    """A day before its time the next key is published; old tokens stay good until they run out."""
    first = [key["kid"] for key in (await browser.http.get("/common/discovery/keys")).json()["keys"]]
    clock.advance(89.5 * 86400)
    both = [key["kid"] for key in (await browser.http.get("/common/discovery/keys")).json()["keys"]]
    assert both[0] == first[0]
    assert len(both) == 2
    clock.advance(86400)
    fresh = (await browser.redeem(await browser.code())).json()["access_token"]
    assert await signin.verify_token(rt, fresh, audiences=[DRS])
    clock.advance(3 * 86400)
    later = [key["kid"] for key in (await browser.http.get("/common/discovery/keys")).json()["keys"]]
    assert first[0] not in later
    assert both[1] in later


async def test_an_application_acts_for_itself_with_its_secret(rt, browser, tenant):
    """``client_credentials``: roles instead of scopes; a wrong secret and ``common`` are refused."""
    app = await make_application(rt, tenant, name="Job", roles=["Device.Read.All"])
    secret = app.secret
    form = {"grant_type": "client_credentials", "client_id": app.id, "scope": f"{GRAPH}/.default"}
    good = await browser.token(**form, client_secret=secret, version="/v2.0")
    claims = await signin.verify_token(rt, good.json()["access_token"], audiences=[GRAPH])
    assert (claims.kind, claims.app_roles, claims.name) == ("app", {"Device.Read.All"}, "Job")
    assert signin.principal_of(claims).kind == "app"
    wrong = await browser.token(**form, client_secret="x", version="/v2.0")
    assert (wrong.status_code, wrong.json()["error_codes"]) == (401, [7000215])
    assert (await browser.token(**form, version="/v2.0")).json()["error_codes"] == [7000218]
    assert (await browser.token(segment="common", **form, client_secret=secret)).json()["error_codes"] == [9001023]


async def test_15_02_ropc_is_off_until_the_tenant_switches_it_on(rt, browser, user, tenant):
    """And then it is for seeded clients alone, never past a second factor."""
    form = {
        "grant_type": "password",
        "client_id": "04b07795-8ddb-461a-bbee-02f9e1bf7b46",
        "username": UPN,
        "password": "Correct-horse-7-battery",
        "resource": GRAPH,
    }
    assert (await browser.token(**form)).json()["error_codes"] == [70003]
    switch = {"ropc_enabled": True}
    await rt.store.write(tenant, lambda tx: signin.update_signin_policy(tx, switch, principal=SYSTEM_PRINCIPAL))
    assert claims_of((await browser.token(segment="common", **form)).json()["access_token"])["amr"] == ["pwd"]
    assert (await browser.token(**form | {"password": "wrong-one"})).json()["error_codes"] == [50126]
    await signin.register_totp(rt, tenant, user["id"])
    assert (await browser.token(**form)).json()["error_codes"] == [50076]


async def test_a_client_that_handles_claims_challenges_is_told_so_in_its_tokens(browser, user):
    """``claims`` with the capability CP1 gives ``xms_cc``; what is no JSON object of objects is refused."""
    form = {"grant_type": "refresh_token", "client_id": BROKER, "resource": DRS}
    token = (await browser.redeem(await browser.code())).json()["refresh_token"]
    capable = {"claims": '{"access_token":{"xms_cc":{"values":["cp1"]}}}'}
    reply = (await browser.token(**form, refresh_token=token, **capable)).json()
    assert claims_of(reply["access_token"])["xms_cc"] == ["CP1"]
    plain = (await browser.token(**form, refresh_token=reply["refresh_token"], claims='{"id_token":{}}')).json()
    assert "xms_cc" not in claims_of(plain["access_token"])
    for wrong in ("[]", '{"access_token":1}', "{"):
        refused = await browser.token(**form, refresh_token=plain["refresh_token"], claims=wrong)
        assert refused.json()["error_codes"] == [9002313]
        assert answer_of(await browser.authorize(claims=wrong))["error"] == "invalid_request"
