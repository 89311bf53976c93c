"""A request with its structure kept, so that a mutation can reach inside a token before it is signed."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_from_bytes, quote_plus

#: Bytes of a body, and of an address or a header: a mutation of a mutation may grow beyond what is worth sending.
LARGEST, LONGEST = 1_048_576, 65_536

Sign = Callable[[bytes], bytes]


@dataclass(slots=True)
class Token:
    """A compact JWS; ``sign`` takes the signing input, and what it signs is whatever the parts have become.

    ``prefix``: what stands before it, such as ``Bearer`` or the name of a cookie.
    """

    header: Any
    claims: Any
    sign: Sign
    prefix: str = ""


@dataclass(slots=True)
class Blob:
    """Bytes that travel as base64: a certificate request, a key, a certificate."""

    data: bytes


@dataclass(slots=True)
class Raw:
    """Bytes that stand in a form or a header just as they are."""

    data: bytes


@dataclass(slots=True)
class Xml:
    """A document that is spoiled as one: elements, texts, namespaces, the base64 in it."""

    data: bytes


Pairs = list[tuple[Any, Any]]


@dataclass(slots=True)
class Message:
    """A request: ``form`` or ``body`` or neither. ``peer``: the certificate on the connection, as PEM."""

    method: str
    path: str
    query: Pairs = field(default_factory=list)
    headers: Pairs = field(default_factory=list)
    form: Pairs | None = None
    body: Any = None
    peer: str = ""
    door: str = "people"


@dataclass(frozen=True, slots=True)
class Wire:
    """The bytes of a request."""

    door: str
    method: str
    path: str
    query: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    peer: str = ""

    def as_json(self) -> dict[str, Any]:
        """What a file keeps of it."""
        headers = [[name.decode("latin-1"), value.decode("latin-1")] for name, value in self.headers]
        body = base64.b64encode(self.body).decode()
        query = self.query.decode("latin-1")
        parts = {"door": self.door, "method": self.method, "path": self.path, "query": query, "peer": self.peer}
        return {**parts, "headers": headers, "body": body}

    @classmethod
    def of_json(cls, data: dict[str, Any]) -> Wire:
        """The request of a file."""
        headers = tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in data["headers"])
        body, query = base64.b64decode(data["body"]), data["query"].encode("latin-1")
        return cls(data["door"], data["method"], data["path"], query, headers, body, data["peer"])


def b64url(data: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def render(message: Message) -> Wire:
    """The bytes of a message."""
    headers = tuple((_bytes(name).lower(), _one_line(_bytes(value))[:LONGEST]) for name, value in message.headers)
    if message.form is not None:
        body = _pairs(message.form)
    elif message.body is None:
        body = b""
    else:
        body = message.body.data if isinstance(message.body, Raw | Xml) else as_json(message.body)
    query = _one_line(_pairs(message.query))[:LONGEST]
    return Wire(message.door, message.method, message.path, query, headers, body[:LARGEST], message.peer)


def as_json(value: Any) -> bytes:
    """JSON, also of what Python's writer would refuse."""
    try:
        return json.dumps(value, default=text).encode("utf-8", "surrogatepass")
    except (RecursionError, ValueError):
        return b"[" * 20_000


def text(node: Any) -> str:
    """A node as it stands inside JSON or a form."""
    if isinstance(node, Token):
        head, body = b64url(as_json(node.header)), b64url(as_json(node.claims))
        signed = f"{head}.{body}".encode()
        return f"{node.prefix}{signed.decode()}.{b64url(node.sign(signed))}"
    if isinstance(node, Blob):
        return base64.b64encode(node.data).decode()
    if isinstance(node, Raw):
        return node.data.decode("latin-1")
    if isinstance(node, str):
        return node
    return as_json(node).decode()


def _bytes(node: Any) -> bytes:
    return node.data if isinstance(node, Raw) else text(node).encode("utf-8", "surrogatepass")


def _one_line(value: bytes) -> bytes:
    """What an HTTP parser lets through to us."""
    return value.translate(None, b"\r\n\0")


def _pairs(pairs: Pairs) -> bytes:
    return b"&".join(_quoted(name) + b"=" + _quoted(value) for name, value in pairs)


def _quoted(node: Any) -> bytes:
    if isinstance(node, Raw):
        return node.data
    if isinstance(node, str) and node.isascii():
        return quote_plus(node).encode()
    return quote_from_bytes(_bytes(node)).encode()
