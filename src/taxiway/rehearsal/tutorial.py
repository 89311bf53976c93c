"""The whole tutorial: a server of one's own, the seven steps, and every PC from sealed box to desktop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import msgspec

from taxiway.device import Endpoints, Event, Host, Outcome, Person
from taxiway.kernel import Entropy
from taxiway.rehearsal.administrator import Administrator
from taxiway.rehearsal.fleet import Seat, make_pcs, power_on, registration_file
from taxiway.rehearsal.plan import Plan, UserPlan
from taxiway.rehearsal.server import Addresses
from taxiway.rehearsal.setup import Progress, Setup


@dataclass(frozen=True, slots=True)
class Deployment:
    """One PC's outcome, and what the service says of it: which status page it got, whether it complies."""

    outcome: Outcome
    esp_profile: str = ""
    compliance: str = ""


@dataclass(slots=True)
class Tutorial:
    """One run. ``folder`` takes the PCs; ``server`` is up already."""

    server: Addresses
    plan: Plan
    folder: Path
    host: Host
    entropy: Entropy
    progress: Progress
    watcher: Callable[[str, Event], None]
    new_password: str = ""

    async def run(self, devices: int) -> list[Deployment]:
        """Carry out all eight steps with ``devices`` PCs, one user for each."""
        async with self.administrator() as admin:
            seats = await self.prepare(admin, devices)
            outcomes = await power_on(seats, endpoints(self.server), self.watcher)
            return [await look_up(admin, outcome) for outcome in outcomes]

    async def prepare(self, admin: Administrator, devices: int) -> list[Seat]:
        """Steps 1 to 7, and the PCs with their people in front of them."""
        plan = _with_users(self.plan, devices)
        pcs = make_pcs(self.folder, devices, self.host, self.entropy)
        owners = [plan.upn(user.upn) for user in plan.users[:devices]]
        setup = Setup(
            admin,
            plan,
            self.progress,
            csv=registration_file(pcs, self.host),
            users_of={pc.firmware.serial: upn for pc, upn in zip(pcs, owners, strict=True)},
        )
        await setup.run()
        people = [await self._person(admin, upn, setup.passwords[upn]) for upn in owners]
        return [Seat(pc, person) for pc, person in zip(pcs, people, strict=True)]

    def administrator(self) -> Administrator:
        """The first administrator, for ``async with``; replaces the one-time password at the first sign-in."""
        return Administrator(
            origin=self.server.people,
            ca_file=self.server.ca_file,
            upn=self.server.administrator,
            password=self.server.one_time_password,
            new_password=self.new_password or f"Tw-{self.entropy.token(12)}-7a",
            clock=self.host.clock,
            entropy=self.entropy,
        )

    @staticmethod
    async def _person(admin: Administrator, upn: str, password: str) -> Person:
        """Windows Hello asks for a second factor: the help desk hands out a Temporary Access Pass (R-114, R-122)."""
        made = await admin.call(
            "POST",
            f"/v1.0/users/{upn}/authentication/temporaryAccessPassMethods",
            {"lifetimeInMinutes": 60, "isUsableOnce": False},
        )
        return Person(upn, password, temporary_access_pass=made["temporaryAccessPass"])


def endpoints(server: Addresses) -> Endpoints:
    """The three origins a PC is told; everything else it discovers."""
    return Endpoints(ztd=server.devices, login=server.people, drs=server.devices, ca_file=server.ca_file)


async def look_up(admin: Administrator, outcome: Outcome) -> Deployment:
    """What the service recorded of a deployment."""
    if not outcome.intune_device_id:
        return Deployment(outcome)
    address = f"/beta/deviceManagement/managedDevices/{outcome.intune_device_id}"
    state = str((await admin.get(address))["complianceState"])
    told = await admin.get(f"/taxiway/timeline/{quote(outcome.serial, safe='')}")
    esp = [entry["what"].get("esp_profile") for entry in told["entries"] if entry["kind"] == "device.enrolled"]
    rules = [
        reason["text"]
        for entry in told["entries"]
        if entry["kind"] == "compliance.changed" and entry["what"]["to"] == state
        for reason in entry["why"]
    ]
    return Deployment(outcome, str(esp[-1]) if esp else "", f"{state} ({' '.join(rules)})" if rules else state)


def _with_users(plan: Plan, count: int) -> Plan:
    """The plan with at least ``count`` users."""
    more = [
        UserPlan(upn=f"person{number:03d}", display_name=f"Person {number}")
        for number in range(len(plan.users) + 1, count + 1)
    ]
    return msgspec.structs.replace(plan, users=[*plan.users, *more])
