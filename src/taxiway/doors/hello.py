"""The host name in a TLS ClientHello, read before a connection is taken (RFC 8446 section 4.1.2, RFC 6066)."""

from __future__ import annotations

#: A TLS record is no longer, and a ClientHello that needs a second one names no host that we would know.
LONGEST = 5 + 16_384
_HANDSHAKE, _CLIENT_HELLO, _SERVER_NAME, _HOST_NAME = 22, 1, 0, 0


def is_whole(data: bytes) -> bool:
    """Whether ``data`` holds all that will be looked at: the first record, or what is no handshake at all."""
    if data[:1] not in {b"", bytes([_HANDSHAKE])}:
        return True
    return len(data) >= 5 and len(data) >= min(5 + int.from_bytes(data[3:5]), LONGEST)


def server_name(data: bytes) -> str | None:
    """The host name a client asks for, in lower case; None when it names none or this is no ClientHello."""
    try:
        return _server_name(data)
    except (IndexError, ValueError):
        return None


def _server_name(data: bytes) -> str | None:
    if data[0] != _HANDSHAKE or data[5] != _CLIENT_HELLO:
        return None
    at = 5 + 4 + 2 + 32  # record, handshake header, version, random
    for size in (1, 2, 1):  # session id, cipher suites, compression methods
        at += size + int.from_bytes(_exactly(data, at, size))
    end = at + 2 + int.from_bytes(_exactly(data, at, 2))
    at += 2
    while at < end:
        kind, length = int.from_bytes(_exactly(data, at, 2)), int.from_bytes(_exactly(data, at + 2, 2))
        if kind == _SERVER_NAME:
            return _first_name(_exactly(data, at + 4, length))
        at += 4 + length
    return None


def _first_name(extension: bytes) -> str | None:
    """The list has one entry in practice, and one kind of entry by definition."""
    if extension[2] != _HOST_NAME:
        return None
    return _exactly(extension, 5, int.from_bytes(_exactly(extension, 3, 2))).decode("ascii").lower()


def _exactly(data: bytes, start: int, size: int) -> bytes:
    part = data[start : start + size]
    if len(part) != size:
        raise ValueError("cut short")
    return part
