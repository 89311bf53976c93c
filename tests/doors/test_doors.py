"""The real listeners: what TLS lets through, and what reaches the application."""

from __future__ import annotations

import asyncio
import ssl
from datetime import timedelta

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from doors.conftest import asked_for_a_certificate, named
from taxiway import pki

pytestmark = pytest.mark.anyio
MDM = "/ManagementServer/MDM.svc"
CLOSED = (httpx.ConnectError, httpx.ReadError, httpx.RemoteProtocolError, httpx.WriteError)


def foreign(rt, issuer):
    """A certificate that nobody of ours signed, whatever it calls its issuer."""
    key, signer, now = rt.keys.rsa(), rt.keys.rsa(), rt.clock.now()
    builder = x509.CertificateBuilder().subject_name(named("managed:1")).issuer_name(issuer)
    builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(days=1))
    return builder.sign(signer, hashes.SHA256()), key


async def test_without_a_certificate_a_device_is_told_so(doors):
    """The handshake succeeds and the management endpoint refuses by name: no failure, no dead connection."""
    answer = await doors.ask("devices", MDM, method="POST", content=b"x")
    assert answer.status_code == 403
    assert "certificate" in answer.text
    assert (await doors.ask("devices", "/connecttest.txt")).text == "Microsoft Connect Test"


async def test_15_16_a_certificate_of_a_foreign_authority_ends_the_handshake(doors):
    """Signed by someone else, under a foreign name or under ours: the connection ends before any request."""
    ours = (await pki.authority(doors.rt, "management")).certificate.subject
    for issuer in (named("Somebody"), ours):
        with pytest.raises(CLOSED):
            await doors.ask("devices", MDM, show=foreign(doors.rt, issuer), method="POST", content=b"x")


async def test_a_certificate_of_ours_reaches_the_application(doors, tenant):
    """With the device's certificate the message itself is what is refused; once revoked, the certificate is."""
    shown = await doors.certificate(tenant)
    accepted = await doors.ask("devices", MDM, show=shown, method="POST", content=b"no SyncML")
    assert accepted.status_code == 400
    await doors.rt.store.write(tenant, lambda tx: pki.revoke(tx, subject="managed:1"))
    refused = await doors.ask("devices", MDM, show=shown, method="POST", content=b"no SyncML")
    assert refused.status_code == 403
    assert "revoked" in refused.text


async def test_a_server_certificate_of_ours_is_no_device(doors):
    """The listeners' own certificate is of the same root, and yet no device certificate."""
    made = await pki.server_certificate(doors.rt, ["localhost"])
    leaf = x509.load_pem_x509_certificates(made.chain.encode())[0]
    key = serialization.load_pem_private_key(made.key.encode(), None)
    with pytest.raises(CLOSED):
        await doors.ask("devices", MDM, show=(leaf, key), method="POST", content=b"x")


async def test_only_the_devices_door_asks_for_a_certificate(doors):
    """A browser at the people's door is never asked to choose a certificate."""
    assert await asked_for_a_certificate(doors.port("devices"), doors.context()) is True
    assert await asked_for_a_certificate(doors.port("people"), doors.context()) is False


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize("door", ["people", "devices"])
async def test_15_18_old_tls_is_refused(doors, door):
    """TLS 1.1 gets no session, 1.2 and 1.3 do."""
    for version, accepted in (("TLSv1_1", False), ("TLSv1_2", True), ("TLSv1_3", True)):
        context = doors.context()
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = ssl.TLSVersion[version]
        try:
            _, writer = await asyncio.open_connection("localhost", doors.port(door), ssl=context)
        except (ssl.SSLError, ConnectionError):
            assert not accepted, version
            continue
        writer.close()
        assert accepted, version


@pytest.mark.parametrize(
    "path", ["/ENROLLMENTSERVER/discovery.SVC", "//EnrollmentServer//Discovery.svc", "/enrollmentserver/discovery.svc/"]
)
async def test_paths_are_matched_as_windows_writes_them(doors, path):
    """Neither case nor doubled slashes nor one at the end matter (03 section 1.2)."""
    assert (await doors.ask("devices", path)).status_code == 200


async def test_15_13_every_answer_carries_its_headers(doors):
    """An id to quote, and what browsers need to be careful; also on an address that is not there."""
    for path in ("/connecttest.txt", "/nothing/here"):
        answer = await doors.ask("people", path)
        assert answer.headers["x-ms-request-id"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "max-age" in answer.headers["strict-transport-security"]
