"""A client that costs little beside what it measures: HTTP/1.1 over one kept TLS connection."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import urlencode, urlsplit


@dataclass(slots=True)
class Wire:
    """One connection. Every answer must have a Content-Length, as all of ours do."""

    host: str
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    async def open(cls, origin: str, ca: Path, proof: tuple[Path, Path] | None = None) -> Self:
        """Connect to an origin that the root in ``ca`` vouches for; ``proof``: a client certificate and its key."""
        parts = urlsplit(origin)
        context = ssl.create_default_context(cafile=str(ca))
        if proof is not None:
            context.load_cert_chain(*proof)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port, ssl=context)
        return cls(parts.netloc, reader, writer)

    async def get(self, path: str, headers: str = "") -> tuple[int, bytes]:
        """Status and body."""
        return await self._ask(f"GET {path} HTTP/1.1\r\nHost: {self.host}\r\n{headers}\r\n".encode())

    async def post(self, path: str, form: dict[str, str]) -> tuple[int, bytes]:
        """Status and body of a form that is posted."""
        return await self.send(path, urlencode(form).encode())

    async def send(self, path: str, body: bytes, headers: str = "") -> tuple[int, bytes]:
        """Status and body of whatever is posted."""
        head = f"POST {path} HTTP/1.1\r\nHost: {self.host}\r\n{headers}Content-Length: {len(body)}\r\n\r\n"
        return await self._ask(head.encode() + body)

    async def _ask(self, request: bytes) -> tuple[int, bytes]:
        self.writer.write(request)
        head = await self.reader.readuntil(b"\r\n\r\n")
        status, length = int(head[9:12]), 0
        for line in head.split(b"\r\n"):
            if line[:15].lower() == b"content-length:":
                length = int(line[15:])
        return status, await self.reader.readexactly(length) if length else b""


async def load(
    origin: str, ca: Path, *, connections: int, each: int, do: Callable[[Wire, int], Awaitable[None]]
) -> None:
    """Let each of several connections do something ``each`` times, all at the same time."""

    async def one(number: int) -> None:
        wire = await Wire.open(origin, ca)
        for _ in range(each):
            await do(wire, number)
        wire.writer.close()

    await asyncio.gather(*(one(number) for number in range(connections)))
