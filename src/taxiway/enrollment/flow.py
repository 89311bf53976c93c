"""An enrollment from request to answer: check, sign, store, answer (04 sections 8 to 11)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from cryptography.hazmat.primitives import serialization

from taxiway import autopilot, directory, pki, signin
from taxiway.enrollment import csr, renewal, service
from taxiway.enrollment.errors import (
    BadCertificateRequest,
    EnrollmentError,
    InvalidSecurity,
    NotAuthenticated,
    NotEligibleToRenew,
)
from taxiway.enrollment.issuing import Made, Secrets, certificates, certify
from taxiway.enrollment.issuing import document as render_document
from taxiway.enrollment.managed import ENROLLMENTS, MANAGED, managed_device_of_device
from taxiway.kernel import Reason
from taxiway.store import Row, Runtime, Tx, eq
from taxiway.wire import provisioning
from taxiway.wire.enroll import EnrollRequest
from taxiway.wire.soap import DEVICE_USER_TOKEN, JWT_TOKEN, BinaryToken, Credential

WELL_KNOWN_AUDIENCE: Final = "https://enrollment.manage.microsoft.com/"
#: Whose tokens may enroll without the scope that other clients need (04 section 5.3).
BROKER: Final = "29d9ed98-a469-4536-ade2-f981bc1d605e"
DELEGATION: Final = "mdm_delegation"


def audiences(rt: Runtime) -> Collection[str]:
    """The names a token may be given for, to be good here (04 section 5.2)."""
    names = (*(urls.mdm for urls in rt.families), WELL_KNOWN_AUDIENCE.rstrip("/"))
    return (*names, *(f"{name}/" for name in names), directory.INTUNE_APP_ID)


async def authenticate(rt: Runtime, credential: Credential | None) -> signin.Claims:
    """The verified token of the header; ``InvalidSecurity`` or ``NotAuthenticated`` (04 sections 4 and 5.3)."""
    if not isinstance(credential, BinaryToken):
        raise InvalidSecurity("The request carries no token; user names and certificates are not accepted here.")
    if credential.value_type != JWT_TOKEN:
        kind = "web sign-in" if credential.value_type == DEVICE_USER_TOKEN else "this kind"
        raise InvalidSecurity(f"Tokens of {kind} are not accepted here.")
    try:
        token = credential.content.decode("ascii")
    except UnicodeDecodeError as error:
        raise InvalidSecurity("The token is not text.") from error
    claims = await authenticate_bearer(rt, token)
    if claims.app_id != BROKER and DELEGATION not in claims.scopes:
        raise NotAuthenticated(f"The token was not given for enrollment: it lacks the scope {DELEGATION}.")
    return claims


async def authenticate_bearer(rt: Runtime, token: str | None) -> signin.Claims:
    """The claims of a verified access token for the MDM application."""
    if token is None:
        raise NotAuthenticated("The request carries no token.")
    try:
        return await signin.verify_token(rt, token, audiences=audiences(rt))
    except signin.TokenRefused as error:
        raise NotAuthenticated(error.message, reasons=error.reasons, remedy=error.remedy) from error


async def enroll(rt: Runtime, claims: signin.Claims, request: EnrollRequest, *, correlation: str) -> bytes:
    """Enroll the device; the provisioning document. The same key again gets the same document, byte for byte."""
    try:
        return await _enroll(rt, claims, request, correlation)
    except EnrollmentError as error:
        await _log_refusal(rt, claims, error, correlation)
        raise


async def renew(rt: Runtime, request: EnrollRequest, *, correlation: str) -> bytes:
    """Renew the management certificate; the one that signs the request is the only credential (04 section 14)."""
    asked = await rt.workers.run(renewal.read_renewal, request.token.content)
    try:
        peer = await pki.verify_peer(rt, asked.signer.public_bytes(serialization.Encoding.DER))
    except pki.PeerRefused as error:
        raise NotEligibleToRenew(error.message, remedy=error.remedy) from error
    kind, _, managed_id = peer.subject.partition(":")
    if peer.purpose != "management" or kind != "managed":
        raise NotEligibleToRenew("Only a management certificate can be renewed here.")
    old, key_hash = pki.thumbprint(asked.signer), csr.key_hash(asked.key)
    made = Made(managed_id, key_hash, await certify(rt, asked.key, managed_id))
    authority = await pki.authority(rt, "management")

    def commit(tx: Tx) -> bytes:
        known = ENROLLMENTS.find(tx, eq("key_hash", key_hash))
        if known is not None and known["id"] == managed_id and known["thumbprint"] != old:
            return ENROLLMENTS.reveal(tx, managed_id, "document") or b""
        renewal.require_eligible(tx, managed_id, old, asked)
        document = provisioning.render_provisioning(
            provisioning.ProvisioningDocument(certificates=certificates(authority, made, device_context=True))
        )
        thumbprint = pki.record(tx, made.certificate, purpose="management", subject=peer.subject)
        expires = made.certificate.not_valid_after_utc
        renewal.store_renewal(tx, managed_id, key_hash, thumbprint, document, expires)
        return document

    return await rt.store.write(peer.tenant, commit, actor=peer.subject, correlation=correlation)


async def _enroll(rt: Runtime, claims: signin.Claims, request: EnrollRequest, correlation: str) -> bytes:
    asker = service.require_served(request.request_type, request.first("EnrollmentType"), claims.oid, claims.device_id)
    await rt.store.read(claims.tenant, lambda tx: service.admit(tx, asker, request))
    key = await rt.workers.run(csr.proven_key, request.token.content)
    managed_id = rt.entropy.uuid()
    made = Made(managed_id, csr.key_hash(key), await certify(rt, key, managed_id))
    authority = await pki.authority(rt, "management")
    secrets = Secrets.draw(rt.entropy)

    def commit(tx: Tx) -> bytes:
        known = _repeated(tx, made.key_hash, asker)
        if known is not None:
            return known
        admission = service.admit(tx, asker, request)
        document = render_document(rt, authority, made, secrets, admission)
        _store(tx, admission, request, made, document)
        return document

    actor = f"user:{asker.user_id}"
    return await rt.store.write(claims.tenant, commit, actor=actor, correlation=correlation)


# ---------------------------------------------------------------------------------------------- inside


def _repeated(tx: Tx, key_hash: str, asker: service.Asker) -> bytes | None:
    """The document this key was answered with before, when it is the same device that asks again."""
    known = ENROLLMENTS.find(tx, eq("key_hash", key_hash))
    if known is None:
        return None
    device = directory.find_device(tx, device_id=asker.device_id)
    managed = MANAGED.get(tx, known["id"])
    if device is None or known["entra_id"] != device["id"] or managed is None or managed["user_id"] != asker.user_id:
        raise BadCertificateRequest("This key is already in use by another enrollment.")
    return ENROLLMENTS.reveal(tx, known["id"], "document")


def _store(tx: Tx, admission: service.Admission, request: EnrollRequest, made: Made, document: bytes) -> None:
    """One transaction: the old record of the same Entra device goes, the new one stands, everything points to it."""
    device, registration = admission.device, admission.registration
    _retire_former(tx, device, admission.subject)
    expires = made.certificate.not_valid_after_utc
    values = service.managed_values(admission, request, tx.now, expires)
    MANAGED.insert(tx, {"id": made.managed_id, **values})
    thumbprint = pki.record(tx, made.certificate, purpose="management", subject=f"managed:{made.managed_id}")
    ENROLLMENTS.insert(
        tx,
        {
            "id": made.managed_id,
            "key_hash": made.key_hash,
            "entra_id": device["id"],
            "ztdid": None if registration is None else registration["id"],
            "thumbprint": thumbprint,
            "esp": admission.esp.as_dict(),
            "context": [list(item) for item in request.context if item[0].lower() != "enrollmentdata"],
            "client_device_id": request.first("DeviceID"),
            "document": document,
        },
    )
    changes = {
        "is_managed": True,
        "mdm_app_id": directory.INTUNE_APP_ID,
        "device_ownership": _entra_ownership(values["ownership"]),
    }
    if admission.profile_name:
        changes["enrollment_profile_name"] = admission.profile_name
    directory.update_device(tx, device["id"], changes)
    if registration is not None:
        autopilot.mark_enrolled(tx, registration["id"], made.managed_id, admission.user["id"])
    tx.log(
        "device.enrolled",
        subject=admission.subject,
        what={
            "managed_device": made.managed_id,
            "device": device["id"],
            "user": admission.user["id"],
            "certificate": thumbprint,
            "esp_profile": admission.esp.profile_name,
            "esp_shown": admission.esp.show,
        },
        why=admission.reasons,
    )
    tx.announce("managed_device.enrolled", id=made.managed_id)


def _entra_ownership(ownership: str) -> str:
    return "Company" if ownership == "company" else "Personal"


def _retire_former(tx: Tx, device: Row, subject: str) -> None:
    """The record of an earlier enrollment of the same Entra device, proven by the token (04 section 16.4)."""
    former = managed_device_of_device(tx, device["device_id"])
    if former is not None:
        forget(tx, former["id"])
        tx.log(
            "device.reenrolled",
            subject=subject,
            what={"former": former["id"]},
            why=[Reason("enrollment.replaced", "The same Entra device enrolled again; its earlier record ended.")],
        )


def forget(tx: Tx, managed_id: str) -> None:
    """End an enrollment: its certificate no longer opens a session, its rows go."""
    pki.revoke(tx, subject=f"managed:{managed_id}", purpose="management")
    tx.announce("managed_device.removed", id=managed_id)
    ENROLLMENTS.delete(tx, managed_id)
    MANAGED.delete(tx, managed_id)


async def _log_refusal(rt: Runtime, claims: signin.Claims, error: EnrollmentError, correlation: str) -> None:
    """Keep why a device was not let in, where its administrator looks for it."""

    def write(tx: Tx) -> None:
        device = None if claims.device_id is None else directory.find_device(tx, device_id=claims.device_id)
        subject = f"user:{claims.oid}"
        if device is not None:
            subject = f"autopilot:{device['ztdid']}" if device["ztdid"] else f"device:{device['id']}"
        why = (*error.reasons, Reason(error.name, error.message, {"remedy": error.remedy} if error.remedy else {}))
        tx.log("enrollment.refused", subject=subject, what={"error": error.name, "user": claims.oid}, why=why)

    await rt.store.write(claims.tenant, write, actor=f"user:{claims.oid}", correlation=correlation)
