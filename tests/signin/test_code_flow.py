"""The code flow from the sign-in page to tokens (03 sections 3 and 4)."""

from __future__ import annotations

import pytest

from signin.conftest import BROKER, CLI, DRS, GRAPH, PASSWORD, UPN, answer_of, claims_of, config_of
from taxiway import directory, signin
from taxiway.directory import SYSTEM_PRINCIPAL

pytestmark = pytest.mark.anyio


async def test_the_page_carries_what_machines_read(browser, user):
    """``$Config`` has every mandatory field, and nothing in it can break out of the script."""
    page = await browser.authorize()
    config = config_of(page)
    assert page.status_code == 200
    assert config["pgid"] == "ConvergedSignIn"
    assert config["sPOST_Username"] == UPN
    assert config["sCompanyDisplayName"] == "Contoso"
    assert all(config[name] for name in ("sessionId", "canary", "sFT", "sCtx", "urlPost", "urlGetCredentialType"))
    hostile = await browser.authorize(login_hint="</script><b>&x")
    assert "</script><b>" not in hostile.text
    assert config_of(hostile)["sPOST_Username"] == "</script><b>&x"


async def test_a_password_gives_a_code_and_the_code_gives_tokens(browser, user, tenant):
    """The broker's tokens carry what the join and MDM enrollment read."""
    done = await browser.login(await browser.authorize())
    answer = answer_of(done)
    assert answer["state"] == "s 1"
    assert answer["iss"] == f"https://sts.windows.net/{tenant}/"
    assert "Object moved to <a href=" in done.text
    reply = (await browser.redeem(answer["code"])).json()
    claims = claims_of(reply["access_token"])
    assert (claims["aud"], claims["appid"], claims["scp"]) == (DRS, BROKER, "adrs_access")
    assert (claims["oid"], claims["tid"], claims["upn"]) == (user["id"], tenant, UPN)
    assert claims["amr"] == ["pwd"]
    assert "deviceid" not in claims
    assert isinstance(reply["expires_in"], str)
    assert claims_of(reply["id_token"])["nonce"] == "n1"


async def test_the_id_token_names_mdm_only_for_users_in_scope(rt, browser, user, tenant):
    """Inside the MDM user scope the broker learns where to enroll; outside it learns nothing, and the log says why."""

    async def addresses():
        reply = (await browser.redeem(await browser.code())).json()
        return claims_of(reply["id_token"]).get("mdm_enrollment_url")

    assert await addresses() is None
    assert ("token.issued", ["scope.none"]) in await browser.log()
    await rt.store.write(tenant, lambda tx: directory.update_mdm_policy(tx, SYSTEM_PRINCIPAL, {"applies_to": "all"}))
    assert await addresses() == "https://localhost:8444/EnrollmentServer/Discovery.svc"


async def test_15_08_wrong_password_and_unknown_name_read_the_same(browser, user):
    """Neither page nor status tells whether there is such an account."""
    page = await browser.authorize()
    wrong = config_of(await browser.login(page, password="wrong-password"))
    unknown = config_of(await browser.login(page, upn="nobody@contoso.example"))
    assert wrong["sErrorCode"] == unknown["sErrorCode"] == "50126"
    assert wrong["sErrTxt"] == unknown["sErrTxt"]


async def test_15_08_ten_failures_lock_the_name_whether_it_exists_or_not(browser, user, clock):
    """While it is locked, even the right password says locked; afterwards it works again."""
    page = await browser.authorize()
    for name in (UPN, "nobody@contoso.example"):
        for _ in range(10):
            await browser.login(page, upn=name, password="wrong-password")
        assert config_of(await browser.login(page, upn=name))["sErrorCode"] == "50053"
    clock.advance(61)
    assert answer_of(await browser.login(page))["code"]


async def test_15_04_a_code_works_once_and_its_second_use_ends_what_the_first_gave(browser, user):
    """A replayed code is refused with 54005, and the refresh token of its first use is dead."""
    code = await browser.code()
    first = (await browser.redeem(code)).json()
    second = await browser.redeem(code)
    assert (second.status_code, second.json()["error_codes"]) == (400, [54005])
    again = await browser.token(grant_type="refresh_token", client_id=BROKER, refresh_token=first["refresh_token"])
    assert again.json()["error_codes"] == [50173]


async def test_15_04_a_code_is_bound_to_verifier_client_and_redirect_uri(browser, user):
    """None of the three may differ, and a refusal does not use the code up."""
    code = await browser.code()
    assert (await browser.redeem(code, code_verifier="w" * 43)).json()["error_codes"] == [501481]
    assert (await browser.redeem(code, client_id=CLI)).json()["error_codes"] == [70000]
    assert (await browser.redeem(code, redirect_uri="ms-aadj-redir://auth/mdm")).json()["error_codes"] == [70000]
    assert "access_token" in (await browser.redeem(code)).json()


async def test_15_04_a_code_runs_out_after_five_minutes(browser, user, clock):
    """An old code is refused with 70008."""
    code = await browser.code()
    clock.advance(301)
    assert (await browser.redeem(code)).json()["error_codes"] == [70008]


async def test_15_03_public_clients_need_a_challenge_of_method_s256(rt, browser, user, tenant, clock):
    """Seeded clients go without one only where the tenant says so, and such a code lives for a minute."""
    bare = {"code_challenge": None, "code_challenge_method": None}
    cli = {"client_id": CLI, "redirect_uri": "http://localhost:1234", "resource": GRAPH}
    refused = await browser.authorize(**cli, **bare)
    assert refused.headers["location"].startswith("http://localhost:1234?error=invalid_request")
    assert answer_of(await browser.authorize(**bare))["error"] == "invalid_request"
    assert answer_of(await browser.authorize(code_challenge_method="plain"))["error"] == "invalid_request"
    switch = {"seeded_without_challenge": True}
    await rt.store.write(tenant, lambda tx: signin.update_signin_policy(tx, switch, principal=SYSTEM_PRINCIPAL))
    code = await browser.code(**bare)
    assert (await browser.redeem(code)).json()["error_codes"] == [9002313]
    assert (await browser.redeem(code, code_verifier=None)).json()["access_token"]
    late = await browser.code(**bare)
    clock.advance(61)
    assert (await browser.redeem(late, code_verifier=None)).json()["error_codes"] == [70008]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"client_id": "11111111-1111-4111-8111-111111111111"}, "700016"),
        ({"redirect_uri": "https://evil.example/"}, "50011"),
        ({"redirect_uri": "ms-aadj-redir://auth/drs/.."}, "50011"),
        ({"client_id": CLI, "redirect_uri": "http://localhost:1/path"}, "50011"),
        ({"resource": "https://unknown.example"}, "500011"),
        ({"client_id": None}, "900144"),
        ({"segment": "unknown.example"}, "90002"),
    ],
)
async def test_15_01_what_cannot_be_trusted_is_shown_and_never_redirected(browser, user, change, code):
    """Unknown client, redirect URI, resource or tenant: a page with the code."""
    page = await browser.authorize(**change)
    assert page.status_code == 400
    assert config_of(page)["sErrorCode"] == code
    assert "location" not in page.headers


async def test_silent_requests_are_told_that_nobody_is_signed_in(browser, user):
    """``prompt=none`` is answered at the redirect URI."""
    answer = answer_of(await browser.authorize(prompt="none"))
    assert answer["error"] == "login_required"
    assert answer["error_description"].startswith("AADSTS50058")


async def test_15_12_a_form_counts_only_in_the_browser_that_got_the_page(browser, user):
    """Without the cookie, with a foreign canary or another request, the page has run out."""
    page = await browser.authorize()
    config, other = config_of(page), config_of(await browser.authorize(state="other"))
    assert config_of(await browser.login(page))["sErrorCode"] == "50089"  # the cookie is the second page's by now
    assert config_of(await browser.login({**other, "canary": config["canary"]}))["sErrorCode"] == "50089"
    assert config_of(await browser.login({**other, "sCtx": config["sCtx"]}))["sErrorCode"] == "50089"
    browser.http.cookies.clear()
    assert config_of(await browser.login(other))["sErrorCode"] == "50089"


async def test_15_12_a_form_from_another_site_is_refused(browser, user):
    """A browser that names a foreign origin is not believed."""
    config = config_of(await browser.authorize())
    form = {"ctx": config["sCtx"], "flowToken": config["sFT"], "canary": config["canary"], "login": UPN}
    posted = await browser.http.post("/common/login", data=form, headers={"origin": "https://evil.example"})
    assert config_of(posted)["sErrorCode"] == "9002313"


async def test_the_tenant_comes_from_the_name_under_common(browser, user, tenant):
    """``common`` signs in the user of whichever tenant the domain belongs to."""
    done = await browser.login(await browser.authorize(segment="common", login_hint=None))
    reply = (await browser.redeem(answer_of(done)["code"])).json()
    assert claims_of(reply["access_token"])["tid"] == tenant


async def test_v2_writes_numbers_and_hands_out_refresh_tokens_on_demand(browser, user, tenant):
    """The v2 endpoint: ``scope`` instead of ``resource``, numbers, ``offline_access``."""
    cli = {
        "client_id": CLI,
        "redirect_uri": "http://localhost:5000",
        "resource": None,
        "scope": f"{GRAPH}/.default openid",
    }
    code = await browser.code(version="/v2.0", **cli)
    asked = {"client_id": CLI, "redirect_uri": "http://localhost:5000", "resource": None, "version": "/v2.0"}
    reply = (await browser.redeem(code, **asked)).json()
    assert isinstance(reply["expires_in"], int)
    assert "refresh_token" not in reply
    assert "User.ReadWrite.All" in claims_of(reply["access_token"])["scp"]
    assert claims_of(reply["id_token"])["iss"] == f"https://localhost:8443/{tenant}/v2.0"
    code = await browser.code(version="/v2.0", **cli | {"scope": f"{GRAPH}/.default offline_access"})
    assert (await browser.redeem(code, **asked)).json()["refresh_token"]


async def test_form_post_sends_the_answer_in_a_form(browser, user):
    """``response_mode=form_post``: fields, not a URL."""
    done = await browser.login(await browser.authorize(response_mode="form_post"))
    assert done.status_code == 200
    assert 'name="code"' in done.text
    assert 'name="state" value="s 1"' in done.text


async def test_a_disabled_account_is_told_only_after_the_right_password(rt, browser, user, tenant):
    """50057 with the password, 50126 without it."""
    await rt.store.write(tenant, lambda tx: directory.update_user(tx, user["id"], {"account_enabled": False}))
    page = await browser.authorize()
    assert config_of(await browser.login(page, password="wrong-password"))["sErrorCode"] == "50126"
    assert config_of(await browser.login(page, password=PASSWORD))["sErrorCode"] == "50057"


async def test_15_20_a_repeated_sensitive_key_is_refused(browser, user):
    """Which of two codes counts must not be a matter of luck."""
    body = "grant_type=authorization_code&client_id=a&code=1&code=2"
    answer = await browser.http.post("/common/oauth2/token", content=body)
    assert answer.json()["error_codes"] == [9002313]
