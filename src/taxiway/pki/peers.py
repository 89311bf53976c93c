"""Issued certificates, and who stands behind a presented one (design, rules 9 and 10)."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization

from taxiway.kernel.der import BROKEN_DER
from taxiway.pki.authorities import authority
from taxiway.pki.entities import CERTIFICATE, CERTIFICATES
from taxiway.pki.errors import PeerRefused
from taxiway.store import SYSTEM, Row, Runtime, Tx, eq, router
from taxiway.store.query import both

Purpose = Literal["device", "management", "client"]
#: How many certificates are remembered as signed here.
_MOST_SEEN = 10_000

#: The router has just said whose certificate it is, so this read names that tenant instead of the transaction's.
_of_tenant = sa.select(CERTIFICATE.table).where(
    CERTIFICATE.table.c.tenant == sa.bindparam("t"), CERTIFICATE.table.c.id == sa.bindparam("i")
)


@dataclass(frozen=True, slots=True)
class Peer:
    """A device that proved possession of a certificate of ours. ``subject``: ``device:<id>`` or ``managed:<id>``."""

    tenant: str
    purpose: Purpose
    subject: str
    certificate: x509.Certificate


def thumbprint(certificate: x509.Certificate) -> str:
    """SHA-1 of the DER in upper-case hex: the name Windows knows a certificate by."""
    return certificate.fingerprint(hashes.SHA1()).hex().upper()  # noqa: S303 - a name, not a protection


def record(tx: Tx, certificate: x509.Certificate, *, purpose: Purpose, subject: str) -> str:
    """Keep an issued certificate in the tenant and let its thumbprint lead here; the thumbprint. Repeatable."""
    name = thumbprint(certificate)
    if CERTIFICATES.get(tx, name) is None:
        CERTIFICATES.insert(
            tx,
            {
                "id": name,
                "purpose": purpose,
                "subject": subject,
                "serial": format(certificate.serial_number, "x"),
                "issued_at": tx.now,
                "expires_at": certificate.not_valid_after_utc,
                "der": base64.b64encode(certificate.public_bytes(serialization.Encoding.DER)).decode(),
            },
        )
        router.claim(tx, "certificate", name)
    return name


def certificates_of(tx: Tx, subject: str, purpose: Purpose) -> list[Row]:
    """The certificates recorded for a subject, newest last."""
    rows = CERTIFICATES.select(tx, both(eq("subject", subject), eq("purpose", purpose)))
    return sorted(rows, key=lambda row: str(row["issued_at"]))


def revoke(tx: Tx, *, subject: str, purpose: Purpose | None = None, but: str = "") -> int:
    """Revoke what a subject holds (of one purpose, or all), ``but`` one by its thumbprint; how many that were."""
    rows = CERTIFICATES.select(tx, eq("subject", subject))
    live = [row for row in rows if row["revoked_at"] is None and row["id"] != but and purpose in (None, row["purpose"])]
    for row in live:
        CERTIFICATES.update(tx, row["id"], {"revoked_at": tx.now})
    return len(live)


async def verify_peer(rt: Runtime, presented: str | bytes) -> Peer:
    """Chain, validity by our clock and the database, in this order; the same for every door."""
    certificate = _load(presented)
    purpose = await _purpose(rt, certificate)
    now = rt.clock.now()
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise PeerRefused(
            "The certificate is not valid now.", remedy="Check the device's clock, then renew or re-enroll."
        )
    name = thumbprint(certificate)

    def known(tx: Tx) -> tuple[str, Row] | None:
        tenant = router.tenant_of(tx, "certificate", name)
        row = None if tenant is None else tx.one(_of_tenant, {"t": tenant, "i": name})
        return None if tenant is None or row is None else (tenant, CERTIFICATE.from_row(row))

    found = await rt.store.read(SYSTEM, known)
    if found is None or found[1]["purpose"] != purpose:
        raise PeerRefused("The certificate is not on record.", remedy="Enroll the device again.")
    tenant, row = found
    if row["revoked_at"] is not None:
        raise PeerRefused("The certificate was revoked.", remedy="Enroll the device again.")
    return Peer(tenant, purpose, row["subject"], certificate)


def _load(presented: str | bytes) -> x509.Certificate:
    raw = presented.encode() if isinstance(presented, str) else presented
    try:
        if raw.lstrip().startswith(b"-----BEGIN"):
            return x509.load_pem_x509_certificate(raw)
        return x509.load_der_x509_certificate(raw)
    except BROKEN_DER as error:
        raise PeerRefused("What was presented is not a certificate.") from error


async def _purpose(rt: Runtime, certificate: x509.Certificate) -> Purpose:
    """Which of our authorities signed it."""
    purposes: tuple[Literal["management", "device"], ...] = ("management", "device")
    for purpose in purposes:
        signer = await authority(rt, purpose)
        if certificate.issuer == signer.certificate.subject:
            _check_signature(rt, certificate, signer.certificate)
            return purpose
    raise PeerRefused("The certificate was not issued here.")


def _check_signature(rt: Runtime, certificate: x509.Certificate, issuer: x509.Certificate) -> None:
    """A signature that was good under a key stays good, and a device comes with the same certificate every time."""
    seen: dict[bytes, x509.Certificate] = rt.store.memo.setdefault("signed_here", {})
    name = certificate.fingerprint(hashes.SHA256())
    if seen.get(name) == issuer:
        return
    try:
        certificate.verify_directly_issued_by(issuer)
    except (*BROKEN_DER, InvalidSignature) as error:
        raise PeerRefused("The certificate was not signed by its issuer.") from error
    if len(seen) >= _MOST_SEEN:
        seen.clear()
    seen[name] = issuer
