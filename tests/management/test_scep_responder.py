"""The SCEP responder on the devices' door: what it grants, once, and what it refuses by name (RFC 8894)."""

from __future__ import annotations

import asyncio
import base64
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from asn1crypto import cms
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from taxiway import directory, pki
from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.doors import Door
from taxiway.enrollment import MANAGED
from taxiway.kernel import SystemEntropy
from taxiway.management import CONFIGURATIONS, assign_configuration, device_states, forget_challenges, routes
from taxiway.management.certificates import challenges
from taxiway.management.certificates.http import BURST
from taxiway.management.certificates.tables import scep_challenge
from taxiway.management.session import runs
from taxiway.management.tables import device_command
from taxiway.pki.entities import CERTIFICATES
from taxiway.store import eq
from taxiway.wire import csp, scep, scep_content
from taxiway.wire.scep import Attributes, FailInfo, MessageType
from taxiway.wire.scep_settings import parse_subject
from taxiway.wire.syncml import Command, Group, Status

pytestmark = pytest.mark.anyio
#: What is refused before anything is read or written does not depend on the database.
one_store = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
SUBJECT = "CN=PC-1,O=Contoso"
TERMS = {
    "subject": parse_subject(SUBJECT).rfc4514_string(),
    "names": ["dns:pc-1.contoso.example"],
    "usages": ["1.3.6.1.5.5.7.3.2"],
    "key_usage": ["digitalSignature"],
    "bits": "2048",
    "days": 30,
}


class Client:
    """A SCEP client with a key, and the responder behind its door."""

    def __init__(self, rt, tenant, pc, http):
        self.rt, self.tenant, self.pc, self.http = rt, tenant, pc, http
        self.key, self.other = rt.keys.rsa(), rt.keys.rsa()

    async def prepare(self):
        await pki.make_client_authority(self.rt, self.tenant)
        self.authority = await pki.client_authority(self.rt, self.tenant)
        self.challenge = await self.draw()

    async def draw(self, **changes):
        terms = {**TERMS, **changes}
        return await self.pc.write(lambda tx: challenges.draw(tx, self.pc.managed_id, "profile", terms))

    @property
    def path(self):
        return f"/scep/{self.tenant}/pkiclient.exe"

    def signer(self, key=None):
        key, now = key or self.key, datetime.now(UTC)
        builder = x509.CertificateBuilder().subject_name(parse_subject(SUBJECT)).issuer_name(parse_subject(SUBJECT))
        builder = builder.public_key(key.public_key()).serial_number(1)
        return builder.not_valid_before(now).not_valid_after(now + timedelta(days=1)).sign(key, hashes.SHA256())

    def request(self, *, subject=SUBJECT, dns="pc-1.contoso.example", challenge=None, key=None):
        names = [x509.DNSName(dns)] if dns else []
        told = self.challenge if challenge is None else challenge
        return scep_content.write_request(key or self.key, parse_subject(subject), names, told)

    def message(self, request=None, *, kind=MessageType.REQUEST, transaction="T-1", nonce=b"n" * 16, envelope=None):
        sealed = envelope or scep_content.seal(request or self.request(), self.authority.registration)
        return scep.write_message(Attributes(kind, transaction, nonce), sealed, self.signer(), self.key)

    async def send(self, message):
        """The parsed answer to a message."""
        answer = await self.http.post(f"{self.path}?operation=PKIOperation", content=message)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/x-pki-message"
        read = scep.read_message(answer.content)
        assert read.signer == self.authority.registration
        assert read.attributes.kind == MessageType.CERT_REP
        return read

    async def enroll(self, message):
        """The certificate that a message is answered with."""
        read = await self.send(message)
        assert read.attributes.status == "0", read.attributes
        assert read.attributes.recipient_nonce == b"n" * 16
        found = scep_content.read_certificates(scep_content.unseal(read.envelope, self.signer(), self.key))
        return next(each for each in found if each.public_key() == self.key.public_key())

    async def issued(self):
        return await self.pc.read(lambda tx: CERTIFICATES.select(tx, eq("purpose", "client")))

    async def refused(self, message, fail):
        """The text of the failure; nothing was stored for it."""
        attributes = (await self.send(message)).attributes
        assert (attributes.status, attributes.fail) == ("2", fail), attributes
        await self.untouched()
        return attributes.fail_text

    async def untouched(self):
        assert await self.issued() == []
        rows = await self.pc.read(lambda tx: tx.all(scep_challenge.select()))
        assert [row["used_at"] for row in rows] == [None] * len(rows)


@pytest.fixture
async def client(rt, tenant, pc):
    app = Door(routes(rt), SystemEntropy())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://localhost:8444") as http:
        made = Client(rt, tenant, pc, http)
        await made.prepare()
        yield made


@one_store
async def test_capabilities_and_authority(client):
    """A client learns what the responder can do, and gets both certificates in one answer."""
    caps = await client.http.get(f"{client.path}?operation=GetCACaps")
    assert {"AES", "POSTPKIOperation", "SCEPStandard", "SHA-256"} <= set(caps.text.split())
    answer = await client.http.get(f"{client.path}?operation=GetCACert&message=ca")
    assert answer.headers["content-type"] == "application/x-x509-ca-ra-cert"
    found = scep_content.read_certificates(answer.content)
    assert set(found) == {client.authority.registration, client.authority.certificate}


async def test_a_tenant_without_an_authority_has_no_responder(rt, client):
    """Neither an unknown tenant nor one that never had a profile answers, and none gets an authority by asking."""
    other = rt.entropy.uuid()
    await rt.store.write(other, lambda tx: directory.create_tenant(tx, display_name="o", domain="o.example"))
    for tenant in (other, rt.entropy.uuid(), "common", "%00"):
        path = f"/scep/{tenant}/pkiclient.exe"
        for operation in ("GetCACert", "PKIOperation"):
            answer = await client.http.post(f"{path}?operation={operation}", content=client.message())
            assert answer.status_code == 404
    assert await rt.store.read(other, pki.client_certificate) is None


async def test_a_request_with_its_challenge_gets_a_certificate(client):
    """By the terms of the challenge: subject, names, usages, validity; on record for the device."""
    made = await client.enroll(client.message())
    assert made.subject.rfc4514_string() == TERMS["subject"]
    assert 29 <= (made.not_valid_after_utc - client.rt.clock.now()).days <= 30
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["pc-1.contoso.example"]
    assert not made.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    [row] = await client.issued()
    assert (row["id"], row["subject"]) == (pki.thumbprint(made), f"managed:{client.pc.managed_id}")
    [entry] = await client.pc.log("certificate.issued")
    assert entry.actor == f"managed:{client.pc.managed_id}"


async def test_the_certificate_opens_no_door(client):
    """What SCEP issues is no management certificate."""
    made = await client.enroll(client.message())
    with pytest.raises(pki.PeerRefused):
        await pki.verify_peer(client.rt, made.public_bytes(encoding=scep_content._DER))


async def test_the_same_request_gets_the_same_certificate(client):
    """A repetition, in either way of sending it, has no second effect; nor has one at the same time."""
    message = client.message()
    first, second = await asyncio.gather(client.enroll(message), client.enroll(message))
    assert first == second
    encoded = base64.b64encode(message).decode()
    answer = await client.http.get(client.path, params={"operation": "PKIOperation", "message": encoded})
    assert scep.read_message(answer.content).attributes.status == "0"
    assert len(await client.issued()) == 1


@pytest.mark.parametrize("what", ["transaction", "key"])
async def test_a_challenge_is_good_once(client, what):
    """For another transaction or another key it is refused."""
    await client.enroll(client.message())
    if what == "key":
        client.key = client.other
    message = client.message(transaction="T-2" if what == "transaction" else "T-1")
    read = await client.send(message)
    assert (read.attributes.status, read.attributes.fail) == ("2", FailInfo.BAD_REQUEST)
    assert "used" in read.attributes.fail_text
    assert len(await client.issued()) == 1


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"subject": "CN=PC-2,O=Contoso"}, "subject"),
        ({"subject": "CN=PC-1,O=Contoso,OU=x"}, "subject"),
        ({"dns": "other.contoso.example"}, "names"),
        ({"dns": ""}, "names"),
        ({"challenge": "guessed"}, "challenge"),
        ({"challenge": ""}, "challenge"),
    ],
)
async def test_what_was_not_granted_is_refused(client, changes, says):
    """Another subject, other names, another challenge: badRequest, and the challenge stays unused."""
    assert says in await client.refused(client.message(client.request(**changes)), FailInfo.BAD_REQUEST)


async def test_a_challenge_ends(client):
    """A day later it is badTime, and a week later it is forgotten."""
    client.rt.clock.advance(challenges.LIFETIME.total_seconds() + 1)
    assert "older" in await client.refused(client.message(), FailInfo.BAD_TIME)
    client.rt.clock.advance(8 * 24 * 3600)
    await client.pc.write(forget_challenges)
    assert await client.pc.read(lambda tx: tx.all(scep_challenge.select())) == []


async def test_a_newer_challenge_voids_the_older_one(client):
    """Of one profile a device has one challenge at a time."""
    old = client.challenge
    client.challenge = await client.draw()
    await client.refused(client.message(client.request(challenge=old)), FailInfo.BAD_REQUEST)
    await client.enroll(client.message())


async def test_a_challenge_of_another_tenant_is_none(rt, client):
    """At the other tenant's responder it is not known; nothing is stored in either."""
    other = rt.entropy.uuid()
    await rt.store.write(other, lambda tx: directory.create_tenant(tx, display_name="o", domain="o.example"))
    await pki.make_client_authority(rt, other)
    client.tenant, client.authority = other, await pki.client_authority(rt, other)
    await client.refused(client.message(), FailInfo.BAD_REQUEST)


async def test_a_device_that_left_gets_none(client):
    """The challenge of a device that is not managed any more is refused."""
    await client.pc.write(lambda tx: MANAGED.delete(tx, client.pc.managed_id))
    assert "not managed" in await client.refused(client.message(), FailInfo.BAD_REQUEST)


async def test_a_key_shorter_than_the_profile_asks_for_is_bad_alg(client):
    """2048 bits where 4096 are wanted."""
    client.challenge = await client.draw(bits="4096")
    await client.refused(client.message(), FailInfo.BAD_ALG)


@one_store
@pytest.mark.parametrize(
    ("kind", "says"),
    [("20", "CertPoll"), ("21", "GetCert"), ("22", "GetCRL"), ("3", "type"), ("77", "type")],
)
async def test_other_messages_are_refused_by_name(client, kind, says):
    """What is not served says so in failInfoText."""
    assert says in await client.refused(client.message(kind=kind), FailInfo.BAD_REQUEST)


@one_store
async def test_messages_for_others_or_by_others_are_bad_message_checks(client):
    """An envelope for another reader, one that holds no request, a request for another key than the signer's."""
    for envelope in (
        scep_content.seal(client.request(), client.signer()),
        scep_content.seal(b"no request", client.authority.registration),
        scep_content.seal(client.request(key=client.other), client.authority.registration),
        b"\x30\x80\x00",
    ):
        await client.refused(client.message(envelope=envelope), FailInfo.BAD_MESSAGE_CHECK)
    await client.refused(client.message(nonce=b""), FailInfo.BAD_REQUEST)


@one_store
async def test_old_ciphers_are_bad_alg(client):
    """An envelope in 3DES is named as such."""
    envelope = cms.ContentInfo.load(scep_content.seal(client.request(), client.authority.registration))
    envelope["content"]["encrypted_content_info"]["content_encryption_algorithm"]["algorithm"] = "tripledes_3key"
    await client.refused(client.message(envelope=envelope.dump(force=True)), FailInfo.BAD_ALG)


async def test_hostile_bytes_are_400_and_store_nothing(client):
    """Whatever is no SCEP message is refused without a transaction; cut and changed messages as well."""
    good = client.message(client.request(challenge="guessed"))  # signed all the same; tests/wire has what is signed
    bad = [b"", b"\x30", b"\x00" * 100, b"\x30\x84\xff\xff\xff\xff", good[:-1], good + b"x", good[: len(good) // 2]]
    bad += [good[:place] + bytes([good[place] ^ 0x55]) + good[place + 1 :] for place in range(30, len(good), 97)]
    for raw in bad:
        answer = await client.http.post(f"{client.path}?operation=PKIOperation", content=raw)
        assert answer.status_code in {200, 400}, answer.text
        if answer.status_code == 200:
            assert scep.read_message(answer.content).attributes.status == "2"
    for query in ("operation=PKIOperation&message=%%%", "operation=Nonsense", "", "operation=PKIOperation"):
        assert (await client.http.get(f"{client.path}?{query}")).status_code == 400
    await client.untouched()


async def test_14_14_one_atomic_per_certificate_and_nothing_else_inside(rt, tenant, pc, make, everywhere):
    """Each certificate is an Atomic of its own instance's nodes; SCEP ends with Enroll, an import with its blob."""
    await pki.make_client_authority(rt, tenant)
    profiles = [
        await make("windows81SCEPCertificateProfile", {"display_name": name}, everywhere) for name in ("1", "2")
    ]
    pfx = {"display_name": "3", "pfx_blob": "AAAA", "pfx_password": "a secret word"}
    profiles.append(await make("windows10ImportedPFXCertificateProfile", pfx, everywhere))
    answer, raw = await pc.post(pc.first("1"))
    while not (groups := [each for each in answer.commands if isinstance(each, Group) and each.verb == "Atomic"]):
        commands = [each for each in answer.commands if isinstance(each, Command)]
        answer, raw = await pc.post(pc.message("1", int(answer.header.msg_id) + 1, pc.answers(answer, commands)))
    assert len(groups) == 3
    for group, profile in zip(groups, profiles, strict=True):
        uris = [item.target for child in group.commands for item in child.items]
        assert all(f"/{profile}" in uri for uri in uris)
        sent = [(item.target, child.verb, item.format, item.data) for child in group.commands for item in child.items]
        assert [csp.check_write(*each) for each in sent] == [[]] * len(sent)
        assert uris[-1].endswith("/PFXCertBlob" if profile == profiles[2] else "/Install/Enroll")
    challenges_sent = [i.data for g in groups for c in g.commands for i in c.items if i.target.endswith("/Challenge")]
    assert len(set(challenges_sent)) == 2
    stored = await pc.read(lambda tx: tx.all(device_command.select()) + tx.all(scep_challenge.select()))
    assert not any(secret in str(stored) for secret in (*challenges_sent, "a secret word"))
    assert b"a secret word" in raw


async def test_14_09_check_11_a_failed_atomic_names_the_command_that_failed(rt, tenant, pc, make, everywhere):
    """507 for the Atomic, 400 for a node in it: the profile's error names the node."""
    await pki.make_client_authority(rt, tenant)
    await make("windows81SCEPCertificateProfile", {"display_name": "one"}, everywhere)
    answer, _ = await pc.post(pc.first("1"))
    for number in range(2, 9):
        commands = [each for each in answer.commands if isinstance(each, Command)]
        said = pc.answers(answer, commands)
        for group in [each for each in answer.commands if isinstance(each, Group)]:
            ref = {"msg_ref": answer.header.msg_id}
            said.append(Status(cmd_id="100", cmd_ref=group.cmd_id, cmd="Atomic", code=507, **ref))
            for place, child in enumerate(group.commands):
                code = 400 if child.items[0].target.endswith("/KeyLength") else 216
                said.append(Status(cmd_id=f"{101 + place}", cmd_ref=child.cmd_id, cmd=child.verb, code=code, **ref))
        answer, _ = await pc.post(pc.message("1", number, said))
    [row] = [
        row for row in await pc.read(lambda tx: device_states(tx, pc.managed_id)) if row["detail"]["name"] == "one"
    ]
    assert row["state"] == "error"
    assert row["detail"]["errors"][0]["status"] == 400
    assert row["detail"]["errors"][0]["cause"].endswith("/KeyLength")


@one_store
async def test_one_address_is_not_answered_without_end(client):
    """Who asks too often is told when to come back, and is heard again later."""
    path = f"{client.path}?operation=GetCACaps"
    for _ in range(BURST):
        assert (await client.http.get(path)).status_code == 200
    answer = await client.http.get(path)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
    client.rt.clock.advance(1)
    assert (await client.http.get(path)).status_code == 200


@pytest.fixture
async def renewing(client, make, everywhere):
    """A client whose certificate was issued for a profile that is there."""
    profile = await make("windows81SCEPCertificateProfile", {"display_name": "one"}, everywhere)
    challenge = await client.pc.write(lambda tx: challenges.draw(tx, client.pc.managed_id, profile, TERMS))
    client.profile, client.challenge = profile, challenge
    client.first = await client.enroll(client.message())
    return client


def renewal(client, *, signer=None, key=None, transaction="R-1", **changes):
    """A request for the next certificate, signed with the present one."""
    request = client.request(key=client.other, challenge="none", **changes)
    sealed = scep_content.seal(request, client.authority.registration)
    attributes = Attributes(MessageType.RENEWAL, transaction, b"n" * 16)
    return scep.write_message(attributes, sealed, signer or client.first, key or client.key)


async def test_a_certificate_vouches_for_the_next_one(renewing):
    """A new key, the same subject and terms, no challenge; a repetition has no second effect."""
    client, message = renewing, renewal(renewing)
    for _ in range(2):
        read = await client.send(message)
        assert read.attributes.status == "0", read.attributes
        opened = scep_content.unseal(read.envelope, client.first, client.key)
        made = next(
            each for each in scep_content.read_certificates(opened) if each.public_key() == client.other.public_key()
        )
        assert made.subject == client.first.subject
    rows = await client.issued()
    assert {row["id"] for row in rows} == {pki.thumbprint(client.first), pki.thumbprint(made)}
    assert {row["profile"] for row in rows} == {client.profile}


@pytest.mark.parametrize("why", ["stranger", "revoked", "expired", "profile", "unmanaged", "subject"])
async def test_a_certificate_that_cannot_vouch_renews_nothing(renewing, why):
    """Not one of ours, revoked, expired, of a profile or a device that is gone, or for another subject."""
    client, pc, more = renewing, renewing.pc, {}
    if why == "stranger":
        more = {"signer": client.signer()}
    if why == "revoked":
        await pc.write(lambda tx: pki.revoke(tx, subject=f"managed:{pc.managed_id}"))
    if why == "expired":
        client.rt.clock.advance(31 * 24 * 3600)
    if why == "profile":
        await pc.write(lambda tx: CONFIGURATIONS.delete(tx, client.profile))
    if why == "unmanaged":
        await pc.write(lambda tx: MANAGED.delete(tx, pc.managed_id))
    if why == "subject":
        more = {"subject": "CN=other"}
    attributes = (await client.send(renewal(client, **more))).attributes
    assert (attributes.status, attributes.fail) == ("2", FailInfo.BAD_REQUEST)
    assert [row["id"] for row in await client.issued()] == [pki.thumbprint(client.first)]


@pytest.mark.parametrize(
    "profile",
    [
        {"subject_name_format_string": "CN={{UserPrincipalName}} " + "x" * 50},
        {"subject_name_format_string": "CN={{SerialNumber}}"},
        {"custom_subject_alternative_names": [{"sanType": "emailAddress", "name": "{{EmailAddress}}"}]},
    ],
)
async def test_a_profile_that_cannot_be_filled_in_breaks_no_session(rt, tenant, pc, make, everywhere, profile):
    """A name that is too long, a serial number nobody knows, a mail address that no certificate takes."""
    await pki.make_client_authority(rt, tenant)
    await pc.write(lambda tx: directory.USERS.update(tx, pc.owner, {"mail": "jürgen@contoso.example"}))
    await make("windows81SCEPCertificateProfile", {"display_name": "one", **profile}, everywhere)
    await pc.session()
    [row] = [
        row for row in await pc.read(lambda tx: device_states(tx, pc.managed_id)) if row["detail"]["name"] == "one"
    ]
    assert row["state"] == "error"
    assert row["detail"]["error"]


async def test_an_order_whose_profile_ended_meanwhile_is_not_sent(rt, tenant, pc, make, everywhere):
    """The page is at its lists when the assignment ends: the session goes on, and no challenge is drawn."""
    await pki.make_client_authority(rt, tenant)
    profile = await make("windows81SCEPCertificateProfile", {"display_name": "one"}, everywhere)
    answer, _ = await pc.post(pc.first("1"))
    while not [each for each in answer.commands if isinstance(each, Group)]:
        commands = [each for each in answer.commands if isinstance(each, Command)]
        answer, _ = await pc.post(pc.message("1", int(answer.header.msg_id) + 1, pc.answers(answer, commands)))
    await pc.write(lambda tx: assign_configuration(tx, profile, [], principal=SYSTEM_PRINCIPAL))

    def behind(tx):
        run = runs.load(tx, pc.managed_id)
        run.esp_state, run.session.open = "sent", False
        runs.save(tx, run)
        tx.execute(device_command.update().where(device_command.c.verb == "Atomic").values(state="queued"))

    await pc.write(behind)
    answer, _ = await pc.post(pc.first("2"))
    assert not [each for each in answer.commands if isinstance(each, Group)]
