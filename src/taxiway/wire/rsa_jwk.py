"""An RSA public key as JSON, the form in which macOS and Android send the transport key (03 section 8.3)."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric import rsa
from msgspec import Struct

from taxiway.wire.broker import BadBrokerMessage, b64url_decode
from taxiway.wire.errors import WireError
from taxiway.wire.json_body import BadJson, decode_json
from taxiway.wire.rsa_public import WeakKey, public_key


class BadJwk(WireError):
    """JSON that is no RSA public key we accept."""


class _Jwk(Struct, frozen=True):
    kty: str
    n: str
    e: str


def decode(data: bytes) -> rsa.RSAPublicKey:
    """Read a public key; the numbers may be in standard base64, as registering clients write them, or in base64url."""
    try:
        jwk = decode_json(data, _Jwk)
        if jwk.kty != "RSA":
            raise BadJwk(f"the key type is {jwk.kty[:20]!r} instead of RSA")
        return public_key(_number(jwk.n), _number(jwk.e))
    except (BadJson, BadBrokerMessage, WeakKey) as error:
        raise BadJwk(error.message) from error


def _number(text: str) -> int:
    return int.from_bytes(b64url_decode(text.rstrip("=")), "big")
