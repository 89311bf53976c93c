"""The messages of the Simple Certificate Enrolment Protocol (RFC 8894), written and read by both sides.

A message is CMS signed data whose signed attributes carry the protocol; what it brings is in an envelope for the
other side. Reading proves the signature; whose key made it is the reader's to judge.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from asn1crypto import algos, cms, core
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from taxiway.kernel.der import BROKEN_DER
from taxiway.wire.errors import WireError

MAX_BYTES: Final = 64 * 1024
CAPABILITIES: Final = ("AES", "POSTPKIOperation", "Renewal", "SCEPStandard", "SHA-256", "SHA-512")
#: Content types (RFC 8894, sections 4.1 and 4.2).
MESSAGE_TYPE: Final = "application/x-pki-message"
CERTIFICATES_TYPE: Final = "application/x-x509-ca-ra-cert"

_ARC: Final = "2.16.840.1.113733.1.9."
_MESSAGE, _STATUS, _FAIL = _ARC + "2", _ARC + "3", _ARC + "4"
_SENDER_NONCE, _RECIPIENT_NONCE, _TRANSACTION = _ARC + "5", _ARC + "6", _ARC + "7"
_FAIL_TEXT: Final = "1.3.6.1.5.5.7.24.1"
_HASHES: Final[dict[str, type[hashes.HashAlgorithm]]] = {
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}


class BadScep(WireError):
    """Bytes that are no SCEP message, or one whose signature does not hold."""


class WeakAlgorithm(BadScep):
    """A SCEP message made with an algorithm that is not accepted."""


class MessageType(StrEnum):
    """What a message is (RFC 8894, section 3.2.1.2)."""

    CERT_REP = "3"
    RENEWAL = "17"
    REQUEST = "19"
    POLL = "20"
    GET_CERT = "21"
    GET_CRL = "22"


class PkiStatus(StrEnum):
    """How a request went (section 3.2.1.3)."""

    SUCCESS = "0"
    FAILURE = "2"
    PENDING = "3"


class FailInfo(StrEnum):
    """Why it was refused (section 3.2.1.4)."""

    BAD_ALG = "0"
    BAD_MESSAGE_CHECK = "1"
    BAD_REQUEST = "2"
    BAD_TIME = "3"
    BAD_CERT_ID = "4"


@dataclass(frozen=True, slots=True)
class Attributes:
    """The signed attributes of one message. ``kind`` and ``status`` are as they came: an unknown one has no name."""

    kind: str
    transaction: str
    sender_nonce: bytes = b""
    recipient_nonce: bytes = b""
    status: str = ""
    fail: str = ""
    fail_text: str = ""


@dataclass(frozen=True, slots=True)
class PkiMessage:
    """A message whose signature is that of ``signer``; ``envelope`` is what it brings, empty for nothing."""

    attributes: Attributes
    signer: x509.Certificate
    envelope: bytes = b""


def write_message(attributes: Attributes, envelope: bytes, signer: x509.Certificate, key: rsa.RSAPrivateKey) -> bytes:
    """A signed message, its signer's certificate inside; SHA-256 and RSA."""
    digest = hashes.Hash(hashes.SHA256())
    digest.update(envelope)
    signed = cms.CMSAttributes([*_standard(digest.finalize()), *_encoded(attributes)])
    certificate = asn1_x509.Certificate.load(signer.public_bytes(serialization.Encoding.DER))
    sha256 = algos.DigestAlgorithm({"algorithm": "sha256"})
    info = cms.SignerInfo(
        {
            "version": "v1",
            "sid": cms.SignerIdentifier(
                {
                    "issuer_and_serial_number": cms.IssuerAndSerialNumber(
                        {"issuer": certificate.issuer, "serial_number": certificate.serial_number}
                    )
                }
            ),
            "digest_algorithm": sha256,
            "signed_attrs": signed,
            "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": "rsassa_pkcs1v15"}),
            "signature": key.sign(signed.dump(), padding.PKCS1v15(), hashes.SHA256()),
        }
    )
    content = {"content_type": "data", "content": envelope} if envelope else {"content_type": "data"}
    data = {
        "version": "v1",
        "digest_algorithms": [sha256],
        "encap_content_info": content,
        "certificates": [certificate],
        "signer_infos": [info],
    }
    whole: bytes = cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(data)}).dump()
    return whole


def read_message(der: bytes) -> PkiMessage:
    """Read a message and check its signature against the certificate it brings for its signer."""
    if len(der) > MAX_BYTES:
        raise BadScep(f"The message has {len(der)} bytes; at most {MAX_BYTES} are read.")
    try:
        return _read(der)
    except BROKEN_DER as error:
        raise BadScep("The message is not CMS signed data with one signer and SCEP's attributes.") from error


# ---------------------------------------------------------------------------------------------- inside


def _read(der: bytes) -> PkiMessage:
    signed = cms.ContentInfo.load(der, strict=True)["content"]
    if not isinstance(signed, cms.SignedData):
        raise BadScep("The message is not signed data.")
    (info,) = signed["signer_infos"]
    content = signed["encap_content_info"]["content"].native or b""
    signer = _signer(signed, info)
    values = {each["type"].dotted: each["values"] for each in info["signed_attrs"]}
    _prove(info, content, values, signer)
    attributes = Attributes(
        kind=_text(values, _MESSAGE),
        transaction=_text(values, _TRANSACTION)[:256],
        sender_nonce=_octets(values, _SENDER_NONCE)[:64],
        recipient_nonce=_octets(values, _RECIPIENT_NONCE)[:64],
        status=_text(values, _STATUS),
        fail=_text(values, _FAIL),
        fail_text=_text(values, _FAIL_TEXT)[:500],
    )
    if not attributes.kind or not attributes.transaction:
        raise BadScep("The message has no type or no transaction id.")
    return PkiMessage(attributes, signer, content)


def _signer(signed: cms.SignedData, info: cms.SignerInfo) -> x509.Certificate:
    """The certificate that the signer's issuer and serial number name, among those that came along."""
    wanted = info["sid"].chosen
    for each in signed["certificates"]:
        found = each.chosen
        if found.serial_number == wanted["serial_number"].native and found.issuer == wanted["issuer"]:
            return x509.load_der_x509_certificate(found.dump())
    raise BadScep("The signer's certificate did not come along.")


def _prove(info: cms.SignerInfo, content: bytes, values: dict[str, cms.SetOfAny], signer: x509.Certificate) -> None:
    name, key = info["digest_algorithm"]["algorithm"].native, signer.public_key()
    if name not in _HASHES or info["signature_algorithm"].signature_algo != "rsassa_pkcs1v15":
        raise WeakAlgorithm(f"The message is signed with '{name}'; RSA with SHA-2 is accepted.")
    if not isinstance(key, rsa.RSAPublicKey):
        raise WeakAlgorithm("The message is not signed by an RSA key.")
    digest = hashes.Hash(_HASHES[name]())
    digest.update(content)
    if values["1.2.840.113549.1.9.4"][0].native != digest.finalize():
        raise BadScep("The message's content is not what was signed.")
    body = b"\x31" + info["signed_attrs"].dump()[1:]  # signed as a SET OF, sent under a tag of its own
    try:
        key.verify(info["signature"].native, body, padding.PKCS1v15(), _HASHES[name]())
    except InvalidSignature as error:
        raise BadScep("The message's signature is not its signer's.") from error


def _standard(digest: bytes) -> list[cms.CMSAttribute]:
    return [
        cms.CMSAttribute({"type": "content_type", "values": ["data"]}),
        cms.CMSAttribute({"type": "message_digest", "values": [digest]}),
    ]


def _encoded(attributes: Attributes) -> list[cms.CMSAttribute]:
    texts = (
        (_MESSAGE, attributes.kind),
        (_TRANSACTION, attributes.transaction),
        (_STATUS, attributes.status),
        (_FAIL, attributes.fail),
    )
    values: list[tuple[str, core.Asn1Value]] = [(oid, core.PrintableString(text)) for oid, text in texts if text]
    nonces = ((_SENDER_NONCE, attributes.sender_nonce), (_RECIPIENT_NONCE, attributes.recipient_nonce))
    values += [(oid, core.OctetString(nonce)) for oid, nonce in nonces if nonce]
    if attributes.fail_text:
        values.append((_FAIL_TEXT, core.UTF8String(attributes.fail_text)))
    return [cms.CMSAttribute({"type": oid, "values": [core.Any(value)]}) for oid, value in values]


def _text(values: dict[str, cms.SetOfAny], oid: str) -> str:
    """A text attribute, whatever kind of text it is; a NUL or a lone surrogate in it makes it none."""
    found = values[oid][0].native if oid in values else ""
    if not isinstance(found, str) or not found.isprintable():
        raise BadScep("A text of the message is not printable.")
    return found


def _octets(values: dict[str, cms.SetOfAny], oid: str) -> bytes:
    found = values[oid][0].native if oid in values else b""
    if not isinstance(found, bytes):
        raise BadScep("A nonce of the message is not an octet string.")
    return found
