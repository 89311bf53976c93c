"""The two answers that may be cached, and that no cache keeps a key from those who need it (03 section 15.10)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from taxiway.directory import SYSTEM_PRINCIPAL, add_domain
from taxiway.signin import keys

pytestmark = pytest.mark.anyio
METADATA, JWKS = "/common/v2.0/.well-known/openid-configuration", "/common/discovery/v2.0/keys"
DAY = 86400


async def kids(browser):
    return [key["kid"] for key in (await browser.http.get(JWKS)).json()["keys"]]


@pytest.mark.parametrize("path", [METADATA, "/common/.well-known/openid-configuration", JWKS, "/common/discovery/keys"])
async def test_15_10_metadata_and_keys_may_be_kept_for_an_hour(browser, path):
    """And a client that has them already is told so, in whatever form it says which it has."""
    first = await browser.http.get(path)
    assert first.headers["cache-control"] == "public, max-age=3600"
    assert "pragma" not in first.headers
    etag = first.headers["etag"]
    for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        again = await browser.http.get(path, headers={"if-none-match": known})
        assert (again.status_code, again.content) == (304, b"")
        assert (again.headers["etag"], again.headers["cache-control"]) == (etag, "public, max-age=3600")
    for known in ('"other"', "", etag.strip('"')):
        assert (await browser.http.get(path, headers={"if-none-match": known})).content == first.content


@pytest.mark.parametrize("path", ["/common/userrealm/a@b.example", "/consumers/discovery/keys", "/nothing", "/error"])
async def test_15_13_every_other_answer_is_kept_by_nobody(browser, path):
    """Refusals of the cacheable addresses included (03 section 1.2)."""
    answer = await browser.http.get(path)
    assert "no-store" in answer.headers["cache-control"]
    assert "no-cache" in answer.headers["cache-control"]


async def test_15_13_answers_that_must_not_be_kept_say_so_to_old_caches_too(browser):
    """All the headers of 03 section 1.2, on a token that was refused."""
    headers = (await browser.token(grant_type="magic")).headers
    assert (headers["cache-control"], headers["pragma"], headers["expires"]) == ("no-store, no-cache", "no-cache", "-1")
    assert headers["x-ms-request-id"]
    assert headers["strict-transport-security"]
    assert headers["x-content-type-options"] == "nosniff"


async def test_15_10_a_key_set_with_a_new_key_is_another(browser, clock):
    """A client that asks with the ETag of the old set gets the new one."""
    before = await browser.http.get(JWKS)
    clock.advance(89 * DAY + 60)
    after = await browser.http.get(JWKS, headers={"if-none-match": before.headers["etag"]})
    assert (after.status_code, len(after.json()["keys"])) == (200, 2)


async def test_15_10_a_key_that_replaced_another_at_once_is_in_the_next_answer(rt, browser, clock, monkeypatch):
    """However fresh the answer that is kept: what this process signs with, it publishes."""
    [old] = await kids(browser)
    clock.advance(1)
    with monkeypatch.context() as at_once:
        at_once.setattr(keys, "_due", lambda *_: True)
        at_once.setattr(keys, "_AHEAD", timedelta())
        await keys._make_next(rt)
    assert await kids(browser) == [old]
    new = (await keys.signing_keys(rt)).kid
    assert new != old
    assert await kids(browser) == [old, new]


async def test_a_domain_that_was_added_is_answered_at_once(rt, browser, tenant):
    """A refusal is not kept."""
    path = "/fabrikam.example/v2.0/.well-known/openid-configuration"
    assert (await browser.http.get(path)).status_code == 400
    await rt.store.write(tenant, lambda tx: add_domain(tx, "fabrikam.example", principal=SYSTEM_PRINCIPAL))
    assert (await browser.http.get(path)).json()["issuer"].endswith(f"/{tenant}/v2.0")
