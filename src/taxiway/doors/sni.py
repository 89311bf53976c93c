"""One port, many host names: the TLS policy is chosen by the name in the ClientHello (design, rule 10).

``SSLContext.sni_callback`` cannot do it: whether a client certificate is asked for stays as in the first context. So
the hello is looked at before the connection is handed to TLS, and left in the socket for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable
from typing import cast

import structlog
import uvicorn

from taxiway.doors.hello import LONGEST, is_whole, server_name
from taxiway.kernel import Clock, NotImplementedHere

_log = structlog.get_logger("taxiway.doors")

#: Seconds a client has for its hello, and again for the handshake.
PATIENCE = 10.0
#: Connections whose hello may be awaited at the same time; the next ones wait in the kernel's queue.
MOST_WAITING = 1024
_BACKLOG = 2048
_AT_A_TIME = 64
_GLANCE = 0.02

Choose = Callable[[str | None], ssl.SSLContext]


class SniServer(uvicorn.Server):
    """uvicorn's server behind a gate that chooses the TLS policy of each connection."""

    def __init__(self, config: uvicorn.Config, choose: Choose, clock: Clock) -> None:
        super().__init__(config)
        self._choose = choose
        self._clock = clock

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Open the gate where uvicorn would listen by itself."""
        gates = [_Gate(sock, self._choose, self._protocol, self._clock) for sock in sockets or ()]
        self.servers = cast("list[asyncio.base_events.Server]", gates)  # it will close them and wait for it, no more
        self.started = True

    def _protocol(self) -> asyncio.Protocol:
        made: asyncio.Protocol = self.config.http_protocol_class(  # type: ignore[call-arg]
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return made


class _Gate:
    """Accepts connections, looks at their hello and hands them to TLS."""

    def __init__(
        self, sock: socket.socket, choose: Choose, protocol: Callable[[], asyncio.Protocol], clock: Clock
    ) -> None:
        self._sock, self._choose, self._protocol, self._clock = sock, choose, protocol, clock
        self._loop = asyncio.get_running_loop()
        self._waiting: set[asyncio.Task[None]] = set()
        self._open = True
        sock.setblocking(False)  # noqa: FBT003 - the flag is the function's whole meaning
        sock.listen(_BACKLOG)
        try:
            self._loop.add_reader(sock, self._accept)
        except NotImplementedError as error:
            raise NotImplementedHere(
                "This system's event loop cannot look at a connection before taking it.",
                remedy="Leave the section [names] out, or run the server on Linux or macOS.",
            ) from error

    def close(self) -> None:
        """Accept nothing more, and drop who has not said hello."""
        self._open = False
        self._loop.remove_reader(self._sock)
        for task in self._waiting:
            task.cancel()

    async def wait_closed(self) -> None:
        """Wait until every socket that was dropped is closed."""
        await asyncio.gather(*self._waiting, return_exceptions=True)

    def _accept(self) -> None:
        for _ in range(_AT_A_TIME):
            if len(self._waiting) >= MOST_WAITING:
                self._pause()
                return
            try:
                connection, _address = self._sock.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:  # out of descriptors: listening on would turn in circles
                _log.error("cannot accept", reason=error.strerror)
                self._pause()
                return
            task = self._loop.create_task(self._admit(connection))
            self._waiting.add(task)
            task.add_done_callback(self._waiting.discard)

    def _pause(self) -> None:
        """Leave connections in the kernel's queue for a moment."""
        self._loop.remove_reader(self._sock)
        self._loop.call_later(0.1, self._resume)

    def _resume(self) -> None:
        if self._open:
            self._loop.add_reader(self._sock, self._accept)

    async def _admit(self, connection: socket.socket) -> None:
        """One connection: from its hello to TLS, or closed."""
        admitted = False
        try:
            connection.setblocking(False)  # noqa: FBT003 - as above
            async with asyncio.timeout(PATIENCE):
                hello = await self._peek(connection)
            context = self._choose(server_name(hello))
            await self._loop.connect_accepted_socket(
                self._protocol, connection, ssl=context, ssl_handshake_timeout=PATIENCE
            )
            admitted = True
        except (OSError, TimeoutError):  # a handshake that failed, a client that left or never spoke
            return
        finally:
            if not admitted:
                with contextlib.suppress(OSError):
                    connection.close()

    async def _peek(self, connection: socket.socket) -> bytes:
        """The hello, left in the socket."""
        await self._readable(connection)
        while True:
            data = connection.recv(LONGEST, socket.MSG_PEEK)
            if not data:
                raise ConnectionResetError
            if is_whole(data):
                return data
            # What was peeked at stays, so the socket stays readable: the rest has to be looked for, not waited for.
            await self._clock.sleep(_GLANCE)

    async def _readable(self, connection: socket.socket) -> None:
        ready = self._loop.create_future()
        self._loop.add_reader(connection, _set, ready)
        try:
            await ready
        finally:
            self._loop.remove_reader(connection)


def _set(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)
