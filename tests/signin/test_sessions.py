"""The session of a browser: single sign-on, prompts, age, signing out (03 sections 3.1, 3.6 and 15.11)."""

from __future__ import annotations

import pytest

from signin.conftest import CLI, GRAPH, UPN, answer_of, claims_of, config_of, make_user
from taxiway import signin
from taxiway.signin import flowtoken, sessions

pytestmark = pytest.mark.anyio

WEB = {"client_id": CLI, "redirect_uri": "http://localhost:5000", "resource": GRAPH}


def session_of(browser):
    return browser.http.cookies.get(sessions.COOKIE)


async def signed_in(browser):
    """A browser in which somebody has signed in once."""
    await browser.login(await browser.authorize(**WEB))
    assert session_of(browser)


async def test_the_second_application_needs_no_page(browser, user):
    """One sign-in serves the next application, silently too, with the time and the methods of the first."""
    await signed_in(browser)
    silent = await browser.authorize(**WEB, prompt="none")
    reply = await browser.redeem(answer_of(silent)["code"], **WEB)
    assert claims_of(reply.json()["access_token"])["amr"] == ["pwd"]


async def test_the_broker_begins_no_session(browser, user):
    """OOBE ends with a PRT; a session beside it would outlive the person in front of the page."""
    await browser.login(await browser.authorize())
    assert session_of(browser) is None


async def test_15_11_prompts_decide_whether_a_page_is_shown(browser, user):
    """``login`` always, ``select_account`` with the account on offer, nonsense never."""
    await signed_in(browser)
    assert config_of(await browser.authorize(**WEB, prompt="login"))["pgid"] == "ConvergedSignIn"
    page = await browser.authorize(**WEB, prompt="select_account")
    assert config_of(page)["sSignedIn"] == UPN
    assert f"Continue as {UPN}" in page.text
    assert answer_of(await browser.post(page, session="continue"))["code"]
    for prompt in ("none login", "whatever"):
        assert answer_of(await browser.authorize(**WEB, prompt=prompt))["error"] == "invalid_request"


async def test_a_hint_at_somebody_else_is_not_answered_by_the_session(rt, browser, user, tenant):
    """The session speaks for its own person only."""
    await make_user(rt, tenant, "bob@contoso.example")
    await signed_in(browser)
    other = {**WEB, "login_hint": "bob@contoso.example"}
    assert config_of(await browser.authorize(**other))["pgid"] == "ConvergedSignIn"
    assert answer_of(await browser.authorize(**other, prompt="none"))["error"] == "login_required"


async def test_15_11_max_age_asks_again_when_the_sign_in_is_too_long_ago(browser, user, clock):
    """``max_age`` counts from the sign-in, not from the last use."""
    await signed_in(browser)
    clock.advance(120)
    assert (await browser.authorize(**WEB, max_age="600")).is_redirect
    assert config_of(await browser.authorize(**WEB, max_age="60"))["pgid"] == "ConvergedSignIn"
    assert answer_of(await browser.authorize(**WEB, max_age="60", prompt="none"))["error"] == "login_required"
    assert config_of(await browser.authorize(**WEB, max_age="-1"))["sErrorCode"] == "9002313"


async def test_15_11_a_session_ends_when_idle_and_after_a_day(browser, user, clock):
    """Twelve hours without use, or twenty-four in all."""
    await signed_in(browser)
    for _ in range(3):
        clock.advance(7 * 3600)
        assert (await browser.authorize(**WEB)).is_redirect
    clock.advance(3 * 3600 + 1)
    assert not (await browser.authorize(**WEB)).is_redirect
    await signed_in(browser)
    clock.advance(12 * 3600 + 301)
    assert not (await browser.authorize(**WEB)).is_redirect


async def test_15_11_what_ends_the_sessions_of_a_user_ends_the_browsers_too(rt, browser, user, tenant):
    """A changed password and "revoke sessions" leave nothing signed in."""
    await signed_in(browser)
    await signin.set_password(rt, tenant, user["id"], "Another-horse-8-battery")
    assert not (await browser.authorize(**WEB)).is_redirect


async def test_15_11_each_step_forward_gets_a_cookie_of_its_own(browser, user, rt, tenant):
    """A cookie planted before the sign-in is worth nothing after it: neither flow nor session keeps its value."""
    await signin.register_totp(rt, tenant, user["id"])
    page = await browser.authorize(**WEB)
    planted = browser.http.cookies.get(flowtoken.COOKIE)
    factor = await browser.login(page)
    assert browser.http.cookies.get(flowtoken.COOKIE) not in {None, planted}
    browser.http.cookies.set(flowtoken.COOKIE, planted)
    _, ended = await browser.factor(factor, "PhoneAppOTP", "000000")
    assert (ended["Success"], ended["ErrCode"]) == (False, 50089)


async def test_15_11_cookies_are_for_this_host_and_not_for_scripts(browser, user):
    """``__Host-``, Secure, HttpOnly, SameSite=Lax, path ``/``."""
    page = await browser.authorize(**WEB)
    done = await browser.login(page)
    for response, name in ((page, flowtoken.COOKIE), (done, sessions.COOKIE)):
        [line] = [c for c in response.headers.get_list("set-cookie") if c.startswith(name) and "Max-Age=0" not in c]
        assert name.startswith("__Host-")
        assert {"httponly", "secure", "samesite=lax", "path=/"} <= {part.strip().lower() for part in line.split(";")}


async def test_a_session_of_another_tenant_does_not_sign_in_here(rt, browser, user):
    """The cookie names its tenant, and a request for another one shows the page."""
    from taxiway import directory

    other = rt.entropy.uuid()
    await rt.store.write(
        other, lambda tx: directory.create_tenant(tx, display_name="Fabrikam", domain="fabrikam.example")
    )
    await signed_in(browser)
    page = await browser.authorize(**{**WEB, "login_hint": None}, segment=other)
    assert config_of(page)["pgid"] == "ConvergedSignIn"


async def test_15_12_signing_out_takes_an_id_token_or_a_confirmation(browser, user):
    """15.12: a link alone signs nobody out; the hint of another person does not either."""
    await signed_in(browser)
    path = f"/{browser.tenant}/oauth2/v2.0/logout"
    asked = await browser.http.get(path)
    assert config_of(asked)["pgid"] == "LogoutConfirm"
    assert (await browser.authorize(**WEB)).is_redirect
    assert config_of(await browser.http.post(path, data={"canary": "x"}))["pgid"] == "LogoutConfirm"
    canary = asked.text.split('name="canary" value="')[1].split('"')[0]
    assert config_of(await browser.http.post(path, data={"canary": canary}))["pgid"] == "SignedOut"
    assert not (await browser.authorize(**WEB)).is_redirect


async def test_15_01_an_application_signs_out_with_the_id_token_and_gets_the_person_back(browser, user):
    """RP-initiated logout: only to a registered address, with the state."""
    code = await browser.code(**WEB)
    id_token = (await browser.redeem(code, **WEB)).json()["id_token"]
    path = f"/{browser.tenant}/oauth2/v2.0/logout"
    asked = {"id_token_hint": id_token, "post_logout_redirect_uri": "http://localhost:5000", "state": "s/1"}
    done = await browser.http.get(path, params=asked)
    assert done.headers["location"] == "http://localhost:5000?state=s%2F1"
    assert not (await browser.authorize(**WEB)).is_redirect
    await signed_in(browser)
    evil = await browser.http.get(path, params={**asked, "post_logout_redirect_uri": "https://evil.example/"})
    assert config_of(evil)["pgid"] == "SignedOut"
    await signed_in(browser)
    access = {**asked, "id_token_hint": (await browser.redeem(await browser.code(**WEB), **WEB)).json()["access_token"]}
    assert config_of(await browser.http.get(path, params=access))["pgid"] == "LogoutConfirm"
