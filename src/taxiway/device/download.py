"""Fetching the content of an app into a file, going on where it broke off, and checking it (05 section 10.5)."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path
from typing import Final

from taxiway.device.transport import Identity, Transport

BAD_HASH: Final = 0x80091007
_BLOCK: Final = 1 << 20
_NOT_SATISFIABLE: Final = 416


async def download(transport: Transport, url: str, target: Path, expected: str) -> int:
    """Fetch ``url`` with the management certificate; 0, or the HRESULT that the app is given.

    Content that was fetched before a power cut is checked and kept. ``expected``: SHA-256 in hexadecimal.
    """
    workers = transport.host.workers
    if await workers.run(_is_content, target, expected):
        return 0
    if error := await fetch(transport, url, target):
        return error
    return 0 if await workers.run(_is_content, target, expected) else BAD_HASH


async def fetch(transport: Transport, url: str, target: Path) -> int:
    """Fetch ``url`` into a file; 0 or an HRESULT. What came before the connection broke is not asked for again."""
    part = target.with_suffix(".part")
    answer = await transport.send("GET", url, identity=Identity.MANAGEMENT, into=part)
    if answer.status_code == _NOT_SATISFIABLE and part.exists():
        part.unlink()  # no beginning of what is offered
        answer = await transport.send("GET", url, identity=Identity.MANAGEMENT, into=part)
    if answer.status_code not in {200, 206}:
        return 0x80190000 | answer.status_code
    await transport.host.workers.run(part.replace, target)
    return 0


def _is_content(path: Path, expected: str) -> bool:
    """Whether the file has the SHA-256 that the server announced."""
    if not path.exists():
        return False
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return hmac.compare_digest(digest.hexdigest(), expected.strip().lower())
