"""Which RSA keys are good enough, and a key written as JSON (03 sections 8.3, 8.4 and 15.16)."""

import base64
import json
import math

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from taxiway.wire import rsa_jwk, rsa_public

KEY = rsa.generate_private_key(65537, 2048).public_key().public_numbers()


def number(value, encode=base64.urlsafe_b64encode):
    return encode(value.to_bytes((value.bit_length() + 7) // 8, "big")).decode()


def jwk(**changes):
    return json.dumps({"kty": "RSA", "n": number(KEY.n), "e": number(KEY.e), **changes}).encode()


def test_a_good_key_is_read_in_both_alphabets():
    """With padding and without."""
    assert rsa_public.public_key(KEY.n, KEY.e).public_numbers() == KEY
    assert rsa_jwk.decode(jwk()).public_numbers() == KEY
    assert rsa_jwk.decode(jwk(n=number(KEY.n).rstrip("="))).public_numbers() == KEY
    assert rsa_jwk.decode(jwk(n=number(KEY.n, base64.b64encode))).public_numbers() == KEY


def test_the_fingerprint_of_the_weak_library():
    """Its primes, and so its moduli, are powers of 65537 modulo small primes; an ordinary modulus is not."""
    assert rsa_public.is_roca(65537**128)
    primes = (11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157)
    assert rsa_public.is_roca(65537**128 + math.prod(primes))
    assert not rsa_public.is_roca(65537**128 + math.prod(primes[1:]))
    assert not rsa_public.is_roca(KEY.n)


@pytest.mark.parametrize(
    ("modulus", "exponent"),
    [
        pytest.param(65537**128, 65537, id="fingerprint"),
        pytest.param(KEY.n, 3, id="exponent 3"),
        pytest.param(KEY.n, 65536, id="even exponent"),
        pytest.param(KEY.n >> 1, 65537, id="short"),
        pytest.param(KEY.n << 2100, 65537, id="long"),
        pytest.param(997 * (2**2040 + 1), 65537, id="small factor"),
        pytest.param(0, 65537, id="nothing"),
    ],
)
def test_weak_keys_are_refused(modulus, exponent):
    """The fingerprint, another exponent, too short, too long, a small factor."""
    with pytest.raises(rsa_public.WeakKey):
        rsa_public.public_key(modulus, exponent)


@pytest.mark.parametrize(
    "bad",
    [b"", b"{}", b"[]", jwk(kty="EC"), jwk(n=7), jwk(n=""), jwk(n="!"), jwk(e="Aw=="), jwk(n=number(65537**128))],
    ids=["empty", "no members", "a list", "another type", "a number", "no text", "no base64", "exponent", "weak"],
)
def test_json_that_is_no_key_is_named(bad):
    """Another type, a number that is none, a weak key."""
    with pytest.raises(rsa_jwk.BadJwk):
        rsa_jwk.decode(bad)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_key_or_the_named_error(data):
    """Hostile bytes never raise anything else."""
    for body in (data, jwk(n=data.hex())):
        try:
            rsa_jwk.decode(body)
        except rsa_jwk.BadJwk:
            continue
