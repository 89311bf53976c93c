"""A tenant's own authority for certificates of its devices and users, and the registration authority before it.

Each tenant has one of its own, self-signed: whoever trusts it, such as the Wi-Fi of one organization, trusts no other
tenant's devices. The registration authority opens requests and signs answers, so that the authority's key does nothing
but sign certificates (RFC 8894, section 2.1.2).
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from taxiway.pki.authorities import Extensions, sign
from taxiway.pki.entities import AUTHORITIES, CERTIFICATES
from taxiway.pki.errors import NoAuthority
from taxiway.pki.peers import thumbprint
from taxiway.store import Row, Runtime, Tx, eq
from taxiway.store.query import both

_CLIENT, _REGISTRATION = "client", "registration"
_NAMES: Final = {_CLIENT: "taxiway Client CA", _REGISTRATION: "taxiway Registration Authority"}
_LIFETIME: Final = timedelta(days=365 * 20)


@dataclass(frozen=True, slots=True)
class ClientAuthority:
    """The two halves with their keys opened."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey
    registration: x509.Certificate
    registration_key: rsa.RSAPrivateKey


async def client_authority(rt: Runtime, tenant: str) -> ClientAuthority:
    """The tenant's authority; ``NoAuthority`` before it was made."""
    name = f"client-authority:{tenant}"  # it never changes once made, so nothing has to invalidate this
    known: ClientAuthority | None = rt.store.memo.get(name)
    if known is None:
        known = await rt.store.read(tenant, _load)
        if known is None:
            raise NoAuthority(
                "The tenant has no authority for client certificates.",
                remedy="Assign a SCEP profile to a device: it is made when the first one is delivered.",
            )
        rt.store.memo[name] = known
    return known


async def make_client_authority(rt: Runtime, tenant: str) -> None:
    """Make the tenant's authority; does nothing when it exists."""
    if await rt.store.read(tenant, client_certificate) is None:
        await _make(rt, tenant)


def client_certificate(tx: Tx) -> x509.Certificate | None:
    """The certificate of the tenant's authority, None before it was made."""
    row = AUTHORITIES.get(tx, _CLIENT)
    return None if row is None else x509.load_der_x509_certificate(base64.b64decode(row["certificate"]))


async def issue_client(
    rt: Runtime,
    tenant: str,
    *,
    public_key: rsa.RSAPublicKey,
    subject: x509.Name,
    expires: datetime,
    extensions: Extensions,
) -> x509.Certificate:
    """Sign a certificate of the tenant's authority in a worker; nothing is stored (``record_client`` does that)."""
    signer = await client_authority(rt, tenant)
    serial = int.from_bytes(rt.entropy.bytes(16), "big") >> 1
    # Devices' clocks are wrong at their first boot: valid from some hours ago (05 section 14, R29).
    validity = (rt.clock.now() - timedelta(hours=12), expires)
    key = signer.key
    return await rt.workers.run(sign, (signer.certificate, key), public_key, subject, validity, extensions, serial)


def record_client(
    tx: Tx, certificate: x509.Certificate, *, subject: str, profile: str, terms: Mapping[str, object]
) -> str:
    """Put an issued certificate on record; its thumbprint. It opens no door, so no router leads from it.

    ``profile``: what it was issued for; ``terms``: what was granted.
    """
    name = thumbprint(certificate)
    CERTIFICATES.insert(
        tx,
        {
            "id": name,
            "purpose": "client",
            "subject": subject,
            "serial": format(certificate.serial_number, "x"),
            "issued_at": tx.now,
            "expires_at": certificate.not_valid_after_utc,
            "profile": profile,
            "terms": dict(terms),
            "der": _encoded(certificate),
        },
    )
    return name


def client_of(tx: Tx, certificate: x509.Certificate) -> Row | None:
    """The record of a certificate that is shown; None unless it is exactly one of ours, not revoked, valid now."""
    row = CERTIFICATES.get(tx, thumbprint(certificate))
    if row is None or row["purpose"] != "client" or row["revoked_at"] is not None or row["expires_at"] < tx.now:
        return None
    return row if row["der"] == _encoded(certificate) else None


def revoke_clients(tx: Tx, profile: str, subject: str) -> int:
    """Revoke what a subject was issued for a profile; how many that were."""
    rows = CERTIFICATES.select(tx, both(eq("subject", subject), eq("profile", profile)))
    live = [row for row in rows if row["revoked_at"] is None]
    for row in live:
        CERTIFICATES.update(tx, row["id"], {"revoked_at": tx.now})
    return len(live)


def recorded_der(tx: Tx, name: str) -> bytes:
    """An issued certificate by its thumbprint, also one that was revoked."""
    return base64.b64decode(CERTIFICATES.require(tx, name)["der"])


def client_certificates(tx: Tx, profile: str) -> list[Row]:
    """The certificates that were issued for a profile, newest first."""
    return CERTIFICATES.select(tx, both(eq("profile", profile), eq("purpose", "client")), order=[("expires_at", True)])


def client_validity(tx: Tx, name: str) -> tuple[datetime, datetime] | None:
    """From when until when an issued certificate is good; None when it is not on record, or revoked."""
    row = CERTIFICATES.get(tx, name)
    return None if row is None or row["revoked_at"] is not None else (row["issued_at"], row["expires_at"])


def certificate_der(tx: Tx, name: str) -> bytes | None:
    """An issued certificate by its thumbprint; None when it is not on record, or revoked."""
    row = CERTIFICATES.get(tx, name)
    return None if row is None or row["revoked_at"] is not None else base64.b64decode(row["der"])


# ---------------------------------------------------------------------------------------------- inside


def _load(tx: Tx) -> ClientAuthority | None:
    found = []
    for role in (_CLIENT, _REGISTRATION):
        row, key = AUTHORITIES.get(tx, role), AUTHORITIES.reveal(tx, role, "key")
        if row is None or key is None:
            return None
        private = serialization.load_der_private_key(key, password=None)
        if not isinstance(private, rsa.RSAPrivateKey):
            raise NoAuthority(f"The key of the tenant's '{role}' authority is not an RSA key.")
        found.append((x509.load_der_x509_certificate(base64.b64decode(row["certificate"])), private))
    return ClientAuthority(*found[0], *found[1])


async def _make(rt: Runtime, tenant: str) -> None:
    keys = (await rt.workers.run(rt.keys.rsa), await rt.workers.run(rt.keys.rsa))
    made = await rt.workers.run(_certify, tenant, *keys, rt.clock.now())

    def save(tx: Tx) -> None:
        """Keep both or neither; those of another process that was faster stay."""
        if client_certificate(tx) is not None:
            return
        halves = ((_CLIENT, made.certificate, made.key), (_REGISTRATION, made.registration, made.registration_key))
        for role, certificate, key in halves:
            AUTHORITIES.insert(tx, _row(role, certificate, key, tx.now))
        name = made.certificate.subject.rfc4514_string()
        tx.log("authority.made", subject=f"authority:{_CLIENT}", what={"name": name})

    await rt.store.write(tenant, save)


def _certify(
    tenant: str, key: rsa.RSAPrivateKey, registration_key: rsa.RSAPrivateKey, now: datetime
) -> ClientAuthority:
    validity, name = (now - timedelta(hours=12), now + _LIFETIME), _name(_CLIENT, tenant)
    own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    above = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own)
    authority = sign(
        (None, key),
        key.public_key(),
        name,
        validity,
        [(x509.BasicConstraints(ca=True, path_length=0), True), (usage("keyCertSign", "cRLSign"), True), (own, False)],
        x509.random_serial_number(),
    )
    registration = sign(
        (authority, key),
        registration_key.public_key(),
        _name(_REGISTRATION, tenant),
        validity,
        [
            (x509.BasicConstraints(ca=False, path_length=None), True),
            (usage("digitalSignature", "keyEncipherment"), True),
            (above, False),
        ],
        x509.random_serial_number(),
    )
    return ClientAuthority(authority, key, registration, registration_key)


def usage(*bits: str) -> x509.KeyUsage:
    """A key usage by the names of its bits, as RFC 5280 and Graph spell them."""
    return x509.KeyUsage(
        digital_signature="digitalSignature" in bits,
        content_commitment=False,
        key_encipherment="keyEncipherment" in bits,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign="keyCertSign" in bits,
        crl_sign="cRLSign" in bits,
        encipher_only=False,
        decipher_only=False,
    )


def _name(role: str, tenant: str) -> x509.Name:
    unit = x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, tenant)
    return x509.Name([unit, x509.NameAttribute(NameOID.COMMON_NAME, _NAMES[role])])


def _row(role: str, certificate: x509.Certificate, key: rsa.RSAPrivateKey, now: datetime) -> dict[str, object]:
    plain = (serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return {
        "id": role,
        "certificate": _encoded(certificate),
        "issuer": certificate.issuer.rfc4514_string(),
        "key": key.private_bytes(*plain),
        "made_at": now,
    }


def _encoded(certificate: x509.Certificate) -> str:
    return base64.b64encode(certificate.public_bytes(serialization.Encoding.DER)).decode()
