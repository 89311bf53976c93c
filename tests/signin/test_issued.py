"""Codes and refresh tokens: random, hashed, bound, once (03 sections 15.4 and 15.5)."""

from __future__ import annotations

import asyncio
import base64

import pytest

from signin.conftest import BROKER, CLI, claims_of
from taxiway import signin
from taxiway.signin.tables import auth_code, refresh_token

pytestmark = pytest.mark.anyio

DAY = 86_400


async def refresh(browser, token, **changes):
    form = {"grant_type": "refresh_token", "client_id": BROKER, "refresh_token": token, **changes}
    return (await browser.token(**form)).json()


def secret_of(credential):
    """The random part."""
    part = credential.rpartition(".")[2]
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


async def rows(rt, tenant, table):
    return await rt.store.read(tenant, lambda tx: tx.all(table.select()))


async def test_15_04_a_code_is_random_and_kept_as_a_hash(rt, browser, user, tenant):
    """At least 128 bits, another each time, and the database does not know it."""
    codes = [await browser.code() for _ in range(3)]
    assert len({secret_of(code) for code in codes}) == 3
    assert all(len(secret_of(code)) >= 16 for code in codes)
    kept = repr(await rows(rt, tenant, auth_code))
    assert not any(code in kept or code.rpartition(".")[2] in kept for code in codes)


async def test_15_04_of_many_who_redeem_a_code_at_once_one_gets_tokens(browser, user):
    """Consumed in the transaction that issues; the family is revoked as for any reuse."""
    code = await browser.code()
    replies = [answer.json() for answer in await asyncio.gather(*(browser.redeem(code) for _ in range(6)))]
    [good] = [reply for reply in replies if "access_token" in reply]
    assert [reply["error_codes"] for reply in replies if "error" in reply] == [[54005]] * 5
    assert (await refresh(browser, good["refresh_token"]))["error_codes"] == [50173]


async def test_15_05_a_refresh_token_is_random_and_kept_as_a_hash(rt, browser, user, tenant):
    """256 bits; the database does not know it."""
    token = (await browser.redeem(await browser.code())).json()["refresh_token"]
    assert len(secret_of(token)) >= 32
    assert token.rpartition(".")[2] not in repr(await rows(rt, tenant, refresh_token))


async def test_15_05_a_refresh_token_is_its_clients(browser, user):
    """Another client gets nothing for it, and its own client still does."""
    token = (await browser.redeem(await browser.code())).json()["refresh_token"]
    assert (await refresh(browser, token, client_id=CLI))["error_codes"] == [70000]
    assert "access_token" in await refresh(browser, token)


async def test_15_05_a_refresh_token_says_no_more_than_the_sign_in(browser, user, clock):
    """Methods and time of the sign-in stay those of the page, however often it is used."""
    first = (await browser.redeem(await browser.code())).json()
    clock.advance(3 * DAY)
    later = await refresh(browser, first["refresh_token"])
    for name in ("amr", "auth_time"):
        assert claims_of(later["id_token"])[name] == claims_of(first["id_token"])[name]


async def test_15_05_a_refresh_token_ends_when_idle_and_after_half_a_year(browser, user, clock):
    """Ninety days without use; 180 days in all."""
    idle = (await browser.redeem(await browser.code())).json()["refresh_token"]
    used = (await browser.redeem(await browser.code())).json()["refresh_token"]
    for _ in range(2):
        clock.advance(80 * DAY)
        used = (await refresh(browser, used))["refresh_token"]
    assert (await refresh(browser, idle))["error_codes"] == [70008]
    clock.advance(20 * DAY + 1)
    assert (await refresh(browser, used))["error_codes"] == [70008]


async def test_15_05_signing_out_everywhere_ends_refresh_tokens(rt, browser, user, tenant):
    """And a code that waits to be redeemed."""
    token = (await browser.redeem(await browser.code())).json()["refresh_token"]
    code = await browser.code()
    await rt.store.write(tenant, lambda tx: signin.revoke_for_user(tx, user["id"]))
    assert (await refresh(browser, token))["error_codes"] == [50173]
    assert (await browser.redeem(code)).json()["error_codes"] == [70000]
