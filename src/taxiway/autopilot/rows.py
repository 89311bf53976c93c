"""The rows of an import, read: what each says of its device, or why it has no chance (06 sections 1.8 and 2.5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from taxiway.autopilot import hardware
from taxiway.wire import registration_csv, ztd
from taxiway.wire.hardware_hash import HardwareHash, IdentityFacts, InvalidHardwareHash, decode_base64
from taxiway.wire.ztd import FactDigests

#: The results that have a name and no known number.
UNNUMBERED: Final = 0


@dataclass(frozen=True, slots=True)
class ImportRow:
    """One device to register. ``line``: where it stands in its file; ``decoded``: its hash, where already read.

    ``manufacturer``, ``model``: what a partner says in place of a hash.
    """

    serial_number: str = ""
    product_key: str = ""
    hardware_identifier: str = ""
    group_tag: str = ""
    assigned_user_principal_name: str = ""
    import_id: str = ""
    line: int | None = None
    decoded: HardwareHash | None = None
    manufacturer: str = ""
    model: str = ""

    @classmethod
    def of(cls, row: registration_csv.Row, import_id: str = "") -> ImportRow:
        """A row of a CSV file."""
        return cls(
            serial_number=row.serial,
            product_key=row.product_id,
            hardware_identifier=row.hardware_hash,
            group_tag=row.group_tag,
            assigned_user_principal_name=row.assigned_user,
            import_id=import_id,
            line=row.line,
            decoded=row.hardware,
        )


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a row was not registered (06 section 2.4)."""

    code: int
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A row with what its hash says, or why it has no chance."""

    row: ImportRow
    hardware: HardwareHash | None = None
    facts: FactDigests | None = None
    refusal: Refusal | None = None


def read_rows(rows: Sequence[ImportRow], partner: bool = False) -> list[Entry]:
    """Decode the hashes; slow, so it runs in a worker. A ``partner`` may do without them (06 section 2.5)."""
    return [_read(row, partner=partner) for row in rows]


def without_duplicates(entries: Sequence[Entry]) -> list[Entry]:
    """Refuse each device that the batch holds once already (01 R-28)."""
    seen: dict[str, list[FactDigests]] = {}
    kept = []
    for entry in entries:
        if entry.facts is None:
            kept.append(entry)
            continue
        keys = hardware.sought(entry.facts)
        twins = [other for key in keys for other in seen.get(key, ()) if hardware.alike(other, entry.facts)]
        if twins:
            kept.append(replace(entry, refusal=named(ztd.DUPLICATED, "The batch holds this device already.")))
            continue
        for key in keys:
            seen.setdefault(key, []).append(entry.facts)
        kept.append(entry)
    return kept


def described(entry: Entry) -> dict[str, str]:
    """What the registration shows of its hardware beside the serial number."""
    if entry.hardware is None:
        return {"manufacturer": entry.row.manufacturer.strip(), "model": entry.row.model.strip()}
    return {name: value for name, value in hardware.described(entry.hardware).items() if name != "serial_number"}


def _read(row: ImportRow, *, partner: bool) -> Entry:
    if row.decoded is None and not row.hardware_identifier.strip():
        return _without_hash(row, partner=partner)
    try:
        decoded = row.decoded or decode_base64(row.hardware_identifier.strip(), repair=True)
    except InvalidHardwareHash as error:
        text = f"{error.message[:1].upper()}{error.message[1:]}."
        return Entry(row, refusal=coded(ztd.INVALID_HARDWARE_HASH, text))
    facts = hardware.facts_of(decoded)
    if not hardware.strong(facts):
        text = "The hash names neither a TPM key, nor a board, nor a serial number of its own."
        return Entry(row, refusal=coded(ztd.INVALID_HARDWARE_HASH, text))
    return Entry(row, decoded, facts)


def _without_hash(row: ImportRow, *, partner: bool) -> Entry:
    """A product key alone, or serial number, manufacturer and model as the firmware has them: from partners only."""
    serial, key = row.serial_number.strip(), row.product_key.strip()
    maker, model = row.manufacturer.strip(), row.model.strip()
    if not serial and not key:
        text = "The row has no hardware hash, no serial number and no product key."
        return Entry(row, refusal=coded(ztd.MISSING_SERIAL_AND_KEY, text))
    if not partner:
        text = "No hardware is known for this serial number or product key; a hardware hash is needed."
        return Entry(row, refusal=named(ztd.NOT_FOUND, text))
    if key and not (serial or maker or model):
        return Entry(row, facts=hardware.digests(IdentityFacts(product_key_id=key)))
    if not (serial and maker and model) or key:
        text = "Without a hardware hash: the product key alone, or serial number, manufacturer and model."
        return Entry(row, refusal=coded(ztd.INVALID_BODY, text))
    facts = hardware.digests(IdentityFacts(serial=serial, manufacturer=maker, product=model))
    if not hardware.strong(facts):
        text = "The serial number is one that many devices share; a hardware hash is needed."
        return Entry(row, refusal=coded(ztd.MISSING_SERIAL_AND_KEY, text))
    return Entry(row, facts=facts)


def serial_of(entry: Entry) -> str:
    """The serial number as the row has it, else as the hash has it."""
    known = "" if entry.hardware is None else entry.hardware.serial or ""
    return entry.row.serial_number.strip() or known.strip()


def coded(code: int, text: str) -> Refusal:
    """A refusal with a number."""
    return Refusal(code, ztd.CODE_NAMES[code], text)


def named(name: str, text: str) -> Refusal:
    """A refusal that has only a name."""
    return Refusal(UNNUMBERED, name, text)
