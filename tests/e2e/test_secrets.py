"""A whole deployment and its refusals leave no secret behind in plain text (03 section 15.19)."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import json
import re
import ssl
from urllib.parse import parse_qsl, unquote

import httpx
import pytest
import sqlalchemy as sa
import structlog

from e2e.conftest import PASSWORD
from signin.conftest import CHALLENGE, VERIFIER, config_of
from support.applications import make_application
from taxiway import signin
from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.doors import Door
from taxiway.doors.logging import configure_logging
from taxiway.store import metadata

pytestmark = pytest.mark.anyio

CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
GRAPH = "https://graph.microsoft.com"
#: What the wire calls things that must not be written down, in forms, JSON and addresses.
FIELDS = frozenset(
    {
        *("passwd", "password", "newpasswd", "oldpasswd", "request", "assertion", "refresh_token", "access_token"),
        *("id_token", "code", "code_verifier", "client_secret", "client_assertion", "device_code", "session_key_jwe"),
        *("additionalauthdata", "otc", "flowtoken", "canary", "sft", "proof", "user_code", "transportkey", "key"),
    }
)
HEADERS = re.compile(rb"authorization|cookie|set-cookie|x-ms-.*credential.*|x-device-token|canary")
SHORTEST = 8
#: The public half of a key, which the log does not need and the device's own row does.
OWN_ROW = ("directory_device", "TransportKey")


class Wire:
    """Listens at every door and keeps each secret that passes."""

    def __init__(self):
        self.secrets = {}

    def keep(self, name, value):
        if isinstance(value, str) and len(value) >= SHORTEST:
            self.secrets.setdefault(value, name)

    def members(self, value):
        """Every member of a JSON value whose name is one of a secret."""
        if isinstance(value, dict):
            for name, one in value.items():
                if name.lower() in FIELDS:
                    self.keep(name, one)
                self.members(one)
        elif isinstance(value, list):
            for one in value:
                self.members(one)

    def text(self, body):
        try:
            text = body.decode()
        except UnicodeDecodeError:
            return
        self.pairs(text)
        try:
            self.members(json.loads(text))
        except ValueError:
            for name, value in re.findall(r'name="(\w+)" value="([^"]+)"', text):
                if name.lower() in FIELDS:
                    self.keep(name, value)
        for token in re.findall(r">([A-Za-z0-9+/]{200,}={0,2})</(?:\w+:)?BinarySecurityToken", text):
            self.keep("security token", base64.b64decode(token).decode("latin-1"))

    def pairs(self, text):
        for name, value in parse_qsl(text):
            if name.lower() in FIELDS:
                self.keep(name, value)
                self.inner(value)

    def inner(self, token):
        """What a signed request carries inside: a password, a refresh token."""
        for part in token.split(".")[1:2]:
            try:
                self.members(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))))
            except (ValueError, binascii.Error):
                continue

    def header(self, name, value):
        if HEADERS.fullmatch(name):
            text = value.decode("latin-1")
            self.keep(name.decode(), text.removeprefix("Bearer ").partition(";")[0].rpartition("=")[2] or text)
        if name == b"location":
            self.pairs(value.decode("latin-1").partition("?")[2])

    def listen(self, call):
        """A door's ``__call__`` that keeps what it hears."""

        async def heard(door, scope, receive, send):
            for name, value in scope.get("headers", ()):
                self.header(name, value)
            bodies = {"in": b"", "out": b""}

            async def hear():
                message = await receive()
                bodies["in"] += message.get("body", b"")
                return message

            async def say(message):
                for name, value in message.get("headers", ()):
                    self.header(name.lower(), value)
                bodies["out"] += message.get("body", b"")
                await send(message)

            await call(door, scope, hear, say)
            for body in bodies.values():
                self.text(body)

        return heard


@pytest.fixture
def wire(monkeypatch):
    wire = Wire()
    monkeypatch.setattr(Door, "__call__", wire.listen(Door.__call__))
    return wire


def written(rt):
    """Everything in the database, as text, by table."""
    found = {}
    with rt.store.engine.connect() as connection:
        for table in metadata.sorted_tables:
            rows = connection.execute(sa.select(table)).mappings()
            found[table.name] = "\n".join(repr(dict(row)) for row in rows)
    return found


async def refusals(instance):
    """Requests that are refused, each with a secret that is nearly right."""
    rt, tenant = instance.rt, instance.tenant
    app = await make_application(rt, tenant, roles=["Device.Read.All"])
    switch = {"ropc_enabled": True}
    await rt.store.write(tenant, lambda tx: signin.update_signin_policy(tx, switch, principal=SYSTEM_PRINCIPAL))
    async with httpx.AsyncClient(
        verify=ssl.create_default_context(cafile=instance.files.root),
        base_url=instance.settings.urls.people,
        timeout=30,
    ) as client:

        async def token(**form):
            return (await client.post(f"/{tenant}/oauth2/token", data=form)).json()

        people = {"grant_type": "password", "client_id": CLI, "resource": GRAPH, "username": "bob@contoso.example"}
        await token(**people, password="Nearly-right-1-password")
        reply = await token(**people, password=PASSWORD)
        old = {"grant_type": "refresh_token", "client_id": CLI, "refresh_token": reply["refresh_token"]}
        await token(**old)
        await token(**{**old, "client_id": app.id})
        await token(**{**old, "refresh_token": "0.AAAA.a-made-up-refresh-token"})
        job = {"grant_type": "client_credentials", "client_id": app.id, "scope": f"{GRAPH}/.default"}
        await token(**job, client_secret="a-wrong-client-secret")
        await token(**job, client_secret=app.secret)
        await token(**job, client_assertion="eyJh.bm90LWFuLWFzc2VydGlvbg.c2lnbmF0dXJl", client_assertion_type="x")
        bearer = "urn:ietf:params:oauth:grant-type:jwt-bearer"
        await token(grant_type=bearer, request="eyJhbGciOiJIUzI1NiJ9.eyJhIjoxfQ.c2lnbmF0dXJl")
        await token(grant_type=bearer, client_id=app.id, client_secret=app.secret, assertion=reply["access_token"])
        asked = {
            "client_id": CLI,
            "response_type": "code",
            "redirect_uri": "http://localhost:5000",
            "resource": GRAPH,
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
        page = config_of(await client.get(f"/{tenant}/oauth2/authorize", params=asked))
        form = {"ctx": page["sCtx"], "flowToken": page["sFT"], "canary": page["canary"], "login": "bob@contoso.example"}
        await client.post("/common/login", data={**form, "passwd": "Another-wrong-2-one"})
        done = await client.post("/common/login", data={**form, "passwd": PASSWORD})
        code = dict(parse_qsl(done.headers["location"].partition("?")[2]))["code"]
        asked_to_leave = await client.get(f"/{tenant}/oauth2/logout")
        canary = asked_to_leave.text.partition('name="canary" value="')[2].partition('"')[0]
        await client.post(f"/{tenant}/oauth2/logout", data={"canary": canary})
        redeem = {"grant_type": "authorization_code", "client_id": CLI, "redirect_uri": "http://localhost:5000"}
        await token(**redeem, code=code, code_verifier="a-wrong-verifier-a-wrong-verifier-a-wrong-ver")
        await token(**redeem, code=code, code_verifier=VERIFIER)
        await token(**redeem, code=code, code_verifier=VERIFIER)
        await client.post(f"/{tenant}/oauth2/devicecode", data={"client_id": CLI, "resource": GRAPH})
        for header in ("authorization", "x-ms-RefreshTokenCredential", "x-ms-DeviceCredential", "cookie"):
            value = f"Bearer not.a.token-{header}" if header == "authorization" else f"a=not.a.token-{header}"
            await client.get("/v1.0/organization", headers={header: value})
            await client.get(f"/{tenant}/oauth2/authorize", params=asked, headers={header: value})
    return [app.secret, VERIFIER]


async def test_15_19_a_deployment_and_its_refusals_leave_no_secret(instance, tmp_path, wire, capfd):
    """Every secret that passed a door is looked for in the database, and in all that the server wrote to its output.

    The log holds none; a table holds none but sealed or hashed.
    """
    person = await instance.make_user()
    await instance.make_user("bob@contoso.example", access_pass=False)
    await instance.profile()
    pc = instance.make_pc(tmp_path / "pc")
    await instance.register(pc)
    await instance.power_on(pc, dataclasses.replace(person, password="Wrong-once-3-password"))
    outcome = await instance.power_on(pc, person)
    assert outcome.reached == "desktop", outcome.failure
    known = await refusals(instance)
    for value in (person.password, person.temporary_access_pass, "Wrong-once-3-password", *known):
        wire.keep("known", value)
    names = set(wire.secrets.values())
    assert {"passwd", "refresh_token", "code", "session_key_jwe", "authorization", "client_secret"} <= names, names
    assert len(wire.secrets) > 60
    spelled = {form: name for value, name in wire.secrets.items() for form in {value, unquote(value)}}
    out, err = capfd.readouterr()
    places = {**written(instance.rt), "standard output": out, "standard error": err}
    leaks = {(place, spelled[value]) for place, text in places.items() for value in spelled if value in text}
    assert leaks - {OWN_ROW} == set()


async def test_15_19_the_log_keeps_what_an_administrator_needs(instance, wire):
    """A refusal is found by user, client, code and correlation, without what was typed."""
    await instance.make_user("bob@contoso.example", access_pass=False)
    await refusals(instance)
    with instance.rt.store.engine.connect() as connection:
        rows = connection.execute(sa.select(metadata.tables["log"])).mappings().all()
    refused = [row for row in rows if row["kind"] in {"token.refused", "signin.refused"}]
    assert len(refused) >= 8
    assert all(row["correlation"] and row["what"]["error"] and "client" in row["what"] for row in refused)
    [typed] = [row for row in refused if row["kind"] == "signin.refused"]
    assert (typed["what"]["upn"], typed["what"]["code"]) == ("bob@contoso.example", "AADSTS50126")


def test_15_19_an_error_of_the_database_names_no_values(engine):
    """What goes to standard error with a traceback has the statement and not its parameters."""
    table = metadata.tables["scope"]
    insert = table.insert().values(tenant="hunter2-the-secret", head=1)
    with engine.connect() as connection:
        connection.execute(insert)
        with pytest.raises(sa.exc.IntegrityError) as caught:
            connection.execute(insert)
    assert "INSERT" in str(caught.value)
    # PostgreSQL names the key that is there already; keys are ids and hashes.
    assert "hunter2" not in str(caught.value).partition("DETAIL")[0]


def test_15_19_a_traceback_shows_no_local_variables(capsys):
    """Lines and names, not the values that they had."""
    configure_logging()

    typed = "hunter2-" + "the-secret"

    def fail(password):
        raise RuntimeError("broken")

    try:
        try:
            fail(typed)
        except RuntimeError:
            structlog.get_logger().exception("request failed")
        told = capsys.readouterr().err
        assert "RuntimeError" in told
        assert typed not in told
    finally:
        structlog.reset_defaults()
