"""A tenant's branding: set over Graph, shown on the page and to machines (03 sections 2.7, 3.4 and 15.13)."""

from __future__ import annotations

import base64
import hashlib

import httpx
import pytest

from signin.conftest import UPN, config_of
from support.graph_client import Graph, mint, person
from taxiway import app, directory
from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.doors import Door

pytestmark = pytest.mark.anyio

PNG = b"\x89PNG\r\n\x1a\n" + b"banner" * 100
JPEG = b"\xff\xd8\xff\xe0" + b"hills" * 100
HOSTILE = "</script><script>alert(1)</script>\"'><img src=x onerror=alert(1)>\u2028//]]>"


@pytest.fixture
async def graph(rt, tenant):
    admin = await person(rt, tenant, "root", directory.GLOBAL_ADMINISTRATOR)
    transport = httpx.ASGITransport(Door(app.people_routes(rt), rt.entropy), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="https://localhost:8443") as client:
        yield Graph(rt, client, await mint(rt, tenant, admin["id"]))


@pytest.fixture
def base(tenant):
    return f"/v1.0/organization/{tenant}/branding"


async def test_branding_is_set_read_and_taken_away_over_graph(graph, base):
    """404 before there is any; texts by PATCH, images by PUT at either address; DELETE ends it."""
    await graph.get(base, expect=404)
    await graph.call("PATCH", base, {"backgroundColor": "#0F6CBD", "signInPageText": "Help: 555"}, expect=204)
    for name, content in (("bannerLogo", PNG), ("squareLogo", PNG), ("backgroundImage", JPEG)):
        await graph.call("PUT", f"{base}/localizations/0/{name}", raw=content, expect=204)
        shown = await graph.call("GET", f"{base}/{name}")
        assert shown.content == content
        assert shown.headers["content-type"] == ("image/png" if content is PNG else "image/jpeg")
    found = await graph.get(base)
    assert (found["id"], found["backgroundColor"], found["usernameHintText"]) == ("0", "#0F6CBD", None)
    assert found["bannerLogoRelativeUrl"].endswith(f"/branding/{hashlib.sha256(PNG).hexdigest()}")
    assert [one["id"] for one in await graph.values(f"{base}/localizations")] == ["0"]
    await graph.call("DELETE", f"{base}/localizations/0/bannerLogo", expect=204)
    assert (await graph.get(base))["bannerLogoRelativeUrl"] is None
    await graph.call("DELETE", base, expect=204)
    await graph.get(base, expect=404)


async def test_what_is_no_branding_is_refused_by_name(graph, base, rt):
    """Other types than PNG and JPEG, whatever they call themselves; too large; no colour; other tenants; the rest."""
    svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    await graph.call("PUT", f"{base}/bannerLogo", raw=svg, headers={"content-type": "image/png"}, expect=400)
    await graph.call("PUT", f"{base}/bannerLogo", raw=PNG + b"x" * 51_200, expect=400)
    await graph.call("PUT", f"{base}/backgroundImage", raw=JPEG + b"x" * 307_200, expect=400)
    await graph.call("PATCH", base, {"backgroundColor": "red;}body{display:none"}, expect=400)
    await graph.call("PATCH", base, {"signInPageText": "x" * 1025}, expect=400)
    await graph.call("PATCH", base, {"usernameHintText": "x" * 65}, expect=400)
    await graph.call("PATCH", base, {"bannerLogo": "AAAA"}, expect=400)
    await graph.call("PATCH", base, {"customPrivacyAndCookiesText": "Ours"}, expect=501)
    await graph.call("PUT", f"{base}/localizations/fr-FR/bannerLogo", raw=PNG, expect=501)
    await graph.call("PUT", f"{base}/localizations/0/customCSS", raw=b"*{}", expect=501)
    await graph.post(f"{base}/localizations", {"id": "fr-FR"}, expect=501)
    await graph.call("PATCH", f"/v1.0/organization/{rt.entropy.uuid()}/branding", {"signInPageText": "x"}, expect=404)
    await graph.get(base, expect=404)


async def test_branding_takes_its_role(graph, base, rt, tenant):
    """The Organizational Branding Administrator may, a Security Administrator may not."""
    for role, status in (("92ed04bf-c94a-4b82-9729-b799a7a4c178", 204), (directory_role("SECURITY"), 403)):
        somebody = await person(rt, tenant, f"p{status}", role)
        caller = Graph(rt, graph.client, await mint(rt, tenant, somebody["id"]))
        await caller.call("PATCH", base, {"signInPageText": "x"}, expect=status)
        await caller.call("PUT", f"{base}/bannerLogo", raw=PNG, expect=status)


def directory_role(name):
    from taxiway.directory import roles

    return getattr(roles, f"{name}_ADMINISTRATOR")


async def test_an_image_comes_back_in_a_batch(graph, base):
    """Base64 with its media type, as Graph's batch gives what is not JSON."""
    await graph.call("PUT", f"{base}/bannerLogo", raw=PNG, expect=204)
    item = {"id": "1", "method": "GET", "url": f"{base.removeprefix('/v1.0')}/bannerLogo"}
    [answer] = (await graph.post("/v1.0/$batch", {"requests": [item]}, expect=200))["responses"]
    assert answer["headers"]["Content-Type"] == "image/png"
    assert base64.b64decode(answer["body"]) == PNG


async def brand(rt, tenant, **texts):
    """Texts, and two images."""

    def write(tx):
        directory.update_branding(tx, texts, principal=SYSTEM_PRINCIPAL)
        directory.set_brand_image(tx, "bannerLogo", PNG, principal=SYSTEM_PRINCIPAL)
        directory.set_brand_image(tx, "backgroundImage", JPEG, principal=SYSTEM_PRINCIPAL)

    await rt.store.write(tenant, write)


async def test_the_page_shows_the_branding_and_serves_its_images(rt, browser, user, tenant):
    """Name, logo, background, text and hint, from our own host; an image may be kept for good, the page may not."""
    await brand(rt, tenant, signInPageText="Call 555", usernameHintText="staff name", backgroundColor="#123456")
    page = await browser.authorize()
    logo = f"/{tenant}/branding/{hashlib.sha256(PNG).hexdigest()}"
    background = f"/{tenant}/branding/{hashlib.sha256(JPEG).hexdigest()}"
    for text in ("Contoso", f'src="{logo}"', f'url("{background}")', "Call 555", "staff name", "#123456"):
        assert text in page.text
    assert "img-src 'self';" in page.headers["content-security-policy"]
    image = await browser.http.get(logo)
    assert (image.content, image.headers["content-type"]) == (PNG, "image/png")
    assert image.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert image.headers["x-content-type-options"] == "nosniff"
    assert "no-store" in page.headers["cache-control"]


async def test_machines_see_the_same_branding(rt, browser, user, tenant):
    """``$Config``, GetCredentialType and the realm carry one object; of a tenant without branding it is null."""
    kind = (await browser.http.post("/common/GetCredentialType", json={"username": UPN})).json()
    assert kind["EstsProperties"]["UserTenantBranding"] is None
    assert config_of(await browser.authorize())["staticTenantBranding"] is None
    await brand(rt, tenant, signInPageText="Call 555", backgroundColor="#123456")
    [shown] = config_of(await browser.authorize())["staticTenantBranding"]
    assert shown["BannerLogo"] == f"https://localhost:8443/{tenant}/branding/{hashlib.sha256(PNG).hexdigest()}"
    assert (shown["BackgroundColor"], shown["BoilerPlateText"], shown["TileLogo"]) == ("#123456", "Call 555", None)
    for name in (UPN, "nobody@contoso.example"):
        kind = (await browser.http.post("/common/GetCredentialType", json={"username": name})).json()
        assert kind["EstsProperties"]["UserTenantBranding"] == [shown]
    realm = (await browser.http.get(f"/common/userrealm/{UPN}", params={"api-version": "2.1"})).json()
    assert realm["TenantBrandingInfo"] == [shown]


async def test_15_13_branding_cannot_break_out_of_the_page(rt, browser, user, tenant):
    """Texts of an administrator, and a tenant's name, are text wherever they stand; ``$Config`` stays readable."""

    def write(tx):
        texts = {"signInPageText": HOSTILE, "usernameHintText": HOSTILE[:64]}
        directory.update_branding(tx, texts, principal=SYSTEM_PRINCIPAL)
        directory.update_tenant(tx, {"display_name": HOSTILE}, principal=SYSTEM_PRINCIPAL)

    await rt.store.write(tenant, write)
    page = await browser.authorize()
    assert "<script>alert" not in page.text
    assert "<img src=x" not in page.text
    assert page.text.count("//]]>") == 1
    assert config_of(page)["staticTenantBranding"][0]["BoilerPlateText"] == HOSTILE


async def test_15_21_an_image_is_found_under_its_own_tenant_only(rt, browser, user, tenant):
    """Another tenant's address, another hash and no tenant at all lead nowhere."""
    await brand(rt, tenant, signInPageText="x")
    other = rt.entropy.uuid()
    await rt.store.write(other, lambda tx: directory.create_tenant(tx, display_name="F", domain="fabrikam.example"))
    sha256 = hashlib.sha256(PNG).hexdigest()
    assert (await browser.http.get(f"/contoso.example/branding/{sha256}")).status_code == 200
    for path in (f"/{other}/branding/{sha256}", f"/common/branding/{sha256}", f"/nobody.example/branding/{sha256}"):
        assert (await browser.http.get(path)).status_code == 404
    assert (await browser.http.get(f"/{tenant}/branding/{'0' * 64}")).status_code == 404
