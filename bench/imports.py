"""How long a 500-row CSV takes from the request until every row is registered."""

from __future__ import annotations

import time
from pathlib import Path

from bench.server import InProcess
from taxiway.device import Firmware
from taxiway.kernel import SystemClock, SystemEntropy
from taxiway.rehearsal.administrator import Administrator
from taxiway.rehearsal.registration import register
from taxiway.wire import registration_csv

ROWS = 500


async def measure(folder: Path) -> dict[str, float]:
    """Seconds over HTTPS, the reading of the file and the polling for the result included."""
    clock, entropy = SystemClock(), SystemEntropy()
    rows = []
    for _ in range(ROWS):
        firmware = Firmware.new(entropy)
        rows.append((firmware.serial, "", firmware.hardware_hash(clock.now()).encode_base64()))
    content = registration_csv.write(rows)
    async with (
        InProcess(folder).serving() as server,
        Administrator(
            origin=server.people,
            ca_file=server.ca_file,
            upn=server.administrator,
            password=server.one_time_password,
            new_password="Only-for-this-1-run",
            clock=clock,
            entropy=entropy,
        ) as admin,
    ):
        await admin.get("/v1.0/organization")
        start = time.monotonic()
        report = await register(admin, [content])
        seconds = time.monotonic() - start
    if len(report.registered) != ROWS:
        raise SystemExit(f"bench: only {len(report.registered)} of {ROWS} rows were registered: {report.refused[:3]}")
    return {"import.500_rows_s": seconds}
