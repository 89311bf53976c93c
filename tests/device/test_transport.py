"""The way to the servers: identities, repeats, the clock."""

from __future__ import annotations

import asyncio
import gzip
import ssl
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from device.cloud import Authority
from taxiway.device import transport as transport_module
from taxiway.device.errors import AnswerLost, AnswerTooLarge, ServerUnreachable
from taxiway.device.tpm import NoSuchKey, Tpm
from taxiway.device.transport import Identity, Transport
from taxiway.kernel import InlineWorkers

pytestmark = pytest.mark.anyio


@pytest.fixture
def tpm(tmp_path, keys):
    return Tpm(tmp_path / "tpm", InlineWorkers(), keys)


def transport(host, tpm, handler):
    return Transport(host, tpm, "corr", connect=lambda identity: httpx.MockTransport(handler))


async def test_busy_servers_are_asked_again_after_the_time_they_name(host, tpm):
    """429 and 503 are no answers; Retry-After is obeyed."""
    answers = iter([httpx.Response(503), httpx.Response(429, headers={"retry-after": "0"}), httpx.Response(200)])
    link = transport(host, tpm, lambda request: next(answers))
    assert (await link.send("GET", "https://x.test/")).status_code == 200


async def test_a_soap_fault_is_an_answer(host, tpm):
    """A 500 that carries a fault is not repeated; another 500 is, a few times."""
    asked = []

    def handler(request):
        asked.append(request.url.path)
        kind = "application/soap+xml" if request.url.path == "/soap" else "text/plain"
        return httpx.Response(500, headers={"content-type": kind})

    link = transport(host, tpm, handler)
    await link.send("POST", "https://x.test/soap")
    await link.send("POST", "https://x.test/other")
    assert (asked.count("/soap"), asked.count("/other")) == (1, 3)


async def test_a_request_that_may_have_arrived_is_repeated_only_where_that_is_harmless(host, tpm):
    """Otherwise its step begins again."""
    calls = []

    def handler(request):
        calls.append(request)
        if len(calls) == 1:
            raise httpx.ReadError("lost", request=request)
        return httpx.Response(200)

    link = transport(host, tpm, handler)
    with pytest.raises(AnswerLost):
        await link.send("POST", "https://x.test/", repeatable=False)
    calls.clear()
    assert (await link.send("POST", "https://x.test/")).status_code == 200


@pytest.mark.parametrize("packed", [True, False])
async def test_an_answer_longer_than_the_pc_holds_is_refused_by_name(host, tpm, monkeypatch, packed):
    """It is not read to its end, nor unpacked to it, and not asked for again; one that fits is whole."""
    monkeypatch.setattr(transport_module, "LARGEST_ANSWER", 1000)
    asked = []

    def handler(request):
        asked.append(request)
        content = b"x" * int(request.url.path[1:])
        headers = {"content-encoding": "gzip"} if packed else {}
        return httpx.Response(200, headers=headers, content=gzip.compress(content) if packed else content)

    link = transport(host, tpm, handler)
    assert (await link.send("GET", "https://x.test/1000")).content == b"x" * 1000
    with pytest.raises(AnswerTooLarge) as refusal:
        await link.send("GET", "https://x.test/1001")
    assert refusal.value.code == "0x800700DF"
    assert len(asked) == 2


async def test_only_https_is_spoken(host, tpm):
    """An address without TLS is refused before anything is sent."""
    link = transport(host, tpm, lambda request: httpx.Response(200))
    with pytest.raises(ServerUnreachable) as refusal:
        await link.send("GET", "http://x.test/")
    assert refusal.value.code == "0x8018001A"


async def test_the_clock_follows_the_servers(host, tpm):
    """The Date header tells how far the clock of the PC is off (06 section 3.12, event 753)."""
    ahead = datetime.now(UTC) + timedelta(hours=2)
    date = ahead.strftime("%a, %d %b %Y %H:%M:%S GMT")
    link = transport(host, tpm, lambda request: httpx.Response(200, headers={"date": date}))
    await link.send("GET", "https://x.test/")
    assert abs(link.now() - ahead) < timedelta(seconds=5)


async def test_tls_checks_the_server_and_shows_the_chosen_certificate(host, tpm, keys, tmp_path):
    """Over a socket: the server is checked against the CA file; the certificate shown is the one meant."""
    authority = Authority(keys)
    pem = authority.root.public_bytes(Encoding.PEM) + authority.intermediate.public_bytes(Encoding.PEM)
    (tmp_path / "ca.pem").write_bytes(pem)
    server = await _tls_server(_server_files(keys, tmp_path), tmp_path / "ca.pem")
    key = await tpm.make("management")
    leaf = x509.load_der_x509_certificate(authority.issue("the-pc", key))
    tpm.keep_certificate("management", leaf, authority.intermediate)
    link = Transport(host, tpm, "corr", tmp_path / "server.pem")
    url = f"https://localhost:{server.sockets[0].getsockname()[1]}/"
    try:
        assert (await link.send("GET", url)).text == "nobody"
        assert (await link.send("GET", url, identity=Identity.MANAGEMENT)).text == "the-pc"
        stranger = Transport(host, tpm, "corr", tmp_path / "ca.pem")
        with pytest.raises(ServerUnreachable):
            await stranger.send("GET", url)
        await stranger.close()
    finally:
        await link.close()
        server.close()


async def test_a_key_is_made_once_and_kept_private(tpm, tmp_path):
    """After a power cut the key that was made is used again; names cannot leave the folder."""
    first = (await tpm.make("device")).public_numbers()
    again = Tpm(tmp_path / "tpm", InlineWorkers(), tpm._keys)
    assert (await again.make("device")).public_numbers() == first
    assert again.key_file("device").stat().st_mode & 0o077 == 0
    with pytest.raises(NoSuchKey):
        again.has("../escape")


def _server_files(keys, folder):
    key = keys.rsa()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "server.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "server.key").write_bytes(private)
    return folder / "server.pem", folder / "server.key"


async def _tls_server(files, ca_file):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
    context.load_verify_locations(ca_file)
    context.verify_mode = ssl.CERT_OPTIONAL

    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        peer = writer.get_extra_info("peercert")
        name = dict(part for rdn in peer["subject"] for part in rdn)["commonName"] if peer else "nobody"
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(name)}\r\nConnection: close\r\n\r\n{name}".encode())
        await writer.drain()
        writer.close()

    return await asyncio.start_server(serve, "localhost", 0, ssl=context)
