"""The person in front of the page: second factor, one-time password, assigned device (01 R-21, R-23, R-106, R-114)."""

from __future__ import annotations

import base64
from urllib.parse import parse_qs, urlsplit

import pytest

from signin.conftest import DRS, PASSWORD, UPN, answer_of, claims_of, config_of, make_user, register
from taxiway import autopilot, directory, signin
from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.signin.factors import code_at

pytestmark = pytest.mark.anyio


async def amr_of(browser, done):
    """The methods in the tokens of a finished sign-in."""
    return claims_of((await browser.redeem(answer_of(done)["code"])).json()["access_token"])["amr"]


async def test_r021_joining_asks_for_a_second_factor_when_the_policy_says_so(rt, browser, user, tenant):
    """Without one the page asks; with a Temporary Access Pass the join token carries ``mfa``."""
    require = {"mfa_required": True}
    await rt.store.write(tenant, lambda tx: directory.update_registration_policy(tx, SYSTEM_PRINCIPAL, require))
    assert config_of(await browser.login(await browser.authorize()))["pgid"] == "ConvergedProofUpRedirect"
    pass_ = await signin.issue_access_pass(rt, tenant, user["id"])
    page = await browser.login(await browser.authorize())
    assert [proof["authMethodId"] for proof in config_of(page)["arrUserProofs"]] == ["AccessPass"]
    config, ended = await browser.factor(page, "AccessPass", pass_)
    assert ended["Success"]
    assert await amr_of(browser, await browser.process(config, ended, "AccessPass")) == ["pwd", "mfa", "ngcmfa"]
    assert ("signin.factor_asked", ["join_policy"]) in await browser.log()


async def test_r114_a_temporary_access_pass_signs_in_without_a_password(rt, browser, user, tenant):
    """Somebody who never had a password begins with the pass alone; no page tells whether the name exists."""
    pass_ = await signin.issue_access_pass(rt, tenant, user["id"])
    page = await browser.login(await browser.authorize(), password="")
    unknown = await browser.login(await browser.authorize(), upn="nobody@contoso.example", password="")
    assert config_of(page)["arrUserProofs"] == config_of(unknown)["arrUserProofs"]
    page = await browser.login(await browser.authorize(), password="")
    config, ended = await browser.factor(page, "AccessPass", pass_)
    assert await amr_of(browser, await browser.process(config, ended, "AccessPass")) == ["otp", "mfa", "ngcmfa"]


async def test_a_browser_without_scripts_hands_in_code_and_form_at_once(rt, browser, user, tenant):
    """The form of the second page suffices."""
    pass_ = await signin.issue_access_pass(rt, tenant, user["id"])
    page = await browser.login(await browser.authorize(), password="")
    wrong = await browser.post(page, mfaAuthMethod="AccessPass", otc="wrong")
    assert (config_of(wrong)["pgid"], config_of(wrong)["sErrorCode"]) == ("ConvergedTFA", "130503")
    assert "mfa" in await amr_of(browser, await browser.post(wrong, mfaAuthMethod="AccessPass", otc=pass_))


async def test_a_pass_for_one_use_is_used_up_and_every_pass_runs_out(rt, browser, user, tenant, clock):
    """The second sign-in with it fails, and so does a late one."""

    async def enter(code):
        page = await browser.login(await browser.authorize(), password="")
        return (await browser.factor(page, "AccessPass", code))[1]["Success"]

    once = await signin.issue_access_pass(rt, tenant, user["id"], once=True)
    assert await enter(once)
    assert not await enter(once)
    long = await signin.issue_access_pass(rt, tenant, user["id"], lifetime_minutes=10)
    assert await enter(long)
    clock.advance(601)
    assert not await enter(long)


async def test_15_08_guessing_a_pass_locks_the_account(rt, browser, user, tenant):
    """Wrong passes count like wrong passwords, whatever sign-in they are tried in."""
    pass_ = await signin.issue_access_pass(rt, tenant, user["id"])
    for number in range(10):
        if number % 5 == 0:
            page = await browser.login(await browser.authorize(), password="")
        assert (await browser.factor(page, "AccessPass", "guess"))[1]["ErrCode"] == 130503
    page = await browser.login(await browser.authorize(), password="")
    assert (await browser.factor(page, "AccessPass", pass_))[1]["ErrCode"] == 50053


async def test_an_authenticator_is_asked_at_every_sign_in_and_a_code_counts_once(rt, browser, user, tenant, clock):
    """Six digits of the current time step, never twice; a step of drift is forgiven."""
    address = await signin.register_totp(rt, tenant, user["id"])
    text = parse_qs(urlsplit(address).query)["secret"][0]
    secret = base64.b32decode(text + "=" * (-len(text) % 8))
    step = int(clock.now().timestamp()) // 30
    page = await browser.login(await browser.authorize())
    assert not (await browser.factor(page, "PhoneAppOTP", code_at(secret, step + 3)))[1]["Success"]
    config, ended = await browser.factor(page, "PhoneAppOTP", code_at(secret, step))
    assert await amr_of(browser, await browser.process(config, ended, "PhoneAppOTP")) == ["pwd", "mfa", "ngcmfa"]
    page = await browser.login(await browser.authorize())
    assert not (await browser.factor(page, "PhoneAppOTP", code_at(secret, step)))[1]["Success"]
    assert (await browser.factor(page, "PhoneAppOTP", code_at(secret, step + 1)))[1]["Success"]


def test_codes_are_those_of_the_standard():
    """RFC 6238, appendix B: the last six digits at 59 seconds and at 1111111109."""
    assert code_at(b"12345678901234567890", 59 // 30) == "287082"
    assert code_at(b"12345678901234567890", 1111111109 // 30) == "081804"


async def test_the_second_factor_cannot_be_skipped(rt, browser, user, tenant):
    """Handing in the second form without an answer gets no code, nor does a method that is not on offer."""
    await signin.register_totp(rt, tenant, user["id"])
    page = await browser.login(await browser.authorize())
    assert config_of(await browser.post(page, mfaAuthMethod="PhoneAppOTP"))["sErrorCode"] == "50089"
    assert not (await browser.factor(page, "AccessPass", "x"))[1]["Success"]
    start = config_of(await browser.authorize())
    skipped = await browser.post({**start, "urlPost": "/common/SAS/ProcessAuth"}, mfaAuthMethod="PhoneAppOTP")
    assert config_of(skipped)["sErrorCode"] == "50089"


async def test_freshness_of_the_second_factor_passes(rt, browser, user, tenant, clock):
    """``ngcmfa`` is in tokens for ten minutes, the ``mfa`` of an authenticator stays."""
    address = await signin.register_totp(rt, tenant, user["id"])
    secret = base64.b32decode(parse_qs(urlsplit(address).query)["secret"][0])
    page = await browser.login(await browser.authorize(amr_values="ngcmfa"))
    config, ended = await browser.factor(page, "PhoneAppOTP", code_at(secret, int(clock.now().timestamp()) // 30))
    code = answer_of(await browser.process(config, ended, "PhoneAppOTP"))["code"]
    reply = (await browser.redeem(code)).json()
    clock.advance(601)
    form = {"grant_type": "refresh_token", "client_id": "29d9ed98-a469-4536-ade2-f981bc1d605e", "resource": DRS}
    later = (await browser.token(**form, refresh_token=reply["refresh_token"])).json()
    assert claims_of(later["access_token"])["amr"] == ["pwd", "mfa"]


async def test_the_first_administrator_chooses_a_password_before_anything_else(rt, browser, tenant):
    """The one-time password opens one page only; the new one works, the old one does not, and nobody gets a third."""
    upn = "admin@contoso.example"
    first = await signin.bootstrap(rt, tenant, upn)
    page = await browser.login(await browser.authorize(login_hint=upn), upn=upn, password=first)
    assert config_of(page)["pgid"] == "ConvergedChangePassword"
    weak = await browser.post(page, oldpasswd=first, newpasswd="short")
    assert config_of(weak)["sErrorCode"] == "50192"
    done = await browser.post(weak, oldpasswd=first, newpasswd="A-brand-new-secret")
    assert await amr_of(browser, done) == ["pwd"]
    again = await browser.login(await browser.authorize(), upn=upn, password=first)
    assert config_of(again)["sErrorCode"] == "50126"
    assert answer_of(await browser.login(await browser.authorize(), upn=upn, password="A-brand-new-secret"))["code"]
    assert await signin.bootstrap(rt, tenant, upn) == ""


async def test_r106_the_page_of_an_assigned_device_knows_its_user_and_takes_no_other(rt, browser, user, tenant):
    """Greeting, fixed name, and a refusal for anybody else, whatever the password."""
    await make_user(rt, tenant, "eve@contoso.example")
    ticket, ztdid = await register(rt, tenant, user=UPN)
    page = await browser.authorize(ticket=ticket, login_hint="eve@contoso.example")
    config = config_of(page)
    assert (config["sPOST_Username"], config["fFixedUsername"]) == (UPN, True)
    assert config["strMainMessage"].startswith("Welcome, ")
    refused = config_of(await browser.login(page, upn="eve@contoso.example"))
    assert refused["sErrorCode"] == "50105"
    assert answer_of(await browser.login(page))["code"]
    kinds = await browser.log(f"autopilot:{ztdid}")
    assert ("signin.refused", ["assigned_user"]) in kinds
    assert "signin.completed" in [kind for kind, _ in kinds]


async def test_r108_an_assigned_name_that_nobody_has_locks_the_device_until_it_is_unassigned(rt, browser, user, tenant):
    """Neither the missing user nor anybody else signs in; after unassigning everybody may."""
    ticket, ztdid = await register(rt, tenant, user="ghost@contoso.example")
    page = await browser.authorize(ticket=ticket)
    assert config_of(await browser.login(page))["sErrorCode"] == "50105"
    assert config_of(await browser.login(page, upn="ghost@contoso.example"))["sErrorCode"] == "50126"
    await rt.store.write(tenant, lambda tx: autopilot.unassign_user(tx, ztdid, principal=SYSTEM_PRINCIPAL))
    assert answer_of(await browser.login(await browser.authorize(ticket=ticket)))["code"]


async def test_r023_a_user_of_another_organization_is_told_so_and_may_start_again(rt, browser, user, tenant):
    """The page says that the name belongs to another organization, and the next name is taken."""
    other = rt.entropy.uuid()
    await rt.store.write(other, lambda tx: directory.create_tenant(tx, display_name="F", domain="fabrikam.example"))
    await make_user(rt, other, "eve@fabrikam.example")
    ticket, ztdid = await register(rt, tenant)
    page = await browser.authorize(ticket=ticket, segment="common", login_hint=None)
    refused = config_of(await browser.login(page, upn="eve@fabrikam.example"))
    assert refused["sErrorCode"] == "50020"
    assert "belongs to another organization" in refused["sErrTxt"]
    assert answer_of(await browser.login(page))["code"]
    assert ("signin.refused", ["other_organization"]) in await browser.log(f"autopilot:{ztdid}")


async def test_a_made_up_ticket_is_refused(browser, user):
    """A ticket that the deployment service did not make opens no page."""
    assert config_of(await browser.authorize(ticket="made.up"))["sErrorCode"] == "50155"
    assert PASSWORD not in str(await browser.log())
