"""Every route of both doors meets hostile requests: a named refusal in time, and nothing stored."""

from __future__ import annotations

import time

import httpx
import pytest
import sqlalchemy as sa
from starlette.routing import Route

from support.graph_client import Graph, mint, person
from taxiway import app, directory
from taxiway.doors import Door
from taxiway.graph.operations import NOT_SERVED, OPERATIONS
from taxiway.store import metadata

pytestmark = pytest.mark.anyio

#: What a refused request may leave behind: the log of refusals, spent nonces and the count of wrong passwords.
TRACES = {"log", "failed_attempt", "used_nonce", "scope"}
#: An administrator's import and sync are kept as what was asked for, with the error that each came to.
ASKED = {"autopilot_import", "autopilot_sync"}
ENTITY = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c SYSTEM "file:///etc/passwd">]><a>&b;&c;</a>'
SOAP = (
    b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing">'
    b'<s:Header><a:Action s:mustUnderstand="1">http://schemas.microsoft.com/windows/pki/2009/01/enrollment/RST/wstep'
)
BODIES = {
    "empty": b"",
    "random": bytes((i * 197 + i // 7) % 256 for i in range(4_000)),
    "deep json": b'{"a":' * 50_000,
    "deep list": b"[" * 100_000 + b"]" * 100_000,
    "not an object": b'[null, 1e999, "\\ud800", {"@odata.type": 7}]',
    "wrong types": b'{"displayName": {"a": [1]}, "requests": 5, "CertificateRequest": 7, "username": [], "id": true}',
    "entities": ENTITY,
    "deep xml": b"<a>" * 50_000,
    "cut soap": SOAP,
    "cut syncml": b'<SyncML xmlns="SYNCML:SYNCML1.2"><SyncHdr><VerDTD>1.2</VerDTD><SessionID>1</Ses',
    "form junk": b"grant_type=%ff%fe&client_id=&=&&a=%&grant_type=password&username=%00&password=x&scope=%F0%9F",
    "form many": b"&".join(b"f%d=x" % i for i in range(5_000)),
    "bad base64": b'{"hardwareIdentifier": "====%%%", "CertificateRequest": {"Type": "pkcs10", "Data": "!!!"}}',
    "nul and surrogates": b'{"displayName": "a\\u0000b", "upn": "\\udfff"}',
    "2 MiB": b"A" * (2 * 1024 * 1024),
}
QUERY = (
    "%24filter=((((&%24top=-1&%24skiptoken=%FF%00&%24select=*,,&api-version=%27%3B--&code=%00&redirect_uri=javascript:1"
)
TOKENS = (None, "x", "eyJhbGciOiJub25lIn0.eyJ0aWQiOiIxIn0.", "a.b.c.d.e", "eyJ" + "A" * 20_000 + ".!.\xff")
VALUES = {
    "tenant": "common",
    "upn": "ada@contoso.example",
    "file": "0" * 32,
    "serial": "PF1",
    "device_id": "11111111-1111-4111-8111-111111111111",
    "sha256": "0" * 64,
    "id": "11111111-1111-4111-8111-111111111111",
}


def filled(path):
    """The path with a plausible value for each parameter."""
    parts = path.replace(":path", "").split("/")
    return "/".join(VALUES.get(p[1:-1], VALUES["id"]) if p.startswith("{") and p.endswith("}") else p for p in parts)


def addresses(routes):
    """Method and path of every route; those of Graph from its own table of operations."""
    found = []
    for route in routes:
        assert isinstance(route, Route)
        if not route.path.endswith("{rest:path}"):
            found += [(method, filled(route.path)) for method in route.methods or {"GET", "POST"} if method != "HEAD"]
    return sorted(set(found))


def graph_addresses():
    """Method and path of everything Graph serves, and what it names as not served."""
    served = {(each.method, f"/beta/{filled(each.pattern)}") for each in OPERATIONS}
    return sorted(served | {("POST", f"/v1.0/{filled(path)}") for path in NOT_SERVED})


def counted(rt):
    """Rows of each table."""
    with rt.store.engine.connect() as connection:
        return {
            table.name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for table in metadata.sorted_tables
            if table.name not in TRACES
        }


def door_client(rt, routes):
    """A client of a door without the TLS in front of it."""
    transport = httpx.ASGITransport(Door(routes, rt.entropy), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="https://localhost:8443")


def variants(names):
    """Each body, in turn with a query and without, and with another token or none."""
    for number, name in enumerate(names):
        token = TOKENS[number % len(TOKENS)]
        headers = {} if token is None else {"authorization": f"Bearer {token}".encode("latin-1")}
        if number % 2:
            headers |= {
                "client-request-id": "}{" * 50,
                "content-type": "multipart/form-data; boundary=",
                "range": "b=-",
            }
            headers |= {"cookie": 'a="; ESTSAUTH=%00; x', "host": "evil.example"}
        yield name, BODIES[name], headers, QUERY if number % 3 else ""


def refused_by_name(answer):
    """Whether this is no failure of the server: below 500, "not implemented", or a SOAP fault of a named kind.

    SOAP sends its faults with 500 (04 section 12).
    """
    if answer.status_code < 500 or answer.status_code == 501:
        return True
    soap = "soap" in answer.headers.get("content-type", "") and answer.status_code == 500
    return soap and "InternalServiceFault" not in answer.text


async def walk(client, where, names, trouble):
    """Send each variant to each address; what was answered with a 5xx or too late."""
    for method, path in where:
        for name, body, headers, query in variants(names):
            begun = time.monotonic()
            answer = await client.request(method, f"{path}?{query}" if query else path, content=body, headers=headers)
            took = time.monotonic() - begun
            if not refused_by_name(answer) or took > 5:
                trouble.append(f"{method} {path} {name}: {answer.status_code} after {took:.1f} s {answer.text[:200]}")


async def test_15_20_hostile_requests_get_a_refusal_and_store_nothing(rt, tenant):
    """No route of either door answers a hostile request with a 5xx or later than 5 s, and no table grows."""
    names = list(BODIES) if rt.store.engine.dialect.name == "sqlite" else ["random", "wrong types", "cut soap"]
    await mint(rt, tenant, "nobody")  # the first token makes the signing key
    before, trouble = counted(rt), []
    for routes in (app.people_routes(rt), app.device_routes(rt)):
        where = addresses(routes)
        where += [(method, path.replace("/common", f"/{tenant}")) for method, path in where if "/common" in path]
        async with door_client(rt, routes) as client:
            await walk(client, where, names, trouble)
    async with door_client(rt, app.people_routes(rt)) as client:
        await walk(client, graph_addresses(), names[-3:], trouble)
    assert trouble == []
    assert counted(rt) == before


async def test_15_20_hostile_bodies_of_an_administrator_are_refused(rt, tenant):
    """Behind a good token too: each Graph operation answers junk with a 4xx or 501, and stores nothing of it."""
    admin = await person(rt, tenant, "root", directory.GLOBAL_ADMINISTRATOR)
    token = await mint(rt, tenant, admin["id"])
    before, trouble = counted(rt), []
    names = [name for name in BODIES if name != "2 MiB"]
    if rt.store.engine.dialect.name != "sqlite":
        names = ["wrong types", "nul and surrogates", "not an object"]
    async with door_client(rt, app.people_routes(rt)) as client:
        graph = Graph(rt, client, token)
        for method, path in [(m, p) for m, p in graph_addresses() if m != "GET"]:
            for name in names:
                answer = await graph.client.request(
                    method, path, content=BODIES[name], headers={"authorization": f"Bearer {token}"}
                )
                if not refused_by_name(answer):
                    trouble.append(f"{method} {path} {name}: {answer.status_code} {answer.text[:200]}")
        for path in [p for m, p in graph_addresses() if m == "GET"]:
            answer = await graph.client.get(f"{path}?{QUERY}", headers={"authorization": f"Bearer {token}"})
            if not refused_by_name(answer):
                trouble.append(f"GET {path}: {answer.status_code} {answer.text[:200]}")
    assert trouble == []
    grown = {name: n - before[name] for name, n in counted(rt).items() if n != before[name] and name not in ASKED}
    assert grown == {}
