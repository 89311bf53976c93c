"""A software stand-in for the TPM: named RSA keys and sealed values that never leave its folder (03 section 14.4)."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from taxiway.kernel import Keys, TaxiwayError, Workers
from taxiway.kernel.files import write_private

T = TypeVar("T")

_NAME = re.compile(r"[a-z][a-z0-9-]{0,40}")


class NoSuchKey(TaxiwayError):
    """The TPM holds no key or value of that name."""


class Tpm:
    """Named keys and sealed values in a folder; what is done with a key is done inside."""

    def __init__(self, folder: Path, workers: Workers, keys: Keys) -> None:
        self._folder = folder
        self._workers = workers
        self._keys = keys
        self._open: dict[str, rsa.RSAPrivateKey] = {}

    def has(self, name: str) -> bool:
        """Whether a key of that name exists."""
        return self.key_file(name).exists()

    def key_file(self, name: str) -> Path:
        """Where the key lies, for a TLS stack that takes its client key from a file."""
        return self._path(name, "key")

    def certificate_file(self, name: str) -> Path:
        """Where the certificate of the key lies."""
        return self._path(name, "crt")

    async def make(self, name: str, bits: int = 2048) -> rsa.RSAPublicKey:
        """Make a key, or take the one a power cut left behind, and return its public half."""
        if not self.has(name):
            await self._workers.run(self._make, name, bits)
        return await self.public(name)

    def take(self, name: str, key: rsa.RSAPrivateKey) -> None:
        """Keep a key that was made elsewhere."""
        self._open.pop(name, None)
        write_private(self.key_file(name), _pem(key))

    async def public(self, name: str) -> rsa.RSAPublicKey:
        """The public half."""
        return (await self._key(name)).public_key()

    async def use(self, name: str, work: Callable[..., T], *args: object) -> T:
        """Run ``work(key, *args)`` in a worker and return what it made with the key."""
        return await self._workers.run(work, await self._key(name), *args)

    async def sign(self, name: str, data: bytes) -> bytes:
        """Sign with PKCS#1 v1.5 over SHA-256."""
        return await self.use(name, _sign, data)

    def keep_certificate(self, name: str, certificate: x509.Certificate, *chain: x509.Certificate) -> None:
        """Keep the certificate of a key, and those above it, next to it."""
        pem = b"".join(each.public_bytes(serialization.Encoding.PEM) for each in (certificate, *chain))
        write_private(self.certificate_file(name), pem)

    def certificate(self, name: str) -> x509.Certificate:
        """The certificate of a key."""
        try:
            return x509.load_pem_x509_certificate(self.certificate_file(name).read_bytes())
        except (OSError, ValueError) as error:
            raise NoSuchKey(f"there is no certificate for the key {name!r}") from error

    def follow(self, name: str, successor: str) -> None:
        """Let a key and its certificate take the place of another; repeatable, for a power cut in the middle."""
        if self.certificate_file(successor).exists():
            if self.has(successor):
                self.key_file(successor).replace(self.key_file(name))
            self.certificate_file(successor).replace(self.certificate_file(name))
        for each in (name, successor):
            self._open.pop(each, None)

    def seal(self, name: str, value: bytes) -> None:
        """Keep a secret value, such as a session key."""
        write_private(self._path(name, "sealed"), value)

    def unseal(self, name: str) -> bytes | None:
        """The secret value, or none."""
        path = self._path(name, "sealed")
        return path.read_bytes() if path.exists() else None

    def remove(self, name: str) -> None:
        """Destroy the key, the certificate and the sealed value of that name, where there are any."""
        self._open.pop(name, None)
        for kind in ("key", "crt", "sealed"):
            self._path(name, kind).unlink(missing_ok=True)

    def remove_all(self, prefix: str) -> None:
        """Destroy whatever has a name that begins so."""
        for path in self._folder.glob(f"{prefix}*"):
            self.remove(path.stem)

    async def _key(self, name: str) -> rsa.RSAPrivateKey:
        if name not in self._open:
            self._open[name] = await self._workers.run(self._load, name)
        return self._open[name]

    def _make(self, name: str, bits: int) -> None:
        write_private(self.key_file(name), _pem(self._keys.rsa(bits)))

    def _load(self, name: str) -> rsa.RSAPrivateKey:
        try:
            key = serialization.load_pem_private_key(self.key_file(name).read_bytes(), None)
        except (OSError, ValueError) as error:
            raise NoSuchKey(f"the TPM holds no key {name!r}") from error
        if not isinstance(key, rsa.RSAPrivateKey):
            raise NoSuchKey(f"the key {name!r} is not an RSA key")
        return key

    def _path(self, name: str, kind: str) -> Path:
        if not _NAME.fullmatch(name):
            raise NoSuchKey(f"{name!r} is not a name the TPM uses")
        return self._folder / f"{name}.{kind}"


def _pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _sign(key: rsa.RSAPrivateKey, data: bytes) -> bytes:
    return key.sign(data, padding.PKCS1v15(), hashes.SHA256())
