"""A passkey in software: what a browser and its authenticator answer to the page (WebAuthn, ES256, no attestation)."""

from __future__ import annotations

import base64
import hashlib
import json
import struct

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

UP, UV, AT = 0x01, 0x04, 0x40


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Authenticator:
    """One passkey for one site. Change an attribute to make it lie."""

    def __init__(self, *, origin="https://localhost:8443", rp_id="localhost", counter=1, credential_id=b"passkey-1"):
        self.origin, self.rp_id, self.counter = origin, rp_id, counter
        self.flags = UP | UV
        self.credential_id = credential_id
        self.handle = None
        self.key = ec.generate_private_key(ec.SECP256R1())

    def create(self, config, **changes):
        """The attestation for a page's ``$Config``, as the page's script posts it."""
        self.handle = config["oNewPasskey"]["user"]["id"]
        attested = bytes(16) + struct.pack(">H", len(self.credential_id)) + self.credential_id + self.cose()
        body = {"fmt": "none", "attStmt": {}, "authData": self._data(self.flags | AT) + attested}
        return self._json(
            changes,
            clientDataJSON=self._client_data("webauthn.create", config["sFidoChallenge"]),
            attestationObject=b64(cbor2.dumps(body)),
        )

    def get(self, config, **changes):
        """The assertion for a page's ``$Config``; each use counts."""
        self.counter += 1 if self.counter else 0
        client_data = self._client_data("webauthn.get", config["sFidoChallenge"])
        data = self._data(self.flags)
        digest = hashlib.sha256(base64.urlsafe_b64decode(client_data + "==")).digest()
        signature = self.key.sign(data + digest, ec.ECDSA(hashes.SHA256()))
        return self._json(
            changes,
            clientDataJSON=client_data,
            authenticatorData=b64(data),
            signature=b64(signature),
            userHandle=self.handle,
        )

    def cose(self):
        point = self.key.public_key().public_numbers()
        return cbor2.dumps({1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")})

    def _json(self, changes, **members):
        return json.dumps({"id": b64(self.credential_id), **members, **changes})

    def _data(self, flags):
        return hashlib.sha256(self.rp_id.encode()).digest() + bytes([flags]) + struct.pack(">I", self.counter)

    def _client_data(self, kind, challenge):
        body = {"type": kind, "challenge": b64(challenge.encode()), "origin": self.origin, "crossOrigin": False}
        return b64(json.dumps(body).encode())
