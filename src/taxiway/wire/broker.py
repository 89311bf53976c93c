"""The broker's share of JOSE: derived keys, session-signed requests, the wrapped session key (03 section 7).

Pure functions: nonces, contexts and initialisation vectors are passed in.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from typing import Any, Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import padding as block_padding
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA1
from msgspec import Struct

from taxiway.wire.errors import WireError
from taxiway.wire.json_body import BadJson, decode_object

KEY_BYTES = 32
CONTEXT_BYTES = 24

_LABEL = b"AzureAD-SecureConversation"
#: The most characters of a signed request (03 section 15.15); a reply may be longer.
REQUEST_LIMIT = 16_384

_REPLY_LIMIT = 65_536
#: Clients differ in the length of the context they choose (03 section 11.5).
_LEAST_CONTEXT, _MOST_CONTEXT = 16, 64
_FILLER = b" "
_OAEP = padding.OAEP(mgf=padding.MGF1(SHA1()), algorithm=SHA1(), label=None)  # noqa: S303 - the protocol's choice


class BadBrokerMessage(WireError):
    """A token that is not built as the broker protocol wants it, or does not open with this key."""


class SignedRequest(Struct, frozen=True, kw_only=True):
    """A session-signed request taken apart but not verified; `payload` is exactly what was signed over."""

    header: dict[str, Any]
    payload: bytes
    claims: dict[str, Any]
    context: bytes
    kdf_version: int
    signing_input: bytes
    signature: bytes

    def verify(self, session_key: bytes) -> bool:
        """Compare the signature in constant time."""
        key = derive_key(session_key, self.context, self.payload if self.kdf_version == 2 else None)
        return hmac.compare_digest(_mac(key, self.signing_input), self.signature)


def derive_key(session_key: bytes, context: bytes, payload: bytes | None = None) -> bytes:
    """Derive a key by SP 800-108 with HMAC-SHA256; with the payload it is KDF version 2 (03 section 7.4)."""
    if payload is not None:
        context = hashlib.sha256(context + payload).digest()
    fixed = b"\x00\x00\x00\x01" + _LABEL + b"\x00" + context + b"\x00\x00\x01\x00"
    return hmac.new(session_key, fixed, hashlib.sha256).digest()


def sign_request(session_key: bytes, context: bytes, claims: dict[str, Any], kdf_version: Literal[1, 2] = 2) -> str:
    """Sign a request with a key derived from the session key."""
    header: dict[str, Any] = {"alg": "HS256", "ctx": base64.b64encode(context).decode()}
    if kdf_version == 2:
        header |= {"kdf_ver": 2, "typ": "JWT"}
    payload = _compact(claims)
    signing_input = f"{b64url(_compact(header))}.{b64url(payload)}".encode()
    key = derive_key(session_key, context, payload if kdf_version == 2 else None)
    return f"{signing_input.decode()}.{b64url(_mac(key, signing_input))}"


def parse_request(token: str) -> SignedRequest:
    """Take a session-signed request apart; raises `BadBrokerMessage`."""
    first, second, third = segments(token, 3, REQUEST_LIMIT)
    header, payload = json_object(first), b64url_decode(second)
    if header.get("alg") != "HS256":
        raise BadBrokerMessage("the request is not signed with HS256")
    version = header.get("kdf_ver", 1)
    if type(version) is not int or version not in (1, 2):
        raise BadBrokerMessage("the key derivation version is not known")
    return SignedRequest(
        header=header,
        payload=payload,
        claims=json_object(second),
        context=_context(header),
        kdf_version=version,
        signing_input=f"{first}.{second}".encode("ascii"),
        signature=b64url_decode(third),
    )


def wrap_session_key(transport_key: rsa.RSAPublicKey, session_key: bytes, iv: bytes) -> str:
    """Write `session_key_jwe`: the session key is the content key itself; what it encrypts is a filler."""
    header = b64url(_compact({"enc": "A256GCM", "alg": "RSA-OAEP"}))
    sealed = AESGCM(session_key).encrypt(iv, _FILLER, header.encode())
    wrapped = transport_key.encrypt(session_key, _OAEP)
    return ".".join([header, *(b64url(part) for part in (wrapped, iv, sealed[:-16], sealed[-16:]))])


def unwrap_session_key(transport_key: rsa.RSAPrivateKey, token: str) -> bytes:
    """Read `session_key_jwe`; raises `BadBrokerMessage`."""
    header, wrapped, *_ = segments(token, 5)
    fields = json_object(header)
    if fields.get("alg") != "RSA-OAEP":
        raise BadBrokerMessage("the session key is not wrapped with RSA-OAEP")
    try:
        key = transport_key.decrypt(b64url_decode(wrapped), _OAEP)
    except ValueError:
        raise BadBrokerMessage("the session key is not for this transport key") from None
    if len(key) != KEY_BYTES:
        raise BadBrokerMessage(f"the session key has {len(key)} bytes")
    return key


def encrypt_response(session_key: bytes, context: bytes, body: bytes, iv: bytes) -> str:
    """Encrypt a reply; 16 bytes of `iv` give the historic CBC under a GCM label, 12 bytes true GCM."""
    fields = {"alg": "dir", "enc": "A256GCM", "ctx": base64.b64encode(context).decode(), "kid": "session"}
    header = b64url(_compact(fields))
    key = derive_key(session_key, context)
    if len(iv) == 16:
        padder = block_padding.PKCS7(128).padder()
        encryptor = Cipher(algorithms.AES256(key), modes.CBC(iv)).encryptor()
        text = encryptor.update(padder.update(body) + padder.finalize()) + encryptor.finalize()
        tag = bytes(16)
    else:
        sealed = AESGCM(key).encrypt(iv, body, header.encode())
        text, tag = sealed[:-16], sealed[-16:]
    return ".".join([header, "", *(b64url(part) for part in (iv, text, tag))])


def decrypt_response(session_key: bytes, token: str) -> bytes:
    """Open a reply in either cipher, told apart by the length of the iv; raises `BadBrokerMessage`."""
    header, _, iv_text, body_text, tag_text = segments(token, 5)
    fields = json_object(header)
    if fields.get("alg") != "dir":
        raise BadBrokerMessage("the reply is not encrypted with the session key")
    iv, body, tag = b64url_decode(iv_text), b64url_decode(body_text), b64url_decode(tag_text)
    key = derive_key(session_key, _context(fields))
    try:
        if len(iv) == 16:
            return _open_cbc(key, iv, body)
        return AESGCM(key).decrypt(iv, body + tag, header.encode())
    except (InvalidTag, ValueError):
        raise BadBrokerMessage("the reply does not open with this session key") from None


def b64url(data: bytes) -> str:
    """Write base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def b64url_decode(text: str) -> bytes:
    """Read base64url without padding, or the standard alphabet without padding as AADInternals sends it."""
    try:
        standard = text.replace("-", "+").replace("_", "/")
        return base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise BadBrokerMessage("a segment is not base64url") from None


def segments(token: str, count: int, limit: int = _REPLY_LIMIT) -> list[str]:
    """Take a compact token apart; raises `BadBrokerMessage`."""
    if len(token) > limit:
        raise BadBrokerMessage(f"the token has more than {limit} characters")
    found = token.split(".") if token.isascii() else []
    if len(found) != count:
        raise BadBrokerMessage(f"the token does not have {count} parts")
    return found


def json_object(segment: str) -> dict[str, Any]:
    """Read a segment that holds a JSON object, no name twice; raises `BadBrokerMessage`."""
    try:
        return decode_object(b64url_decode(segment))
    except BadJson as error:
        raise BadBrokerMessage(error.message) from None


def _open_cbc(key: bytes, iv: bytes, body: bytes) -> bytes:
    decryptor = Cipher(algorithms.AES256(key), modes.CBC(iv)).decryptor()
    unpadder = block_padding.PKCS7(128).unpadder()
    return unpadder.update(decryptor.update(body) + decryptor.finalize()) + unpadder.finalize()


def _mac(key: bytes, data: bytes) -> bytes:
    return hmac.new(key, data, hashlib.sha256).digest()


def _compact(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _context(header: dict[str, Any]) -> bytes:
    context = header.get("ctx")
    if not isinstance(context, str) or not context:
        raise BadBrokerMessage("the header has no ctx")
    read = b64url_decode(context.rstrip("="))
    if not _LEAST_CONTEXT <= len(read) <= _MOST_CONTEXT:
        raise BadBrokerMessage(f"the ctx has {len(read)} bytes")
    return read
