"""Enrollment by password and by certificate: switched on by a tenant, and then checked (04 sections 4.3 and 4.4)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import NameOID

from enrollment.signing import sign
from signin.conftest import PASSWORD
from signin.test_conditional_access import policy as access_policy
from taxiway import directory, enrollment, pki, signin
from taxiway.directory import SYSTEM_PRINCIPAL, Forbidden, Principal
from taxiway.enrollment import MANAGED
from taxiway.store import UnknownProperty
from taxiway.wire import discovery, enroll
from taxiway.wire.provisioning import parse_provisioning
from taxiway.wire.soap import BinaryToken, UsernameToken
from taxiway.wire.soap_fault import FaultReceived, Subcode

pytestmark = pytest.mark.anyio

URL = "https://localhost:8444/EnrollmentServer/Enrollment.svc"
UPN = "ada@contoso.example"


@pytest.fixture
def allow(client):
    """Change the tenant's enrollment policy."""

    async def allow(**switches):
        return await client.write(
            lambda tx: enrollment.update_enrollment_policy(tx, switches, principal=SYSTEM_PRINCIPAL)
        )

    return allow


async def discovered(client, *policies, version="5.0", email=UPN):
    request = discovery.DiscoverRequest(email_address=email, request_version=version, auth_policies=policies)
    answer = await client.post("discovery", discovery.render_discover(request, message_id="7", to=URL))
    return discovery.parse_discover_response(answer.content)


async def test_discovery_offers_the_page_to_all_who_can_show_it(client):
    """Federated for those who can and for those who do not say, with the page's address."""
    for policies in ((), ("Federated",), ("OnPremise", "Federated"), ("Certificate", "OnPremise", "Federated")):
        found = await discovered(client, *policies)
        assert found.auth_policy == "Federated"
        assert found.authentication_service_url == "https://localhost:8444/EnrollmentServer/Auth"


@pytest.mark.parametrize("policies", [("OnPremise",), ("Certificate",), ("OnPremise", "Certificate"), ("Windows",)])
async def test_discovery_offers_nothing_that_the_tenant_has_not_opened(client, policies):
    """EnrollmentServer with NotSupported; the same for a domain that nobody has here."""
    for email in (UPN, "nobody@contoso.example", "x@elsewhere.example", "", "x"):
        with pytest.raises(FaultReceived) as caught:
            await discovered(client, *policies, email=email)
        assert (caught.value.fault.subcode, caught.value.fault.hresult) == (Subcode.ENROLLMENT_SERVER, 0x80180015)


async def test_discovery_offers_what_the_tenant_has_opened(client, allow):
    """To every name of its domain alike, known or not, and without a page."""
    await allow(on_premise=True)
    for email in (UPN, "nobody@contoso.example"):
        found = await discovered(client, "OnPremise", email=email)
        assert (found.auth_policy, found.authentication_service_url) == ("OnPremise", None)
    await allow(on_premise=False, certificate=True)
    assert (await discovered(client, "OnPremise", "Certificate")).auth_policy == "Certificate"


@pytest.mark.parametrize(
    ("asked", "highest", "answered"),
    [("1.0", "7.0", "3.0"), ("5.0", "7.0", "5.0"), ("9.0", "6.0", "6.0"), ("3.5", "4.0", "3.5"), ("9.0", "3.0", "3.0")],
)
async def test_discovery_answers_the_lower_of_both_versions(client, allow, asked, highest, answered):
    """What the client can, and what the tenant has set as the highest; never below 3.0."""
    await allow(highest_version=highest)
    assert (await discovered(client, "Federated", version=asked)).enrollment_version == answered


# ---------------------------------------------------------------------------------------------- OnPremise


@pytest.fixture
async def password(client, rt, tenant):
    await signin.set_password(rt, tenant, client.user["id"], PASSWORD)
    return UsernameToken(UPN, PASSWORD)


async def test_a_password_enrolls_where_the_tenant_allows_it(client, allow, password):
    """Off at first; then for the right password, in either spelling of the name."""
    fault = await client.refused(credential=password)
    assert (fault.subcode, fault.hresult) == (Subcode.AUTHORIZATION, 0x80180015)
    await allow(on_premise=True)
    for name in (UPN, "contoso.example\\ada"):
        document = await client.enroll(
            client.csr(client.keys.rsa()), credential=UsernameToken(name, PASSWORD), EnrollmentType="Full"
        )
        managed = await client.read(lambda tx, document=document: MANAGED.require(tx, document.dm_client.ent_dm_id))
        assert (managed["upn"], managed["ownership"]) == (UPN, "personal")


@pytest.mark.parametrize(
    ("name", "word"),
    [
        (UPN, "wrong"),
        (UPN, ""),
        ("nobody@contoso.example", PASSWORD),
        ("ada", PASSWORD),
        ("", ""),
        ("CONTOSO\\ada", "x"),
    ],
)
async def test_a_wrong_name_or_password_reads_the_same(client, allow, password, name, word):
    """0x80180002 in every case, and the same words."""
    await allow(on_premise=True)
    fault = await client.refused(credential=UsernameToken(name, word))
    assert (fault.hresult, fault.reason) == (0x80180002, "User name or password is wrong.")
    assert await client.read(MANAGED.count) == 0


async def test_guesses_are_counted_as_on_the_page(client, allow, password):
    """After ten wrong passwords the account is locked here too, and the device is told so."""
    await allow(on_premise=True)
    for _ in range(10):
        await client.refused(credential=UsernameToken(UPN, "wrong"))
    fault = await client.refused(credential=password)
    assert (fault.subcode, fault.hresult) == (Subcode.AUTHENTICATION, 0x80180032)
    assert "locked" in fault.reason


async def test_a_password_does_not_pass_a_second_factor(client, allow, password):
    """Conditional Access asks for one that cannot be shown here: refused, with the reason to read."""
    await allow(on_premise=True)
    wanted = access_policy("mfa", applications={"includeApplications": [directory.ENROLLMENT_APP_ID]})
    await client.write(lambda tx: signin.create_policy(tx, wanted, principal=SYSTEM_PRINCIPAL))
    assert (await client.refused(credential=password)).hresult == 0x80180032
    assert await client.read(MANAGED.count) == 0


async def test_a_registered_factor_is_not_passed_by(client, allow, password):
    """Whoever has an authenticator uses the page."""
    await allow(on_premise=True)
    await signin.register_totp(client.rt, client.tenant, client.user["id"])
    assert (await client.refused(credential=password)).hresult == 0x80180032


# ---------------------------------------------------------------------------------------------- Certificate


@pytest.fixture
async def device_key(client):
    """The key of the joined device, whose certificate is in ``client.device_certificate``."""
    key = client.keys.rsa()
    certificate = await pki.issue(
        client.rt,
        "device",
        public_key=key.public_key(),
        subject=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, client.device["device_id"])]),
        lifetime=timedelta(days=30),
    )
    subject = f"device:{client.device['id']}"
    await client.write(lambda tx: pki.record(tx, certificate, purpose="device", subject=subject))
    client.device_certificate = certificate.public_bytes(serialization.Encoding.DER)
    return key


def unsigned(client, csr=None):
    request = enroll.EnrollRequest(
        request_type=enroll.ISSUE,
        token=BinaryToken(enroll.PKCS10, csr or client.csr()),
        context=(("EnrollmentType", "Device"), ("OSVersion", "10.0.26100.1")),
    )
    return enroll.render_enroll(request, message_id="1", to=URL, credential=None)


async def outcome(client, body):
    """The document, or the fault."""
    answer = await client.post("enrollment", body)
    try:
        return parse_provisioning(enroll.parse_enroll_response(answer.content).document)
    except FaultReceived as error:
        return error.fault


async def test_a_device_enrolls_by_its_certificate_where_the_tenant_allows_it(client, allow, device_key):
    """For its owner, linked to its Entra device; with either of the two canonical forms."""
    now = client.rt.clock.now()
    body = sign(unsigned(client), client.device_certificate, device_key, now)
    assert (await outcome(client, body)).hresult == 0x80180015
    await allow(certificate=True)
    for exclusive in (False, True):
        signed = sign(unsigned(client), client.device_certificate, device_key, now, exclusive=exclusive)
        document = await outcome(client, signed)
        managed = await client.read(lambda tx, document=document: MANAGED.require(tx, document.dm_client.ent_dm_id))
        assert managed["azure_ad_device_id"] == client.device["device_id"]
        assert managed["user_id"] == client.user["id"]


async def test_every_part_of_a_signed_request_is_bound(client, allow, device_key):
    """Another key in the request, a moved signature, a wrong key, old times, another algorithm: nothing is issued."""
    await allow(certificate=True)
    now, der = client.rt.clock.now(), client.device_certificate
    good = sign(unsigned(client), der, device_key, now)
    attempts = [
        good.replace(b"10.0.26100.1", b"10.0.26100.2"),
        good.replace(b"</wsse:Security>", b"</wsse:Security> "),
        good.replace(b"#rsa-sha256", b"#rsa-sha1"),
        sign(unsigned(client), der, client.keys.rsa(), now),
        sign(unsigned(client), der, device_key, now - timedelta(minutes=11)),
        sign(unsigned(client), der, device_key, now + timedelta(minutes=6)),
        sign(unsigned(client), der, device_key, now, uri="#token"),
        sign(unsigned(client), der, device_key, now, algorithm="http://www.w3.org/2000/09/xmldsig#rsa-sha1"),
        sign(good, der, device_key, now),
        sign(unsigned(client), b"\x30\x00", device_key, now),
    ]
    for number, body in enumerate(attempts):
        fault = await outcome(client, body)
        assert fault.subcode in {Subcode.AUTHENTICATION, Subcode.MESSAGE_FORMAT}, number
    assert await client.read(MANAGED.count) == 0


async def test_only_a_standing_device_enrolls_by_certificate(client, allow, device_key):
    """A revoked certificate, a management certificate, a device without owner or a disabled one: refused."""
    await allow(certificate=True)
    now = client.rt.clock.now()
    document = await outcome(client, sign(unsigned(client), client.device_certificate, device_key, now))
    key = client.keys.rsa()
    leaf = (await client.enroll(client.csr(key))).certificates.leaf
    assert (await outcome(client, sign(unsigned(client), leaf, key, now))).subcode == Subcode.AUTHENTICATION
    body = sign(unsigned(client, client.csr(client.keys.rsa())), client.device_certificate, device_key, now)
    await client.write(lambda tx: directory.update_device(tx, client.device["id"], {"account_enabled": False}))
    assert (await outcome(client, body)).subcode == Subcode.AUTHORIZATION
    enabled = {"account_enabled": True, "owner_id": None}
    await client.write(lambda tx: directory.update_device(tx, client.device["id"], enabled))
    assert (await outcome(client, body)).hresult == 0x80180015
    await client.write(lambda tx: pki.revoke(tx, subject=f"device:{client.device['id']}"))
    assert (await outcome(client, body)).subcode == Subcode.AUTHENTICATION
    assert document.dm_client.ent_dm_id


# ---------------------------------------------------------------------------------------------- the policy


async def test_in_maintenance_everybody_is_told_to_come_back(client, allow):
    """0x80180017 for a request and for a renewal alike, and nothing is used up."""
    await allow(in_maintenance=True)
    assert (await client.refused()).hresult == 0x80180017
    await allow(in_maintenance=False)
    assert await client.enroll()


async def test_the_policy_is_a_global_administrators(client, allow):
    """Another person is refused; a switch that is none, or a value that is none, is a named error."""
    nobody = Principal("user", client.user["id"], client.tenant)
    with pytest.raises(Forbidden):
        await client.write(lambda tx: enrollment.update_enrollment_policy(tx, {}, principal=nobody))
    for wrong in ({"on_premises": True}, {"on_premise": "yes"}, {"highest_version": "8.0"}):
        with pytest.raises(UnknownProperty):
            await allow(**wrong)
