"""How often one may try, and ask (03 sections 2.7, 7.2 and 15.8)."""

from __future__ import annotations

import base64

import httpx
import pytest

from signin.conftest import GRAPH, PASSWORD, UPN, answer_of, config_of
from taxiway import signin
from taxiway.doors import Door
from taxiway.doors.throttle import Throttle
from taxiway.join.http import routes as device_routes
from taxiway.kernel import ManualClock
from taxiway.signin import factors, often, passwords
from taxiway.store import entries

pytestmark = pytest.mark.anyio


async def wrong_codes(browser, page, times):
    """The AADSTS code of each wrong one-time code."""
    return [(await browser.factor(page, "PhoneAppOTP", "000000"))[1]["ErrCode"] for _ in range(times)]


async def test_15_08_a_sign_in_ends_at_its_fifth_wrong_code(rt, browser, user, tenant, clock):
    """The sixth is not looked at, right or wrong; another sign-in has tries of its own."""
    link = await signin.register_totp(rt, tenant, user["id"])
    page = await browser.login(await browser.authorize())
    assert await wrong_codes(browser, page, 5) == [500121] * 5
    assert (await browser.factor(page, "PhoneAppOTP", right_code(link, clock)))[1]["ErrCode"] == 50053
    clock.advance(120)
    assert (await browser.factor(page, "PhoneAppOTP", right_code(link, clock)))[1]["ErrCode"] == 50053
    fresh = await browser.login(await browser.authorize())
    assert (await browser.factor(fresh, "PhoneAppOTP", right_code(link, clock)))[1]["Success"]


async def test_15_08_a_right_password_makes_no_room_for_more_codes(rt, browser, user, tenant, clock):
    """Who has the password has ten codes to guess, however many sign-ins they are spread over."""
    link = await signin.register_totp(rt, tenant, user["id"])
    for _ in range(2):
        page = await browser.login(await browser.authorize())
        assert await wrong_codes(browser, page, 5) == [500121] * 5
    page = await browser.login(await browser.authorize())
    assert config_of(page)["pgid"] == "ConvergedTFA"
    assert (await browser.factor(page, "PhoneAppOTP", right_code(link, clock)))[1]["ErrCode"] == 50053


async def test_15_08_a_locked_account_takes_no_second_factor_either(rt, browser, user, tenant):
    """A pass without a password is no way around the lock."""
    pass_ = await signin.issue_access_pass(rt, tenant, user["id"])
    page = await browser.authorize()
    asked = await browser.login(page, password="")
    for _ in range(10):
        await browser.login(await browser.authorize(), password="wrong")
    asked = await browser.login(await browser.authorize(), password="")
    assert (await browser.factor(asked, "AccessPass", pass_))[1]["ErrCode"] == 50053


async def test_15_08_a_name_that_does_not_exist_costs_the_same_hash(browser, user, monkeypatch):
    """One argon2id verification each: for a wrong password, for no such name, for no such domain."""
    hashed = []
    original = passwords._verify
    monkeypatch.setattr(passwords, "_verify", lambda h, secret: hashed.append(h) or original(h, secret))
    for upn in (UPN, "nobody@contoso.example", "nobody@nowhere.example", "nobody"):
        before = len(hashed)
        page = await browser.login(await browser.authorize(login_hint=None, segment="common"), upn=upn, password="x")
        assert config_of(page)["sErrorCode"] == "50126", upn
        assert len(hashed) == before + 1, upn
    assert all("$argon2id$v=19$m=19456,t=2,p=1$" in h for h in hashed)


async def test_15_08_a_lock_is_in_the_log(rt, browser, user, tenant):
    """With the account and how often it failed, once it is locked."""
    page = await browser.authorize()
    for _ in range(10):
        page = await browser.login(page, password="wrong")
    [told] = [e for e in await rt.store.read(tenant, entries) if e.kind == "account.locked"]
    assert (told.what["account"], told.what["failed"]) == (UPN, 10)


async def credential_type(browser, name, **headers):
    return await browser.http.post("/common/GetCredentialType", json={"username": name}, headers=headers)


async def test_15_08_names_are_asked_about_only_so_often(browser, user, clock):
    """By one network; then every answer is the same and says that it is throttled, until some time has passed."""
    for number in range(often.NETWORK_BURST):
        reply = (await credential_type(browser, f"u{number}@contoso.example")).json()
        assert (reply["ThrottleStatus"], reply["IfExistsResult"]) == (0, 0)
    for name in (UPN, "x@nowhere.example"):
        reply = (await credential_type(browser, name)).json()
        assert (reply["ThrottleStatus"], reply["IfExistsResult"]) == (1, 2)
        assert reply["Credentials"]["HasPassword"] is True
    clock.advance(2)
    assert (await credential_type(browser, UPN)).json()["ThrottleStatus"] == 0


async def test_15_08_a_domain_is_asked_about_only_so_often(rt, clock):
    """From however many networks; other domains are not affected."""
    throttle = often.NameThrottle(rt)
    for number in range(often.DOMAIN_BURST):
        assert not throttle.spent(f"10.0.{number}.0/24", {"username": f"u{number}@Contoso.example"})
    assert throttle.spent("10.9.9.0/24", {"username": UPN})
    assert not throttle.spent("10.9.9.0/24", {"username": "u@fabrikam.example"})


async def test_15_08_nonces_are_given_only_so_often(rt, browser, clock):
    """At both of their endpoints: 429 with Retry-After, and again after some time."""
    devices = httpx.AsyncClient(
        transport=httpx.ASGITransport(Door(device_routes(rt), rt.entropy)), base_url="https://localhost:8444"
    )

    async def by_token():
        return await browser.token(segment="common", grant_type="srv_challenge")

    async def by_registration():
        return await devices.get("/EnrollmentServer/nonce/contoso.example")

    for ask in (by_token, by_registration):
        for _ in range(signin.NONCE_BURST):
            assert (await ask()).status_code == 200
        refused = await ask()
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "5")
        clock.advance(1)
        assert (await ask()).status_code == 200
    assert (await browser.token(grant_type="password")).json()["error_codes"] == [900144]
    await devices.aclose()


async def test_15_08_other_grants_are_not_held_up_by_nonces(rt, browser, user):
    """Who used up the nonces of a network keeps nobody else from signing in there."""
    for _ in range(signin.NONCE_BURST + 1):
        answer = await browser.token(segment="common", grant_type="srv_challenge")
    assert answer.json()["error_codes"] == [90055]
    assert (await browser.redeem(await browser.code(resource=GRAPH), resource=GRAPH)).status_code == 200


def test_15_08_buckets_fill_up_again_and_do_not_pile_up():
    """A bucket holds no more than its burst, and the memory of who asked is bounded."""
    clock = ManualClock()
    throttle = Throttle(clock, burst=2, rate=1.0)
    assert [throttle.allow("a") for _ in range(3)] == [True, True, False]
    clock.advance(3600)
    assert [throttle.allow("a") for _ in range(3)] == [True, True, False]
    for number in range(25_000):
        throttle.allow(str(number))
    assert len(throttle._left) <= 10_000
    assert [throttle.allow("24999") for _ in range(2)] == [True, False]


def right_code(link, clock):
    """What an authenticator shows now."""
    secret = link.partition("secret=")[2].partition("&")[0]
    raw = base64.b32decode(secret + "=" * (-len(secret) % 8))
    return factors.code_at(raw, int(clock.now().timestamp()) // 30)


async def test_15_08_a_second_factor_ends_its_own_failures(rt, browser, user, tenant, clock):
    """Four wrong codes, a right one, and the count begins anew."""
    link = await signin.register_totp(rt, tenant, user["id"])
    for _ in range(3):
        page = await browser.login(await browser.authorize(), password=PASSWORD)
        assert await wrong_codes(browser, page, 4) == [500121] * 4
        config, ended = await browser.factor(page, "PhoneAppOTP", right_code(link, clock))
        assert answer_of(await browser.process(config, ended, "PhoneAppOTP"))["code"]
        clock.advance(60)
