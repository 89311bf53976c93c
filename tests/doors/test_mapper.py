"""The CONNECT proxy for tools that have Microsoft's names built in (02 section 11)."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import asynccontextmanager

import httpx
import pytest
from structlog.testing import capture_logs

from doors.conftest import free_port
from taxiway.cli.proxy import environment
from taxiway.doors.errors import PortInUse
from taxiway.doors.mapper import Mapper
from taxiway.doors.names import microsoft_names

pytestmark = pytest.mark.anyio
METADATA = "/common/v2.0/.well-known/openid-configuration"


@asynccontextmanager
async def mapping(port, *own):
    """The proxy in front of a server on this port."""
    mapper = Mapper([*own, *(name.host for name in microsoft_names())], "127.0.0.1", port)
    ready, stop = asyncio.Event(), asyncio.Event()
    running = asyncio.create_task(mapper.serve(0, ready=ready, stop=stop))
    await ready.wait()
    yield mapper.port
    stop.set()
    await running


async def say(port, request):
    """Bytes to the proxy; its whole answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    await writer.drain()
    try:
        return await reader.read()
    finally:
        writer.close()


async def test_an_unmodified_client_reaches_the_instance_by_microsofts_names(names, monkeypatch):
    """httpx with nothing but the environment that the command prints; every TLS check is on."""
    async with mapping(names.settings.names.port) as port:
        for name, value in environment(port, names.files.microsoft_root)["Python"].items():
            monkeypatch.setenv(name, value)
        async with httpx.AsyncClient() as client:
            found = (await client.get(f"https://login.microsoftonline.com{METADATA}")).json()
            graph = await client.get("https://graph.microsoft.com/v1.0/me")
            with pytest.raises(httpx.ProxyError, match="403"):
                await client.get("https://www.example.com/")
    assert found["issuer"] == "https://login.microsoftonline.com/{tenantid}/v2.0"
    assert graph.json()["error"]["code"] == "InvalidAuthenticationToken"


@pytest.mark.parametrize(
    "request_line",
    [
        "CONNECT www.example.com:443",
        "CONNECT login.microsoftonline.com:80",
        "CONNECT login.microsoftonline.com",
        "CONNECT login.microsoftonline.com.example:443",
        "CONNECT login.microsoftonline.com:443@www.example.com:443",
        "CONNECT 127.0.0.1:443",
        "GET https://login.microsoftonline.com/",
        "connect login.microsoftonline.com:443",
        "",
    ],
)
async def test_everything_but_a_listed_name_is_refused(request_line):
    """403 with a sentence, and not even the instance is connected to."""
    reached = []
    server = await asyncio.start_server(lambda _, writer: (reached.append(1), writer.close()), "127.0.0.1", 0)
    async with server, mapping(server.sockets[0].getsockname()[1]) as port:
        answer = await say(port, f"{request_line} HTTP/1.1\r\nHost: login.microsoftonline.com:443\r\n\r\n".encode())
        assert answer.startswith(b"HTTP/1.1 403 Forbidden\r\n")
        assert b"no connection to it was made" in answer
        assert not reached
        allowed = await say(port, b"CONNECT Login.MicrosoftOnline.com:443 HTTP/1.1\r\n\r\n")
        assert allowed.startswith(b"HTTP/1.1 200 ")
        assert reached


async def test_own_names_are_led_by_both_ports_and_a_refusal_is_said():
    """An address of ours has the listener's port, and a client may leave it out; what is refused goes to the log."""
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, mapping(port, "login.contoso.example") as proxy:
        for asked in (443, port):
            answer = await say(proxy, f"CONNECT login.contoso.example:{asked} HTTP/1.1\r\n\r\n".encode())
            assert answer.startswith(b"HTTP/1.1 200 ")
        with capture_logs() as said:
            await say(proxy, b"CONNECT www.example.com:443 HTTP/1.1\r\n\r\n")
    assert said == [{"event": "refused", "target": "www.example.com:443", "log_level": "info"}]


async def test_what_is_no_request_is_refused_and_a_missing_server_is_named():
    """A head without end is a 400; a server that is down a 502 that says what to do."""
    async with mapping(free_port()) as port:
        assert (await say(port, b"x" * 20_000)).startswith(b"HTTP/1.1 400 ")
        answer = await say(port, b"CONNECT graph.microsoft.com:443 HTTP/1.1\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 502 ")
        assert b"taxiway up" in answer
        with pytest.raises(PortInUse, match=str(port)):
            await Mapper([], "127.0.0.1", 1).serve(port, ready=asyncio.Event(), stop=asyncio.Event())


async def test_bytes_pass_both_ways_until_both_ends_are_done():
    """The server may still answer when the client has said all it had to say."""

    async def echo(reader, writer):
        writer.write(await reader.read())
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    async with server, mapping(server.sockets[0].getsockname()[1]) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"CONNECT graph.microsoft.com:443 HTTP/1.1\r\n\r\n" + b"a" * 300_000)
        writer.write_eof()
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
        assert len(await reader.read()) == 300_000
        writer.close()


async def start(*arguments):
    """A command of ours with ``--json``; the process and the first thing it says."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "taxiway", *arguments, "--json"), stdout=asyncio.subprocess.PIPE
    )
    return process, json.loads(await process.stdout.readline())


async def test_the_two_commands_work_together_without_root(tmp_path, monkeypatch):
    """``up --microsoft-names`` on a free port, ``proxy`` from its folder, and the environment it prints."""
    ports = [str(free_port()) for _ in range(3)]
    options = zip(("--people-port", "--devices-port", "--names-port"), ports, strict=True)
    server, said = await start(
        "up", "--data", str(tmp_path / "data"), "--microsoft-names", *(part for pair in options for part in pair)
    )
    proxy, told = await start("proxy", "--data", str(tmp_path / "data"), "--port", "0")
    try:
        assert said["names"] == f"127.0.0.1:{ports[2]}"
        assert told["ca_file"] == said["microsoft_ca_file"]
        for name, value in told["environment"]["Python"].items():
            monkeypatch.setenv(name, value)
        async with httpx.AsyncClient() as client:
            answer = await client.get(f"https://login.microsoftonline.com{METADATA}")
        assert answer.json()["token_endpoint"] == "https://login.microsoftonline.com/common/oauth2/v2.0/token"
    finally:
        for process in (proxy, server):
            process.terminate()
            await process.communicate()


async def test_the_proxy_says_what_is_missing(tmp_path):
    """A server that has not switched the names on is named with the option that does."""
    (tmp_path / "server.json").write_text('{"people": "https://localhost:8443"}')
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "taxiway", "proxy", "--data", str(tmp_path)), stderr=asyncio.subprocess.PIPE
    )
    _, said = await process.communicate()
    assert process.returncode == 1
    assert b"--microsoft-names" in said
