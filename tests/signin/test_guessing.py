"""Guessing: locks by account, place and network, and passwords that are guessed first (03 section 15.8)."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher

from signin.conftest import PASSWORD, UPN, config_of
from taxiway import signin
from taxiway.signin import lockout, passwords
from taxiway.signin.errors import AccountLocked, PasswordWeak
from taxiway.signin.lockout import Caller
from taxiway.signin.weak import guessable

pytestmark = pytest.mark.anyio

HOME, CAFE = "198.51.100.7", "203.0.113.9"


async def is_open(rt, tenant, address, upn=UPN):
    try:
        await rt.store.read(tenant, lambda tx: lockout.require_open(tx, Caller.of(upn, address)))
    except AccountLocked:
        return False
    return True


async def fail(rt, tenant, address, times=1, upn=UPN):
    for _ in range(times):
        await rt.store.write(tenant, lambda tx: lockout.failed(tx, Caller.of(upn, address)))


async def test_15_08_guessing_from_elsewhere_does_not_lock_the_owner_out(rt, tenant):
    """Places where the account has signed in have a counter of their own."""
    await rt.store.write(tenant, lambda tx: lockout.succeeded(tx, Caller.of(UPN, HOME)))
    await fail(rt, tenant, CAFE, 10)
    assert not await is_open(rt, tenant, CAFE)
    assert not await is_open(rt, tenant, "192.0.2.1")
    assert await is_open(rt, tenant, HOME)
    await fail(rt, tenant, HOME, 10)
    assert not await is_open(rt, tenant, HOME)


async def test_15_08_the_lock_doubles_and_a_success_ends_it(rt, tenant, clock):
    """A minute, two, four; then the account signs in and starts anew."""
    await fail(rt, tenant, CAFE, 10)
    clock.advance(61)
    assert await is_open(rt, tenant, CAFE)
    await fail(rt, tenant, CAFE)
    clock.advance(61)
    assert not await is_open(rt, tenant, CAFE)
    clock.advance(60)
    assert await is_open(rt, tenant, CAFE)
    await rt.store.write(tenant, lambda tx: lockout.succeeded(tx, Caller.of(UPN, CAFE)))
    await fail(rt, tenant, CAFE, 9)
    assert await is_open(rt, tenant, CAFE)


async def test_15_08_one_network_that_tries_many_names_is_locked(rt, tenant):
    """Password spraying: a few tries at each of many accounts, none of which is locked by itself."""
    for number in range(50):
        await fail(rt, tenant, CAFE, 2, upn=f"user{number}@contoso.example")
    assert not await is_open(rt, tenant, "203.0.113.200", upn="fresh@contoso.example")
    assert await is_open(rt, tenant, HOME, upn="fresh@contoso.example")


async def test_15_08_names_that_do_not_exist_lock_like_others(browser, user):
    """No answer tells whether there is such an account: same code before, same code after."""
    codes = {}
    for upn in (UPN, "nobody@contoso.example"):
        page = await browser.authorize(login_hint=None)
        seen = []
        for _ in range(11):
            page = await browser.login(page, upn=upn, password="wrong")
            seen.append(config_of(page)["sErrorCode"])
        codes[upn] = seen
    assert codes[UPN] == codes["nobody@contoso.example"]
    assert codes[UPN] == ["50126"] * 10 + ["50053"]


async def test_15_08_while_locked_the_right_password_reads_like_a_wrong_one(browser, user):
    """No oracle on correctness."""
    page = await browser.authorize()
    for _ in range(10):
        page = await browser.login(page, password="wrong")
    for password in ("wrong", PASSWORD):
        assert config_of(await browser.login(page, password=password))["sErrorCode"] == "50053"


def test_networks():
    """/24 and /64; an IPv4 address in IPv6 clothes is what it is; nonsense is no network."""
    assert lockout.network_of("203.0.113.9") == "203.0.113.0/24"
    assert lockout.network_of("2001:db8:1:2:3::4") == "2001:db8:1:2::/64"
    assert lockout.network_of("::ffff:203.0.113.9") == "203.0.113.0/24"
    assert lockout.network_of("testclient") == ""


@pytest.mark.parametrize(
    "password",
    [
        "password",
        "Passw0rd!",
        "P@$$w0rd1",
        "Summer2026"[:8],
        "Welcome1!",
        "qwerty12",
        "Contoso1!",
        "adadada1",
        "12345678",
    ],
)
def test_15_08_what_is_guessed_first_is_refused(password):
    """Common words and the names at hand, also in disguise."""
    with pytest.raises(PasswordWeak):
        passwords.check_strength(password, upn="adad@contoso.example")


@pytest.mark.parametrize("password", ["Correct-horse-7-battery", "vT9#qLm2xB", "Contoso-kayak-lamp-41"])
def test_15_08_what_holds_enough_beside_is_taken(password):
    """A known word does not spoil a long password."""
    passwords.check_strength(password, upn="ada@contoso.example")
    assert not guessable(password)


async def test_15_08_a_hash_by_older_parameters_is_renewed_at_sign_in(rt, browser, user, tenant):
    """The password stays, its hash gets today's parameters, and nothing that rests on it ends."""
    old = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash(PASSWORD)
    await rt.store.write(tenant, lambda tx: passwords.rehash(tx, user["id"], old))
    code = await browser.code()
    row = await rt.store.read(tenant, lambda tx: passwords.find(tx, user["id"]))
    assert "m=19456,t=2,p=1" in row["hash"]
    assert (await browser.redeem(code)).status_code == 200
    assert await browser.code()


async def test_15_08_a_password_of_a_megabyte_costs_no_more_than_one_of_256_signs(rt, browser, user, monkeypatch):
    """What is hashed is bounded, and a password longer than the bound is never right."""
    hashed = []
    original = passwords._verify
    monkeypatch.setattr(passwords, "_verify", lambda h, secret: hashed.append(len(secret)) or original(h, secret))
    assert not await passwords.matches(rt, await passwords.hash_secret(rt, "x" * 256), "x" * 1_000_000)
    assert hashed == [256]
    with pytest.raises(PasswordWeak):
        await signin.set_password(rt, browser.tenant, user["id"], "Long-enough-1" * 30)
