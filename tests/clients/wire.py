"""Requests as bytes over a socket: what a client that cannot run here sends, sent again (02 section 10).

Through the proxy like every client, under Microsoft's names; nothing is put right on the way.
"""

from __future__ import annotations

import gzip
import http.client
import json
import socket
import ssl
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

GRAPH = "https://graph.microsoft.com"
LOGIN = "https://login.microsoftonline.com"
JSON = ("Content-Type: application/json",)
WAIT = 30


@dataclass(slots=True)
class Reply:
    """What came back."""

    status: int
    headers: http.client.HTTPMessage
    raw: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.raw)


@dataclass(slots=True)
class Wire:
    """One client: where the proxy is, whom it trusts, and the headers it puts on everything."""

    proxy: str
    context: ssl.SSLContext
    headers: tuple[str, ...] = ()

    def send(self, method: str, address: str, body: bytes | str = b"", *headers: str, expect: int = 200) -> Reply:
        """One request, its target as it stands in ``address``, and the answer; ``expect`` is its status."""
        parts = urlsplit(address)
        target = address[len(f"{parts.scheme}://{parts.netloc}") :] or "/"
        content = body.encode() if isinstance(body, str) else body
        lines = [f"{method} {target} HTTP/1.1", f"Host: {parts.netloc}", "Connection: close", *self.headers, *headers]
        if content or method in ("POST", "PATCH", "PUT"):
            lines.append(f"Content-Length: {len(content)}")
        with self._connect(parts.hostname or "", parts.port or 443) as stream:
            stream.sendall("\r\n".join((*lines, "", "")).encode("latin-1") + content)
            answer = http.client.HTTPResponse(stream)
            answer.begin()
            raw = answer.read()
        if answer.getheader("Content-Encoding") == "gzip":
            raw = gzip.decompress(raw)
        assert answer.status == expect, f"{method} {address}: {answer.status} {raw[:2000]!r}"
        return Reply(answer.status, answer.headers, raw)

    def _connect(self, host: str, port: int) -> ssl.SSLSocket:
        proxy = urlsplit(self.proxy)
        plain = socket.create_connection((proxy.hostname, proxy.port), timeout=WAIT)
        plain.sendall(f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
        said = b""
        while not said.endswith(b"\r\n\r\n"):
            said += plain.recv(1)
        assert b" 200 " in said.split(b"\r\n")[0], said
        return self.context.wrap_socket(plain, server_hostname=host)


class PowerShell(Wire):
    """How PowerShell and .NET write addresses: blanks are encoded; ``$``, quotes and parentheses are not."""

    def graph(self, method: str, path: str, body: bytes | str = b"", *headers: str, expect: int = 200) -> Reply:
        """A call of Graph; ``path`` begins with the version."""
        return self.send(method, f"{GRAPH}/{path}".replace(" ", "%20"), body, *headers, expect=expect)

    def values(self, path: str) -> list[Any]:
        """The items of a list, with all its pages."""
        reply = self.graph("GET", path).json
        items = list(reply["value"])
        while "@odata.nextLink" in reply:
            reply = self.send("GET", reply["@odata.nextLink"]).json
            items += reply["value"]
        return items
