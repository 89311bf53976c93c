"""An instance without sockets: both doors, a tenant, a person, an application, and a PC that has joined."""

from __future__ import annotations

import base64
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from fuzz.message import Sign, Wire
from taxiway import app, directory, pki, signin
from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.doors import Door
from taxiway.enrollment import ENROLLMENTS, MANAGED
from taxiway.kernel import InlineWorkers, ManualClock, SystemEntropy, Urls
from taxiway.signin import issued, tokens
from taxiway.signin.model import Proof
from taxiway.store import Blobs, KeyRing, Runtime, Store, metadata, open_engine
from taxiway.wire import rsa_blob

PASSWORD = "Only-for-this-1-run"
GRAPH = "https://graph.microsoft.com"
DRS = "urn:ms-drs:enterpriseregistration.windows.net"
BROKER = "29d9ed98-a469-4536-ade2-f981bc1d605e"
CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
HOST = {"people": b"localhost:8443", "devices": b"localhost:8444"}


class FewKeys:
    """Key pairs in turn: none of them has to be secret, and a new one costs 50 ms."""

    def __init__(self, count: int = 12) -> None:
        self._made = [rsa.generate_private_key(65537, 2048) for _ in range(count)]
        self._turn = 0

    def rsa(self, bits: int = 2048) -> rsa.RSAPrivateKey:  # noqa: ARG002 - all have 2048
        """The next one."""
        self._turn += 1
        return self._made[self._turn % len(self._made)]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, and how long it took."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    seconds: float


@dataclass(slots=True)
class Instance:
    """Everything that valid messages are made of."""

    rt: Runtime
    clock: ManualClock
    doors: dict[str, Door]
    keys: FewKeys
    tenant: str = ""
    user: dict[str, Any] = field(default_factory=dict)
    application: str = ""
    secret: str = ""
    client_key: Any = None
    client_certificate: Any = None
    device_key: Any = None
    transport_key: Any = None
    certificate: Any = None
    device_id: str = ""
    device: str = ""
    managed: str = ""
    prt: str = ""
    session_key: bytes = b""

    async def send(self, wire: Wire, *, address: str = "127.0.0.1") -> Answer:
        """Send a request through a door, as a listener would hand it on; an exception is the caller's to judge."""
        chain = [wire.peer] if wire.peer else []
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": wire.method,
            "scheme": "https",
            "path": wire.path,
            "raw_path": wire.path.encode(),
            "query_string": wire.query,
            "root_path": "",
            "headers": [(b"host", HOST[wire.door]), *(h for h in wire.headers if h[0] != b"host")],
            "client": (address, 50_000),
            "server": ("localhost", 443),
            "extensions": {"tls": {"client_cert_chain": chain}},
        }
        sent: list[Any] = []
        given = [{"type": "http.request", "body": wire.body, "more_body": False}]

        async def receive() -> Any:
            return given.pop() if given else {"type": "http.disconnect"}

        async def keep(message: Any) -> None:
            sent.append(message)

        begun = time.perf_counter()
        await self.doors[wire.door](scope, receive, keep)
        took = time.perf_counter() - begun
        starts = [message for message in sent if message["type"] == "http.response.start"]
        body = b"".join(message.get("body", b"") for message in sent)
        head = starts[0] if len(starts) == 1 else {"status": 599, "headers": ()}
        return Answer(head["status"], tuple(head["headers"]), body, took)

    def heads(self) -> dict[str, int]:
        """How many log entries each tenant has."""
        scope = metadata.tables["scope"]
        with self.rt.store.engine.connect() as connection:
            return {row.tenant: row.head for row in connection.execute(sa.select(scope))}

    def kinds(self, before: dict[str, int]) -> list[str]:
        """The kinds of the entries since."""
        log = metadata.tables["log"]
        found: list[str] = []
        with self.rt.store.engine.connect() as connection:
            for tenant in self.heads():
                newer = (log.c.tenant == tenant) & (log.c.number > before.get(tenant, 0))
                found += [row.kind for row in connection.execute(sa.select(log.c.kind).where(newer))]
        return found

    def bearer(self, audience: str, *, scp: str, **claims: Any) -> dict[str, Any]:
        """The claims of an access token for this person, of now."""
        now = int(self.clock.now().timestamp())
        body = {
            "ver": "1.0",
            "tid": self.tenant,
            "iss": tokens.issuer(self.rt.urls.issuer, self.tenant, "1.0"),
            "aud": audience,
            "oid": self.user["id"],
            "upn": self.user["user_principal_name"],
            "appid": BROKER,
            "scp": scp,
            "amr": ["pwd", "mfa", "ngcmfa"],
            "uti": "fuzz",
            "iat": now,
            "nbf": now,
            "exp": now + 3600,
        }
        return {**body, **claims}

    @property
    def pem(self) -> str:
        """The certificate of the PC, as a door hands it on."""
        return str(self.certificate.public_bytes(Encoding.PEM).decode())


def rs256(key: rsa.RSAPrivateKey) -> Sign:
    """Signs with an RSA key."""
    return lambda data: key.sign(data, padding.PKCS1v15(), hashes.SHA256())


def named(text: str) -> x509.Name:
    """A name of one common name."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


@asynccontextmanager
async def running(folder: Path, engine: sa.Engine | None = None) -> AsyncIterator[Instance]:
    """An instance on SQLite in ``folder``, or on the empty schema of ``engine``, on a clock that is moved by hand."""
    app.import_rooms()
    clock, entropy, keys = ManualClock(), SystemEntropy(), FewKeys()
    inline = engine is None
    if engine is None:
        engine = open_engine(f"sqlite:///{folder}/taxiway.db", synchronous="OFF")
        metadata.create_all(engine)
    ring = KeyRing.open(folder / "ring.json", entropy)
    store = Store(engine, clock=clock, entropy=entropy, ring=ring, followers=app.followers(), inline=inline)
    rt = Runtime(
        store=store,
        clock=clock,
        entropy=entropy,
        workers=InlineWorkers(),
        keys=keys,
        blobs=Blobs(folder / "blobs", entropy),
        urls=Urls(people="https://localhost:8443", devices="https://localhost:8444"),
    )
    doors = {
        "people": Door(app.people_routes(rt), entropy, ["localhost"]),
        "devices": Door(app.device_routes(rt), entropy, ["localhost"]),
    }
    instance = Instance(rt, clock, doors, keys)
    try:
        await _furnish(instance)
        yield instance
    finally:
        store.close()


async def _furnish(made: Instance) -> None:
    await pki.make_authorities(made.rt)
    made.tenant = made.rt.entropy.uuid()
    name = {"display_name": "Contoso", "domain": "contoso.example"}
    await made.rt.store.write(made.tenant, lambda tx: directory.create_tenant(tx, **name))
    made.user = await made.rt.store.write(
        made.tenant,
        lambda tx: directory.create_user(
            tx, principal=SYSTEM_PRINCIPAL, upn="ada@contoso.example", display_name="Ada Lovelace"
        ),
    )
    await signin.set_password(made.rt, made.tenant, made.user["id"], PASSWORD)
    await tokens.sign(made.rt, {"warm": "up"})
    await _switch_on(made)
    await _make_client(made)
    await _join(made)
    await _manage(made)


async def _switch_on(made: Instance) -> None:
    """Whatever a tenant may admit is admitted, so that more of the code is reached."""
    switches = {
        "ropc_enabled": True,
        "seeded_without_challenge": True,
        "broker_device_code": True,
        "allow_kdf_v1": True,
    }

    def write(tx: Any) -> None:
        signin.update_signin_policy(tx, switches, principal=SYSTEM_PRINCIPAL)
        directory.assign_role(tx, made.user["id"], directory.GLOBAL_ADMINISTRATOR, principal=SYSTEM_PRINCIPAL)

    await made.rt.store.write(made.tenant, write)


async def _make_client(made: Instance) -> None:
    made.client_key, now = made.keys.rsa(), made.clock.now()
    made.client_certificate = (
        x509.CertificateBuilder()
        .subject_name(named("automation"))
        .issuer_name(named("automation"))
        .public_key(made.client_key.public_key())
        .serial_number(7)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=3650))
        .sign(made.client_key, hashes.SHA256())
    )
    der = base64.b64encode(made.client_certificate.public_bytes(Encoding.DER)).decode()
    credential = {"type": "AsymmetricX509Cert", "usage": "Verify", "key": der}

    def write(tx: Any) -> tuple[str, str]:
        row = directory.create_application(
            tx, principal=SYSTEM_PRINCIPAL, display_name="Automation", key_credentials=[credential]
        )
        directory.create_service_principal(tx, row["app_id"], principal=SYSTEM_PRINCIPAL)
        forever = timedelta(days=3000)
        secret = signin.add_client_secret(tx, row["app_id"], principal=SYSTEM_PRINCIPAL, lifetime=forever)
        return row["app_id"], secret

    made.application, made.secret = await made.rt.store.write(made.tenant, write)


async def _join(made: Instance) -> None:
    """A joined device with its certificate and a PRT, without the messages that the fuzzer will send."""
    made.device_key, made.transport_key = made.keys.rsa(), made.keys.rsa()
    made.device_id = made.rt.entropy.uuid()
    made.certificate = await pki.issue(
        made.rt,
        "device",
        public_key=made.device_key.public_key(),
        subject=named(made.device_id),
        lifetime=timedelta(days=3650),
    )
    made.session_key = made.rt.entropy.bytes(32)
    transport = base64.b64encode(rsa_blob.encode(made.transport_key.public_key())).decode()

    def write(tx: Any) -> str:
        device = directory.join_device(
            tx,
            new_device_id=made.device_id,
            owner_id=made.user["id"],
            display_name="PC",
            os="Windows",
            os_version="10.0.26100.1",
            trust_type="AzureAd",
            transport_key=transport,
        )
        pki.record(tx, made.certificate, purpose="device", subject=f"device:{device['id']}")
        return str(device["id"])

    made.device = await made.rt.store.write(made.tenant, write)
    await renew_prt(made)


async def renew_prt(made: Instance) -> None:
    """A PRT of now."""

    def write(tx: Any) -> str:
        proof = Proof(made.user["id"], ("pwd", "mfa"), tx.now, mfa_at=tx.now, device_id=made.device_id)
        return issued.new_prt(tx, proof, made.session_key)

    made.prt = await made.rt.store.write(made.tenant, write)


async def _manage(it: Instance) -> None:
    """A managed device with its certificate, and a person who may enroll one."""
    key = it.keys.rsa()
    managed = it.rt.entropy.uuid()
    made = await pki.issue(
        it.rt, "management", public_key=key.public_key(), subject=named(managed), lifetime=timedelta(days=3650)
    )

    def write(tx: Any) -> None:
        MANAGED.insert(tx, {"id": managed, "user_id": it.user["id"], "device_name": "PC"})
        thumbprint = pki.record(tx, made, purpose="management", subject=f"managed:{managed}")
        ENROLLMENTS.insert(tx, {"id": managed, "key_hash": managed, "thumbprint": thumbprint})
        directory.update_mdm_policy(tx, SYSTEM_PRINCIPAL, {"applies_to": "all"})
        directory.update_user(tx, it.user["id"], {"usage_location": "SE"}, principal=SYSTEM_PRINCIPAL)
        directory.assign_licenses(tx, it.user["id"], ["INTUNE_A"])

    await it.rt.store.write(it.tenant, write)
    it.managed = str(made.public_bytes(Encoding.PEM).decode())
