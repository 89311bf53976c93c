"""The real listeners of an instance, and clients with a certificate or without."""

from __future__ import annotations

import asyncio
import socket
import ssl
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import NameOID

from taxiway import app, pki
from taxiway.kernel import SystemClock
from taxiway.settings import DoorSettings, NameSettings, Settings


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def clock():
    """TLS reads the machine's clock, so the certificates are made by it."""
    return SystemClock()


class Doors:
    """Both doors of an instance, and clients with a certificate or without."""

    def __init__(self, rt, files, settings, folder):
        self.rt, self.files, self.settings, self.folder = rt, files, settings, folder

    def port(self, door):
        return self.settings.doors.people_port if door == "people" else self.settings.doors.devices_port

    def context(self, certificate=None, key=None, *, root=None):
        """A client's TLS settings, with a certificate to show."""
        context = ssl.create_default_context(cafile=str(root or self.files.root))
        if certificate is not None:
            file = self.folder / f"{certificate.serial_number:x}.pem"
            private = key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + private)
            context.load_cert_chain(file)
        return context

    async def ask(self, door, path, *, show=(), method="GET", **more):
        """One request over a connection of its own."""
        async with httpx.AsyncClient(verify=self.context(*show), trust_env=False) as client:
            return await client.request(method, f"https://localhost:{self.port(door)}{path}", **more)

    async def ask_name(self, name, path, *, show=(), host=None, method="GET", headers=None, **more):
        """One request to a host name of the third listener, which may claim to be for another ``host``."""
        microsoft = name.endswith((".microsoft.com", ".microsoftonline.com", ".windows.net"))
        context = self.context(*show, root=self.files.microsoft_root if microsoft else None)
        async with httpx.AsyncClient(verify=context, trust_env=False) as client:
            return await client.request(
                method,
                f"https://127.0.0.1:{self.settings.names.port}{path}",
                headers={"host": name if host is None else host, **(headers or {})},
                extensions={"sni_hostname": name},
                **more,
            )

    async def certificate(self, tenant, subject="managed:1"):
        """An issued and recorded management certificate with its key."""
        key = self.rt.keys.rsa()
        made = await pki.issue(
            self.rt, "management", public_key=key.public_key(), subject=named(subject), lifetime=timedelta(days=1)
        )
        await self.rt.store.write(tenant, lambda tx: pki.record(tx, made, purpose="management", subject=subject))
        return made, key


def named(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


async def asked_for_a_certificate(port, context, name="localhost"):
    """Whether the server asks for a client certificate: in TLS 1.2, where the request is readable."""
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    session = context.wrap_bio(incoming, outgoing, server_hostname=name)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    heard = b""
    try:
        while True:
            try:
                session.do_handshake()
                break
            except ssl.SSLWantReadError:
                writer.write(outgoing.read())
                data = await asyncio.wait_for(reader.read(65_536), 5)
                heard += data
                incoming.write(data)
    finally:
        writer.close()
        await writer.wait_closed()
    return 13 in handshake_kinds(heard)


def handshake_kinds(heard):
    """The kinds of the handshake messages that are in clear: 2 is ServerHello, 13 CertificateRequest."""
    clear, at = b"", 0
    while at + 5 <= len(heard) and heard[at] == 22:
        length = int.from_bytes(heard[at + 3 : at + 5])
        clear += heard[at + 5 : at + 5 + length]
        at += 5 + length
    kinds, at = [], 0
    while at + 4 <= len(clear):
        kinds.append(clear[at])
        at += 4 + int.from_bytes(clear[at + 1 : at + 4])
    return kinds


@asynccontextmanager
async def serving(rt, folder, **names):
    """The listeners of an instance with these host names, until the block ends."""
    files = app.Files(folder / "server")
    ports = DoorSettings(people_port=free_port(), devices_port=free_port())
    settings = Settings(doors=ports, names=NameSettings(port=free_port(), **names))
    ready, stop = asyncio.Event(), asyncio.Event()
    running = asyncio.create_task(app.run(rt, files, settings, ready=ready, stop=stop))
    await asyncio.wait([running, asyncio.create_task(ready.wait())], return_when=asyncio.FIRST_COMPLETED)
    assert ready.is_set(), running.exception()
    yield Doors(rt, files, settings, folder)
    stop.set()
    await running


@pytest.fixture
async def doors(rt, tmp_path):
    """Both doors, serving."""
    async with serving(rt, tmp_path) as made:
        yield made


@pytest.fixture
async def names(rt, tmp_path):
    """The two doors, and the third listener with names of its own and Microsoft's."""
    own = {service: f"{service}.taxiway.example" for service in ("login", "graph", "drs", "ztd", "mdm")}
    async with serving(rt, tmp_path, microsoft=True, **own) as made:
        yield made
