"""The doors of this room: who gets in, what comes back, and content by range (04 section 13.2, 05 section 2)."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import NameOID

from management.uris import USER_NODE
from taxiway import enrollment, pki, signin
from taxiway.doors import Door
from taxiway.enrollment import ENROLLMENTS
from taxiway.kernel import SystemEntropy
from taxiway.management import APPS, routes
from taxiway.wire.syncml import CONTENT_TYPE, parse_message, render_message

pytestmark = pytest.mark.anyio
MDM = "/ManagementServer/MDM.svc?mode=Maintenance&Platform=WoA"


@pytest.fixture
async def door(rt):
    """The room's routes behind a door; ``present`` makes the connection bear a certificate."""
    app = Door(routes(rt), SystemEntropy())

    class Presenting:
        chain = ()

        async def __call__(self, scope, receive, send):
            scope["extensions"] = {"tls": {"client_cert_chain": self.chain}}
            await app(scope, receive, send)

    presenting = Presenting()
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(presenting), base_url="https://localhost:8444"
    ) as client:
        client.present = lambda *chain: setattr(presenting, "chain", chain)
        yield client


async def certificate(rt, tenant, purpose, subject):
    """An issued and recorded certificate as PEM."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    made = await pki.issue(rt, purpose, public_key=rt.keys.rsa().public_key(), subject=name, lifetime=timedelta(days=1))
    await rt.store.write(tenant, lambda tx: pki.record(tx, made, purpose=purpose, subject=subject))
    return made.public_bytes(serialization.Encoding.PEM).decode()


@pytest.fixture
async def own(rt, tenant, pc):
    """The management certificate of the enrolled device."""
    made = await certificate(rt, tenant, "management", f"managed:{pc.managed_id}")
    thumbprint = pki.thumbprint(x509.load_pem_x509_certificate(made.encode()))
    await rt.store.write(tenant, lambda tx: ENROLLMENTS.update(tx, pc.managed_id, {"thumbprint": thumbprint}))
    return made


async def test_a_session_runs_over_the_endpoint(door, pc, own):
    """With its certificate the device is answered in its own encoding."""
    door.present(own)
    answer = await door.post(MDM, content=render_message(pc.first("A")), headers={"content-type": CONTENT_TYPE})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(CONTENT_TYPE)
    assert answer.headers["content-length"] == str(len(answer.content))
    assert parse_message(answer.content).header.session_id == "A"


async def test_without_the_right_certificate_there_is_no_session(door, rt, tenant, pc, own):
    """None, a join certificate, one that was revoked: 403, and no device is looked up by its name in the body."""
    body = render_message(pc.first("A"))
    assert (await door.post(MDM, content=body)).status_code == 403
    door.present(await certificate(rt, tenant, "device", "device:1"))
    assert (await door.post(MDM, content=body)).status_code == 403
    await rt.store.write(tenant, lambda tx: pki.revoke(tx, subject=f"managed:{pc.managed_id}"))
    door.present(own)
    assert (await door.post(MDM, content=body)).status_code == 403


@pytest.mark.parametrize(
    "body",
    [b"", b"<SyncML/>", b"\x00\xff", b'<!DOCTYPE a [<!ENTITY b "c">]><SyncML xmlns="SYNCML:SYNCML1.2">&b;</SyncML>'],
)
async def test_hostile_bytes_are_a_400(door, own, body):
    """What is not SyncML is refused without a trace."""
    door.present(own)
    assert (await door.post(MDM, content=body)).status_code == 400


@pytest.fixture
async def content(msi, everywhere, pc):
    """The path of a published installer; its bytes are "installer of Tool"."""
    app_id = await msi("Tool", everywhere)
    row = await pc.read(lambda tx: APPS.require(tx, app_id))
    return f"/content/{row['content_sha256']}"


async def test_content_comes_whole_and_by_range(door, own, content):
    """The whole, a part, the rest, the end; beyond the end is 416."""
    door.present(own)
    assert (await door.get(content)).content == b"installer of Tool"
    for header, status, expected in (
        ("bytes=0-8", 206, b"installer"),
        ("bytes=10-", 206, b"of Tool"),
        ("bytes=-4", 206, b"Tool"),
        ("bytes=0-999", 206, b"installer of Tool"),
        ("lines=1-2", 200, b"installer of Tool"),
    ):
        answer = await door.get(content, headers={"range": header})
        assert (answer.status_code, answer.content) == (status, expected)
    assert (await door.get(content, headers={"range": "bytes=99-"})).status_code == 416


async def test_content_is_the_tenants_own(door, rt, content):
    """No certificate, another tenant's device, another name: nothing."""
    assert (await door.get(content)).status_code == 403
    door.present(await certificate(rt, rt.entropy.uuid(), "management", "managed:elsewhere"))
    assert (await door.get(content)).status_code == 404
    assert (await door.get("/content/" + "0" * 64)).status_code == 404
    assert (await door.get("/content/..%2F..%2Fkeys")).status_code == 404


async def test_the_users_token_counts_only_on_its_own_device(door, rt, pc, own, monkeypatch, custom, everyone):
    """A good token given on another device leaves the session the device's alone, and the log says so."""
    await custom("Mine", USER_NODE, 1, everyone)
    device = (await pc.read(lambda tx: enrollment.managed_device(tx, pc.managed_id)))["azure_ad_device_id"]

    async def verify(_rt, token, *, audiences):
        facts = {"tenant": pc.tenant, "app_id": "a", "aud": "b", "amr": (), "issued_at": None, "expires_at": None}
        return signin.Claims(**facts, uti="", oid=pc.owner, device_id=device if token == "good" else "other")

    monkeypatch.setattr(signin, "verify_token", verify)
    door.present(own)
    for token, session in (("bad", "A"), ("good", "B")):
        headers = {"authorization": f"Bearer {token}"}
        await door.post(MDM, content=render_message(pc.first(session, "user")), headers=headers)
    started = await pc.log("session.started")
    assert [entry.what["user"] for entry in started] == [None, pc.owner]
    assert started[0].why[0]["code"] == "session.no_user"
