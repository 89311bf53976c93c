"""Enrollment by the sign-in page: a person signs in, the client gets a token for one enrollment (04 section 4.2)."""

from __future__ import annotations

import html
import re
from urllib.parse import parse_qs, urlsplit

import pytest

from signin.conftest import PASSWORD, Browser, config_of
from signin.test_conditional_access import policy as access_policy
from signin.test_factors import current
from taxiway import directory, enrollment, signin
from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.enrollment import ENROLLMENTS, MANAGED
from taxiway.store import entries
from taxiway.wire import policy
from taxiway.wire.soap import DEVICE_USER_TOKEN, BinaryToken
from taxiway.wire.soap_fault import Subcode

pytestmark = pytest.mark.anyio

APP = "ms-app://windows.immersivecontrolpanel"
UPN = "ada@contoso.example"
AUTH = "/EnrollmentServer/Auth"


class Client:
    """A client with its embedded browser, in front of both doors."""

    def __init__(self, services, browser):
        self.services, self.browser = services, browser

    async def open(self, app=APP, **query):
        """Open the page as a device does."""
        return await self.services.http.get(AUTH, params={"appru": app, "login_hint": UPN, **query})

    async def login_page(self):
        """The sign-in page behind it."""
        return await self.browser.http.get((await self.open()).headers["location"])

    async def back(self, response):
        """Follow the way back from the sign-in page."""
        assert response.status_code == 302, config_of(response)
        return await self.services.http.get(response.headers["location"])

    async def wresult(self):
        """A whole sign-in; the token that the page posts to the app."""
        page = await self.login_page()
        signed_in = page if page.is_redirect else await self.browser.login(page)
        return posted(await self.back(signed_in))["wresult"]

    def credential(self, token):
        return BinaryToken(DEVICE_USER_TOKEN, token.encode())


def posted(page):
    """Where the form of a page goes and what it carries."""
    assert page.status_code == 200, page.text
    assert f'action="{APP}"' in page.text
    fields = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text)
    return {name: html.unescape(value) for name, value in fields}


@pytest.fixture
async def person(client, rt, tenant):
    """The user ada with a password, and her client."""
    await signin.set_password(rt, tenant, client.user["id"], PASSWORD)
    browser = Browser(rt, tenant)
    yield Client(client, browser)
    await browser.http.aclose()


async def test_a_person_signs_in_and_enrolls_a_device_that_is_in_no_directory(client, person):
    """The whole way: the page, policies, the certificate in My/User, a personal device of that user."""
    token = person.credential(await person.wresult())
    asked = policy.render_get_policies(message_id="7", to="https://localhost:8444/", credential=token)
    assert policy.parse_policies((await client.post("policy", asked)).content).minimal_key_length == 2048
    document = await client.enroll(credential=token, EnrollmentType="Full", DeviceName="LAPTOP-1")
    managed_id = document.dm_client.ent_dm_id
    managed = await client.read(lambda tx: MANAGED.require(tx, managed_id))
    assert not document.certificates.device_context
    assert (managed["upn"], managed["device_name"], managed["ownership"]) == (UPN, "LAPTOP-1", "personal")
    assert (managed["device_enrollment_type"], managed["join_type"]) == ("userEnrollment", "unknown")
    assert (managed["azure_ad_device_id"], managed["azure_ad_registered"]) == (None, False)
    assert (await client.read(lambda tx: ENROLLMENTS.require(tx, managed_id)))["entra_id"] is None
    assert await client.managed_by(document)
    (logged,) = [entry for entry in await client.read(entries) if entry.kind == "device.enrolled"]
    assert (logged.what["way"], logged.subject) == ("web", f"device:{managed_id}")


async def test_the_token_is_for_one_key_and_ten_minutes(client, person, clock):
    """The same request again gets the same bytes; another key is a replay; later it is too old."""
    token = person.credential(await person.wresult())
    request = client.csr()
    first = await client.enroll(request, credential=token)
    assert await client.enroll(request, credential=token) == first
    assert (await client.refused(csr=client.csr(client.keys.rsa()), credential=token)).hresult == 0x80180002
    late = person.credential(await person.wresult())
    clock.advance(601)
    assert (await client.refused(csr=client.csr(client.keys.rsa()), credential=late)).hresult == 0x80180002
    assert await client.read(MANAGED.count) == 1


async def test_a_refused_enrollment_does_not_use_the_token_up(client, person):
    """Once the reason is mended the same token enrolls."""
    token = person.credential(await person.wresult())
    await client.write(lambda tx: directory.assign_licenses(tx, client.user["id"], (), ["INTUNE_A"]))
    assert (await client.refused(credential=token)).hresult == 0x80180018
    await client.write(lambda tx: directory.assign_licenses(tx, client.user["id"], ["INTUNE_A"]))
    assert await client.enroll(credential=token)


@pytest.mark.parametrize("token", ["dummy", "e.AAAA.x", "", "v4.local.x", "e.AAAAAAAAAAAAAAAAAAAAAA.x"])
async def test_m01_a_constant_or_unknown_web_token_enrolls_nobody(client, token):
    """What no sign-in gave is an authentication fault."""
    fault = await client.refused(credential=BinaryToken(DEVICE_USER_TOKEN, token.encode()))
    assert fault.subcode == Subcode.AUTHENTICATION
    assert await client.read(MANAGED.count) == 0


@pytest.mark.parametrize(
    "app",
    [
        "",
        "https://evil.example/",
        "javascript:alert(1)",
        'ms-app://x"onload="alert(1)',
        "ms-app://x/../../y",
        "ms-app://x/?y=z",
        "ms-app://x\n",
        "ms-app://",
        "MS-APP://x",
        "ms-app://x y",
        "ms-app://<script>",
        "data:text/html,x",
    ],
)
async def test_m17_a_token_is_posted_to_an_app_and_nowhere_else(client, app):
    """An address on the web, a script, or anything with a sign of HTML in it is a 400 that does not repeat it."""
    answer = await client.http.get(AUTH, params={"appru": app, "login_hint": UPN})
    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("text/plain")
    assert not app or app not in answer.text


async def test_m17_what_the_address_carries_is_not_put_into_a_page(client, person):
    """A hint that is no name is dropped; the error of the sign-in is shown as plain text."""
    began = await person.open(login_hint='"><script>alert(1)</script> x')
    assert "script" not in began.headers["location"]
    state = parse_qs(urlsplit(began.headers["location"]).query)["state"][0]
    refused = await client.http.get(AUTH, params={"state": state, "error": "<script>alert(1)</script>"})
    assert refused.status_code == 400
    assert refused.headers["content-type"].startswith("text/plain")


async def test_m17_the_page_that_posts_lets_no_other_script_run(client, person):
    """Its policy names its one script and the app it posts to."""
    page = await person.back(await person.browser.login(await person.login_page()))
    rules = page.headers["content-security-policy"]
    assert "default-src 'none'" in rules
    assert "script-src 'nonce-" in rules
    assert "form-action 'self' ms-app:" in rules


async def test_m32_the_page_itself_gives_no_token(client, person):
    """Opening it leads to the sign-in page; only who comes back from there with a code of ours gets one."""
    began = await person.open()
    assert began.status_code == 302
    assert began.headers["location"].startswith("https://localhost:8443/organizations/oauth2/v2.0/authorize?")
    state = parse_qs(urlsplit(began.headers["location"]).query)["state"][0]
    for query in (
        {"state": "forged", "code": "1.x.y"},
        {"state": state},
        {"state": state, "code": "1.x.y"},
        {"state": state, "error": "access_denied"},
    ):
        answer = await client.http.get(AUTH, params=query)
        assert answer.status_code == 400, query
        assert "wresult" not in answer.text


async def test_m32_another_browser_cannot_end_the_sign_in(client, person, clock):
    """The way back is bound to the browser that began, and to ten minutes."""
    back = await person.browser.login(await person.login_page())
    client.http.cookies.clear()
    assert (await person.back(back)).status_code == 400
    began = await person.open()
    clock.advance(601)
    fresh = await person.browser.http.get(began.headers["location"])
    assert "code=" in fresh.headers["location"]
    assert (await person.back(fresh)).status_code == 400


async def test_m32_a_code_of_another_application_is_no_sign_in_here(client, person):
    """The code has to be one that this page asked for, with its own challenge."""
    state = parse_qs(urlsplit((await person.open()).headers["location"]).query)["state"][0]
    code = await person.browser.code()
    answer = await client.http.get(AUTH, params={"state": state, "code": code})
    assert answer.status_code == 400


async def test_a_wrong_password_leads_nowhere(client, person):
    """The sign-in page shows its error, and nothing comes back."""
    page = await person.browser.login(await person.login_page(), password="wrong")
    assert config_of(page)["sErrorCode"] == "50126"


async def test_a_second_factor_is_asked_for_on_the_page(client, person, clock):
    """A Conditional Access policy for enrollment asks; who registers a factor comes back, who cannot does not."""
    wanted = access_policy("mfa", applications={"includeApplications": [directory.ENROLLMENT_APP_ID]})
    await client.write(lambda tx: signin.create_policy(tx, wanted, principal=SYSTEM_PRINCIPAL))
    page = await person.browser.login(await person.login_page())
    secret = config_of(page)["sTotpSecret"]
    shown = await person.browser.post(page, otc=current(clock, secret))
    token = posted(await person.back(await person.browser.post(shown)))["wresult"]
    assert await client.enroll(credential=person.credential(token))


async def test_a_policy_that_blocks_ends_the_sign_in(client, person):
    """Conditional Access decides on enrollment here too."""
    wanted = access_policy("block", applications={"includeApplications": [directory.ENROLLMENT_APP_ID]})
    await client.write(lambda tx: signin.create_policy(tx, wanted, principal=SYSTEM_PRINCIPAL))
    page = await person.browser.login(await person.login_page())
    assert config_of(page)["sErrorCode"] == "53003"


async def test_what_the_page_redeems_enrolls_nothing_by_itself(client):
    """Its own token lacks the delegation that only the broker has."""
    token = client.claims(app_id=directory.ENROLLMENT_APP_ID, scopes=frozenset({"user_impersonation"}))
    assert (await client.refused(token=token)).subcode == Subcode.AUTHENTICATION
    found = await client.read(lambda tx: directory.find_application(tx, directory.ENROLLMENT_APP_ID))
    assert found["redirect_uris"] == ["https://localhost:8444/EnrollmentServer/Auth"]


async def test_a_personal_device_counts_towards_the_limit(client, person):
    """Devices in no directory are counted for their user, and a restriction on personal devices stops them."""
    row = await client.read(lambda tx: enrollment.default_of(tx, enrollment.DEFAULT_LIMIT))
    await client.write(lambda tx: enrollment.ENROLLMENT_CONFIGURATIONS.update(tx, row["id"], {"limit": 1}))
    await client.enroll(credential=person.credential(await person.wresult()))
    second = person.credential(await person.wresult())
    assert (await client.refused(csr=client.csr(client.keys.rsa()), credential=second)).hresult == 0x80180013
    row = await client.read(lambda tx: enrollment.default_of(tx, enrollment.DEFAULT_RESTRICTIONS))
    rule = {"windows_restriction": {**row["windows_restriction"], "personalDeviceEnrollmentBlocked": True}}
    await client.write(lambda tx: enrollment.update_configuration(tx, row["id"], rule, principal=SYSTEM_PRINCIPAL))
    assert (await client.refused(csr=client.csr(client.keys.rsa()), credential=second)).hresult == 0x80180014
