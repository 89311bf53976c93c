"""One instance under several families of host names: what each says, and what all believe (03 sections 2.4, 12.4)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from signin.conftest import DRS, Browser, claims_of
from taxiway import directory, signin
from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.kernel import Urls
from taxiway.signin import tokens

pytestmark = pytest.mark.anyio

OTHER = Urls(
    people="https://portal.other.example",
    devices="https://mdm.other.example",
    login="https://login.other.example",
    graph="https://graph.other.example",
    login_aliases=("sts.other.example",),
)


@pytest.fixture
async def rt(rt):
    """An instance with a second family; it answers under the first."""
    made = replace(rt, others=(OTHER,))
    await directory.publish_addresses(made)
    return made


@pytest.fixture
async def other(rt, tenant):
    """A browser at the second family."""
    browser = Browser(replace(rt, urls=OTHER, others=(rt.urls, OTHER)), tenant)
    yield browser
    await browser.http.aclose()


async def test_15_14_each_family_has_one_issuer_and_its_own_names(other, browser, tenant):
    """Metadata names the family that was asked, and nothing of the other."""
    path = f"/{tenant}/v2.0/.well-known/openid-configuration"
    ours, theirs = [(await one.http.get(path)).json() for one in (browser, other)]
    assert ours["issuer"] == f"https://localhost:8443/{tenant}/v2.0"
    assert theirs["issuer"] == f"https://login.other.example/{tenant}/v2.0"
    assert theirs["token_endpoint"] == f"https://login.other.example/{tenant}/oauth2/v2.0/token"
    assert theirs["userinfo_endpoint"] == "https://graph.other.example/oidc/userinfo"
    assert "localhost" not in str(theirs)


async def test_an_alias_has_addresses_of_its_own_under_the_issuer_of_its_family(rt, tenant):
    """As login.windows.net answers for login.microsoftonline.com."""
    alias = Browser(replace(rt, urls=replace(OTHER, login="https://sts.other.example")), tenant)
    found = (await alias.http.get(f"/{tenant}/v2.0/.well-known/openid-configuration")).json()
    assert found["issuer"] == f"https://login.other.example/{tenant}/v2.0"
    assert found["token_endpoint"].startswith("https://sts.other.example/")
    await alias.http.aclose()


@pytest.mark.parametrize(
    ("host", "aliases"),
    [
        ("localhost:8443", ["localhost:8443"]),
        ("login.other.example", ["login.other.example", "sts.other.example"]),
        ("STS.other.example", ["login.other.example", "sts.other.example"]),
    ],
)
async def test_instance_discovery_knows_every_login_name_from_every_family(browser, other, host, aliases):
    """The answer stays on the host that was asked about, and keeps v1 apart from v2."""
    for one in (browser, other):
        for flavour in ("", "/v2.0"):
            url = f"https://{host}/common/oauth2{flavour}/authorize"
            query = {"api-version": "1.1", "authorization_endpoint": url}
            found = (await one.http.get("/common/discovery/instance", params=query)).json()
            where = f"https://{host.lower()}/common{flavour}/.well-known/openid-configuration"
            assert found["tenant_discovery_endpoint"] == where
            assert found["metadata"][0]["aliases"] == aliases
            assert found["metadata"][0]["preferred_network"] == aliases[0]


@pytest.mark.parametrize("host", ["graph.other.example", "other.example", "localhost:9", "login.microsoftonline.com"])
async def test_other_hosts_are_no_instance(browser, host):
    """Neither a name of another service nor one that is not configured."""
    query = {"authorization_endpoint": f"https://{host}/common/oauth2/v2.0/authorize"}
    answer = await browser.http.get("/common/discovery/instance", params=query)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_instance")


async def test_an_authority_is_known_without_its_port_too(browser):
    """msal for Python leaves the port out when it asks, and follows the answer, which has it."""
    query = {"authorization_endpoint": "https://localhost/common/oauth2/v2.0/authorize"}
    found = (await browser.http.get("/common/discovery/instance", params=query)).json()
    where = "https://localhost:8443/common/v2.0/.well-known/openid-configuration"
    assert found["tenant_discovery_endpoint"] == where


async def test_a_token_of_one_family_is_good_at_the_other(rt, browser, other, user, tenant):
    """A code of one family redeemed at the other: the token names the family that issued it, and both believe it."""
    reply = (await other.redeem(await browser.code())).json()
    assert claims_of(reply["id_token"])["iss"] == f"https://sts.windows.net/{tenant}/"
    graph = "https://graph.other.example"
    token = (await other.redeem(await other.code(resource=graph), resource=graph)).json()["access_token"]
    body = {**claims_of(token), "ver": "2.0", "azp": "x", "iss": tokens.issuer(OTHER.issuer, tenant, "2.0")}
    for one in (rt, other.rt):
        signed = (await tokens.sign(one, body))[0]
        assert (await signin.verify_token(one, signed, audiences=signin.graph_audiences(one))).tenant == tenant


@pytest.mark.parametrize(
    "issuer", ["https://login.microsoftonline.com", "https://sts.other.example", "https://localhost"]
)
async def test_15_14_an_issuer_that_is_not_configured_is_not_believed(rt, browser, user, tenant, issuer):
    """Signed by our own key, and yet refused: the issuer is of no family of this instance."""
    body = claims_of((await browser.redeem(await browser.code())).json()["access_token"])
    forged = {**body, "ver": "2.0", "iss": tokens.issuer(issuer, tenant, "2.0")}
    with pytest.raises(signin.TokenRefused, match="another authority"):
        await signin.verify_token(rt, (await tokens.sign(rt, forged))[0], audiences=[DRS])


async def test_the_broker_is_told_the_mdm_addresses_of_its_family(rt, browser, other, user, tenant):
    """A device that came by one name enrolls by that family's; an address that an administrator set is everybody's."""

    async def told(one):
        reply = (await one.redeem(await one.code())).json()
        return claims_of(reply["id_token"])["mdm_enrollment_url"]

    def write(changes):
        return rt.store.write(tenant, lambda tx: directory.update_mdm_policy(tx, SYSTEM_PRINCIPAL, changes))

    await write({"applies_to": "all"})
    assert await told(browser) == "https://localhost:8444/EnrollmentServer/Discovery.svc"
    assert await told(other) == "https://mdm.other.example/EnrollmentServer/Discovery.svc"
    await write({"discovery_url": "https://mdm.example/d"})
    assert [await told(browser), await told(other)] == ["https://mdm.example/d"] * 2
