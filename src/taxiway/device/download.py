"""Fetching the content of an app into a file and checking it (05 section 10.5)."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

from taxiway.device.transport import Identity, Transport
from taxiway.kernel.files import write_private

BAD_HASH = 0x80091007
_BLOCK = 1 << 20


async def download(transport: Transport, url: str, target: Path, expected: str) -> int:
    """Fetch ``url`` with the management certificate; 0, or the HRESULT that the app is given.

    Content that was fetched before a power cut is checked and kept.
    """
    workers = transport.host.workers
    if await workers.run(_is_content, target, expected):
        return 0
    response = await transport.send("GET", url, identity=Identity.MANAGEMENT)
    if response.status_code != 200:
        return 0x80190000 | response.status_code
    await workers.run(write_private, target, response.content)
    return 0 if await workers.run(_is_content, target, expected) else BAD_HASH


def _is_content(path: Path, expected: str) -> bool:
    """Whether the file has the SHA-256, in hexadecimal, that the server announced."""
    if not path.exists():
        return False
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return hmac.compare_digest(digest.hexdigest(), expected.strip().lower())
