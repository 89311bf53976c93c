"""What a check-in costs the server, how fast devices enroll, and whether a long queue takes memory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from bench import floor, queue
from bench.deployment import cpu_of
from bench.wire import Wire
from taxiway import app
from taxiway.device import Host
from taxiway.device.machine import Machine
from taxiway.device.requests import management_request
from taxiway.device.state import Storage
from taxiway.kernel import FreshKeys, PooledKeys, SystemEntropy, ThreadWorkers
from taxiway.rehearsal.fleet import Seat, power_on
from taxiway.rehearsal.plan import read_plan
from taxiway.rehearsal.server import Addresses, LocalServer
from taxiway.rehearsal.tutorial import Tutorial, endpoints
from taxiway.wire.enroll import ISSUE, PKCS10, EnrollRequest, render_enroll
from taxiway.wire.soap import CONTENT_TYPE as SOAP
from taxiway.wire.soap import JWT_TOKEN, BinaryToken
from taxiway.wire.syncml import (
    CONTENT_TYPE,
    LOGIN_STATUS,
    Alert,
    Body,
    CmdIds,
    Command,
    Header,
    Item,
    Message,
    Results,
    Status,
    parse_message,
    render_message,
)

DEVICES = 4
SESSIONS = 60
ENROLLMENTS = 40
MANY, EACH = 1000, 20
_VALUES = {"./DevDetail/SwV": "10.0.26100.1742"}


async def measure(folder: Path) -> dict[str, float]:
    """Check-ins with nothing to do and enrollments per CPU second of the server; what a long queue does to memory."""
    async with LocalServer(folder / "server") as server:
        addresses = await server.start()
        files = app.Files(folder / "server")
        signing = 1 / floor.unit_costs(files.chain, files.key)["certificate issue"]
        seats = await _deploy(addresses, folder)
        found = await _check_ins(addresses, seats, server.pid)
        enrollments = await _enrollments(addresses, seats[0], server.pid)
    found["enrollment.per_core_s"] = enrollments
    found["enrollment.ca_signatures_per_core_s"] = signing
    found["enrollment.of_ca_rate"] = enrollments / signing
    return found | await queue.measure(folder / "queue", MANY, EACH)


async def _check_ins(server: Addresses, seats: list[Seat], pid: int) -> dict[str, float]:
    """Each device again and again, when there is nothing left to do for it."""
    devices = [await _Device.of(seat, server) for seat in seats]
    for device in devices:
        await device.check_in()
        await device.check_in()
    before, octets, messages = cpu_of(pid), devices[0].octets, devices[0].messages
    for _ in range(SESSIONS):
        for device in devices:
            await device.check_in()
    return {
        "checkin.messages": (devices[0].messages - messages) / SESSIONS,
        "checkin.kilobytes": (devices[0].octets - octets) / SESSIONS / 1024,
        "checkin.sessions_per_core_s": SESSIONS * len(devices) / (cpu_of(pid) - before),
    }


async def _enrollments(server: Addresses, seat: Seat, pid: int) -> float:
    """A device that enrolls with another key each time: token and request checked, certificate and document made."""
    host = Host(ThreadWorkers(1))
    machine = Machine(host, Storage.open(seat.pc.folder), endpoints(server))
    token = (await machine.broker.token(f"{server.devices}/")).access_token
    await machine.off()
    url = f"{server.devices}/EnrollmentServer/Enrollment.svc"
    context = (("EnrollmentType", "Device"), ("DeviceType", "CIMClient_Windows"), ("DeviceName", "PC"))
    context += (("OSVersion", seat.pc.firmware.os_version), ("OSEdition", "48"), ("DeviceID", "D"))
    bodies = []
    for number in range(ENROLLMENTS):
        csr = management_request(FreshKeys().rsa(), f"N{number}", "D")
        request = EnrollRequest(request_type=ISSUE, token=BinaryToken(PKCS10, csr), context=context)
        credential = BinaryToken(JWT_TOKEN, token.encode())
        bodies.append(render_enroll(request, message_id=f"{number}", to=url, credential=credential))
    wire = await Wire.open(server.devices, server.ca_file)
    before = cpu_of(pid)
    for body in bodies:
        status, answer = await wire.send("/EnrollmentServer/Enrollment.svc", body, f"Content-Type: {SOAP}\r\n")
        if status != 200:
            raise SystemExit(f"bench: an enrollment is answered {status}: {answer[:600]!r}")
    host.workers.close()
    return ENROLLMENTS / (cpu_of(pid) - before)


async def _deploy(server: Addresses, folder: Path) -> list[Seat]:
    """Some PCs at their desktops."""
    workers = ThreadWorkers(1)
    host = Host(workers, keys=PooledKeys([FreshKeys().rsa() for _ in range(DEVICES * 4)]))
    silent = lambda *_: None  # noqa: E731
    tutorial = Tutorial(server, read_plan(), folder / "pcs", host, SystemEntropy(), progress=silent, watcher=silent)
    async with tutorial.administrator() as admin:
        seats = await tutorial.prepare(admin, DEVICES)
    for outcome in await power_on(seats, endpoints(server), silent):
        if outcome.reached != "desktop":
            raise SystemExit(f"bench: {outcome.serial} did not reach the desktop: {outcome.failure}")
    workers.close()
    return seats


@dataclass(slots=True)
class _Device:
    """A managed device as its server sees it: a certificate, and an answer to each Get."""

    wire: Wire
    path: str
    address: str
    source: str
    sessions: int = 0
    messages: int = 0
    octets: int = 0

    @classmethod
    async def of(cls, seat: Seat, server: Addresses) -> _Device:
        """The device of a deployed PC."""
        state, tpm = seat.pc.state, seat.pc.folder / "tpm"
        if state.enrolled is None:
            raise SystemExit("bench: a PC is not enrolled")
        proof = (tpm / "management.crt", tpm / "management.key")
        wire = await Wire.open(server.devices, server.ca_file, proof)
        parts = urlsplit(state.enrolled.address)
        return cls(wire, f"{parts.path}?mode=Machine&Platform=WoA", state.enrolled.address, "D", 1000)

    async def check_in(self) -> None:
        """One session, from the first alert to the server's last word."""
        self.sessions += 1
        facts = Command("Replace", "", tuple(Item(source=f"./DevInfo/{n}", data="x") for n in ("DevId", "Man", "Mod")))
        outgoing: list[Body] = [
            Alert("", 1201),
            Alert("", 1224, (Item(type=LOGIN_STATUS, data="others"),)),
            facts,
        ]
        for number in range(1, 10):
            answer = await self._exchange(number, outgoing)
            commands = [each for each in answer.commands if isinstance(each, Command)]
            if not commands:
                return
            outgoing = _answers(answer, commands)
        raise SystemExit("bench: a check-in with nothing to do does not end")

    async def _exchange(self, number: int, commands: list[Body]) -> Message:
        ids = CmdIds()
        numbered = tuple(msgspec.structs.replace(each, cmd_id=ids.next()) for each in commands)
        header = Header(
            session_id=str(self.sessions),
            msg_id=str(number),
            target=self.address,
            source=self.source,
            max_msg_size=524288 if number == 1 else None,
        )
        body = render_message(Message(header, numbered))
        status, content = await self.wire.send(self.path, body, f"Content-Type: {CONTENT_TYPE}\r\n")
        if status != 200:
            raise SystemExit(f"bench: a check-in is answered {status}: {content[:200]!r}")
        self.messages += 1
        self.octets += len(body) + len(content)
        return parse_message(content)


def _answers(answer: Message, commands: list[Command]) -> list[Body]:
    """200 to everything, and a value to each Get."""
    ref = answer.header.msg_id
    out: list[Body] = [Status(cmd_id="", msg_ref=ref, cmd_ref="0", cmd="SyncHdr", code=200)]
    for each in commands:
        out.append(Status(cmd_id="", msg_ref=ref, cmd_ref=each.cmd_id, cmd=each.verb, code=200))
        if each.verb == "Get":
            uri = each.items[0].uri
            found = (Item(source=uri, format="chr", data=_VALUES.get(uri, "0")),)
            out.append(Results(cmd_id="", msg_ref=ref, cmd_ref=each.cmd_id, items=found))
    return out
