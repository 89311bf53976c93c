"""Renewal on behalf of the user: a new key, vouched for by the current certificate (04 section 14)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from asn1crypto import cms
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from taxiway import directory, pki
from taxiway.enrollment import csr
from taxiway.enrollment.errors import BadCertificateRequest, NotEligibleToRenew
from taxiway.enrollment.issuing import Made, certificates
from taxiway.enrollment.managed import ENROLLMENTS, MANAGED, subject_of
from taxiway.kernel.der import BROKEN_DER
from taxiway.store import Row, Tx, eq
from taxiway.wire import provisioning

MAX_BYTES: Final = 64 * 1024
#: The last days of a certificate in which it may be renewed: the period devices are told, and a week.
WINDOW: Final = timedelta(days=42 + 7)
#: So long the certificate before a renewal still opens sessions, unless the new one was used before (04 section 14.3).
GRACE: Final = timedelta(days=7)
_HASHES: Final[dict[str, type[hashes.HashAlgorithm]]] = {
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}


@dataclass(frozen=True, slots=True)
class Renewal:
    """A read renewal: who signed it, and the new key with its own proof."""

    signer: x509.Certificate
    key: rsa.RSAPublicKey


def read_renewal(der: bytes) -> Renewal:
    """Read the CMS around the request and check both signatures; whose the signer is remains to be checked."""
    if len(der) > MAX_BYTES:
        raise BadCertificateRequest(f"The renewal has {len(der)} bytes; at most {MAX_BYTES} are read.")
    try:
        signed = cms.ContentInfo.load(der, strict=True)["content"]
        (info,) = signed["signer_infos"]
        content = signed["encap_content_info"]["content"].native
        signer = _signer(signed, info)
        key = signer.public_key()
        digest_name = info["digest_algorithm"]["algorithm"].native
        algorithm = info["signature_algorithm"].signature_algo
        body = _signed_bytes(info, content, digest_name)
        signature = info["signature"].native
    except BROKEN_DER as error:
        raise BadCertificateRequest("The renewal is not PKCS#7 signed data with one signer.") from error
    if digest_name not in _HASHES or algorithm != "rsassa_pkcs1v15" or not isinstance(key, rsa.RSAPublicKey):
        raise BadCertificateRequest("The renewal is not signed by RSA with SHA-2.")
    try:
        key.verify(signature, body, padding.PKCS1v15(), _HASHES[digest_name]())
    except InvalidSignature as error:
        raise BadCertificateRequest("The renewal's signature is not its signer's.") from error
    return Renewal(signer, csr.proven_key(content))


def repeated(tx: Tx, managed_id: str, key_hash: str, signer: pki.Peer) -> bytes | None:
    """The document that this renewal was answered with before."""
    known = ENROLLMENTS.get(tx, managed_id)
    if known is None or known["key_hash"] != key_hash or known["former_thumbprint"] != _name(signer):
        return None
    return ENROLLMENTS.reveal(tx, managed_id, "document")


def require_eligible(tx: Tx, managed_id: str, signer: pki.Peer, key_hash: str) -> None:
    """Raise unless this certificate is the device's current one, near its end, and the key is a new one."""
    enrollment, managed = ENROLLMENTS.get(tx, managed_id), MANAGED.get(tx, managed_id)
    if enrollment is None or managed is None or enrollment["thumbprint"] != _name(signer):
        raise NotEligibleToRenew("The renewal is not signed by the device's current certificate.")
    require_new_key(tx, enrollment, key_hash)
    if signer.certificate.not_valid_after_utc - tx.now > WINDOW:
        raise NotEligibleToRenew(f"The certificate is valid for more than {WINDOW.days} days yet.")
    _require_standing(tx, managed, enrollment["entra_id"])


def require_new_key(tx: Tx, enrollment: Row, key_hash: str) -> None:
    """Raise unless no device has this key, and this one never had it."""
    if ENROLLMENTS.find(tx, eq("key_hash", key_hash)) is not None or key_hash in enrollment["former_keys"]:
        raise NotEligibleToRenew("A renewal needs a new key.")


def _require_standing(tx: Tx, managed: Row, entra_id: str | None) -> None:
    owner = None if managed["user_id"] is None else directory.find_user(tx, managed["user_id"])
    if owner is None or not owner["account_enabled"] or managed["management_state"] != "managed":
        raise NotEligibleToRenew("The device's user is gone or disabled, or the device is being retired.")
    device = None if entra_id is None else directory.find_device(tx, id=entra_id)
    if entra_id is not None and (device is None or not device["account_enabled"]):
        raise NotEligibleToRenew("The Entra device is gone or disabled.")


def store(tx: Tx, authority: pki.Authority, made: Made) -> bytes:
    """The new certificate is the current one, the one before is so for a while; the document that says so."""
    before = ENROLLMENTS.require(tx, made.managed_id)
    chain = certificates(authority, made, device_context=before["device_context"])
    document = provisioning.render_provisioning(provisioning.ProvisioningDocument(certificates=chain))
    thumbprint = pki.record(tx, made.certificate, purpose="management", subject=f"managed:{made.managed_id}")
    ENROLLMENTS.update(
        tx,
        made.managed_id,
        {
            "key_hash": made.key_hash,
            "former_keys": [*before["former_keys"], before["key_hash"]],
            "thumbprint": thumbprint,
            "former_thumbprint": before["thumbprint"],
            "renewed_at": tx.now,
            "recovered": False,
            "document": document,
        },
    )
    expires = made.certificate.not_valid_after_utc
    MANAGED.update(tx, made.managed_id, {"management_certificate_expires_at": expires})
    what = {"managed_device": made.managed_id, "certificate": thumbprint, "former": before["thumbprint"]}
    tx.log("certificate.renewed", subject=subject_of(tx, made.managed_id), what=what)
    return document


def require_current(tx: Tx, managed_id: str, thumbprint: str) -> None:
    """Raise ``PeerRefused`` unless this is the certificate on record for the device, or the one before in its grace."""
    enrollment = ENROLLMENTS.get(tx, managed_id)
    if enrollment is None or thumbprint == enrollment["thumbprint"]:
        return
    if thumbprint != enrollment["former_thumbprint"] or tx.now > enrollment["renewed_at"] + GRACE:
        raise pki.PeerRefused("The certificate is not the device's current one.", remedy="Use the renewed certificate.")


def use_certificate(tx: Tx, managed_id: str, thumbprint: str) -> None:
    """``require_current``; the first use of a renewed certificate ends the one before it (04 section 14.3)."""
    require_current(tx, managed_id, thumbprint)
    enrollment = ENROLLMENTS.get(tx, managed_id)
    if enrollment is not None and enrollment["former_thumbprint"] and thumbprint == enrollment["thumbprint"]:
        pki.revoke(tx, subject=f"managed:{managed_id}", purpose="management", but=thumbprint)
        ENROLLMENTS.update(tx, managed_id, {"former_thumbprint": None})


def _name(signer: pki.Peer) -> str:
    return pki.thumbprint(signer.certificate)


def _signer(signed: cms.SignedData, info: cms.SignerInfo) -> x509.Certificate:
    """The enclosed certificate the signer info names."""
    name = info["sid"].native
    for choice in signed["certificates"]:
        certificate = x509.load_der_x509_certificate(choice.chosen.dump())
        if certificate.serial_number == name["serial_number"]:
            return certificate
    raise ValueError("the signer's certificate is not enclosed")


def _signed_bytes(info: cms.SignerInfo, content: bytes, digest_name: str) -> bytes:
    """What the signature is over: the signed attributes, which bind the content's digest, or the content itself."""
    attributes = info["signed_attrs"]
    if not attributes:
        return content
    digest = hashes.Hash(_HASHES[digest_name]())
    digest.update(content)
    found = [each["values"][0].native for each in attributes if each["type"].native == "message_digest"]
    if found != [digest.finalize()]:
        raise ValueError("the signed attributes are of another content")
    # They are signed as a SET, and stand in the message under a context tag.
    return b"\x31" + bytes(attributes.dump()[1:])
