"""A running instance with real sockets and TLS, and PCs that know its address and nothing else."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from taxiway import app, autopilot, directory, pki, signin
from taxiway.device import PC, Endpoints, Event, Firmware, Host, Pace, Person
from taxiway.kernel import SystemClock, SystemEntropy, ThreadWorkers
from taxiway.settings import DoorSettings, Settings
from taxiway.store import Blobs, KeyRing, Runtime, Store
from taxiway.wire.registration_csv import read_all, write

PASSWORD = "Correct-horse-7-battery"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class Instance:
    """A server in this process, behind its real doors, with one tenant."""

    rt: Runtime
    files: app.Files
    settings: Settings
    host: Host
    tenant: str = ""
    serving: asyncio.Task | None = None
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    events: list[Event] = field(default_factory=list)

    async def start(self):
        """Serve both doors."""
        self.stop, ready = asyncio.Event(), asyncio.Event()
        self.serving = asyncio.create_task(app.run(self.rt, self.files, self.settings, ready=ready, stop=self.stop))
        await ready.wait()

    async def halt(self):
        """Close both doors; what is committed stays."""
        self.stop.set()
        await self.serving

    @property
    def endpoints(self) -> Endpoints:
        urls = self.settings.urls
        return Endpoints(ztd=urls.ztd, login=urls.login, drs=urls.drs, ca_file=self.files.root)

    async def make_tenant(self, domain="contoso.example"):
        tenant = self.rt.entropy.uuid()
        await self.rt.store.write(
            tenant, lambda tx: directory.create_tenant(tx, display_name=domain.partition(".")[0], domain=domain)
        )
        return tenant

    async def make_user(self, upn="ada@contoso.example", *, licensed=True, tenant=None, access_pass=True) -> Person:
        """A user with a password and, for Windows Hello, a Temporary Access Pass."""
        tenant = tenant or self.tenant

        def make(tx):
            user = directory.create_user(
                tx, principal=directory.SYSTEM_PRINCIPAL, upn=upn, display_name=upn, usage_location="US"
            )
            if licensed:
                sku = directory.SUBSCRIBED_SKUS.select(tx)[0]["sku_id"]
                directory.assign_licenses(tx, user["id"], add=[sku], remove=[])
            return user["id"]

        user_id = await self.rt.store.write(tenant, make)
        await signin.set_password(self.rt, tenant, user_id, PASSWORD)
        code = None
        if access_pass:
            code = await signin.issue_access_pass(
                self.rt, tenant, user_id, lifetime_minutes=60, once=False, principal=directory.SYSTEM_PRINCIPAL
            )
        return Person(upn, PASSWORD, temporary_access_pass=code)

    def make_pc(self, folder: Path, **firmware) -> PC:
        import msgspec

        made = msgspec.structs.replace(Firmware.new(SystemEntropy()), **firmware)
        return PC.create(folder, made, self.host)

    async def register(self, pc: PC, *, user="", tag="", tenant=None):
        """Register a PC by the row that it would write itself."""
        row = (pc.firmware.serial, "", pc.firmware.hardware_hash(self.rt.clock.now()).encode_base64(), tag, user)
        rows = read_all(write([row], 5)).rows
        imported = await autopilot.import_devices(
            self.rt,
            tenant or self.tenant,
            [autopilot.ImportRow.of(row) for row in rows],
            principal=directory.SYSTEM_PRINCIPAL,
            correlation="",
        )
        return imported[0]

    async def profile(self, **changes):
        """A profile for all devices."""

        def make(tx):
            made = autopilot.create_profile(
                tx, {"display_name": "Everything", **changes}, principal=directory.SYSTEM_PRINCIPAL
            )
            directory.set_assignments(tx, "autopilot_profile", made["id"], [directory.Target("all_devices")])
            return made

        return await self.rt.store.write(self.tenant, make)

    async def power_on(self, pc: PC, person: Person):
        self.events = []
        return await pc.power_on(self.endpoints, person, self.events.append)


@pytest.fixture
def clock():
    """The clock of the instance and of its PCs."""
    return SystemClock()


@pytest.fixture
async def instance(engine, keys, clock, tmp_path):
    """An instance on each database, with the tenant contoso.example whose MDM scope is everybody."""
    entropy, workers = SystemEntropy(), ThreadWorkers(2)
    files = app.Files(tmp_path / "server")
    settings = Settings(doors=DoorSettings(people_port=_free_port(), devices_port=_free_port()))
    store = Store(
        engine, clock=clock, entropy=entropy, ring=KeyRing.open(files.ring, entropy), followers=app.followers()
    )
    rt = Runtime(
        store=store,
        clock=clock,
        entropy=entropy,
        workers=workers,
        keys=keys,
        blobs=Blobs(files.blobs, entropy),
        urls=settings.urls,
    )
    await pki.make_authorities(rt)
    await directory.publish_addresses(rt)
    host = Host(ThreadWorkers(2), clock=clock, keys=keys, pace=Pace(poll=0.05, install=0.01, encryption=0.01))
    made = Instance(rt, files, settings, host)
    made.tenant = await made.make_tenant()
    await store.write(
        made.tenant,
        lambda tx: directory.update_mdm_policy(tx, directory.SYSTEM_PRINCIPAL, {"applies_to": "all"}),
    )
    await made.start()
    yield made
    await made.halt()
    host.workers.close()
    workers.close()
    store.close()
