"""Joining: who may, as which object, with which certificate (03 section 8)."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import struct
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from join.conftest import Browser, Device
from signin.conftest import BROKER, UPN, answer_of, make_user, register
from taxiway import autopilot, directory, pki
from taxiway.directory import SYSTEM_PRINCIPAL, Target
from taxiway.store import entries
from taxiway.wire.device_certificate import decode_extensions, sid

pytestmark = pytest.mark.anyio

KID = "0b9a15d4-67b7-4d82-b72b-aa95472a9818"


async def devices(rt, tenant):
    return await rt.store.read(tenant, directory.DEVICES.select)


async def policy(rt, tenant, **changes):
    await rt.store.write(tenant, lambda tx: directory.update_registration_policy(tx, SYSTEM_PRINCIPAL, changes))


async def test_discovery_names_the_services_by_domain_and_by_tenant(device, tenant):
    """Both names lead to the same document; an unknown one is a named error."""
    by_name = (await device.http.get("/contoso.example/Discover?api-version=1.9&managed=True")).json()
    assert by_name == (await device.http.get(f"/{tenant}/discover?api-version=1.9")).json()
    assert by_name["DeviceJoinService"]["JoinEndpoint"] == "https://localhost:8444/EnrollmentServer/device/"
    assert by_name["TenantInfo"]["TenantId"] == tenant
    unknown = await device.http.get("/nobody.example/Discover")
    assert (unknown.status_code, unknown.json()["ErrorType"]) == (404, "DiscoveryError")
    assert (await device.http.post(f"/EnrollmentServer/nonce/{tenant}/")).json()["Value"]


async def test_a_join_makes_an_object_and_a_certificate_that_match(rt, joined, user, tenant):
    """The certificate names the device alone, and says tenant, user and join type where Windows reads them."""
    made = joined.certificate
    (row,) = await devices(rt, tenant)
    assert (row["device_id"], row["trust_type"], row["owner_id"]) == (joined.device_id, "AzureAd", user["id"])
    assert [attribute.value for attribute in made.subject] == [joined.device_id]
    private = {
        e.oid.dotted_string: e.value.value for e in made.extensions if e.oid.dotted_string.startswith("1.2.840.113556")
    }
    facts = decode_extensions(private)
    assert (str(facts.device_id), str(facts.tenant_id)) == (joined.device_id, tenant)
    assert (str(facts.user_id), facts.join_type) == (user["id"], "1")
    assert made.public_key() == joined.device_key.public_key()
    assert row["transport_key"]
    peer = await pki.verify_peer(rt, made.public_bytes(Encoding.DER))
    assert (peer.tenant, peer.purpose, peer.subject) == (tenant, "device", f"device:{row['id']}")


async def test_a_registered_device_is_a_workplace_device(rt, device, tenant):
    """Join type 4: another trust type, and nobody becomes local administrator."""
    answer = await device.join(JoinType=4)
    assert "MembershipChanges" not in answer.json() or not answer.json()["MembershipChanges"]
    assert (await devices(rt, tenant))[0]["trust_type"] == "Workplace"


async def test_r111_a_join_with_a_ticket_takes_over_the_anchor(rt, device, tenant):
    """One object, never two: the id that the registration reserved is the joined device's."""
    ticket, ztdid = await register(rt, tenant)
    (anchor,) = await devices(rt, tenant)
    assert (await device.join(ticket=ticket)).status_code == 200
    (row,) = await devices(rt, tenant)
    assert (row["id"], row["device_id"], row["ztdid"]) == (anchor["id"], device.device_id, ztdid)
    log = await rt.store.read(tenant, lambda tx: entries(tx, subject=f"autopilot:{ztdid}"))
    assert "join.completed" in [entry.kind for entry in log]


async def test_r111_a_join_sent_again_gives_the_same_device(rt, device, tenant):
    """The same key and the same user: the same certificate, no second object, no second entry in the log."""
    token, body = await device.token(), device.body()
    first, second = await device.post(token, body), await device.post(token, body)
    assert first.json() == second.json()
    assert len(await devices(rt, tenant)) == 1
    log = await rt.store.read(tenant, entries)
    assert [entry.kind for entry in log].count("join.completed") == 1


async def test_two_joins_at_the_same_time_make_one_device(rt, device, tenant):
    """Whoever comes second finds what the first one made."""
    token, body = await device.token(), device.body()
    answers = await asyncio.gather(*(device.post(token, body) for _ in range(4)))
    assert {answer.text for answer in answers} == {answers[0].text}
    assert len(await devices(rt, tenant)) == 1


async def test_r111_a_reset_device_joins_as_the_same_object_and_its_old_certificate_ends(rt, keys, device, tenant):
    """New keys after a reset: the object stays, the earlier certificate opens nothing."""
    ticket, _ = await register(rt, tenant)
    await device.join(ticket=ticket)
    again = Device(rt, keys, device.browser)
    assert (await again.join(ticket=ticket)).status_code == 200
    assert again.device_id == device.device_id
    assert len(await devices(rt, tenant)) == 1
    device.connect()
    left = await device.http.delete(f"/EnrollmentServer/device/{device.device_id}")
    assert left.status_code == 401


async def test_15_16_a_key_joins_once(rt, device, tenant):
    """Another user cannot join with a key that is in use."""
    await device.join()
    await make_user(rt, tenant, "eve@contoso.example")
    refused = await device.join(upn="eve@contoso.example")
    assert (refused.status_code, refused.json()["ErrorType"]) == (403, "AuthorizationError")


async def test_r014_who_may_join_is_decided_by_the_policy(rt, device, user, tenant):
    """None: nobody; Selected: who is named, directly or by a group. The log says why not."""
    await policy(rt, tenant, join_allowed="none")
    refused = await device.join()
    assert (refused.status_code, refused.json()["ErrorType"]) == (403, "AuthorizationError")
    log = await rt.store.read(tenant, entries)
    assert log[-1].kind == "join.refused"
    assert log[-1].why[-1]["code"] == "join.not_allowed"
    await policy(rt, tenant, join_allowed="selected", join_users=[user["id"]])
    assert (await device.join()).status_code == 200


async def test_r016_the_quota_ends_joining_and_a_deleted_device_frees_a_place(rt, keys, device, tenant):
    """The second join of a user with quota one fails; after the first device left, it works."""
    await policy(rt, tenant, quota=1)
    await device.join()
    second = Device(rt, keys, device.browser)
    refused = await second.join()
    assert (refused.status_code, refused.json()["ErrorType"]) == (403, "DeviceQuotaExceeded")
    device.connect()
    assert (await device.http.delete(f"/EnrollmentServer/device/{device.device_id}")).status_code == 200
    assert (await second.join()).status_code == 200


async def test_r017_anchors_do_not_count(rt, device, tenant):
    """Registered hardware that never joined takes no place of anybody's quota."""
    await policy(rt, tenant, quota=1)
    await register(rt, tenant)
    ticket, _ = await register(rt, tenant)
    assert (await device.join(ticket=ticket)).status_code == 200


async def test_r021_a_token_without_a_second_factor_is_refused_when_the_policy_asks(rt, device, tenant):
    """The token was issued before the policy changed: the join itself asks too."""
    token = await device.token()
    await policy(rt, tenant, mfa_required=True)
    refused = await device.post(token, device.body())
    assert (refused.status_code, refused.json()["ErrorSubcode"]) == (403, "MfaRequired")


async def test_r106_the_join_holds_the_assigned_user_too(rt, device, tenant):
    """A token from a page that did not see the ticket does not get around the assignment."""
    await make_user(rt, tenant, "eve@contoso.example")
    ticket, ztdid = await register(rt, tenant, user=UPN)
    refused = await device.join(upn="eve@contoso.example", ticket=ticket)
    assert (refused.status_code, refused.json()["ErrorType"]) == (403, "AuthorizationError")
    log = await rt.store.read(tenant, lambda tx: entries(tx, subject=f"autopilot:{ztdid}"))
    assert log[-1].why[0]["code"] == "join.assigned_user"
    assert (await device.join(ticket=ticket)).status_code == 200


async def test_hardware_of_another_tenant_does_not_join_here(rt, device, tenant):
    """A ticket leads to the tenant that registered the hardware, and to no other."""
    other = rt.entropy.uuid()
    await rt.store.write(other, lambda tx: directory.create_tenant(tx, display_name="F", domain="fabrikam.example"))
    ticket, _ = await register(rt, other)
    refused = await device.join(ticket=ticket)
    assert refused.status_code == 403
    assert not await devices(rt, tenant)


async def test_a_deleted_anchor_is_named(rt, device, tenant):
    """The object was deleted by hand: the error says so, instead of making another one."""
    ticket, _ = await register(rt, tenant)
    (anchor,) = await devices(rt, tenant)
    await rt.store.write(
        tenant, lambda tx: directory.delete_device(tx, anchor["id"], principal=SYSTEM_PRINCIPAL, force=True)
    )
    refused = await device.join(ticket=ticket)
    assert (refused.status_code, refused.json()["ErrorType"]) == (400, "DirectoryError")


async def test_r101_the_profile_decides_whether_the_user_is_local_administrator(rt, keys, device, user, tenant):
    """Two roles always; the joining user unless the profile says standard."""
    roles = [directory.GLOBAL_ADMINISTRATOR, directory.LOCAL_ADMINISTRATOR_DEVICE]
    answer = (await device.join()).json()["MembershipChanges"]
    assert answer == [{"LocalSID": "S-1-5-32-544", "AddSIDs": [sid(UUID(one)) for one in [*roles, user["id"]]]}]

    def standard(tx):
        made = autopilot.create_profile(tx, {"display_name": "S", "user_type": "standard"}, principal=SYSTEM_PRINCIPAL)
        directory.set_assignments(tx, autopilot.OBJECT_KIND, made["id"], [Target("all_devices")])

    await rt.store.write(tenant, standard)
    ticket, _ = await register(rt, tenant)
    answer = (await Device(rt, keys, device.browser).join(ticket=ticket)).json()["MembershipChanges"]
    assert answer[0]["AddSIDs"] == [sid(UUID(one)) for one in roles]


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"CertificateRequest": {"Type": "pkcs10", "Data": "AAAA"}}, "InvalidRequest"),
        ({"CertificateRequest": {"Type": "pkcs10", "Data": "%%%"}}, "InvalidRequest"),
        ({"CertificateRequest": {"Type": "x", "Data": ""}}, "InvalidRequest"),
        ({"TransportKey": "AAAA"}, "InvalidRequest"),
        ({"TransportKey": 7}, "InvalidRequest"),
        ({"JoinType": 6}, "AuthenticationError"),
        ({"Attributes": {"MSA-DDID": "?"}}, "InvalidRequest"),
        ({"Attributes": {"MSA-DDID": base64.b64encode(b"made.up").decode()}}, "InvalidRequest"),
        ({"DeviceDisplayName": "x" * 300}, "InvalidRequest"),
    ],
)
async def test_a_malformed_request_is_a_named_error_and_leaves_nothing(rt, device, tenant, change, kind):
    """Hostile bytes are a 400, and no object, key or certificate stays."""
    refused = await device.post(await device.token(), device.body(**change))
    assert (refused.status_code, refused.json()["ErrorType"]) == (400, kind)
    assert not await devices(rt, tenant)


async def test_15_16_a_request_signed_with_another_key_is_refused(rt, keys, device, tenant):
    """Proof of possession: a certificate request whose signature is not by its own key."""
    data = bytearray(base64.b64decode(device.csr()))
    data[-1] ^= 1
    body = device.body(CertificateRequest={"Type": "pkcs10", "Data": base64.b64encode(data).decode()})
    assert (await device.post(await device.token(), body)).status_code == 400


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"JoinType":0}', b"\xff", b"[" * 100_000])
async def test_a_body_that_is_no_join_request(device, body):
    """Whatever it is, it is a 4xx."""
    assert 400 <= (await device.post(await device.token(), body)).status_code < 500


async def test_without_a_good_token_nobody_joins(device):
    """No token, rubbish, or a token for something else: 401."""
    graph = await device.browser.code(resource="https://graph.microsoft.com")
    other = (await device.browser.redeem(graph, resource="https://graph.microsoft.com")).json()["access_token"]
    for token in ("", "a.b.c", other):
        refused = await device.post(token, device.body())
        assert (refused.status_code, refused.json()["ErrorType"]) == (401, "AuthenticationError")


async def test_15_16_a_device_deletes_itself_and_no_other(rt, keys, joined, tenant):
    """By its own certificate; without one, or for another id, it is refused."""
    other = Device(rt, keys, joined.browser)
    await other.join()
    path = f"/EnrollmentServer/device/{joined.device_id}"
    assert (await joined.http.delete(path)).status_code == 401
    joined.connect(other.certificate)
    assert (await joined.http.delete(path)).status_code == 401
    joined.connect()
    assert (await joined.http.delete(path)).status_code == 200
    assert [row["device_id"] for row in await devices(rt, tenant)] == [other.device_id]
    assert (await joined.http.delete(path)).status_code == 401


async def test_registered_hardware_that_leaves_becomes_an_anchor_again(rt, device, tenant):
    """The object stays for the registration, and belongs to nobody."""
    ticket, ztdid = await register(rt, tenant)
    await device.join(ticket=ticket)
    device.connect()
    assert (await device.http.delete(f"/EnrollmentServer/device/{device.device_id}")).status_code == 200
    (row,) = await devices(rt, tenant)
    assert (row["ztdid"], row["owner_id"], row["registered_at"]) == (ztdid, None, None)
    assert (await device.join(ticket=ticket)).status_code == 200


def jwk(key, *, encode=base64.b64encode, **changes):
    """A transport key as macOS and Android send it."""
    numbers = key.public_numbers()
    written = {
        name: encode(value.to_bytes(-(-value.bit_length() // 8), "big")).decode()
        for name, value in (
            ("n", numbers.n),
            ("e", numbers.e),
        )
    }
    body = {"kty": "RSA", "alg": "RS256", "kid": "4A1B", **written, **changes}
    return base64.b64encode(json.dumps(body).encode()).decode()


@pytest.mark.parametrize("version", ["1.0", "2.0", "3.0"])
async def test_one_key_may_be_both(device, version):
    """Tools that have a single RSA key register it as device and transport key, and sign on with it."""
    device.transport_key = device.device_key
    answer = await device.post(await device.token(), device.body(), version=version)
    assert answer.status_code == 200
    device.keep(answer)
    assert "session_key_jwe" in await device.sign_on()
    assert "access_token" in await device.session_signed()


@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
async def test_a_transport_key_may_be_json(device, encode):
    """The session key then comes wrapped to it, as to any other."""
    body = device.body(TransportKey=jwk(device.transport_key.public_key(), encode=encode), DeviceType="MacOS")
    body.pop("Attributes")
    answer = await device.post(await device.token(), body)
    assert answer.status_code == 200
    device.keep(answer)
    assert "session_key_jwe" in await device.sign_on()


async def test_attributes_may_be_written_small(rt, device, tenant):
    """Their ticket ties the join to the hardware all the same."""
    ticket, ztdid = await register(rt, tenant)
    body = device.body(ticket=ticket)
    body["attributes"] = body.pop("Attributes")
    assert (await device.post(await device.token(), body)).status_code == 200
    assert (await devices(rt, tenant))[0]["ztdid"] == ztdid


async def test_15_16_a_key_of_another_device_is_refused_in_either_role(rt, keys, device, tenant):
    """Its device key as transport key, its transport key as device key, and either in its own place."""
    assert (await device.join()).status_code == 200
    token = await device.token()
    for role in ("device_key", "transport_key"):
        for taken in (device.device_key, device.transport_key):
            other = Device(rt, keys, device.browser)
            setattr(other, role, taken)
            if role == "device_key" and taken is device.device_key:
                continue  # with the own key of the same user it is the same device again
            refused = await other.post(token, other.body())
            assert (refused.status_code, refused.json()["ErrorType"]) == (403, "AuthorizationError")
    assert len(await devices(rt, tenant)) == 1


@pytest.mark.parametrize(
    "numbers",
    [
        rsa.RSAPublicNumbers(65537, 65537**128),  # every power of 65537 has the fingerprint of CVE-2017-15361
        rsa.RSAPublicNumbers(3, 2**2047 + 1),
        rsa.RSAPublicNumbers(65537, 3 * 2**2047 + 3),
        rsa.RSAPublicNumbers(65537, 2**1023 + 1),
    ],
    ids=["fingerprint", "exponent", "small factor", "short"],
)
async def test_15_16_a_weak_key_is_refused_in_every_form(rt, device, user, tenant, numbers):
    """As transport key by blob and by JSON: 400, and nothing is left."""
    length = (numbers.n.bit_length() + 7) // 8
    exponent = numbers.e.to_bytes((numbers.e.bit_length() + 7) // 8, "big")
    head = struct.pack("<4s5I", b"RSA1", numbers.n.bit_length(), len(exponent), length, 0, 0)
    blob = base64.b64encode(head + exponent + numbers.n.to_bytes(length, "big")).decode()
    token = await device.token()
    for text in (blob, jwk(Numbers(numbers))):
        refused = await device.post(token, device.body(TransportKey=text))
        assert (refused.status_code, refused.json()["ErrorType"]) == (400, "InvalidRequest")
    assert not await devices(rt, tenant)


class Numbers:
    """A key of which only the numbers are of interest."""

    def __init__(self, numbers):
        self.public_numbers = lambda: numbers


async def test_15_16_a_device_key_is_an_rsa_key(device, keys):
    """Elliptic curves, as macOS 14 has them, and short keys are named."""
    token = await device.token()
    for key in (ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(65537, 1024)):
        body = device.body(CertificateRequest={"Type": "pkcs10", "Data": device.csr(key), "KeyType": "ECC"})
        refused = await device.post(token, body, version="3.0")
        assert (refused.status_code, refused.json()["ErrorType"]) == (400, "InvalidRequest")
    body = device.body(DeviceKeys=[{"Data": "{}", "Encoding": "JWK", "Type": "ECC", "Usage": "STK"}])
    del body["TransportKey"]
    refused = await device.post(token, body, version="3.0")
    assert (refused.status_code, refused.json()["ErrorType"]) == (400, "InvalidRequest")


async def test_hybrid_join_is_named(device):
    """It sends no token (03 section 8.7)."""
    refused = await device.http.put(f"/EnrollmentServer/device/{KID}?api-version=2.0", json={"JoinType": 6})
    assert (refused.status_code, refused.json()["ErrorType"]) == (400, "InvalidRequest")


async def test_an_error_has_every_member_and_both_headers(device):
    """03 section 8.9, with the caller's correlation."""
    refused = await device.http.post("/EnrollmentServer/device/", headers={"client-request-id": KID})
    body = refused.json()
    assert body.keys() == {"ErrorType", "ErrorSubcode", "Message", "TraceId", "Time", "Operation", "RequestId"}
    assert (body["RequestId"], refused.headers["client-request-id"]) == (KID, KID)
    assert refused.headers["request-id"] == body["TraceId"]
    assert re.fullmatch(r"\d\d-\d\d-\d{4} \d\d:\d\d:\d\dZ", body["Time"])


async def test_p31_a_token_from_elsewhere_does_not_get_around_the_assigned_user(rt, device, tenant):
    """A refreshed token, from a sign-in that never saw the device: the join asks whose device it is."""
    await make_user(rt, tenant, "eve@contoso.example")
    ticket, _ = await register(rt, tenant, user=UPN)
    browser = device.browser
    done = await browser.login(await browser.authorize(login_hint="eve@contoso.example"), upn="eve@contoso.example")
    first = (await browser.redeem(answer_of(done)["code"])).json()
    later = await browser.token(grant_type="refresh_token", client_id=BROKER, refresh_token=first["refresh_token"])
    refused = await device.post(later.json()["access_token"], device.body(ticket=ticket))
    assert (refused.status_code, refused.json()["ErrorType"]) == (403, "AuthorizationError")
    assert (await device.join(ticket=ticket)).status_code == 200


async def test_r013_everybody_may_join_until_the_policy_says_otherwise(rt, keys, device, tenant):
    """All is the default; None and Selected turn a user away; by a group that is selected the user is back."""
    assert (await device.join()).status_code == 200
    for changes in ({"join_allowed": "none"}, {"join_allowed": "selected", "join_users": [], "join_groups": []}):
        await policy(rt, tenant, **changes)
        refused = await Device(rt, keys, device.browser).join()
        assert (refused.status_code, refused.json()["ErrorType"]) == (403, "AuthorizationError")

    def select(tx):
        group = directory.create_group(tx, principal=SYSTEM_PRINCIPAL, display_name="Joiners")
        directory.add_member(tx, group["id"], "user", directory.find_user(tx, UPN)["id"], principal=SYSTEM_PRINCIPAL)
        changes = {"join_allowed": "selected", "join_groups": [group["id"]]}
        directory.update_registration_policy(tx, SYSTEM_PRINCIPAL, changes)

    await rt.store.write(tenant, select)
    assert (await Device(rt, keys, device.browser).join()).status_code == 200


async def test_r015_unlimited_means_any_number(rt, keys, device, tenant):
    """Without a quota nobody is turned away for having devices."""
    await policy(rt, tenant, quota=0)
    assert (await device.join()).json()["ErrorType"] == "DeviceQuotaExceeded"
    await policy(rt, tenant, quota=None)
    assert (await device.join()).status_code == 200
    assert (await Device(rt, keys, device.browser).join()).status_code == 200


async def test_r017_registered_and_joined_devices_both_count(rt, keys, device, tenant):
    """One of each fills a quota of two."""
    await policy(rt, tenant, quota=2)
    assert (await device.join(JoinType=4)).status_code == 200
    assert (await Device(rt, keys, device.browser).join()).status_code == 200
    assert (await Device(rt, keys, device.browser).join()).json()["ErrorType"] == "DeviceQuotaExceeded"


async def test_tenants_do_not_meet(rt, keys, joined, tenant):
    """A token of another tenant joins there, and sees nothing here."""
    other = rt.entropy.uuid()
    await rt.store.write(other, lambda tx: directory.create_tenant(tx, display_name="F", domain="fabrikam.example"))
    await make_user(rt, other, "eve@fabrikam.example")
    foreign = Device(rt, keys, Browser(rt, other))
    assert (await foreign.join(upn="eve@fabrikam.example")).status_code == 200
    assert len(await devices(rt, tenant)) == len(await devices(rt, other)) == 1
