"""The certificate request: what proves a key, and what does not (04 section 9)."""

from __future__ import annotations

import pytest
from asn1crypto import core
from asn1crypto import csr as asn1_csr
from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

from taxiway.enrollment.csr import proven_key
from taxiway.enrollment.errors import BadCertificateRequest
from taxiway.wire.rsa_public import key_hash

NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ConfigMgrEnroll")])


def request(key, algorithm=None):
    made = x509.CertificateSigningRequestBuilder().subject_name(NAME).sign(key, algorithm or hashes.SHA256())
    return made.public_bytes(serialization.Encoding.DER)


def windows_request(key) -> bytes:
    """A request with the subject Windows writes: a PrintableString with '!' and a trailing NUL."""
    spki = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    text = b"0F3B8E6C-A271-4556-9B72-A26CBD!8090C8B484A0E24EB5C56E806CB4EE5B\x00"
    value = b"\x13" + bytes([len(text)]) + text
    attribute = core.Sequence(contents=b"\x06\x03\x55\x04\x03" + value).dump()
    name = core.Sequence(contents=core.Set(contents=attribute).dump()).dump()
    info = asn1_csr.CertificationRequestInfo(
        {
            "version": "v1",
            "subject": asn1_x509.Name.load(name),
            "subject_pk_info": asn1_keys.PublicKeyInfo.load(spki),
            "attributes": [],
        }
    ).dump()
    signature = key.sign(info, padding.PKCS1v15(), hashes.SHA256())
    algorithm = asn1_csr.SignedDigestAlgorithm({"algorithm": "sha256_rsa"}).dump()
    return core.Sequence(contents=info + algorithm + core.OctetBitString(signature).dump()).dump()


def test_a_plain_request_gives_its_key(keys):
    """The key of a well-formed request comes out, with the same hash each time."""
    key = keys.rsa()
    found = proven_key(request(key))
    assert found.public_numbers() == key.public_key().public_numbers()
    assert key_hash(found) == key_hash(key.public_key())


def test_m31_the_subject_windows_writes_is_no_obstacle(keys):
    """A subject that strict libraries refuse does not matter: only the key is taken over."""
    key = keys.rsa()
    der = windows_request(key)
    with pytest.raises(ValueError, match=r"(?i)asn.?1|parse"):
        x509.load_der_x509_csr(der).subject  # noqa: B018 - reading it is what fails
    assert proven_key(der).public_numbers() == key.public_key().public_numbers()


def test_m12_a_signature_by_another_key_is_refused(keys):
    """Possession is proven by the signature over exactly these bytes."""
    der = bytearray(request(keys.rsa()))
    der[-1] ^= 1
    with pytest.raises(BadCertificateRequest, match="possession"):
        proven_key(bytes(der))


@pytest.mark.parametrize(
    "der",
    [
        b"",
        b"\x30\x00",
        b"not asn.1",
        b"\x30\x80" + b"\x00" * 40,
        b"\x30" * 20_000,
        request(ec.generate_private_key(ec.SECP256R1())),
        request(rsa.generate_private_key(public_exponent=65537, key_size=1024)),
    ],
)
def test_m12_hostile_or_weak_requests_are_named_errors(der):
    """Whatever the bytes are, the answer is one named error."""
    with pytest.raises(BadCertificateRequest):
        proven_key(der)


#: rsaEncryption as it stands in a certificate or a request, and a key of a kind that nobody knows in its place.
RSA_KEY, UNKNOWN_KEY = (bytes.fromhex(f"06092a864886f70d0101{last}0500") for last in ("01", "63"))


def test_m12_a_key_of_an_unknown_kind_is_a_named_error(keys):
    """Well-formed DER whose key nothing can read."""
    der = request(keys.rsa())
    assert der.count(RSA_KEY) == 1
    with pytest.raises(BadCertificateRequest):
        proven_key(der.replace(RSA_KEY, UNKNOWN_KEY))
