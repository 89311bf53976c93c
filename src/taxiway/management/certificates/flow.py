"""The SCEP responder from bytes to bytes (RFC 8894): read, decide, sign, write; the write decides again."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from taxiway import enrollment, pki
from taxiway.kernel import Reason
from taxiway.management.certificates import challenges
from taxiway.management.certificates.challenges import Challenge, Verdict
from taxiway.management.configuration.configurations import CONFIGURATIONS
from taxiway.store import Runtime, Tx
from taxiway.wire.rsa_public import key_hash
from taxiway.wire.scep import (
    Attributes,
    BadScep,
    FailInfo,
    MessageType,
    PkiMessage,
    PkiStatus,
    WeakAlgorithm,
    read_message,
    write_message,
)
from taxiway.wire.scep_content import (
    Request,
    alternative_name,
    read_request,
    seal,
    unseal,
    write_certificates,
)
from taxiway.wire.scep_settings import parse_subject

#: Messages of the protocol that this responder does not serve, and why.
_NOT_SERVED: Final = {
    MessageType.POLL: "CertPoll is not served: every request is answered at once.",
    MessageType.GET_CERT: "GetCert is not served.",
    MessageType.GET_CRL: "GetCRL is not served.",
}


class Refused(BadScep):
    """A request that is answered with a failure; ``fail`` says which."""

    def __init__(self, message: str, fail: FailInfo) -> None:
        super().__init__(message)
        self.fail = fail


async def ca_certificates(rt: Runtime, tenant: str) -> bytes:
    """The answer to GetCACert: the registration authority and the tenant's authority."""
    authority = await pki.client_authority(rt, tenant)
    return await rt.workers.run(write_certificates, [authority.registration, authority.certificate])


async def respond(rt: Runtime, tenant: str, der: bytes, *, correlation: str) -> bytes:
    """Answer a PKIOperation. ``BadScep`` where there is no transaction that an answer could name."""
    authority = await pki.client_authority(rt, tenant)
    message = await rt.workers.run(read_message, der)
    try:
        certificate = await _certificate(rt, tenant, authority, message, correlation)
    except Refused as error:
        return await rt.workers.run(_failure, rt.entropy.bytes(16), authority, message, error)
    return await rt.workers.run(_success, rt.entropy.bytes(16), authority, message, certificate)


async def _certificate(
    rt: Runtime, tenant: str, authority: pki.ClientAuthority, message: PkiMessage, correlation: str
) -> x509.Certificate:
    request = await rt.workers.run(_read, authority, message)
    transaction, digest = message.attributes.transaction, key_hash(request.key)

    vouching = message.signer if message.attributes.kind == MessageType.RENEWAL else None
    token = request.challenge
    if vouching is not None:
        token = challenges.renewal(transaction, digest, pki.thumbprint(vouching))

    def decide(tx: Tx) -> tuple[Verdict, Challenge | None]:
        known = challenges.find(tx, token) if vouching is None else _vouched(tx, token, vouching)
        verdict = challenges.judge(known, request, digest, transaction, tx.now)
        if known is not None and enrollment.managed_device(tx, known["managed_id"]) is None:
            verdict = Verdict("refuse", Reason("scep.unmanaged", "The device is not managed any more."))
        return verdict, known

    verdict, known = await rt.store.read(tenant, decide)
    made = None
    if verdict.value == "issue" and known is not None:
        made = await _sign(rt, tenant, authority, request, known["terms"])

    def settle(tx: Tx) -> tuple[Verdict, bytes | None]:
        final, row = decide(tx)
        if row is None:
            return final, None
        if final.value == "again":
            return final, pki.certificate_der(tx, row["thumbprint"])
        subject = enrollment.subject_of(tx, row["managed_id"])
        what = {"managed_device": row["managed_id"], "configuration": row["configuration_id"]}
        if final.value == "refuse" or made is None:
            tx.log("certificate.refused", subject=subject, what=what, why=[final.why])
            return final, None
        about = {"subject": f"managed:{row['managed_id']}", "profile": row["configuration_id"], "terms": row["terms"]}
        name = pki.record_client(tx, made, **about)
        challenges.keep(tx, row)
        challenges.use(tx, token, digest, transaction, name)
        what |= {"thumbprint": name, "certificate_subject": request.subject, "usages": row["terms"]["usages"]}
        tx.log("certificate.issued", subject=subject, what=what, why=[final.why])
        return final, made.public_bytes(serialization.Encoding.DER)

    final, found = (
        (verdict, None)
        if known is None
        else await rt.store.write(tenant, settle, actor=f"managed:{known['managed_id']}", correlation=correlation)
    )
    if found is None:
        raise Refused(final.why.text, final.fail)
    return x509.load_der_x509_certificate(found)


# ---------------------------------------------------------------------------------------------- inside


def _read(authority: pki.ClientAuthority, message: PkiMessage) -> Request:
    """The request in the message, whose key signed it, or which another certificate signed for a renewal."""
    kind = message.attributes.kind
    if kind not in {MessageType.REQUEST, MessageType.RENEWAL}:
        named = {str(each): text for each, text in _NOT_SERVED.items()}
        raise Refused(named.get(kind, f"There is no message of the type '{kind[:20]}'."), FailInfo.BAD_REQUEST)
    if not message.attributes.sender_nonce:
        raise Refused("The message has no nonce.", FailInfo.BAD_REQUEST)
    try:
        request = read_request(unseal(message.envelope, authority.registration, authority.registration_key))
    except WeakAlgorithm as error:
        raise Refused(error.message, FailInfo.BAD_ALG) from error
    except BadScep as error:
        raise Refused(error.message, FailInfo.BAD_MESSAGE_CHECK) from error
    if kind == MessageType.REQUEST and message.signer.public_key() != request.key:
        raise Refused("The message is not signed with the key that is to be certified.", FailInfo.BAD_MESSAGE_CHECK)
    return request


def _vouched(tx: Tx, token: str, certificate: x509.Certificate) -> Challenge | None:
    """What a certificate of ours grants for the next one: the same again, as long as its profile is there."""
    row = pki.client_of(tx, certificate)
    if row is None or CONFIGURATIONS.get(tx, row["profile"]) is None:
        return None
    managed_id = str(row["subject"]).partition(":")[2]
    return challenges.vouched(tx, token, managed_id, row["profile"], row["terms"])


async def _sign(
    rt: Runtime, tenant: str, authority: pki.ClientAuthority, request: Request, terms: Mapping[str, Any]
) -> x509.Certificate:
    """The certificate by what the profile granted: of the request its key alone is taken over."""
    above = x509.SubjectKeyIdentifier.from_public_key(authority.key.public_key())
    extensions: list[tuple[x509.ExtensionType, bool]] = [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (pki.usage(*terms["key_usage"]), True),
        (x509.ExtendedKeyUsage([x509.ObjectIdentifier(oid) for oid in terms["usages"]]), False),
        (x509.SubjectKeyIdentifier.from_public_key(request.key), False),
        (x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(above), False),
    ]
    if terms["names"]:
        names = [alternative_name(*each.split(":", 1)) for each in terms["names"]]
        extensions.append((x509.SubjectAlternativeName(names), False))
    return await pki.issue_client(
        rt,
        tenant,
        public_key=request.key,
        subject=parse_subject(terms["subject"]),
        expires=rt.clock.now() + timedelta(days=terms["days"]),
        extensions=extensions,
    )


def _success(nonce: bytes, authority: pki.ClientAuthority, message: PkiMessage, certificate: x509.Certificate) -> bytes:
    envelope = seal(write_certificates([certificate, authority.certificate]), message.signer)
    return _answer(nonce, authority, message, PkiStatus.SUCCESS, envelope=envelope)


def _failure(nonce: bytes, authority: pki.ClientAuthority, message: PkiMessage, error: Refused) -> bytes:
    return _answer(nonce, authority, message, PkiStatus.FAILURE, fail=error.fail, text=error.message)


def _answer(
    nonce: bytes,
    authority: pki.ClientAuthority,
    message: PkiMessage,
    status: PkiStatus,
    *,
    envelope: bytes = b"",
    fail: str = "",
    text: str = "",
) -> bytes:
    asked = message.attributes
    attributes = Attributes(
        MessageType.CERT_REP, asked.transaction, nonce, asked.sender_nonce, status, fail, fail_text=text
    )
    return write_message(attributes, envelope, authority.registration, authority.registration_key)


def message_of(text: str) -> bytes:
    """The message of a GET, which is base64 in the query."""
    try:
        return base64.b64decode(text.replace(" ", "+"), validate=True)  # some clients leave the plus as it is
    except ValueError as error:
        raise BadScep("The message is not base64.") from error
