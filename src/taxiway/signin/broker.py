"""Requests that a PC's token broker signs: with the device key, or with a session key (03 sections 7.3 and 7.4).

Until a signature is verified, every failure reads the same; which one it was stands in the reasons, for the log.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from taxiway import directory, pki
from taxiway.kernel import Reason
from taxiway.signin import issued, nonces
from taxiway.signin.errors import (
    BrokerRequestInvalid,
    DeviceRefused,
    KdfRefused,
    SessionKeyInvalid,
)
from taxiway.signin.policy import signin_policy_of
from taxiway.signin.sealed import tenant_hint
from taxiway.store import Row, Runtime, Tx
from taxiway.wire.broker import REQUEST_LIMIT, SignedRequest, b64url_decode, json_object, parse_request, segments
from taxiway.wire.errors import WireError

#: How far a client's clock may be off (03 section 15.15).
_LEEWAY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class DeviceSigned:
    """A request that a joined device signed. ``device``: its directory object."""

    tenant: str
    device: Row
    claims: Mapping[str, Any]
    nonce: str


@dataclass(frozen=True, slots=True)
class SessionSigned:
    """A request signed with a PRT's session key. ``prt``: the hash by which the PRT is kept."""

    tenant: str
    claims: Mapping[str, Any]
    nonce: str
    session_key: bytes
    prt: str
    gcm: bool


@dataclass(frozen=True, slots=True)
class SignedToken:
    """A token in three segments, taken apart but not verified."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    signed: bytes
    signature: bytes

    @classmethod
    def parse(cls, token: str) -> SignedToken:
        """Take it apart; raises ``BrokerRequestInvalid``."""
        try:
            header, body, signature = segments(token, 3, REQUEST_LIMIT)
            signed = f"{header}.{body}".encode("ascii")
            return cls(json_object(header), json_object(body), signed, b64url_decode(signature))
        except WireError as error:
            raise BrokerRequestInvalid(f"The request cannot be read: {error.message}.") from error

    def verify(self, key: rsa.RSAPublicKey) -> bool:
        """Whether it is signed with this key by RS256, whatever its header says."""
        try:
            key.verify(self.signature, self.signed, padding.PKCS1v15(), SHA256())
        except InvalidSignature:
            return False
        return True


def algorithm(token: str) -> str:
    """How a request says it is signed; nothing of it is believed yet."""
    try:
        return str(json_object(segments(token, 3, REQUEST_LIMIT)[0]).get("alg"))
    except WireError as error:
        raise BrokerRequestInvalid(f"The request cannot be read: {error.message}.") from error


async def device_signed(rt: Runtime, token: str) -> DeviceSigned:
    """Check certificate, signature, times and nonce; the nonce is used up in the caller's transaction."""
    request = SignedToken.parse(token)
    if request.header.get("alg") != "RS256":
        raise BrokerRequestInvalid("The request is not signed with RS256.")
    try:
        peer = await pki.verify_peer(rt, _certificate(request.header.get("x5c")))
    except pki.PeerRefused as error:
        raise _unproved(error.message) from error
    if peer.purpose != "device":
        raise _unproved("This is not a device certificate.")
    key = peer.certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey) or not request.verify(key):
        raise _unproved("The signature is wrong.")
    check_times(rt, request.claims)
    nonce = nonces.check_nonce(rt, request.claims.get("request_nonce"))
    device = await rt.store.read(peer.tenant, lambda tx: _device(tx, peer))
    return DeviceSigned(peer.tenant, device, request.claims, nonce)


async def session_signed(rt: Runtime, token: str) -> SessionSigned:
    """Find the PRT, check the signature with its session key, then times and nonce; ``spend`` uses both up."""
    try:
        request = parse_request(token)
    except WireError as error:
        raise BrokerRequestInvalid(f"The request cannot be read: {error.message}.") from error
    opaque = request.claims.get("refresh_token")
    tenant = tenant_hint(opaque, kind=issued.PRT) if isinstance(opaque, str) else None
    if tenant is None:
        raise _no_session()
    session_key, hashed, gcm = await rt.store.read(tenant, lambda tx: _session(tx, str(opaque), request))
    check_times(rt, request.claims)
    nonce = nonces.check_nonce(rt, request.claims.get("request_nonce"))
    return SessionSigned(tenant, request.claims, nonce, session_key, hashed, gcm)


def spend(tx: Tx, signed: SessionSigned) -> Row:
    """Use the nonce up and the PRT once more; the PRT's row."""
    nonces.use_nonce(tx, signed.nonce)
    return issued.use_prt(tx, signed.prt)


def check_times(rt: Runtime, claims: Mapping[str, Any]) -> None:
    """``iat``, ``nbf`` and ``exp`` where they are sent, as numbers or as text; raises ``BrokerRequestInvalid``."""
    now, leeway = rt.clock.now().timestamp(), _LEEWAY.total_seconds()
    early = any(_seconds(claims[name]) > now + leeway for name in ("iat", "nbf") if claims.get(name) is not None)
    if early or (claims.get("exp") is not None and _seconds(claims["exp"]) < now - leeway):
        raise BrokerRequestInvalid(
            "The request has run out or is not valid yet.", remedy="Check the clock of the device."
        )


def _seconds(value: Any) -> int:
    try:
        return int(value)
    except (ValueError, TypeError, OverflowError) as error:
        raise BrokerRequestInvalid("A time in the request is not a number.") from error


def _session(tx: Tx, opaque: str, request: SignedRequest) -> tuple[bytes, str, bool]:
    """An unknown PRT and a wrong signature read the same."""
    found = issued.find_prt(tx, opaque)
    if found is None or not request.verify(found[1]):
        raise _no_session()
    policy = signin_policy_of(tx)
    if request.kdf_version != 2 and not policy.allow_kdf_v1:
        raise KdfRefused("Symmetric key derivation version 1 is not accepted.", remedy="Use kdf_ver 2.")
    return found[1], found[0]["hash"], policy.gcm_replies


def _device(tx: Tx, peer: pki.Peer) -> Row:
    device = directory.find_device(tx, id=peer.subject.removeprefix("device:"))
    names = [str(attribute.value) for attribute in peer.certificate.subject]
    if device is None or names != [device["device_id"]]:
        raise DeviceRefused("Device authentication failed: the device was deleted.", remedy="Join the device again.")
    return device


def _certificate(x5c: object) -> bytes:
    """The first certificate; clients send a string or a list."""
    first = x5c[0] if isinstance(x5c, list) and x5c else x5c
    try:
        return base64.b64decode(first, validate=True) if isinstance(first, str) else b""
    except (binascii.Error, ValueError) as error:
        raise BrokerRequestInvalid("The request's certificate is not base64.") from error


def _unproved(why: str) -> DeviceRefused:
    reason = Reason("device_unproved", why)
    return DeviceRefused("Device authentication failed.", reasons=[reason], remedy="Join the device again.")


def _no_session() -> SessionKeyInvalid:
    return SessionKeyInvalid("The session key is not valid.", remedy="Sign in again.")
