"""SCEP messages: what one side writes the other reads, and nothing else is taken for a message (RFC 8894)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from asn1crypto import cms
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.ciphers import algorithms
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from taxiway.wire import scep, scep_content
from taxiway.wire.scep import Attributes, BadScep, MessageType, WeakAlgorithm

SUBJECT = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "PC-1"), x509.NameAttribute(NameOID.COUNTRY_NAME, "DE")])
ATTRIBUTES = Attributes(MessageType.REQUEST, "A1B2", b"n" * 16)


def certified(key, digest=None):
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(SUBJECT).issuer_name(SUBJECT).public_key(key.public_key())
    builder = builder.serial_number(7).not_valid_before(now).not_valid_after(now + timedelta(days=1))
    return builder.sign(key, digest or hashes.SHA256())


@pytest.fixture(scope="module")
def key(keys):
    return keys.rsa()


@pytest.fixture(scope="module")
def other(keys):
    return keys.rsa()


@pytest.mark.parametrize(
    "attributes",
    [
        ATTRIBUTES,
        Attributes(MessageType.CERT_REP, "1", b"a", b"b", "2", "2", "The challenge is not known: é."),
        Attributes("99", "1"),
    ],
)
def test_messages_round_trip(key, attributes):
    """Attributes, content and signer arrive as they were sent."""
    read = scep.read_message(scep.write_message(attributes, b"envelope", certified(key), key))
    assert read.attributes == attributes
    assert read.envelope == b"envelope"
    assert read.signer.public_key() == key.public_key()


def test_a_message_may_bring_nothing(key):
    """A failure has no envelope."""
    failure = Attributes(MessageType.CERT_REP, "1", status="2", fail="1")
    assert scep.read_message(scep.write_message(failure, b"", certified(key), key)).envelope == b""


def test_every_changed_byte_is_noticed(key):
    """A message that was changed anywhere is refused, or says the same."""
    good = scep.write_message(ATTRIBUTES, b"envelope", certified(key), key)
    for place in range(0, len(good), 7):
        bad = good[:place] + bytes([good[place] ^ 0x21]) + good[place + 1 :]
        try:
            read = scep.read_message(bad)
        except BadScep:
            continue
        assert (read.attributes, read.envelope) == (ATTRIBUTES, b"envelope")


def test_the_signer_has_to_come_along(key, other):
    """A signature by another key than the certificate's does not hold."""
    with pytest.raises(BadScep):
        scep.read_message(scep.write_message(ATTRIBUTES, b"x", certified(other), key))


def test_weak_digests_are_named(key):
    """SHA-1 is an algorithm that is not accepted, not a broken message."""
    raw = cms.ContentInfo.load(scep.write_message(ATTRIBUTES, b"x", certified(key), key))
    raw["content"]["signer_infos"][0]["digest_algorithm"]["algorithm"] = "sha1"
    with pytest.raises(WeakAlgorithm):
        scep.read_message(raw.dump(force=True))


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_named(raw):
    """No bytes make the readers raise anything but their own error."""
    for read in (scep.read_message, scep_content.read_request, scep_content.read_certificates):
        with pytest.raises(BadScep):
            read(raw)


def test_envelopes_open_for_their_reader_only(key, other):
    """AES-256 for one reader; another key does not open it."""
    envelope = scep_content.seal(b"a request", certified(key))
    assert scep_content.unseal(envelope, certified(key), key) == b"a request"
    with pytest.raises(BadScep):
        scep_content.unseal(envelope, certified(other), other)
    with pytest.raises(BadScep):
        scep_content.unseal(b"\x30\x00", certified(key), key)


def test_weak_ciphers_are_named(key):
    """An envelope of another cipher is an algorithm that is not accepted."""
    envelope = cms.ContentInfo.load(scep_content.seal(b"x", certified(key)))
    envelope["content"]["encrypted_content_info"]["content_encryption_algorithm"]["algorithm"] = "tripledes_3key"
    with pytest.raises(WeakAlgorithm):
        scep_content.unseal(envelope.dump(force=True), certified(key), key)
    aes128 = pkcs7.PKCS7EnvelopeBuilder().set_data(b"x").add_recipient(certified(key))
    aes128 = aes128.set_content_encryption_algorithm(algorithms.AES128)
    sealed = aes128.encrypt(serialization.Encoding.DER, [pkcs7.PKCS7Options.Binary])
    assert scep_content.unseal(sealed, certified(key), key) == b"x"


def test_requests_round_trip(key):
    """Subject, names and challenge of a request arrive; made twice it is the same request."""
    kinds = ("dns:pc.contoso.example", "email:a@contoso.example", "uri:urn:pc", "upn:ada@contoso.example")
    names = [scep_content.alternative_name(*kind.split(":", 1)) for kind in kinds]
    made = scep_content.write_request(key, SUBJECT, names, "secret")
    read = scep_content.read_request(made)
    assert (read.subject, read.names, read.challenge) == ("C=DE,CN=PC-1", kinds, "secret")
    assert read.key == key.public_key()
    assert made == scep_content.write_request(key, SUBJECT, names, "secret")


def test_a_request_has_to_prove_its_key(key):
    """A request whose signature was changed is refused."""
    made = bytearray(scep_content.write_request(key, SUBJECT, [], "secret"))
    made[-1] ^= 1
    with pytest.raises(BadScep):
        scep_content.read_request(bytes(made))


def test_certificates_round_trip(key, other):
    """An answer may bring several certificates, or one alone."""
    both = [certified(key), certified(other)]
    assert set(scep_content.read_certificates(scep_content.write_certificates(both))) == set(both)
    assert scep_content.read_certificates(both[0].public_bytes(serialization.Encoding.DER)) == both[:1]
