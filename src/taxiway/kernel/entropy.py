"""Randomness that is passed in: a tree of named streams, so that a seed replays a run (design, rule 1)."""

from __future__ import annotations

import base64
import hashlib
import os
from typing import Protocol


class Entropy(Protocol):
    """A stream of random bytes that can hand out streams of its own."""

    def bytes(self, count: int) -> bytes:
        """``count`` random bytes."""
        ...

    def below(self, bound: int) -> int:
        """A number in ``range(bound)``, without bias."""
        ...

    def uuid(self) -> str:
        """A version 4 UUID in lower case with hyphens."""
        ...

    def token(self, count: int = 32) -> str:
        """``count`` random bytes as URL-safe base64 without padding."""
        ...

    def child(self, *names: str) -> Entropy:
        """A stream of its own, named; the same names under the same seed give the same stream."""
        ...


class _Derived:
    """What every stream offers on top of ``bytes``."""

    def bytes(self, count: int) -> bytes:
        raise NotImplementedError

    def below(self, bound: int) -> int:
        """A number in ``range(bound)``: draws again while the value falls into the uneven rest."""
        if bound < 1:
            raise ValueError("bound must be at least 1")
        size = (bound.bit_length() + 7) // 8 or 1
        limit = (1 << (8 * size)) // bound * bound
        while True:
            value = int.from_bytes(self.bytes(size), "big")
            if value < limit:
                return value % bound

    def uuid(self) -> str:
        """A version 4 UUID."""
        raw = bytearray(self.bytes(16))
        raw[6], raw[8] = raw[6] & 0x0F | 0x40, raw[8] & 0x3F | 0x80
        text = raw.hex()
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def token(self, count: int = 32) -> str:
        """URL-safe base64 of ``count`` bytes."""
        return base64.urlsafe_b64encode(self.bytes(count)).rstrip(b"=").decode()


class SystemEntropy(_Derived):
    """The randomness of the operating system; its children are as random as itself."""

    def bytes(self, count: int) -> bytes:
        """Bytes of the operating system's generator."""
        return os.urandom(count)

    def child(self, *names: str) -> SystemEntropy:  # noqa: ARG002 - names matter only under a seed
        """The same source."""
        return self


class SeededEntropy(_Derived):
    """A stream made from a seed: SHA-256 over seed, name and counter. For rehearsals and tests, never for keys."""

    def __init__(self, seed: str | bytes) -> None:
        self._key = hashlib.sha256(seed.encode() if isinstance(seed, str) else seed).digest()
        self._counter = 0
        self._rest = b""

    def bytes(self, count: int) -> bytes:
        """The next ``count`` bytes of the stream."""
        while len(self._rest) < count:
            self._rest += hashlib.sha256(self._key + self._counter.to_bytes(8, "big")).digest()
            self._counter += 1
        out, self._rest = self._rest[:count], self._rest[count:]
        return out

    def child(self, *names: str) -> SeededEntropy:
        """A stream that depends on the seed and the names only, not on what was drawn before."""
        return SeededEntropy(self._key + "\x1f".join(names).encode())
