"""The PC's broker: PRT by device key, tokens by session key (03 section 7)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from join.conftest import Device
from signin.conftest import BROKER, DRS, UPN, answer_of, claims_of, config_of
from taxiway import directory, signin
from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.wire.broker import sign_request

pytestmark = pytest.mark.anyio


def self_signed(key, like, now):
    """A certificate that says the same as another, signed by its own key."""
    builder = x509.CertificateBuilder().subject_name(like.subject).issuer_name(like.issuer).serial_number(7)
    builder = builder.public_key(key.public_key()).not_valid_before(now).not_valid_after(now + timedelta(days=1))
    return builder.sign(key, hashes.SHA256())


@pytest.fixture
async def signed_on(joined):
    """A device with a PRT."""
    reply = await joined.sign_on()
    assert "session_key_jwe" in reply, reply
    return joined


async def test_a_joined_device_gets_a_prt_and_tokens_that_name_it(rt, signed_on, user, tenant):
    """The session key comes wrapped to the transport key; tokens carry the device id and the user."""
    reply = await signed_on.session_signed(resource="https://localhost:8444/")
    claims = await signin.verify_token(rt, reply["access_token"], audiences=["https://localhost:8444"])
    assert (claims.device_id, claims.oid, claims.amr) == (signed_on.device_id, user["id"], ("pwd",))
    assert claims.scopes == {"mdm_delegation"}


async def test_the_prt_reply_is_shaped_as_brokers_read_it(joined, tenant):
    """Numbers where numbers are wanted, text elsewhere, no access token; the certificate may be a bare string."""
    reply = (await joined.device_signed(listed=False)).json()
    assert reply["refresh_token_expires_in"] == 1_209_599
    assert reply["expires_in"] == "1209599"
    assert reply["device_tenant_id"] == tenant
    assert claims_of(reply["id_token"])["upn"] == UPN
    assert "access_token" not in reply


async def test_a_prt_by_refresh_token_keeps_the_methods_of_the_sign_in(rt, joined, user, tenant):
    """After a Temporary Access Pass the PRT is born with ``mfa``, fresh enough for Windows Hello."""
    pass_ = await signin.issue_access_pass(rt, tenant, user["id"])
    browser = joined.browser
    page = await browser.login(await browser.authorize(), password="")
    config, ended = await browser.factor(page, "AccessPass", pass_)
    code = answer_of(await browser.process(config, ended, "AccessPass"))["code"]
    token = (await browser.redeem(code)).json()["refresh_token"]
    await joined.sign_on(grant_type="refresh_token", client_id=BROKER, refresh_token=token)
    reply = await joined.session_signed(amr_values="ngcmfa")
    assert claims_of(reply["access_token"])["amr"] == ["otp", "mfa", "ngcmfa"]


async def test_a_fresh_factor_that_is_not_there_is_asked_for(signed_on):
    """A PRT by password cannot give a token to register a Hello key."""
    assert (await signed_on.session_signed(amr_values="ngcmfa"))["error_codes"] == [50076]


async def test_a_prt_speaks_at_the_authorise_endpoint(rt, signed_on, user, tenant):
    """The credential header signs in without a page; where a fresh factor is asked, only that is left."""

    async def header():
        claims = {"refresh_token": signed_on.prt, "is_primary": "true", "request_nonce": await signed_on.nonce()}
        return {"x-ms-RefreshTokenCredential": sign_request(signed_on.session_key, rt.entropy.bytes(24), claims)}

    browser = signed_on.browser
    credential = await header()
    code = answer_of(await browser.authorize(headers=credential))["code"]
    claims = claims_of((await browser.redeem(code)).json()["access_token"])
    assert claims["deviceid"] == signed_on.device_id
    again = await browser.authorize(headers=credential)  # used before: sign another nonce, or type
    assert "sso_nonce=" in again.headers["location"]
    assert config_of(await browser.http.get(again.headers["location"], headers=credential))["pgid"] == "ConvergedSignIn"
    await signin.issue_access_pass(rt, tenant, user["id"])
    page = await browser.authorize(headers=await header(), amr_values="ngcmfa")
    assert config_of(page)["pgid"] == "ConvergedTFA"


async def test_15_15_a_nonce_counts_once_and_for_five_minutes(joined, clock):
    """Reused, made up, or old: 140000."""
    nonce = await joined.nonce()
    assert "session_key_jwe" in (await joined.device_signed(request_nonce=nonce)).json()
    assert (await joined.device_signed(request_nonce=nonce)).json()["error_codes"] == [140000]
    for wrong in ("made.up", None, 7):
        assert (await joined.device_signed(request_nonce=wrong)).json()["error_codes"] == [140000]
    old = await joined.nonce()
    clock.advance(301)
    assert (await joined.device_signed(request_nonce=old)).json()["error_codes"] == [140000]


async def test_15_15_only_the_device_key_speaks_for_the_device(rt, keys, joined):
    """A certificate without its key, or from nowhere, is refused."""
    assert (await joined.device_signed(key=keys.rsa())).json()["error_codes"] == [50155]
    stranger = Device(rt, keys, joined.browser)
    stranger.certificate = self_signed(stranger.device_key, joined.certificate, rt.clock.now())
    assert (await stranger.device_signed()).json()["error_codes"] == [50155]


async def test_15_08_a_wrong_password_counts_towards_the_lock(joined):
    """The PRT grant guesses no faster than the page."""
    for _ in range(10):
        assert (await joined.device_signed(password="wrong-password")).json()["error_codes"] == [50126]
    assert (await joined.device_signed()).json()["error_codes"] == [50053]


async def test_15_15_a_session_key_of_its_own_is_needed(signed_on, rt):
    """Another key, or another device's PRT, gives 140001."""
    assert (await signed_on.session_signed(session_key=rt.entropy.bytes(32)))["error_codes"] == [140001]
    assert (await signed_on.session_signed(refresh_token="2.AAAA.x"))["error_codes"] == [140001]


async def test_15_15_the_older_key_derivation_is_off_until_switched_on(rt, signed_on, tenant):
    """KDF version 1: 5000611, and accepted where the tenant says so."""
    assert (await signed_on.session_signed(kdf=1))["error_codes"] == [5000611]
    switch = {"allow_kdf_v1": True, "gcm_replies": True}
    await rt.store.write(tenant, lambda tx: signin.update_signin_policy(tx, switch, principal=SYSTEM_PRINCIPAL))
    assert "access_token" in await signed_on.session_signed(kdf=1)


async def test_a_prt_renews_itself(signed_on):
    """``aza`` in a session-signed request: a new PRT under the same session key."""
    reply = await signed_on.session_signed(scope="openid aza ugs")
    assert reply["refresh_token"] != signed_on.prt
    assert reply["refresh_token_expires_in"] == 1_209_599
    signed_on.prt = reply["refresh_token"]
    assert "access_token" in await signed_on.session_signed()


@pytest.mark.parametrize("what", ["disabled", "deleted", "user"])
async def test_15_05_a_prt_ends_with_its_device_and_its_user(rt, signed_on, user, tenant, what):
    """Disabled, deleted: neither the PRT nor a new one is given, and issued tokens open nothing."""
    token = (await signed_on.session_signed())["access_token"]
    (row,) = await rt.store.read(tenant, directory.DEVICES.select)

    def change(tx):
        if what == "disabled":
            directory.update_device(tx, row["id"], {"account_enabled": False})
        elif what == "deleted":
            directory.delete_device(tx, row["id"], principal=SYSTEM_PRINCIPAL)
        else:
            directory.update_user(tx, user["id"], {"account_enabled": False})

    await rt.store.write(tenant, change)
    assert "error" in await signed_on.session_signed()
    assert "error" in (await signed_on.device_signed()).json()
    with pytest.raises(signin.TokenRefused):
        await signin.verify_token(rt, token, audiences=[DRS])


@pytest.mark.parametrize("request_", ["", "a", "a.b.c", "e30.e30.e30", "eyJhbGciOiJub25lIn0.e30.", "x" * 20_000])
async def test_15_15_rubbish_is_a_named_error(joined, request_):
    """A request that is no signed token is a 400 with a code."""
    answer = await joined.send(request_)
    assert answer.status_code == 400
    assert answer.json()["error_codes"]
