"""Every sample message of the specification of enrollment, read by the side that gets it (04).

The files hold what the specification prints, with its ellipses filled in; nothing of them went through our writers.
Where we write the same message, ours says the same.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from taxiway.device.terms import _AcceptForm
from taxiway.wire import discovery, enroll, policy, soap, soap_fault
from taxiway.wire import provisioning as p
from taxiway.wire.syncml import UNENROLLED_BY_USER, Alert, AlertCode, Item, parse_message

SAMPLES = Path(__file__).parent / "samples"
ACTIVITY = "6a1d2f4e-0c1b-4f6a-9d70-5b8e3c2a1f00"
DEVICE = "3f2b6f0a-5d0c-4a7e-8c55-0d9a1b2c3d4e"


def sample(name):
    return (SAMPLES / f"spec-{name}").read_bytes()


def test_section_3_2_the_server_reads_discover():
    """Address, version, kinds of authentication."""
    envelope = soap.parse_envelope(sample("discover.xml"))
    assert envelope.message_id == "urn:uuid:1f6e0b1c-52a6-4a55-9d53-6c7f6c2b8a01"
    assert discovery.parse_discover(envelope) == discovery.DiscoverRequest(
        email_address="ada@contoso.example",
        request_version="5.0",
        device_type="CIMClient_Windows",
        application_version="10.0.22631.3007",
        os_edition="48",
        auth_policies=("OnPremise", "Federated"),
    )


def test_section_3_3_the_device_reads_discover_response():
    """And ours, with the same values, reads the same."""
    found = discovery.parse_discover_response(sample("discover-response.xml"))
    assert found == discovery.DiscoverResponse(
        auth_policy="Federated",
        enrollment_version="4.0",
        enrollment_policy_service_url="https://mdm.contoso.example/EnrollmentServer/Policy.svc",
        enrollment_service_url="https://mdm.contoso.example/EnrollmentServer/Enrollment.svc",
        authentication_service_url="https://mdm.contoso.example/EnrollmentServer/Auth",
    )
    reply = soap.Reply("urn:uuid:1f6e0b1c-52a6-4a55-9d53-6c7f6c2b8a01", ACTIVITY)
    ours = discovery.render_discover_response(found, reply)
    assert discovery.parse_discover_response(ours) == found
    theirs = soap.parse_envelope(sample("discover-response.xml"))
    mine = soap.parse_envelope(ours)
    assert (mine.action, mine.relates_to, mine.activity_id) == (theirs.action, theirs.relates_to, theirs.activity_id)


def test_sections_4_1_and_8_1_the_server_reads_the_token_request():
    """The token inside its base64, the request, the context by name."""
    envelope = soap.parse_envelope(sample("enroll.xml"))
    assert envelope.credential.value_type == soap.JWT_TOKEN
    assert envelope.credential.content.startswith(b"eyJ")
    request = enroll.parse_enroll(envelope)
    assert (request.request_type, request.token.content[:2]) == (enroll.ISSUE, b"\x30\x82")
    assert request.first("ZeroTouchProvisioning") == "8f0f3a2e-6d0e-4f0a-9e53-2a3f6a0d7c11"
    assert (request.flag("NotInOobe"), request.first("EnrollmentType")) == (False, "Device")


def test_section_4_2_the_page_posts_one_field_to_the_app():
    """As the device's browser reads it: the address, and wresult."""
    form = _AcceptForm()
    form.feed(sample("auth-page.html").decode())
    assert form.action == "ms-app://windows.immersivecontrolpanel"
    assert form.fields == {"wresult": "v4.local.opaque-one-time-token"}


def test_section_7_3_the_device_reads_the_policies():
    """Key length, providers in order, the hash through its reference; ours says the same."""
    found = policy.parse_policies(sample("policies.xml"))
    assert found == policy.CertificatePolicy()
    ours = policy.render_policies(policy.CertificatePolicy(), soap.Reply("urn:uuid:m", ACTIVITY))
    assert policy.parse_policies(ours) == found


def test_sections_10_and_11_4_the_device_reads_the_answer_and_its_document():
    """The whole chain, the account with both credentials, the schedule."""
    response = enroll.parse_enroll_response(sample("enroll-response.xml"))
    assert response.document == sample("wap.xml")
    document = p.parse_provisioning(response.document)
    assert document.certificates == p.Certificates(
        root=b"certificate of the root",
        intermediate=b"certificate of the issuing",
        leaf=b"certificate of the leaf",
        device_context=True,
    )
    assert document.renewal == p.Renewal(period_days=42, retry_days=4)
    application = document.application
    assert (application.provider_id, application.address) == (
        "MS DM Server",
        "https://manage.contoso.example/ManagementServer/MDM.svc",
    )
    assert application.certificate_criteria == f"Subject=CN%3D{DEVICE}&Stores=My%5CSystem"
    assert (application.client.name, application.client.secret) == (DEVICE, "client-secret")
    assert (application.server.name, application.server.secret) == (None, "server-secret")
    assert document.dm_client.ent_dm_id == DEVICE
    assert document.dm_client.poll == p.Poll()
    assert p.parse_provisioning(p.render_provisioning(document)) == document


def test_section_12_1_the_device_reads_the_fault():
    """Subcode, detail and trace id become the number on the screen."""
    with pytest.raises(soap_fault.FaultReceived) as caught:
        soap_fault.parse_response(sample("fault.xml"))
    fault = caught.value.fault
    assert (fault.subcode, fault.error_type) == ("s:Authorization", "DeviceCapReached")
    assert (fault.hresult, fault.trace_id) == (0x80180013, ACTIVITY)
    ours = soap_fault.render_fault(fault, enroll.RESPONSE_ACTION, soap.Reply(None, ACTIVITY))
    with pytest.raises(soap_fault.FaultReceived) as again:
        soap_fault.parse_response(ours)
    assert again.value.fault == fault


def test_section_16_1_the_server_reads_the_unenrollment():
    """A generic alert of that type."""
    message = parse_message(sample("unenroll.xml"))
    alerts = [each for each in message.commands if isinstance(each, Alert)]
    assert alerts[1].code == AlertCode.GENERIC
    assert alerts[1].items == (Item(type=UNENROLLED_BY_USER, format="int", data="1"),)
