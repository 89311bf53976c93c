"""A primary refresh token by a Windows Hello key (03 section 7.6; 01 R-122)."""

from __future__ import annotations

import pytest

from join.conftest import JWT_BEARER, Device, rs256
from signin.conftest import BROKER, DRS, UPN, claims_of, make_user
from taxiway import directory, signin
from taxiway.store import entries
from taxiway.wire import rsa_blob

pytestmark = pytest.mark.anyio


@pytest.fixture
def key(keys):
    """The key pair of Windows Hello."""
    return keys.rsa()


@pytest.fixture
async def hello(rt, joined, user, key, clock):
    """A joined device whose user registered a Hello key, some time ago."""
    answer = await joined.register_hello(user, key)
    assert answer.status_code == 200, answer.text
    clock.advance(3600)
    return joined


def assertion(rt, key, *, signed_by=None, header=None, **claims):
    """What a Hello key signs, with the times that roadtx puts in; a claim of None is left out."""
    now = int(rt.clock.now().timestamp())
    kid = rsa_blob.key_id(rsa_blob.encode(key.public_key()))
    head = {"alg": "RS256", "typ": "JWT", "kid": kid, "use": "ngc", **(header or {})}
    body = {"iss": UPN, "aud": "common", "iat": now - 3600, "exp": now + 3600, "scope": "openid aza ugs", **claims}
    return rs256(signed_by or key, head, {name: each for name, each in body.items() if each is not None})


async def by_hello(device, text, **claims):
    """A request for a PRT with an assertion; the reply."""
    return await device.sign_on(grant_type=JWT_BEARER, assertion=text, username=None, password=None, **claims)


async def test_r122_a_registered_key_obtains_a_prt(rt, hello, user, key, tenant):
    """Two nonces, as tools fetch them; the tokens say ``rsa`` and ``mfa``, and name the device."""
    reply = await by_hello(hello, assertion(rt, key, request_nonce=await hello.nonce()))
    assert claims_of(reply["id_token"])["amr"] == ["rsa", "mfa"]
    access = (await hello.session_signed(resource="https://localhost:8444/"))["access_token"]
    claims = await signin.verify_token(rt, access, audiences=["https://localhost:8444"])
    assert (claims.amr, claims.oid, claims.device_id) == (("rsa", "mfa"), user["id"], hello.device_id)
    issued = [entry for entry in await rt.store.read(tenant, entries) if entry.kind == "prt.issued"]
    assert issued[-1].what["amr"] == ["rsa", "mfa"]


async def test_r122_a_hello_key_does_not_vouch_for_another(rt, hello, key):
    """Right after signing in with a key there is no fresh second factor with which to register one."""
    await by_hello(hello, assertion(rt, key))
    assert (await hello.session_signed(amr_values="ngcmfa"))["error_codes"] == [50076]


async def test_an_assertion_and_its_request_may_share_a_nonce_or_go_without_on_the_keys_own_device(rt, hello, key):
    """One nonce for both, or none in the assertion; one that is not good refuses both."""
    nonce = await hello.nonce()
    assert "session_key_jwe" in await by_hello(hello, assertion(rt, key, request_nonce=nonce), request_nonce=nonce)
    assert "session_key_jwe" in await by_hello(hello, assertion(rt, key))
    for bad in ("made.up", nonce, 7):
        assert (await by_hello(hello, assertion(rt, key, request_nonce=bad)))["error_codes"] == [140000]


async def test_an_assertion_from_another_device_needs_a_nonce(rt, keys, hello, key, user):
    """An assertion that was overheard is of no use elsewhere (CVE-2023-35348)."""
    other = Device(rt, keys, hello.browser)
    await other.join()
    assert (await by_hello(other, assertion(rt, key)))["error_codes"] == [140000]
    reply = await by_hello(other, assertion(rt, key, request_nonce=await other.nonce()))
    assert claims_of(reply["id_token"])["oid"] == user["id"]
    assert claims_of((await other.session_signed())["access_token"])["deviceid"] == other.device_id


async def test_each_failure_has_its_code(rt, keys, hello, key, tenant):
    """130004 for a key that is not this user's, 130005 for one that did not sign this, here and now."""
    await make_user(rt, tenant, "eve@contoso.example")
    now = int(rt.clock.now().timestamp())
    for unknown in (
        assertion(rt, keys.rsa()),
        assertion(rt, key, iss="eve@contoso.example"),
        assertion(rt, key, iss="nobody@contoso.example"),
        assertion(rt, key, iss=None),
        assertion(rt, key, header={"kid": 7}),
    ):
        assert (await by_hello(hello, unknown))["error_codes"] == [130004]
    for wrong in (
        assertion(rt, key, signed_by=keys.rsa()),
        assertion(rt, key, header={"use": "sig"}),
        assertion(rt, key, header={"alg": "none"}),
        assertion(rt, key, aud=rt.entropy.uuid()),
        assertion(rt, key, exp=None),
    ):
        assert (await by_hello(hello, wrong))["error_codes"] == [130005]
    for unread in (
        "a.b",
        7,
        None,
        assertion(rt, key, exp=now - 301),
        assertion(rt, key, iat=now + 301),
        assertion(rt, key, exp="soon"),
    ):
        assert (await by_hello(hello, unread))["error_codes"] == [165900]
    assert "session_key_jwe" in await by_hello(hello, assertion(rt, key, iat=str(now + 290), exp=str(now - 290)))


async def test_a_disabled_device_ends_its_key(rt, hello, key, tenant):
    """130007, also when another device brings the assertion."""
    device = await rt.store.read(tenant, lambda tx: directory.find_device(tx, device_id=hello.device_id))
    await rt.store.write(tenant, lambda tx: directory.update_device(tx, device["id"], {"account_enabled": False}))
    assert (await by_hello(hello, assertion(rt, key)))["error_codes"] == [130007]


async def test_15_08_bad_assertions_count_towards_the_lock(rt, keys, hello, key):
    """Nobody guesses keys faster than passwords; while locked, a right one makes no difference."""
    for _ in range(10):
        assert (await by_hello(hello, assertion(rt, key, signed_by=keys.rsa())))["error_codes"] == [130005]
    assert (await by_hello(hello, assertion(rt, key)))["error_codes"] == [50053]
    assert (await hello.sign_on())["error_codes"] == [50053]


async def test_15_05_a_new_password_ends_what_a_password_began_and_nothing_else(rt, hello, key, user, tenant, clock):
    """PRT, refresh and access tokens: those of Windows Hello go on, those of the password end."""
    await by_hello(hello, assertion(rt, key))
    kept = await hello.session_signed()
    kept_prt, kept_key = hello.prt, hello.session_key
    await hello.sign_on()
    ended = await hello.session_signed()
    clock.advance(2)
    await signin.set_password(rt, tenant, user["id"], "Another-horse-8-battery")
    assert (await hello.session_signed())["error_codes"] == [50173]
    await refused(rt, ended["access_token"])
    hello.prt, hello.session_key = kept_prt, kept_key
    assert "access_token" in await hello.session_signed()
    assert await signin.verify_token(rt, kept["access_token"], audiences=[DRS])
    assert (await refresh(hello, ended["refresh_token"]))["error_codes"] == [50173]
    assert "access_token" in await refresh(hello, kept["refresh_token"])
    await rt.store.write(tenant, lambda tx: signin.revoke_for_user(tx, user["id"]))
    assert (await hello.session_signed())["error_codes"] == [50173]


async def test_a_code_of_the_old_password_ends_with_it(rt, hello, user, tenant):
    """Also between the page and the token endpoint."""
    code = await hello.browser.code()
    await signin.set_password(rt, tenant, user["id"], "Another-horse-8-battery")
    assert (await hello.browser.redeem(code)).json()["error_codes"] == [70000]


async def test_a_replaced_key_ends_and_what_began_with_it(rt, keys, hello, key, user):
    """A user has one key on a device: the new one counts, the old one is unknown and its PRT over."""
    await by_hello(hello, assertion(rt, key))
    old_prt, old_session = hello.prt, hello.session_key
    new = keys.rsa()
    assert (await hello.register_hello(user, new)).status_code == 200
    assert (await by_hello(hello, assertion(rt, key)))["error_codes"] == [130004]
    assert "session_key_jwe" in await by_hello(hello, assertion(rt, new))
    hello.prt, hello.session_key = old_prt, old_session
    assert (await hello.session_signed())["error_codes"] == [50173]


async def test_15_16_a_hello_key_of_somebody_else_is_not_registered_again(rt, hello, key, tenant):
    """A public key is no secret: registering it must not take it from its owner."""
    eve = await make_user(rt, tenant, "eve@contoso.example")
    answer = await hello.register_hello(eve, key)
    assert (answer.status_code, answer.json()["response"]) == (401, "ERROR_FAIL")
    assert "session_key_jwe" in await by_hello(hello, assertion(rt, key))


async def test_hello_ends_with_its_device(rt, keys, hello, key, user, tenant):
    """A deleted device takes its keys along: they are no good on another one."""
    other = Device(rt, keys, hello.browser)
    await other.join()
    hello.connect()
    assert (await hello.http.delete(f"/EnrollmentServer/device/{hello.device_id}")).status_code == 200
    reply = await by_hello(other, assertion(rt, key, request_nonce=await other.nonce()))
    assert reply["error_codes"] == [130004]


async def refused(rt, token):
    with pytest.raises(signin.TokenRefused):
        await signin.verify_token(rt, token, audiences=[DRS])


async def refresh(device, token):
    return (await device.browser.token(grant_type="refresh_token", client_id=BROKER, refresh_token=token)).json()
