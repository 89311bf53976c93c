"""One port and many host names: which policy and which addresses a client gets (design, rule 10; 03 section 1.1)."""

from __future__ import annotations

import asyncio
import socket
import ssl
from datetime import timedelta

import httpx
import msgspec
import pytest
from cryptography import x509

from doors.conftest import asked_for_a_certificate
from support.graph_client import mint, person
from taxiway import directory, pki
from taxiway.doors import Door
from taxiway.doors.names import microsoft_names
from taxiway.settings import BadSettings, NameSettings, Settings, load_settings

pytestmark = pytest.mark.anyio
MDM = "/ManagementServer/MDM.svc"
PEOPLE = ("login.taxiway.example", "graph.taxiway.example", "login.microsoftonline.com", "login.windows.net")
PEOPLE += ("sts.windows.net", "graph.microsoft.com", "portal.manage.microsoft.com")
DEVICES = ("drs.taxiway.example", "mdm.taxiway.example", "enterpriseregistration.windows.net", "manage.microsoft.com")
DEVICES += ("enrollment.manage.microsoft.com", "ztd.dds.microsoft.com", "device.login.microsoftonline.com")


async def test_the_name_decides_whether_a_certificate_is_asked_for(names):
    """A browser at a people's name is never asked, a device always is; without a name nobody is."""
    port, root = names.settings.names.port, names.files.microsoft_root
    for asks, hosts in ((False, PEOPLE), (True, DEVICES)):
        for host in hosts:
            context = names.context(root=None if host.endswith(".example") else root)
            assert await asked_for_a_certificate(port, context, host) is asks, host
    assert await asked_for_a_certificate(port, names.context(), "127.0.0.1") is False


async def test_a_device_is_known_by_its_certificate_under_a_name(names, tenant):
    """The certificate reaches the application under the MDM's own name and under Microsoft's."""
    shown = await names.certificate(tenant)
    for host in ("mdm.taxiway.example", "enrollment.manage.microsoft.com"):
        assert (await names.ask_name(host, MDM, method="POST", content=b"x")).status_code == 403
        assert (await names.ask_name(host, MDM, method="POST", content=b"x", show=shown)).status_code == 400


async def test_15_14_each_name_answers_with_the_addresses_of_its_family(names, tenant):
    """Issuer and endpoints are those of the name that was asked; an alias signs in for its family's issuer."""
    port = names.settings.names.port
    own = f"https://login.taxiway.example:{port}"
    expected = {
        "login.taxiway.example": (own, own),
        "login.microsoftonline.com": ("https://login.microsoftonline.com",) * 2,
        "login.windows.net": ("https://login.microsoftonline.com", "https://login.windows.net"),
    }
    for host, (issuer, login) in expected.items():
        found = (await names.ask_name(host, f"/{tenant}/v2.0/.well-known/openid-configuration")).json()
        assert found["issuer"] == f"{issuer}/{tenant}/v2.0"
        assert found["token_endpoint"] == f"{login}/{tenant}/oauth2/v2.0/token"
    door = (await names.ask("people", f"/{tenant}/v2.0/.well-known/openid-configuration")).json()
    assert door["issuer"] == f"{names.settings.two_doors.login}/{tenant}/v2.0"


async def test_instance_discovery_under_microsofts_name_has_its_aliases(names):
    """The row that MSAL has built in, and our own login name besides."""
    query = {"api-version": "1.1"}
    url = "https://login.windows.net/common/oauth2/v2.0/authorize"
    path = "/common/discovery/instance"
    found = await names.ask_name("login.microsoftonline.com", path, params={**query, "authorization_endpoint": url})
    assert found.json()["metadata"] == [
        {
            "preferred_network": "login.microsoftonline.com",
            "preferred_cache": "login.windows.net",
            "aliases": ["login.microsoftonline.com", "login.windows.net", "login.microsoft.com", "sts.windows.net"],
        }
    ]
    own = f"login.taxiway.example:{names.settings.names.port}"
    url = f"https://{own}/common/oauth2/authorize"
    found = await names.ask_name("login.microsoftonline.com", path, params={**query, "authorization_endpoint": url})
    assert found.json()["tenant_discovery_endpoint"] == f"https://{own}/common/.well-known/openid-configuration"


async def test_device_registration_is_told_in_the_addresses_of_its_family(names, tenant):
    """The DRS of Microsoft's name sends a device on to Microsoft's names, our own to our own."""
    path = "/contoso.example/Discover?api-version=1.9"
    theirs = (await names.ask_name("enterpriseregistration.windows.net", path)).json()
    assert theirs["DeviceJoinService"]["JoinEndpoint"].startswith("https://enterpriseregistration.windows.net/")
    assert theirs["AuthenticationService"]["OAuth2"]["TokenEndpoint"].startswith("https://login.microsoftonline.com/")
    port = names.settings.names.port
    ours = (await names.ask_name("drs.taxiway.example", path)).json()
    assert ours["DeviceJoinService"]["JoinEndpoint"].startswith(f"https://drs.taxiway.example:{port}/")
    assert "microsoftonline" not in ours["AuthenticationService"]["OAuth2"]["TokenEndpoint"]


@pytest.mark.parametrize("host", ["evil.example", "login.microsoftonline.com.evil.example", "localhost", "", "a:b:c"])
async def test_15_14_a_request_for_another_host_is_misdirected(names, host):
    """421 with a name, whatever TLS was told; no address in the answer comes from the request."""
    answer = await names.ask_name("login.taxiway.example", "/common/v2.0/.well-known/openid-configuration", host=host)
    assert (answer.status_code, answer.json()["error"]["code"]) == (421, "MisdirectedRequest")
    assert answer.headers["x-ms-request-id"]
    assert "evil" not in answer.text


@pytest.mark.parametrize("door", ["people", "devices"])
async def test_15_14_the_two_doors_answer_for_this_machine_only(doors, door):
    """Our host, localhost and 127.0.0.1, with any port and any case; every other host is 421."""
    path = "/connecttest.txt"
    for host in ("localhost", "LOCALHOST:1", "127.0.0.1", "localhost."):
        assert (await doors.ask(door, path, headers={"host": host})).status_code == 200, host
    for host in ("evil.example", "graph.microsoft.com", "localhost.evil.example", "[::1]:8443", "localhost@evil"):
        assert (await doors.ask(door, path, headers={"host": host})).status_code == 421, host


async def test_a_host_that_was_configured_in_capitals_is_answered_for(rt):
    """Host names have no case, wherever they were written."""
    door = Door([], rt.entropy, ["MDM.Example"])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(door), base_url="https://mdm.example:8443") as client:
        assert (await client.get("/")).status_code == 404
        assert (await client.get("/", headers={"host": "other.example"})).status_code == 421


async def test_15_14_two_host_lines_name_no_host(doors):
    """Which of them a proxy in front looked at is not to be guessed."""
    port = doors.settings.doors.people_port
    reader, writer = await asyncio.open_connection("localhost", port, ssl=doors.context())
    writer.write(b"GET /connecttest.txt HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n")
    assert (await reader.readline()).split()[1] == b"421"
    writer.close()


async def test_microsofts_names_are_off_by_default(doors):
    """No listener, no authority, no file."""
    with pytest.raises(pki.NoAuthority):
        await pki.authority(doors.rt, "microsoft")
    assert not doors.files.microsoft_root.exists()
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", doors.settings.names.port)):
        pass


async def test_neither_root_speaks_for_the_names_of_the_other(names):
    """Who trusts the instance's own root has not thereby trusted it with Microsoft's names, nor the reverse."""
    port = names.settings.names.port
    for host, root in (
        ("login.microsoftonline.com", names.files.root),
        ("login.taxiway.example", names.files.microsoft_root),
    ):
        with pytest.raises(ssl.SSLCertVerificationError):
            await asyncio.open_connection("127.0.0.1", port, ssl=names.context(root=root), server_hostname=host)


async def shows(names, host, subject):
    """Serve a leaf for ``subject`` made by the authority for Microsoft's names, and connect to it as ``host``."""
    made = await pki.server_certificate(names.rt, [subject], "microsoft")
    chain, key = names.folder / "other-chain.pem", names.folder / "other-key.pem"
    chain.write_text(made.chain)
    key.write_text(made.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=context)
    async with server:
        port = server.sockets[0].getsockname()[1]
        client = names.context(root=names.files.microsoft_root)
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=client, server_hostname=host)
        writer.close()


@pytest.mark.parametrize("host", ["www.example.com", "microsoft.com", "login.live.com", "evilmanage.microsoft.com"])
async def test_15_18_the_root_for_microsofts_names_is_good_for_no_other(names, host):
    """A leaf for another name, made with the very key of that authority, is refused by the client's TLS library."""
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree violation"):
        await shows(names, host, host)


async def test_15_18_the_root_for_microsofts_names_is_good_for_no_address(names):
    """Nor for an IP address; for a listed name the same leaf is taken, so it is the constraint that refuses."""
    with pytest.raises(ssl.SSLCertVerificationError, match="excluded subtree violation"):
        await shows(names, "127.0.0.1", "127.0.0.1")
    await shows(names, "graph.microsoft.com", "graph.microsoft.com")


async def test_15_18_the_roots_key_is_forgotten_and_exactly_the_names_are_permitted(names):
    """Both certificates carry the constraint, critical, and nothing can sign with the root again."""
    made = await pki.authority(names.rt, "microsoft")
    for certificate in (made.certificate, made.root):
        found = certificate.extensions.get_extension_for_class(x509.NameConstraints)
        assert found.critical
        assert {name.value for name in found.value.permitted_subtrees} == {n.host for n in microsoft_names()}
    with pytest.raises(pki.NoAuthority):
        await pki.authority(names.rt, "microsoft_root")
    with pytest.raises(pki.NoAuthority):
        await pki.issue(
            names.rt,
            "microsoft_root",
            public_key=made.key.public_key(),
            subject=made.root.subject,
            lifetime=timedelta(days=1),
        )


async def test_a_client_that_says_nothing_or_nonsense_holds_up_nobody(names):
    """Silent, half a hello, no TLS at all, gone at once: the next client is served."""
    port = names.settings.names.port
    writers = []
    for sent in (
        b"",
        b"\x16\x03\x01\x20\x00" + b"x" * 40,
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x00\x01x",
    ):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        await writer.drain()
        writers.append(writer)
    writers.pop().close()
    assert (await names.ask_name("login.taxiway.example", "/connecttest.txt")).status_code == 200
    for writer in writers:
        writer.close()


async def test_a_hello_that_arrives_in_pieces_is_waited_for(names):
    """The policy is the device name's although the name was in the second piece."""
    context = names.context()
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    session = context.wrap_bio(incoming, outgoing, server_hostname="mdm.taxiway.example")
    with pytest.raises(ssl.SSLWantReadError):
        session.do_handshake()
    hello = outgoing.read()
    reader, writer = await asyncio.open_connection("127.0.0.1", names.settings.names.port)
    for start in range(0, len(hello), 100):
        writer.write(hello[start : start + 100])
        await writer.drain()
        await asyncio.sleep(0)
    incoming.write(await reader.read(65_536))
    for _ in range(3):
        try:
            session.do_handshake()
            break
        except ssl.SSLWantReadError:
            incoming.write(await reader.read(65_536))
    assert "mdm.taxiway.example" in str(session.getpeercert()["subjectAltName"])
    writer.close()


@pytest.mark.parametrize(
    "names",
    [
        {"login": "Login.example"},
        {"login": "login"},
        {"login": "1.2.3.4"},
        {"login": "a.example\n"},
        {"graph": "graph.microsoft.com"},
        {"drs": "drs.windows.net"},
        {"login": "one.example", "mdm": "one.example"},
    ],
)
def test_names_that_cannot_be_served_are_refused_at_the_start(tmp_path, names):
    """No host name, a name of Microsoft's under our own root, one name for people and devices."""
    lines = "\n".join(f"{key} = {msgspec.json.encode(value).decode()}" for key, value in names.items())
    (tmp_path / "taxiway.toml").write_text(f"[names]\n{lines}\n")
    with pytest.raises(BadSettings):
        load_settings(tmp_path, {})


def test_a_service_without_a_name_stays_at_its_door():
    """Only what is configured moves; port 443 is not written."""
    urls = Settings(names=NameSettings(login="login.example", mdm="mdm.example")).urls
    assert (urls.login, urls.issuer, urls.mdm) == (
        "https://login.example",
        "https://login.example",
        "https://mdm.example",
    )
    assert (urls.graph, urls.drs) == ("https://localhost:8443", "https://localhost:8444")
    assert Settings().families == (Settings().two_doors,)


async def test_graph_links_carry_the_name_that_was_asked(names, tenant):
    """A client that follows a link comes back to where it was (02 section 1.1)."""
    admin = await person(names.rt, tenant, "grace", directory.GLOBAL_ADMINISTRATOR)
    await person(names.rt, tenant, "ada")
    bearer = {"authorization": f"Bearer {await mint(names.rt, tenant, admin['id'])}"}
    for host in ("graph.microsoft.com", "graph.taxiway.example"):
        found = (await names.ask_name(host, "/v1.0/users?$top=1", headers=bearer)).json()
        assert found["@odata.nextLink"].startswith(f"https://{host}/v1.0/users?")
