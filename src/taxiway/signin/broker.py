"""Requests that a PC's token broker signs: with the device key, or with a session key (03 sections 7.3 and 7.4)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from taxiway import directory, pki
from taxiway.signin import issued, nonces
from taxiway.signin.errors import (
    BrokerRequestInvalid,
    DeviceRefused,
    KdfRefused,
    SessionKeyInvalid,
)
from taxiway.signin.model import Proof
from taxiway.signin.policy import signin_policy_of
from taxiway.signin.sealed import tenant_hint
from taxiway.store import Row, Runtime, Tx
from taxiway.wire.broker import SignedRequest, b64url_decode, parse_request
from taxiway.wire.errors import WireError
from taxiway.wire.json_body import decode_json

_LIMIT = 16_384


@dataclass(frozen=True, slots=True)
class DeviceSigned:
    """A request that a joined device signed. ``device``: its directory object."""

    tenant: str
    device: Row
    claims: Mapping[str, Any]
    nonce: str


@dataclass(frozen=True, slots=True)
class SessionSigned:
    """A request signed with a PRT's session key."""

    tenant: str
    claims: Mapping[str, Any]
    nonce: str
    session_key: bytes
    proof: Proof
    gcm: bool


def algorithm(token: str) -> str:
    """Which of the two a request is: ``RS256`` or ``HS256``; the rest of the header is not believed yet."""
    if len(token) > _LIMIT:
        raise BrokerRequestInvalid(f"The request has more than {_LIMIT} characters.")
    return str(_object(token.partition(".")[0]).get("alg"))


async def device_signed(rt: Runtime, token: str) -> DeviceSigned:
    """Check certificate, signature and nonce; the nonce is used up in the caller's transaction."""
    parts = token.split(".")
    if len(parts) != 3 or not token.isascii():
        raise BrokerRequestInvalid("The request is not a signed token.")
    header, body = _object(parts[0]), _object(parts[1])
    certificate = _certificate(header.get("x5c"))
    try:
        peer = await pki.verify_peer(rt, certificate)
    except pki.PeerRefused as error:
        raise DeviceRefused(f"Device authentication failed: {error.message}", remedy=error.remedy) from error
    if peer.purpose != "device":
        raise DeviceRefused("Device authentication failed: this is not a device certificate.")
    _verify(peer.certificate, f"{parts[0]}.{parts[1]}".encode(), parts[2])
    nonce = nonces.check_nonce(rt, body.get("request_nonce"))
    device = await rt.store.read(peer.tenant, lambda tx: _device(tx, peer))
    return DeviceSigned(peer.tenant, device, body, nonce)


async def session_signed(rt: Runtime, token: str) -> SessionSigned:
    """Find the PRT, check the signature with its session key, then the nonce."""
    try:
        request = parse_request(token)
    except WireError as error:
        raise BrokerRequestInvalid(f"The request cannot be read: {error.message}.") from error
    opaque = request.claims.get("refresh_token")
    tenant = tenant_hint(opaque, kind=issued.PRT) if isinstance(opaque, str) else None
    if tenant is None:
        raise SessionKeyInvalid("The request names no primary refresh token of ours.")
    found = await rt.store.read(tenant, lambda tx: _session(tx, str(opaque), request))
    return SessionSigned(tenant, request.claims, nonces.check_nonce(rt, request.claims.get("request_nonce")), *found)


def _session(tx: Tx, opaque: str, request: SignedRequest) -> tuple[bytes, Proof, bool]:
    """An unknown PRT and a wrong signature read the same."""
    found = issued.find_prt(tx, opaque)
    if found is None or not request.verify(found[1]):
        raise SessionKeyInvalid("The session key is not valid.", remedy="Sign in again.")
    policy = signin_policy_of(tx)
    if request.kdf_version != 2 and not policy.allow_kdf_v1:
        raise KdfRefused("Symmetric key derivation version 1 is not accepted.", remedy="Use kdf_ver 2.")
    return found[1], Proof.of(found[0]), policy.gcm_replies


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


def _verify(certificate: x509.Certificate, signed: bytes, signature: str) -> None:
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        raise DeviceRefused("Device authentication failed: the device key is not an RSA key.")
    try:
        key.verify(b64url_decode(signature), signed, padding.PKCS1v15(), SHA256())
    except (InvalidSignature, WireError) as error:
        raise DeviceRefused("Device authentication failed: the signature is wrong.") from error


def _object(segment: str) -> dict[str, Any]:
    try:
        return decode_json(b64url_decode(segment), dict[str, Any])
    except WireError as error:
        raise BrokerRequestInvalid(f"The request cannot be read: {error.message}.") from error
