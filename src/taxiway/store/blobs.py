"""Content named by its SHA-256: staged, synced and renamed before the transaction that refers to it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from taxiway.kernel import Entropy


class Blobs:
    """A folder of immutable files; four functions, so that a shared folder or an object store can take its place."""

    def __init__(self, folder: Path, entropy: Entropy) -> None:
        self._folder = folder
        self._entropy = entropy
        for made in (folder, folder / "staged"):  # one by one: mkdir gives the mode to the last of a path only
            made.mkdir(parents=True, exist_ok=True, mode=0o700)

    def put(self, chunks: Iterable[bytes]) -> tuple[str, int]:
        """Store content; its SHA-256 in lower-case hex and its size. Blocking: call it through ``Workers``."""
        staged = self._folder / "staged" / self._entropy.token(12)
        digest, size = hashlib.sha256(), 0
        with os.fdopen(os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            for chunk in chunks:
                digest.update(chunk)
                size += len(chunk)
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        name = digest.hexdigest()
        target = self._path(name)
        target.parent.mkdir(exist_ok=True, mode=0o700)
        staged.replace(target)
        return name, size

    def open(self, sha256: str) -> BinaryIO:
        """The content, or ``FileNotFoundError``."""
        return self._path(sha256).open("rb")

    def size(self, sha256: str) -> int | None:
        """Its size in bytes, or None where there is no such content."""
        try:
            return self._path(sha256).stat().st_size
        except FileNotFoundError:
            return None

    def remove(self, sha256: str) -> None:
        """Forget content that nothing refers to any more."""
        self._path(sha256).unlink(missing_ok=True)

    def _path(self, sha256: str) -> Path:
        if len(sha256) != 64 or not all(c in "0123456789abcdef" for c in sha256):
            raise FileNotFoundError(sha256)
        return self._folder / sha256[:2] / sha256
