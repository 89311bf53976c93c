"""Steps 3 and 7 as an administrator sees them at Graph: import a CSV, wait for the result, assign users."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from taxiway.rehearsal.administrator import Administrator
from taxiway.rehearsal.errors import GraphRefused, RehearsalError
from taxiway.wire import registration_csv
from taxiway.wire.registration_csv import ROW_LIMIT, Item, Problem, Repair, Row

IMPORTED = "/beta/deviceManagement/importedWindowsAutopilotDeviceIdentities"
DEVICES = "/beta/deviceManagement/windowsAutopilotDeviceIdentities"
_POLL = 0.1
_PATIENCE = 120.0
#: Rows of one batch, and batches on their way at a time: while one is being written, the next is being read.
_BATCH = 500
_AT_ONCE = 2
#: ``ZtdDeviceAlreadyAssigned`` (06 section 2.4).
_KNOWN = "806"
_UNKNOWN: dict[str, Any] = {"state": {"deviceImportStatus": "unknown"}}


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that was not registered: its line in the file, the code and the sentence for it."""

    line: int
    column: int
    code: str
    text: str


@dataclass(slots=True)
class Report:
    """What became of a file, or so far of its first rows."""

    registered: list[str] = field(default_factory=list)
    refused: list[RefusedRow] = field(default_factory=list)
    repairs: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def known(self) -> list[RefusedRow]:
        """The rows whose devices this tenant had registered before: what a file that is imported again consists of."""
        return [row for row in self.refused if row.code == _KNOWN]

    @property
    def failed(self) -> list[RefusedRow]:
        """The rows that were refused for any other reason."""
        return [row for row in self.refused if row.code != _KNOWN]

    @property
    def sentence(self) -> str:
        """One line for the checklist."""
        plural = "device" if len(self.registered) == 1 else "devices"
        parts = [f"{len(self.registered):,} {plural} registered"]
        if self.known:
            parts.append(f"{len(self.known):,} had been registered before")
        if self.failed:
            parts.append(f"{len(self.failed):,} refused")
        return ", ".join(parts)


Progress = Callable[[Report], None]


async def register(
    admin: Administrator, content: Iterable[bytes], *, strict: bool = False, progress: Progress | None = None
) -> Report:
    """Import a CSV as the admin centre does; every good row is imported whatever the others are.

    The file comes in pieces and goes to the server in batches, of which two are on their way at a time: a file of any
    length is never held as a whole. ``strict`` keeps to the 500 rows of the original. ``progress`` is told after each
    batch. A file whose import broke off is imported again from its beginning: what is registered stays as it is.
    """
    report = Report()
    sending: deque[asyncio.Task[None]] = deque()
    batches = _batches(registration_csv.read(content, strict=strict, limit=ROW_LIMIT if strict else None), report)
    try:
        for batch in batches:
            sending.append(asyncio.create_task(_send(admin, batch, report, progress)))
            if len(sending) >= _AT_ONCE:
                await sending.popleft()
        while sending:
            await sending.popleft()
    finally:
        for task in sending:
            task.cancel()
    report.refused.sort(key=lambda row: row.line)
    return report


def _batches(items: Iterable[Item], report: Report) -> Iterator[list[Row]]:
    """The good rows in portions; what is wrong with others, and what was repaired, goes into the report."""
    rows: list[Row] = []
    for item in items:
        match item:
            case Row():
                if len(rows) == _BATCH:
                    yield rows
                    rows = []
                rows.append(item)
            case Repair():
                report.repairs.append(f"line {item.line}, column {item.column}: {item.text}")
            case Problem():
                report.refused.append(RefusedRow(item.line, item.column, item.code, item.text))
    if rows:
        yield rows


async def _send(admin: Administrator, rows: list[Row], report: Report, progress: Progress | None) -> None:
    """Send one batch and sort its results into the report."""
    for row, item in zip(rows, await _import(admin, rows), strict=True):
        state = item["state"]
        report.warnings += [f"line {row.line}: {finding['text']}" for finding in item.get("@taxiway.findings") or ()]
        if state["deviceImportStatus"] == "complete":
            report.registered.append(row.serial)
        else:
            text = f"{state['deviceErrorName']}: {row.serial}"
            report.refused.append(RefusedRow(row.line, 1, str(state["deviceErrorCode"]), text))
    if progress is not None:
        progress(report)


async def _import(admin: Administrator, rows: list[Row]) -> list[dict[str, Any]]:
    """Send the rows in one batch and wait until each has its result; the imports in the order of the rows."""
    import_id = admin.entropy.uuid()
    batch = [
        {
            "@odata.type": "#microsoft.graph.importedWindowsAutopilotDeviceIdentity",
            "serialNumber": row.serial,
            "productKey": row.product_id,
            "hardwareIdentifier": row.hardware_hash,
            "groupTag": row.group_tag,
            "assignedUserPrincipalName": row.assigned_user,
            "importId": import_id,
        }
        for row in rows
    ]
    body = {"importedWindowsAutopilotDeviceIdentities": batch}
    sent = (await admin.call("POST", f"{IMPORTED}/import", body))["value"]
    found = {item["id"]: item for item in sent}
    deadline = admin.clock.monotonic() + _PATIENCE
    while True:
        items = [found.get(item["id"], _UNKNOWN) for item in sent]
        if all(item["state"]["deviceImportStatus"] in ("complete", "error", "partial") for item in items):
            return items
        if admin.clock.monotonic() > deadline:
            raise RehearsalError(
                f"The import {import_id} has no result after {_PATIENCE:.0f} s.",
                remedy="Look at importedWindowsAutopilotDeviceIdentities: the rows that stay 'unknown' are waiting.",
            )
        await admin.clock.sleep(_POLL)
        listed = await admin.values(IMPORTED, **{"$filter": f"importId eq '{import_id}'"})
        found = {item["id"]: item for item in listed}


async def registered_device(admin: Administrator, serial: str) -> dict[str, Any] | None:
    """The Autopilot device with this serial number."""
    quoted = serial.replace("'", "''")
    found = await admin.values(DEVICES, **{"$filter": f"contains(serialNumber,'{quoted}')"})
    return next((device for device in found if device["serialNumber"] == serial), None)


async def wait_for_profiles(admin: Administrator, serials: Sequence[str]) -> None:
    """Wait until every device's profile status is assigned (01 section 7.3)."""
    deadline = admin.clock.monotonic() + _PATIENCE
    while True:
        devices = {d["serialNumber"]: d for d in await admin.values(DEVICES)}
        states = {s: str(devices.get(s, {}).get("deploymentProfileAssignmentStatus", "missing")) for s in serials}
        waiting = {serial: state for serial, state in states.items() if not state.startswith("assigned")}
        if not waiting:
            return
        if admin.clock.monotonic() > deadline:
            serial, state = next(iter(waiting.items()))
            raise RehearsalError(f"The profile status of {serial} stays '{state}'.")
        await admin.clock.sleep(_POLL)


async def assign_users(admin: Administrator, users_of: Mapping[str, str]) -> str:
    """Step 7: one user for each serial number; a sentence for the checklist."""
    for serial, upn in users_of.items():
        device = await registered_device(admin, serial)
        if device is None:
            raise GraphRefused(f"No Autopilot device has the serial number {serial}.", status=404, code="NotFound")
        user = await admin.get(f"/v1.0/users/{upn}")
        await admin.call(
            "POST",
            f"{DEVICES}/{device['id']}/assignUserToDevice",
            {"userPrincipalName": upn, "addressableUserName": user["displayName"]},
        )
    return f"{len(users_of)} assigned" if users_of else ""
