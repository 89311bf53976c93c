"""What clients discover before they sign in (03 section 2)."""

from __future__ import annotations

import pytest

from signin.conftest import UPN, config_of

pytestmark = pytest.mark.anyio


async def get(browser, path, **params):
    return (await browser.http.get(path, params=params)).json()


async def test_metadata_by_domain_names_the_tenant(browser, tenant):
    """A domain is accepted wherever a GUID is, and every URL carries the GUID."""
    v1 = await get(browser, "/contoso.example/.well-known/openid-configuration")
    v2 = await get(browser, f"/{tenant}//v2.0/.well-known/openid-configuration")
    assert v1["issuer"] == f"https://sts.windows.net/{tenant}/"
    assert v2["issuer"] == f"https://localhost:8443/{tenant}/v2.0"
    assert v1["token_endpoint"] == f"https://localhost:8443/{tenant}/oauth2/token"
    assert v2["token_endpoint"] == f"https://localhost:8443/{tenant}/oauth2/v2.0/token"
    assert v2["capabilities"] == ["kdf_ver2"]


async def test_common_leaves_the_tenant_open_and_an_unknown_one_is_named(browser, tenant):
    """``common`` carries the placeholder that MSAL replaces; ``consumers`` and strangers are 90002."""
    common = await get(browser, "/common/v2.0/.well-known/openid-configuration")
    assert common["issuer"] == "https://localhost:8443/{tenantid}/v2.0"
    for name in ("consumers", "nobody.example"):
        answer = await browser.http.get(f"/{name}/.well-known/openid-configuration")
        assert (answer.status_code, answer.json()["error_codes"]) == (400, [90002])


async def test_every_key_set_holds_the_signing_key(browser, tenant):
    """Three addresses, one key set; v2 names the issuer."""
    sets = [
        await get(browser, path)
        for path in ("/common/discovery/keys", f"/{tenant}/discovery/keys", f"/{tenant}/discovery/v2.0/keys")
    ]
    assert len({one["keys"][0]["kid"] for one in sets}) == 1
    assert sets[2]["keys"][0]["issuer"] == f"https://localhost:8443/{tenant}/v2.0"
    assert "d" not in sets[0]["keys"][0]


async def test_only_our_own_host_is_an_instance(browser):
    """Another authority is refused, so that MSAL does not send anything there in our name."""
    path, name = "/common/discovery/instance", "authorization_endpoint"
    ours = await get(browser, path, **{name: "https://localhost:8443/common/oauth2/v2.0/authorize"})
    assert ours["tenant_discovery_endpoint"] == "https://localhost:8443/common/v2.0/.well-known/openid-configuration"
    for url in ("https://evil.example/common/oauth2/authorize", "https://[", ""):
        answer = await browser.http.get(path, params={name: url})
        assert answer.status_code == 400


async def test_15_08_realm_and_credential_type_do_not_tell_whether_a_name_exists(browser, user):
    """Only the domain decides."""
    for path in ("/common/UserRealm/{}?api-version=1.0", "/common/userrealm/{}?api-version=2.1"):
        known, unknown = [(await browser.http.get(path.format(n))).text for n in (UPN, "xyz@contoso.example")]
        assert known.replace(UPN, "") == unknown.replace("xyz@contoso.example", "")
        assert "Managed" in known
    assert (await get(browser, "/common/userrealm/a@nobody.example"))["account_type"] == "Unknown"
    kinds = [
        (await browser.http.post("/common/GetCredentialType?mkt=en-US", json={"username": name})).json()
        for name in (UPN, "xyz@contoso.example", "a@nobody.example")
    ]
    assert [kind["IfExistsResult"] for kind in kinds] == [0, 0, 1]
    assert kinds[0]["Credentials"] == kinds[1]["Credentials"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"username":7}'])
async def test_a_malformed_credential_type_request_is_a_400(browser, body):
    """A named error, never a 500."""
    assert (await browser.http.post("/common/GetCredentialType", content=body)).status_code == 400


async def test_an_error_says_code_correlation_and_where_to_read_more(browser, user, tenant):
    """The error object; its address explains the code."""
    cid = "12345678-1234-4234-8234-123456789abc"
    answer = await browser.token(grant_type="magic", client_id="x", headers={"client-request-id": cid})
    body = answer.json()
    assert (answer.status_code, body["error"], body["error_codes"]) == (400, "unsupported_grant_type", [70003])
    assert body["correlation_id"] == cid
    assert body["error_description"].startswith("AADSTS70003: ")
    assert "AADSTS70003" in (await browser.http.get(body["error_uri"])).text


async def test_userinfo_tells_who_the_bearer_is(browser, user):
    """By a Graph token; anything else is 401."""
    code = await browser.code(resource="https://graph.microsoft.com")
    reply = (await browser.redeem(code, resource="https://graph.microsoft.com")).json()
    headers = {"authorization": f"Bearer {reply['access_token']}"}
    assert (await browser.http.get("/oidc/userinfo", headers=headers)).json()["preferred_username"] == UPN
    headers = {"authorization": f"Bearer {reply['id_token']}"}
    assert (await browser.http.get("/oidc/userinfo", headers=headers)).status_code == 401


async def test_15_20_a_nul_is_refused_by_name_wherever_a_name_is_read(browser, user, tenant):
    """PostgreSQL does not even compare such a text: the refusal has to come before it is asked."""
    for path in ("/%00/oauth2/authorize", f"/{tenant}/branding/%00", "/%00/branding/00", "/common/userrealm/a@%00"):
        assert (await browser.http.get(path)).status_code < 500, path
    for name in ("a\x00@contoso.example", "a@contoso\x00.example"):
        answer = await browser.http.post("/common/GetCredentialType", json={"username": name})
        assert answer.status_code < 500
        page = await browser.authorize(login_hint=None)
        assert config_of(await browser.login(page, upn=name))["sErrorCode"] == "9002313"
    answer = await browser.authorize(login_hint="\x00")
    assert (answer.status_code, answer.text.count("NUL")) == (400, 1), "the door refuses such an address"
    answer = await browser.http.get(f"/{tenant}/federation/oauth2", params={"state": "\x00", "iss": "\x00"})
    assert (answer.status_code, answer.text.count("NUL")) == (400, 1)
