"""A tenant with a hundred thousand devices: import, lookup, a changed tag, a changed rule (design, rule 4).

The file is imported by the command in a process of its own; devices and administrator speak HTTPS, but for the lookup,
which is timed inside the server as well.
"""

from __future__ import annotations

import asyncio
import os
import resource
import statistics
import sys
import time
from functools import partial
from pathlib import Path

import httpx

from bench.server import InProcess
from taxiway import autopilot, directory
from taxiway.device import Firmware
from taxiway.directory import SYSTEM_PRINCIPAL, Target
from taxiway.kernel import SystemClock, SystemEntropy
from taxiway.rehearsal.administrator import Administrator
from taxiway.rehearsal.registration import DEVICES, register
from taxiway.rehearsal.server import Addresses
from taxiway.store import SYSTEM, Runtime, Tx, one_of
from taxiway.wire import registration_csv
from taxiway.wire.autopilot_profile import PROFILE_PATH, TOKEN_HEADER
from taxiway.wire.ztd import FactDigests, digest_facts

FEW, MANY, MORE = 1_000, 100_000, 500
PROFILES, TAGS, PREFIXES, MODELS = 350, 4_000, 500, 500
ROUNDS = 300
_PASSWORD = "Only-for-this-1-run"


async def measure(folder: Path, name: str, database: str = "") -> dict[str, float]:
    """The figures of one store: ``name`` stands before each."""
    server = InProcess(folder, database)
    async with server.serving() as addresses:
        bench = _Bench(server.runtime, addresses, folder)
        async with bench.administrator() as admin:
            await admin.get("/v1.0/organization")
            found = await bench.run(admin)
    return {f"fleet.{name}.{key}": value for key, value in found.items()}


class _Bench:
    """One tenant and what is measured in it."""

    def __init__(self, rt: Runtime, addresses: Addresses, folder: Path) -> None:
        self._rt = rt
        self._addresses = addresses
        self._folder = folder
        self._clock, self._entropy = SystemClock(), SystemEntropy()
        self._tenant = ""
        self._devices: list[tuple[str, FactDigests]] = []

    def administrator(self) -> Administrator:
        """The first administrator, at the first sign-in."""
        server = self._addresses
        return Administrator(
            origin=server.people,
            ca_file=server.ca_file,
            upn=server.administrator,
            password=server.one_time_password,
            new_password=_PASSWORD,
            clock=self._clock,
            entropy=self._entropy,
        )

    async def run(self, admin: Administrator) -> dict[str, float]:
        """Fill the tenant and measure on the way."""
        store = self._rt.store
        self._tenant = await store.read(SYSTEM, lambda tx: directory.tenant_of_domain(tx, "contoso.example") or "")
        for number in range(TAGS + PREFIXES + MODELS):
            await store.write(self._tenant, partial(_group, number=number))
        for number in range(PROFILES):
            await store.write(self._tenant, partial(_profile, number=number))
        await self._import(FEW)
        few = await self._lookups(ROUNDS)
        import_s = await self._import(MANY - FEW)
        many = await self._lookups(ROUNDS)
        more = await self._more(admin)
        tag = await self._tags(admin)
        return {
            f"import_{MANY - FEW}_rows_s": import_s,
            "import_command_peak_mib": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
            "lookup_p50_ms": statistics.median(many),
            "lookup_p99_ms": _p99(many),
            "lookup_p99_to_that_at_1000": _p99(many) / _p99(few),
            f"import_{MORE}_more_until_assigned_s": more,
            "changed_tag_until_profile_p99_ms": _p99(tag),
            **await self._rule(admin),
        }

    async def _import(self, count: int) -> float:
        """Seconds of ``taxiway import`` for a file of so many rows."""
        file = self._folder / "devices.csv"
        self._write(file, count)
        environment = {**os.environ, "TAXIWAY_ADMIN_PASSWORD": _PASSWORD}
        told = ("--server", self._addresses.people, "--ca", str(self._addresses.ca_file))
        start = time.monotonic()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "taxiway", "import", str(file), *told, "--admin", self._addresses.administrator),
            env=environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        said, wrong = await process.communicate()
        seconds = time.monotonic() - start
        if process.returncode or f"{count:,} devices registered" not in said.decode():
            raise SystemExit(f"bench: the import went wrong: {said.decode()[-300:]} {wrong.decode()[-300:]}")
        file.unlink()
        return seconds

    def _write(self, file: Path, count: int) -> None:
        """Rows as an administrator's tool writes them; every tag is used, and every hundredth device is remembered."""
        with file.open("w", encoding="ascii", newline="") as out:
            out.write(",".join(registration_csv.HEADER[:4]) + "\r\n")
            for number in range(count):
                made = Firmware.new(self._entropy).hardware_hash(self._clock.now())
                out.write(f"{made.serial},,{made.encode_base64()},T{number % TAGS}\r\n")
                if number % max(1, count // ROUNDS) == 0:
                    self._devices.append((made.serial or "", digest_facts(made.identity())))

    async def _lookups(self, rounds: int) -> list[float]:
        """Milliseconds of one lookup each, by devices spread over the tenant, one after another."""
        return [await self._lookup(number) for number in range(rounds)]

    async def _lookup(self, number: int) -> float:
        _, facts = self._devices[-1 - number % min(len(self._devices), ROUNDS)]
        ticket, _ = autopilot.issue_ticket(self._rt, facts)
        start = time.perf_counter()
        await autopilot.look_up(self._rt, ticket, correlation=self._entropy.uuid())
        return (time.perf_counter() - start) * 1000

    async def _more(self, admin: Administrator) -> float:
        """Seconds until 500 more rows are registered and each has its profile."""
        file = self._folder / "more.csv"
        self._write(file, MORE)
        content = file.read_bytes()
        start = time.monotonic()
        report = await register(admin, [content])
        where = f"groupTag eq 'T{(MORE - 1) % TAGS}' and deploymentProfileAssignmentStatus ne 'notAssigned'"
        last = await admin.values(DEVICES, **{"$filter": where})
        seconds = time.monotonic() - start
        if len(report.registered) != MORE or report.registered[-1] not in {device["serialNumber"] for device in last}:
            raise SystemExit("bench: not every device of the batch has its profile")
        return seconds

    async def _tags(self, admin: Administrator) -> list[float]:
        """Milliseconds from the request that changes a group tag until the device is given the new profile."""
        took = []
        async with httpx.AsyncClient(verify=str(self._addresses.ca_file), base_url=self._addresses.devices) as http:
            for number in range(ROUNDS // 3):
                serial, facts = self._devices[-1 - number]
                found = await self._rt.store.read(
                    self._tenant, lambda tx, it=serial: autopilot.record_of_serial(tx, it)
                )
                ticket, _ = autopilot.issue_ticket(self._rt, facts)
                headers = {TOKEN_HEADER: f"t={ticket}", "client-request-id": self._entropy.uuid()}
                wanted = (number + 7) % PROFILES
                start = time.perf_counter()
                path = f"{DEVICES}/{found['id'] if found else ''}/updateDeviceProperties"
                await admin.call("POST", path, {"groupTag": f"T{wanted}"})
                answer = await http.get(PROFILE_PATH, headers=headers)
                took.append((time.perf_counter() - start) * 1000)
                if f"Profile {wanted:03}" not in answer.text:
                    raise SystemExit(f"bench: another profile was given: {answer.text[:200]}")
        return took

    async def _rule(self, admin: Administrator) -> dict[str, float]:
        """Seconds until a changed rule holds for every device, and what lookups take meanwhile.

        The rule first matches one device in four thousand, then one in four.
        """
        [group] = await admin.values("/v1.0/groups", **{"$filter": "displayName eq 'Tag 0001'"})
        narrow = await self._changed(admin, group["id"], '(device.devicePhysicalIds -any (_ -eq "[OrderID]:T2"))')
        wide = await self._changed(admin, group["id"], '(device.devicePhysicalIds -any (_ -startsWith "[OrderID]:T2"))')
        return {
            "changed_rule_s": narrow[0],
            "changed_rule_lookup_p99_ms": _p99(narrow[1]),
            "changed_rule_that_moves_a_quarter_s": wide[0],
            "changed_rule_that_moves_a_quarter_lookup_p99_ms": _p99(wide[1]),
        }

    async def _changed(self, admin: Administrator, group_id: str, rule: str) -> tuple[float, list[float]]:
        start = time.monotonic()
        await admin.call("PATCH", f"/v1.0/groups/{group_id}", {"membershipRule": rule})
        took: list[float] = []

        async def done() -> bool:
            group = await admin.get(f"/beta/groups/{group_id}?$select=membershipRuleProcessingStatus")
            return bool(group["membershipRuleProcessingStatus"]["status"] == "Succeeded")

        while not await done():
            took += await self._lookups(10)
        return time.monotonic() - start, took or await self._lookups(10)


def _group(tx: Tx, *, number: int) -> None:
    """One for each tag, some for beginnings of tags, some for models."""
    tag, model = f"T{number}", f"Latitude {number}"
    if number < TAGS:
        name, rule = f"Tag {number:04}", f'(device.devicePhysicalIds -any (_ -eq "[OrderID]:{tag}"))'
    elif number < TAGS + PREFIXES:
        name, rule = f"Beginning {number}", f'(device.devicePhysicalIds -any (_ -startsWith "[OrderID]:{tag}"))'
    else:
        name, rule = f"Model {number}", f'(device.deviceModel -eq "{model}") -and (device.deviceOSType -eq "Windows")'
    directory.create_group(tx, principal=SYSTEM_PRINCIPAL, display_name=name, kind="dynamic_device", rule=rule)


def _profile(tx: Tx, *, number: int) -> None:
    """A profile for every 350th tag."""
    profile = autopilot.create_profile(tx, {"display_name": f"Profile {number:03}"}, principal=SYSTEM_PRINCIPAL)
    names = [f"Tag {tag:04}" for tag in range(number, TAGS, PROFILES)]
    groups = directory.GROUPS.select(tx, one_of("display_name", names))
    targets = [Target("group", group["id"]) for group in groups]
    autopilot.assign_profile(tx, profile["id"], targets, principal=SYSTEM_PRINCIPAL)


def _p99(values: list[float]) -> float:
    return statistics.quantiles(values, n=100)[98]
