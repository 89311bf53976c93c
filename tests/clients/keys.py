"""Key and certificate with which an application proves who it is."""

from __future__ import annotations

import base64
import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa


@dataclass(frozen=True, slots=True)
class Credential:
    """``pem`` is a file with both; the certificate is signed by its own key, as Entra takes it."""

    pem: Path
    certificate: x509.Certificate

    @property
    def sha1(self) -> str:
        """The older thumbprint, in hexadecimal."""
        return self.certificate.fingerprint(hashes.SHA1()).hex()

    @property
    def sha256(self) -> str:
        """The thumbprint, in hexadecimal."""
        return self.certificate.fingerprint(hashes.SHA256()).hex()

    def for_graph(self) -> dict:
        """As ``keyCredentials`` of an application take it."""
        content = self.certificate.public_bytes(serialization.Encoding.DER)
        return {"type": "AsymmetricX509Cert", "usage": "Verify", "key": base64.b64encode(content).decode()}


def make(folder: Path) -> Credential:
    """A new key with a certificate for a day."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Payroll service")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5))
        .not_valid_after(now + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem = folder / "app.pem"
    pem.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return Credential(pem, certificate)
