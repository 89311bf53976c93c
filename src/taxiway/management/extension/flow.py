"""A request of an agent from bytes to bytes: who sends it, which user, one transaction."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Final

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from taxiway import directory, enrollment, pki
from taxiway.kernel import Reason
from taxiway.management.actions import retirement
from taxiway.management.extension import plan, reports, states
from taxiway.management.extension.plan import Asked, Plan
from taxiway.management.flow import managed_id_of
from taxiway.management.session import runs
from taxiway.pki import Peer, PeerRefused
from taxiway.store import Runtime, Tx
from taxiway.wire.app_content import EncryptionInfo
from taxiway.wire.extension import Answer, App, CheckIn, Receipts, Reports, read_request, write

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

#: RSA-OAEP over SHA-256: the PC alone can open the keys to a package, whoever ends its TLS.
OAEP: Final = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)


async def check_in(rt: Runtime, peer: Peer, body: bytes, user: tuple[str | None, str | None], *, trace: str) -> bytes:
    """What is meant for the PC and for the user whom a token proves; ``user``: that one's id, or why there is none."""
    managed_id = managed_id_of(peer)
    asked_for = await rt.workers.run(read_request, body, CheckIn)

    def answer(tx: Tx) -> tuple[Plan, str]:
        asked = _asked(tx, peer, managed_id, user[0])
        fresh = states.meet(tx, managed_id, asked_for.instance, asked_for.agent_version)
        made = plan.plan(asked)
        runs.save(tx, asked.run)
        if fresh or user[1] is not None:
            _log(asked, fresh=fresh, refused=user[1])
        return made, asked.user_id

    made, user_id = await rt.store.write(peer.tenant, answer, actor=f"managed:{managed_id}", correlation=trace)
    apps = await rt.workers.run(_with_keys, made, peer.certificate.public_key())
    return write(Answer(user=user_id, why_no_user=user[1] or "", apps=apps, scripts=made.scripts))


async def report(rt: Runtime, peer: Peer, body: bytes, user_id: str | None, *, trace: str) -> bytes:
    """Take reports; a receipt for each."""
    managed_id = managed_id_of(peer)
    told = await rt.workers.run(read_request, body, Reports)

    def take(tx: Tx) -> Receipts:
        asked = _asked(tx, peer, managed_id, user_id)
        receipts = reports.take(asked, told.instance, told.reports)
        runs.save(tx, asked.run)
        return Receipts(receipts=receipts)

    return write(await rt.store.write(peer.tenant, take, actor=f"managed:{managed_id}", correlation=trace))


# ---------------------------------------------------------------------------------------------- inside


def _asked(tx: Tx, peer: Peer, managed_id: str, user_id: str | None) -> Asked:
    """The device that asks, if it is managed and stays so, and the user who is there."""
    enrollment.use_certificate(tx, managed_id, pki.thumbprint(peer.certificate))
    managed, run = enrollment.managed_device(tx, managed_id), runs.load(tx, managed_id)
    if managed is None or retirement.is_leaving(managed):
        raise PeerRefused("The device is not managed any more.", remedy="Enroll the device again.")
    if run is None:
        raise PeerRefused("The device has not had a session yet.", remedy="Check in by OMA-DM first.")
    entra_id, _ = enrollment.links_of(tx, managed_id)
    user = None if user_id is None else directory.find_user(tx, user_id)
    return Asked(
        tx=tx,
        managed=managed,
        device=None if entra_id is None else directory.find_device(tx, id=entra_id),
        user=user if user is not None and user["account_enabled"] else None,
        run=run,
        esp=enrollment.esp_of(tx, managed_id),
    )


def _with_keys(made: Plan, key: CertificatePublicKeyTypes) -> list[App]:
    """The apps with the keys to their packages wrapped for this PC."""
    wrapped = {app_id: _wrapped(info, key) for app_id, info in made.keys.items()}
    return [
        app
        if app.content is None
        else msgspec.structs.replace(app, content=msgspec.structs.replace(app.content, keys=wrapped[app.id]))
        for app in made.apps
    ]


def _wrapped(info: EncryptionInfo, key: CertificatePublicKeyTypes) -> str:
    if not isinstance(key, rsa.RSAPublicKey):
        raise PeerRefused("Keys to packages are given to RSA certificates only.", remedy="Enroll the device again.")
    return base64.b64encode(key.encrypt(info.encryption_key + info.mac_key, OAEP)).decode()


def _log(asked: Asked, *, fresh: bool, refused: str | None) -> None:
    what = {"user": asked.user_id or None, "managed_device": asked.managed["id"], "new": fresh}
    why = [] if refused is None else [Reason("extension.no_user", refused)]
    asked.tx.log(
        "extension.checked_in", subject=enrollment.subject_of(asked.tx, asked.managed["id"]), what=what, why=why
    )
