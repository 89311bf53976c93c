"""Registering a second factor on the page, recovery codes, and what administrators see of them (03 section 3.5)."""

from __future__ import annotations

import base64

import pytest

from signin.conftest import UPN, answer_of, claims_of, config_of
from taxiway import directory
from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.signin.factors import code_at

pytestmark = pytest.mark.anyio


@pytest.fixture
async def must(rt, tenant):
    """Joining takes a second factor."""
    require = {"mfa_required": True}
    await rt.store.write(tenant, lambda tx: directory.update_registration_policy(tx, SYSTEM_PRINCIPAL, require))


def current(clock, secret, drift=0):
    raw = base64.b32decode(secret + "=" * (-len(secret) % 8))
    return code_at(raw, int(clock.now().timestamp()) // 30 + drift)


async def registered(browser, clock):
    """A finished registration: secret, recovery codes, and the page that shows them."""
    page = await browser.login(await browser.authorize())
    secret = config_of(page)["sTotpSecret"]
    shown = await browser.post(page, otc=current(clock, secret))
    return secret, config_of(shown)["arrRecoveryCodes"], shown


async def test_r021_somebody_without_a_factor_registers_one_on_the_page(browser, user, must, clock):
    """The key as text and as a link, its first code, the recovery codes once, then the token with ``mfa``."""
    page = await browser.login(await browser.authorize())
    secret = config_of(page)["sTotpSecret"]
    assert "otpauth://totp/Contoso:ada%40contoso.example" in page.text
    wrong = await browser.post(page, otc=current(clock, secret, drift=5))
    assert (config_of(wrong)["pgid"], config_of(wrong)["sErrorCode"]) == ("ConvergedProofUpRedirect", "500121")
    assert config_of(wrong)["sTotpSecret"] == secret
    shown = await browser.post(wrong, otc=current(clock, secret))
    codes = config_of(shown)["arrRecoveryCodes"]
    assert len(set(codes)) == 10
    assert all(code in shown.text for code in codes)
    reply = (await browser.redeem(answer_of(await browser.post(shown))["code"])).json()
    assert claims_of(reply["access_token"])["amr"] == ["pwd", "mfa", "ngcmfa"]


async def test_the_code_that_registered_does_not_sign_in_again(browser, user, must, clock):
    """A code counts once, from the first one on."""
    secret, _, _ = await registered(browser, clock)
    page = await browser.login(await browser.authorize())
    assert not (await browser.factor(page, "PhoneAppOTP", current(clock, secret)))[1]["Success"]
    clock.advance(30)
    assert (await browser.factor(page, "PhoneAppOTP", current(clock, secret)))[1]["Success"]


async def test_a_recovery_code_signs_in_once(browser, user, must, clock):
    """However it is typed, and never twice; the page offers it beside the authenticator."""
    _, codes, _ = await registered(browser, clock)
    page = await browser.login(await browser.authorize())
    assert [p["authMethodId"] for p in config_of(page)["arrUserProofs"]] == ["PhoneAppOTP", "RecoveryCode"]
    typed = codes[3].lower().replace("-", " ")
    done = await browser.post(page, otc=typed, mfaAuthMethod="RecoveryCode")
    assert answer_of(done)["code"]
    page = await browser.login(await browser.authorize())
    again = await browser.post(page, otc=typed, mfaAuthMethod="RecoveryCode")
    assert config_of(again)["sErrorCode"] == "500121"
    assert answer_of(await browser.post(again, otc=codes[4], mfaAuthMethod="RecoveryCode"))["code"]


async def test_15_08_guessing_the_first_code_locks_the_account(browser, user, must, clock):
    """Registration counts failures like every other proof."""
    page = await browser.login(await browser.authorize())
    secret = config_of(page)["sTotpSecret"]
    for _ in range(10):
        page = await browser.post(page, otc=current(clock, secret, drift=9))
    page = await browser.post(page, otc=current(clock, secret))
    assert config_of(page)["sErrorCode"] == "50053"


async def test_15_10_the_secret_travels_sealed_and_is_kept_sealed(rt, browser, user, must, clock):
    """Neither the flow token nor the database shows it."""
    from taxiway.signin.tables import recovery_code, totp

    page = await browser.login(await browser.authorize())
    secret = config_of(page)["sTotpSecret"]
    assert secret not in config_of(page)["sFT"]
    _, codes, _ = await registered(browser, clock)
    [row] = await rt.store.read(browser.tenant, lambda tx: tx.all(totp.select()))
    assert row["user_id"] == user["id"]
    assert row["secret"].count(".") == 1
    kept = str(await rt.store.read(browser.tenant, lambda tx: tx.all(recovery_code.select())))
    assert not any(code in kept or code.replace("-", "") in kept for code in codes)


async def test_registration_cannot_be_reached_without_the_password(browser, user, must):
    """The step is bound to a flow in which name and password were right."""
    page = config_of(await browser.authorize())
    refused = await browser.post({**page, "urlPost": "/common/proofup"}, otc="123456")
    assert config_of(refused)["sErrorCode"] == "50089"
    assert UPN not in str(await browser.log())
