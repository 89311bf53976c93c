"""Discovery, policy and token messages, credentials and faults (04 sections 2 to 4, 7, 8, 10, 12)."""

import contextlib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from taxiway.wire import discovery, enroll, policy, soap, soap_fault
from taxiway.wire.errors import BadEnrollment, BadSoap, MalformedXml, WireError

SAMPLES = Path(__file__).parent / "samples"
REPLY = soap.Reply("urn:uuid:m-1", "a-1")
NOW = datetime(2026, 1, 1, 10, 0, 0, 123456, tzinfo=UTC)
LATER = datetime(2026, 1, 1, 10, 5, tzinfo=UTC)
TOKEN = soap.BinaryToken(soap.JWT_TOKEN, b"eyJh.eyJi.c")


def sample(name):
    return (SAMPLES / f"mde-{name}.xml").read_bytes()


def test_discover_is_read():
    """Blanks around values, a slash after the namespace, any order, unknown elements: no harm (04 section 2)."""
    envelope = soap.parse_envelope(sample("discover"))
    assert envelope.message_id == "urn:uuid: 3d0f4a52-18d3-4f4b-9d52-0a6f60b1c2d3"
    assert discovery.parse_discover(envelope) == discovery.DiscoverRequest(
        email_address="grace@northwind.test",
        request_version="9.0",
        device_type="CIMClient_Windows",
        application_version="10.0.26100.1742",
        os_edition="4",
        auth_policies=("OnPremise", "Federated"),
    )


def test_discover_with_bare_policy_text():
    """The documented Certificate sample has its policy as text of AuthPolicies (04 section 3.2)."""
    data = sample("discover").replace(
        b"<AuthPolicy>OnPremise</AuthPolicy><AuthPolicy>Federated</AuthPolicy>", b"Certificate"
    )
    assert discovery.parse_discover(soap.parse_envelope(data)).auth_policies == ("Certificate",)


def test_discover_response_is_read():
    """A nil address is no address (04 section 3.3)."""
    response = discovery.parse_discover_response(sample("discover-response"))
    assert response.enrollment_service_url == "https://mdm.northwind.test/EnrollmentServer/Enrollment.svc"
    assert response.authentication_service_url is None
    assert response.enrollment_version == "4.0"


def test_discovery_round_trip():
    """What one side writes the other reads, addressing included."""
    request = discovery.DiscoverRequest(email_address="a&b@x.test", os_version="10.0.1.2", auth_policies=("Federated",))
    envelope = soap.parse_envelope(discovery.render_discover(request, message_id="m-1", to="https://x.test/?a&b"))
    assert discovery.parse_discover(envelope) == request
    assert (envelope.message_id, envelope.to) == ("urn:uuid:m-1", "https://x.test/?a&b")
    response = discovery.DiscoverResponse(auth_policy="Federated", enrollment_service_url="https://x.test/e?a&b")
    data = discovery.render_discover_response(response, REPLY)
    assert discovery.parse_discover_response(data) == response
    assert (soap.parse_envelope(data).relates_to, soap.parse_envelope(data).activity_id) == ("urn:uuid:m-1", "a-1")


def test_answers_bear_a_correlation_attribute():
    """ActivityId has its CorrelationId: a client reads the element as an object (04 section 2.4)."""
    response = discovery.DiscoverResponse(auth_policy="Federated", enrollment_service_url="https://x.test/e")
    root = etree.fromstring(discovery.render_discover_response(response, REPLY))
    activity = root.find(f".//{{{soap.NS_DIAGNOSTICS}}}ActivityId")
    assert activity is not None
    assert activity.get("CorrelationId") == "a-1"


def test_get_policies_is_read():
    """User name and password come out as written; unknown children of client are ignored (04 section 7.1)."""
    envelope = soap.parse_envelope(sample("get-policies"))
    policy.parse_get_policies(envelope)
    assert envelope.credential == soap.UsernameToken("NORTHWIND\\grace", "tower & apron")


def test_get_policies_needs_a_client():
    """Without client the request is malformed (04 section 7.1)."""
    data = sample("get-policies").replace(b"<client>", b"<klient>").replace(b"</client>", b"</klient>")
    with pytest.raises(BadEnrollment, match="client"):
        policy.parse_get_policies(soap.parse_envelope(data))


def test_policies_are_read():
    """The hash is found through its reference, wherever it stands in the table (04 section 7.2)."""
    assert policy.parse_policies(sample("policies")) == policy.CertificatePolicy(
        common_name="HangarPolicy",
        validity_seconds=1209600,
        renewal_seconds=172800,
        minimal_key_length=3072,
        providers=(policy.SOFTWARE_PROVIDER,),
        hash_group=1,
    )


def test_policies_round_trip():
    """The request is one a server accepts; the answer reads back, and its nil elements have a bound prefix."""
    envelope = soap.parse_envelope(policy.render_get_policies(message_id="m-2", to="https://x.test/", credential=TOKEN))
    policy.parse_get_policies(envelope)
    assert envelope.credential == TOKEN
    data = policy.render_policies(policy.CertificatePolicy(), REPLY)
    assert policy.parse_policies(data) == policy.CertificatePolicy()
    cas = etree.fromstring(data).findall(f".//{{{policy.NS_POLICY}}}cAs")
    assert [element.get(f"{{{soap.NS_XSI}}}nil") for element in cas] == ["true", "true"]


def test_enroll_request_is_read():
    """Repeated, blank-padded, empty and differently prefixed context items are read by value (04 section 8.2)."""
    envelope = soap.parse_envelope(sample("enroll"))
    assert envelope.credential == soap.BinaryToken(
        soap.JWT_TOKEN, b"eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJoYW5nYXIifQ.c2lnbmF0dXJl"
    )
    request = enroll.parse_enroll(envelope)
    assert (request.request_type, request.token.value_type) == (enroll.ISSUE, enroll.PKCS10)
    assert request.token.content == bytes.fromhex("308202010203")
    assert request.every("mac") == ["A2-19-00-00-00-01", "A2-19-00-00-00-02"]
    assert len(request.first("HWDEVID") or "") == 64
    assert [request.flag(name) for name in ("BulkAADJ", "NotInOobe", "WhiteGlove")] == [False, True, None]
    assert request.first("EnrollmentData") is None


def test_enroll_response_is_read():
    """The provisioning document comes out as bytes (04 section 10)."""
    assert enroll.parse_enroll_response(sample("enroll-response")).document == b'<wap-provisioningdoc version="1.1"/>'


@pytest.mark.parametrize("kind", [enroll.ISSUE, enroll.RENEW])
def test_enroll_round_trip(kind):
    """What one side writes the other reads; a renewal carries PKCS#7, an issue PKCS#10 (04 section 14.2)."""
    token = soap.BinaryToken(enroll.PKCS7 if kind == enroll.RENEW else enroll.PKCS10, bytes(range(256)))
    request = enroll.EnrollRequest(request_type=kind, token=token, context=(("DeviceName", 'A<"&'), ("MAC", "1")))
    data = enroll.render_enroll(request, message_id="m", to="https://x.test/", credential=TOKEN)
    assert enroll.parse_enroll(soap.parse_envelope(data)) == request
    response = enroll.EnrollResponse(b"<wap-provisioningdoc/>")
    answer = enroll.render_enroll_response(response, REPLY, valid=(NOW, LATER))
    assert enroll.parse_enroll_response(answer) == response
    assert b"<u:Created>2026-01-01T10:00:00.123Z</u:Created><u:Expires>2026-01-01T10:05:00.000Z</u:Expires>" in answer
    assert answer.count(b"<wsse:BinarySecurityToken") == 1


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (b"RST/wstep", b"RST/other", "action"),
        (b"200512/Issue", b"200512/Query", "RequestType"),
        (b" Enrollment/DeviceEnrollmentToken", b"Other", "TokenType"),
        (b"#PKCS10", b"#PKCS7", "ValueType"),
        (b"wst:RequestSecurityToken", b"wst:Something", "RequestSecurityToken"),
        (b"</ac:AdditionalContext>", b'<ac:ContextItem Name="x"/>' * 64 + b"</ac:AdditionalContext>", "items"),
    ],
)
def test_bad_enroll_requests_are_named(old, new, says):
    """Each wrong element is named in the error (04 section 12.2)."""
    with pytest.raises(BadEnrollment, match=says):
        enroll.parse_enroll(soap.parse_envelope(sample("enroll").replace(old, new)))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (b"2003/05/soap-envelope", b"2099/soap", "SOAP 1.2"),
        (b"</s:Body>", b"<x/></s:Body>", "exactly one"),
        (b"</s:Header>", b"<wsse:Security/></s:Header>", "more than one"),
        (b"ZXlKaGJHY2", b"!!!", "base64"),
    ],
)
def test_bad_envelopes_are_named(old, new, says):
    """An envelope of SOAP 1.1, two bodies, two Security headers or a broken token is refused (04 section 2.5)."""
    with pytest.raises(BadSoap, match=says):
        soap.parse_envelope(sample("enroll").replace(old, new))


def test_m29_doctype_and_size_are_refused():
    """A document type and a body above the limit are refused (04 section 2.5)."""
    with pytest.raises(MalformedXml):
        soap.parse_envelope(b"<!DOCTYPE x>" + sample("enroll"))
    with pytest.raises(MalformedXml, match="at most"):
        soap.parse_envelope(sample("enroll") + b" " * soap.MAX_BYTES)


@pytest.mark.parametrize("written", ["eyJh.eyJi.c", "ZXlKaC5leUppLmM=", " ZXlKaC5l\n eUppLmM"])
def test_token_spellings(written):
    """A bare compact JWT and its base64, with or without padding and line breaks, are one token (04 section 4.1)."""
    data = policy.render_get_policies(message_id="m", to="t", credential=TOKEN)
    data = data.replace(b"ZXlKaC5leUppLmM=", written.encode())
    assert soap.parse_envelope(data).credential == TOKEN


@pytest.mark.parametrize(
    ("subcode", "error_type", "hresult"),
    [
        ("s:MessageFormat", None, 0x80180001),
        ("s:Authentication", None, 0x80180002),
        ("s:Authorization", None, 0x80180003),
        ("s:CertificateRequest", None, 0x80180004),
        ("s:EnrollmentServer", None, 0x80180005),
        ("a:InternalServiceFault", None, 0x80180006),
        ("a:InvalidSecurity", None, 0x80180007),
        ("s:Authorization", "DeviceCapReached", 0x80180013),
        ("s:Authorization", "DeviceNotSupported", 0x80180014),
        ("s:Authorization", "NotSupported", 0x80180015),
        ("s:CertificateRequest", "NotEligibleToRenew", 0x80180016),
        ("s:EnrollmentServer", "InMaintenance", 0x80180017),
        ("s:Authorization", "UserLicense", 0x80180018),
        ("s:Authorization", "InvalidEnrollmentData", 0x80180019),
        ("s:Authorization", "CustomServerError", 0x80180032),
        ("s:Whatever", None, 0x80180008),
    ],
)
def test_faults_and_their_numbers(subcode, error_type, hresult):
    """A fault reads back with the number a Windows client shows; the detail wins (04 sections 12.2 and 12.3)."""
    fault = soap_fault.Fault(subcode=subcode, reason="No <room>", error_type=error_type, trace_id=error_type and "t")
    data = soap_fault.render_fault(fault, enroll.RESPONSE_ACTION, REPLY)
    with pytest.raises(soap_fault.FaultReceived, match=f"0x{hresult:08X}") as caught:
        enroll.parse_enroll_response(data)
    assert caught.value.fault == fault
    assert caught.value.fault.hresult == hresult


def test_lower_case_fault_is_read():
    """Some servers write every name of the fault in lower case (04 section 12.1)."""
    with pytest.raises(soap_fault.FaultReceived) as caught:
        enroll.parse_enroll_response(sample("fault-lowercase"))
    assert (caught.value.fault.hresult, caught.value.fault.trace_id) == (0x80180013, "t-1")


NAMES = ["discover", "discover-response", "get-policies", "policies", "enroll", "enroll-response", "fault-lowercase"]
READERS = [
    lambda data: discovery.parse_discover(soap.parse_envelope(data)),
    lambda data: policy.parse_get_policies(soap.parse_envelope(data)),
    lambda data: enroll.parse_enroll(soap.parse_envelope(data)),
    discovery.parse_discover_response,
    policy.parse_policies,
    enroll.parse_enroll_response,
]


@given(
    st.sampled_from(NAMES), st.sampled_from(READERS), st.integers(0, 3000), st.binary(max_size=6), st.integers(0, 20)
)
def test_damaged_messages_are_read_or_named(name, reader, at, patch, cut):
    """Any damage to any message yields a message or a WireError, nothing else."""
    data = sample(name)
    with contextlib.suppress(WireError):
        reader(data[:at] + patch + data[at + cut :])
