"""Certificates by which an application proves itself: the public half, kept in Graph's shape (03 section 15.7)."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from taxiway.directory.errors import Invalid
from taxiway.kernel.der import BROKEN_DER
from taxiway.store import Tx

Credential = dict[str, Any]

_MOST = 20
_FEWEST_BITS = 2048


def certificates(tx: Tx, before: Sequence[Credential], given: Sequence[Credential]) -> list[Credential]:
    """The certificates after a change: the list is replaced, one that is sent without its key is kept."""
    if len(given) > _MOST:
        raise Invalid(f"An application has at most {_MOST} certificates.")
    known = {one["keyId"]: one for one in before}
    kept = [known.get(str(one.get("keyId", "")).lower()) if not one.get("key") else None for one in given]
    return [old or _credential(tx, one) for old, one in zip(kept, given, strict=True)]


def _credential(tx: Tx, given: Credential) -> Credential:
    if given.get("type") != "AsymmetricX509Cert" or given.get("usage") != "Verify":
        raise Invalid("A key credential here has the type 'AsymmetricX509Cert' and the usage 'Verify'.")
    certificate = _certificate(given.get("key"))
    _check_key(certificate)
    starts = _moment(given.get("startDateTime")) or certificate.not_valid_before_utc
    ends = _moment(given.get("endDateTime")) or certificate.not_valid_after_utc
    if starts < certificate.not_valid_before_utc or ends > certificate.not_valid_after_utc or starts >= ends:
        raise Invalid("A key credential is valid within the validity of its certificate.")
    name = given.get("displayName")
    return {
        "customKeyIdentifier": base64.b64encode(certificate.fingerprint(hashes.SHA1())).decode(),  # noqa: S303 - a name
        "displayName": name if isinstance(name, str) else certificate.subject.rfc4514_string(),
        "endDateTime": _spelled(ends),
        "key": base64.b64encode(certificate.public_bytes(serialization.Encoding.DER)).decode(),
        "keyId": _key_id(given.get("keyId")) or tx.entropy.uuid(),
        "startDateTime": _spelled(starts),
        "type": "AsymmetricX509Cert",
        "usage": "Verify",
    }


def _certificate(key: Any) -> x509.Certificate:
    try:
        return x509.load_der_x509_certificate(base64.b64decode(key, validate=True))
    except BROKEN_DER as error:
        raise Invalid("The 'key' of a key credential is a certificate: DER, in base64.") from error


def _check_key(certificate: x509.Certificate) -> None:
    """What assertions can be signed with: RS256 and PS256 from 2048 bits, ES256."""
    try:
        key = certificate.public_key()
    except BROKEN_DER as error:
        raise Invalid("The certificate has a key that cannot be used.") from error
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= _FEWEST_BITS:
        return
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return
    raise Invalid("The certificate's key is neither RSA with at least 2048 bits nor of the curve P-256.")


def _moment(text: Any) -> datetime | None:
    if text is None:
        return None
    try:
        made = datetime.fromisoformat(text)
    except (ValueError, TypeError) as error:
        raise Invalid("A key credential's dates are written as 2026-01-31T12:34:56Z.") from error
    return made if made.tzinfo is not None else made.replace(tzinfo=UTC)


def _spelled(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _key_id(text: Any) -> str | None:
    """The id that the caller chose, as tools do that look for it afterwards."""
    try:
        return str(uuid.UUID(text)) if text is not None else None
    except (ValueError, TypeError, AttributeError) as error:
        raise Invalid("The 'keyId' of a key credential is a GUID.") from error
