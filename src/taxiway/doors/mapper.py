"""A CONNECT proxy that leads an instance's host names to it, and everything else nowhere (02 section 11).

For tools that have Microsoft's names built in. It sees ciphertext only, and opens no connection but to the instance.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Collection

import structlog

from taxiway.doors.errors import PortInUse

LOOPBACK = "127.0.0.1"
#: Seconds a client has for its request.
PATIENCE = 10.0
MOST_CONNECTIONS = 512
_LONGEST_HEAD = 8192
_CHUNK = 65_536
_log = structlog.get_logger("taxiway.doors.mapper")


class _Refusal(Exception):
    """Becomes an answer."""

    def __init__(self, status: str, text: str) -> None:
        super().__init__(text)
        body = f"{text}\n".encode()
        head = f"HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {len(body)}\r\n"
        self.answer = f"{head}Connection: close\r\n\r\n".encode() + body


class Mapper:
    """Listens on loopback only; ``names`` are led to ``host`` and ``port``, where the instance serves them.

    Each name is led there from port 443 and from that port, which the instance puts into addresses under its own names.
    What is refused is said on standard error: it tells which other hosts a program asks for.
    """

    def __init__(self, names: Collection[str], host: str, port: int) -> None:
        self._names = frozenset(names)
        self._to = (host, port)
        self._ports = {"443", str(port)}
        self._connections: set[asyncio.Task[None]] = set()
        #: Where it listens, once it does.
        self.port = 0

    async def serve(self, port: int, *, ready: asyncio.Event, stop: asyncio.Event) -> None:
        """Serve until ``stop`` is set."""
        try:
            server = await asyncio.start_server(self._connected, LOOPBACK, port, limit=_LONGEST_HEAD)
        except OSError as error:
            raise PortInUse(
                f"Cannot listen on {LOOPBACK}, port {port}: {error.strerror}.", remedy="Name another with --port."
            ) from error
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        await stop.wait()
        server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve_one(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._lead(reader, writer)
        except _Refusal as refusal:
            with contextlib.suppress(OSError):
                writer.write(refusal.answer)
                await writer.drain()
        except (OSError, EOFError):
            pass  # whoever left, the other end is closed too
        finally:
            writer.close()

    async def _lead(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._connections) > MOST_CONNECTIONS:
            raise _Refusal("503 Service Unavailable", "taxiway: too many connections at the same time.")
        self._check(await _request_line(reader))
        try:
            inner, outer = await asyncio.open_connection(*self._to)
        except OSError as error:
            text = f"taxiway: no server answers on {self._to[0]}, port {self._to[1]}. Start 'taxiway up'."
            raise _Refusal("502 Bad Gateway", text) from error
        try:
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await asyncio.gather(_pump(reader, outer), _pump(inner, writer))
        finally:
            outer.close()

    def _check(self, line: str) -> None:
        """Let nothing pass but CONNECT to a listed name."""
        method, _, rest = line.partition(" ")
        target = rest.partition(" ")[0]
        host, _, port = target.rpartition(":")
        if method != "CONNECT" or port not in self._ports or host.lower() not in self._names:
            asked = (target or line)[:200]
            _log.info("refused", target=asked)
            raise _Refusal(
                "403 Forbidden",
                f"taxiway: '{asked}' is not passed on, and no connection to it was made. This proxy leads Microsoft's"
                " sign-in, Graph and device names (port 443) and the server's own to the local server, nothing else.",
            )


async def _request_line(reader: asyncio.StreamReader) -> str:
    try:
        async with asyncio.timeout(PATIENCE):
            head = await reader.readuntil(b"\r\n\r\n")
    except (TimeoutError, asyncio.LimitOverrunError) as error:
        raise _Refusal("400 Bad Request", "taxiway: this is no request to a proxy.") from error
    return head.partition(b"\r\n")[0].decode("latin-1")


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy until the end, and pass that on: the other direction may still have something to say."""
    while data := await reader.read(_CHUNK):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()
