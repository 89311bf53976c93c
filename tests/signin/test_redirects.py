"""Where answers go, and what they carry (03 sections 15.1 to 15.3 and 15.14; RFC 6749, 8252, 9207)."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from signin.conftest import BROKER, CLI, GRAPH, PASSWORD, UPN, answer_of, claims_of, config_of
from support.applications import make_application
from taxiway import signin
from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.signin.authorize import registered

pytestmark = pytest.mark.anyio

KNOWN = "https://app.example/cb?x=1"


@pytest.mark.parametrize(
    "uri",
    [
        "https://app.example/cb",
        "https://app.example/cb?x=1&y=2",
        "https://app.example/cb/?x=1",
        "https://app.example/CB?x=1",
        "https://app.example/a/../cb?x=1",
        "https://app.example:8443/cb?x=1",
        "https://www.app.example/cb?x=1",
        "https://app.example.evil.example/cb?x=1",
        "http://app.example/cb?x=1",
        "https://app.example/cb?x=1#",
        "https://app.example/cb?x=1#fragment",
        "https://evil@app.example/cb?x=1",
        "https://:pw@app.example/cb?x=1",
        "https://app.example\\@evil.example/cb?x=1",
        "https://app.example/cb?x=1\r\nset-cookie: a=b",
        "https://app\t.example/cb?x=1",
        " https://app.example/cb?x=1",
        "https://app.example/cb?x=1\x00",
        "https://\u212bpp.example/cb?x=1",
        "https://[app.example/cb?x=1",
        "*",
        "",
    ],
)
def test_15_01_a_redirect_uri_is_compared_sign_by_sign(uri):
    """Nothing that merely resembles a registered one passes, however some reader of URIs would take it."""
    assert not registered({"redirect_uris": [KNOWN, "https://*.app.example/cb"]}, uri)
    assert registered({"redirect_uris": [KNOWN]}, "HTTPS://App.Example/cb?x=1")


@pytest.mark.parametrize(
    ("known", "uri", "fits"),
    [
        ("http://localhost", "http://localhost:49152", True),
        ("http://localhost", "http://localhost:49152/", True),
        ("http://127.0.0.1/cb", "http://127.0.0.1:5/cb", True),
        ("http://[::1]/cb", "http://[::1]:5/cb", True),
        ("http://127.0.0.1/cb", "http://127.0.0.1:5/other", False),
        ("http://127.0.0.1/cb", "http://127.0.0.1:5/cb/", False),
        ("http://127.0.0.1/cb", "http://localhost:5/cb", False),
        ("http://localhost", "http://localhost.evil.example:5", False),
        ("https://localhost/cb", "https://localhost:5/cb", False),
        ("http://10.0.0.1/cb", "http://10.0.0.1:5/cb", False),
    ],
)
def test_15_01_only_loopback_addresses_may_have_any_port(known, uri, fits):
    """An installed program listens where it can; everything else about the address counts (RFC 8252 section 7.3)."""
    assert registered({"redirect_uris": [known]}, uri) is fits


@pytest.mark.parametrize(
    "uri", ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "vbscript:x", "//x/y"]
)
def test_15_01_schemes_that_run_or_read_are_never_good(uri):
    """Not even where one got into a registration."""
    assert not registered({"redirect_uris": [uri]}, uri)


async def test_15_01_an_answer_after_a_password_is_not_sent_with_307(browser, user):
    """307 would make the browser hand the password on to the application."""
    done = await browser.login(await browser.authorize())
    assert done.status_code in {302, 303}
    assert PASSWORD not in done.headers["location"]


async def test_15_01_signing_out_leads_to_registered_addresses_only(browser, user):
    """Without a session too, and for an address that would end a directive of the page's policy."""
    path = f"/{browser.tenant}/oauth2/v2.0/logout"
    for target in ("https://evil.example/", "http://localhost:1;script-src *", "http://[", "javascript:x", "\u2028"):
        asked = {"post_logout_redirect_uri": target, "client_id": CLI}
        page = await browser.http.get(path, params=asked)
        assert config_of(page)["pgid"] == "SignedOut"
        assert "location" not in page.headers
    await browser.login(await browser.authorize(client_id=CLI, redirect_uri="http://localhost:5000", resource=GRAPH))
    for target in ("https://evil.example/", "http://localhost:1;script-src *", "http://["):
        page = await browser.http.get(path, params={"post_logout_redirect_uri": target, "client_id": CLI})
        assert config_of(page)["pgid"] == "LogoutConfirm"
        assert "form-action 'self';" in page.headers["content-security-policy"]


@pytest.mark.parametrize("kind", ["token", "id_token", "code token", "code id_token", "none", "", None])
async def test_15_02_only_codes_are_given(browser, user, kind):
    """No token comes out of the authorise endpoint: the application is told so at its own address."""
    for mode in ({}, {"response_mode": "fragment"}):
        response = await browser.authorize(response_type=kind, **mode)
        location = urlsplit(response.headers["location"])
        answer = parse_qs(location.fragment or location.query)
        assert answer["error"] == ["unsupported_response_type"]
        assert answer["state"] == ["s 1"]
        assert "token" not in answer


async def test_15_02_the_password_grant_counts_failures_like_the_page(rt, browser, user, tenant):
    """Ten wrong passwords at the token endpoint lock the page too."""
    switch = {"ropc_enabled": True}
    await rt.store.write(tenant, lambda tx: signin.update_signin_policy(tx, switch, principal=SYSTEM_PRINCIPAL))
    form = {"grant_type": "password", "client_id": CLI, "username": UPN, "resource": GRAPH}
    for _ in range(10):
        assert (await browser.token(**form, password="wrong-one")).json()["error_codes"] == [50126]
    assert (await browser.token(**form, password=PASSWORD)).json()["error_codes"] == [50053]
    assert config_of(await browser.login(await browser.authorize()))["sErrorCode"] == "50053"


async def test_15_02_the_password_grant_is_not_for_applications_of_the_tenant(rt, browser, user, tenant):
    """The switch admits a list of seeded clients and nobody else."""
    switch = {"ropc_enabled": True}
    await rt.store.write(tenant, lambda tx: signin.update_signin_policy(tx, switch, principal=SYSTEM_PRINCIPAL))
    app = await make_application(rt, tenant, scopes="User.Read")
    form = {"grant_type": "password", "client_id": app.id, "client_secret": app.secret, "resource": GRAPH}
    refused = await browser.token(**form, username=UPN, password=PASSWORD)
    assert refused.json()["error_codes"] == [70003]


async def test_15_03_state_and_nonce_come_back(browser, user):
    """``state`` with the code and with every error, ``nonce`` in the id_token; neither is changed."""
    odd = 'a b&c=d\u00e9"<>'
    done = answer_of(await browser.login(await browser.authorize(state=odd, nonce=odd)))
    assert done["state"] == odd
    assert claims_of((await browser.redeem(done["code"])).json()["id_token"])["nonce"] == odd
    assert answer_of(await browser.authorize(state=odd, prompt="none"))["state"] == odd


@pytest.mark.parametrize("version", ["", "/v2.0"])
async def test_15_14_every_answer_names_its_issuer(browser, user, tenant, version):
    """RFC 9207: the same issuer as in metadata and tokens, with a code and with an error."""
    metadata = (await browser.http.get(f"/{tenant}{version}/.well-known/openid-configuration")).json()
    done = answer_of(await browser.login(await browser.authorize(version=version)))
    refused = answer_of(await browser.authorize(version=version, prompt="none"))
    assert done["iss"] == refused["iss"] == metadata["issuer"]
    assert metadata["authorization_response_iss_parameter_supported"] is True
    form = {"scope": "openid", "resource": None} if version else {}
    reply = await browser.redeem(done["code"], version=version, **form)
    assert claims_of(reply.json()["id_token"])["iss"] == metadata["issuer"]


async def test_15_03_a_challenge_is_of_43_signs(browser, user):
    """What is not the hash of a verifier is refused before the page is shown."""
    for challenge in ("x", "a" * 44, "a" * 42 + "=", "a" * 42 + "\n"):
        assert answer_of(await browser.authorize(code_challenge=challenge))["error"] == "invalid_request"
    code = await browser.code()
    for verifier in ("", None, "v" * 42, "v" * 44):
        assert (await browser.redeem(code, code_verifier=verifier)).json()["error_codes"] == [501481]
    assert (await browser.redeem(code, client_id=BROKER)).status_code == 200
