"""DiagnosticLog: gather logs into one archive and hand it to the address of the order (05 section 10.16)."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Awaitable
from datetime import datetime

from taxiway.device.csp.base import MSFT, Change, Csp
from taxiway.device.csp.node import Node, Refused
from taxiway.device.diagnostics import files
from taxiway.device.errors import ServerUnreachable
from taxiway.device.jobs import Jobs
from taxiway.device.state import Storage
from taxiway.device.transport import Transport
from taxiway.wire.errors import WireError
from taxiway.wire.log_collection import Collection, parse_collection, render_collection, render_results
from taxiway.wire.syncml import Code

JOB = "diagnostics"
_ACCESS_DENIED, _NOT_FOUND = 0x80070005, 0x80070002
_HIVES = ("HKLM\\", "HKCR\\", "HKEY_LOCAL_MACHINE\\", "HKEY_CLASSES_ROOT\\")
#: Executables that Windows lets a server run here.
_ALLOWED = re.compile(
    r"(?:%windir%\\system32\\)?(dsregcmd|ipconfig|certutil|netsh|mdmdiagnosticstool)\.exe(?: .*)?", re.IGNORECASE
)


class DiagnosticLog(Csp):
    """Carries out one collection after another; one whose id was seen is not carried out again."""

    root = (*MSFT, "DiagnosticLog")
    runs = frozenset({"ArchiveDefinition"})

    def __init__(self, storage: Storage, jobs: Jobs, transport: Transport) -> None:
        self._storage = storage
        self._jobs = jobs
        self._transport = transport

    def read(self, node: Node) -> str | None:
        """What became of the last collection."""
        return self._storage.state.collection if node.name == "ArchiveResults" else None

    def check(self, change: Change) -> None:
        """An order that cannot be read, or sends logs to an address without TLS, is 400."""
        if change.node.name == "ArchiveDefinition" and change.verb != "Delete":
            _parse(change.value)

    def changed(self, change: Change) -> Awaitable[Code | None] | None:
        """Gather and upload in the background."""
        return self._order(_parse(change.value)) if change.verb == "Exec" else None

    async def _order(self, order: Collection) -> Code:
        state = self._storage.state
        if order.id not in state.collected:
            state.collecting = render_collection(order)
            self._storage.save()
            self.resume()
        return Code.ACCEPTED

    def resume(self) -> None:
        """Begin the collection that was ordered, or begin it again where the power went before its upload."""
        if self._storage.state.collecting:
            self._jobs.start(JOB, self._collect(parse_collection(self._storage.state.collecting)))

    async def _collect(self, order: Collection) -> None:
        now = self._transport.now()
        told = {value: _hresult(name, value) for name in ("registry", "commands") for value in getattr(order, name)}
        archive = await self._transport.host.workers.run(_archive, self._storage, order, told, now)
        name = f"DiagLogs-{self._storage.state.device_name}-{now:%Y%m%dT%H%M%SZ}.zip"
        headers = {"content-type": "application/zip", "x-ms-blob-type": "BlockBlob", "x-file-name": name}
        try:
            response = await self._transport.send("PUT", order.sas_url, content=archive, headers=headers)
            result = 0 if response.status_code in {200, 201} else 0x80190000 | response.status_code
        except ServerUnreachable as failure:
            result = int(failure.code, 16)
        state = self._storage.state
        state.collection, state.collecting = render_results(order, result, told), ""
        state.collected.append(order.id)
        self._storage.save()


def _parse(text: str) -> Collection:
    try:
        order = parse_collection(text)
    except WireError as error:
        raise Refused(Code.BAD_REQUEST) from error
    if not order.sas_url.startswith("https://"):
        raise Refused(Code.BAD_REQUEST)
    return order


def _hresult(name: str, value: str) -> int:
    """What Windows lets a server have: keys of the machine, and executables of a list."""
    allowed = value.upper().startswith(_HIVES) if name == "registry" else _ALLOWED.fullmatch(value) is not None
    return 0 if allowed else _ACCESS_DENIED


def _archive(storage: Storage, order: Collection, told: dict[str, int], now: datetime) -> bytes:
    """The zip: the bundle of the deployment, what the commands print, and the results."""
    made, stamp = io.BytesIO(), (now.year, now.month, now.day, now.hour, now.minute, now.second)
    content = dict(files(storage, now))
    for number, command in enumerate(order.commands):
        if told[command] == 0:
            content[f"({number}) {command.rpartition(chr(92))[2].partition('.')[0]}.txt"] = _printed(storage, command)
    content["results.xml"] = render_results(order, 0, told).encode()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            archive.writestr(zipfile.ZipInfo(name, stamp), data, zipfile.ZIP_DEFLATED)
    return made.getvalue()


def _printed(storage: Storage, command: str) -> bytes:
    """What a command would print, as far as this PC knows."""
    state = storage.state
    if "dsregcmd" in command.lower():
        joined = state.joined
        lines = [
            f"AzureAdJoined : {'YES' if joined else 'NO'}",
            f"Device Name : {state.device_name}",
            f"DeviceId : {joined.device_id if joined else ''}",
            f"TenantId : {joined.tenant_id if joined else ''}",
            f"TenantName : {joined.tenant_name if joined else ''}",
            f"MdmUrl : {state.mdm.get('mdm_enrollment_url', '')}",
        ]
        return "\r\n".join(lines).encode()
    if "ipconfig" in command.lower():
        return f"Physical Address : {state.firmware.lan_mac}\r\nPhysical Address : {state.firmware.wlan_mac}".encode()
    return b"(this PC has nothing to print for it)"
