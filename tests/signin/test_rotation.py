"""Signing keys change ahead of use, and old ones stay until what they signed has run out (03 section 15.10)."""

from __future__ import annotations

import pytest

from signin.conftest import DRS, claims_of
from taxiway import signin
from taxiway.signin import keys, tokens

pytestmark = pytest.mark.anyio
DAY = 86400


@pytest.fixture
async def reply(browser, user):
    return (await browser.redeem(await browser.code())).json()


async def kids(browser):
    return [key["kid"] for key in (await browser.http.get("/common/discovery/v2.0/keys")).json()["keys"]]


async def test_15_10_the_next_key_is_published_a_day_before_it_signs(rt, browser, clock):
    """The set holds the next key as soon as it is made; it signs a day later and not before."""
    [old] = await kids(browser)
    clock.advance(89 * DAY + 60)
    assert (await keys.signing_keys(rt)).kid == old
    [still, new] = await kids(browser)
    assert still == old
    clock.advance(DAY - 1)
    assert (await keys.signing_keys(rt)).kid == old
    clock.advance(1)
    assert (await keys.signing_keys(rt)).kid == new


@pytest.mark.parametrize("late", [1, 20 * 3600, 25 * 3600])
async def test_15_10_a_key_that_is_made_late_still_waits_its_day(rt, browser, reply, clock, late):
    """Nobody asked when it was due: the old key signs on until the new one was published for a day."""
    [old] = await kids(browser)
    clock.advance(90 * DAY + late)
    assert (await keys.signing_keys(rt)).kid == old
    assert len(await kids(browser)) == 2
    clock.advance(DAY - 1)
    assert (await keys.signing_keys(rt)).kid == old
    last = (await tokens.sign(rt, fresh(rt, reply)))[0]
    clock.advance(1)
    assert (await keys.signing_keys(rt)).kid != old
    clock.advance(75 * 60)
    assert await signin.verify_token(rt, last, audiences=[DRS])


def fresh(rt, reply):
    """The body of a token of the longest life, as of now."""
    now = int(rt.clock.now().timestamp())
    return {**claims_of(reply["access_token"]), "iat": now, "nbf": now, "exp": now + 75 * 60}


async def test_15_10_an_old_key_is_believed_until_all_it_signed_has_run_out(rt, browser, reply, clock):
    """The last token it signed is good for its whole life; two days later the key is gone from the set."""
    [old] = await kids(browser)
    clock.advance(89 * DAY + 60)
    await keys.signing_keys(rt)
    clock.advance(DAY - 1)
    last = (await tokens.sign(rt, fresh(rt, reply)))[0]
    clock.advance(75 * 60)
    assert old in await kids(browser)
    assert await signin.verify_token(rt, last, audiences=[DRS])
    clock.advance(2 * DAY)
    assert old not in await kids(browser)
    with pytest.raises(signin.TokenRefused, match="not known"):
        await signin.verify_token(rt, last, audiences=[DRS])
