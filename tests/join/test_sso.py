"""Single sign-on at the authorise endpoint, by header and by cookie (03 section 7.8)."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from signin.conftest import BROKER, GRAPH, REDIRECT, answer_of, claims_of, config_of
from taxiway import directory, signin
from taxiway.wire.broker import sign_request

pytestmark = pytest.mark.anyio

PERSON, DEVICE = "x-ms-RefreshTokenCredential", "x-ms-DeviceCredential"


@pytest.fixture
async def signed_on(joined):
    """A device with a PRT."""
    await joined.sign_on()
    return joined


async def credential(device, *, session_key=None, **claims):
    """What a browser extension mints from a PRT; a claim of None is left out."""
    body = {"refresh_token": device.prt, "is_primary": "true", "request_nonce": await device.nonce(), **claims}
    given = {name: value for name, value in body.items() if value is not None}
    return sign_request(session_key or device.session_key, device.rt.entropy.bytes(24), given)


async def device_credential(device, **claims):
    """What a device says for itself."""
    body = {"grant_type": "device_auth", "iss": "aad:brokerplugin", "request_nonce": await device.nonce(), **claims}
    return device.by_device(body)


async def tokens(device, response):
    """The claims of the access token behind a code."""
    reply = (await device.browser.redeem(answer_of(response)["code"])).json()
    return claims_of(reply["access_token"])


@pytest.mark.parametrize("name", [PERSON, f"{PERSON}1", f"{PERSON}2", PERSON.lower()])
async def test_a_cookie_speaks_like_the_header(signed_on, name):
    """Browsers set a cookie, several accounts number theirs."""
    response = await signed_on.browser.authorize(headers={"cookie": f"{name}={await credential(signed_on)}"})
    claims = await tokens(signed_on, response)
    assert (claims["deviceid"], claims["amr"]) == (signed_on.device_id, ["pwd"])
    assert "<a href=" in response.text  # himmelblau reads the code out of the body


async def test_prompt_none_is_answered_by_a_prt(signed_on):
    """Silent sign-in of an application in a browser; with ``login`` the person types again."""
    header = {PERSON: await credential(signed_on)}
    assert "code" in answer_of(await signed_on.browser.authorize(headers=header, prompt="none"))
    header = {PERSON: await credential(signed_on)}
    page = await signed_on.browser.authorize(headers=header, prompt="login")
    assert config_of(page)["pgid"] == "ConvergedSignIn"


async def test_15_03_the_switches_of_the_persons_tenant_hold(rt, signed_on, tenant):
    """roadtx comes to `common` without PKCE: the PRT says whose tenant it is, and that decides."""

    async def answer():
        header = {PERSON: await credential(signed_on)}
        bare = {"code_challenge": None, "code_challenge_method": None, "login_hint": None}
        return answer_of(await signed_on.browser.authorize(segment="common", headers=header, **bare))

    assert "AADSTS9002325" in (await answer())["error_description"]
    switch = {"seeded_without_challenge": True}
    await rt.store.write(
        tenant, lambda tx: signin.update_signin_policy(tx, switch, principal=directory.SYSTEM_PRINCIPAL)
    )
    assert "code" in await answer()


async def test_a_stale_nonce_sends_the_browser_for_another(signed_on, clock):
    """The same address with ``sso_nonce``; signed with it, the credential is good."""
    old = await credential(signed_on)
    clock.advance(301)
    response = await signed_on.browser.authorize(headers={PERSON: old}, state="a b&c")
    assert response.status_code == 302
    target = urlsplit(response.headers["location"])
    query = parse_qs(target.query)
    assert (target.netloc, target.path) == ("", f"/{signed_on.browser.tenant}/oauth2/authorize")
    assert (query["state"], query["redirect_uri"], query["client_id"]) == (["a b&c"], [REDIRECT], [BROKER])
    fresh = await credential(signed_on, request_nonce=query["sso_nonce"][0])
    done = await signed_on.browser.http.get(response.headers["location"], headers={PERSON: fresh})
    assert answer_of(done)["state"] == "a b&c"


async def test_a_browser_that_does_not_use_the_nonce_is_not_sent_round(signed_on, clock):
    """The second time the page is shown: no endless redirect."""
    header = {PERSON: await credential(signed_on)}
    clock.advance(301)
    response = await signed_on.browser.authorize(headers=header)
    page = await signed_on.browser.http.get(response.headers["location"], headers=header)
    assert config_of(page)["pgid"] == "ConvergedSignIn"


@pytest.mark.parametrize("claims", [{"request_nonce": None}, {"request_nonce": None, "iat": "now"}])
async def test_15_15_a_credential_with_a_time_instead_of_a_nonce_is_refused(rt, signed_on, claims):
    """It signs nobody in; the browser is told what to sign."""
    if "iat" in claims:
        claims = {**claims, "iat": str(int(rt.clock.now().timestamp()))}
    response = await signed_on.browser.authorize(headers={PERSON: await credential(signed_on, **claims)})
    assert "sso_nonce=" in response.headers["location"]
    assert not response.headers["location"].startswith(REDIRECT)


async def test_bad_credentials_are_ignored(rt, signed_on, tenant):
    """A wrong signature, rubbish, an unknown PRT: the page, as if nothing had come."""
    for bad in (
        await credential(signed_on, session_key=rt.entropy.bytes(32)),
        await credential(signed_on, refresh_token="2.AAAA.x"),
        "a.b.c",
        "x" * 17_000,
        "é",
    ):
        header = {PERSON: bad.encode(), DEVICE: bad.encode()}
        assert config_of(await signed_on.browser.authorize(headers=header))["pgid"] == "ConvergedSignIn"


async def test_the_next_credential_counts_when_one_is_not_good(rt, signed_on):
    """A header that is bad does not hide a cookie that is good."""
    good = await credential(signed_on)
    bad = await credential(signed_on, session_key=rt.entropy.bytes(32))
    response = await signed_on.browser.authorize(headers={PERSON: bad, "cookie": f"{PERSON}1={good}"})
    assert "code" in answer_of(response)


@pytest.mark.parametrize("as_cookie", [False, True])
async def test_a_device_is_recognised_and_its_user_types(signed_on, as_cookie):
    """The person signs in, and the tokens name the device."""
    text = await device_credential(signed_on)
    page = await signed_on.browser.authorize(headers={"cookie": f"{DEVICE}={text}"} if as_cookie else {DEVICE: text})
    assert config_of(page)["pgid"] == "ConvergedSignIn"
    claims = await tokens(signed_on, await signed_on.browser.login(page))
    assert (claims["deviceid"], claims["amr"]) == (signed_on.device_id, ["pwd"])


async def test_a_device_is_recognised_for_a_pass_too(signed_on, user, rt, tenant):
    """Whatever the person shows."""
    pass_ = await signin.issue_access_pass(rt, tenant, user["id"])
    page = await signed_on.browser.authorize(headers={DEVICE: await device_credential(signed_on)})
    page = await signed_on.browser.login(page, password="")
    config, ended = await signed_on.browser.factor(page, "AccessPass", pass_)
    claims = await tokens(signed_on, await signed_on.browser.process(config, ended, "AccessPass"))
    assert claims["deviceid"] == signed_on.device_id


async def test_the_person_comes_before_the_device(signed_on):
    """With a good credential of the person, that of the device is not looked at."""
    headers = {PERSON: await credential(signed_on), DEVICE: "rubbish"}
    assert "code" in answer_of(await signed_on.browser.authorize(headers=headers))


async def test_a_disabled_device_is_not_recognised(rt, signed_on, tenant):
    """Its user signs in like anywhere else."""
    device = await rt.store.read(tenant, lambda tx: directory.find_device(tx, device_id=signed_on.device_id))
    await rt.store.write(tenant, lambda tx: directory.update_device(tx, device["id"], {"account_enabled": False}))
    page = await signed_on.browser.authorize(headers={DEVICE: await device_credential(signed_on)})
    claims = await tokens(signed_on, await signed_on.browser.login(page))
    assert "deviceid" not in claims


async def test_a_stale_device_nonce_sends_the_browser_for_another(signed_on, clock):
    """As for the person's."""
    old = await device_credential(signed_on)
    clock.advance(301)
    assert "sso_nonce=" in (await signed_on.browser.authorize(headers={DEVICE: old})).headers["location"]


async def test_a_prt_of_another_tenant_does_not_speak_here(rt, signed_on, keys):
    """The tenant of the address decides."""
    other = rt.entropy.uuid()
    await rt.store.write(other, lambda tx: directory.create_tenant(tx, display_name="F", domain="fabrikam.example"))
    header = {PERSON: await credential(signed_on), DEVICE: await device_credential(signed_on)}
    page = await signed_on.browser.authorize(segment=other, headers=header, login_hint="eve@fabrikam.example")
    assert config_of(page)["pgid"] == "ConvergedSignIn"


async def test_15_05_a_revoked_prt_opens_no_page(rt, signed_on, user, tenant):
    """After "revoke sessions" the person types again."""
    await rt.store.write(tenant, lambda tx: signin.revoke_for_user(tx, user["id"]))
    page = await signed_on.browser.authorize(headers={PERSON: await credential(signed_on)}, resource=GRAPH)
    assert config_of(page)["pgid"] == "ConvergedSignIn"
