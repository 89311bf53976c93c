"""Which RSA public keys are good enough, whatever form they came in (03 sections 8.4 and 15.16)."""

from __future__ import annotations

import hashlib
import math

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from taxiway.wire.errors import WireError

EXPONENT = 65537

_LEAST_BITS, _MOST_BITS = 2048, 4096

#: CVE-2017-15361 (ROCA): one vendor's library made primes that are powers of 65537 modulo these primes, so the modulus
#: is one too. A modulus that was not made so passes all of them about once in 2**27.
_ROCA_PRIMES = (11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157)
_ROCA_POWERS = {prime: frozenset(pow(EXPONENT, power, prime) for power in range(prime)) for prime in _ROCA_PRIMES}
_SMALL_PRIMES = math.prod(n for n in range(2, 1000) if all(n % d for d in range(2, math.isqrt(n) + 1)))


class WeakKey(WireError):
    """Numbers that are no RSA public key we accept."""


def public_key(modulus: int, exponent: int) -> rsa.RSAPublicKey:
    """Make the key; short or long moduli, other exponents and keys known to be weak raise `WeakKey`."""
    if exponent != EXPONENT:
        raise WeakKey(f"the public exponent is not {EXPONENT}")
    if not _LEAST_BITS <= modulus.bit_length() <= _MOST_BITS:
        raise WeakKey(f"the modulus has {modulus.bit_length()} bits")
    if math.gcd(modulus, _SMALL_PRIMES) != 1:
        raise WeakKey("the modulus has a small factor, so it is no product of two primes")
    if is_roca(modulus):
        raise WeakKey("the key was made by a library whose keys can be broken (CVE-2017-15361)")
    return rsa.RSAPublicNumbers(exponent, modulus).public_key()


def key_hash(key: rsa.RSAPublicKey) -> str:
    """SHA-256 of a public key in hexadecimal: what tells a repeated request from a new one."""
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def is_roca(modulus: int) -> bool:
    """Whether a modulus has the fingerprint of the weak library."""
    return all(modulus % prime in powers for prime, powers in _ROCA_POWERS.items())
