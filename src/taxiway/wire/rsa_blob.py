"""BCRYPT_RSAPUBLIC_BLOB, the form in which Windows sends RSA public keys (03 section 8.4)."""

from __future__ import annotations

import base64
import hashlib
import struct

from cryptography.hazmat.primitives.asymmetric import rsa

from taxiway.wire.errors import WireError
from taxiway.wire.rsa_public import WeakKey, public_key

_MAGIC = b"RSA1"
_HEADER = "<4s5I"


class BadRsaBlob(WireError):
    """Bytes that are no RSA public key we accept."""


def encode(key: rsa.RSAPublicKey) -> bytes:
    """Write a public key: little-endian header, big-endian exponent and modulus."""
    numbers = key.public_numbers()
    exponent = numbers.e.to_bytes((numbers.e.bit_length() + 7) // 8, "big")
    modulus = numbers.n.to_bytes((key.key_size + 7) // 8, "big")
    return struct.pack(_HEADER, _MAGIC, key.key_size, len(exponent), len(modulus), 0, 0) + exponent + modulus


def decode(blob: bytes) -> rsa.RSAPublicKey:
    """Read a public key; private parts and keys that are too weak raise `BadRsaBlob`."""
    if len(blob) < struct.calcsize(_HEADER):
        raise BadRsaBlob("the key is cut off")
    magic, bits, exponent_bytes, modulus_bytes, prime1, prime2 = struct.unpack_from(_HEADER, blob)
    if magic != _MAGIC or prime1 or prime2:
        raise BadRsaBlob("the key is not an RSA public key")
    numbers = blob[struct.calcsize(_HEADER) :]
    if len(numbers) != exponent_bytes + modulus_bytes:
        raise BadRsaBlob("the key does not have the length it announces")
    modulus = int.from_bytes(numbers[exponent_bytes:], "big")
    if modulus.bit_length() != bits:
        raise BadRsaBlob(f"the modulus has {modulus.bit_length()} bits instead of {bits}")
    try:
        return public_key(modulus, int.from_bytes(numbers[:exponent_bytes], "big"))
    except WeakKey as error:
        raise BadRsaBlob(error.message) from error


def key_id(blob: bytes) -> str:
    """Give the id of a Hello key: base64 of SHA-256 over the blob as it was registered (03 section 7.6)."""
    return base64.b64encode(hashlib.sha256(blob).digest()).decode()
