"""The cryptography that one deployment cannot avoid: how often each operation runs, and what it costs here and now.

The counts are taken from a real deployment with the operations wrapped, not written down by hand.
"""

from __future__ import annotations

import ssl
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import argon2
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from taxiway.doors.tls import PeerProtocol
from taxiway.signin import keys, passwords, tokens


@contextmanager
def counted() -> Iterator[Counter[str]]:
    """Count the operations of the server while it runs in this process."""
    counts: Counter[str] = Counter()

    def wrap(owner: Any, name: str, label: str) -> Any:
        original: Callable[..., Any] = getattr(owner, name)

        def counting(*args: Any, **kwargs: Any) -> Any:
            counts[label] += 1
            return original(*args, **kwargs)

        return patch.object(owner, name, counting)

    with (
        wrap(passwords, "_verify", "argon2id verify"),
        wrap(tokens, "_sign", "RS256 sign"),
        wrap(x509.CertificateBuilder, "sign", "certificate issue"),
        wrap(PeerProtocol, "connection_made", "TLS handshake"),
    ):
        yield counts


def unit_costs(chain: Path, key: Path) -> dict[str, float]:
    """CPU seconds of one operation each, on one core, best of three rounds."""
    hasher = argon2.PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
    hashed = hasher.hash("a password")
    tokens_key, authority_key = (
        rsa.generate_private_key(public_exponent=65537, key_size=bits) for bits in (keys.BITS, 2048)
    )
    return {
        "argon2id verify": _cpu(lambda: hasher.verify(hashed, "a password"), 10),
        "RS256 sign": _cpu(lambda: tokens_key.sign(b"x" * 900, padding.PKCS1v15(), hashes.SHA256()), 200),
        "certificate issue": _cpu(lambda: authority_key.sign(b"x" * 900, padding.PKCS1v15(), hashes.SHA256()), 200),
        "TLS handshake": _handshake_cpu(chain, key),
    }


def signature() -> float:
    """CPU seconds of one RS256 signature: what other figures are put beside."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=keys.BITS)
    return _cpu(lambda: key.sign(b"x" * 900, padding.PKCS1v15(), hashes.SHA256()), 200)


def _cpu(operation: Callable[[], object], times: int) -> float:
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        for _ in range(times):
            operation()
        best = min(best, (time.process_time() - start) / times)
    return best


def _handshake_cpu(chain: Path, key: Path) -> float:
    """Half of a full TLS 1.3 handshake in memory: both sides cost about the same."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(chain, key)
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE

    def once() -> None:
        one, two = ssl.MemoryBIO(), ssl.MemoryBIO()
        left = client.wrap_bio(one, two)
        right = server.wrap_bio(two, one, server_side=True)
        pending = {left, right}
        while pending:
            for end in tuple(pending):
                try:
                    end.do_handshake()
                    pending.discard(end)
                except ssl.SSLWantReadError:
                    continue

    return _cpu(once, 50) / 2
