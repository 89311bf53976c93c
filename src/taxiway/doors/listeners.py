"""The listeners of one process, all on one loop: two doors, and one for host names (design, rule 10)."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import format_datetime

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from taxiway.doors.errors import PortInUse
from taxiway.doors.sni import SniServer
from taxiway.doors.tls import PeerProtocol
from taxiway.kernel import Clock


@dataclass(frozen=True, slots=True)
class Listener:
    """One address, one application, one TLS policy; ``by_name``: others for clients that ask for these names."""

    host: str
    port: int
    context: ssl.SSLContext
    app: ASGIApp
    by_name: Mapping[str, ssl.SSLContext] = field(default_factory=dict)

    def choose(self, name: str | None) -> ssl.SSLContext:
        """The policy for a client that asks for this host."""
        return self.by_name.get(name or "", self.context)


async def serve(listeners: Sequence[Listener], clock: Clock, *, ready: asyncio.Event, stop: asyncio.Event) -> None:
    """Serve until ``stop`` is set; ``ready`` is set when every listener accepts."""
    servers = [_server(listener, clock) for listener in listeners]
    sockets = [_bind(listener.host, listener.port) for listener in listeners]
    tasks = [asyncio.create_task(server._serve([sock])) for server, sock in zip(servers, sockets, strict=True)]  # noqa: SLF001 - below the signal handling
    while not all(server.started for server in servers):
        if any(task.done() for task in tasks):
            break
        await asyncio.wait(tasks, timeout=0.01)
    ready.set()
    watch = asyncio.create_task(stop.wait())
    await asyncio.wait([watch, *tasks], return_when=asyncio.FIRST_COMPLETED)
    for server in servers:
        server.should_exit = True
    await asyncio.gather(*tasks)
    watch.cancel()


def _server(listener: Listener, clock: Clock) -> uvicorn.Server:
    config = _config(listener, clock)
    return SniServer(config, listener.choose, clock) if listener.by_name else uvicorn.Server(config)


def _config(listener: Listener, clock: Clock) -> uvicorn.Config:
    return uvicorn.Config(
        _dated(listener.app, clock),
        http=PeerProtocol,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=5,
        ssl_context_factory=lambda _config, _default: listener.context,
    )


def _dated(app: ASGIApp, clock: Clock) -> ASGIApp:
    """Answers that bear the instance's own time: a PC corrects its clock by it (06 section 3.12)."""

    async def serve_dated(scope: Scope, receive: Receive, send: Send) -> None:
        async def dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                date = format_datetime(clock.now(), usegmt=True).encode()
                message["headers"] = [*message.get("headers", ()), (b"date", date)]
            await send(message)

        await app(scope, receive, dated)

    return serve_dated


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError as error:
        sock.close()
        raise PortInUse(
            f"Cannot listen on {host}, port {port}: {error.strerror}.",
            remedy="Stop what listens there, or name other ports with --people-port, --devices-port and --names-port.",
        ) from error
    return sock
