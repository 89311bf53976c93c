"""Recovery of an enrollment whose key was lost, for the Entra device that proves to be the same (04 section 14.5)."""

from __future__ import annotations

from dataclasses import replace

from taxiway import pki
from taxiway.enrollment import askers, csr, renewal, service
from taxiway.enrollment.askers import Asker
from taxiway.enrollment.choice import EspSettings
from taxiway.enrollment.credentials import Proven
from taxiway.enrollment.errors import EnrollmentError, NotEligibleToRenew
from taxiway.enrollment.flow import log_refusal
from taxiway.enrollment.issuing import Made, Secrets, account, certify
from taxiway.enrollment.issuing import document as render_document
from taxiway.enrollment.managed import ENROLLMENTS, MANAGED, managed_device_of_device, subject_of
from taxiway.enrollment.policy import enrollment_policy_of
from taxiway.store import Row, Runtime, Tx
from taxiway.wire.enroll import EnrollRequest
from taxiway.wire.rsa_public import key_hash

_AGAIN = "Enroll the device again."


async def recover(rt: Runtime, proven: Proven, request: EnrollRequest, *, correlation: str) -> bytes:
    """A new certificate for a new key under the same record; every certificate before it ends at once."""
    try:
        return await _recover(rt, proven, request, correlation)
    except EnrollmentError as error:
        await log_refusal(rt, proven, error, correlation)
        raise


async def _recover(rt: Runtime, proven: Proven, request: EnrollRequest, correlation: str) -> bytes:
    _, before = await rt.store.read(proven.tenant, lambda tx: _eligible(tx, proven))
    key = await rt.workers.run(csr.proven_key, request.token.content)
    made = Made(before["id"], key_hash(key), await certify(rt, key, before["id"]))
    authority = await pki.authority(rt, "management")
    secrets = Secrets.draw(rt.entropy)

    def commit(tx: Tx) -> bytes:
        asker, managed = _eligible(tx, proven)
        enrollment = ENROLLMENTS.require(tx, managed["id"])
        if managed["id"] != made.managed_id:
            raise NotEligibleToRenew("The device enrolled anew in the meantime.", remedy=_AGAIN)
        if enrollment["key_hash"] == made.key_hash and enrollment["recovered"]:
            return ENROLLMENTS.reveal(tx, managed["id"], "document") or b""
        renewal.require_new_key(tx, enrollment, made.key_hash)
        admission = service.admit(tx, asker, request)
        admission = replace(admission, esp=EspSettings.from_dict(enrollment["esp"]))  # frozen at enrollment
        document = render_document(rt, authority, made, secrets, admission)
        _store(tx, enrollment, made, document, account(made, secrets))
        return document

    return await rt.store.write(proven.tenant, commit, actor=proven.actor, correlation=correlation)


# ---------------------------------------------------------------------------------------------- inside


def _eligible(tx: Tx, proven: Proven) -> tuple[Asker, Row]:
    """Who asks, and the record of the very device that the token was given on."""
    if not enrollment_policy_of(tx).recovery:
        raise NotEligibleToRenew("Recovery of a lost key is switched off for this tenant.", remedy=_AGAIN)
    asker = askers.known_asker(tx, proven)
    if proven.way not in {"token", "outside"} or asker is None or asker.device_id is None:
        raise NotEligibleToRenew("Recovery needs a token that was given on the device.", remedy=_AGAIN)
    managed = managed_device_of_device(tx, asker.device_id)
    if managed is None or managed["user_id"] != asker.user_id or managed["management_state"] != "managed":
        raise NotEligibleToRenew("There is no enrollment of this device and user to recover.", remedy=_AGAIN)
    return asker, managed


def _store(tx: Tx, before: Row, made: Made, document: bytes, credentials: bytes) -> None:
    subject = f"managed:{made.managed_id}"
    thumbprint = pki.record(tx, made.certificate, purpose="management", subject=subject)
    pki.revoke(tx, subject=subject, purpose="management", but=thumbprint)
    ENROLLMENTS.update(
        tx,
        made.managed_id,
        {
            "key_hash": made.key_hash,
            "former_keys": [*before["former_keys"], before["key_hash"]],
            "thumbprint": thumbprint,
            "former_thumbprint": None,
            "recovered": True,
            "document": document,
            "account": credentials,
        },
    )
    expires = made.certificate.not_valid_after_utc
    MANAGED.update(tx, made.managed_id, {"management_certificate_expires_at": expires})
    what = {"managed_device": made.managed_id, "certificate": thumbprint}
    tx.log("enrollment.recovered", subject=subject_of(tx, made.managed_id), what=what)
