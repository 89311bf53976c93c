"""How an application proves itself, and what its token says (03 sections 4.2, 5.1 and 15.7)."""

from __future__ import annotations

import base64
import json
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding

from signin.conftest import CHALLENGE, CLI, GRAPH, VERIFIER, claims_of
from support.applications import Certificate, api, b64url, make_application, role
from taxiway import directory, signin
from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.signin.client_assertions import BEARER

pytestmark = pytest.mark.anyio

CALLBACK = "https://app.example/callback"
LOCAL = "http://localhost"


async def own(browser, app, *, scope=f"{GRAPH}/.default", **form):
    """The client credentials grant; the reply."""
    form = {"grant_type": "client_credentials", "client_id": app.id, "scope": scope, **form}
    return (await browser.token(version="/v2.0", **form)).json()


async def redeemed(browser, app, *, uri=CALLBACK, scope="User.Read", headers=None, **form):
    """A whole sign-in at an application; the reply of the token endpoint."""
    code = await browser.code(client_id=app.id, redirect_uri=uri, resource=None, scope=scope, version="/v2.0")
    form = {
        "grant_type": "authorization_code",
        "client_id": app.id,
        "code": code,
        "redirect_uri": uri,
        "code_verifier": VERIFIER,
        **form,
    }
    return (await browser.token(version="/v2.0", headers=headers, **form)).json()


# ------------------------------------------------------------------------------------------------- secrets


async def test_15_07_a_secret_has_256_bits_and_is_kept_as_a_hash(rt, tenant):
    """What is stored does not hold the secret."""
    app = await make_application(rt, tenant)
    rows = await rt.store.read(tenant, lambda tx: signin.secrets_of(tx, [app.row["id"]]))
    assert len(app.secret) == 43
    assert app.secret not in repr(rows)


async def test_15_07_a_secret_runs_out_and_can_be_removed(rt, browser, tenant, clock):
    """An expired secret has its own code; a removed one is a wrong one; another one goes on."""
    app = await make_application(rt, tenant)

    def second(tx):
        return signin.add_secret(tx, app.row, principal=SYSTEM_PRINCIPAL, ends=tx.now + timedelta(days=900))

    row, other = await rt.store.write(tenant, second)
    clock.advance(181 * 86400)
    assert (await own(browser, app, client_secret=app.secret))["error_codes"] == [7000222]
    assert "access_token" in await own(browser, app, client_secret=other)
    await rt.store.write(tenant, lambda tx: signin.remove_secret(tx, app.row, row["id"], principal=SYSTEM_PRINCIPAL))
    assert (await own(browser, app, client_secret=other))["error_codes"] == [7000215]


async def test_15_07_the_secret_of_another_application_proves_nothing(rt, browser, tenant):
    """Each client has its own."""
    app, other = await make_application(rt, tenant), await make_application(rt, tenant, name="Other")
    assert (await own(browser, app, client_secret=other.secret))["error_codes"] == [7000215]


async def test_a_secret_comes_in_the_header_too(rt, browser, tenant):
    """HTTP Basic, and ``appidacr`` 1."""
    app = await make_application(rt, tenant)
    form = {"grant_type": "client_credentials", "scope": f"{GRAPH}/.default"}
    answer = await browser.http.post(f"/{tenant}/oauth2/v2.0/token", data=form, auth=(app.id, app.secret))
    assert claims_of(answer.json()["access_token"])["appidacr"] == "1"


async def test_15_07_a_public_client_sends_no_credential(rt, browser, tenant, user):
    """Neither a first-party one nor one of the tenant; without one it cannot act for itself."""
    app = await make_application(rt, tenant, public_client={"redirectUris": [LOCAL]}, scopes="User.Read")
    sent = await redeemed(browser, app, uri=LOCAL, client_secret=app.secret)
    assert sent["error_codes"] == [700025]
    assert (await own(browser, app))["error_codes"] == [7000218]
    cli = {"grant_type": "client_credentials", "client_id": CLI, "scope": f"{GRAPH}/.default", "client_secret": "x"}
    assert (await browser.token(version="/v2.0", **cli)).json()["error_codes"] == [700025]


async def test_a_disabled_or_missing_service_principal_gets_no_token(rt, browser, tenant):
    """7000112 and 7000229; and the token of before opens nothing any more."""
    app = await make_application(rt, tenant)
    token = (await own(browser, app, client_secret=app.secret))["access_token"]
    assert (await signin.verify_token(rt, token, audiences=[GRAPH])).oid == app.principal["id"]

    def switch(tx):
        changes = {"account_enabled": False}
        directory.update_service_principal(tx, app.principal["id"], changes, principal=SYSTEM_PRINCIPAL)

    await rt.store.write(tenant, switch)
    assert (await own(browser, app, client_secret=app.secret))["error_codes"] == [7000112]
    with pytest.raises(signin.TokenRefused, match="switched off"):
        await signin.verify_token(rt, token, audiences=[GRAPH])
    await rt.store.write(
        tenant,
        lambda tx: directory.delete_service_principal(tx, app.principal["id"], principal=SYSTEM_PRINCIPAL),
    )
    assert (await own(browser, app, client_secret=app.secret))["error_codes"] == [7000229]


# ---------------------------------------------------------------------------------------------- assertions


@pytest.fixture
def certificate(keys, clock):
    return Certificate(keys.rsa(), clock.now())


@pytest.fixture
async def automation(rt, tenant, certificate):
    """An application with a certificate, that may read devices."""
    return await make_application(rt, tenant, roles=["Device.Read.All"], key_credentials=[certificate.credential])


def assertion(rt, tenant, app, **changes):
    """The claims of a good assertion, or of one that is wrong in what is changed."""
    now = int(rt.clock.now().timestamp())
    claims = {
        "iss": app.id,
        "sub": app.id,
        "aud": f"{rt.urls.login}/{tenant}/oauth2/v2.0/token",
        "jti": rt.entropy.uuid(),
        "nbf": now,
        "exp": now + 600,
        **changes,
    }
    return {name: value for name, value in claims.items() if value is not None}


async def proved(browser, app, signed, **form):
    """The client credentials grant by an assertion; the reply."""
    return await own(browser, app, client_assertion=signed, client_assertion_type=BEARER, **form)


@pytest.mark.parametrize("alg", ["RS256", "PS256", "ES256"])
async def test_a_certificate_proves_an_application(rt, browser, tenant, keys, clock, alg):
    """Each algorithm with the key of its kind; ``appidacr`` is 2."""
    key = ec.generate_private_key(ec.SECP256R1()) if alg == "ES256" else keys.rsa()
    certificate = Certificate(key, clock.now())
    app = await make_application(rt, tenant, roles=["Device.Read.All"], key_credentials=[certificate.credential])
    reply = await proved(browser, app, certificate.sign(assertion(rt, tenant, app), alg=alg))
    claims = claims_of(reply["access_token"])
    assert (claims["appidacr"], claims["roles"]) == ("2", ["Device.Read.All"])


@pytest.mark.parametrize("name", ["x5t", "x5t#S256", "kid", "hex kid"])
async def test_the_header_names_the_certificate_in_several_ways(rt, browser, tenant, automation, certificate, name):
    """As the libraries differ in it."""
    header = {
        "x5t": {"x5t": b64url(certificate.thumbprint())},
        "x5t#S256": {"x5t#S256": b64url(certificate.thumbprint(hashes.SHA256()))},
        "kid": {"kid": b64url(certificate.thumbprint())},
        "hex kid": {"kid": certificate.thumbprint().hex().upper()},
    }[name]
    signed = certificate.sign(assertion(rt, tenant, automation), header=header)
    assert "access_token" in await proved(browser, automation, signed)


async def test_an_assertion_may_carry_padding_and_its_certificate(rt, browser, tenant, automation, certificate):
    """As azure-identity and MSAL send it: `=` at each part and at the thumbprint, and the certificate in the header."""
    thumbprint = base64.urlsafe_b64encode(certificate.thumbprint(hashes.SHA256())).decode()
    header = {"alg": "RS256", "x5t#S256": thumbprint, "x5c": [automation.row["key_credentials"][0]["key"]]}
    parts = [json.dumps(part).encode() for part in (header, assertion(rt, tenant, automation))]
    text = b".".join(map(base64.urlsafe_b64encode, parts))
    signature = certificate.key.sign(text, padding.PKCS1v15(), hashes.SHA256())
    signed = b".".join((text, base64.urlsafe_b64encode(signature))).decode()
    assert signed.endswith("=")
    assert "access_token" in await proved(browser, automation, signed)


@pytest.mark.parametrize(
    "audience",
    ["{login}/{tenant}/oauth2/token", "{login}/{tenant}/v2.0", "https://sts.windows.net/{tenant}/", "domain"],
)
async def test_an_assertion_names_the_endpoint_or_the_issuer(rt, browser, tenant, automation, certificate, audience):
    """The token endpoint of either version, the issuer, and the tenant as the client spelled it."""
    segment = "contoso.example" if audience == "domain" else tenant
    audience = audience.replace("domain", "{login}/contoso.example/oauth2/v2.0/token")
    claims = assertion(rt, tenant, automation, aud=audience.format(login=rt.urls.login, tenant=tenant))
    reply = await proved(browser, automation, certificate.sign(claims), segment=segment)
    assert "access_token" in reply


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"aud": "https://login.example/token"}, 700027),
        ({"aud": None}, 700027),
        ({"aud": [7]}, 700027),
        ({"iss": "00000000-0000-0000-0000-000000000000"}, 700027),
        ({"sub": None}, 700027),
        ({"jti": None}, 700027),
        ({"jti": ""}, 700027),
        ({"jti": "\ud800"}, 700027),
        ({"jti": "a\0b"}, 700027),
        ({"jti": "x" * 257}, 700027),
        ({"exp": None}, 700024),
        ({"exp": "soon"}, 700024),
        ({"exp": 1e300}, 700024),
        ({"exp": -60}, 700024),
        ({"exp": 1920}, 700024),
        ({"nbf": 120}, 700024),
    ],
)
async def test_15_07_an_assertion_is_for_here_and_now(rt, browser, tenant, automation, certificate, changes, code):
    """Another party, another audience, no id, too old, too new, too long: each refused by name."""
    now = int(rt.clock.now().timestamp())
    times = {name: now + value for name, value in changes.items() if name in ("exp", "nbf") and isinstance(value, int)}
    claims = assertion(rt, tenant, automation, **{**changes, **times})
    assert (await proved(browser, automation, certificate.sign(claims)))["error_codes"] == [code]


async def test_15_07_an_assertion_is_good_once(rt, browser, tenant, automation, certificate):
    """The same ``jti`` is refused, and a new one goes through."""
    signed = certificate.sign(assertion(rt, tenant, automation))
    assert "access_token" in await proved(browser, automation, signed)
    assert (await proved(browser, automation, signed))["error_codes"] == [700024]
    again = certificate.sign(assertion(rt, tenant, automation))
    assert "access_token" in await proved(browser, automation, again)


@pytest.mark.parametrize("forged", ["none", "hs256", "stranger", "unnamed", "rubbish", "cut", "large", "deep"])
async def test_15_07_a_forged_assertion_proves_nothing(rt, browser, tenant, automation, certificate, keys, forged):
    """No signature, the public key as a secret, another key, no key named, and what is no JWT at all."""
    claims = assertion(rt, tenant, automation)
    signed = certificate.sign(claims)
    x5t = {"x5t": b64url(certificate.thumbprint())}
    sent = {
        "none": certificate.sign(claims, alg="none"),
        "hs256": certificate.sign(claims, alg="HS256"),
        "stranger": Certificate(keys.rsa(), rt.clock.now()).sign(claims, header=x5t),
        "unnamed": certificate.sign(claims, header={}),
        "rubbish": "a.b.c",
        "cut": signed[:-8],
        "large": signed + "A" * 20_000,
        "deep": "eyJh" * 9000 + "." + signed.partition(".")[2],
    }[forged]
    assert (await proved(browser, automation, sent))["error_codes"] == [700027]


async def test_15_07_a_certificate_runs_out(rt, browser, tenant, keys, clock):
    """A key that is over proves nothing."""
    certificate = Certificate(keys.rsa(), clock.now(), days=10)
    app = await make_application(rt, tenant, key_credentials=[certificate.credential])
    clock.advance(11 * 86400)
    signed = certificate.sign(assertion(rt, tenant, app))
    assert (await proved(browser, app, signed))["error_codes"] == [700027]


async def test_the_password_grant_is_refused_before_a_credential_is_looked_at(
    rt, browser, tenant, automation, certificate
):
    """It is for seeded clients only, so an application's assertion is neither checked nor spent."""
    signed = certificate.sign(assertion(rt, tenant, automation))
    form = {"username": "ada@contoso.example", "password": "x", "grant_type": "password"}
    assert (await proved(browser, automation, signed, **form))["error_codes"] == [70003]
    assert "access_token" in await proved(browser, automation, signed)


async def test_one_credential_is_enough(rt, browser, tenant, automation, certificate):
    """Two at once and an unknown kind of assertion are malformed."""
    signed = certificate.sign(assertion(rt, tenant, automation))
    both = await proved(browser, automation, signed, client_secret=automation.secret)
    assert both["error_codes"] == [9002313]
    other = await own(browser, automation, client_assertion=signed, client_assertion_type="saml")
    assert other["error_codes"] == [9002313]


# ----------------------------------------------------------------------------------- kinds of redirect URI


async def test_a_web_application_redeems_with_its_secret(rt, browser, tenant, user):
    """Without it a code is worth nothing, nor is the refresh token later."""
    app = await make_application(rt, tenant, web={"redirectUris": [CALLBACK]}, scopes="User.Read")
    assert (await redeemed(browser, app))["error_codes"] == [7000218]
    reply = await redeemed(browser, app, scope="User.Read offline_access", client_secret=app.secret)
    assert claims_of(reply["access_token"])["appidacr"] == "1"
    form = {"grant_type": "refresh_token", "client_id": app.id, "refresh_token": reply["refresh_token"]}
    assert (await browser.token(version="/v2.0", **form)).json()["error_codes"] == [7000218]
    again = (await browser.token(version="/v2.0", **form, client_secret=app.secret)).json()
    assert claims_of(again["access_token"])["scp"] == "User.Read"


async def test_the_kind_of_the_redirect_uri_says_what_an_application_is(rt, browser, tenant, user):
    """One application with both kinds: what a server got with its secret is not renewed without it."""
    app = await make_application(
        rt,
        tenant,
        web={"redirectUris": [CALLBACK]},
        public_client={"redirectUris": [LOCAL]},
        scopes="User.Read",
    )
    public = await redeemed(browser, app, uri=f"{LOCAL}:4711")
    assert claims_of(public["access_token"])["appidacr"] == "0"
    assert (await redeemed(browser, app))["error_codes"] == [7000218]
    reply = await redeemed(browser, app, scope="User.Read offline_access", client_secret=app.secret)
    form = {"grant_type": "refresh_token", "client_id": app.id, "refresh_token": reply["refresh_token"]}
    assert (await browser.token(version="/v2.0", **form)).json()["error_codes"] == [7000218]


async def test_a_page_redeems_across_origins(rt, browser, tenant, user, clock):
    """A single-page application sends its origin and is answered for any; its refresh token lives a day."""
    app = await make_application(
        rt,
        tenant,
        spa={"redirectUris": [CALLBACK]},
        web={"redirectUris": ["https://app.example/web"]},
        scopes="User.Read",
    )
    page = {"origin": "https://app.example"}
    assert (await redeemed(browser, app))["error_codes"] == [9002327]
    other = await redeemed(browser, app, uri="https://app.example/web", headers=page, client_secret=app.secret)
    assert other["error_codes"] == [9002326]
    reply = await redeemed(browser, app, scope="User.Read offline_access", headers=page)
    form = {"grant_type": "refresh_token", "client_id": app.id, "refresh_token": reply["refresh_token"]}
    clock.advance(20 * 3600)
    again = await browser.token(version="/v2.0", headers=page, **form)
    assert again.headers["access-control-allow-origin"] == "*"
    clock.advance(5 * 3600)
    late = await browser.token(version="/v2.0", headers=page, **form | {"refresh_token": again.json()["refresh_token"]})
    assert late.json()["error_codes"] == [70008]
    assert late.headers["access-control-allow-origin"] == "*"


async def test_15_03_a_public_client_of_the_tenant_needs_a_challenge(rt, browser, tenant, user):
    """A fallback public client too."""
    app = await make_application(rt, tenant, is_fallback_public_client=True, web={"redirectUris": [CALLBACK]})
    page = await browser.authorize(
        client_id=app.id, redirect_uri=CALLBACK, resource=None, scope="openid", code_challenge=None
    )
    assert "error=invalid_request" in page.headers["location"]
    assert CHALLENGE not in page.headers["location"]


# ------------------------------------------------------------------------------------------------- tokens


async def test_a_resource_chooses_the_version_of_its_tokens(rt, browser, tenant, user):
    """Version 2: the app id as audience, the v2 issuer, ``azp``, ``preferred_username``; the v1 names are absent."""
    resource = await make_application(
        rt, tenant, name="Api", identifier_uris=["api://orders"], api=api("Orders.Read", version=2)
    )
    app = await make_application(
        rt, tenant, web={"redirectUris": [CALLBACK]}, scopes="Orders.Read", resource=resource.id
    )
    reply = await redeemed(browser, app, scope="api://orders/Orders.Read", client_secret=app.secret)
    claims = claims_of(reply["access_token"])
    assert claims["iss"] == f"{rt.urls.login}/{tenant}/v2.0"
    assert (claims["aud"], claims["azp"], claims["azpacr"]) == (resource.id, app.id, "1")
    assert (claims["ver"], claims["scp"]) == ("2.0", "Orders.Read")
    assert claims["preferred_username"] == user["user_principal_name"]
    assert not {"appid", "appidacr", "acr", "unique_name"} & claims.keys()
    assert await signin.verify_token(rt, reply["access_token"], audiences=[resource.id])


async def test_an_application_has_the_roles_it_was_given_at_that_resource(rt, browser, tenant):
    """Those of one resource never stand in a token for another; one without any has no ``roles``."""
    resource = await make_application(
        rt, tenant, name="Api", identifier_uris=["api://orders"], app_roles=[role("Orders.Write")]
    )
    app = await make_application(rt, tenant, roles=["Orders.Write"], resource=resource.id)
    mine = claims_of((await own(browser, app, scope="api://orders/.default", client_secret=app.secret))["access_token"])
    assert (mine["roles"], mine["oid"], mine["sub"]) == (
        ["Orders.Write"],
        app.principal["id"],
        app.principal["id"],
    )
    graph = claims_of((await own(browser, app, client_secret=app.secret))["access_token"])
    assert "roles" not in graph


# --------------------------------------------------------------------------------------- family of clients


async def test_the_family_of_clients_is_behind_a_switch(rt, browser, tenant, user, clock):
    """Off: a refresh token is its client's alone. On: another of the family may use it, and its owner goes on."""
    portal, office = "9ba1a5c7-f17a-4de9-a1f1-6178c8d51223", "d3590ed6-52b3-4102-aeff-aad2292ab01c"
    uri = f"ms-appx-web://Microsoft.AAD.BrokerPlugin/{portal}"
    first = (
        await browser.redeem(
            await browser.code(client_id=portal, redirect_uri=uri, resource=GRAPH),
            client_id=portal,
            redirect_uri=uri,
            resource=GRAPH,
        )
    ).json()
    assert "foci" not in first
    form = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"], "resource": GRAPH}
    assert (await browser.token(**form, client_id=office)).json()["error_codes"] == [70000]
    await rt.store.write(tenant, lambda tx: signin.update_signin_policy(tx, {"foci": True}, principal=SYSTEM_PRINCIPAL))
    lent = (await browser.token(**form, client_id=office)).json()
    assert (lent["foci"], claims_of(lent["access_token"])["appid"]) == ("1", office)
    assert (await browser.token(**form, client_id=CLI)).json()["error_codes"] == [70000]
    clock.advance(120)
    mine = (await browser.token(**form, client_id=portal)).json()
    assert mine["foci"] == "1"
    clock.advance(120)
    assert (await browser.token(**form, client_id=office)).json()["error_codes"] == [50173]
