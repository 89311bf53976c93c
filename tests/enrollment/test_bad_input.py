"""Every enrollment endpoint meets bad input: the named fault, nothing stored, nothing but SOAP faults above 499."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from taxiway.enrollment import MANAGED
from taxiway.store import metadata
from taxiway.wire import discovery, enroll, policy
from taxiway.wire.soap import JWT_TOKEN, NS_SECEXT, BinaryToken
from taxiway.wire.soap_fault import FaultReceived, Subcode, parse_response

pytestmark = pytest.mark.anyio

URL = "https://localhost:8444/EnrollmentServer/Enrollment.svc"
SERVICES = ("discovery", "policy", "enrollment")


def good(client, service):
    """A message that the service answers well."""
    credential = BinaryToken(JWT_TOKEN, client.token.encode())
    if service == "discovery":
        request = discovery.DiscoverRequest(email_address="ada@contoso.example", auth_policies=("Federated",))
        return discovery.render_discover(request, message_id="1", to=URL)
    if service == "policy":
        return policy.render_get_policies(message_id="1", to=URL, credential=credential)
    request = enroll.EnrollRequest(
        request_type=enroll.ISSUE,
        token=BinaryToken(enroll.PKCS10, client.csr()),
        context=(("EnrollmentType", "Device"), ("OSVersion", "10.0.26100.1")),
    )
    return enroll.render_enroll(request, message_id="1", to=URL, credential=credential)


def laughs():
    names = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    return f'<!DOCTYPE s [<!ENTITY l0 "ha">{names}]>'.encode()


def inside(body, start, extra):
    """Put something behind the first tag that begins so."""
    at = body.index(start)
    end = body.index(b">", at) + 1
    return body[:end] + extra + body[end:]


def doubled(body, name):
    """Have an element twice."""
    start = body.index(b"<" + name)
    close = b"</" + name + b">"
    end = body.index(close) + len(close)
    return body[:end] + body[start:end] + body[end:]


#: Of any of the three services: what is done to a good message.
BROKEN = {
    "empty": lambda _: b"",
    "blanks": lambda _: b" \r\n\t",
    "not xml": lambda _: b"grant_type=password",
    "json": lambda _: b'{"a": 1}',
    "cut": lambda body: body[: len(body) // 2],
    "two documents": lambda body: body + body,
    "doctype": lambda body: b"<!DOCTYPE s>" + body,
    "entities": lambda body: laughs() + body.replace(b"urn:uuid:1", b"&l11;"),
    "external entity": lambda body: (
        b'<!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + body.replace(b"urn:uuid:1", b"&x;")
    ),
    "unknown entity": lambda body: body.replace(b"urn:uuid:1", b"&nbsp;"),
    "deep": lambda body: inside(body, b"<s:Body", b"<d>" * 20_000),
    "deep and closed": lambda body: inside(body, b"<s:Header", b"<d>" * 100 + b"</d>" * 100),
    "large": lambda body: inside(body, b"<s:Header", b"<d>" + b"x" * (257 * 1024) + b"</d>"),
    "many attributes": lambda body: inside(
        body, b"<s:Header", b"<d " + b" ".join(b'a%d="1"' % n for n in range(60_000)) + b"/>"
    ),
    "soap 1.1": lambda body: body.replace(b"2003/05/soap-envelope", b"schemas/soap/envelope"),
    "other namespace": lambda body: body.replace(
        b"http://schemas.microsoft.com/windows", b"http://example.com/windows"
    ).replace(b"ws-sx/ws-trust/200512", b"ws-sx/ws-trust/1999"),
    "unbound prefix": lambda body: body.replace(b"<s:Body", b"<q:x/><s:Body"),
    "other action": lambda body: body.replace(b"</a:Action>", b"x</a:Action>"),
    "no action": lambda body: body.replace(b"a:Action", b"a:Aktion"),
    "no body": lambda body: body.replace(b"s:Body", b"s:Rump"),
    "two bodies": lambda body: body.replace(b"</s:Body>", b"<x/></s:Body>"),
    "utf-16": lambda body: body.decode().encode("utf-16"),
    "utf-16 by name": lambda body: b'<?xml version="1.0" encoding="utf-16"?>' + body.decode().encode("utf-16-le"),
    "latin-1": lambda body: body.replace(b"urn:uuid:1", "urn:uuid:\u00e9".encode("latin-1")),
    "ebcdic": lambda body: body.decode().encode("cp500"),
    "nul": lambda body: body.replace(b"urn:uuid:1", b"urn:uuid:\x00"),
    "control character": lambda body: body.replace(b"urn:uuid:1", b"urn:uuid:&#1;"),
    "surrogate": lambda body: body.replace(b"urn:uuid:1", b"urn:uuid:&#xD800;"),
}


@pytest.fixture
def rows(client):
    """How many rows each table holds, whoever's they are."""

    async def rows():
        def count(tx):
            return {t.name: tx.scalar(sa.select(sa.func.count()).select_from(t)) for t in metadata.sorted_tables}

        return await client.read(count)

    return rows


@pytest.mark.parametrize("service", SERVICES)
async def test_the_control_is_answered(client, service):
    """What the next tests break is good as it is."""
    assert (await client.post(service, good(client, service))).status_code == 200


@pytest.mark.parametrize("how", BROKEN)
@pytest.mark.parametrize("service", SERVICES)
async def test_a_broken_message_is_a_format_fault(client, rows, service, how):
    """s:MessageFormat in the service's own name, and not a row more than before."""
    body, before = BROKEN[how](good(client, service)), await rows()
    answer = await client.post(service, body)
    assert answer.status_code == 500
    assert answer.headers["content-type"].startswith("application/soap+xml")
    with pytest.raises(FaultReceived) as caught:
        parse_response(answer.content)
    assert caught.value.fault.subcode == Subcode.MESSAGE_FORMAT
    assert b"root:" not in answer.content
    assert await rows() == before


SECOND_TOKEN = f'<wsse:BinarySecurityToken xmlns:wsse="{NS_SECEXT}">AAAA</wsse:BinarySecurityToken>'.encode()

#: Of the token request: what is done to it, and the fault.
REQUESTS = {
    "two requests": (
        lambda body: body.replace(b"<s:Body", b"<s:Body").replace(
            b"</s:Body>", b"<wst:RequestSecurityToken/></s:Body>"
        ),
        Subcode.MESSAGE_FORMAT,
    ),
    "two credentials": (lambda body: doubled(body, b"wsse:Security"), Subcode.MESSAGE_FORMAT),
    "two certificate requests": (
        lambda body: body.replace(b"<ac:AdditionalContext", SECOND_TOKEN + b"<ac:AdditionalContext"),
        Subcode.MESSAGE_FORMAT,
    ),
    "no certificate request": (lambda body: body.replace(b"#PKCS10", b"#PKCS12"), Subcode.MESSAGE_FORMAT),
    "unknown request type": (lambda body: body.replace(b"200512/Issue", b"200512/Cancel"), Subcode.MESSAGE_FORMAT),
    "unknown token type": (lambda body: body.replace(b"DeviceEnrollmentToken<", b"Other<"), Subcode.MESSAGE_FORMAT),
    "too many items": (
        lambda body: inside(body, b"<ac:AdditionalContext", b'<ac:ContextItem Name="x"/>' * 65),
        Subcode.MESSAGE_FORMAT,
    ),
    "too long an item": (
        lambda body: inside(
            body,
            b"<ac:AdditionalContext",
            b'<ac:ContextItem Name="x"><ac:Value>' + b"y" * 17_000 + b"</ac:Value></ac:ContextItem>",
        ),
        Subcode.MESSAGE_FORMAT,
    ),
    "no credential": (lambda body: cut_out(body, b"wsse:Security"), Subcode.INVALID_SECURITY),
    "unknown credential": (
        lambda body: body.replace(b"oauth:token-type:jwt", b"oauth:token-type:saml2"),
        Subcode.INVALID_SECURITY,
    ),
}


def cut_out(body, name):
    """Take an element out."""
    close = b"</" + name + b">"
    return body[: body.index(b"<" + name)] + body[body.index(close) + len(close) :]


@pytest.mark.parametrize("how", REQUESTS)
async def test_a_request_that_is_none_has_its_fault(client, rows, how):
    """What 04 section 19.2 asks for first is refused first, whatever else is good."""
    change, subcode = REQUESTS[how]
    body, before = change(good(client, "enrollment")), await rows()
    with pytest.raises(FaultReceived) as caught:
        enroll.parse_enroll_response((await client.post("enrollment", body)).content)
    assert caught.value.fault.subcode == subcode
    assert await rows() == before


@pytest.mark.parametrize("damage", ["length", "sign", "padding", "cut", "empty"])
async def test_base64_that_is_damaged_is_named(client, damage):
    """Of the certificate request and of the credential alike: a fault, and nothing issued."""
    for nth in (0, 1):
        body = good(client, "enrollment")
        parts = body.split(b"</wsse:BinarySecurityToken>")
        head, _, encoded = parts[nth].rpartition(b">")
        broken = {
            "length": encoded + b"A" * (5 - len(encoded.rstrip(b"=")) % 4),
            "sign": b"*" + encoded,
            "padding": b"====" + encoded,
            "cut": encoded[:-20],
            "empty": b"",
        }[damage]
        parts[nth] = head + b">" + broken
        answer = await client.post("enrollment", b"</wsse:BinarySecurityToken>".join(parts))
        with pytest.raises(FaultReceived):
            enroll.parse_enroll_response(answer.content)
    assert await client.read(MANAGED.count) == 0


async def test_a_request_that_comes_again_has_no_second_effect(client, rows):
    """A replay, by whoever recorded it, is answered with the same bytes of the document and makes nothing."""
    body = good(client, "enrollment")
    first = enroll.parse_enroll_response((await client.post("enrollment", body)).content).document
    before = await rows()
    again = enroll.parse_enroll_response((await client.post("enrollment", body)).content).document
    assert again == first
    assert await rows() == before


@pytest.mark.parametrize("path", ["Discovery.svc", "Policy.svc", "Enrollment.svc"])
@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_other_methods_are_not_allowed(client, path, method):
    """405, and nothing else."""
    assert (await client.http.request(method, f"/EnrollmentServer/{path}")).status_code == 405


@pytest.mark.parametrize(
    "query", ["", "appru=%00", "state=", "state=a.b.c&code=%FF", "appru=ms-app://x&appru=javascript:1"]
)
async def test_the_sign_in_page_refuses_by_400(client, rows, query):
    """Missing, unreadable, forged or doubled parameters."""
    before = await rows()
    assert (await client.http.get(f"/EnrollmentServer/Auth?{query}")).status_code == 400
    assert await rows() == before


@pytest.mark.parametrize(
    "body", [b"", b"proof=", b"proof=x:y", b"\xff\xfe", b"proof=" + b"x" * 300_000, b"&".join([b"a=b"] * 500)]
)
async def test_the_terms_page_refuses_what_it_did_not_make(client, rows, body):
    """A refusal for the client or a 4xx, and nobody has accepted anything."""
    before = await rows()
    answer = await client.http.post("/TermsOfUse?redirect_uri=ms-aadj-redir%3A%2F%2Fauth%2Fmdm", content=body)
    assert answer.status_code in {302, 400, 413}
    assert "OpaqueBlob" not in answer.headers.get("location", "")
    assert await rows() == before
