"""Who speaks for a device, and what a join may bring along (03 sections 15.15, 15.16 and 15.5)."""

from __future__ import annotations

import asyncio
import base64
import hmac as true_hmac
import json
import types
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID

from join.conftest import DRS, PASSWORD, UPN, Device, rs256
from taxiway import directory, pki, signin
from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.signin import broker as signed
from taxiway.signin.errors import BrokerRequestInvalid
from taxiway.signin.tables import prt
from taxiway.store import entries
from taxiway.wire import broker, rsa_blob

pytestmark = pytest.mark.anyio

YEAR = timedelta(days=365)


@pytest.fixture
async def signed_on(joined):
    assert "session_key_jwe" in await joined.sign_on()
    return joined


async def certificate(rt, device, role="device", **changes):
    """A certificate of one of our own authorities that nobody recorded."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, changes.get("name", device.device_id))])
    key = changes.get("key", device.device_key).public_key()
    return await pki.issue(rt, role, public_key=key, subject=subject, lifetime=changes.get("lifetime", YEAR))


async def test_15_15_a_certificate_of_ours_that_was_not_recorded_proves_nothing(rt, joined, tenant):
    """Right authority, right name, right key: the thumbprint counts too, and the purpose it was recorded for."""
    good = joined.certificate
    for role in ("management", "device"):
        joined.certificate = await certificate(rt, joined, role)
        assert (await joined.device_signed()).json()["error_codes"] == [50155]
    made, name = joined.certificate, joined.device_id
    device = await rt.store.read(tenant, lambda tx: directory.find_device(tx, device_id=name))
    subject = f"device:{device['id']}"
    await rt.store.write(tenant, lambda tx: pki.record(tx, made, purpose="management", subject=subject))
    assert (await joined.device_signed()).json()["error_codes"] == [50155]
    joined.certificate = good
    assert "session_key_jwe" in (await joined.device_signed()).json()
    await rt.store.write(tenant, lambda tx: pki.revoke(tx, subject=subject))
    assert (await joined.device_signed()).json()["error_codes"] == [50155]


async def test_15_15_the_name_in_the_certificate_is_the_devices(rt, keys, joined, tenant):
    """A recorded certificate whose name is that of another device does not become that device."""
    other = Device(rt, keys, joined.browser)
    await other.join()
    taken = await certificate(rt, other, name=joined.device_id)
    name = other.device_id
    device = await rt.store.read(tenant, lambda tx: directory.find_device(tx, device_id=name))
    await rt.store.write(tenant, lambda tx: pki.record(tx, taken, purpose="device", subject=f"device:{device['id']}"))
    other.certificate = taken
    assert (await other.device_signed()).json()["error_codes"] == [50155]


@pytest.mark.parametrize("alg", ["none", "HS256", "RS384", "PS256", "ES256", "rs256", "", None, 7])
async def test_15_15_a_request_names_the_algorithm_of_its_kind(joined, alg):
    """Signed with the right key and called something else: refused, whatever it is called."""
    payload = {
        "client_id": "38aa3b87-a06d-4817-b275-7a316988d93b",
        "scope": "openid aza ugs",
        "grant_type": "password",
        "username": UPN,
        "password": PASSWORD,
        "request_nonce": await joined.nonce(),
    }
    der = base64.b64encode(joined.certificate.public_bytes(Encoding.DER)).decode()
    header = {"typ": "JWT", "x5c": [der], "kdf_ver": 2, "ctx": base64.b64encode(b"c" * 24).decode(), "alg": alg}
    refused = await joined.send(rs256(joined.device_key, header, payload))
    assert refused.status_code == 400
    assert refused.json()["error_codes"][0] in {165900, 140001, 70003}


async def test_15_15_a_devices_credential_names_its_algorithm_too(rt, joined):
    """In a header or a cookie nothing has looked at the algorithm before."""
    der = base64.b64encode(joined.certificate.public_bytes(Encoding.DER)).decode()
    for alg in ("RS256", "none", "HS256", "PS256", None):
        payload = {"request_nonce": await joined.nonce()}
        token = rs256(joined.device_key, {"typ": "JWT", "x5c": [der], "alg": alg}, payload)
        if alg == "RS256":
            assert (await signed.device_signed(rt, token)).device["device_id"] == joined.device_id
            continue
        with pytest.raises(BrokerRequestInvalid):
            await signed.device_signed(rt, token)


async def test_15_15_a_sessions_request_names_its_algorithm_too(rt, signed_on):
    """HMAC under another name: right key, right signature, and refused."""
    for alg in ("HS256", "none", "RS256", "HS512", None):
        payload = {"refresh_token": signed_on.prt, "request_nonce": await signed_on.nonce()}
        head = {"alg": alg, "ctx": base64.b64encode(b"c" * 24).decode(), "kdf_ver": 2}
        parts = [json.dumps(part, separators=(",", ":")).encode() for part in (head, payload)]
        text = ".".join(broker.b64url(part) for part in parts)
        key = broker.derive_key(signed_on.session_key, b"c" * 24, parts[1])
        token = f"{text}.{broker.b64url(true_hmac.digest(key, text.encode(), 'sha256'))}"
        if alg == "HS256":
            assert (await signed.session_signed(rt, token)).session_key == signed_on.session_key
            continue
        with pytest.raises(BrokerRequestInvalid):
            await signed.session_signed(rt, token)


async def test_15_15_a_sessions_nonce_counts_once_too(signed_on, clock):
    """For a token, and at the authorise endpoint after it."""
    nonce = await signed_on.nonce()
    assert "access_token" in await signed_on.session_signed(request_nonce=nonce)
    assert (await signed_on.session_signed(request_nonce=nonce))["error_codes"] == [140000]
    old = await signed_on.nonce()
    clock.advance(301)
    assert (await signed_on.session_signed(request_nonce=old))["error_codes"] == [140000]


async def test_15_15_signatures_are_compared_in_constant_time(signed_on, monkeypatch):
    """The comparison of the session's HMAC is the library's, for a right and for a wrong one."""
    compared = []

    def spy(left, right):
        compared.append((left, right))
        return true_hmac.compare_digest(left, right)

    fake = types.SimpleNamespace(new=true_hmac.new, compare_digest=spy)
    monkeypatch.setattr(broker, "hmac", fake)
    await signed_on.session_signed()
    assert len(compared) == 1
    assert (await signed_on.session_signed(session_key=b"x" * 32))["error_codes"] == [140001]
    assert len(compared) == 2


async def test_15_15_the_session_key_is_sealed_at_its_row(rt, signed_on, tenant):
    """Neither it nor the PRT is in the database; it opens at its own row and at no other."""
    [row] = await rt.store.read(tenant, lambda tx: tx.all(prt.select()))
    key = signed_on.session_key
    sealed = base64.urlsafe_b64decode(row["session_key"].partition(".")[2])
    assert key not in sealed
    assert signed_on.prt.rpartition(".")[2] not in repr(row)
    ring = rt.store.ring
    assert ring.unseal(row["session_key"], tenant, "prt", "session_key", row["hash"]) == key
    for where in ((tenant, "prt", "session_key", "x"), (rt.entropy.uuid(), "prt", "session_key", row["hash"])):
        with pytest.raises(Exception, match="belong"):
            ring.unseal(row["session_key"], *where)


async def test_15_05_a_prt_is_worth_nothing_without_its_session_key(signed_on):
    """As a refresh token, as a bearer token, and signed with the key of another PRT."""
    for form in (
        {"grant_type": "refresh_token", "client_id": "29d9ed98-a469-4536-ade2-f981bc1d605e"},
        {"grant_type": "refresh_token", "client_id": "38aa3b87-a06d-4817-b275-7a316988d93b"},
    ):
        assert "error" in (await signed_on.browser.token(**form, refresh_token=signed_on.prt, resource=DRS)).json()
    first, first_key = signed_on.prt, signed_on.session_key
    await signed_on.sign_on()
    assert (await signed_on.session_signed(refresh_token=first))["error_codes"] == [140001]
    signed_on.session_key = first_key
    assert "access_token" in await signed_on.session_signed(refresh_token=first)


@pytest.mark.parametrize("what", ["disabled", "deleted", "joined anew"])
async def test_15_05_refresh_tokens_of_a_device_end_with_it(rt, signed_on, user, tenant, what):
    """Those that its PRT obtained name the device, and go with it."""
    reply = await signed_on.session_signed()
    form = {"grant_type": "refresh_token", "client_id": "29d9ed98-a469-4536-ade2-f981bc1d605e", "resource": DRS}
    (row,) = await rt.store.read(tenant, directory.DEVICES.select)

    def change(tx):
        if what == "disabled":
            directory.update_device(tx, row["id"], {"account_enabled": False})
        elif what == "deleted":
            directory.delete_device(tx, row["id"], principal=SYSTEM_PRINCIPAL)
        else:
            signin.revoke_for_device(tx, row["device_id"])

    fresh = (await signed_on.browser.token(**form, refresh_token=reply["refresh_token"])).json()
    assert "access_token" in fresh
    await rt.store.write(tenant, change)
    assert "error" in (await signed_on.browser.token(**form, refresh_token=fresh["refresh_token"])).json()


# ------------------------------------------------------------------------------------------- joining


async def test_15_16_the_certificate_holds_nothing_of_the_request_but_its_key(rt, device, user, tenant):
    """Names and extensions that the request asks for are not taken; the server chooses the device id."""
    wanted = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, "11111111-1111-4111-8111-111111111111"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Somebody"),
        ]
    )
    csr = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(wanted)
        .add_extension(x509.BasicConstraints(ca=True, path_length=3), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("login.example")]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(device.device_key, hashes.SHA256())
    )
    data = base64.b64encode(csr.public_bytes(Encoding.DER))
    body = device.body(CertificateRequest={"Type": "pkcs10", "Data": data.decode()})
    device.keep(await device.post(await device.token(), body))
    made = device.certificate
    [only] = list(made.subject)
    assert only.oid == NameOID.COMMON_NAME
    assert only.value != "11111111-1111-4111-8111-111111111111"
    (row,) = await rt.store.read(tenant, directory.DEVICES.select)
    assert only.value == row["device_id"]
    assert not made.extensions.get_extension_for_oid(ExtensionOID.BASIC_CONSTRAINTS).value.ca
    usages = list(made.extensions.get_extension_for_oid(ExtensionOID.EXTENDED_KEY_USAGE).value)
    assert usages == [ExtendedKeyUsageOID.CLIENT_AUTH]
    with pytest.raises(x509.ExtensionNotFound):
        made.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME)
    assert made.public_key().public_numbers() == device.device_key.public_key().public_numbers()


async def test_15_16_quota_and_join_are_one_step(rt, keys, device, user, tenant):
    """Of several that join at the same time under a quota of one, one does."""
    await rt.store.write(tenant, lambda tx: directory.update_registration_policy(tx, SYSTEM_PRINCIPAL, {"quota": 1}))
    token = await device.token()
    others = [Device(rt, keys, device.browser) for _ in range(4)]
    answers = await asyncio.gather(*(other.post(token, other.body()) for other in others))
    assert sorted(answer.status_code for answer in answers) == [200, 403, 403, 403]
    assert len(await rt.store.read(tenant, directory.DEVICES.select)) == 1


async def test_15_16_the_devices_door_trusts_two_authorities(rt):
    """Certificates of devices and of managed devices, and no other: not the root, not the TLS authority."""
    found = x509.load_pem_x509_certificates((await pki.peer_authorities(rt)).encode())
    expected = [(await pki.authority(rt, role)).certificate for role in ("device", "management")]
    assert found == expected


async def test_15_16_what_devices_do_is_in_the_log(rt, keys, joined, user, tenant):
    """Join, Hello key, recovery key and leaving, each with the device that it was."""
    await joined.register_hello(user, keys.rsa())
    joined.connect()
    path = f"/EnrollmentServer/device/{joined.device_id}"
    assert (await joined.http.delete(path)).status_code == 200
    kinds = [entry.kind for entry in await rt.store.read(tenant, entries)]
    for kind in ("join.completed", "hello_key.registered", "device.left"):
        assert kinds.count(kind) == 1, kind


async def test_15_16_a_network_registers_only_so_often(rt, device, clock):
    """Joining, keys, escrow and leaving share a bucket: 429 with Retry-After, and again after some time."""
    for _ in range(signin.NONCE_BURST):
        assert (await device.http.post("/EnrollmentServer/device/")).status_code == 401
    for method, path in (
        ("POST", "/EnrollmentServer/device/"),
        ("DELETE", "/EnrollmentServer/device/x"),
        ("POST", "/EnrollmentServer/key/"),
        ("POST", "/EnrollmentServer/bitlocker/keys"),
    ):
        assert (await device.http.request(method, path)).status_code == 429, path
    refused = await device.http.post("/EnrollmentServer/device/")
    assert (refused.headers["retry-after"], refused.json()["ErrorType"]) == ("5", "RequestThrottled")
    assert (await device.http.get("/EnrollmentServer/nonce/contoso.example")).status_code == 200
    clock.advance(1)
    assert (await device.join()).status_code == 200


async def test_15_16_a_transport_key_of_another_exponent_or_length_is_refused(rt, device, user):
    """65537 and 2048 bits at least, for the key that wraps the session key."""
    token = await device.token()
    for key in (rsa.generate_private_key(3, 2048), rsa.generate_private_key(65537, 1024)):
        text = base64.b64encode(rsa_blob.encode(key.public_key())).decode()
        assert (await device.post(token, device.body(TransportKey=text))).status_code == 400
    body = device.body(CertificateRequest={"Type": "pkcs10", "Data": device.csr(rsa.generate_private_key(3, 2048))})
    assert (await device.post(token, body)).status_code == 400
