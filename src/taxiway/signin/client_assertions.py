"""Client assertions: a JWT that an application signs with its certificate instead of sending a secret.

(03 sections 4.2 and 15.7; RFC 7523)
"""

from __future__ import annotations

import base64
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc.jwk import ECKey, RSAKey
from joserfc.jws import JWSRegistry

from taxiway.signin.errors import ClientAssertionUntimely, ClientAssertionWrong
from taxiway.signin.nonces import spend_once
from taxiway.store import Row, Tx
from taxiway.wire.broker import b64url_decode, json_object, segments
from taxiway.wire.errors import WireError

BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

#: azure-identity signs for half an hour, MSAL for ten minutes.
_LIVES = timedelta(minutes=30)
_SKEW = timedelta(seconds=30)
_LONGEST = 8192
_LONGEST_JTI = 256

_RSA, _EC = ("RS256", "PS256"), ("ES256",)
_ALGORITHMS = JWSRegistry(algorithms=[*_RSA, *_EC])


@dataclass(frozen=True, slots=True)
class _Signed:
    """A JWT taken apart; ``text`` is what the signature is over."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    text: bytes
    signature: bytes


def require_assertion(
    tx: Tx, client: Row, assertion: str, certificates: Sequence[Row], audiences: Collection[str]
) -> None:
    """Raise unless the assertion is the client's own, for this endpoint, of this moment and here for the first time.

    ``certificates``: key credentials of the client; ``audiences``: the names of the endpoint.
    """
    signed = _read(assertion)
    credential = next((one for one in certificates if _names(signed.header) & _thumbprints(one["key"])), None)
    if credential is None:
        raise ClientAssertionWrong(
            "Client assertion contains an invalid signature. [Reason - The key was not found.]",
            remedy="Register the certificate with the application.",
        )
    if not _moment(credential["startDateTime"]) <= tx.now < _moment(credential["endDateTime"]):
        raise ClientAssertionWrong(
            "Client assertion contains an invalid signature. [Reason - The key used is expired.]"
        )
    claims = _verified(signed, credential["key"])
    _check_parties(claims, client["app_id"], audiences)
    ends = _check_times(claims, tx.now)
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 1 <= len(jti) <= _LONGEST_JTI or not jti.isprintable():
        raise ClientAssertionWrong("The client assertion has no 'jti'.")
    if not spend_once(tx, f"{client['app_id']}\0{jti}", ends + _SKEW):
        raise ClientAssertionUntimely(
            "The client assertion was used before.", remedy="Sign a new one for each request."
        )


def _read(assertion: str) -> _Signed:
    """The parts as claimed: before the signature is checked they only say where to look for the key.

    azure-identity leaves the padding on each part, and MSAL on the thumbprint: a signature is over what was sent.
    """
    try:
        head, body, signature = segments(assertion, 3, _LONGEST)
        header, claims = json_object(head.rstrip("=")), json_object(body.rstrip("="))
        return _Signed(header, claims, f"{head}.{body}".encode(), b64url_decode(signature.rstrip("=")))
    except WireError as error:
        raise ClientAssertionWrong("The client assertion is not a signed JWT.") from error


def _names(header: Mapping[str, Any]) -> set[str]:
    """What the header calls the key, whichever member it uses."""
    given = {name: header.get(name) for name in ("x5t#S256", "x5t", "kid")}
    return {f"{name}:{value.rstrip('=')}" for name, value in given.items() if isinstance(value, str)}


@lru_cache(maxsize=256)
def _thumbprints(key: str) -> frozenset[str]:
    """The names of a certificate: thumbprints in base64url, and as ``kid`` also in hexadecimal letters."""
    certificate = x509.load_der_x509_certificate(base64.b64decode(key))
    sha1 = certificate.fingerprint(hashes.SHA1())  # noqa: S303 - a name, not a protection
    sha256 = certificate.fingerprint(hashes.SHA256())
    kids = {_b64url(sha1), _b64url(sha256), sha1.hex().upper(), sha1.hex()}
    return frozenset({f"x5t#S256:{_b64url(sha256)}", f"x5t:{_b64url(sha1)}", *(f"kid:{kid}" for kid in kids)})


@lru_cache(maxsize=256)
def _public_key(key: str) -> tuple[RSAKey | ECKey, tuple[str, ...]]:
    """The key of a certificate, and the algorithms that go with its kind."""
    public = x509.load_der_x509_certificate(base64.b64decode(key)).public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return (RSAKey.import_key(pem), _RSA) if isinstance(public, rsa.RSAPublicKey) else (ECKey.import_key(pem), _EC)


def _verified(signed: _Signed, key: str) -> Mapping[str, Any]:
    """The claims, once the signature holds by an algorithm of the key's kind."""
    public, algorithms = _public_key(key)
    name = signed.header.get("alg")
    wrong = ClientAssertionWrong("Client assertion contains an invalid signature.")
    if name not in algorithms or "crit" in signed.header:
        raise wrong
    if not _ALGORITHMS.get_alg(name).verify(signed.text, signed.signature, public):
        raise wrong
    return signed.claims


def _check_parties(claims: Mapping[str, Any], app_id: str, audiences: Collection[str]) -> None:
    for name in ("iss", "sub"):
        if str(claims.get(name, "")).lower() != app_id:
            raise ClientAssertionWrong(f"The client assertion's '{name}' is not the client id.")
    audience = claims.get("aud")
    named = audience if isinstance(audience, list) else [audience]
    if not any(isinstance(one, str) and one in audiences for one in named):
        raise ClientAssertionWrong("The client assertion is for another audience.", remedy="Send the token endpoint.")


def _check_times(claims: Mapping[str, Any], now: datetime) -> datetime:
    """When the assertion ends: soon, and not before now."""
    ends, starts = _seconds(claims.get("exp")), _seconds(claims.get("nbf", claims.get("iat", 0)))
    if ends is None or starts is None:
        raise ClientAssertionUntimely("The client assertion's 'exp' and 'nbf' are numbers of seconds.")
    if ends + _SKEW <= now or starts - _SKEW > now:
        raise ClientAssertionUntimely("Client assertion is not within its valid time range.")
    if ends - now > _LIVES + _SKEW:
        raise ClientAssertionUntimely("The client assertion lives longer than 30 minutes.")
    return ends


def _seconds(value: Any) -> datetime | None:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < 2**33:
        return None
    return datetime.fromtimestamp(value, UTC)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _b64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
