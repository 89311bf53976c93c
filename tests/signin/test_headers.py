"""What browsers are told about every page (03 section 15.13)."""

from __future__ import annotations

import re

import httpx
import pytest

from signin.conftest import CLI, GRAPH, config_of
from taxiway import app, directory, enrollment, signin
from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.doors import Door
from taxiway.signin import tokens

pytestmark = pytest.mark.anyio

WEB = {"client_id": CLI, "redirect_uri": "http://localhost:5000", "resource": GRAPH}


async def pages(rt, browser, user):
    """One page of every kind."""
    first = await browser.authorize(**WEB)
    yield "sign-in", first
    yield "wrong password", await browser.login(first, password="wrong")
    yield "silent refusal", await browser.authorize(**{**WEB, "redirect_uri": "https://evil.example"})
    yield "expired", await browser.http.post("/common/login", data={"ctx": "x"})
    yield "foreign form", await browser.http.post("/common/login", headers={"origin": "https://evil.example"})
    yield "device", await browser.http.get("/device")
    yield "unknown device code", await browser.http.post("/device", data={"user_code": "x"})
    yield "code", await browser.http.get("/error", params={"code": "50126"})
    yield "form_post", await browser.login(await browser.authorize(**WEB, response_mode="form_post"))
    yield "sign out?", await browser.http.get("/common/oauth2/logout")
    await signin.register_totp(rt, browser.tenant, user["id"])
    yield "factor", await browser.login(await browser.authorize(**WEB, prompt="login"))
    browser.http.cookies.clear()
    yield "signed out", await browser.http.get("/common/oauth2/logout")


def directives(response):
    policy = response.headers["content-security-policy"]
    return {words.split()[0]: words.split()[1:] for words in policy.split(";") if words.split()}


async def test_15_13_every_page_has_a_policy_of_its_own(rt, browser, user):
    """Nothing but what the page itself brings: no frame, no base, scripts and styles by a nonce used once."""
    used = []
    async for name, page in pages(rt, browser, user):
        assert page.headers["content-type"].startswith("text/html"), name
        policy = directives(page)
        assert policy["default-src"] == ["'none'"], name
        assert policy["frame-ancestors"] == ["'none'"], name
        assert policy["base-uri"] == ["'none'"], name
        assert policy["form-action"][0] == "'self'", name
        assert set(policy["form-action"][1:]) <= {"http://localhost:5000"}, name
        [nonce] = policy["script-src"]
        assert re.fullmatch(r"'nonce-[A-Za-z0-9_-]{16,}'", nonce), name
        assert "unsafe" not in page.headers["content-security-policy"], name
        used.append(nonce)
        for script in re.findall(r"<(?:script|style)\b[^>]*>", page.text):
            assert f'nonce="{nonce[7:-1]}"' in script, (name, script)
        assert not re.search(r"\son[a-z]+=", page.text), name
    assert len(set(used)) == len(used) >= 12


async def test_15_13_every_page_has_its_headers(rt, browser, user):
    """Not kept, not sniffed, not referred, alone in its window, and TLS from now on."""
    async for name, page in pages(rt, browser, user):
        told = page.headers
        assert "no-store" in told["cache-control"], name
        assert told["referrer-policy"] == "no-referrer", name
        assert told["x-content-type-options"] == "nosniff", name
        assert told["cross-origin-opener-policy"] == "same-origin", name
        assert "max-age" in told["strict-transport-security"], name


async def test_15_13_redirects_and_errors_have_their_headers(browser, user):
    """The redirect that carries the code, a wrong method, an unknown path, a body that is too large."""
    done = await browser.login(await browser.authorize(**WEB))
    assert "code=" in done.headers["location"]
    http = browser.http
    answers = [
        done,
        await browser.authorize(**{**WEB, "response_type": "token"}),
        await http.get("/nothing/here"),
        await http.put("/common/login"),
        await http.post("/common/oauth2/token", content=b"a" * 100_000),
        await http.post("/common/GetCredentialType", content=b"{", headers={"content-type": "application/json"}),
    ]
    for answer in answers:
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "no-store" in answer.headers["cache-control"]
        assert "max-age" in answer.headers["strict-transport-security"]


HOSTILE = '</script><script>alert(1)</script><b onload="x">&"\'{{7*7}}\u2028'


async def test_15_13_what_an_administrator_or_a_link_says_stays_text(rt, browser, user, tenant):
    """Names, texts and hints reach the page and its ``$Config`` as they are, and as nothing but text."""
    await rt.store.write(tenant, lambda tx: directory.TENANTS.update(tx, tenant, {"display_name": HOSTILE}))
    page = await browser.authorize(login_hint=HOSTILE, state=HOSTILE)
    assert "<script>alert" not in page.text
    assert "<b onload" not in page.text
    assert "\u2028" not in page.text.partition("$Config=")[2].partition("//]]>")[0]
    config = config_of(page)
    assert config["sPOST_Username"] == HOSTILE[:320]
    assert config["sCompanyDisplayName"] == HOSTILE
    posted = await browser.authorize(login_hint=HOSTILE, state=HOSTILE, response_mode="form_post", prompt="none")
    assert "<script>alert" not in posted.text
    assert "&lt;/script&gt;" in posted.text


async def test_15_13_the_terms_of_use_have_a_policy_too(rt, browser, user, tenant):
    """The page of another room, and text that an administrator wrote."""
    await rt.store.write(
        tenant, lambda tx: enrollment.set_terms(tx, title=HOSTILE, text=HOSTILE, principal=SYSTEM_PRINCIPAL)
    )
    resource = "https://enrollment.manage.microsoft.com/"
    reply = (await browser.redeem(await browser.code(resource=resource), resource=resource)).json()
    assert await tokens.verify_token(rt, reply["access_token"], audiences=[resource])
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(Door(app.device_routes(rt), rt.entropy)), base_url="https://localhost:8444"
    ) as client:
        page = await client.get(
            "/TermsOfUse",
            params={"redirect_uri": "ms-aadj-redir://auth/mdm", "api-version": "1.0"},
            headers={"authorization": f"Bearer {reply['access_token']}"},
        )
    assert page.status_code == 200
    assert "<script>" not in page.text
    policy = directives(page)
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == ["'none'"]
    assert page.headers["cross-origin-opener-policy"] == "same-origin"
    assert "no-store" in page.headers["cache-control"]
