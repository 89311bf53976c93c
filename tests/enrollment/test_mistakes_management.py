"""Mistakes of public servers about who is managed: the certificate decides, and nothing else (04 section 18)."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from taxiway import pki
from taxiway.enrollment import ENROLLMENTS, MANAGED
from taxiway.management.tables import device_answer, device_command
from taxiway.store import entries
from taxiway.wire.syncml import Alert, Item, Status, parse_message

pytestmark = pytest.mark.anyio

DER = serialization.Encoding.DER
UNENROLL = Alert("2", 1226, (Item(type="com.microsoft:mdm.unenrollment.userrequest", format="int", data="1"),))


def self_made(client, name, *, issuer=None):
    """A certificate that somebody signed by a key of their own."""
    key, now = client.keys.rsa(), client.rt.clock.now()
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer or subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(days=30))
        .sign(key, hashes.SHA256())
        .public_bytes(DER)
    )


async def ours(client, name, purpose="management", *, subject=""):
    """A certificate that our authority signed, on record only when it is told for which subject."""
    certificate = await pki.issue(
        client.rt,
        purpose,
        public_key=client.keys.rsa().public_key(),
        subject=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]),
        lifetime=timedelta(days=1),
    )
    if subject:
        await client.write(lambda tx: pki.record(tx, certificate, purpose=purpose, subject=subject))
    return certificate.public_bytes(DER)


async def test_m04_without_a_certificate_there_is_no_session(client):
    """403 whatever the body says, and nothing is written."""
    document = await client.enroll()
    before = len(await client.read(entries))
    answer = await client.session(source=document.dm_client.ent_dm_id)
    assert answer.status_code == 403
    assert len(await client.read(entries)) == before


async def test_m05_a_certificate_is_the_one_on_record_and_no_other(client):
    """Names that contain the device's, a copied issuer, our own signature: only the certificate itself counts."""
    document = await client.enroll()
    managed_id, leaf = document.dm_client.ent_dm_id, x509.load_der_x509_certificate(document.certificates.leaf)
    impostors = [
        self_made(client, managed_id),
        self_made(client, f"x{managed_id}x", issuer=leaf.issuer),
        self_made(client, managed_id, issuer=leaf.issuer),
        await ours(client, managed_id),
        await ours(client, managed_id, subject=f"managed:{managed_id}"),
        await ours(client, managed_id, subject=f"managed:{managed_id}x"),
        await ours(client, managed_id, "device", subject=f"device:{client.device['id']}"),
        document.certificates.intermediate,
        b"\x30\x00",
    ]
    for impostor in impostors[:5] + impostors[6:]:
        assert (await client.session(impostor)).status_code == 403
    # On record, for a name that only contains the device's: a session of nobody, which is told so.
    assert b"<Data>403</Data>" in (await client.session(impostors[5])).content
    assert await client.managed_by(document)


async def test_m05_a_certificate_on_record_needs_its_chain_too(client):
    """A row in the database is no signature: what our authority did not sign opens nothing."""
    document = await client.enroll()
    managed_id, leaf = document.dm_client.ent_dm_id, x509.load_der_x509_certificate(document.certificates.leaf)
    forged = x509.load_der_x509_certificate(self_made(client, managed_id, issuer=leaf.issuer))

    def put_on_record(tx):
        thumbprint = pki.record(tx, forged, purpose="management", subject=f"managed:{managed_id}")
        ENROLLMENTS.update(tx, managed_id, {"thumbprint": thumbprint})

    await client.write(put_on_record)
    assert (await client.session(forged.public_bytes(DER))).status_code == 403


async def test_m06_the_name_in_a_message_says_nothing(client):
    """A device that calls itself by the name of another one has its own session, and the log says what it did."""
    first = await client.enroll()
    other = await client.another()
    second = await client.enroll(token=client.claims(device_id=other["device_id"]))
    victim = first.dm_client.ent_dm_id
    for number, source in ((1, "PC-2"), (2, victim)):
        answer = await client.session(second.certificates.leaf, source=source, number=number)
        assert answer.status_code == 200
    seen = [entry for entry in await client.read(entries) if entry.kind == "session.started"]
    assert {entry.what["managed_device"] for entry in seen} == {second.dm_client.ent_dm_id}
    answers = await client.read(lambda tx: tx.all(sa.select(device_answer).where(device_answer.c.tenant == tx.tenant)))
    assert {row["managed_id"] for row in answers} == {second.dm_client.ent_dm_id}


async def test_m27_who_left_is_not_managed_any_more(client):
    """After the user's unenrollment the certificate opens nothing, and neither record nor command is left."""
    document = await client.enroll()
    leaf, managed_id = document.certificates.leaf, document.dm_client.ent_dm_id
    first = parse_message((await client.session(leaf)).content)
    assert any(not isinstance(each, Status) for each in first.commands)
    answer = parse_message((await client.session(leaf, number=2, commands=(UNENROLL,))).content)
    assert all(isinstance(each, Status) and each.code == 200 for each in answer.commands)
    assert (await client.session(leaf, number=3)).status_code == 403
    left = await client.read(lambda tx: tx.all(sa.select(device_command).where(device_command.c.tenant == tx.tenant)))
    assert left == []
    assert await client.read(lambda tx: ENROLLMENTS.get(tx, managed_id)) is None
    assert await client.read(MANAGED.count) == 0


@pytest.mark.parametrize(
    "name",
    ["X-Client-Cert", "X-SSL-Cert", "X-ARR-ClientCert", "X-Forwarded-Client-Cert", "SSL-Client-Cert", "Client-Cert"],
)
async def test_m28_a_header_is_no_certificate(client, name):
    """Whoever writes a certificate into a header has shown none: 403, also for a renewal's connection."""
    document = await client.enroll()
    pem = x509.load_der_x509_certificate(document.certificates.leaf).public_bytes(serialization.Encoding.PEM).decode()
    for value in (pem.replace("\n", "%0A"), pem.replace("\n", " "), f'Cert="{pem.encode().hex()}"'):
        answer = await client.session(headers={name: value})
        assert answer.status_code == 403
