"""The PC's half of SCEP: fetch the authority, prove its thumbprint, ask, prove the answer (RFC 8894)."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa

from taxiway.device.transport import Transport
from taxiway.wire import scep
from taxiway.wire.rsa_public import key_hash
from taxiway.wire.scep import Attributes, BadScep, MessageType, PkiMessage, PkiStatus
from taxiway.wire.scep_content import (
    alternative_name,
    read_certificates,
    seal,
    unseal,
    write_request,
)
from taxiway.wire.scep_settings import parse_subject, read_names

#: The HRESULTs an enrolment ends with: authority not the expected one, an answer that cannot be read, a refusal.
UNTRUSTED: Final = 0x800B0109
BAD_ANSWER: Final = 0x80094004
DENIED: Final = 0x80094012


class EnrolmentFailed(Exception):
    """No certificate; ``code`` says why, and asking once more may help where it is ``temporary``."""

    def __init__(self, code: int, text: str, *, temporary: bool = False) -> None:
        super().__init__(text)
        self.code, self.text, self.temporary = code, text, temporary


@dataclass(frozen=True, slots=True)
class Order:
    """What the nodes of an enrolment say."""

    url: str
    challenge: str
    subject: str
    names: str
    authority: str


async def enroll(transport: Transport, key_name: str, order: Order) -> x509.Certificate:
    """One attempt. The same key asks in the same transaction, so that a repetition gets the same certificate."""
    try:
        return await _enroll(transport, key_name, order)
    except BadScep as error:
        raise EnrolmentFailed(BAD_ANSWER, error.message) from error


async def _enroll(transport: Transport, key_name: str, order: Order) -> x509.Certificate:
    registration, authority = await _authorities(transport, order)
    now, nonce = transport.now(), transport.host.entropy.bytes(16)
    public = await transport.tpm.public(key_name)
    asked = Attributes(MessageType.REQUEST, key_hash(public).upper(), nonce)
    message, signer = await transport.tpm.use(key_name, _message, order, asked, registration, now)
    address = f"{order.url}?operation=PKIOperation"
    answer = await transport.send("POST", address, content=message, headers={"content-type": scep.MESSAGE_TYPE})
    if answer.status_code != 200:
        raise EnrolmentFailed(
            0x80190000 | answer.status_code, f"the responder answers {answer.status_code}", temporary=True
        )
    reply = await transport.host.workers.run(scep.read_message, answer.content)
    _check_reply(reply, asked, registration)
    found = await transport.tpm.use(key_name, _open, reply, signer)
    mine = next((each for each in found if each.public_key() == public), None)
    if mine is None or not _signed_by(mine, authority):
        raise EnrolmentFailed(UNTRUSTED, "the answer brings no certificate for the key from the expected authority")
    return mine


async def _authorities(transport: Transport, order: Order) -> tuple[x509.Certificate, x509.Certificate]:
    """The one that opens requests and the one that signs, which has to be the one the server named."""
    answer = await transport.send("GET", f"{order.url}?operation=GetCACert")
    if answer.status_code != 200:
        raise EnrolmentFailed(0x80190000 | answer.status_code, f"GetCACert: {answer.status_code}", temporary=True)
    found = read_certificates(answer.content)
    authority = next((each for each in found if _thumbprint(each) == order.authority.replace(" ", "").upper()), None)
    if authority is None:
        raise EnrolmentFailed(UNTRUSTED, "the responder's authority is not the one that CAThumbprint names")
    below = [each for each in found if each is not authority and _enciphers(each) and _signed_by(each, authority)]
    return (below[0] if below else authority), authority


def _message(
    key: rsa.RSAPrivateKey, order: Order, asked: Attributes, reader: x509.Certificate, now: datetime
) -> tuple[bytes, x509.Certificate]:
    """The signed request, and the certificate the PC made for itself to sign it."""
    subject = parse_subject(order.subject)
    names = [alternative_name(*each) for each in read_names(order.names)]
    signer = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(int(hashlib.sha256(asked.transaction.encode()).hexdigest()[:30], 16))
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=7))
        .sign(key, hashes.SHA256())
    )
    request = write_request(key, subject, names, order.challenge)
    return scep.write_message(asked, seal(request, reader), signer, key), signer


def _check_reply(reply: PkiMessage, asked: Attributes, registration: x509.Certificate) -> None:
    """The answer is the responder's, to this request, and it is a success."""
    told = reply.attributes
    if reply.signer != registration or told.kind != MessageType.CERT_REP or told.transaction != asked.transaction:
        raise EnrolmentFailed(BAD_ANSWER, "the answer is not the responder's to this request")
    if not hmac.compare_digest(told.recipient_nonce, asked.sender_nonce):
        raise EnrolmentFailed(BAD_ANSWER, "the answer is to another request")
    if told.status == PkiStatus.PENDING:
        raise EnrolmentFailed(DENIED, "the request is pending", temporary=True)
    if told.status != PkiStatus.SUCCESS:
        raise EnrolmentFailed(DENIED, f"the responder refuses (failInfo {told.fail}): {told.fail_text}")


def _open(key: rsa.RSAPrivateKey, reply: PkiMessage, signer: x509.Certificate) -> list[x509.Certificate]:
    return read_certificates(unseal(reply.envelope, signer, key))


def _enciphers(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.KeyUsage).value.key_encipherment
    except (x509.ExtensionNotFound, ValueError):
        return False


def _signed_by(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _thumbprint(certificate: x509.Certificate) -> str:
    return certificate.fingerprint(hashes.SHA1()).hex().upper()  # noqa: S303 - a name, not a protection
