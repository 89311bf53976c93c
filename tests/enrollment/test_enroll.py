"""The token request: who is let in, with what, and which fault stops the others (04 sections 8, 12 and 19.3)."""

from __future__ import annotations

import asyncio

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtendedKeyUsageOID

from taxiway import directory, enrollment, pki
from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.enrollment import MANAGED
from taxiway.store import entries
from taxiway.wire.soap_fault import Subcode

pytestmark = pytest.mark.anyio


async def test_the_certificate_follows_our_profile_and_its_own_key(client):
    """Subject, usage and chain are the server's; the key is the device's (04 section 13.1)."""
    key = client.keys.rsa()
    document = await client.enroll(client.csr(key))
    leaf = x509.load_der_x509_certificate(document.certificates.leaf)
    issuer = x509.load_der_x509_certificate(document.certificates.intermediate)
    leaf.verify_directly_issued_by(issuer)
    issuer.verify_directly_issued_by(x509.load_der_x509_certificate(document.certificates.root))
    assert leaf.subject.rfc4514_string() == f"CN={document.dm_client.ent_dm_id}"
    assert leaf.public_key().public_numbers() == key.public_key().public_numbers()
    assert list(leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [
        ExtendedKeyUsageOID.CLIENT_AUTH
    ]
    peer = await pki.verify_peer(client.rt, leaf.public_bytes(serialization.Encoding.DER))
    assert (peer.tenant, peer.purpose, peer.subject) == (
        client.tenant,
        "management",
        f"managed:{document.dm_client.ent_dm_id}",
    )


async def test_the_managed_device_is_linked_to_its_entra_device(client):
    """One row for Graph, its Entra device marked managed, and an entry with the reasons in the log."""
    document = await client.enroll()
    managed = await client.read(lambda tx: MANAGED.require(tx, document.dm_client.ent_dm_id))
    device = await client.read(lambda tx: directory.find_device(tx, id=client.device["id"]))
    assert managed["azure_ad_device_id"] == device["device_id"]
    assert managed["managed_device_name"] == "ada_Windows_1/5/2026_8:00 AM"
    assert device["is_managed"]
    (logged,) = [entry for entry in await client.read(entries) if entry.kind == "device.enrolled"]
    assert logged.subject == f"device:{device['id']}"
    assert {reason["code"] for reason in logged.why} >= {"esp.default", "restriction.default"}


async def test_the_same_key_again_gets_the_same_document(client):
    """A device that saw no answer asks again: one device, one certificate, the same bytes."""
    csr = client.csr()
    first = await client.enroll(csr)
    assert await client.enroll(csr) == first
    assert await client.read(MANAGED.count) == 1


async def test_twenty_requests_at_once_make_one_device(client):
    """Whatever arrives together, one managed device and one certificate stand in the end."""
    csr = client.csr()
    documents = await asyncio.gather(*(client.enroll(csr) for _ in range(20)))
    assert len({document.certificates.leaf for document in documents}) == 1
    assert await client.read(MANAGED.count) == 1


async def test_the_same_device_with_a_new_key_replaces_its_former_record(client):
    """Re-enrollment proven for the same Entra device: the old certificate opens nothing any more."""
    old = await client.enroll(client.csr(client.keys.rsa()))
    await client.enroll(client.csr(client.keys.rsa()))
    assert await client.read(MANAGED.count) == 1
    with pytest.raises(pki.PeerRefused, match="revoked"):
        await pki.verify_peer(client.rt, old.certificates.leaf)


async def test_a_key_of_another_enrollment_is_refused(client):
    """A key already in use belongs to somebody else."""
    csr = client.csr()
    await client.enroll(csr)
    other = await client.write(
        lambda tx: directory.join_device(
            tx, display_name="PC-2", os="Windows", os_version="10", trust_type="AzureAd", owner_id=client.user["id"]
        )
    )
    fault = await client.refused(csr=csr, token=client.claims(device_id=other["device_id"]))
    assert fault.subcode == Subcode.CERTIFICATE_REQUEST


async def test_r080_the_esp_settings_are_frozen(client, registered):
    """They travel in the document, and a later change of the profile does not reach the device."""
    row = await client.read(lambda tx: enrollment.default_of(tx, enrollment.DEFAULT_ESP))
    shown = {
        "show_installation_progress": True,
        "install_progress_timeout_in_minutes": 45,
        "custom_error_message": "Call <us> & wait",
        "allow_device_reset_on_install_failure": True,
    }
    await client.write(lambda tx: enrollment.update_configuration(tx, row["id"], shown, principal=SYSTEM_PRINCIPAL))
    document = await client.enroll()
    page = document.dm_client.first_sync_status
    assert (page.skip_device_page, page.timeout, page.block) == (False, 45, 3)
    assert page.custom_error_text == "Call <us> & wait"
    hidden = {"show_installation_progress": False}
    await client.write(lambda tx: enrollment.update_configuration(tx, row["id"], hidden, principal=SYSTEM_PRINCIPAL))
    assert (await client.read(lambda tx: enrollment.esp_of(tx, document.dm_client.ent_dm_id))).show


async def test_r057_the_default_profile_shows_no_page(client):
    """A new tenant's devices skip both pages."""
    page = (await client.enroll()).dm_client.first_sync_status
    assert (page.skip_device_page, page.skip_user_page) == (True, True)


async def test_a_claimed_registration_is_not_believed(client):
    """ZeroTouchProvisioning is the client's word: ignored unless the device object bears it out."""
    await client.enroll(ZeroTouchProvisioning="8f0f3a2e-6d0e-4f0a-9e53-2a3f6a0d7c11")
    (logged,) = [entry for entry in await client.read(entries) if entry.kind == "device.enrolled"]
    assert "autopilot.claim_ignored" in {reason["code"] for reason in logged.why}


@pytest.mark.parametrize(
    ("changes", "subcode"),
    [
        ({"aud": "https://elsewhere/"}, Subcode.AUTHENTICATION),
        ({"app_id": "00000000-0000-0000-0000-000000000001"}, Subcode.AUTHENTICATION),
        ({"oid": None}, Subcode.AUTHORIZATION),
        ({"device_id": None}, Subcode.AUTHORIZATION),
        ({"device_id": "6c7f6c2b-0000-4000-8000-000000000000"}, Subcode.AUTHORIZATION),
    ],
)
async def test_tokens_that_prove_too_little_are_refused(client, changes, subcode):
    """Wrong audience, wrong client, no user, no device, another device."""
    assert (await client.refused(token=client.claims(**changes))).subcode == subcode


async def test_an_unknown_token_is_an_authentication_fault(client):
    """The token service refused it."""
    assert (await client.refused(token="eyJx.y.z")).subcode == Subcode.AUTHENTICATION


async def test_a_bad_request_is_a_certificate_fault(client):
    """Bytes that are no PKCS#10."""
    assert (await client.refused(csr=b"\x30\x03\x02\x01\x05")).subcode == Subcode.CERTIFICATE_REQUEST


@pytest.mark.parametrize("body", [b"", b"<", b"<a/>", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', b"\xff" * 100])
@pytest.mark.parametrize("service", ["discovery", "policy", "enrollment"])
async def test_hostile_bytes_get_a_fault(client, service, body):
    """Whatever arrives, a SOAP fault about the message goes back."""
    answer = await client.post(service, body)
    assert answer.status_code == 500
    assert b"s:MessageFormat" in answer.content


async def test_r078_a_reordering_counts_for_the_next_enrollment(client):
    """Two profiles for all devices: the first by priority wins; moved, the other wins for whoever enrolls then."""
    everywhere = [directory.Target("all_devices")]

    def make(tx):
        rows = []
        for name in ("one", "two"):
            values = {"display_name": name, "show_installation_progress": True}
            rows.append(enrollment.create_configuration(tx, enrollment.ESP, values, principal=SYSTEM_PRINCIPAL))
            enrollment.assign_configuration(tx, rows[-1]["id"], everywhere, principal=SYSTEM_PRINCIPAL)
        return rows[1]["id"]

    second = await client.write(make)
    await client.enroll(client.csr(client.keys.rsa()))
    (first,) = await client.read(MANAGED.select)
    await client.write(lambda tx: enrollment.set_priority(tx, second, 1, principal=SYSTEM_PRINCIPAL))
    assert (await client.read(lambda tx: enrollment.esp_of(tx, first["id"]))).profile_name == "one"
    await client.enroll(client.csr(client.keys.rsa()))
    (again,) = await client.read(MANAGED.select)
    assert (await client.read(lambda tx: enrollment.esp_of(tx, again["id"]))).profile_name == "two"
