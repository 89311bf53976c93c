"""Where key pairs come from. Key material stands outside the replayable seed (design, rule 1)."""

from __future__ import annotations

import queue
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric import rsa


class Keys(Protocol):
    """Makes or hands out key pairs."""

    def rsa(self, bits: int = 2048) -> rsa.RSAPrivateKey:
        """An RSA key pair with exponent 65537."""
        ...


class FreshKeys:
    """Makes a key pair when asked: about 50 ms of a core for 2048 bits, so call it through ``Workers``."""

    def rsa(self, bits: int = 2048) -> rsa.RSAPrivateKey:
        """A new RSA key pair."""
        return rsa.generate_private_key(public_exponent=65537, key_size=bits)


class PooledKeys:
    """Hands out key pairs made beforehand, each once, and makes new ones when the pool is empty."""

    def __init__(self, made: list[rsa.RSAPrivateKey]) -> None:
        self._pool: queue.SimpleQueue[rsa.RSAPrivateKey] = queue.SimpleQueue()
        for key in made:
            self._pool.put(key)

    def rsa(self, bits: int = 2048) -> rsa.RSAPrivateKey:
        """A pooled key pair when its size fits, else a new one."""
        if bits == 2048:
            try:
                return self._pool.get_nowait()
            except queue.Empty:
                pass
        return FreshKeys().rsa(bits)
