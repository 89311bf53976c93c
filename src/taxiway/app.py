"""Composition: the rooms' followers, the routes behind each door, and one running instance."""

from __future__ import annotations

import asyncio
import gc
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from pathlib import Path

import httpx
import structlog
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from taxiway import autopilot, directory, enrollment, management, signin
from taxiway.doors import ByHost, Door
from taxiway.doors.listeners import Listener, serve
from taxiway.doors.names import Name
from taxiway.doors.tls import server_context
from taxiway.graph import http
from taxiway.graph.settings import GraphSettings
from taxiway.kernel import Clock, Entropy, FreshKeys, SystemClock, SystemEntropy, ThreadWorkers, Urls, write_private
from taxiway.pki import (
    make_authorities,
    make_microsoft_authority,
    peer_authorities,
    server_certificate,
)
from taxiway.settings import Settings
from taxiway.store import SYSTEM, Blobs, Followers, KeyRing, Runtime, Store, open_engine, router
from taxiway.store.migrate import migrate
from taxiway.wire import csp
from taxiway.wire.ddf_archive import decode

_log = structlog.get_logger("taxiway.app")

#: The rooms whose data follows other rooms' changes, in the order in which they run (design, rule 4).
_FOLLOWING = ("directory", "autopilot", "signin", "join", "enrollment", "management")
#: Seconds between two rounds of housekeeping.
HOUSEKEEPING = 60.0
#: Hosts that the two doors answer for, whatever they are called.
_THIS_MACHINE = ("localhost", "127.0.0.1")
_PEOPLE = ("signin", "insight")
_DEVICES = ("autopilot", "join", "enrollment", "management")


@dataclass(frozen=True, slots=True)
class Files:
    """Where an instance keeps what: one folder, readable by its owner only."""

    folder: Path

    @property
    def ring(self) -> Path:
        """The keys that seal secrets: back it up apart from the database."""
        return self.folder / "keys" / "ring.json"

    @property
    def database(self) -> Path:
        """The SQLite file, unless a setting names a server."""
        return self.folder / "taxiway.db"

    @property
    def blobs(self) -> Path:
        """Contents of apps."""
        return self.folder / "blobs"

    @property
    def root(self) -> Path:
        """The root certificate that clients are given to trust."""
        return self.folder / "ca.pem"

    @property
    def microsoft_root(self) -> Path:
        """The root certificate for Microsoft's host names: apart, because it is to be trusted by fewer."""
        return self.folder / "microsoft-ca.pem"

    @property
    def csp_facts(self) -> Path:
        """What was imported from device descriptions: it extends the table of CSP facts."""
        return self.folder / "csp_facts.json"

    @property
    def chain(self) -> Path:
        """The certificate chain of the listeners."""
        return self.folder / "tls" / "chain.pem"

    @property
    def key(self) -> Path:
        """The listeners' private key."""
        return self.folder / "tls" / "key.pem"

    @property
    def microsoft_chain(self) -> Path:
        """The certificate chain for Microsoft's host names."""
        return self.folder / "tls" / "microsoft-chain.pem"

    @property
    def microsoft_key(self) -> Path:
        """Its private key."""
        return self.folder / "tls" / "microsoft-key.pem"


def import_rooms() -> None:
    """Import every room, and with it every table it declares."""
    for room in dict.fromkeys((*_PEOPLE, "graph", *_DEVICES)):
        import_module(f"taxiway.{room}.http")


def followers() -> Followers:
    """Who follows a change, in the order of the rooms."""
    made = Followers()
    for room in _FOLLOWING:
        follow: Callable[[Followers], None] | None = getattr(import_module(f"taxiway.{room}"), "follow", None)
        if follow is not None:
            follow(made)
    return made


def people_routes(rt: Runtime, settings: GraphSettings | None = None) -> list[BaseRoute]:
    """Sign-in, Graph and what administrators ask."""
    switches = [*enrollment.policy_routes(rt), *management.order_routes(rt)]
    graph = http.routes(rt, settings or GraphSettings())
    return [*_routes(_PEOPLE, rt), *graph, *switches, Route("/connecttest.txt", _connect_test)]


def device_routes(rt: Runtime) -> list[BaseRoute]:
    """Lookup, join, enrollment, OMA-DM and app content."""
    return [*_routes(_DEVICES, rt), Route("/connecttest.txt", _connect_test)]


@asynccontextmanager
async def open_runtime(
    files: Files, settings: Settings, *, clock: Clock | None = None, entropy: Entropy | None = None
) -> AsyncIterator[Runtime]:
    """A runtime on the data folder: schema up to date, authorities made."""
    clock, entropy = clock or SystemClock(), entropy or SystemEntropy()
    load_facts(files)
    files.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not settings.store.database:
        files.database.touch(mode=0o600)  # SQLite would take the umask; its journal files take this file's mode
    engine = open_engine(
        settings.store.database or f"sqlite:///{files.database}", synchronous=settings.store.synchronous
    )
    migrate(engine)
    store = Store(engine, clock=clock, entropy=entropy, ring=KeyRing.open(files.ring, entropy), followers=followers())
    workers, outside = ThreadWorkers(), httpx.AsyncHTTPTransport()
    runtime = Runtime(
        store=store,
        clock=clock,
        entropy=entropy,
        workers=workers,
        keys=FreshKeys(),
        blobs=Blobs(files.blobs, entropy),
        urls=settings.urls,
        others=settings.families,
        outside=outside,
    )
    try:
        await make_authorities(runtime)
        await directory.publish_addresses(runtime)
        await directory.seed_tenants(runtime)
        yield runtime
    finally:
        await outside.aclose()
        workers.close()
        store.close()


def load_facts(files: Files) -> None:
    """Extend this process's table of CSP facts by what was imported into the folder."""
    if files.csp_facts.exists():
        csp.extend(decode(files.csp_facts.read_bytes()).nodes)


async def first_start(rt: Runtime, *, organization: str, domain: str) -> str:
    """Make the tenant of ``domain`` if it is not there; the one-time password of ``admin@domain``.

    Empty once the administrator has a password of their own; until then every start gives a new one.
    """
    tenant = await rt.store.read(SYSTEM, lambda tx: directory.tenant_of_domain(tx, domain))
    if tenant is None:
        tenant = rt.entropy.uuid()
        await rt.store.write(tenant, lambda tx: directory.create_tenant(tx, display_name=organization, domain=domain))
    return await signin.bootstrap(rt, tenant, f"admin@{domain}", "First administrator")


async def keep_house(rt: Runtime) -> None:
    """What runs on the clock, tenant by tenant; trouble with one does not keep the others from their turn."""
    rounds = 0
    while True:
        for tenant in [*await rt.store.read(SYSTEM, router.tenants), SYSTEM]:
            try:
                await _tidy(rt, tenant, hourly=rounds % 60 == 0)
            except Exception:  # noqa: BLE001 - logged; the next round tries again
                _log.exception("housekeeping failed", tenant=tenant)
        rounds += 1
        await rt.clock.sleep(HOUSEKEEPING)


async def _tidy(rt: Runtime, tenant: str, *, hourly: bool) -> None:
    """What the clock does: hourly what ran out goes; for a tenant, status pages, clock rules."""
    while hourly and await rt.store.write(tenant, signin.forget_what_ran_out):
        pass
    if tenant == SYSTEM:
        return
    await rt.store.write(tenant, management.expire_pages)
    rt.store.wake(tenant)  # another process may have left something, or this one before it ended
    if hourly:
        while await rt.store.write(tenant, directory.purge_expired):
            pass
        await rt.store.write(tenant, management.end_retirements)
        await rt.store.write(tenant, management.forget_challenges)
        await rt.store.write(tenant, management.expire_actions)
        await management.forget_archives(rt, tenant)
        await directory.reevaluate_clock_rules(rt, tenant)


async def do_what_is_left(rt: Runtime) -> None:
    """What a transaction left to a job, once it is committed: rules, licences, columns of devices, handovers."""
    while True:
        for tenant in await rt.store.work_left():
            try:
                await directory.reevaluate_pending(rt, tenant)
                await directory.license_members(rt, tenant)
                await directory.finish_restoring(rt, tenant)
                await autopilot.settle_owed(rt, tenant)
                await autopilot.finish_transfers(rt, tenant)
            except Exception:  # noqa: BLE001 - logged; the next round of housekeeping wakes it again
                _log.exception("a job failed", tenant=tenant)


async def run(rt: Runtime, files: Files, settings: Settings, *, ready: asyncio.Event, stop: asyncio.Event) -> None:
    """Serve both doors, and the host names where there are any, until ``stop`` is set."""
    # A full collection looks at all that is remembered, 0.2 s with five thousand rules, and finds next to nothing.
    gc.set_threshold(20_000, 20, 200)
    listeners = await _listeners(rt, files, settings)
    chores = [asyncio.create_task(chore(rt)) for chore in (keep_house, do_what_is_left)]
    try:
        await serve(listeners, rt.clock, ready=ready, stop=stop)
    finally:
        for chore in chores:
            chore.cancel()
        await asyncio.gather(*chores, return_exceptions=True)


async def _listeners(rt: Runtime, files: Files, settings: Settings) -> list[Listener]:
    """The two doors, and a third listener for host names."""
    doors, own, microsoft = settings.doors, settings.own_names, settings.microsoft_names
    await _certificate_files(rt, files, doors.host, *(name.host for name in own))
    people, devices = await _policies(rt, files.chain, files.key)
    rt = replace(rt, urls=settings.two_doors, others=settings.families)
    hosts = (doors.host, *_THIS_MACHINE)
    listeners = [
        Listener(doors.bind, doors.people_port, people, Door(people_routes(rt, settings.graph), rt.entropy, hosts)),
        Listener(doors.bind, doors.devices_port, devices, Door(device_routes(rt), rt.entropy, hosts)),
    ]
    by_name = {name.host: devices if name.asks else people for name in own}
    if microsoft:
        await _microsoft_certificate_files(rt, files, [name.host for name in microsoft])
        plain, asking = await _policies(rt, files.microsoft_chain, files.microsoft_key)
        by_name |= {name.host: asking if name.asks else plain for name in microsoft}
    if by_name:
        named = ByHost(_doors(rt, [*own, *microsoft], settings))
        listeners.append(Listener(doors.bind, settings.names.port, people, named, by_name))
    return listeners


async def _certificate_files(rt: Runtime, files: Files, *hosts: str) -> None:
    """A fresh TLS certificate at each start: it never runs out, and only the root has to be trusted."""
    made = await server_certificate(rt, [*dict.fromkeys((*hosts, *_THIS_MACHINE))])
    write_private(files.key, made.key.encode())
    write_private(files.chain, made.chain.encode())
    write_private(files.root, made.root.encode())


async def _microsoft_certificate_files(rt: Runtime, files: Files, hosts: Sequence[str]) -> None:
    """The same for Microsoft's names, under the root that is good for them alone."""
    await make_microsoft_authority(rt, hosts)
    made = await server_certificate(rt, hosts, "microsoft")
    write_private(files.microsoft_key, made.key.encode())
    write_private(files.microsoft_chain, made.chain.encode())
    write_private(files.microsoft_root, made.root.encode())


async def _policies(rt: Runtime, chain: Path, key: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """The two TLS policies with one certificate: without and with asking for a client certificate."""
    peers = await peer_authorities(rt)
    return server_context(str(chain), str(key)), server_context(str(chain), str(key), peers=peers)


def _doors(rt: Runtime, names: Sequence[Name], settings: Settings) -> list[Door]:
    """One door for the names whose answers carry the same addresses."""
    hosts: dict[tuple[Urls, str], list[str]] = {}
    for name in names:
        hosts.setdefault((name.urls, name.kind), []).append(name.host)
    routes: dict[str, Callable[[Runtime], list[BaseRoute]]] = {
        "people": partial(people_routes, settings=settings.graph),
        "devices": device_routes,
    }
    return [Door(routes[kind](replace(rt, urls=urls)), rt.entropy, of) for (urls, kind), of in hosts.items()]


def _routes(rooms: tuple[str, ...], rt: Runtime) -> list[BaseRoute]:
    routes: list[BaseRoute] = []
    for room in rooms:
        routes.extend(import_module(f"taxiway.{room}.http").routes(rt))
    return routes


async def _connect_test(_request: Request) -> Response:
    """What Windows probes to learn whether it is online (06 section 3.1)."""
    return PlainTextResponse("Microsoft Connect Test")
