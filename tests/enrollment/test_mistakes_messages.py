"""Mistakes of public servers in their messages: faults, headers, tolerance (04 section 18)."""

from __future__ import annotations

import gzip

import pytest
from lxml import etree

from taxiway import directory
from taxiway.enrollment import csr
from taxiway.kernel import Busy, TaxiwayError
from taxiway.wire import discovery, enroll, policy
from taxiway.wire.soap import JWT_TOKEN, NS_SECEXT, BinaryToken, parse_envelope
from taxiway.wire.soap_fault import FaultReceived
from taxiway.wire.wap import parse_wap

pytestmark = pytest.mark.anyio
URL = "https://localhost:8444/EnrollmentServer/Discovery.svc"
ACTIONS = {
    "discovery": discovery.RESPONSE_ACTION,
    "policy": policy.RESPONSE_ACTION,
    "enrollment": enroll.RESPONSE_ACTION,
}


def discover(**asked):
    return discovery.render_discover(discovery.DiscoverRequest(**asked), message_id="7", to=URL)


def policies(client, token=None):
    credential = BinaryToken(JWT_TOKEN, (token or client.token).encode())
    return policy.render_get_policies(message_id="7", to=URL, credential=credential)


@pytest.mark.parametrize("service", ACTIONS)
async def test_m16_a_fault_has_status_500_and_the_action_of_its_service(client, service):
    """Each service answers rubbish in its own name, with SOAP names in proper case."""
    answer = await client.post(service, b"<a/>")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/soap+xml; charset=utf-8"
    assert parse_envelope(answer.content).action == ACTIONS[service]
    assert b"<s:Fault><s:Code><s:Value>s:Receiver</s:Value><s:Subcode>" in answer.content


@pytest.mark.parametrize(
    ("error", "hresult"),
    [
        (RuntimeError("secret path /etc/x"), 0x80180006),
        (TaxiwayError("secret path /etc/x"), 0x80180005),
        (Busy("secret path /etc/x"), 0x80180017),
    ],
)
async def test_m16_what_broke_inside_is_not_told_outside(client, monkeypatch, error, hresult):
    """A bug, a failure of the store, a full queue: three different numbers, and none of the text of the first two."""

    def breaks(_der):
        raise error

    monkeypatch.setattr(csr, "proven_key", breaks)
    answer = await client.ask()
    with pytest.raises(FaultReceived) as caught:
        enroll.parse_enroll_response(answer.content)
    assert caught.value.fault.hresult == hresult
    assert isinstance(error, Busy) or b"/etc/x" not in answer.content


async def test_m16_different_mistakes_have_different_faults(client):
    """Not every failure is a malformed message."""
    codes = {
        (await client.refused(token="eyJx.y.z")).hresult,
        (await client.refused(csr=b"\x30\x00")).hresult,
        (await client.refused(credential=BinaryToken("urn:x", b"x"))).hresult,
        (await client.refused(token=client.claims(device_id=None))).hresult,
        (await client.refused(request_type=enroll.RECOVERY)).hresult,
    }
    assert codes == {0x80180002, 0x80180004, 0x80180007, 0x80180003, 0x80180016}


async def test_m19_the_leaf_stands_where_the_enrollment_belongs(client):
    """My/System for a joined device, My/User for a registered one; each with its key container and criteria."""
    document = await client.enroll()
    assert document.certificates.device_context
    assert "My%5CSystem" in document.application.certificate_criteria
    own = await client.another(trust_type="Workplace")
    answer = await client.ask(token=client.claims(device_id=own["device_id"]), EnrollmentType="Full")
    blocks = parse_wap(enroll.parse_enroll_response(answer.content).document)
    place = blocks[0].at("My", "User")
    assert place is not None
    assert blocks[0].at("My", "System") is None
    assert [part.type for part in place.children][1:] == ["PrivateKeyContainer"]
    application = next(block for block in blocks if block.type == "APPLICATION")
    assert "My%5CUser" in application.parm("SSLCLIENTCERTSEARCHCRITERIA")


async def test_m19_what_a_user_calls_itself_is_escaped(client):
    """A principal name with the signs of XML in it arrives as it is, and addresses carry no hardware id."""
    name = "o'neill@contoso.example"
    await client.write(lambda tx: directory.update_user(tx, client.user["id"], {"user_principal_name": name}))
    document = await client.enroll(HWDevID="ab" * 32, DeviceName="<a&b>")
    assert document.dm_client.upn == name
    assert "abab" not in document.application.address


async def test_m19_m20_each_reference_of_the_policy_has_its_entry(client):
    """The names of XCEP, every unused element nil under a bound prefix, and the hash in the table it refers to."""
    answer = await client.post("policy", policies(client))
    root = etree.fromstring(answer.content)
    ns = {"p": policy.NS_POLICY, "i": "http://www.w3.org/2001/XMLSchema-instance"}
    attributes = root.find(".//p:attributes", ns)
    assert [etree.QName(part).localname for part in attributes] == [
        "commonName",
        "policySchema",
        "certificateValidity",
        "permission",
        "privateKeyAttributes",
        "revision",
        "supersededPolicies",
        "privateKeyFlags",
        "subjectNameFlags",
        "enrollmentFlags",
        "generalFlags",
        "hashAlgorithmOIDReference",
        "rARequirements",
        "keyArchivalAttributes",
        "extensions",
    ]
    assert attributes.findtext("p:policySchema", None, ns) == "3"
    table = {oid.findtext("p:oIDReferenceID", None, ns) for oid in root.iterfind(".//p:oID", ns)}
    assert attributes.findtext("p:hashAlgorithmOIDReference", None, ns) in table
    assert root.findtext(".//p:policyOIDReference", None, ns) in table
    nil = f"{{{ns['i']}}}nil"
    empty = [part for part in root.iterfind(".//p:GetPoliciesResponse//*", ns) if not len(part) and not part.text]
    assert {etree.QName(part).localname for part in empty if part.get(nil) != "true"} == {"policyID"}


async def test_m22_the_schedule_begins_and_ends(client):
    """No set without a count that runs beside another one, and the endless one at most every eight hours."""
    poll = (await client.enroll()).dm_client.poll
    assert poll.problems() == []
    assert poll.first_retries > 0
    assert poll.second_retries > 0
    assert poll.remaining_interval >= 480


@pytest.mark.parametrize("service", ["discovery", "policy", "enrollment", "fault"])
async def test_m23_answers_have_a_length_and_are_neither_chunked_nor_packed(client, service):
    """Content-Length is the length, also for a client that would take gzip."""
    body = {"discovery": discover(), "policy": policies(client), "enrollment": b"<a/>", "fault": b""}[service]
    if service == "enrollment":
        answer = await client.ask()
    else:
        path = "policy" if service == "policy" else "discovery"
        answer = await client.post(path, body, headers={"accept-encoding": "gzip, deflate, br"})
    assert answer.headers["content-length"] == str(len(answer.content))
    assert "transfer-encoding" not in answer.headers
    assert "content-encoding" not in answer.headers
    assert answer.headers["cache-control"].startswith("no-store")


async def test_m23_a_packed_request_is_not_unpacked(client):
    """Nobody asked for compression, so a bomb is only bytes that are no XML."""
    answer = await client.post(
        "discovery", gzip.compress(b"<a>" + b" " * 10_000_000), headers={"content-encoding": "gzip"}
    )
    assert answer.status_code == 500
    assert b"s:MessageFormat" in answer.content


@pytest.mark.parametrize("path", ["EnrollmentServer", "enrollmentserver", "ENROLLMENTSERVER"])
@pytest.mark.parametrize("version", ["1.0", "9.0", "12.5", "nan", "-1", ""])
async def test_m24_paths_versions_and_kinds_of_devices_are_taken_as_they_come(client, path, version):
    """Any case, any version, a kind of device nobody knows, a query nobody asked for: an answer."""
    body = discover(request_version=version, device_type="Toaster", auth_policies=("Federated",))
    answer = await client.http.post(f"/{path}/DISCOVERY.svc/?a=b&client-request-id=x", content=body)
    assert discovery.parse_discover_response(answer.content).enrollment_version in {"3.0", "4.0"}


@pytest.mark.parametrize(
    "context",
    [
        {"Toast": "1", "ünknown": "<&>"},
        {"BulkAADJ": "false", "OfflineAutoPilotEnrollmentCorrelator": ""},
        {"DeviceID": "None", "EnrollmentData": "null", "HWDevID": "0" * 64},
        {"enrollmenttype": "device", "MAC": "00-00-00-00-00-00", "RequestVersion": "9.0"},
    ],
)
async def test_m24_context_items_are_taken_as_they_come(client, context):
    """Unknown, empty, placeholder or oddly written items stop nothing."""
    assert (await client.enroll(**context)).dm_client.ent_dm_id


async def test_m24_content_types_and_agents_are_nobodys_business(client):
    """No content type, an old one, an unknown agent."""
    for headers in ({}, {"content-type": "text/xml"}, {"user-agent": "curl/1"}):
        answer = await client.post("discovery", discover(auth_policies=("Federated",)), headers=headers)
        assert answer.status_code == 200


@pytest.mark.parametrize("service", ACTIONS)
async def test_m29_no_service_reads_a_document_type(client, service):
    """Entities are not expanded, files are not read, nothing is fetched: MessageFormat."""
    body = discover(email_address="&x;").replace(b"&amp;x;", b"&x;")
    for declared in (
        b'<!ENTITY x "y">',
        b'<!ENTITY x SYSTEM "file:///etc/passwd">',
        b'<!ENTITY % p SYSTEM "https://a">',
    ):
        answer = await client.post(service, b"<!DOCTYPE s [" + declared + b"]>" + body)
        assert answer.status_code == 500
        assert b"s:MessageFormat" in answer.content
        assert b"root:" not in answer.content


async def test_one_token_in_the_answer(client):
    """Tools take the first BinarySecurityToken they find, so there is one (04 section 10)."""
    answer = await client.ask()
    assert len(etree.fromstring(answer.content).findall(f".//{{{NS_SECEXT}}}BinarySecurityToken")) == 1
