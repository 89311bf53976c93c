"""The readers of formats that travel inside others, called without a request around them."""

from __future__ import annotations

import json
import random
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric import rsa

from fuzz.hardware import HARDWARE
from fuzz.mutate import Mutator
from taxiway.wire import broker, rsa_blob
from taxiway.wire.app_content import decrypt_content, encrypt_content, read_encryption_info
from taxiway.wire.errors import WireError
from taxiway.wire.extension import Answer, App, Rule, Script, read_answer, write

_SESSION = bytes(range(32))

Read = Callable[[], None]

_PACKAGE, _INFO = encrypt_content(b"PK" * 40, encryption_key=bytes(32), mac_key=bytes(32), vector=bytes(16))
_PLAIN = {
    "encryption info": json.dumps(_INFO.as_graph()),
    "extension answer": write(
        Answer(
            apps=[
                App(
                    id="a",
                    revision=1,
                    name="Tool",
                    intent="required",
                    kind="win32",
                    detection=[Rule(kind="file", name="x")],
                )
            ],
            scripts=[Script(id="s", revision=1, name="Greet", content="AAAA")],
        )
    ).decode(),
}


class Formats:
    """Valid texts of each format, and their readers; the same for every run of one seed but for the key."""

    def __init__(self, key: rsa.RSAPrivateKey) -> None:
        self._key = key
        body = b'{"access_token": "x", "expires_in": "3599"}'
        self._texts = {
            "wrapped session key": broker.wrap_session_key(key.public_key(), _SESSION, bytes(12)),
            "reply in CBC": broker.encrypt_response(_SESSION, bytes(24), body, bytes(16)),
            "reply in GCM": broker.encrypt_response(_SESSION, bytes(24), body, bytes(12)),
            "signed request": broker.sign_request(_SESSION, bytes(24), {"a": 1}),
        }

    def one(self, mutator: Mutator) -> tuple[str, bytes, Read]:
        """The name of a format, what is read, and the reading of it; only a named error may come of it."""
        rng: random.Random = mutator.rng
        name = rng.choice([*self._texts, *_PLAIN, *HARDWARE, "RSA blob", "encrypted package"])
        if name in HARDWARE:
            data, read = HARDWARE[name](mutator)
            return name, data, lambda: _quietly(read)
        if name == "encrypted package":
            package = mutator.data(_PACKAGE)
            return name, package, lambda: _quietly(lambda: decrypt_content(package, _INFO))
        if name in _PLAIN:
            text = mutator.string(_PLAIN[name])
            return name, text.encode("utf-8", "surrogatepass"), lambda: _quietly(lambda: _read_plain(name, text))
        if name == "RSA blob":
            blob = mutator.data(rsa_blob.encode(self._key.public_key()))
            return name, blob, lambda: _quietly(lambda: rsa_blob.decode(blob))
        text = mutator.string(self._texts[name]) if rng.random() < 0.5 else self._spoiled(mutator, self._texts[name])
        return name, text.encode("utf-8", "surrogatepass"), lambda: _quietly(lambda: self._read(name, text))

    def _spoiled(self, mutator: Mutator, text: str) -> str:
        """The segments, some of them with other bytes in them."""
        parts = text.split(".")
        index = mutator.rng.randrange(len(parts))
        parts[index] = broker.b64url(mutator.data(broker.b64url_decode(parts[index])))
        return ".".join(parts)

    def _read(self, name: str, text: str) -> object:
        match name:
            case "wrapped session key":
                return broker.unwrap_session_key(self._key, text)
            case "signed request":
                return broker.parse_request(text).verify(_SESSION)
            case _:
                return broker.decrypt_response(_SESSION, text)


def _read_plain(name: str, text: str) -> object:
    """What the PC or the upload reads: an answer of the server, the keys of a package."""
    raw = text.encode("utf-8", "surrogatepass")
    if name == "extension answer":
        return read_answer(raw, Answer)
    try:
        told = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return read_encryption_info(told) if isinstance(told, dict) else None


def _quietly(read: Callable[[], object]) -> None:
    try:
        read()
    except WireError:
        return
