"""Microsoft Graph in a tenant of a hundred thousand devices: pages, a filter on the serial number, a batch.

Requests go to the door's application in this process, so what is counted is the server: the token, the queries (but for
PostgreSQL's own part), the answer and its encoding. A page stands beside its floor: what msgspec takes to read and to
write the same answer.
"""

from __future__ import annotations

import gc
import statistics
import time
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from taxiway import app, autopilot, directory, enrollment
from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.doors import Door
from taxiway.settings import Settings
from taxiway.signin import tokens
from taxiway.store import SYSTEM, Prop, Repository, Runtime, Tx
from taxiway.store.settings import StoreSettings

DEVICES, PAGE, SLICE = 100_000, 1_000, 500
ROUNDS, FILTERS, SCANS, BATCHES, PARTS = 20, 400, 10, 30, 20
MANAGED = "/beta/deviceManagement/managedDevices"
#: A directory page has at most 999 objects.
PAGES: dict[str, tuple[str, Repository]] = {
    "managed_devices": (MANAGED, enrollment.MANAGED),
    "autopilot_devices": ("/beta/deviceManagement/windowsAutopilotDeviceIdentities", autopilot.DEVICES),
    "devices": ("/v1.0/devices?$top=999", directory.DEVICES),
}
_SCOPES = "DeviceManagementManagedDevices.Read.All DeviceManagementServiceConfig.Read.All Device.Read.All"


async def measure(folder: Path, name: str, database: str = "") -> dict[str, float]:
    """The figures of one store: ``name`` stands before each."""
    gc.set_threshold(20_000, 20, 200)  # as a server does
    settings = Settings(store=StoreSettings(database=database))
    async with app.open_runtime(app.Files(folder), settings) as rt:
        await app.first_start(rt, organization="Contoso", domain="contoso.example")
        tenant = await rt.store.read(SYSTEM, lambda tx: directory.tenant_of_domain(tx, "contoso.example") or "")
        for _, rows in PAGES.values():
            # The first page shows devices of which everything is known.
            await rt.store.write(tenant, partial(_fill, rows=rows, numbers=range(PAGE), whole=True))
        for start in range(PAGE, DEVICES, SLICE):
            numbers = range(start, start + SLICE)
            await rt.store.write(tenant, partial(_fill, rows=enrollment.MANAGED, numbers=numbers, whole=False))
        client = _Client(Door(app.people_routes(rt), rt.entropy), await _token(rt, tenant))
        found: dict[str, float] = {}
        for page, (path, _) in PAGES.items():
            found |= {f"{page}_{key}": value for key, value in (await _page(client, path)).items()}
        found |= await _filters(client) | await _batches(client)
    return {f"graph.{name}.{key}": value for key, value in found.items()}


def _fill(tx: Tx, *, rows: Repository, numbers: range, whole: bool) -> None:
    props = [prop for prop in rows.entity.props.values() if whole or prop.column]
    rows.add_all(tx, [_device(tx, props, number, whole=whole) for number in numbers])


def _device(tx: Tx, props: list[Prop], number: int, *, whole: bool) -> dict[str, Any]:
    values = {prop.name: _value(tx, prop, number) for prop in props if not prop.secret}
    if "role_scope_tag_ids" in values:
        values["role_scope_tag_ids"] = ["0"]
    return values | ({"id": f"00000000-0000-4000-8000-{number:012}"} if whole else {})


def _value(tx: Tx, prop: Prop, number: int) -> Any:
    """Something of the property's type; the texts differ from device to device."""
    match prop.kind:
        case "bool":
            return number % 2 == 0
        case "int" | "float":
            return number
        case "datetime":
            return tx.now - timedelta(seconds=number, microseconds=number)
        case "strings":
            return [f"{prop.name}-{number}"]
        case "json":
            return [] if isinstance(prop.default, list) else {"value": number, "text": f"{prop.name} {number}"}
    return f"{prop.name}-{number:06}"


async def _token(rt: Runtime, tenant: str) -> str:
    """A Global Administrator's access token."""

    def write(tx: Tx) -> str:
        user = directory.create_user(tx, principal=SYSTEM_PRINCIPAL, upn="bench@contoso.example", display_name="Bench")
        directory.assign_role(tx, user["id"], directory.GLOBAL_ADMINISTRATOR, principal=SYSTEM_PRINCIPAL)
        return str(user["id"])

    user_id = await rt.store.write(tenant, write)
    now = int(rt.clock.now().timestamp())
    claims = {"ver": "1.0", "tid": tenant, "iss": tokens.issuer(rt.urls.login, tenant, "1.0"), "oid": user_id}
    claims |= {"aud": "https://graph.microsoft.com", "appid": rt.entropy.uuid(), "scp": _SCOPES}
    times = {"iat": now, "nbf": now, "exp": now + 36_000}
    return (await tokens.sign(rt, {**claims, **times, "amr": ["pwd"], "uti": rt.entropy.token(12)}))[0]


@dataclass(frozen=True, slots=True)
class _Client:
    """Speaks ASGI to the door, so that no client's work is counted."""

    door: Door
    token: str

    async def call(self, path: str, body: Any = None) -> bytes:
        """The content of a 200."""
        path, _, query = path.partition("?")
        content = b"" if body is None else msgspec.json.encode(body)
        headers = [(b"host", b"localhost"), (b"authorization", f"Bearer {self.token}".encode())]
        headers.append((b"content-length", str(len(content)).encode()))
        scope: dict[str, Any] = {"type": "http", "http_version": "1.1", "method": "GET" if body is None else "POST"}
        scope |= {"scheme": "https", "path": path, "raw_path": path.encode(), "query_string": query.encode()}
        scope |= {"headers": headers, "client": ("127.0.0.1", 1), "server": ("localhost", 443), "root_path": ""}
        statuses: list[int] = []
        parts: list[bytes] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": content, "more_body": False}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])
            else:
                parts.append(message.get("body", b""))

        await self.door(scope, receive, send)
        if statuses != [200]:
            raise SystemExit(f"bench: {path} is answered {statuses}: {b''.join(parts)[:300]!r}")
        return b"".join(parts)


async def _page(client: _Client, path: str) -> dict[str, float]:
    """A page of a thousand devices of which every property is shown."""
    content = await client.call(path)
    shown = msgspec.json.decode(content)["value"]
    if len(shown) < PAGE - 1:
        raise SystemExit(f"bench: a page of {path} has {len(shown)} devices")
    took, floors = [], []
    for _ in range(ROUNDS):
        gc.collect()
        start = time.process_time()
        await client.call(path)
        took.append(time.process_time() - start)
        start = time.process_time()
        msgspec.json.encode(msgspec.json.decode(content))
        floors.append(time.process_time() - start)
    cpu = statistics.median(took)
    return {
        "page_properties": float(len(shown[0])),
        "page_mib": len(content) / 2**20,
        "page_cpu_ms": cpu * 1000,
        "page_of_reading_and_writing_it": cpu / statistics.median(floors),
    }


async def _filters(client: _Client) -> dict[str, float]:
    """One device of a hundred thousand, by its serial number and by a part of it."""

    async def timed(wanted: str, rounds: int) -> tuple[list[float], list[float]]:
        took, cpu = [], []
        for number in range(rounds):
            serial = f"serial_number-{number * 7919 % DEVICES:06}"
            path = f"{MANAGED}?$filter={wanted.format(serial)}".replace(" ", "%20")
            start, began = time.perf_counter(), time.process_time()
            content = await client.call(path)
            took.append((time.perf_counter() - start) * 1000)
            cpu.append((time.process_time() - began) * 1000)
            found = [device["serialNumber"] for device in msgspec.json.decode(content)["value"]]
            if found != [serial]:
                raise SystemExit(f"bench: {path} finds {found[:3]}")
        return took, cpu

    await timed("serialNumber eq '{}'", 20)
    equal, cpu = await timed("serialNumber eq '{}'", FILTERS)
    within, _ = await timed("contains(serialNumber,'{}')", SCANS)
    return {
        "filter_p50_ms": statistics.median(equal),
        "filter_p99_ms": _p99(equal),
        "filter_cpu_p50_ms": statistics.median(cpu),
        "filter_cpu_p99_ms": _p99(cpu),
        "filter_contains_p50_ms": statistics.median(within),
    }


async def _batches(client: _Client) -> dict[str, float]:
    """Twenty requests in one, and the same twenty one by one, in turn."""
    paths = [f"{MANAGED}/00000000-0000-4000-8000-{number:012}" for number in range(PARTS)]
    body = {
        "requests": [
            {"id": str(number), "method": "GET", "url": path.removeprefix("/beta")} for number, path in enumerate(paths)
        ]
    }
    together, apart = 0.0, 0.0
    for _ in range(BATCHES):
        start = time.process_time()
        content = await client.call("/beta/$batch", body)
        together += time.process_time() - start
        start = time.process_time()
        for path in paths:
            await client.call(path)
        apart += time.process_time() - start
        if any(answer["status"] != 200 for answer in msgspec.json.decode(content)["responses"]):
            raise SystemExit("bench: a request of the batch failed")
    return {
        f"batch_of_{PARTS}_cpu_ms": together / BATCHES * 1000,
        f"batch_of_{PARTS}_to_its_parts": together / apart,
    }


def _p99(values: list[float]) -> float:
    return statistics.quantiles(values, n=100)[98]
