"""What a device measured at its start, attested: asked for where a policy needs it (R-124, 05 section 10.17).

The device signs what it measured with the key of its join and shows it, over that same certificate, to the attestation
service of this server; the service seals a report to the device; the device hands the report in over OMA-DM. A report
counts for the nonce of this very check-in and for this device only. The key is as good as the PC's TPM: this service
knows no maker's certificates.
"""

from __future__ import annotations

from typing import Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from taxiway import directory, enrollment, pki
from taxiway.kernel import Reason, TaxiwayError
from taxiway.management.compliance import evaluation
from taxiway.management.errors import BadEvidence
from taxiway.management.model import DEVICE_LANE, Wanted
from taxiway.management.session import queue
from taxiway.management.session.context import Context
from taxiway.management.session.runs import ABSENT
from taxiway.store import Runtime, Tx
from taxiway.wire import attestation as wire
from taxiway.wire.attestation import Measured, Order

PATH: Final = "/attestation"
_ROOT: Final = "./Device/Vendor/MSFT/HealthAttestation"
TRIGGER: Final = f"{_ROOT}/TriggerAttestation"
STATUS: Final = f"{_ROOT}/AttestStatus"
REPORT: Final = f"{_ROOT}/GetAttestReport"
_KEY: Final = "attest|trigger"
_NONCE: Final = "attested|nonce"
_PURPOSE: Final = "attestation report"


class _Report(msgspec.Struct, frozen=True):
    """What the device carries from the service to its check-in, sealed."""

    tenant: str
    device: str
    measured: Measured


async def attest(rt: Runtime, peer: pki.Peer | None, body: bytes) -> str:
    """The service: check what a joined device signed, and seal a report to it."""
    if peer is None or peer.purpose != "device":
        raise BadEvidence("Evidence is taken from a joined device by its certificate.")
    signed, signature = wire.unpack(body)
    key = peer.certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey) or not await rt.workers.run(_verifies, key, signature, signed):
        raise BadEvidence("The signature is not that of the device's key.")
    measured = wire.read_measured(signed)

    def seal(tx: Tx) -> str:
        device = directory.find_device(tx, id=peer.subject.removeprefix("device:"))
        if device is None or not device["account_enabled"]:
            raise BadEvidence("The device was deleted or disabled.")
        report = _Report(tx.tenant, device["id"], measured)
        return tx.ring.seal_for(_PURPOSE, msgspec.json.encode(report), nonce=tx.entropy.bytes(12))

    return await rt.store.write(peer.tenant, seal, actor=peer.subject)


def begin(ctx: Context) -> None:
    """A new session: what was asked for before is not waited for, and what was reported is read anew."""
    for row in [row for row in ctx.queue.rows.values() if row["key"] == _KEY]:
        ctx.queue.drop(row)
    for uri in (STATUS, REPORT, _NONCE):
        ctx.run.facts.pop(uri, None)


def advance(ctx: Context) -> None:
    """Order an attestation, once in a session, where a policy needs what it tells; read the report when it is here."""
    if not ctx.run.compliance.get("attested") or ctx.device is None:
        return
    if _NONCE not in ctx.run.facts:
        nonce = ctx.run.facts[_NONCE] = ctx.tx.entropy.token(24)
        order = Order("taxiway", f"{ctx.content_origin}{PATH}", nonce, "", ctx.tx.entropy.token(12))
        ctx.queue.want(Wanted(_KEY, "Exec", TRIGGER, wire.write_order(order), "chr", lane=DEVICE_LANE))
    if ctx.fact(REPORT) not in {None, ABSENT, ""}:
        _take(ctx, ctx.run.facts.pop(REPORT), ctx.run.facts[_NONCE])


def due(ctx: Context) -> list[str]:
    """Status and report, once the device took the order."""
    row = next((row for row in ctx.queue.rows.values() if row["key"] == _KEY), None)
    return [STATUS, REPORT] if row is not None and row["state"] == queue.DONE else []


# ---------------------------------------------------------------------------------------------- inside


def _take(ctx: Context, report: str, nonce: str) -> None:
    measured = _opened(ctx, report)
    if measured is None or measured.nonce != nonce:
        text = "The device handed in a report that is not of this check-in; it counts for nothing."
        what = {"managed_device": ctx.managed["id"]}
        ctx.tx.log("attestation.refused", subject=ctx.subject, what=what, why=[Reason("attestation.foreign", text)])
        return
    before = ctx.run.facts.get(evaluation.ATTESTED_BOOT)
    told = _facts(measured)
    ctx.run.facts |= told
    _show(ctx, measured)
    if before != told[evaluation.ATTESTED_BOOT]:
        what = {"managed_device": ctx.managed["id"], "boot": measured.boot, "bit_locker": measured.bit_locker}
        ctx.tx.log("attestation.taken", subject=ctx.subject, what=what)


def _opened(ctx: Context, report: str) -> Measured | None:
    try:
        found = msgspec.json.decode(ctx.tx.ring.unseal_for(_PURPOSE, report), type=_Report)
    except (TaxiwayError, ValueError):
        return None
    mine = (ctx.tx.tenant, None if ctx.device is None else ctx.device["id"])
    return found.measured if (found.tenant, found.device) == mine else None


def _facts(measured: Measured) -> dict[str, str]:
    return {
        evaluation.ATTESTED_BOOT: str(measured.boot),
        evaluation.ATTESTED_BITLOCKER: "1" if measured.bit_locker else "0",
        evaluation.ATTESTED_INTEGRITY: "1" if measured.code_integrity else "0",
        evaluation.ATTESTED_EARLY_LAUNCH: "1" if measured.early_launch else "0",
    }


def _show(ctx: Context, measured: Measured) -> None:
    """What Graph shows of it (``deviceHealthAttestationState``)."""

    def told(*, on: bool) -> str:
        return "enabled" if on else "disabled"

    shown = {
        "deviceHealthAttestationStatus": "success",
        "lastUpdateDateTime": ctx.tx.now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "restartCount": measured.boot,
        "bitLockerStatus": told(on=measured.bit_locker),
        "secureBoot": told(on=measured.secure_boot),
        "codeIntegrity": told(on=measured.code_integrity),
        "earlyLaunchAntiMalwareDriverProtection": told(on=measured.early_launch),
    }
    enrollment.update_inventory(ctx.tx, ctx.managed["id"], {"device_health_attestation_state": shown})


def _verifies(key: rsa.RSAPublicKey, signature: bytes, signed: bytes) -> bool:
    try:
        key.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True
