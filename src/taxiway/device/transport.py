"""How the PC reaches its servers: HTTPS with one of three identities, repeated while a server is away."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx

from taxiway.device.errors import AnswerLost, AnswerTooLarge, ServerUnreachable
from taxiway.device.host import Host
from taxiway.device.tpm import Tpm
from taxiway.kernel.files import append_private

T = TypeVar("T")

COME_BACK_LATER = frozenset({429, 502, 503, 504})
LONGEST_PAUSE = 2.0
TRIES_AFTER_500 = 3
LARGEST_ANSWER = 512 * 1024 * 1024
_BLOCK = 1024 * 1024
_WHOLE, _PARTIAL = 200, 206
_NOT_CONNECTED = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class Identity(Enum):
    """Which certificate the PC shows: none, that of the join, or that of the management account."""

    NONE = ""
    DEVICE = "device"
    MANAGEMENT = "management"


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The three origins a PC is told, and the authority that its TLS connections are checked against."""

    ztd: str
    login: str
    drs: str
    ca_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer, for a transcript."""

    request: httpx.Request
    response: httpx.Response
    identity: Identity


Connect = Callable[[Identity], httpx.AsyncBaseTransport | None]
"""Another way to a server than a socket, by identity; None means a socket."""


@dataclass(slots=True)
class Transport:
    """Sends requests for one deployment; close it when the PC is off."""

    host: Host
    tpm: Tpm
    correlation: str
    ca_file: Path | None = None
    connect: Connect | None = None
    watch: Callable[[Exchange], None] | None = None
    skew: timedelta = timedelta()
    _clients: dict[Identity, httpx.AsyncClient] = field(default_factory=dict)

    def now(self) -> datetime:
        """The clock of the servers as far as the PC knows it (06 section 3.12, event 753)."""
        return self.host.clock.now() + self.skew

    async def send(
        self,
        method: str,
        url: str,
        *,
        identity: Identity = Identity.NONE,
        repeatable: bool = True,
        headers: Mapping[str, str] | None = None,
        into: Path | None = None,
        **body: Any,
    ) -> httpx.Response:
        """Send until there is an answer that counts; ``body`` is httpx' ``content``, ``json``, ``data`` or ``params``.

        A request that is not ``repeatable`` raises :class:`AnswerLost` when it may have arrived. After the host's
        patience it is :class:`ServerUnreachable`; an answer longer than the PC holds is :class:`AnswerTooLarge`.
        ``into``: the file that takes what is answered; only what is not in it yet is asked for.
        """
        if urlsplit(url).scheme != "https":
            raise ServerUnreachable("0x8018001A", f"the address {url} is not an https address")
        client = self._client(identity)
        deadline = self.host.clock.monotonic() + self.host.pace.patience
        pause = self.host.pace.pause
        failures = 0
        sent = {"client-request-id": self.correlation, **(headers or {})}
        while True:
            wait: float | None = None
            try:
                if into is None:
                    response = await _request(client, method, url, headers=sent, **body)
                else:
                    response = await self._save(client, url, sent, into)
            except httpx.TransportError as error:
                if not repeatable and not isinstance(error, _NOT_CONNECTED):
                    raise AnswerLost(f"no answer from {urlsplit(url).netloc}") from error
                trouble = f"no connection to {urlsplit(url).netloc} ({type(error).__name__})"
            else:
                self._note(response, identity)
                failures += response.status_code == 500
                if not _worth_repeating(response, failures):
                    return response
                trouble = f"{urlsplit(url).netloc} answers {response.status_code}"
                wait = _retry_after(response)
            pause = min(LONGEST_PAUSE, pause * 2)
            await self._wait(wait if wait is not None else pause, deadline, trouble)

    async def _save(
        self, client: httpx.AsyncClient, url: str, headers: Mapping[str, str], into: Path
    ) -> httpx.Response:
        """Send once and write the answer behind what the file has; a server that sends all of it begins it anew."""
        have = await self.host.workers.run(_length_of, into)
        wanted = {"accept-encoding": "identity", **({"range": f"bytes={have}-"} if have else {})}
        async with client.stream("GET", url, headers={**headers, **wanted}) as response:
            goes_on = response.status_code == _PARTIAL
            if goes_on and not response.headers.get("content-range", "").startswith(f"bytes {have}-"):
                raise httpx.RemoteProtocolError("another range than asked for")
            if goes_on or response.status_code == _WHOLE:
                await self._write(response, into, have if goes_on else 0)
        return httpx.Response(response.status_code, headers=_told(response), request=response.request)

    async def _write(self, response: httpx.Response, into: Path, have: int) -> None:
        write, pieces, fresh = self.host.workers.run, bytearray(), have == 0
        try:
            async for piece in response.aiter_bytes():
                pieces += piece
                if have + len(pieces) > LARGEST_ANSWER:
                    raise _too_large(str(response.url))
                if len(pieces) >= _BLOCK:
                    await write(lambda data, begin: append_private(into, data, fresh=begin), bytes(pieces), fresh)
                    have, pieces, fresh = have + len(pieces), bytearray(), False
        finally:  # what came before the connection broke counts
            await write(lambda data, begin: append_private(into, data, fresh=begin), bytes(pieces), fresh)

    async def again(self, step: Callable[[], Awaitable[T]]) -> T:
        """Run a step whose requests cannot be repeated one by one, and begin it again when an answer was lost."""
        deadline = self.host.clock.monotonic() + self.host.pace.patience
        while True:
            try:
                return await step()
            except AnswerLost as error:
                await self._wait(self.host.pace.pause, deadline, error.message)

    async def close(self) -> None:
        """Close all connections."""
        for client in self._clients.values():
            await client.aclose()
        self._clients.clear()

    async def forget(self, identity: Identity) -> None:
        """Drop the connections of an identity, because its certificate changed."""
        client = self._clients.pop(identity, None)
        if client is not None:
            await client.aclose()

    async def _wait(self, seconds: float, deadline: float, trouble: str) -> None:
        if self.host.clock.monotonic() + seconds > deadline:
            raise ServerUnreachable("0x80072EFD", trouble, remedy="Check the network and that the server runs.")
        await self.host.clock.sleep(seconds)

    def _note(self, response: httpx.Response, identity: Identity) -> None:
        if "date" in response.headers:
            self.skew = _skew(response.headers["date"], self.host.clock.now())
        if self.watch is not None:
            self.watch(Exchange(response.request, response, identity))

    def _client(self, identity: Identity) -> httpx.AsyncClient:
        if identity not in self._clients:
            inner = self._way(identity)
            self._clients[identity] = httpx.AsyncClient(
                transport=inner,
                verify=True if inner is not None else self._context(identity),
                trust_env=False,
                timeout=30.0,
            )
        return self._clients[identity]

    def _way(self, identity: Identity) -> httpx.AsyncBaseTransport | None:
        """What replaces a plain socket: another way to the servers, one with faults on it, or nothing."""
        inner = self.connect(identity) if self.connect is not None else None
        faults = self.host.place.faults
        if faults is None:
            return inner
        socket = inner or httpx.AsyncHTTPTransport(verify=self._context(identity), trust_env=False)
        return faults.between(socket, self.host.clock)

    def _context(self, identity: Identity) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.ca_file) if self.ca_file else None)
        if identity is not Identity.NONE:
            context.load_cert_chain(self.tpm.certificate_file(identity.value), self.tpm.key_file(identity.value))
        return context


async def _request(client: httpx.AsyncClient, method: str, url: str, **parts: Any) -> httpx.Response:
    """Send once and read the answer, at most ``LARGEST_ANSWER`` bytes of it after decompression."""
    async with client.stream(method, url, **parts) as response:
        content = bytearray()
        async for piece in response.aiter_bytes():
            content += piece
            if len(content) > LARGEST_ANSWER:
                raise _too_large(url)
    told = _told(response)
    return httpx.Response(response.status_code, headers=told, content=bytes(content), request=response.request)


def _length_of(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _told(response: httpx.Response) -> list[tuple[str, str]]:
    """The headers of an answer without those of its packing, but with the word that there was one."""
    unpacked = [pair for pair in response.headers.multi_items() if pair[0].lower() not in _OF_THE_PACKING]
    packed = "content-encoding" in response.headers or "transfer-encoding" in response.headers
    return [*unpacked, *([(PACKED, "1")] if packed else [])]


def _too_large(url: str) -> AnswerTooLarge:
    return AnswerTooLarge("0x800700DF", f"the answer of {urlsplit(url).netloc} is longer than {LARGEST_ANSWER} bytes")


#: Says of an answer that it came chunked or compressed, which some services must not do (04 section 2.1).
PACKED = "x-arrived-packed"
_OF_THE_PACKING = frozenset({"content-encoding", "content-length", "transfer-encoding", PACKED})


def _skew(date: str, now: datetime) -> timedelta:
    """How far the server's clock is ahead; less than two seconds is the resolution of the header."""
    try:
        ahead = parsedate_to_datetime(date).astimezone(UTC) - now
    except ValueError:
        return timedelta()
    return ahead if abs(ahead) > timedelta(seconds=2) else timedelta()


def _worth_repeating(response: httpx.Response, failures: int) -> bool:
    """Whether the server may do better soon; a SOAP fault is an answer although it comes with 500."""
    if response.status_code == 500:
        return failures < TRIES_AFTER_500 and "soap" not in response.headers.get("content-type", "")
    return response.status_code in COME_BACK_LATER


def _retry_after(response: httpx.Response) -> float | None:
    value = response.headers.get("retry-after", "")
    return float(value) if value.isdigit() else None
