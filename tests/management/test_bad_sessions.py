"""The management endpoint meets bad input and wrong certificates: a named refusal, no 5xx, nothing stored (05, 16)."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest
import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from management.uris import CORTANA
from taxiway import enrollment, pki
from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.doors import Door
from taxiway.enrollment import ENROLLMENTS
from taxiway.kernel import SystemEntropy
from taxiway.management import routes
from taxiway.store import metadata
from taxiway.wire.syncml import parse_message, render_message

pytestmark = pytest.mark.anyio
MDM = "/ManagementServer/MDM.svc?mode=Machine&Platform=WoA"
PEM = serialization.Encoding.PEM


@pytest.fixture
def esp(esp):
    """These devices show no status page."""
    return {**esp, "show": False, "show_user_page": False}


async def issue(rt, tenant, purpose, subject, *, days=1, record=True):
    """A certificate of one of our authorities, on record for a subject."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    key = rt.keys.rsa().public_key()
    made = await pki.issue(rt, purpose, public_key=key, subject=name, lifetime=timedelta(days=days))
    if record:
        await rt.store.write(tenant, lambda tx: pki.record(tx, made, purpose=purpose, subject=subject))
    return made


@pytest.fixture
async def line(rt, tenant, pc):
    """Post bytes to the endpoint over a connection that bears a certificate: the device's own, if nothing is said."""
    own = await issue(rt, tenant, "management", f"managed:{pc.managed_id}", days=30)
    current = {"thumbprint": pki.thumbprint(own)}
    await rt.store.write(tenant, lambda tx: ENROLLMENTS.update(tx, pc.managed_id, current))
    door = Door(routes(rt), SystemEntropy())
    chain = [own.public_bytes(PEM).decode()]

    async def presenting(scope, receive, send):
        scope["extensions"] = {"tls": {"client_cert_chain": tuple(chain)}}
        await door(scope, receive, send)

    transport = httpx.ASGITransport(presenting)
    async with httpx.AsyncClient(transport=transport, base_url="https://localhost:8444") as client:

        async def post(body, *certificates, headers=None):
            chain[:] = [each.public_bytes(PEM).decode() for each in certificates or (own,)]
            return await client.post(MDM, content=body, headers=headers)

        yield post


@pytest.fixture
def rows(rt):
    """How many rows each table holds."""

    def rows():
        with rt.store.engine.connect() as connection:
            tables = metadata.sorted_tables
            return {t.name: connection.execute(sa.select(sa.func.count()).select_from(t)).scalar() for t in tables}

    return rows


@pytest.fixture
def good(pc):
    """A message that is answered."""
    return render_message(pc.first("A"))


def laughs(body):
    names = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    return f'<!DOCTYPE s [<!ENTITY l0 "ha">{names}]>'.encode() + body.replace(b"PC<", b"&l11;<")


BROKEN = {
    "empty": lambda _: b"",
    "blanks": lambda _: b" \r\n",
    "not xml": lambda _: b"a=b&c=d",
    "json": lambda _: b'{"SyncML": 1}',
    "wbxml": lambda _: b"\x02\xa4\x01\x6a\x00\x6d\x6c\x71\xc3\x03",
    "cut": lambda body: body[: len(body) // 2],
    "two documents": lambda body: body + body,
    "doctype": lambda body: b"<!DOCTYPE s>" + body,
    "laughs": laughs,
    "external entity": lambda body: (
        b'<!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + body.replace(b"PC<", b"&x;<")
    ),
    "unknown entity": lambda body: body.replace(b"PC<", b"&nbsp;<"),
    "deep": lambda body: body.replace(b"<SyncBody>", b"<SyncBody>" + b"<Atomic>" * 20_000),
    "deep and closed": lambda body: body.replace(b"<SyncBody>", b"<SyncBody>" + b"<Atomic>" * 100 + b"</Atomic>" * 100),
    "large": lambda body: body.replace(b"PC<", b"x" * (2 * 1024 * 1024) + b"<"),
    "other namespace": lambda body: body.replace(b"SYNCML:SYNCML1.2", b"SYNCML:SYNCML7"),
    "unbound prefix": lambda body: body.replace(b"<SyncBody>", b"<SyncBody><q:x/>"),
    "no header": lambda body: body.replace(b"SyncHdr>", b"Head>"),
    "no body": lambda body: body.replace(b"SyncBody>", b"Body>"),
    "no session": lambda body: body.replace(b"<SessionID>A</SessionID>", b""),
    "a long session": lambda body: body.replace(b">A<", b">" + b"A" * 100 + b"<"),
    "message zero": lambda body: body.replace(b"<MsgID>1<", b"<MsgID>0<"),
    "no message": lambda body: body.replace(b"<MsgID>1</MsgID>", b""),
    "no source": lambda body: body.replace(b"<Source><LocURI>PC</LocURI></Source>", b""),
    "a code that is none": lambda body: body.replace(b"<Data>1201<", b"<Data>zwei<"),
    "a size that is none": lambda body: body.replace(
        b"</SyncHdr>", b'<Meta><MaxMsgSize xmlns="syncml:metinf">-1</MaxMsgSize></Meta></SyncHdr>'
    ),
    "utf-16": lambda body: body.decode().encode("utf-16"),
    "utf-16 by name": lambda body: b'<?xml version="1.0" encoding="utf-16"?>' + body.decode().encode("utf-16-le"),
    "latin-1": lambda body: body.replace(b"PC<", "\u00e9<".encode("latin-1")),
    "ebcdic": lambda body: body.decode().encode("cp500"),
    "nul": lambda body: body.replace(b"PC<", b"\x00<"),
    "control character": lambda body: body.replace(b"PC<", b"&#1;<"),
    "surrogate": lambda body: body.replace(b"PC<", b"&#xD800;<"),
}


@pytest.mark.parametrize("how", BROKEN)
async def test_check_15_what_cannot_be_read_is_refused_and_leaves_nothing(line, rows, good, how):
    """400, or 413 for what is too long; not a row more than before, and nothing of the reader in the answer."""
    before = rows()
    answer = await line(BROKEN[how](good))
    assert answer.status_code in {400, 413}
    assert b"root:" not in answer.content
    assert rows() == before


@pytest.mark.parametrize(
    ("element", "code"), [("Frobnicate", 406), ("Put", 406), ("Get", 406), ("Exec", 406), ("Atomic", 406)]
)
async def test_check_15_unknown_elements_are_answered_and_have_no_effect(line, rows, good, element, code):
    """A device has nothing to ask of a server: 406 for the element, and what stands beside it counts."""
    body = good.replace(b"<Final/>", f"<{element}><CmdID>77</CmdID></{element}><Final/>".encode())
    answer = parse_message((await line(body)).content)
    assert [int(each.code) for each in answer.commands if getattr(each, "cmd_ref", "") == "77"] == [code]


@pytest.mark.parametrize("header", ["x" * 70_000, "Bearer", "Bearer a.b.c", "Bearer \xff", "Basic QTpC"])
async def test_a_bad_token_makes_it_a_session_of_the_device_alone(line, pc, good, header):
    """The certificate still counts; nobody is signed in."""
    answer = await line(good, headers={"authorization": header.encode("latin-1")})
    assert answer.status_code in {200, 400, 431}
    assert [entry.what["user"] for entry in await pc.log("session.started")] in ([None], [])


async def test_a_replay_is_answered_as_before_and_has_no_second_effect(line, rows, good, custom, everywhere):
    """The same bytes once more: the same answer, and not a row more."""
    await custom("No Cortana", CORTANA, 0, everywhere)
    first, before = await line(good), rows()
    again = await line(good)
    assert again.content == first.content
    assert rows() == before


async def _self_signed(rt, _tenant, pc):
    key, now = rt.keys.rsa(), rt.clock.now()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, pc.managed_id)])
    made = x509.CertificateBuilder(name, name, key.public_key(), 7, now, now + timedelta(days=3))
    return made.sign(key, hashes.SHA256())


async def _expired(rt, tenant, pc):
    made = await issue(rt, tenant, "management", f"managed:{pc.managed_id}", days=1)
    rt.clock.advance(2 * 24 * 3600)
    return made


async def _revoked(rt, tenant, pc):
    made = await issue(rt, tenant, "management", f"managed:{pc.managed_id}")
    await rt.store.write(tenant, lambda tx: pki.revoke(tx, subject=f"managed:{pc.managed_id}"))
    return made


async def _not_on_record(rt, tenant, pc):
    return await issue(rt, tenant, "management", f"managed:{pc.managed_id}", record=False)


async def _of_the_join(rt, tenant, pc):
    return await issue(rt, tenant, "device", f"managed:{pc.managed_id}")


@pytest.mark.parametrize("make", [_self_signed, _expired, _revoked, _not_on_record, _of_the_join])
async def test_a_certificate_that_is_not_good_opens_nothing(line, rt, tenant, pc, rows, good, make):
    """403 before the message is looked at, and nothing stored."""
    certificate = await make(rt, tenant, pc)
    before = rows()
    assert (await line(good, certificate)).status_code == 403
    assert rows() == before


async def test_a_certificate_of_another_tenant_stays_in_that_tenant(line, rt, pc, rows, good):
    """The name of our device in it, or in the message, does not lead here."""
    other = rt.entropy.uuid()
    certificate = await issue(rt, other, "management", f"managed:{pc.managed_id}")
    before = rows()
    answer = await line(good, certificate)
    codes = [int(each.code) for each in parse_message(answer.content).commands] if answer.status_code == 200 else []
    assert answer.status_code == 403 or codes == [403]
    assert rows()["device_run"] == before["device_run"]
    assert not await pc.log("session.started")


async def test_the_certificate_of_a_deleted_device_opens_nothing(line, rt, tenant, pc, rows, good):
    """It was revoked with the device."""
    await rt.store.write(
        tenant, lambda tx: enrollment.delete_managed_device(tx, pc.managed_id, principal=SYSTEM_PRINCIPAL)
    )
    before = rows()
    answer = await line(good)
    assert answer.status_code == 403 or [int(c.code) for c in parse_message(answer.content).commands] == [403]
    assert rows()["device_run"] == before["device_run"]
