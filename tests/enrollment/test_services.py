"""Discovery, policies and terms of use (04 sections 3, 6 and 7)."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from taxiway import enrollment
from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.wire import discovery
from taxiway.wire.soap_fault import FaultReceived

pytestmark = pytest.mark.anyio
URL = "https://localhost:8444/EnrollmentServer/Discovery.svc"


async def test_the_probe_is_empty(client):
    """200 and nothing in it; the path in any case."""
    answer = await client.http.get("/enrollmentserver/DISCOVERY.SVC")
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize(("asked", "answered"), [("1.0", "3.0"), ("4.0", "4.0"), ("9.0", "4.0"), ("?", "3.0")])
async def test_discovery_answers_the_lower_version(client, asked, answered):
    """The version is the lower of the two sides, and the addresses are ours."""
    request = discovery.DiscoverRequest(email_address="x@y.z", request_version=asked, auth_policies=("Federated",))
    answer = await client.post("discovery", discovery.render_discover(request, message_id="7", to=URL))
    found = discovery.parse_discover_response(answer.content)
    assert (found.enrollment_version, found.auth_policy) == (answered, "Federated")
    assert found.enrollment_service_url == "https://localhost:8444/EnrollmentServer/Enrollment.svc"
    assert b"urn:uuid:7</a:RelatesTo>" in answer.content
    assert answer.headers["content-length"] == str(len(answer.content))


async def test_discovery_refuses_what_it_does_not_serve(client):
    """A client that can only do OnPremise is told so."""
    request = discovery.DiscoverRequest(auth_policies=("OnPremise",))
    answer = await client.post("discovery", discovery.render_discover(request, message_id="7", to=URL))
    with pytest.raises(FaultReceived, match="NotSupported"):
        discovery.parse_discover_response(answer.content)


async def terms(client, token=None, **query):
    parameters = {"redirect_uri": "ms-aadj-redir://auth/mdm", "api-version": "1.0", **query}
    headers = {"authorization": f"Bearer {token or client.claims(device_id=None)}"}
    return await client.http.get("/TermsOfUse", params=parameters, headers=headers)


def answered(response):
    assert response.status_code == 302
    return {name: values[0] for name, values in parse_qs(urlsplit(response.headers["location"]).query).items()}


async def test_without_terms_the_page_leads_on_at_once(client):
    """Nothing to accept: IsAccepted=true with a blob."""
    found = answered(await terms(client))
    assert found["IsAccepted"] == "true"
    assert found["OpaqueBlob"]


@pytest.mark.parametrize("uri", ["", "https://evil.example/", "javascript:alert(1)", "ms-app://x\r\nSet-Cookie: a=b"])
async def test_15_01_the_page_never_leads_to_a_strange_place(client, uri):
    """A redirect that is not allowed is answered here."""
    assert (await terms(client, redirect_uri=uri)).status_code == 400


async def test_r008_a_bad_token_or_version_is_an_error_for_the_page(client):
    """The client gets an error code it can show."""
    assert answered(await terms(client, token="eyJx.y.z"))["error"] == "unauthorized_client"
    assert answered(await terms(client, **{"api-version": "2.0"}))["error"] == "invalid_request"


async def test_terms_have_to_be_accepted_by_this_user(client):
    """With terms in force the enrollment needs the blob this user was given; another text is refused."""
    await client.write(
        lambda tx: enrollment.set_terms(tx, title="House rules", text="Be <kind>.", principal=SYSTEM_PRINCIPAL)
    )
    assert (await client.refused()).error_type == "InvalidEnrollmentData"
    assert (await client.refused(EnrollmentData="forged")).error_type == "InvalidEnrollmentData"
    page = await terms(client)
    assert page.status_code == 200
    assert "Be &lt;kind&gt;." in page.text
    proof = page.text.partition('name="proof" value="')[2].partition('"')[0]
    accepted = await client.http.post(page.request.url, data={"proof": proof})
    await client.enroll(EnrollmentData=answered(accepted)["OpaqueBlob"])


async def test_the_accept_button_needs_the_page(client):
    """A post without the page's proof accepts nothing."""
    url = "/TermsOfUse?redirect_uri=ms-aadj-redir%3A%2F%2Fauth%2Fmdm"
    for proof in ("", "x:y", f"{client.tenant}:abc.def"):
        assert answered(await client.http.post(url, data={"proof": proof}))["error"] == "unauthorized_client"
