"""Joining: the bodies, the key blob, the certificate's extensions, SIDs."""

import base64
import hashlib
import json
import struct
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from taxiway.wire import device_certificate as cert
from taxiway.wire import join, rsa_blob
from taxiway.wire.json_body import BadJson

GUID = UUID("01234567-89ab-cdef-0123-456789abcdef")
KEY = rsa.generate_private_key(65537, 2048).public_key()
BODY = {
    "CertificateRequest": {"Type": "pkcs10", "Data": "MIICdDCC"},
    "TransportKey": "UlNBMQAI",
    "TargetDomain": "example.test",
    "DeviceType": "Windows",
    "OSVersion": "10.0.26100.1742",
    "DeviceDisplayName": "DESKTOP-7F3K2QA",
    "JoinType": 0,
    "Attributes": {"ReuseDevice": "true", "SharedDevice": "False", "MSA-DDID": "dGlja2V0"},
}


def changed(**members):
    return json.dumps({**BODY, **members}).encode()


def test_a_join_request_is_read():
    """Members and attributes come through by their names."""
    request = join.parse_join_request(changed())
    assert request.certificate_request.der() == base64.b64decode("MIICdDCC")
    assert join.decode_base64("TransportKey", request.transport_key) == b"RSA1\0\x08"
    assert (request.join_type, request.os_version) == (0, "10.0.26100.1742")
    assert request.flag("ReuseDevice")
    assert not request.flag("SharedDevice")
    assert not request.flag("ReturnClientSid")
    assert request.attributes["MSA-DDID"] == "dGlja2V0"
    assert join.parse_join_request(join.render(request)) == request
    assert b'"OSVersion"' in join.render(request)


def test_attributes_in_lower_case():
    """Some clients write `attributes` small."""
    body = {**BODY, "attributes": {"ReuseDevice": "True"}}
    del body["Attributes"]
    assert join.parse_join_request(json.dumps(body).encode()).flag("ReuseDevice")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        changed(JoinType="0"),
        changed(Attributes={"ReuseDevice": True}),
        changed(DeviceType="x" * 65),
        changed(OSVersion="x" * 65),
        changed(DeviceDisplayName="x" * 257),
        changed(DeviceDisplayName="a\0"),
        changed(TransportKey=None),
        b"[" * 60000,
        b'{"a":' * 10000,
    ],
)
def test_a_bad_join_request_is_named(data):
    """A broken body is the named error (InvalidRequest)."""
    with pytest.raises(BadJson):
        join.parse_join_request(data)


def test_members_that_are_no_base64():
    """The error names the member."""
    request = join.parse_join_request(
        changed(TransportKey="!", CertificateRequest={"Type": "pkcs10", "Data": "\u00e9"})
    )
    with pytest.raises(BadJson, match="TransportKey"):
        request.transport_public_key()
    with pytest.raises(BadJson, match=r"CertificateRequest\.Data"):
        request.certificate_request.der()
    with pytest.raises(BadJson, match="pkcs10"):
        join.CertificateRequest("pkcs7", "").der()
    with pytest.raises(BadJson, match="more than"):
        join.KeyRequest("A" * 20000).blob()


def test_a_join_response():
    """Thumbprint in capitals, SIDs under their names."""
    response = join.JoinResponse(
        join.Certificate.of(b"der"),
        join.JoiningUser("ada@example.test"),
        (join.MembershipChange(join.LOCAL_ADMINISTRATORS, (cert.sid(GUID),)),),
    )
    body = json.loads(join.render(response))
    assert body["Certificate"]["Thumbprint"] == hashlib.sha1(b"der").hexdigest().upper()
    assert body["User"] == {"Upn": "ada@example.test"}
    assert body["MembershipChanges"][0]["LocalSID"] == "S-1-5-32-544"
    assert body["MembershipChanges"][0]["AddSIDs"] == ["S-1-12-1-19088743-3455027627-1732584193-4023233417"]
    assert join.parse(join.render(response), join.JoinResponse) == response
    assert response.certificate.der() == b"der"


def test_discovery_has_the_members_clients_read():
    """Names are spelled as in 03 section 8.2."""
    discovery = join.Discovery(
        join.DiscoveryService("https://d"),
        join.AuthenticationService(join.OAuth2("https://a", "https://t")),
        join.DeviceJoinService("https://j"),
        join.KeyProvisioningService("https://k"),
        join.NonceService("https://n"),
        join.TenantInfo("tid", "example.test", "Example"),
    )
    body = json.loads(join.render(discovery))
    assert body["AuthenticationService"]["OAuth2"]["TokenEndpoint"] == "https://t"
    assert body["DeviceJoinService"] == {
        "JoinEndpoint": "https://j",
        "JoinResourceId": "urn:ms-drs:enterpriseregistration.windows.net",
        "ServiceVersion": "2.0",
    }
    assert body["KeyProvisioningService"]["KeyProvisionEndpoint"] == "https://k"
    assert body["NonceService"]["Endpoint"] == "https://n"
    assert body["TenantInfo"]["TenantId"] == "tid"
    assert join.parse(join.render(discovery), join.Discovery) == discovery


def test_errors_and_key_registration():
    """Error bodies and key bodies have the documented members."""
    error = join.JoinError(error_type="AuthorizationError", message="no", trace_id="5f2c", time="02-24-2026 17:37:01Z")
    assert set(json.loads(join.render(error))) == {
        "ErrorType", "ErrorSubcode", "Message", "TraceId", "Time", "Operation", "RequestId",
    }  # fmt: skip
    assert json.loads(join.render(join.KeyResponse("id", "a@b"))) == {
        "kid": "id", "upn": "a@b", "pctx": None, "krctx": "",
    }  # fmt: skip
    fault = json.loads(join.render(join.KeyFault(code="c", message="m", time="t")))
    assert fault["response"] == "ERROR_FAIL"
    assert fault["innererror"] == {"trace": "", "context": ""}
    assert join.parse(b'{"kngc":"UlNBMQ=="}', join.KeyRequest).blob() == b"RSA1"


def test_the_rsa_blob():
    """283 bytes for 2048 bits, beginning as in 03 section 8.4."""
    blob = rsa_blob.encode(KEY)
    assert len(blob) == 283
    assert base64.b64encode(blob).startswith(b"UlNBMQAIAAADAAAAAAEAAAAAAAAAAAAAAQAB")
    assert rsa_blob.decode(blob).public_numbers() == KEY.public_numbers()
    assert rsa_blob.key_id(blob) == base64.b64encode(hashlib.sha256(blob).digest()).decode()


def blob(magic=b"RSA1", bits=2048, exponent=b"\1\0\1", modulus=b"\xff" * 256, primes=(0, 0)):
    return struct.pack("<4s5I", magic, bits, len(exponent), len(modulus), *primes) + exponent + modulus


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        blob()[:-1],
        blob(magic=b"RSA2"),
        blob(primes=(128, 128)),
        blob(exponent=b"\3"),
        blob(bits=1024),
        blob(bits=1024, modulus=b"\xff" * 128),
        blob(bits=8192, modulus=b"\xff" * 1024),
        blob(modulus=b"\xff" * 255 + b"\xfe"),
        struct.pack("<4s5I", b"RSA1", 2048, 2**32 - 1, 256, 0, 0),
    ],
)
def test_keys_that_are_refused(bad):
    """Private parts, short keys, other exponents and even moduli are no public key."""
    with pytest.raises(rsa_blob.BadRsaBlob):
        rsa_blob.decode(bad)


def test_certificate_extensions_have_the_long_form_of_a_length():
    """The bytes of 03 section 17.5, and ASCII `1` for a joined device."""
    claims = cert.DeviceClaims(device_id=GUID, tenant_id=GUID, user_id=GUID)
    extensions = cert.encode_extensions(claims)
    assert extensions["1.2.840.113556.1.5.284.2"].hex() == "04811067452301ab89efcd0123456789abcdef"
    assert extensions["1.2.840.113556.1.5.284.7"].hex() == "04810131"
    assert cert.decode_extensions(extensions) == claims
    alone = cert.DeviceClaims(device_id=GUID, tenant_id=GUID, region="NA")
    assert cert.USER_ID not in cert.encode_extensions(alone)
    assert cert.decode_extensions(cert.encode_extensions(alone)) == alone


@pytest.mark.parametrize("value", [b"", b"\4", b"\4\x81", b"\4\x81\x10abc", b"\5\1a", b"\4\3abc", b"\4\x81\3abc"])
def test_bad_extensions(value):
    """What is no octet string, or no id, is refused."""
    good = cert.encode_extensions(cert.DeviceClaims(device_id=GUID, tenant_id=GUID))
    with pytest.raises(cert.BadExtension):
        cert.decode_extensions(good | {cert.DEVICE_ID: value})
    with pytest.raises(cert.BadExtension):
        cert.decode_extensions({cert.DEVICE_ID: good[cert.DEVICE_ID]})
    with pytest.raises(cert.BadExtension):
        cert.decode_extensions(good | {cert.REGION: b"\4\1\xff"})
    with pytest.raises(cert.BadExtension):
        cert.wrap(bytes(256))


def test_short_form_is_read_too():
    """Another encoder may write the minimal length."""
    assert cert.unwrap(b"\4\3abc") == b"abc"


def test_sid():
    """03 section 17.5."""
    assert cert.sid(GUID) == "S-1-12-1-19088743-3455027627-1732584193-4023233417"


@given(st.binary(max_size=400))
def test_any_bytes_are_a_message_or_the_named_error(data):
    """Hostile bytes never raise anything else."""
    for parse in (join.parse_join_request, lambda d: join.parse(d, join.JoinResponse)):
        try:
            parse(data)
        except BadJson:
            continue
    for body in (data, b"RSA1" + data):
        try:
            rsa_blob.decode(body)
        except rsa_blob.BadRsaBlob:
            continue
