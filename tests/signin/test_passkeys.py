"""Passkeys: registering one on the page, signing in with it, and what is refused (03 sections 3.5, 5.3 and 15.8)."""

from __future__ import annotations

import json

import httpx
import pytest

from signin.conftest import CLI, GRAPH, UPN, answer_of, claims_of, config_of, make_user, register
from support.authenticator import UP, Authenticator, b64
from support.graph_client import Graph, mint, person
from taxiway import app, directory, signin
from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.doors import Door

pytestmark = pytest.mark.anyio


async def require_factor(rt, tenant):
    """Joining takes a second factor."""
    require = {"mfa_required": True}
    await rt.store.write(tenant, lambda tx: directory.update_registration_policy(tx, SYSTEM_PRINCIPAL, require))


async def create(browser, page, key, **changes):
    """Hand in a new passkey."""
    form = {"type": "23", "ps": "23", "attestation": key.create(config_of(page), **changes)}
    return await browser.post({**config_of(page), "urlPost": "/common/proofup"}, **form)


async def present(browser, page, key, **changes):
    """Hand in the answer of a passkey, where the page says."""
    config = config_of(page)
    form = {"type": "23", "ps": "23", "assertion": key.get(config, **changes)}
    return await browser.post({**config, "urlPost": config["urlFidoLogin"]}, **form)


@pytest.fixture
async def key(rt, browser, user, tenant):
    """A passkey, registered in place of an authenticator app; nothing asks for a second factor afterwards."""
    await require_factor(rt, tenant)
    key = Authenticator()
    page = await browser.login(await browser.authorize())
    shown = await create(browser, page, key)
    assert len(config_of(shown)["arrRecoveryCodes"]) == 10
    assert answer_of(await browser.post(shown))["code"]
    away = {"mfa_required": False}
    await rt.store.write(tenant, lambda tx: directory.update_registration_policy(tx, SYSTEM_PRINCIPAL, away))
    browser.http.cookies.clear()
    return key


def code_of(page):
    config = config_of(page)
    return config["pgid"], config["sErrorCode"]


async def passkeys(browser, user):
    return await browser.rt.store.read(browser.tenant, lambda tx: signin.passkeys_of(tx, user["id"]))


async def test_a_passkey_signs_in_without_name_or_password(browser, user, key):
    """The first page names no passkey and takes any; the token says ``fido`` and ``mfa``."""
    page = await browser.authorize(login_hint=None, segment="common")
    assert config_of(page)["arrFidoAllowList"] == []
    reply = (await browser.redeem(answer_of(await present(browser, page, key))["code"])).json()
    claims = claims_of(reply["access_token"])
    assert (claims["upn"], claims["amr"]) == (UPN, ["fido", "mfa", "ngcmfa"])
    [row] = await passkeys(browser, user)
    assert (row["sign_count"], row["used_at"]) == (key.counter, browser.rt.clock.now())


async def test_r021_a_passkey_is_a_second_factor_too(browser, user, key):
    """After the password the page asks for the person's own passkey, because the account has one."""
    page = await browser.login(await browser.authorize())
    config = config_of(page)
    assert (config["pgid"], config["arrFidoAllowList"]) == ("ConvergedTFA", [b64(key.credential_id)])
    assert "FidoKey" in [proof["authMethodId"] for proof in config["arrUserProofs"]]
    assert "Use your passkey" in page.text
    assert answer_of(await present(browser, page, key, userHandle=None))["code"]


async def test_the_passkey_of_somebody_else_is_no_second_factor(rt, browser, user, key, tenant):
    """Whoever gave the password has to show a passkey of their own."""
    eve = await make_user(rt, tenant, "eve@contoso.example")
    await require_factor(rt, tenant)
    other = Authenticator(credential_id=b"passkey-eve")
    page = await browser.login(await browser.authorize(login_hint=None), upn="eve@contoso.example")
    await create(browser, page, other)
    assert len(await passkeys(browser, eve)) == 1
    page = await browser.login(await browser.authorize())
    assert code_of(await present(browser, page, other)) == ("ConvergedTFA", "500121")


LIES = {
    "another site": {"rp_id": "evil.example"},
    "another origin": {"origin": "https://evil.example"},
    "another port": {"origin": "https://localhost:8444"},
    "nobody verified": {"flags": UP},
    "nobody present": {"flags": 0},
    "counter goes back": {"counter": -2},
}


@pytest.mark.parametrize("lie", LIES)
async def test_a_passkey_that_lies_is_refused(browser, user, key, lie):
    """Relying party, origin, presence, verification and counter: one wrong is enough, and the log says which."""
    page = await browser.authorize()
    for name, value in LIES[lie].items():
        setattr(key, name, getattr(key, name) + value if name == "counter" else value)
    if lie == "counter goes back":
        key.counter = 0
    assert code_of(await present(browser, page, key)) == ("ConvergedSignIn", "500121")
    assert ("signin.refused", ["passkey_refused"]) in await browser.log()


async def test_another_key_or_another_challenge_is_refused(browser, user, key):
    """The signature is by the registered key over this page's challenge."""
    page = await browser.authorize()
    stranger = Authenticator(counter=50)
    stranger.handle = key.handle
    assert code_of(await present(browser, page, stranger))[1] == "500121"
    earlier, page = page, await browser.authorize()
    config = config_of(page)
    form = {"type": "23", "assertion": key.get(config_of(earlier))}
    refused = await browser.post({**config, "urlPost": config["urlFidoLogin"]}, **form)
    assert code_of(refused) == ("ConvergedSignIn", "500121")


async def test_a_challenge_is_good_once(browser, user, key):
    """The same answer a second time, on the same page in the same browser, opens nothing."""
    key.counter = 0
    page = await browser.authorize()
    config = config_of(page)
    form = {"type": "23", "assertion": key.get(config)}
    # A counter of zero never moves, so that nothing but the challenge stands in the way.
    assert (await passkeys(browser, user))[0]["sign_count"] == 1
    await browser.rt.store.write(browser.tenant, lambda tx: tx.execute(_uncounted()))
    cookies = dict(browser.http.cookies)
    assert answer_of(await browser.post({**config, "urlPost": config["urlFidoLogin"]}, **form))["code"]
    browser.http.cookies.clear()
    browser.http.cookies.update(cookies)
    again = await browser.post({**config, "urlPost": config["urlFidoLogin"]}, **form)
    assert code_of(again) == ("ConvergedSignIn", "500121")


def _uncounted():
    from taxiway.signin.passkeys.tables import passkey

    return passkey.update().values(sign_count=0)


async def test_15_08_wrong_answers_lock_the_account(browser, user, key):
    """They count like wrong passwords; a locked account is told so, whatever the answer."""
    stranger = Authenticator(counter=50)
    stranger.handle = key.handle
    for _ in range(10):
        await present(browser, await browser.authorize(), stranger)
    key.counter = 100
    assert code_of(await present(browser, await browser.authorize(), key))[1] == "50053"


async def test_15_08_no_answer_tells_who_has_a_passkey(browser, user, key):
    """GetCredentialType and the page are the same for every name; only the domain decides."""
    kinds = [
        (await browser.http.post("/common/GetCredentialType", json={"username": name})).json()["Credentials"]
        for name in (UPN, "nobody@contoso.example", "a@nobody.example")
    ]
    assert kinds[0] == kinds[1]
    assert (kinds[0]["HasFido"], kinds[0]["FidoParams"]["AllowList"], kinds[0]["PrefCredential"]) == (True, [], 1)
    assert (kinds[2]["HasFido"], kinds[2]["FidoParams"]) == (False, None)
    pages = [config_of(await browser.authorize(login_hint=name)) for name in (UPN, "nobody@contoso.example")]
    assert pages[0]["arrFidoAllowList"] == pages[1]["arrFidoAllowList"] == []


async def test_p31_r106_only_the_assigned_user_signs_in_with_a_passkey(rt, browser, user, key, tenant):
    """On an assigned device the passkey of anybody else is refused."""
    await make_user(rt, tenant, "eve@contoso.example")
    ticket, _ = await register(rt, tenant, user="eve@contoso.example")
    page = await browser.authorize(ticket=ticket)
    assert code_of(await present(browser, page, key)) == ("ConvergedSignIn", "50105")


async def test_r023_a_passkey_of_another_organization_is_refused(rt, browser, user, key):
    """The request names one tenant, the passkey is of another."""
    other = rt.entropy.uuid()
    await rt.store.write(other, lambda tx: directory.create_tenant(tx, display_name="F", domain="fabrikam.example"))
    page = await browser.authorize(segment=other, login_hint=None)
    assert code_of(await present(browser, page, key)) == ("ConvergedSignIn", "50020")


async def test_a_disabled_account_does_not_sign_in_with_a_passkey(rt, browser, user, key, tenant):
    """Nor does a deleted one, whose passkeys are gone for good with the account."""
    await rt.store.write(tenant, lambda tx: directory.update_user(tx, user["id"], {"account_enabled": False}))
    assert code_of(await present(browser, await browser.authorize(), key))[1] == "50057"
    await rt.store.write(tenant, lambda tx: directory.update_user(tx, user["id"], {"account_enabled": True}))
    await rt.store.write(tenant, lambda tx: directory.delete_user(tx, user["id"]))
    assert code_of(await present(browser, await browser.authorize(), key))[1] == "500121"
    await rt.store.write(tenant, lambda tx: directory.purge(tx, user["id"], principal=directory.SYSTEM_PRINCIPAL))
    assert await passkeys(browser, user) == []
    assert code_of(await present(browser, await browser.authorize(), key))[1] == "500121"


async def test_a_signed_in_person_adds_a_passkey(browser, user, key):
    """``/passkeys`` asks for a fresh second factor, lists what is there and takes another."""
    page = await present(browser, await browser.http.get("/passkeys"), key)
    config = config_of(page)
    assert (config["pgid"], config["oNewPasskey"]["exclude"]) == ("ConvergedProofUpRedirect", [b64(key.credential_id)])
    assert "Passkey of " in page.text
    second = Authenticator(credential_id=b"passkey-2")
    shown = await create(browser, page, second)
    assert config_of(shown)["sErrorCode"] == ""
    assert len(await passkeys(browser, user)) == 2
    again = await create(browser, shown, second)
    assert config_of(again)["sErrorCode"] == "500121"
    assert answer_of(await present(browser, await browser.authorize(), second))["code"]


async def test_a_password_alone_adds_no_passkey(browser, user, key):
    """The page of the person's passkeys is behind the second factor, and its step cannot be reached without it."""
    page = await browser.login(await browser.http.get("/passkeys"))
    assert config_of(page)["pgid"] == "ConvergedTFA"
    config = {**config_of(page), "oNewPasskey": {"user": {"id": key.handle}}}
    new = Authenticator(credential_id=b"passkey-3")
    refused = await browser.post({**config, "urlPost": "/common/proofup"}, type="23", attestation=new.create(config))
    assert config_of(refused)["sErrorCode"] == "50089"
    assert len(await passkeys(browser, user)) == 1


@pytest.mark.parametrize("lie", [name for name in LIES if name != "counter goes back"])
async def test_a_passkey_that_lies_is_not_registered(rt, browser, user, tenant, lie):
    """The same checks stand at the registration."""
    await require_factor(rt, tenant)
    key = Authenticator()
    for name, value in LIES[lie].items():
        setattr(key, name, value)
    page = await browser.login(await browser.authorize())
    assert code_of(await create(browser, page, key)) == ("ConvergedProofUpRedirect", "500121")
    assert await passkeys(browser, user) == []


HOSTILE = [
    "",
    "{",
    "[]",
    '{"id": 7}',
    json.dumps({"id": "", "clientDataJSON": "", "authenticatorData": "", "signature": "", "attestationObject": ""}),
    json.dumps(
        {"id": "é", "clientDataJSON": "%", "authenticatorData": "==", "signature": "A", "attestationObject": "_"}
    ),
    json.dumps(
        {
            "id": b64(b"passkey-1"),
            "clientDataJSON": b64(b'{"type":"webauthn.get","challenge":"\\u0000","origin":"\\u0000\\ud800"}'),
            "authenticatorData": b64(bytes(range(256))),
            "signature": b64(b"x" * 300),
            "userHandle": b64(b"u" * 48),
            "attestationObject": b64(b"\xbf\xbf\xbf\x9f\x9f" * 500),
        }
    ),
    "[" * 20_000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
async def test_15_20_hostile_answers_are_refused_by_name(rt, browser, user, tenant, text):
    """Neither an assertion nor an attestation of junk is more than a refusal on the same page."""
    page = config_of(await browser.authorize())
    refused = await browser.post({**page, "urlPost": "/common/login"}, type="23", assertion=text)
    assert code_of(refused) == ("ConvergedSignIn", "500121")
    await require_factor(rt, tenant)
    page = config_of(await browser.login(await browser.authorize()))
    refused = await browser.post({**page, "urlPost": "/common/proofup"}, type="23", attestation=text)
    assert code_of(refused) == ("ConvergedProofUpRedirect", "500121")
    assert await passkeys(browser, user) == []


@pytest.fixture
async def graph(rt, tenant):
    admin = await person(rt, tenant, "root", directory.GLOBAL_ADMINISTRATOR)
    transport = httpx.ASGITransport(Door(app.people_routes(rt), rt.entropy), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="https://localhost:8443") as client:
        yield Graph(rt, client, await mint(rt, tenant, admin["id"]))


async def test_an_administrator_lists_and_removes_passkeys(browser, user, key, graph):
    """``fido2Methods``; with the last one its recovery codes go, and what began with it ends."""
    page = await browser.authorize(client_id=CLI, redirect_uri="http://localhost", resource=GRAPH)
    code = answer_of(await present(browser, page, key))["code"]
    reply = (await browser.redeem(code, client_id=CLI, redirect_uri="http://localhost", resource=GRAPH)).json()
    base = f"/v1.0/users/{user['id']}/authentication"
    [method] = await graph.values(f"{base}/fido2Methods")
    assert (method["attestationLevel"], method["displayName"][:10]) == ("notAttested", "Passkey of")
    assert (await graph.get(f"{base}/fido2Methods/{method['id']}"))["id"] == method["id"]
    kinds = [one["@odata.type"] for one in await graph.values(f"{base}/methods")]
    assert kinds[-1] == "#microsoft.graph.fido2AuthenticationMethod"
    await graph.call("DELETE", f"{base}/fido2Methods/{method['id']}", expect=204)
    await graph.call("DELETE", f"{base}/fido2Methods/{method['id']}", expect=404)
    form = {"grant_type": "refresh_token", "client_id": CLI, "refresh_token": reply["refresh_token"]}
    assert (await browser.token(**form)).json()["error"] == "invalid_grant"
    assert code_of(await present(browser, await browser.authorize(), key))[1] == "500121"
    assert await browser.rt.store.read(browser.tenant, lambda tx: signin.methods_of(tx, user["id"])) == []


async def test_the_page_works_without_its_script(browser, user):
    """The form of the passkey is hidden until the script shows it, and the script bears the page's nonce."""
    page = await browser.authorize()
    nonce = page.headers["content-security-policy"].partition("script-src 'nonce-")[2].partition("'")[0]
    assert f'<script type="module" nonce="{nonce}">' in page.text
    form = page.text[page.text.index('<form id="passkey"') :]
    assert " hidden>" in form[: form.index(">") + 1].replace("\n", " ")
    assert answer_of(await browser.login(page))["code"]
