"""Many commands waiting for many devices: whether draining them takes memory that grows with them."""

from __future__ import annotations

import hashlib
import resource
import time
from pathlib import Path

from taxiway import app, directory, management
from taxiway.directory import SYSTEM_PRINCIPAL, Target
from taxiway.enrollment import ENROLLMENTS, MANAGED
from taxiway.management.session.message import Incoming, handle
from taxiway.settings import Settings
from taxiway.store import SYSTEM, Runtime, Tx
from taxiway.wire.syncml import (
    Alert,
    CmdIds,
    Command,
    Header,
    Message,
    Results,
    Status,
    parse_message,
    render_message,
)

_FIRST = 100
_AREA = "./Device/Vendor/MSFT/Policy/Config/Area"


async def measure(folder: Path, devices: int, each: int) -> dict[str, float]:
    """Drain ``each`` commands on each of ``devices``; megabytes by which the process grew after the first hundred."""
    async with app.open_runtime(app.Files(folder), Settings()) as rt:
        await app.first_start(rt, organization="Contoso", domain="contoso.example")
        tenant = await _tenant(rt)
        names = await _furnish(rt, tenant, devices, each)
        begun, sent, first = time.process_time(), 0, 0.0
        for number, name in enumerate(names):
            sent += await _drain(rt, tenant, name)
            if number == _FIRST:
                first = _megabytes()
        spent = time.process_time() - begun
    if sent != devices * each:
        raise SystemExit(f"bench: {sent} of {devices * each} commands were drained")
    return {
        "queue.commands": float(sent),
        "queue.commands_per_core_s": sent / spent,
        "queue.growth_mb": _megabytes() - first,
        "queue.process_mb": _megabytes(),
    }


async def _tenant(rt: Runtime) -> str:
    """The tenant of the first start."""
    return str(await rt.store.read(SYSTEM, lambda tx: directory.tenant_of_domain(tx, "contoso.example")))


async def _furnish(rt: Runtime, tenant: str, devices: int, each: int) -> list[str]:
    """Devices without a status page, and one configuration for all of them."""
    kind = "#microsoft.graph.omaSettingInteger"
    setting = [{"@odata.type": kind, "omaUri": f"{_AREA}{n}/Policy", "value": n} for n in range(each)]

    def configure(tx: Tx) -> str:
        values = {"display_name": "Many", "oma_settings": setting}
        kind_of = "windows10CustomConfiguration"
        row = management.create_configuration(tx, kind_of, values, principal=SYSTEM_PRINCIPAL)
        management.assign_configuration(tx, row["id"], [Target("all_devices")], principal=SYSTEM_PRINCIPAL)
        return str(directory.USERS.select(tx, limit=1)[0]["id"])

    def enroll(tx: Tx) -> str:
        device = directory.join_device(
            tx, display_name="PC", os="Windows", os_version="10.0.26100.1", trust_type="AzureAd", owner_id=owner
        )
        managed = MANAGED.insert(tx, {"device_name": "PC", "azure_ad_device_id": device["device_id"]})
        ENROLLMENTS.insert(tx, {"id": managed["id"], "key_hash": managed["id"], "entra_id": device["id"]})
        return str(managed["id"])

    owner = await rt.store.write(tenant, configure)
    return [await rt.store.write(tenant, enroll) for _ in range(devices)]


async def _drain(rt: Runtime, tenant: str, managed_id: str) -> int:
    """One session of one device; how many settings it was told."""
    answer = await _post(rt, tenant, managed_id, 1, [Alert("1", 1201)])
    told = 0
    for number in range(2, 20):
        commands = [command for command in answer.commands if isinstance(command, Command)]
        if not commands:
            return told
        told += sum(command.verb == "Replace" for command in commands)
        answer = await _post(rt, tenant, managed_id, number, _answers(answer, commands))
    raise SystemExit("bench: a session does not end")


def _answers(answer: Message, commands: list[Command]) -> list[Status | Results]:
    ids, ref = CmdIds(), answer.header.msg_id
    out: list[Status | Results] = []
    for each in commands:
        code = 404 if each.verb == "Get" else 200
        out.append(Status(cmd_id=ids.next(), msg_ref=ref, cmd_ref=each.cmd_id, cmd=each.verb, code=code))
    return out


async def _post(rt: Runtime, tenant: str, managed_id: str, number: int, commands: list[object]) -> Message:
    header = Header(session_id="1", msg_id=str(number), target="s", source="d", max_msg_size=524288)
    body = render_message(Message(header, tuple(commands)))  # type: ignore[arg-type]
    incoming = Incoming(
        managed_id, parse_message(body), hashlib.sha256(body).hexdigest(), None, "https://s", "https://s"
    )
    return parse_message(await rt.store.write(tenant, lambda tx: handle(tx, incoming)))


def _megabytes() -> float:
    """The largest the process has been."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
