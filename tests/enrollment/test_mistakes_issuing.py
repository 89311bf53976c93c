"""Mistakes of public servers in what they issue and to whom they give it again (04 section 18)."""

from __future__ import annotations

import base64
import json
from datetime import timedelta

import pytest
import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from structlog.testing import capture_logs

from enrollment.test_csr import windows_request
from taxiway import directory, pki
from taxiway.enrollment import ENROLLMENTS, MANAGED, csr
from taxiway.signin import keys as signing
from taxiway.store import SYSTEM, entries, metadata
from taxiway.wire.soap import parse_envelope
from taxiway.wire.soap_fault import Subcode

pytestmark = pytest.mark.anyio


def leaf_of(document):
    return x509.load_der_x509_certificate(document.certificates.leaf)


async def test_m07_the_hardware_a_client_claims_removes_nobody_else(client):
    """Another Entra device that sends the same HWDevID and DeviceID enrolls beside the first one."""
    claimed = {"HWDevID": "00" * 32, "DeviceID": "A" * 32}
    first = await client.enroll(**claimed)
    other = await client.another()
    await client.enroll(token=client.claims(device_id=other["device_id"]), **claimed)
    assert await client.read(MANAGED.count) == 2
    assert await client.managed_by(first)


async def test_m08_the_credentials_of_the_account_are_the_devices_own(client):
    """Secrets of 256 bits and nonces of 16 bytes in base64, of which no two are alike."""
    drawn = []
    for number in range(3):
        device = await client.another(f"PC-{number}")
        document = await client.enroll(
            client.csr(client.keys.rsa()), token=client.claims(device_id=device["device_id"])
        )
        for auth in (document.application.server, document.application.client):
            assert len(base64.urlsafe_b64decode(auth.secret + "==")) == 32
            assert len(base64.b64decode(auth.nonce, validate=True)) == 16
            drawn += [auth.secret, auth.nonce]
    assert len(set(drawn)) == 12


async def test_m09_credentials_go_to_nobody_who_did_not_prove_to_be_the_device(client):
    """Who repeats the request of a device without its token gets a fault, and without its certificate no session."""
    request = client.csr()
    document = await client.enroll(request)
    secret = document.application.client.secret
    other = await client.another()
    for token in ("eyJx.y.z", client.claims(device_id=other["device_id"]), client.claims(device_id=None)):
        fault = await client.refused(csr=request, token=token)
        assert secret not in fault.reason
    answer = await client.session()
    assert answer.status_code == 403
    assert b"SyncML" not in answer.content


async def test_m10_the_certificate_begins_now_and_renews_near_its_end(client):
    """Five minutes back at most, a year ahead; the renewal begins 42 days before the end."""
    document = await client.enroll()
    leaf, now = leaf_of(document), client.rt.clock.now()
    assert timedelta() <= now - leaf.not_valid_before_utc <= timedelta(minutes=5)
    assert timedelta(days=360) <= leaf.not_valid_after_utc - now <= timedelta(days=366)
    assert document.renewal.period_days == 42
    assert document.renewal.retry_days <= document.renewal.period_days


async def test_m11_nothing_of_the_request_but_its_key_is_taken_over(client):
    """Subject, alternative names, usages, authority bits: the server's own, whatever was asked for."""
    key = client.keys.rsa()
    names = ((NameOID.COMMON_NAME, "admin"), (NameOID.ORGANIZATION_NAME, "x"))
    subject = x509.Name([x509.NameAttribute(kind, value) for kind, value in names])
    wanted = x509.CertificateSigningRequestBuilder().subject_name(subject)
    for extension in (
        x509.SubjectAlternativeName([x509.DNSName("mdm.contoso.example")]),
        x509.BasicConstraints(ca=True, path_length=None),
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CODE_SIGNING]),
        x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.311.66.1.0"), b"\x04\x02ab"),
    ):
        wanted = wanted.add_extension(extension, critical=False)
    request = wanted.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
    document = await client.enroll(request)
    leaf = leaf_of(document)
    assert leaf.subject.rfc4514_string() == f"CN={document.dm_client.ent_dm_id}"
    assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert list(leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [
        ExtendedKeyUsageOID.CLIENT_AUTH
    ]
    assert {extension.oid.dotted_string for extension in leaf.extensions} == {
        "2.5.29.14",
        "2.5.29.15",
        "2.5.29.19",
        "2.5.29.35",
        "2.5.29.37",
    }


@pytest.mark.parametrize("how", ["signature", "short key", "small exponent"])
async def test_m12_the_request_proves_a_strong_key(client, how):
    """A broken signature, RSA-1024 or the exponent 3 is a CertificateRequest fault, and nothing is stored."""
    if how == "signature":
        request = bytearray(client.csr())
        request[-1] ^= 1
    else:
        exponent, bits = (3, 2048) if how == "small exponent" else (65537, 1024)
        request = client.csr(rsa.generate_private_key(public_exponent=exponent, key_size=bits))
    assert (await client.refused(csr=bytes(request))).subcode == Subcode.CERTIFICATE_REQUEST
    assert await client.read(MANAGED.count) == 0


async def test_m14_serial_numbers_activity_ids_and_times_are_fresh(client, clock):
    """64 random bits and more in each serial number, an ActivityId for each answer, the time of the answer."""
    serials, activities = set(), set()
    for number in range(3):
        device = await client.another(f"PC-{number}")
        token = client.claims(device_id=device["device_id"])
        serials.add(leaf_of(await client.enroll(client.csr(client.keys.rsa()), token=token)).serial_number)
        clock.advance(3600)
        answer = await client.ask(token=token)
        envelope = parse_envelope(answer.content)
        activities.add(envelope.activity_id)
        stamp = client.rt.clock.now().strftime("%Y-%m-%dT%H:%M")
        assert f"<u:Created>{stamp}".encode() in answer.content
    assert len(serials) == len(activities) == 3
    assert min(serials).bit_length() > 64


async def test_m15_no_secret_is_written_down(client, monkeypatch):
    """Neither our own messages, nor the log, nor a column of the database holds a token, a password or a secret."""
    with capture_logs() as said:
        document = await client.enroll(EnrollmentData="terms-blob")
        await client.refused(token="eyJsecret.b.c")
        await client.write(lambda tx: directory.assign_licenses(tx, client.user["id"], (), ["INTUNE_A"]))
        await client.refused()

        def breaks(_der):
            raise RuntimeError("a bug")

        monkeypatch.setattr(csr, "proven_key", breaks)
        await client.write(lambda tx: directory.assign_licenses(tx, client.user["id"], ["INTUNE_A"]))
        assert (await client.refused()).subcode == Subcode.INTERNAL_SERVICE_FAULT
    secrets = [client.token, "eyJsecret.b.c", "terms-blob"]
    secrets += [auth.secret for auth in (document.application.server, document.application.client)]
    secrets += [base64.b64encode(secret.encode()).decode() for secret in secrets]
    logged = json.dumps([[e.kind, e.what, e.why] for e in await client.read(entries)], default=str)
    rows = await client.read(
        lambda tx: [
            str(tx.all(sa.select(table).where(table.c.tenant == tx.tenant)))
            for table in metadata.sorted_tables
            if "tenant" in table.c
        ]
    )
    for secret in secrets:
        assert not any(secret in place for place in (json.dumps(said, default=str), logged, *rows))
    assert "enrollment failed" in json.dumps(said, default=str)


async def test_m30_each_purpose_has_a_key_of_its_own(client):
    """Tokens, the certificates of devices and of management, TLS and the root are signed by different keys."""
    roles = ("root", "tls", "device", "management")
    keys = [(await pki.authority(client.rt, role)).key.public_key() for role in roles]
    token_key = await signing.signing_keys(client.rt)
    public = await client.rt.store.read(SYSTEM, lambda tx: signing.public_key(tx, token_key.kid))
    form = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    names = {key.public_bytes(*form) for key in keys}
    names.add(public.get_op_key("verify").public_bytes(*form))
    assert len(names) == 5


async def test_m31_the_request_that_windows_writes_is_served(client):
    """A subject with '!' and NUL in a PrintableString, which strict libraries do not read."""
    key = client.keys.rsa()
    document = await client.enroll(windows_request(key))
    assert leaf_of(document).public_key().public_numbers() == key.public_key().public_numbers()


async def test_the_record_of_an_enrollment_keeps_no_blob_of_the_terms(client):
    """What is kept of the context is what may be shown."""
    document = await client.enroll(EnrollmentData="terms-blob", Locale="en-US")
    kept = await client.read(lambda tx: ENROLLMENTS.require(tx, document.dm_client.ent_dm_id))
    assert ["Locale", "en-US"] in kept["context"]
    assert "EnrollmentData" not in dict(kept["context"])
