"""Forms and calls that another site might send in a person's name (03 section 15.12)."""

from __future__ import annotations

import pytest

from signin.conftest import BROKER, CLI, GRAPH, UPN, config_of
from taxiway import signin
from taxiway.signin import flowtoken, sessions

pytestmark = pytest.mark.anyio

FORMS = (
    "/common/login",
    "/common/changepassword",
    "/common/proofup",
    "/common/SAS/ProcessAuth",
    "/common/deviceauth/confirm",
)
FOREIGN = (
    {"origin": "https://evil.example"},
    {"origin": "https://localhost:8443.evil.example"},
    {"origin": "https://evil.example:8443"},
    {"origin": "http://["},
    {"origin": "localhost:8443"},
    {"origin": ""},
    {"sec-fetch-site": "cross-site"},
    {"origin": "null", "sec-fetch-site": "cross-site"},
)


def carried(config):
    return {"ctx": config["sCtx"], "flowToken": config["sFT"], "canary": config["canary"], "login": UPN, "passwd": "x"}


@pytest.mark.parametrize("path", FORMS)
async def test_15_12_every_form_brings_canary_flow_and_cookie(browser, user, path):
    """Each of the three alone, missing or another's, ends the sign-in."""
    stolen = config_of(await browser.authorize())
    config = config_of(await browser.authorize())
    form = carried(config)
    for name in ("canary", "flowToken", "ctx"):
        for value in ("", "x", stolen[{"canary": "canary", "flowToken": "sFT", "ctx": "sCtx"}[name]]):
            refused = await browser.http.post(path, data={**form, name: value})
            assert config_of(refused)["sErrorCode"] == "50089", (name, value)
    both = {"flowToken": stolen["sFT"], "ctx": stolen["sCtx"]}
    assert config_of(await browser.http.post(path, data={**form, **both}))["sErrorCode"] == "50089"
    browser.http.cookies.delete(flowtoken.COOKIE)
    assert config_of(await browser.http.post(path, data=form))["sErrorCode"] == "50089"


async def test_15_12_a_page_runs_out_after_half_an_hour(browser, user, clock):
    """However fresh its cookie is."""
    page = await browser.authorize()
    clock.advance(1801)
    assert config_of(await browser.login(page))["sErrorCode"] == "50089"
    page = await browser.authorize()
    clock.advance(1799)
    assert (await browser.login(page)).status_code == 302


@pytest.mark.parametrize("path", [*FORMS, "/device", "/common/oauth2/logout"])
async def test_15_12_every_form_says_where_it_comes_from(browser, user, path):
    """A foreign ``Origin`` or ``Sec-Fetch-Site`` is refused before anything is read."""
    form = carried(config_of(await browser.authorize()))
    for headers in FOREIGN:
        assert config_of(await browser.http.post(path, data=form, headers=headers))["sErrorCode"] == "9002313", headers
    own = {"origin": "https://localhost:8443", "sec-fetch-site": "same-origin"}
    assert config_of(await browser.http.post(path, data=form, headers=own)).get("sErrorCode") != "9002313"


async def test_15_12_the_calls_of_the_page_are_not_another_sites(rt, browser, user, tenant):
    """The JSON half of the second factor: the canary is a header, and the origin counts."""
    await signin.register_totp(rt, tenant, user["id"])
    config = config_of(await browser.login(await browser.authorize()))
    body = {"AuthMethodId": "PhoneAppOTP", "ctx": config["sCtx"], "flowToken": config["sFT"]}
    good = {"canary": config["canary"]}
    for path in ("/common/SAS/BeginAuth", "/common/SAS/EndAuth"):
        for headers in ({}, {"canary": "x"}, *({**good, **foreign} for foreign in FOREIGN)):
            reply = (await browser.http.post(path, json=body, headers=headers)).json()
            assert reply["Success"] is False
            assert reply["ErrCode"] in {50089, 9002313}
            assert reply["FlowToken"] == ""
    assert (await browser.http.post("/common/SAS/BeginAuth", json=body, headers=good)).json()["Success"] is True


async def test_15_12_a_form_of_another_site_asks_nothing_about_names(browser, user):
    """GetCredentialType takes JSON by its type, or the page's header; a plain form has neither."""
    body = b'{"username": "ada@contoso.example", "x": "="}'
    for kind in (
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "text/plain; application/json",
    ):
        answer = await browser.http.post("/common/GetCredentialType", content=body, headers={"content-type": kind})
        assert (answer.status_code, answer.json()["error_codes"]) == (400, [9002313])
    for headers in ({"content-type": "application/json; charset=UTF-8"}, {"canary": "x"}):
        assert (await browser.http.post("/common/GetCredentialType", content=body, headers=headers)).status_code == 200


async def test_15_12_programs_are_known_by_what_they_send_and_not_by_cookies(browser, user):
    """A browser with a session gets no token at the token endpoint that it could not get without."""
    web = {"client_id": CLI, "redirect_uri": "http://localhost:5000", "resource": GRAPH}
    await browser.login(await browser.authorize(**web))
    assert browser.http.cookies.get(sessions.COOKIE)
    for form in (
        {"grant_type": "authorization_code", "client_id": CLI},
        {"grant_type": "refresh_token", "client_id": BROKER},
        {"grant_type": "password", "client_id": CLI, "username": UPN},
        {"grant_type": "client_credentials", "client_id": CLI},
    ):
        assert (await browser.token(**form)).status_code in {400, 401}
    answer = await browser.http.get("/oidc/userinfo")
    assert answer.status_code == 401
    assert "set-cookie" not in (await browser.token(grant_type="srv_challenge")).headers
