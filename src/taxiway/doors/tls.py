"""uvicorn's protocol with the client certificate handed to the application (stack, section 4)."""

from __future__ import annotations

import asyncio
import ssl
from typing import Any

from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class JoinedWrites:
    """A transport that joins the writes of one turn of the loop: head and body leave as one TLS record."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._parts: list[bytes] = []
        self._size = 0
        self._armed = False

    def write(self, data: bytes) -> None:
        """Keep ``data`` until the end of this turn, or until 64 KiB have come together."""
        if not self._armed:
            self._armed = True
            self._loop.call_soon(self.flush)
        self._parts.append(data)
        self._size += len(data)
        if self._size > 65_536:
            self.flush()

    def flush(self) -> None:
        """Send what was kept."""
        self._armed = False
        self._size = 0
        if self._parts:
            parts, self._parts = self._parts, []
            self._transport.write(b"".join(parts))

    def close(self) -> None:
        """Send what was kept, then close."""
        self.flush()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class PeerProtocol(HttpToolsProtocol):
    """Puts the peer's certificate into every scope as ``extensions["tls"]["client_cert_chain"]`` (PEM, leaf only)."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Read the certificate once per connection."""
        super().connection_made(JoinedWrites(transport, self.loop))  # type: ignore[arg-type]
        session = transport.get_extra_info("ssl_object")
        der = None if session is None else session.getpeercert(True)  # noqa: FBT003 - the name of the flag is binary_form
        chain = [ssl.DER_cert_to_PEM_cert(der)] if der else []
        app = self.app

        async def with_peer(scope: Scope, receive: Receive, send: Send) -> None:
            scope.setdefault("extensions", {})["tls"] = {"client_cert_chain": chain}
            await app(scope, receive, send)

        self.app = with_peer


def server_context(chain_file: str, key_file: str, *, peers: str | None = None) -> ssl.SSLContext:
    """TLS 1.2 and later; with ``peers`` (PEM texts) a client certificate is asked for, not required.

    Optional on purpose: a device that lost its key gets a protocol answer instead of a dead handshake.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(chain_file, key_file)
    if peers is not None:
        context.verify_mode = ssl.CERT_OPTIONAL
        # The issuing authorities are trusted as they stand: a peer does not send its chain.
        context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
        context.load_verify_locations(cadata=peers)
    return context
