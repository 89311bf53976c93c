"""An outside OpenID provider signs in the people of a domain (03 sections 2.5, 3.5, 15.14 and 15.20; 01 P-31)."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from starlette.responses import JSONResponse

from signin.conftest import CHALLENGE, UPN, Browser, answer_of, claims_of, config_of, make_user, register
from support.applications import make_application
from support.graph_client import mint, person
from support.provider import CLIENT, ISSUER, SECRET, FakeProvider
from taxiway import app, autopilot, directory, pki, signin
from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.doors import Door
from taxiway.kernel import SystemEntropy, Urls
from taxiway.signin.federation.providers import remove_provider, set_provider
from taxiway.signin.federation.tables import federation, outside_visit
from taxiway.signin.http import routes
from taxiway.store import Blobs, KeyRing, NotFound, Runtime, Store, UnknownProperty, entries, metadata, open_engine

pytestmark = pytest.mark.anyio

ADA = "ada@fabrikam.example"
SETTINGS = {"domain": "fabrikam.example", "issuer": ISSUER, "client_id": CLIENT, "client_secret": SECRET}


async def federate(rt, tenant, **changes):
    await rt.store.write(tenant, lambda tx: set_provider(tx, {**SETTINGS, **changes}, principal=SYSTEM_PRINCIPAL))


@pytest.fixture
async def tenant(rt):
    """contoso.example, with a second domain that signs in elsewhere."""
    tenant = rt.entropy.uuid()

    def make(tx):
        names = {"domain": "contoso.example", "extra_domains": ["fabrikam.example"]}
        directory.create_tenant(tx, display_name="Contoso", **names)

    await rt.store.write(tenant, make)
    await federate(rt, tenant)
    return tenant


@pytest.fixture
def provider(clock):
    return FakeProvider(clock)


@pytest.fixture
async def browser(rt, tenant, provider):
    """A browser of the instance whose only way out leads to the provider."""
    browser = Browser(replace(rt, outside=httpx.ASGITransport(provider)), tenant)
    yield browser
    await browser.http.aclose()


@pytest.fixture
async def ada(rt, tenant):
    """She has a password here too, which counts for nothing."""
    return await make_user(rt, tenant, ADA)


async def leave(browser, page=None, **changes):
    """Type the name; the address the page goes on to."""
    page = page or await browser.authorize(login_hint=ADA, **changes)
    return config_of(await browser.login(page, upn=ADA))["FederationRedirectUrl"]


async def come_back(browser, provider, url, **changes):
    """The provider's answer, carried by the browser."""
    query = provider.visit(url)
    answer = {"state": query["state"], "code": "c0de", "iss": ISSUER, **changes}
    back = urlsplit(query["redirect_uri"]).path
    return await browser.http.get(back, params={name: value for name, value in answer.items() if value is not None})


def ended(page):
    """What the application is told at the end, by a page that goes on by itself."""
    return {name: values[0] for name, values in parse_qs(urlsplit(config_of(page)["urlNext"]).query).items()}


async def test_a_name_of_the_domain_signs_in_at_the_provider(browser, provider, ada):
    """Code, PKCE, nonce and state go there; who comes back has ``fed`` in the token; the secret went to no browser."""
    url = await leave(browser)
    query = provider.visit(url)
    assert url.startswith(f"{ISSUER}/authorize?")
    assert (query["client_id"], query["response_type"], query["login_hint"]) == (CLIENT, "code", ADA)
    assert (query["code_challenge_method"], query["scope"]) == ("S256", "openid profile email")
    done = await come_back(browser, provider, url)
    assert done.status_code == 200  # a redirect would be held to the form-action of the provider's page
    reply = (await browser.redeem(ended(done)["code"])).json()
    assert claims_of(reply["access_token"])["amr"] == ["fed"]
    assert claims_of(reply["access_token"])["upn"] == ADA
    form = dict(provider.asked)["token"]
    assert (form["code"], form["client_secret"], form["grant_type"]) == ("c0de", SECRET, "authorization_code")
    assert SECRET not in url
    digest = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=").decode()
    assert digest == query["code_challenge"] != CHALLENGE


async def test_the_page_goes_on_by_itself_and_says_where(browser, ada):
    """Without a script and without a redirect after a form, which the page's own policy would stop."""
    page = await browser.login(await browser.authorize(login_hint=ADA), upn=ADA, password="")
    url = config_of(page)["FederationRedirectUrl"]
    escaped = url.replace("&", "&amp;")
    assert f'<meta http-equiv="refresh" content="0;url={escaped}">' in page.text
    assert f'<a href="{escaped}">' in page.text


async def test_the_realm_of_the_domain_is_federated_whoever_is_asked_for(browser, ada):
    """By the domain alone; the other domain of the tenant is managed."""
    for name in (ADA, "nobody@fabrikam.example"):
        realm = (await browser.http.get(f"/common/UserRealm/{name}", params={"api-version": "1.0"})).json()
        assert realm["account_type"] == "Federated"
        assert realm["AuthURL"].startswith("https://localhost:8443/")
        kind = (await browser.http.post("/common/GetCredentialType", json={"username": name})).json()
        assert (kind["Credentials"]["PrefCredential"], kind["EstsProperties"]["DomainType"]) == (4, 4)
        assert kind["Credentials"]["HasPassword"] is False
    realm = (await browser.http.get(f"/common/UserRealm/{UPN}", params={"api-version": "1.0"})).json()
    assert realm["account_type"] == "Managed"


async def test_a_password_of_the_domain_counts_nowhere(rt, browser, ada, tenant):
    """Neither on the page, which does not look at it, nor at the token endpoint."""
    switch = {"ropc_enabled": True}
    await rt.store.write(tenant, lambda tx: signin.update_signin_policy(tx, switch, principal=SYSTEM_PRINCIPAL))
    await leave(browser)
    form = {"grant_type": "password", "username": ADA, "password": "Correct-horse-7-battery"}
    answer = await browser.token(
        **form, client_id="04b07795-8ddb-461a-bbee-02f9e1bf7b46", resource="https://graph.microsoft.com"
    )
    assert answer.json()["error_codes"] == [50126]


async def test_the_initial_domain_keeps_its_passwords(rt, browser, tenant):
    """A tenant whose provider is gone has not lost its administrators: with a password they sign in here."""
    await make_user(rt, tenant)
    await federate(rt, tenant, domain="contoso.example")
    assert answer_of(await browser.login(await browser.authorize()))["code"]
    browser.http.cookies.clear()
    page = await browser.login(await browser.authorize(), password="")
    assert config_of(page)["FederationRedirectUrl"].startswith(ISSUER)


LIES = {
    "another issuer": {"iss": "https://evil.example"},
    "another audience": {"aud": "client-2"},
    "several audiences, no party": {"aud": [CLIENT, "client-2"]},
    "another party": {"aud": [CLIENT, "client-2"], "azp": "client-2"},
    "another nonce": {"nonce": "n"},
    "no nonce": {"nonce": None},
    "run out": {"exp": 1},
    "never ends": {"exp": None},
    "not yet": {"nbf": 2**32},
    "a time that is none": {"exp": "soon"},
    "nobody": {"sub": None},
    "another domain": {"email": "ada@contoso.example"},
    "a domain within": {"email": "ada@fabrikam.example.evil.example"},
    "not verified": {"email_verified": False},
    "verified by a word": {"email_verified": "true"},
    "no address": {"email": None},
    "an address that is none": {"email": ["ada@fabrikam.example"]},
    "somebody else of the domain": {"email": "eve@fabrikam.example"},
}


@pytest.mark.parametrize("lie", LIES)
async def test_15_14_an_id_token_that_does_not_fit_is_refused(browser, provider, ada, lie):
    """One wrong claim is enough; the person is back on the page, and the log says what was wrong."""
    provider.claims = LIES[lie]
    page = await come_back(browser, provider, await leave(browser))
    assert (config_of(page)["pgid"], config_of(page)["sErrorCode"]) == ("ConvergedSignIn", "5001256")
    assert ("signin.refused", ["provider_answer"]) in await browser.log()


FORGERIES = {
    "none": lambda provider: provider.unsigned(),
    "the public key as a secret": lambda provider: provider.by_public_key(),
    "no token": lambda _provider: "x.y",
    "nothing": lambda _provider: None,
    "a number": lambda _provider: 7,
    "another key": lambda provider: FakeProvider(provider.clock).id_token(),
}


@pytest.mark.parametrize("forgery", FORGERIES)
async def test_15_06_a_token_that_the_provider_did_not_sign_is_refused(browser, provider, ada, forgery):
    """``alg`` none, confusion of algorithms, a foreign key, and what is no token at all."""
    url = await leave(browser)
    provider.visit(url)
    provider.answers["token"] = JSONResponse({"id_token": FORGERIES[forgery](provider)})
    page = await come_back(browser, provider, url)
    assert config_of(page)["sErrorCode"] == "5001256"


async def test_another_key_id_and_a_key_that_is_not_there_are_refused(browser, provider, ada):
    """The header names the key; an empty or odd key set holds none."""
    provider.header = {"kid": "k2"}
    assert config_of(await come_back(browser, provider, await leave(browser)))["sErrorCode"] == "5001256"
    provider.header = {}
    for keys in ({"keys": []}, {"keys": 7}, {}, {"keys": [{"kty": "RSA", "kid": "k1", "n": "!", "e": "AQAB"}]}):
        provider.answers["keys"] = JSONResponse(keys)
        page = await come_back(browser, provider, await leave(browser))
        assert config_of(page)["sErrorCode"] == "5001256"


async def test_15_12_the_answer_is_good_in_its_own_browser_and_once(rt, browser, provider, ada, tenant):
    """Another browser, another state, a second time, too late: nobody is signed in."""
    url = await leave(browser)
    stranger = Browser(browser.rt, tenant)
    assert config_of(await come_back(stranger, provider, url))["sErrorCode"] == "50089"
    assert config_of(await come_back(browser, provider, url, state="x"))["sErrorCode"] == "50089"
    cookies = dict(browser.http.cookies)
    assert ended(await come_back(browser, provider, url))["code"]
    browser.http.cookies.update(cookies)
    assert config_of(await come_back(browser, provider, url))["sErrorCode"] == "50089"
    browser.http.cookies.clear()
    url = await leave(browser)
    rt.clock.advance(1801)
    assert config_of(await come_back(browser, provider, url))["sErrorCode"] == "50089"
    await stranger.http.aclose()


async def test_15_14_the_answer_of_another_provider_is_refused(browser, provider, ada):
    """Mix-up: ``iss`` of the answer is another's. And an error of the provider ends on the page."""
    page = await come_back(browser, provider, await leave(browser), iss="https://evil.example")
    assert config_of(page)["sErrorCode"] == "5001256"
    assert [name for name, _ in provider.asked].count("token") == 0
    page = await come_back(browser, provider, await leave(browser), code=None, error="<b>access_denied")
    assert config_of(page)["sErrorCode"] == "5001256"


async def test_15_20_only_https_few_bytes_no_redirect(browser, provider, ada):
    """What the provider publishes cannot lead us astray, and what it sends is bounded."""
    page = await browser.authorize(login_hint=ADA)

    async def sent(name, answer):
        provider.answers = {name: answer}
        return config_of(await browser.login(page, upn=ADA))

    for answer in (
        provider.elsewhere("https://inner.example/"),
        provider.flood(),
        JSONResponse([]),
        JSONResponse({}, 500),
    ):
        config = await sent("metadata", answer)
        assert (config["pgid"], config["sErrorCode"]) == ("ConvergedSignIn", "90033")
    provider.answers = {}
    for lie in (
        {"issuer": "https://evil.example"},
        {"token_endpoint": "http://idp.example/token"},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": 7},
        {"jwks_uri": "https://user@idp.example/keys"},
    ):
        provider.metadata = lie
        assert config_of(await browser.login(page, upn=ADA))["sErrorCode"] == "90033"
    assert {name for name, _ in provider.asked} == {"metadata"}


async def test_15_20_without_a_way_out_nothing_is_asked(rt, tenant, ada):
    """An instance that was given no transport says so."""
    browser = Browser(rt, tenant)
    page = await browser.login(await browser.authorize(login_hint=ADA), upn=ADA)
    assert config_of(page)["sErrorCode"] == "90033"
    await browser.http.aclose()


async def test_a_second_factor_shown_there_counts_if_the_tenant_says_so(rt, browser, provider, ada, tenant):
    """``mfa`` of the provider is its word: taken when trusted, and as old as the sign-in there."""
    provider.claims = {"amr": ["pwd", "mfa"], "auth_time": int(rt.clock.now().timestamp()) - 3600}
    require = {"mfa_required": True}
    await rt.store.write(tenant, lambda tx: directory.update_registration_policy(tx, SYSTEM_PRINCIPAL, require))
    page = await come_back(browser, provider, await leave(browser))
    assert config_of(page)["pgid"] == "ConvergedProofUpRedirect"
    await federate(rt, tenant, trusts_mfa=True)
    done = await come_back(browser, provider, await leave(browser))
    reply = (await browser.redeem(ended(done)["code"])).json()
    assert claims_of(reply["access_token"])["amr"] == ["fed", "mfa"]


async def test_an_age_that_the_request_limits_is_asked_for_and_checked(rt, browser, provider, ada):
    """``max_age`` goes along; a provider that does not say when, or too long ago, is refused."""
    url = await leave(browser, max_age="60")
    assert provider.visit(url)["max_age"] == "60"
    assert config_of(await come_back(browser, provider, url))["sErrorCode"] == "5001256"
    provider.claims = {"auth_time": int(rt.clock.now().timestamp()) - 300}
    assert config_of(await come_back(browser, provider, await leave(browser, max_age="60")))["sErrorCode"] == "5001256"
    provider.claims = {"auth_time": int(rt.clock.now().timestamp()) - 30}
    assert ended(await come_back(browser, provider, await leave(browser, max_age="60")))["code"]
    assert provider.visit(await leave(browser, prompt="login"))["prompt"] == "login"


async def test_p31_the_assigned_user_is_enforced_for_a_federated_domain_too(rt, browser, provider, ada, tenant):
    """The provider's word does not open a device that is assigned to somebody else; the right person gets on."""
    await make_user(rt, tenant, "eve@fabrikam.example")
    ticket, _ = await register(rt, tenant, user="eve@fabrikam.example")
    page = await browser.authorize(ticket=ticket)
    assert config_of(await browser.login(page, upn=ADA))["sErrorCode"] == "50105"
    ticket, ztdid = await register(rt, tenant, user=ADA)
    url = await leave(browser, await browser.authorize(ticket=ticket))
    assert ended(await come_back(browser, provider, url))["code"]
    assert "signin.completed" in [kind for kind, _ in await browser.log(f"autopilot:{ztdid}")]


async def test_p31_an_assignment_made_meanwhile_is_seen_when_the_browser_is_back(rt, browser, provider, ada, tenant):
    """What the provider says is checked against the device at the end, not only at the start."""
    eve = await make_user(rt, tenant, "eve@fabrikam.example", usage_location="DE")
    ticket, ztdid = await register(rt, tenant)
    url = await leave(browser, await browser.authorize(ticket=ticket))

    def assign(tx):
        directory.assign_licenses(tx, eve["id"], ["INTUNE_A"])
        autopilot.assign_user(tx, ztdid, "eve@fabrikam.example", "Eve", principal=SYSTEM_PRINCIPAL)

    await rt.store.write(tenant, assign)
    assert config_of(await come_back(browser, provider, url))["sErrorCode"] == "50105"


async def test_whoever_has_no_account_here_or_a_disabled_one_is_told(rt, browser, provider, ada, tenant):
    """The provider knows them, the directory decides."""
    await rt.store.write(tenant, lambda tx: directory.update_user(tx, ada["id"], {"account_enabled": False}))
    assert config_of(await come_back(browser, provider, await leave(browser)))["sErrorCode"] == "50057"
    await rt.store.write(tenant, lambda tx: directory.delete_user(tx, ada["id"]))
    assert config_of(await come_back(browser, provider, await leave(browser)))["sErrorCode"] == "51004"


async def test_a_provider_that_takes_only_basic_gets_it(browser, provider, ada):
    """The secret goes where the metadata says, never to both places."""
    provider.metadata = {"token_endpoint_auth_methods_supported": ["client_secret_basic"]}
    assert ended(await come_back(browser, provider, await leave(browser)))["code"]
    form = dict(provider.asked)["token"]
    assert form["authorization"].startswith("Basic ")
    assert "client_secret" not in form


# ------------------------------------------------------------------------------------------------- settings


async def test_settings_that_cannot_work_are_refused(rt, tenant):
    """Foreign domains, addresses that are not https, unknown names, a provider without a secret."""
    bad = [
        {"domain": "evil.example"},
        {"issuer": "http://idp.example"},
        {"issuer": "https://user:pw@idp.example"},
        {"issuer": 7},
        {"issuer": "https://idp.example/\x00"},
        {"client_id": "a\x00"},
        {"client_id": ""},
        {"claim": "sub"},
        {"client_secret": ""},
        {"trusts_mfa": "yes"},
        {"more": 1},
    ]
    for changes in bad:
        with pytest.raises(UnknownProperty):
            await federate(rt, tenant, **changes)
    await rt.store.write(tenant, lambda tx: remove_provider(tx, "fabrikam.example", principal=SYSTEM_PRINCIPAL))
    with pytest.raises(NotFound):
        await rt.store.write(tenant, lambda tx: remove_provider(tx, "fabrikam.example", principal=SYSTEM_PRINCIPAL))
    without = {name: value for name, value in SETTINGS.items() if name != "client_secret"}
    with pytest.raises(UnknownProperty):
        await rt.store.write(tenant, lambda tx: set_provider(tx, without, principal=SYSTEM_PRINCIPAL))


async def test_the_secret_is_kept_sealed_and_a_visit_too(rt, browser, tenant, ada):
    """Neither the database nor the log nor an answer shows it; it stays when other settings change."""
    await leave(browser)
    rows = await rt.store.read(tenant, lambda tx: [*tx.all(federation.select()), *tx.all(outside_visit.select())])
    log = await rt.store.read(tenant, lambda tx: [(entry.what, entry.why) for entry in entries(tx)])
    assert SECRET not in str(rows) + str(log)
    assert ADA not in str(rows)
    without = {name: value for name, value in SETTINGS.items() if name != "client_secret"} | {"claim": "upn"}
    await rt.store.write(tenant, lambda tx: set_provider(tx, without, principal=SYSTEM_PRINCIPAL))
    assert len(await rt.store.read(tenant, lambda tx: tx.all(federation.select()))) == 1


async def test_administrators_read_and_change_the_providers(rt, tenant):
    """``/taxiway/federation``: PUT, GET, DELETE; no secret comes back; others get 401, 403; Graph sees the domain."""
    admin = await person(rt, tenant, "root", directory.GLOBAL_ADMINISTRATOR)
    nobody = await person(rt, tenant, "plain")
    transport = httpx.ASGITransport(Door(app.people_routes(rt), rt.entropy), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="https://localhost:8443") as client:

        async def call(method, who, path="/taxiway/federation", **more):
            headers = {"authorization": f"Bearer {await mint(rt, tenant, who['id'])}"} if who else {}
            return await client.request(method, path, headers=headers, **more)

        assert (await call("GET", None)).status_code == 401
        assert (await call("GET", nobody)).status_code == 403
        assert (await call("PUT", nobody, json=SETTINGS)).status_code == 403
        assert (await call("PUT", admin, json=[])).status_code == 400
        assert (await call("PUT", admin, json={**SETTINGS, "issuer": "ftp://x"})).status_code == 400
        found = (await call("PUT", admin, json={**SETTINGS, "claim": "upn"})).json()
        assert found["redirect_uri"] == f"https://localhost:8443/{tenant}/federation/oauth2"
        assert [one["claim"] for one in found["providers"]] == ["upn"]
        assert SECRET not in (await call("GET", admin)).text
        shown = (await call("GET", admin, "/v1.0/domains/fabrikam.example")).json()
        assert shown["authenticationType"] == "Federated"
        gone = await call("DELETE", admin, params={"domain": "fabrikam.example"})
        assert gone.json()["providers"] == []
        for domain, status in (("fabrikam.example", 404), ("\x00", 400), ("", 404)):
            assert (await call("DELETE", admin, params={"domain": domain})).status_code == status
        shown = (await call("GET", admin, "/v1.0/domains/fabrikam.example")).json()
        assert shown["authenticationType"] == "Managed"


# ------------------------------------------------------------------------------------------------- a second instance


@pytest.fixture
async def second(clock, keys, tmp_path, rt):
    """Another instance, with a database and addresses of its own, where fabrikam.example is at home."""
    engine = open_engine(f"sqlite:///{tmp_path}/second.db", synchronous="OFF")
    metadata.create_all(engine)
    entropy = SystemEntropy()
    ring = KeyRing.open(tmp_path / "second" / "ring.json", entropy)
    store = Store(engine, clock=clock, entropy=entropy, ring=ring, followers=app.followers())
    urls = Urls(people="https://login.fabrikam.example", devices="https://devices.fabrikam.example")
    blobs = Blobs(tmp_path / "second-blobs", entropy)
    made = Runtime(store=store, clock=clock, entropy=entropy, workers=rt.workers, keys=keys, blobs=blobs, urls=urls)
    await pki.make_authorities(made)
    yield made
    store.close()


async def test_a_second_instance_is_the_provider(rt, tenant, ada, second):
    """The whole way, unmodified on both ends: our page, their page, their code and id_token, our code and token."""
    home = second.entropy.uuid()
    await second.store.write(
        home, lambda tx: directory.create_tenant(tx, display_name="Fabrikam", domain="fabrikam.example")
    )
    await make_user(second, home, ADA, "Another-secret-9-here")
    back = f"https://localhost:8443/{tenant}/federation/oauth2"
    client = await make_application(second, home, web={"redirectUris": [back]})
    issuer = f"https://login.fabrikam.example/{home}/v2.0"
    await federate(rt, tenant, issuer=issuer, client_id=client.id, client_secret=client.secret, claim="upn")
    door = httpx.ASGITransport(Door(routes(second), second.entropy))
    here, there = Browser(replace(rt, outside=door), tenant), Browser(second, home)
    there.http = httpx.AsyncClient(transport=door, base_url="https://login.fabrikam.example")

    url = config_of(await here.login(await here.authorize(login_hint=ADA), upn=ADA))["FederationRedirectUrl"]
    their_page = await there.http.get(url)
    assert config_of(their_page)["sPOST_Username"] == ADA
    their_answer = await there.login(their_page, upn=ADA, password="Another-secret-9-here")
    assert their_answer.headers["location"].startswith(f"{back}?")
    done = await here.http.get(their_answer.headers["location"])
    claims = claims_of((await here.redeem(ended(done)["code"])).json()["access_token"])
    assert (claims["upn"], claims["amr"], claims["tid"]) == (ADA, ["fed"], tenant)
    assert ended(done)["state"] == "s 1"
    await here.http.aclose()
    await there.http.aclose()
