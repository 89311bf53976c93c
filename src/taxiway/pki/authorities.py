"""The instance's certificate authorities: a private root, and one issuing authority per purpose under it.

Apart from them, and only when it is switched on, a second root for Microsoft's host names, good for nothing else.
RSA-2048 throughout, because Windows expects RSA chains in MDM enrollment (04 section 13.1).
"""

from __future__ import annotations

import base64
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import NameOID

from taxiway.pki.entities import AUTHORITIES
from taxiway.pki.errors import NoAuthority
from taxiway.store import SYSTEM, Runtime, Tx

Role = Literal["root", "tls", "device", "management", "microsoft_root", "microsoft"]
Extensions = Sequence[tuple[x509.ExtensionType, bool]]

#: Name of the authority that signs device certificates: tools look the certificate up by it (03 section 8.5).
DEVICE_AUTHORITY = "MS-Organization-Access"

_NAMES: dict[Role, str] = {
    "root": "taxiway Root CA",
    "tls": "taxiway TLS CA",
    "device": DEVICE_AUTHORITY,
    "management": "taxiway MDM Device CA",
    "microsoft_root": "taxiway Root CA for Microsoft names (private)",
    "microsoft": "taxiway TLS CA for Microsoft names (private)",
}
_EVERY_ADDRESS = (ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0"))
_ROOT_LIFETIME = timedelta(days=365 * 25)
_ISSUING_LIFETIME = timedelta(days=365 * 20)


#: An authority and its key; None when the key was forgotten.
_Made = tuple[Role, x509.Certificate, rsa.RSAPrivateKey | None]


@dataclass(frozen=True, slots=True)
class Authority:
    """An authority ready to sign."""

    role: Role
    certificate: x509.Certificate
    root: x509.Certificate
    key: rsa.RSAPrivateKey


async def make_authorities(rt: Runtime) -> None:
    """Make the authorities at the first start; does nothing when they exist."""
    if await rt.store.read(SYSTEM, lambda tx: AUTHORITIES.get(tx, "management")) is not None:
        return
    root_key = await rt.workers.run(rt.keys.rsa)
    root = await rt.workers.run(_self_signed, "root", root_key, rt.clock.now())
    made: list[_Made] = [("root", root, root_key)]
    for role in ("tls", "device", "management"):
        key = await rt.workers.run(rt.keys.rsa)
        made.append((role, await rt.workers.run(_issuing, role, key, root, root_key, rt.clock.now()), key))
    await rt.store.write(SYSTEM, lambda tx: _save(tx, made))


async def make_microsoft_authority(rt: Runtime, names: Sequence[str]) -> None:
    """Make the root for Microsoft's host names, and the authority under it; does nothing when they exist.

    Both may speak for ``names`` and what lies under them, and for no address (03 section 15.18). Not every client
    holds a root to its constraints, so the root's key is forgotten here: nothing but the constrained authority was
    ever signed with it, and nothing else ever will be.
    """
    if await rt.store.read(SYSTEM, lambda tx: AUTHORITIES.get(tx, "microsoft")) is not None:
        return
    root_key, key = await rt.workers.run(rt.keys.rsa), await rt.workers.run(rt.keys.rsa)
    now, only = rt.clock.now(), _constraints(names)
    root = await rt.workers.run(_self_signed, "microsoft_root", root_key, now, only)
    issuing = await rt.workers.run(_issuing, "microsoft", key, root, root_key, now, only)
    made: list[_Made] = [("microsoft_root", root, None), ("microsoft", issuing, key)]
    await rt.store.write(SYSTEM, lambda tx: _save(tx, made))


async def authority(rt: Runtime, role: Role) -> Authority:
    """The authority of this role, its key opened."""

    def load(tx: Tx) -> Authority:
        row = AUTHORITIES.get(tx, role)
        root = AUTHORITIES.get(tx, "microsoft_root" if role == "microsoft" else "root")
        key = AUTHORITIES.reveal(tx, role, "key")
        if row is None or root is None or key is None:
            raise NoAuthority(f"There is no '{role}' authority.", remedy="Start the server once: it makes them.")
        private = serialization.load_der_private_key(key, password=None)
        if not isinstance(private, rsa.RSAPrivateKey):
            raise NoAuthority(f"The key of the '{role}' authority is not an RSA key.")
        return Authority(role, _certificate(row["certificate"]), _certificate(root["certificate"]), private)

    # An authority never changes once made, so nothing has to invalidate this.
    known: Authority | None = rt.store.memo.get(f"authority:{role}")
    if known is None:
        known = rt.store.memo[f"authority:{role}"] = await rt.store.read(SYSTEM, load)
    return known


async def issue(
    rt: Runtime,
    role: Role,
    *,
    public_key: CertificatePublicKeyTypes,
    subject: x509.Name,
    lifetime: timedelta,
    extensions: Extensions = (),
    backdate: timedelta = timedelta(minutes=5),
) -> x509.Certificate:
    """Sign a certificate in a worker; nothing is stored (``record`` does that in the caller's transaction)."""
    signer = await authority(rt, role)
    serial = int.from_bytes(rt.entropy.bytes(16), "big") >> 1
    now = rt.clock.now()
    validity = (now - backdate, now + lifetime)
    above = (signer.certificate, signer.key)
    return await rt.workers.run(sign, above, public_key, subject, validity, extensions, serial)


def sign(
    signer: tuple[x509.Certificate | None, rsa.RSAPrivateKey],
    public_key: CertificatePublicKeyTypes,
    subject: x509.Name,
    validity: tuple[datetime, datetime],
    extensions: Extensions,
    serial: int,
) -> x509.Certificate:
    """Sign a certificate; without a certificate the signer signs its own. It outlives no signer."""
    above, key = signer
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if above is None else above.subject)
        .public_key(public_key)
        .serial_number(serial)
        .not_valid_before(validity[0])
        .not_valid_after(validity[1] if above is None else min(validity[1], above.not_valid_after_utc))
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(key, hashes.SHA256())


# ---------------------------------------------------------------------------------------------- inside


def _save(tx: Tx, made: Sequence[_Made]) -> None:
    """Keep authorities together or not at all; those of another process that was faster stay."""
    if AUTHORITIES.get(tx, made[0][0]) is not None:
        return
    for role, certificate, key in made:
        AUTHORITIES.insert(tx, _row(role, certificate, key, tx.now))
        tx.log("authority.made", subject=f"authority:{role}", what={"name": certificate.subject.rfc4514_string()})


def _constraints(names: Sequence[str]) -> Extensions:
    return [
        (
            x509.NameConstraints(
                permitted_subtrees=[x509.DNSName(name) for name in names],
                excluded_subtrees=[x509.IPAddress(network) for network in _EVERY_ADDRESS],
            ),
            True,
        )
    ]


def _name(role: Role) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, _NAMES[role])])


def _authority_builder(
    role: Role, key: rsa.RSAPrivateKey, now: datetime, lifetime: timedelta, path_length: int, extra: Extensions
) -> x509.CertificateBuilder:
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(role))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + lifetime)
        .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    for extension, critical in extra:
        builder = builder.add_extension(extension, critical=critical)
    return builder


def _self_signed(role: Role, key: rsa.RSAPrivateKey, now: datetime, extra: Extensions = ()) -> x509.Certificate:
    builder = _authority_builder(role, key, now, _ROOT_LIFETIME, 1, extra)
    return builder.issuer_name(_name(role)).sign(key, hashes.SHA256())


def _issuing(
    role: Role,
    key: rsa.RSAPrivateKey,
    root: x509.Certificate,
    root_key: rsa.RSAPrivateKey,
    now: datetime,
    extra: Extensions = (),
) -> x509.Certificate:
    builder = _authority_builder(role, key, now, _ISSUING_LIFETIME, 0, extra)
    above = x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key())
    return builder.issuer_name(root.subject).add_extension(above, critical=False).sign(root_key, hashes.SHA256())


def _row(role: Role, certificate: x509.Certificate, key: rsa.RSAPrivateKey | None, now: datetime) -> dict[str, object]:
    plain = (serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return {
        "id": role,
        "certificate": base64.b64encode(certificate.public_bytes(serialization.Encoding.DER)).decode(),
        "issuer": certificate.issuer.rfc4514_string(),
        "key": None if key is None else key.private_bytes(*plain),
        "made_at": now,
    }


def _certificate(encoded: str) -> x509.Certificate:
    return x509.load_der_x509_certificate(base64.b64decode(encoded))
