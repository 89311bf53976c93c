"""The certificates that were issued for a profile, as lists show them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from taxiway import enrollment, pki
from taxiway.management.configuration.configurations import CONFIGURATIONS
from taxiway.store import Row, Tx, one_of


@dataclass(frozen=True, slots=True)
class Issued:
    """One certificate with the device that has it; the device is None when it is not managed any more."""

    thumbprint: str
    serial: str
    subject: str
    issuer: str
    bits: int
    usages: tuple[str, ...]
    issued_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    managed_id: str
    device: Row | None


def issued_certificates(tx: Tx, configuration_id: str) -> list[Issued]:
    """What was issued for a certificate profile, what ends last first."""
    CONFIGURATIONS.require(tx, configuration_id)
    rows = pki.client_certificates(tx, configuration_id)
    ids = {row["id"]: str(row["subject"]).partition(":")[2] for row in rows}
    found = enrollment.MANAGED.select(tx, one_of("id", sorted(set(ids.values())))) if ids else []
    devices = {row["id"]: row for row in found}
    return [_issued(tx, row, ids[row["id"]], devices.get(ids[row["id"]])) for row in rows]


def _issued(tx: Tx, row: Row, managed_id: str, device: Row | None) -> Issued:
    certificate = x509.load_der_x509_certificate(pki.recorded_der(tx, row["id"]))
    terms = row["terms"] or {}
    return Issued(
        thumbprint=row["id"],
        serial=row["serial"],
        subject=certificate.subject.rfc4514_string(),
        issuer=certificate.issuer.rfc4514_string(),
        bits=getattr(certificate.public_key(), "key_size", 0),
        usages=tuple(terms.get("usages", ())),
        issued_at=row["issued_at"],
        expires_at=row["expires_at"],
        revoked_at=row["revoked_at"],
        managed_id=managed_id,
        device=device,
    )
