"""Steps 3 and 7 as an administrator sees them at Graph: import a CSV, wait for the result, assign users."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from taxiway.rehearsal.administrator import Administrator
from taxiway.rehearsal.errors import GraphRefused, RehearsalError
from taxiway.wire import registration_csv
from taxiway.wire.registration_csv import Registration

IMPORTED = "/beta/deviceManagement/importedWindowsAutopilotDeviceIdentities"
DEVICES = "/beta/deviceManagement/windowsAutopilotDeviceIdentities"
_POLL = 0.1
_PATIENCE = 120.0


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that was not registered: its line in the file, the code and the sentence for it."""

    line: int
    column: int
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a file."""

    registered: tuple[str, ...]
    refused: tuple[RefusedRow, ...]
    repairs: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """One line for the checklist."""
        plural = "device" if len(self.registered) == 1 else "devices"
        return f"{len(self.registered)} {plural} registered" + (
            f", {len(self.refused)} refused" if self.refused else ""
        )


async def register(admin: Administrator, content: bytes, *, strict: bool = False) -> Report:
    """Import a CSV as the admin centre does; every good row is imported whatever the others are."""
    file = registration_csv.read_all(content, strict=strict)
    refused = [RefusedRow(p.line, p.column, p.code, p.text) for p in file.problems]
    registered: list[str] = []
    if file.rows:
        states = await _import(admin, file)
        for row, state in zip(file.rows, states, strict=True):
            if state["deviceImportStatus"] == "complete":
                registered.append(row.serial)
            else:
                text = f"{state['deviceErrorName']}: {row.serial}"
                refused.append(RefusedRow(row.line, 1, str(state["deviceErrorCode"]), text))
    repairs = tuple(f"line {r.line}, column {r.column}: {r.text}" for r in file.repairs)
    return Report(tuple(registered), tuple(sorted(refused, key=lambda r: r.line)), repairs)


async def _import(admin: Administrator, file: Registration) -> list[dict[str, Any]]:
    """Send the rows in one batch and poll until each has its result; the states in the order of the rows."""
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
        for row in file.rows
    ]
    body = {"importedWindowsAutopilotDeviceIdentities": batch}
    sent = [item["id"] for item in (await admin.call("POST", f"{IMPORTED}/import", body))["value"]]
    deadline = admin.clock.monotonic() + _PATIENCE
    while True:
        found = {item["id"]: item["state"] for item in await admin.values(IMPORTED)}
        states = [found.get(name, {"deviceImportStatus": "unknown"}) for name in sent]
        if all(state["deviceImportStatus"] in ("complete", "error", "partial") for state in states):
            return states
        if admin.clock.monotonic() > deadline:
            raise RehearsalError(
                f"The import {import_id} has no result after {_PATIENCE:.0f} s.",
                remedy="Look at importedWindowsAutopilotDeviceIdentities: the rows that stay 'unknown' are waiting.",
            )
        await admin.clock.sleep(_POLL)


async def registered_device(admin: Administrator, serial: str) -> dict[str, Any] | None:
    """The Autopilot device with this serial number."""
    quoted = serial.replace("'", "''")
    found = await admin.values(DEVICES, **{"$filter": f"contains(serialNumber,'{quoted}')"})
    return next((device for device in found if device["serialNumber"] == serial), None)


async def wait_for_profiles(admin: Administrator, serials: tuple[str, ...]) -> None:
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
