"""The certificate a listener shows: issued by the instance's own TLS authority (design, rule 10)."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from taxiway.pki.authorities import authority, issue
from taxiway.store import Runtime


@dataclass(frozen=True, slots=True)
class ServerCertificate:
    """PEM texts: the chain (leaf first, without the root), its private key, and the root that clients trust."""

    chain: str
    key: str
    root: str


async def server_certificate(
    rt: Runtime, names: Sequence[str], role: Literal["tls", "microsoft"] = "tls"
) -> ServerCertificate:
    """A fresh certificate for these host names and addresses, for 397 days at the most that browsers accept."""
    key = await rt.workers.run(rt.keys.rsa)
    extensions: list[tuple[x509.ExtensionType, bool]] = [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (x509.SubjectAlternativeName([_general_name(name) for name in names]), False),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
    ]
    signer = await authority(rt, role)
    above = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.key.public_key())
    leaf = await issue(
        rt,
        role,
        public_key=key.public_key(),
        subject=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])]),
        lifetime=timedelta(days=396),
        extensions=[*extensions, (above, False)],
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return ServerCertificate(_pem(leaf) + _pem(signer.certificate), private.decode(), _pem(signer.root))


async def peer_authorities(rt: Runtime) -> str:
    """PEM texts of what a device's certificate may chain to: the devices door trusts these and nothing else."""
    return "".join([_pem((await authority(rt, role)).certificate) for role in ("device", "management")])


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
