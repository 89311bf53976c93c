"""What SCEP messages bring: certificate requests and certificates, in envelopes for one reader (RFC 8894)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from asn1crypto import cms
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.ciphers import algorithms
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import AttributeOID

from taxiway.kernel.der import BROKEN_DER
from taxiway.wire.scep import BadScep, WeakAlgorithm

_DER: Final = serialization.Encoding.DER
_CIPHERS: Final = frozenset({"aes128_cbc", "aes256_cbc"})
_MIN_BITS, _MAX_BITS = 2048, 4096
_MAX_CERTIFICATES: Final = 8
_HASHES: Final = (hashes.SHA256, hashes.SHA384, hashes.SHA512)


@dataclass(frozen=True, slots=True)
class Request:
    """A certificate request that proves its key: subject in the form of RFC 4514, names, and the challenge in it."""

    key: rsa.RSAPublicKey
    subject: str
    names: tuple[str, ...]
    challenge: str


def seal(content: bytes, reader: x509.Certificate) -> bytes:
    """Put content into an envelope that only the reader's key opens: AES-256."""
    builder = pkcs7.PKCS7EnvelopeBuilder().set_data(content).add_recipient(reader)
    builder = builder.set_content_encryption_algorithm(algorithms.AES256)
    return builder.encrypt(_DER, [pkcs7.PKCS7Options.Binary])


def unseal(envelope: bytes, reader: x509.Certificate, key: rsa.RSAPrivateKey) -> bytes:
    """Open an envelope that is for this reader."""
    try:
        data = cms.ContentInfo.load(envelope, strict=True)["content"]
        cipher = data["encrypted_content_info"]["content_encryption_algorithm"]["algorithm"].native
    except BROKEN_DER as error:
        raise BadScep("The message brings no envelope.") from error
    if cipher not in _CIPHERS:
        raise WeakAlgorithm(f"The envelope is encrypted with '{cipher}'; AES in CBC mode is accepted.")
    try:
        return pkcs7.pkcs7_decrypt_der(envelope, reader, key, [])
    except BROKEN_DER as error:
        raise BadScep("The envelope cannot be opened with the reader's key.") from error


def write_request(key: rsa.RSAPrivateKey, subject: x509.Name, names: list[x509.GeneralName], challenge: str) -> bytes:
    """A PKCS#10 request with its challenge; the same input makes the same bytes."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    builder = builder.add_attribute(AttributeOID.CHALLENGE_PASSWORD, challenge.encode())
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(_DER)


def read_request(der: bytes) -> Request:
    """Read a PKCS#10 request and check that it proves its key."""
    try:
        csr = x509.load_der_x509_csr(der)
        key, proven, algorithm = csr.public_key(), csr.is_signature_valid, csr.signature_hash_algorithm
        names = tuple(_name(each) for each in _alternatives(csr))
        subject, challenge = csr.subject.rfc4514_string(), _challenge(csr)
    except BROKEN_DER as error:
        raise BadScep("What the message brings is not a certificate request.") from error
    if not isinstance(key, rsa.RSAPublicKey) or not _MIN_BITS <= key.key_size <= _MAX_BITS:
        raise WeakAlgorithm(f"The key is not RSA with {_MIN_BITS} to {_MAX_BITS} bits.")
    if key.public_numbers().e < 65537 or not isinstance(algorithm, _HASHES):
        raise WeakAlgorithm("The request is not signed with SHA-2, or its key's exponent is below 65537.")
    if not proven:
        raise BadScep("The request does not prove possession of its key.")
    return Request(key, subject, names, challenge)


def write_certificates(certificates: list[x509.Certificate]) -> bytes:
    """Certificates without anything signed, as an answer brings them."""
    return pkcs7.serialize_certificates(certificates, _DER)


def read_certificates(der: bytes) -> list[x509.Certificate]:
    """The certificates of such an answer; a single one may also stand alone."""
    try:
        return [x509.load_der_x509_certificate(der)]
    except BROKEN_DER:
        pass  # not a single one
    try:
        found = pkcs7.load_der_pkcs7_certificates(der)
    except BROKEN_DER as error:
        raise BadScep("The answer brings no certificates.") from error
    if not 0 < len(found) <= _MAX_CERTIFICATES:
        raise BadScep(f"The answer brings {len(found)} certificates.")
    return found


def alternative_name(kind: str, value: str) -> x509.GeneralName:
    """A name for ``SubjectAlternativeName`` from its kind and its text."""
    try:
        if kind == "upn":
            return x509.OtherName(UPN, b"\x0c" + _length(value.encode()) + value.encode())
        return _KINDS[kind](value)
    except (KeyError, ValueError, UnicodeError) as error:
        raise BadScep(f"'{value[:100]}' is not an alternative name of the kind '{kind}'.") from error


def name_text(kind: str, value: str) -> str:
    """The same as ``Request.names`` has it."""
    return f"{kind}:{value}"


#: A user principal name in ``otherName``; its value is a UTF8String.
UPN: Final = x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3")


_KINDS: Final[dict[str, Callable[[str], x509.GeneralName]]] = {
    "dns": x509.DNSName,
    "email": x509.RFC822Name,
    "uri": x509.UniformResourceIdentifier,
}


def _length(raw: bytes) -> bytes:
    return bytes([len(raw)]) if len(raw) < 128 else bytes([0x81, len(raw)])


def _alternatives(csr: x509.CertificateSigningRequest) -> list[x509.GeneralName]:
    try:
        return list(csr.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    except x509.ExtensionNotFound:
        return []


def _name(name: x509.GeneralName) -> str:
    """A name as text: its kind and its value."""
    if isinstance(name, x509.OtherName):
        return name_text("upn", name.value[2:].decode("utf-8", "replace")) if name.type_id == UPN else "other"
    kind = {x509.DNSName: "dns", x509.RFC822Name: "email", x509.UniformResourceIdentifier: "uri"}.get(type(name))
    return name_text(kind, name.value) if kind else "other"


def _challenge(csr: x509.CertificateSigningRequest) -> str:
    try:
        return csr.attributes.get_attribute_for_oid(AttributeOID.CHALLENGE_PASSWORD).value.decode("utf-8", "replace")
    except x509.AttributeNotFound:
        return ""
