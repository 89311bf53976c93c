"""What the tests of certificates make: SCEP and PFX profiles, and what a PC and the server hold in the end."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from e2e.deploying import EVERYWHERE
from taxiway import management
from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.pki.entities import CERTIFICATES
from taxiway.store import entries, eq

SCEP, PFX = "windows81SCEPCertificateProfile", "windows10ImportedPFXCertificateProfile"
CLIENT_AUTH, SECURE_EMAIL = "1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.4"


async def configuration(deploying, kind, target=EVERYWHERE, **values):
    """A configuration of a kind, assigned; its id."""

    def make(tx):
        row = management.create_configuration(tx, kind, values, principal=SYSTEM_PRINCIPAL)
        management.assign_configuration(tx, row["id"], [target], principal=SYSTEM_PRINCIPAL)
        return row["id"]

    return await deploying.write(make)


async def scep(deploying, target=EVERYWHERE, name="Wi-Fi certificate", **values):
    """A SCEP profile."""
    return await configuration(deploying, SCEP, target, display_name=name, **values)


async def pfx(deploying, key, target=EVERYWHERE, password="pfx password", **values):
    """A profile with a PKCS#12; its id and its certificate."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "imported")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    encryption = serialization.BestAvailableEncryption(b"pfx password")
    blob = pkcs12.serialize_key_and_certificates(b"imported", key, certificate, None, encryption)
    secret = {"pfx_blob": base64.b64encode(blob).decode(), "pfx_password": password}
    made = await configuration(deploying, PFX, target, display_name="Imported", **secret, **values)
    return made, certificate


def held(pc):
    """The certificates a PC holds."""
    return [x509.load_der_x509_certificate(base64.b64decode(each)) for each in pc.state.certificates.values()]


async def issued(deploying):
    """The client certificates on record."""
    return await deploying.read(lambda tx: CERTIFICATES.select(tx, eq("purpose", "client")))


async def logged(deploying, kind):
    """The log's entries of a kind."""
    return [entry for entry in await deploying.read(entries) if entry.kind == kind]
