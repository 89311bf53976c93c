"""Renewal by the current certificate, and recovery of a lost key (04 section 14)."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import NameOID

from taxiway import directory, enrollment, management, pki
from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.enrollment import ENROLLMENTS, MANAGED
from taxiway.store import entries
from taxiway.wire import enroll
from taxiway.wire.soap import UsernameToken
from taxiway.wire.soap_fault import Subcode

pytestmark = pytest.mark.anyio

NEAR_THE_END = 330 * 86_400
WEEK = 7 * 86_400


def signed(content, key, certificate):
    """A renewal as a device makes it: the new request, signed by the old key."""
    builder = pkcs7.PKCS7SignatureBuilder().set_data(content).add_signer(certificate, key, hashes.SHA256())
    return builder.sign(serialization.Encoding.DER, [pkcs7.PKCS7Options.Binary])


class Enrolled:
    """An enrolled device that can renew."""

    def __init__(self, client, key, document):
        self.client, self.key, self.first = client, key, document
        self.leaf = x509.load_der_x509_certificate(document.certificates.leaf)
        self.id = document.dm_client.ent_dm_id

    def request(self, new_key=None):
        """A renewal for a new key."""
        return signed(self.client.csr(new_key or self.client.keys.rsa()), self.key, self.leaf)

    async def renew(self, request=None, **more):
        return await self.client.enroll(request or self.request(), request_type=enroll.RENEW, **more)

    async def refused(self, request=None, **more):
        return await self.client.refused(csr=request or self.request(), request_type=enroll.RENEW, **more)

    async def opens(self, document, number):
        """The status of a session with the certificate of this document."""
        return (await self.client.session(document.certificates.leaf, number=number)).status_code


@pytest.fixture
async def enrolled(client, clock):
    """A device whose certificate is near its end."""
    key = client.keys.rsa()
    made = Enrolled(client, key, await client.enroll(client.csr(key)))
    clock.advance(NEAR_THE_END)
    return made


async def test_renewal_gives_a_new_certificate_for_a_new_key(client, enrolled):
    """Near its end, vouched for by the current certificate: same device, new leaf; again: the same bytes."""
    new_key = client.keys.rsa()
    request = enrolled.request(new_key)
    document = await enrolled.renew(request, credential=UsernameToken("", ""))
    renewed = x509.load_der_x509_certificate(document.certificates.leaf)
    assert renewed.subject == enrolled.leaf.subject
    assert renewed.public_key().public_numbers() == new_key.public_key().public_numbers()
    assert await enrolled.renew(request) == document
    peer = await pki.verify_peer(client.rt, document.certificates.leaf)
    assert peer.subject == f"managed:{enrolled.id}"


async def test_the_certificate_before_lasts_until_the_new_one_was_used(enrolled):
    """Both open sessions at first; the first session with the new one ends the old one."""
    document = await enrolled.renew()
    assert await enrolled.opens(enrolled.first, 1) == 200
    assert await enrolled.opens(document, 2) == 200
    assert await enrolled.opens(enrolled.first, 3) == 403
    assert await enrolled.opens(document, 4) == 200
    with pytest.raises(pki.PeerRefused, match="revoked"):
        await pki.verify_peer(enrolled.client.rt, enrolled.first.certificates.leaf)


async def test_the_certificate_before_lasts_a_week(enrolled, clock):
    """Whoever has not used the new one by then has to."""
    document = await enrolled.renew()
    clock.advance(WEEK)
    assert await enrolled.opens(enrolled.first, 1) == 200
    clock.advance(1)
    assert await enrolled.opens(enrolled.first, 2) == 403
    assert await enrolled.opens(document, 3) == 200


async def test_a_personal_device_keeps_its_store(client, clock):
    """A leaf in My/User is renewed in My/User."""
    own = await client.another(trust_type="Workplace")
    key = client.keys.rsa()
    document = await client.enroll(client.csr(key), token=client.claims(device_id=own["device_id"]))
    clock.advance(NEAR_THE_END)
    renewed = await Enrolled(client, key, document).renew()
    assert not document.certificates.device_context
    assert not renewed.certificates.device_context


async def test_m13_renewal_is_refused_too_early_for_the_old_key_or_by_another(client, clock):
    """Outside the window, without a new key, or signed by a certificate that is not the current one."""
    old_key, new_key = client.keys.rsa(), client.keys.rsa()
    early = Enrolled(client, old_key, await client.enroll(client.csr(old_key)))
    assert (await early.refused()).error_type == "NotEligibleToRenew"
    clock.advance(NEAR_THE_END)
    assert (await early.refused(early.request(old_key))).error_type == "NotEligibleToRenew"
    stranger, leaf = client.keys.rsa(), early.leaf
    borrowed = signed(client.csr(new_key), stranger, leaf)
    assert (await early.refused(borrowed)).subcode == Subcode.CERTIFICATE_REQUEST
    own = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, early.id)]))
        .issuer_name(leaf.issuer)
        .public_key(stranger.public_key())
        .serial_number(leaf.serial_number)
        .not_valid_before(leaf.not_valid_before_utc)
        .not_valid_after(leaf.not_valid_after_utc)
        .sign(stranger, hashes.SHA256())
    )
    forged = signed(client.csr(new_key), stranger, own)
    fault = await early.refused(forged)
    assert (fault.subcode, fault.hresult) == (Subcode.CERTIFICATE_REQUEST, 0x80180016)


async def test_m13_the_certificate_before_the_current_one_renews_nothing(enrolled):
    """Still good for sessions while it lasts, it vouches for no further key."""
    await enrolled.renew()
    assert (await enrolled.refused()).error_type == "NotEligibleToRenew"


async def test_m13_the_connection_and_the_signature_are_of_one_device(client, enrolled):
    """A connection with another device's certificate carries no renewal, one with the own does, and none may do."""
    other = await client.another()
    stranger = await client.enroll(client.csr(client.keys.rsa()), token=client.claims(device_id=other["device_id"]))
    for chain in ((stranger.certificates.leaf,), (b"\x30\x00",), (stranger.certificates.intermediate,)):
        client.chain = chain
        assert (await enrolled.refused()).error_type == "NotEligibleToRenew"
    client.chain = (enrolled.first.certificates.leaf,)
    assert await enrolled.renew()
    client.chain = ()


async def test_a_key_is_used_once(client, enrolled, clock):
    """Neither a key that this device had before, nor one that another device has."""
    other = await client.another()
    theirs = client.keys.rsa()
    await client.enroll(client.csr(theirs), token=client.claims(device_id=other["device_id"]))
    assert (await enrolled.refused(enrolled.request(theirs))).error_type == "NotEligibleToRenew"
    second_key = client.keys.rsa()
    second = Enrolled(client, second_key, enrolled.first)
    second.leaf = x509.load_der_x509_certificate((await enrolled.renew(enrolled.request(second_key))).certificates.leaf)
    clock.advance(NEAR_THE_END)
    assert (await second.refused(second.request(enrolled.key))).error_type == "NotEligibleToRenew"
    assert await second.renew()


@pytest.mark.parametrize("what", ["user disabled", "user deleted", "device disabled", "device deleted", "retired"])
async def test_only_a_standing_device_renews(client, enrolled, what):
    """User and Entra device still there and enabled, and nobody told the device to leave."""

    def change(tx):
        match what:
            case "user disabled":
                directory.update_user(tx, client.user["id"], {"account_enabled": False})
            case "user deleted":
                directory.delete_user(tx, client.user["id"])
            case "device disabled":
                directory.update_device(tx, client.device["id"], {"account_enabled": False})
            case "device deleted":
                directory.delete_device(tx, client.device["id"], principal=SYSTEM_PRINCIPAL)
            case _:
                management.order_retire(tx, enrolled.id, principal=SYSTEM_PRINCIPAL)

    await client.write(change)
    assert (await enrolled.refused()).error_type == "NotEligibleToRenew"


async def test_an_expired_certificate_renews_nothing(enrolled, clock):
    """After its end the device enrolls anew (04 section 14.1)."""
    clock.advance(40 * 86_400)
    assert (await enrolled.refused()).error_type == "NotEligibleToRenew"


async def test_a_revoked_certificate_renews_nothing(client, enrolled):
    """Whose management was ended cannot come back this way."""
    await client.write(lambda tx: enrollment.delete_managed_device(tx, enrolled.id, principal=SYSTEM_PRINCIPAL))
    assert (await enrolled.refused()).error_type == "NotEligibleToRenew"


@pytest.mark.parametrize("der", [b"\x00", b"\x30\x00", b"\x30\x80" + b"\x00" * 60, b"x" * 70_000])
async def test_hostile_renewals_are_certificate_faults(client, der):
    """Bytes that are no signed request."""
    fault = await client.refused(csr=der, request_type=enroll.RENEW)
    assert fault.subcode == Subcode.CERTIFICATE_REQUEST


@pytest.mark.parametrize(
    ("bytes_there", "instead"),
    [
        ("06092a864886f70d0101010500", "06092a864886f70d0101630500"),  # the signer's key is of an unknown kind
        ("a003020102", "a003020107"),  # its certificate is of an unknown version
    ],
)
async def test_a_signer_that_cannot_be_read_is_a_certificate_fault(client, enrolled, bytes_there, instead):
    """The certificate inside comes from whoever asks, like the rest."""
    der = enrolled.request()
    assert bytes.fromhex(bytes_there) in der
    spoiled = der.replace(bytes.fromhex(bytes_there), bytes.fromhex(instead))
    assert (await client.refused(csr=spoiled, request_type=enroll.RENEW)).subcode == Subcode.CERTIFICATE_REQUEST


# ---------------------------------------------------------------------------------------------- recovery


@pytest.fixture
def allow(client):
    """Open recovery for the tenant."""

    async def allow():
        changes = {"recovery": True}
        await client.write(lambda tx: enrollment.update_enrollment_policy(tx, changes, principal=SYSTEM_PRINCIPAL))

    return allow


async def recover(client, csr=None, **more):
    return await client.enroll(csr or client.csr(client.keys.rsa()), request_type=enroll.RECOVERY, **more)


async def no_recovery(client, csr=None, **more):
    csr = csr or client.csr(client.keys.rsa())
    return await client.refused(csr=csr, request_type=enroll.RECOVERY, **more)


async def test_recovery_is_refused_by_name_where_it_is_not_allowed(client):
    """Off at first: a lost key is not replaced on a token alone, and the log says so."""
    await client.enroll()
    fault = await no_recovery(client)
    assert (fault.error_type, fault.hresult) == ("NotEligibleToRenew", 0x80180016)
    assert "enrollment.refused" in [entry.kind for entry in await client.read(entries)]


async def test_recovery_gives_the_same_device_another_key(client, allow):
    """The record stays, the certificate before opens nothing at once, and the account has new secrets."""
    await allow()
    first = await client.enroll(client.csr(client.keys.rsa()))
    request = client.csr(client.keys.rsa())
    second = await recover(client, request)
    assert second.dm_client.ent_dm_id == first.dm_client.ent_dm_id
    assert second.application.client.secret != first.application.client.secret
    assert (await client.session(first.certificates.leaf)).status_code == 403
    with pytest.raises(pki.PeerRefused, match="revoked"):
        await pki.verify_peer(client.rt, first.certificates.leaf)
    assert await client.managed_by(second)
    assert await client.read(MANAGED.count) == 1
    assert await recover(client, request) == second
    kept = await client.read(lambda tx: ENROLLMENTS.require(tx, second.dm_client.ent_dm_id))
    assert len(kept["former_keys"]) == 1


async def test_recovery_needs_the_device_its_user_and_a_new_key(client, allow):
    """Another device, another user, the old key, no enrollment to recover, or one that is being retired: refused."""
    await allow()
    assert (await no_recovery(client)).error_type == "NotEligibleToRenew"
    old = client.csr(client.keys.rsa())
    document = await client.enroll(old)
    other = await client.another()
    stranger = await client.write(
        lambda tx: directory.create_user(
            tx, principal=SYSTEM_PRINCIPAL, upn="eve@contoso.example", display_name="Eve", usage_location="SE"
        )
    )
    for token in (client.claims(device_id=other["device_id"]), client.claims(oid=stranger["id"])):
        assert (await no_recovery(client, token=token)).error_type == "NotEligibleToRenew"
    assert (await no_recovery(client, old)).error_type == "NotEligibleToRenew"
    managed_id = document.dm_client.ent_dm_id
    await client.write(lambda tx: management.order_retire(tx, managed_id, principal=SYSTEM_PRINCIPAL))
    assert (await no_recovery(client)).error_type == "NotEligibleToRenew"
    assert await client.read(MANAGED.count) == 1


async def test_recovery_passes_by_no_restriction(client, allow):
    """Who may not enroll may not recover."""
    await allow()
    await client.enroll(client.csr(client.keys.rsa()))
    await client.write(lambda tx: directory.assign_licenses(tx, client.user["id"], (), ["INTUNE_A"]))
    assert (await no_recovery(client)).hresult == 0x80180018


async def test_a_recovered_device_renews_as_any(client, allow, clock):
    """The new certificate is the current one in every respect."""
    await allow()
    await client.enroll(client.csr(client.keys.rsa()))
    key = client.keys.rsa()
    recovered = Enrolled(client, key, await recover(client, client.csr(key)))
    clock.advance(NEAR_THE_END)
    assert await recovered.renew()
