"""Imports of any size, in slices that leave room for others (01 section 4.4)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from taxiway.autopilot.registration import register_rows
from taxiway.autopilot.rows import Entry, ImportRow, read_rows, without_duplicates
from taxiway.directory import Principal
from taxiway.store import Row, Runtime
from taxiway.wire.registration_csv import Problem, Repair, read_all

T = TypeVar("T")

#: Rows decoded in one go of a worker, and rows registered in one transaction (at most about 20 ms each).
_DECODED: Final = 50
_REGISTERED: Final = 32


@dataclass(frozen=True, slots=True)
class ImportedFile:
    """What became of a CSV file: the imported rows, what was repaired, and each refused line with its reason."""

    rows: tuple[Row, ...]
    repairs: tuple[Repair, ...]
    problems: tuple[Problem, ...]


async def import_devices(
    rt: Runtime,
    tenant: str,
    rows: Sequence[ImportRow],
    *,
    principal: Principal,
    correlation: str,
    partner: bool = False,
) -> list[Row]:
    """Register devices, each for itself; the import rows in the order given, each ``complete`` or ``error``.

    A ``partner`` may name devices without their hash (06 section 2.5).
    """
    entries: list[Entry] = []
    for part in _parts(rows, _DECODED):
        entries += await rt.workers.run(read_rows, part, partner)
    entries = without_duplicates(entries)
    imported: list[Row] = []
    actor = f"{principal.kind}:{principal.id}"
    for slice_ in _parts(entries, _REGISTERED):
        imported += await rt.store.write(
            tenant,
            lambda tx, some=slice_: register_rows(tx, some, principal=principal),  # type: ignore[misc]
            actor=actor,
            correlation=correlation,
        )
    return imported


async def import_csv(
    rt: Runtime, tenant: str, content: bytes, *, principal: Principal, correlation: str, strict: bool = False
) -> ImportedFile:
    """Register the devices of a CSV file; ``RegistrationCsvError`` refuses the file as a whole (01 section 4.3)."""
    file = await rt.workers.run(lambda: read_all(content, strict=strict))
    import_id = rt.entropy.uuid()
    rows = [ImportRow.of(row, import_id) for row in file.rows]
    imported = await import_devices(rt, tenant, rows, principal=principal, correlation=correlation)
    refused = [
        Problem(source.line or 0, 1, made["state"]["deviceErrorName"], f"{source.serial_number} was not registered")
        for source, made in zip(rows, imported, strict=True)
        if made["state"]["deviceImportStatus"] == "error"
    ]
    problems = sorted([*file.problems, *refused], key=lambda problem: problem.line)
    return ImportedFile(tuple(imported), file.repairs, tuple(problems))


def _parts(values: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (values[at : at + size] for at in range(0, len(values), size))
