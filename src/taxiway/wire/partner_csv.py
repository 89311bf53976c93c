"""Partner Center's CSV: five columns, found by their names, of which a row fills some (06 sections 2.2 and 2.5)."""

from __future__ import annotations

import codecs
import csv
import io

from msgspec import Struct

from taxiway.wire.errors import WireError

ROW_LIMIT = 1000
#: The columns by their names in lower case -> the members of a device at Partner Center.
COLUMNS = {
    "device serial number": "SerialNumber",
    "windows product id": "ProductKey",
    "hardware hash": "HardwareHash",
    "manufacturer name": "OemManufacturerName",
    "device model": "ModelName",
}
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_FIELD_LIMIT = 16_384


class BadPartnerCsv(WireError):
    """A file that is refused as a whole: what it is, and where."""


class PartnerRow(Struct, frozen=True):
    """One device: where it stands, and the members that its row fills."""

    line: int
    members: dict[str, str]


def read(data: bytes) -> list[PartnerRow]:
    """The devices of a file, in order; empty lines are passed over. Raises ``BadPartnerCsv``."""
    codec = "utf-16" if data.startswith(_UTF16) else "utf-8-sig"
    try:
        lines = csv.reader(io.StringIO(data.decode(codec), newline=""), strict=True)
        header = [COLUMNS.get(cell.strip().lower(), "") for cell in next(lines, [])]
        if "" in header or len(set(header)) < len(header) or not header:
            raise BadPartnerCsv(f"line 1: a partner's file has the columns {', '.join(COLUMNS)}, each at most once")
        rows = [_row(lines.line_num, header, cells) for cells in lines if any(cell.strip() for cell in cells)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadPartnerCsv(f"the file cannot be read: {error}") from error
    if len(rows) > ROW_LIMIT:
        raise BadPartnerCsv(f"line {rows[ROW_LIMIT].line}: an upload has at most {ROW_LIMIT} devices")
    return rows


def _row(line: int, header: list[str], cells: list[str]) -> PartnerRow:
    if len(cells) > len(header) or any(len(cell) > _FIELD_LIMIT or "\0" in cell for cell in cells):
        raise BadPartnerCsv(f"line {line}: the row has more cells than the header, or one that is too long")
    return PartnerRow(line, {name: cell.strip() for name, cell in zip(header, cells, strict=False) if cell.strip()})
