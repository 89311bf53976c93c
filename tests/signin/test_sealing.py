"""Keys: of what size, for what, kept how (03 section 15.10)."""

from __future__ import annotations

import base64
import json

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.x509.oid import ExtensionOID

from signin.conftest import config_of
from taxiway import autopilot, pki
from taxiway.kernel import FreshKeys, SystemEntropy
from taxiway.pki.entities import AUTHORITIES
from taxiway.signin import keys, nonces
from taxiway.signin.errors import NonceInvalid
from taxiway.signin.sealed import Sealer
from taxiway.signin.tables import signing_key
from taxiway.store import SYSTEM, KeyRing, StoreError

pytestmark = pytest.mark.anyio

DAY = 86_400


async def test_15_10_signing_keys_have_2048_bits_and_are_sealed(rt, browser):
    """The database has the private part only as what the ring opens, and only at its own row."""
    current = await keys.signing_keys(rt)
    assert FreshKeys().rsa().key_size >= 2048
    [row] = await rt.store.read(SYSTEM, lambda tx: tx.all(signing_key.select()))
    private = current.key.private_key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    sealed = base64.urlsafe_b64decode(row["private_key"].partition(".")[2])
    assert private not in sealed
    assert private[100:140] not in sealed
    assert rt.store.ring.unseal(row["private_key"], SYSTEM, "signing_key", "private_key", row["kid"]) == private
    with pytest.raises(StoreError):
        rt.store.ring.unseal(row["private_key"], SYSTEM, "signing_key", "private_key", "another")
    published = (await browser.http.get("/common/discovery/v2.0/keys")).json()["keys"]
    assert not {"d", "p", "q", "dp", "dq", "qi"} & set(published[0])


async def test_15_10_every_key_has_a_name_of_its_own(rt, browser, clock):
    """Through two rotations no ``kid`` comes twice."""
    seen = set()
    for _ in range(4):
        published = (await browser.http.get("/common/discovery/v2.0/keys")).json()["keys"]
        seen |= {key["kid"] for key in published}
        assert len({key["kid"] for key in published}) == len(published)
        clock.advance(89.5 * DAY)
    assert len(seen) >= 3


async def test_15_10_each_purpose_has_a_key_of_its_own(rt):
    """Tokens, devices, management and TLS are signed by different keys, sealed at rest."""
    found = {(await keys.signing_keys(rt)).key.as_dict(private=False)["n"]}
    for role in ("root", "device", "management", "tls"):
        key = (await pki.authority(rt, role)).key
        numbers = key.public_key().public_numbers()
        found.add(numbers.n)
        row = await rt.store.read(SYSTEM, lambda tx, name=role: AUTHORITIES.get(tx, name))
        assert "key" not in row or not row["key"]
    assert len(found) == 5


async def test_15_10_what_is_sealed_for_one_purpose_opens_for_no_other(rt, browser):
    """A nonce is no flow token, a flow token no canary, a request no nonce, and none of them a device ticket."""
    config = config_of(await browser.authorize(login_hint=None))
    sealed = {"nonce": nonces.make_nonce(rt), "flow": config["sFT"], "canary": config["canary"], "ctx": config["sCtx"]}
    for own, text in sealed.items():
        for purpose in sealed:
            assert (Sealer(rt).open(purpose, text) is not None) == (own == purpose), (own, purpose)
        with pytest.raises(autopilot.TicketRefused):
            await autopilot.verify_ticket(rt, text)
        with pytest.raises(StoreError):
            rt.store.ring.unseal(text.partition(".")[2] + "==", SYSTEM, "signin", own)


async def test_15_10_the_keys_of_what_clients_carry_change_every_day(rt, clock):
    """What was sealed yesterday still opens, what was the day before does not; and it says no other day than it has."""
    sealer = Sealer(rt)
    text = sealer.seal("flow", {"a": 1})
    clock.advance(DAY)
    assert sealer.open("flow", text) == {"a": 1}
    assert sealer.seal("flow", {"a": 1}).partition(".")[0] != text.partition(".")[0]
    day, _, rest = text.partition(".")
    assert sealer.open("flow", f"{int(day) + 1}.{rest}") is None
    clock.advance(DAY)
    assert sealer.open("flow", text) is None
    assert sealer.open("flow", f"{int(day) + 2}.{rest}") is None


async def test_15_10_a_new_key_in_the_ring_leaves_the_old_ones_good(tmp_path):
    """The newest seals, the others still open: rotation breaks nothing that is under way."""
    old = {"a": b"a" * 32}
    before, after = KeyRing(old, "a"), KeyRing({**old, "b": b"b" * 32}, "b")
    nonce = b"n" * 12
    assert after.unseal(before.seal(b"x", "t", nonce=nonce), "t") == b"x"
    assert after.unseal_for("p", before.seal_for("p", b"x", nonce=nonce)) == b"x"
    assert after.seal(b"x", "t", nonce=nonce).startswith("b.")
    assert after.seal_for("p", b"x", nonce=nonce).startswith("b.")
    for value in (after.seal_for("p", b"x", nonce=nonce), "c.AAAA"):
        with pytest.raises(StoreError):
            before.unseal_for("p", value)
    path = tmp_path / "keys" / "ring.json"
    KeyRing.open(path, SystemEntropy())
    assert path.stat().st_mode & 0o077 == 0


def test_15_10_keys_of_purposes_are_not_the_rings():
    """What a client carries does not open with the key that seals secrets at rest, whatever it is bound to."""
    ring, nonce = KeyRing({"a": b"a" * 32}, "a"), b"n" * 12
    for purpose in ("signin/flow/1", "signin/flow/2", "autopilot/ticket"):
        raw = base64.urlsafe_b64decode(ring.seal_for(purpose, b"secret", nonce=nonce).partition(".")[2])
        with pytest.raises(InvalidTag):
            AESGCM(b"a" * 32).decrypt(raw[:12], raw[12:], json.dumps([purpose], separators=(",", ":")).encode())


async def test_15_10_a_nonce_outlives_midnight_by_its_five_minutes(rt, clock):
    """The change of the day's key shortens nobody's life."""
    clock.advance(DAY - 8 * 3600 - 60)
    nonce = nonces.make_nonce(rt)
    clock.advance(120)
    assert nonces.check_nonce(rt, nonce) == nonce
    clock.advance(300)
    with pytest.raises(NonceInvalid):
        nonces.check_nonce(rt, nonce)


async def test_15_10_device_certificates_are_rsa_with_sha256_under_the_root(rt):
    """Each issuing authority is signed by the root, may sign leaves only, and uses RSA-PKCS1v15-SHA256."""
    for role in ("device", "management", "tls"):
        made = await pki.authority(rt, role)
        assert isinstance(made.certificate.signature_hash_algorithm, hashes.SHA256)
        assert isinstance(made.certificate.signature_algorithm_parameters, padding.PKCS1v15)
        made.certificate.verify_directly_issued_by(made.root)
        constraints = made.certificate.extensions.get_extension_for_oid(ExtensionOID.BASIC_CONSTRAINTS).value
        assert (constraints.ca, constraints.path_length) == (True, 0)
