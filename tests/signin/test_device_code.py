"""The device code flow: its codes, its page, its answers while nobody has approved (03 sections 4.3 and 15.9)."""

from __future__ import annotations

import re

import pytest

from signin.conftest import BROKER, CLI, DRS, GRAPH, PASSWORD, UPN, claims_of, config_of
from taxiway import signin
from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.signin import device_codes
from taxiway.store import SYSTEM

pytestmark = pytest.mark.anyio

GRANT = "urn:ietf:params:oauth:grant-type:device_code"


async def begin(browser, *, segment=None, version="/v2.0", **form):
    asked = {"client_id": CLI, **({"scope": f"{GRAPH}/.default openid offline_access"} if version else {}), **form}
    return await browser.http.post(f"/{segment or browser.tenant}/oauth2{version}/devicecode", data=asked)


async def poll(browser, code, *, version="/v2.0", **form):
    return await browser.token(version=version, grant_type=GRANT, client_id=CLI, device_code=code, **form)


async def enter(browser, user_code):
    """Type the code and sign in; the page that asks for a deliberate click."""
    page = await browser.http.post("/device", data={"user_code": user_code})
    return await browser.login(page)


async def test_15_09_a_person_approves_and_the_device_gets_tokens_once(browser, user, clock):
    """Pending, too soon, then tokens; the same code gives nothing a second time."""
    begun = (await begin(browser)).json()
    assert begun["verification_uri"] == "https://localhost:8443/device"
    assert begun["user_code"] in begun["message"]
    assert (begun["expires_in"], begun["interval"]) == (900, 5)
    waiting = await poll(browser, begun["device_code"])
    assert (waiting.status_code, waiting.json()["error"]) == (400, "authorization_pending")
    assert waiting.json()["error_codes"] == [70016]
    assert (await poll(browser, begun["device_code"])).json()["error"] == "slow_down"
    page = await enter(browser, begun["user_code"].lower())
    assert config_of(page)["pgid"] == "ConvergedRemoteConnect"
    for told in ("Microsoft Azure CLI", "graph.microsoft.com", "127.0.0.0/24", UPN, "Whoever sent you the code"):
        assert told in page.text
    clock.advance(6)
    assert (await poll(browser, begun["device_code"])).json()["error"] == "authorization_pending"
    done = await browser.post(page, approve="yes")
    assert "You have signed in on the other device." in done.text
    reply = (await poll(browser, begun["device_code"])).json()
    assert claims_of(reply["access_token"])["upn"] == UPN
    assert reply["refresh_token"]
    assert reply["id_token"]
    assert (await poll(browser, begun["device_code"])).json()["error_codes"] == [70018]
    assert ("device_code.approved", []) in await browser.log()


async def test_v1_says_code_and_writes_texts(browser, user):
    """The v1 endpoint: ``resource``, ``verification_url``, strings; clients send ``code``, or both."""
    begun = (await begin(browser, version="", resource=GRAPH, segment="common")).json()
    assert (begun["expires_in"], begun["interval"]) == ("900", "5")
    assert begun["verification_url"].endswith("/device")
    await browser.post(await enter(browser, begun["user_code"]), approve="yes")
    form = {"grant_type": "device_code", "client_id": CLI, "resource": GRAPH}
    differing = await browser.token(segment="common", **form, code=begun["device_code"], device_code="other")
    assert differing.json()["error_codes"] == [9002313]
    reply = await browser.token(segment="common", **form, code=begun["device_code"], device_code=begun["device_code"])
    assert isinstance(reply.json()["expires_in"], str)


async def test_a_person_declines(browser, user):
    """The other button: the device is told, and nothing is signed in."""
    begun = (await begin(browser)).json()
    done = await browser.post(await enter(browser, begun["user_code"]))
    assert "You declined the request." in done.text
    assert (await poll(browser, begun["device_code"])).json()["error"] == "authorization_declined"


async def test_15_09_codes_run_out_and_serve_one_person(browser, user, clock):
    """After fifteen minutes both codes are dead; a page left open approves nothing any more."""
    begun = (await begin(browser)).json()
    page = await enter(browser, begun["user_code"])
    second = await enter(browser, begun["user_code"])
    await browser.post(second, approve="yes")
    late = (await begin(browser)).json()
    clock.advance(901)
    assert (await poll(browser, late["device_code"])).json()["error_codes"] == [70008]
    assert "did not work" in (await browser.http.post("/device", data={"user_code": late["user_code"]})).text
    assert config_of(page)["pgid"] == "ConvergedRemoteConnect"


async def test_15_09_a_code_is_its_clients(rt, browser, user):
    """Another client, an unknown code, a client that does not exist."""
    begun = (await begin(browser)).json()
    other = await browser.token(version="/v2.0", grant_type=GRANT, client_id=BROKER, device_code=begun["device_code"])
    assert other.json()["error"] == "bad_verification_code"
    assert (await poll(browser, "nonsense")).json()["error"] == "bad_verification_code"
    unknown = await begin(browser, client_id="11111111-1111-4111-8111-111111111111")
    assert unknown.json()["error_codes"] == [700016]


async def test_15_09_device_codes_are_not_for_the_broker_unless_switched_on(rt, browser, user, tenant):
    """The codes that a phisher wants most; under ``common`` the page refuses once the person is known."""
    asked = {"client_id": BROKER, "resource": DRS, "version": ""}
    assert (await begin(browser, **asked)).json()["error_codes"] == [70003]
    begun = (await begin(browser, **asked, segment="common")).json()
    assert config_of(await enter(browser, begun["user_code"]))["sErrorCode"] == "70003"
    switch = {"broker_device_code": True}
    await rt.store.write(tenant, lambda tx: signin.update_signin_policy(tx, switch, principal=SYSTEM_PRINCIPAL))
    assert (await begin(browser, **asked)).status_code == 200


async def test_15_09_guessing_user_codes_locks_the_network(browser, user):
    """A hundred wrong codes from one network, and the page stops looking."""
    for _ in range(100):
        await browser.http.post("/device", data={"user_code": "BBBBBBBBB"})
    begun = (await begin(browser)).json()
    locked = await browser.http.post("/device", data={"user_code": begun["user_code"]})
    assert config_of(locked)["sErrorCode"] == "50053"


async def test_15_09_a_user_code_has_41_bits_and_no_look_alikes(rt):
    """Nine of 27 signs, none of which is read as another."""
    wanted = device_codes.Wanted(CLI, GRAPH, "", "2.0", None, "")
    codes = {(await rt.store.write(SYSTEM, lambda tx: device_codes.start(tx, wanted)))[1] for _ in range(20)}
    assert len(codes) == 20
    assert all(re.fullmatch("[BCDFGHJKLMNPQRSTVWXZ2456789]{9}", code) for code in codes)


async def test_the_rows_that_wait_hold_nobody_s_data(rt, browser, user):
    """Whose a code will be is not known, so its row is the instance's; the approval is in the person's tenant."""
    begun = (await begin(browser)).json()
    await browser.post(await enter(browser, begun["user_code"]), approve="yes")
    from taxiway.signin.tables import device_code, device_grant

    [row] = await rt.store.read(SYSTEM, lambda tx: tx.all(device_code.select()))
    assert user["id"] not in str(row)
    assert begun["device_code"] not in str(row)
    assert row["tenant_id"] == browser.tenant
    [grant] = await rt.store.read(browser.tenant, lambda tx: tx.all(device_grant.select()))
    assert (grant["tenant"], grant["user_id"]) == (browser.tenant, user["id"])


async def test_15_09_the_page_takes_the_code_only_from_a_person(browser, user):
    """A link fills the code in and no more; a form of another site is refused."""
    begun = (await begin(browser)).json()
    page = await browser.http.get("/device", params={"user_code": begun["user_code"]})
    assert f'value="{begun["user_code"]}"' in page.text
    foreign = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
    refused = await browser.http.post("/device", data={"user_code": begun["user_code"]}, headers=foreign)
    assert config_of(refused)["sErrorCode"] == "9002313"
    assert PASSWORD not in page.text
