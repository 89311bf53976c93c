"""An enrollment from request to answer: check, sign, store, answer (04 sections 8 to 11)."""

from __future__ import annotations

from cryptography.hazmat.primitives import serialization

from taxiway import autopilot, directory, pki
from taxiway.enrollment import askers, csr, renewal, service, web_tokens
from taxiway.enrollment.credentials import Proven, require_open
from taxiway.enrollment.errors import BadCertificateRequest, EnrollmentError, NotEligibleToRenew
from taxiway.enrollment.issuing import Made, Secrets, account, certify
from taxiway.enrollment.issuing import document as render_document
from taxiway.enrollment.managed import ENROLLMENTS, MANAGED, forget, managed_device_of_device, subject_of
from taxiway.kernel import Reason
from taxiway.store import Row, Runtime, Tx, eq
from taxiway.wire.enroll import EnrollRequest
from taxiway.wire.rsa_public import key_hash


async def enroll(rt: Runtime, proven: Proven, request: EnrollRequest, *, correlation: str) -> bytes:
    """Enroll the device; the provisioning document. The same key again gets the same document, byte for byte."""
    try:
        return await _enroll(rt, proven, request, correlation)
    except EnrollmentError as error:
        await log_refusal(rt, proven, error, correlation)
        raise


async def renew(rt: Runtime, request: EnrollRequest, presented: pki.Peer | None, *, correlation: str) -> bytes:
    """Renew the management certificate; the one that signs the request is the only credential (04 section 14).

    ``presented``: the certificate of the connection, where there is one; it has to be the same.
    """
    asked = await rt.workers.run(renewal.read_renewal, request.token.content)
    peer = await _signer(rt, asked, presented)
    managed_id = peer.subject.partition(":")[2]
    made = Made(managed_id, key_hash(asked.key), await certify(rt, asked.key, managed_id))
    authority = await pki.authority(rt, "management")

    def commit(tx: Tx) -> bytes:
        require_open(tx)
        known = renewal.repeated(tx, managed_id, made.key_hash, peer)
        if known is not None:
            return known
        renewal.require_eligible(tx, managed_id, peer, made.key_hash)
        return renewal.store(tx, authority, made)

    try:
        return await rt.store.write(peer.tenant, commit, actor=peer.subject, correlation=correlation)
    except EnrollmentError as error:
        why = (*error.reasons, Reason(error.name, error.message))
        what = {"error": error.name, "managed_device": managed_id}

        def refuse(tx: Tx) -> None:
            tx.log("certificate.renewal_refused", subject=subject_of(tx, managed_id), what=what, why=why)

        await rt.store.write(peer.tenant, refuse, actor=peer.subject, correlation=correlation)
        raise


async def _signer(rt: Runtime, asked: renewal.Renewal, presented: pki.Peer | None) -> pki.Peer:
    """The device whose management certificate signed the renewal, and carries the connection where one does."""
    try:
        peer = await pki.verify_peer(rt, asked.signer.public_bytes(serialization.Encoding.DER))
    except pki.PeerRefused as error:
        raise NotEligibleToRenew(error.message, remedy=error.remedy) from error
    if peer.purpose != "management" or not peer.subject.startswith("managed:"):
        raise NotEligibleToRenew("Only a management certificate can be renewed here.")
    if presented is not None and presented.certificate != asked.signer:
        raise NotEligibleToRenew("The connection bears another certificate than the one that signed the renewal.")
    return peer


async def _enroll(rt: Runtime, proven: Proven, request: EnrollRequest, correlation: str) -> bytes:
    askers.require_served(proven, request.first("EnrollmentType"))
    await rt.store.read(proven.tenant, lambda tx: _foresee(tx, proven, request))
    key = await rt.workers.run(csr.proven_key, request.token.content)
    managed_id = rt.entropy.uuid()
    made = Made(managed_id, key_hash(key), await certify(rt, key, managed_id))
    authority = await pki.authority(rt, "management")
    secrets = Secrets.draw(rt.entropy)

    def commit(tx: Tx) -> bytes:
        if proven.web_token:
            web_tokens.spend(tx, proven.web_token, made.key_hash)
        asker = askers.asker_of(tx, proven, request)
        known = _repeated(tx, made.key_hash, asker)
        if known is not None:
            return known
        admission = service.admit(tx, asker, request)
        document = render_document(rt, authority, made, secrets, admission)
        _store(tx, admission, request, made, document, secrets)
        return document

    return await rt.store.write(proven.tenant, commit, actor=proven.actor, correlation=correlation)


async def log_refusal(rt: Runtime, proven: Proven, error: EnrollmentError, correlation: str) -> None:
    """Keep why a device was not let in, where its administrator looks for it."""

    def write(tx: Tx) -> None:
        device, subject = askers.device_of(tx, proven), f"user:{proven.user_id}"
        if device is not None:
            subject = f"autopilot:{device['ztdid']}" if device["ztdid"] else f"device:{device['id']}"
        why = (*error.reasons, Reason(error.name, error.message, {"remedy": error.remedy} if error.remedy else {}))
        what = {"error": error.name, "user": proven.user_id, "way": proven.way}
        tx.log("enrollment.refused", subject=subject, what=what, why=why)

    await rt.store.write(proven.tenant, write, actor=proven.actor, correlation=correlation)


# ---------------------------------------------------------------------------------------------- inside


def _foresee(tx: Tx, proven: Proven, request: EnrollRequest) -> None:
    """Refuse before the work of issuing what would be refused after it."""
    asker = askers.known_asker(tx, proven)
    if asker is not None:
        service.admit(tx, asker, request)


def _repeated(tx: Tx, key_hash: str, asker: askers.Asker) -> bytes | None:
    """The document this key was answered with before, when it is the same device that asks again."""
    known = ENROLLMENTS.find(tx, eq("key_hash", key_hash))
    if known is None:
        return None
    device = None if asker.device_id is None else directory.find_device(tx, device_id=asker.device_id)
    managed = MANAGED.get(tx, known["id"])
    same_device = known["entra_id"] == (None if device is None else device["id"])
    if not same_device or managed is None or managed["user_id"] != asker.user_id:
        raise BadCertificateRequest("This key is already in use by another enrollment.")
    return ENROLLMENTS.reveal(tx, known["id"], "document")


def _store(
    tx: Tx, admission: service.Admission, request: EnrollRequest, made: Made, document: bytes, secrets: Secrets
) -> None:
    """One transaction: the old record of the same Entra device goes, the new one stands, everything points to it."""
    device, registration = admission.device, admission.registration
    subject = admission.subject(made.managed_id)
    if device is not None:
        _retire_former(tx, device, subject)
    expires = made.certificate.not_valid_after_utc
    values = service.managed_values(admission, request, tx.now, expires)
    MANAGED.insert(tx, {"id": made.managed_id, **values})
    thumbprint = pki.record(tx, made.certificate, purpose="management", subject=f"managed:{made.managed_id}")
    ENROLLMENTS.insert(
        tx,
        {
            "id": made.managed_id,
            "key_hash": made.key_hash,
            "entra_id": None if device is None else device["id"],
            "ztdid": None if registration is None else registration["id"],
            "thumbprint": thumbprint,
            "device_context": admission.device_context,
            "esp": admission.esp.as_dict(),
            "context": [list(item) for item in request.context if item[0].lower() != "enrollmentdata"],
            "client_device_id": request.first("DeviceID"),
            "document": document,
            "account": account(made, secrets),
        },
    )
    if device is not None:
        _mark_managed(tx, device, values["ownership"], admission.profile_name)
    if registration is not None:
        autopilot.mark_enrolled(tx, registration["id"], made.managed_id, admission.user["id"])
    tx.log(
        "device.enrolled",
        subject=subject,
        what={
            "managed_device": made.managed_id,
            "device": None if device is None else device["id"],
            "user": admission.user["id"],
            "way": admission.asker.way,
            "certificate": thumbprint,
            "esp_profile": admission.esp.profile_name,
            "esp_shown": admission.esp.show,
        },
        why=admission.reasons,
    )
    tx.announce("managed_device.enrolled", id=made.managed_id)


def _mark_managed(tx: Tx, device: Row, ownership: str, profile_name: str | None) -> None:
    changes = {
        "is_managed": True,
        "mdm_app_id": directory.INTUNE_APP_ID,
        "device_ownership": "Company" if ownership == "company" else "Personal",
    }
    if profile_name:
        changes["enrollment_profile_name"] = profile_name
    directory.update_device(tx, device["id"], changes)


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
