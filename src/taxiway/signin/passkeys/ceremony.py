"""What browser and authenticator hand in, checked as WebAuthn says (Level 3, sections 7.1 and 7.2). Pure functions.

A challenge is a text, as ``sFidoChallenge`` in Entra's ``$Config``: what is signed are its bytes.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlsplit

import webauthn
from msgspec import Struct
from webauthn.helpers import (
    base64url_to_bytes,
    bytes_to_base64url,
    decode_credential_public_key,
    decoded_public_key_to_cryptography,
)
from webauthn.helpers.cose import COSEAlgorithmIdentifier

from taxiway.kernel import Reason
from taxiway.signin.errors import PasskeyRefused
from taxiway.wire.errors import WireError
from taxiway.wire.json_body import decode_json

T = TypeVar("T")

#: Ed25519, ECDSA with P-256, RSA: what authenticators have.
ALGORITHMS = [
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
]
_NAMES = {
    "client_data_json": "clientDataJSON",
    "authenticator_data": "authenticatorData",
    "attestation_object": "attestationObject",
    "user_handle": "userHandle",
}
_WRONG = "The passkey is not known here, or its answer is not right."


class Assertion(Struct, frozen=True, rename=_NAMES):
    """The answer to ``navigator.credentials.get()`` as the page posts it: each member base64url."""

    id: str
    client_data_json: str
    authenticator_data: str
    signature: str
    user_handle: str | None = None


class Attestation(Struct, frozen=True, rename=_NAMES):
    """The answer to ``navigator.credentials.create()`` as the page posts it: each member base64url."""

    id: str
    client_data_json: str
    attestation_object: str


@dataclass(frozen=True, slots=True)
class Site:
    """Where a passkey is good: the origin of the page; its host is the relying party."""

    origin: str

    @property
    def rp_id(self) -> str:
        """The relying party id."""
        return urlsplit(self.origin).hostname or ""


@dataclass(frozen=True, slots=True)
class NewPasskey:
    """A passkey that may be kept. ``public_key``: COSE, base64url."""

    credential_id: str
    public_key: str
    sign_count: int
    aaguid: str


def key_of(credential_id: str) -> str:
    """The name under which a credential is kept."""
    return hashlib.sha256(_bytes(credential_id)).hexdigest()


def user_handle(tenant: str, user_id: str) -> str:
    """What the authenticator remembers of its owner: tenant and user, so that no name has to be typed."""
    return bytes_to_base64url(uuid.UUID(tenant).bytes + hashlib.sha256(user_id.encode()).digest())


def tenant_of_handle(handle: str | None) -> str | None:
    """The tenant that a handle names; only where to look, the credential decides."""
    raw = _bytes(handle) if handle else b""
    return str(uuid.UUID(bytes=raw[:16])) if len(raw) == 48 else None


def read_assertion(text: str) -> Assertion:
    """An assertion; raises ``PasskeyRefused``."""
    return _read(text, Assertion)


def read_attestation(text: str) -> Attestation:
    """An attestation; raises ``PasskeyRefused``."""
    return _read(text, Attestation)


def check_assertion(given: Assertion, site: Site, *, challenge: str, public_key: str, sign_count: int) -> int:
    """The new sign count, if the person was verified and the passkey signed this challenge for this site."""
    response = {
        "clientDataJSON": given.client_data_json,
        "authenticatorData": given.authenticator_data,
        "signature": given.signature,
    }
    verified = _checked(
        lambda: webauthn.verify_authentication_response(
            credential={"id": given.id, "rawId": given.id, "type": "public-key", "response": response},
            expected_challenge=challenge.encode(),
            expected_rp_id=site.rp_id,
            expected_origin=site.origin,
            credential_public_key=_bytes(public_key),
            credential_current_sign_count=sign_count,
            require_user_verification=True,
        )
    )
    return verified.new_sign_count


def check_attestation(given: Attestation, site: Site, *, challenge: str) -> NewPasskey:
    """The new passkey, if it was made with the person verified, for this challenge and site.

    Who made the authenticator is not asked, so an attestation statement says nothing here.
    """
    response = {"clientDataJSON": given.client_data_json, "attestationObject": given.attestation_object}

    def check() -> NewPasskey:
        made = webauthn.verify_registration_response(
            credential={"id": given.id, "rawId": given.id, "type": "public-key", "response": response},
            expected_challenge=challenge.encode(),
            expected_rp_id=site.rp_id,
            expected_origin=site.origin,
            require_user_verification=True,
            supported_pub_key_algs=ALGORITHMS,
        )
        # Without an attestation nothing has used the key yet: one that cannot verify must not be kept.
        decoded_public_key_to_cryptography(decode_credential_public_key(made.credential_public_key))
        if bytes_to_base64url(made.credential_id) != given.id:
            raise ValueError("The id is not that of the attested credential.")
        return NewPasskey(given.id, bytes_to_base64url(made.credential_public_key), made.sign_count, made.aaguid)

    return _checked(check)


def _read(text: str, kind: type[T]) -> T:
    try:
        return decode_json(text.encode(), kind)
    except (WireError, UnicodeEncodeError) as error:
        raise refused("The answer is not JSON of the right shape.") from error


def _checked(check: Callable[[], T]) -> T:
    """Run a check of hostile bytes: parsers of CBOR and keys fail in many ways, and each of them means the same."""
    try:
        return check()
    except Exception as error:
        raise refused(str(error)) from error


def _bytes(text: str) -> bytes:
    try:
        return base64url_to_bytes(text)
    except ValueError as error:
        raise refused("A member is not base64url.") from error


def refused(why: str) -> PasskeyRefused:
    """The refusal: one sentence for the person, whatever was wrong; the log says what it was.

    ``why`` may quote what was handed in, so it is cut, and only what can be printed is kept.
    """
    shown = "".join(sign if sign.isprintable() else "?" for sign in why[:200])
    return PasskeyRefused(_WRONG, reasons=[Reason("passkey_refused", shown)], remedy="Try again.")
