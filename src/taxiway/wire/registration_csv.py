"""The CSV that registers devices, read as it exists in the wild and written as the collecting script writes it.

Formats: 01 section 4.3; 06 sections 1.8, 2.1 and 2.2. The lenient reader repairs what the documentation says an
administrator should repair by hand and reports each repair; the strict reader refuses and names the reason. What
is wrong with one row is a `Problem` and costs that row alone; what is wrong with the file raises
`RegistrationCsvError`. Lines and columns count from 1, the header is line 1.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Literal, TypeAlias

from msgspec import Struct

from taxiway.wire.errors import WireError
from taxiway.wire.hardware_hash import HardwareHash, InvalidHardwareHash, decode, from_base64, repair_padding

ROW_LIMIT = 500

HEADER = ("Device Serial Number", "Windows Product ID", "Hardware Hash", "Group Tag", "Assigned User")

_SERIAL, _PRODUCT, _HASH, _TAG, _USER = HEADER
_BY_FOLDED_NAME = {name.lower(): name for name in HEADER}
_LINE_LIMIT = 16384
_REPLACEMENT = "\ufffd"
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_BOMS = (
    (codecs.BOM_UTF8, "UTF-8 with a byte order mark"),
    (codecs.BOM_UTF16_LE, "UTF-16LE"),
    (codecs.BOM_UTF16_BE, "UTF-16BE"),
)
_CODECS = {"UTF-16LE": "utf-16-le", "UTF-16BE": "utf-16-be"}
_OUR_CONCERN = {"base64": "NotBase64", "padding": "NotBase64"}


class RegistrationCsvError(WireError):
    """A file that is refused as a whole; `code` names why, `line` and `column` say where."""

    def __init__(self, code: str, message: str, line: int = 1, column: int = 1) -> None:
        super().__init__(message)
        self.code = code
        self.line = line
        self.column = column


class Row(Struct, frozen=True, kw_only=True):
    """One device to register; `hardware_hash` is padded base64 and `hardware` what it says."""

    line: int
    serial: str
    product_id: str
    hardware_hash: str
    hardware: HardwareHash
    group_tag: str = ""
    assigned_user: str = ""


class Repair(Struct, frozen=True):
    """Something the lenient reader put right; `field` is the header name, empty for the whole line."""

    line: int
    column: int
    code: str
    text: str
    field: str = ""


class Problem(Struct, frozen=True):
    """Why a row was left out; a problem of the hash itself has the code `InvalidZtdHardwareHash`."""

    line: int
    column: int
    code: str
    text: str
    field: str = ""


class Registration(Struct, frozen=True):
    """A whole file: the good rows, what was repaired, and what is wrong with the other rows."""

    rows: tuple[Row, ...]
    repairs: tuple[Repair, ...]
    problems: tuple[Problem, ...]


Item: TypeAlias = Row | Repair | Problem


def read_all(data: bytes, *, strict: bool = False, limit: int | None = ROW_LIMIT) -> Registration:
    """Read a whole file; raises `RegistrationCsvError` when it is refused as one."""
    items = list(read([data], strict=strict, limit=limit))
    return Registration(
        tuple(item for item in items if isinstance(item, Row)),
        tuple(item for item in items if isinstance(item, Repair)),
        tuple(item for item in items if isinstance(item, Problem)),
    )


def read(chunks: Iterable[bytes], *, strict: bool = False, limit: int | None = ROW_LIMIT) -> Iterator[Item]:
    """Read a file piece by piece and yield rows, repairs and problems in the order of the lines.

    With a `limit`, the row behind it raises `RegistrationCsvError`; None reads files of any length.
    """
    encoding, text = _decode(chunks)
    if encoding and strict:
        raise RegistrationCsvError("Encoding", f"the file is {encoding}; only ANSI text is allowed")
    if encoding:
        yield Repair(1, 1, "Encoding", f"the file is {encoding} instead of ANSI text")
    lines = _lines(text)
    reader = _Reader(next(lines, ""), strict=strict, wide=encoding in _CODECS)
    yield from reader.repairs
    count = 0
    for number, line in enumerate(lines, start=2):
        if not line.strip():
            continue
        count += 1
        if limit is not None and count > limit:
            raise RegistrationCsvError("TooManyRows", f"the file has more than {limit} devices", number)
        yield from reader.row(number, line)


def write(rows: Iterable[tuple[str, ...]], columns: Literal[3, 4, 5] = 3) -> bytes:
    """Write rows of (serial, product id, hash[, group tag[, user]]) as `Get-WindowsAutopilotInfo` does.

    UTF-16LE with a byte order mark, CRLF, and no quotation mark anywhere (06 section 2.1).
    """
    lines: list[tuple[str, ...]] = [HEADER[:columns]]
    for row in rows:
        values = tuple(value.replace('"', "") for value in row[:columns])
        if any("," in value or "\n" in value or "\r" in value for value in values):
            raise RegistrationCsvError("Unwritable", "a value holds a comma or a line break", len(lines) + 1)
        lines.append((*values, *[""] * (columns - len(values))))
    text = "".join(",".join(line) + "\r\n" for line in lines)
    return codecs.BOM_UTF16_LE + text.encode("utf-16-le", "replace")


# ---------------------------------------------------------------------------------------------------- text


def _decode(chunks: Iterable[bytes]) -> tuple[str, Iterator[str]]:
    """Name the encoding if it is one the documentation forbids, and decode; 8-bit text keeps a char per byte."""
    stream = iter(chunks)
    head = b""
    for chunk in stream:
        head += chunk
        if len(head) >= 4:
            break
    for bom, name in _BOMS:
        if head.startswith(bom):
            return name, _decoded(chain([head[len(bom) :]], stream), _CODECS.get(name, "latin-1"))
    if head[1:2] == b"\0":
        return "UTF-16LE", _decoded(chain([head], stream), "utf-16-le")
    return "", _decoded(chain([head], stream), "latin-1")


def _decoded(chunks: Iterable[bytes], codec: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(codec)("replace")
    for chunk in chunks:
        yield decoder.decode(chunk)
    yield decoder.decode(b"", final=True)


def _lines(pieces: Iterator[str]) -> Iterator[str]:
    rest = ""
    number = 1
    for piece in pieces:
        *complete, rest = (rest + piece).split("\n")
        for line in complete:
            yield _line(line, number)
            number += 1
        if len(rest) > _LINE_LIMIT:
            break
    if rest:
        yield _line(rest, number)


def _line(line: str, number: int) -> str:
    if len(line) > _LINE_LIMIT:
        raise RegistrationCsvError("LineTooLong", f"line {number} has more than {_LINE_LIMIT} characters", number)
    return line.removesuffix("\r")


def _eight_bit(line: str) -> tuple[str, bool]:
    """Decode a line that came as one character per byte: as UTF-8 where it is that, else as ANSI."""
    raw = line.encode("latin-1")
    try:
        return raw.decode("utf-8"), True
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace"), False


# ---------------------------------------------------------------------------------------------------- rows


class _Refused(Exception):
    def __init__(self, code: str, text: str, field: str = "") -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.field = field


class _Reader:
    """Knows the header, and so where each field of a row stands."""

    def __init__(self, header: str, *, strict: bool, wide: bool) -> None:
        self.strict = strict
        self.wide = wide
        self.repairs: list[Repair] = []
        self.columns: dict[str, int] = {}
        self._line = 1
        try:
            names = self._fields(header)
        except _Refused as refused:
            raise RegistrationCsvError(refused.code, f"the header {refused.text}") from None
        for position, name in enumerate(names):
            self._column(position, name)
        self.width = len(names)
        self._require(header, names)

    def row(self, number: int, line: str) -> Iterator[Item]:
        """Give the repairs of a line and then its row, or the problem that keeps it out."""
        self._line = number
        self.repairs = []
        try:
            row = self._row(self._fields(line))
        except _Refused as refused:
            column = self.columns.get(refused.field, 0) + 1
            yield Problem(number, column, refused.code, refused.text, refused.field)
            return
        yield from self.repairs
        yield row

    def _row(self, fields: list[str]) -> Row:
        values = self._values(fields)
        text, hardware = self._hardware(values[_HASH])
        if not values[_SERIAL]:
            self._repair("Missing", "the serial number is empty; the hash knows it", _SERIAL)
        return Row(
            line=self._line,
            serial=values[_SERIAL] or hardware.serial or "",
            product_id=values[_PRODUCT],
            hardware_hash=text,
            hardware=hardware,
            group_tag=values[_TAG],
            assigned_user=values[_USER],
        )

    def _values(self, fields: list[str]) -> dict[str, str]:
        if len(fields) > self.width:
            if any(fields[self.width :]):
                raise _Refused("FieldCount", f"has {len(fields)} fields where the header has {self.width}")
            self._repair("FieldCount", "has empty fields behind the last column")
        if len(fields) < self.width:
            self._repair("FieldCount", f"has {len(fields)} of {self.width} fields; the others are taken as empty")
            fields = fields + [""] * (self.width - len(fields))
        values = dict.fromkeys(HEADER, "") | {name: fields[at] for name, at in self.columns.items()}
        for name, value in values.items():
            if _REPLACEMENT in value:
                raise _Refused("Encoding", "holds bytes that are no text in this encoding", name)
            if _CONTROL.search(value):
                raise _Refused("ControlCharacter", "holds a control character", name)
        return values

    def _hardware(self, text: str) -> tuple[str, HardwareHash]:
        if not text:
            raise _Refused("Missing", "the hardware hash is empty", _HASH)
        try:
            padded, blob = (text, from_base64(text)) if self.strict else repair_padding(text)
            hardware = decode(blob)
        except InvalidHardwareHash as error:
            raise _Refused(_OUR_CONCERN.get(error.fault, "InvalidZtdHardwareHash"), error.message, _HASH) from None
        if padded != text:
            self._repair("Padding", "the hash was not padded to a multiple of four characters", _HASH)
        return padded, hardware

    def _fields(self, line: str) -> list[str]:
        if not self.wide and not line.isascii():
            line, is_utf8 = _eight_bit(line)
            if is_utf8:
                self._repair("Encoding", "is UTF-8 text instead of ANSI")
        quoted = '"' in line
        if quoted:
            self._repair("Quotes", "has quotation marks")
        try:
            fields = next(csv.reader([line], strict=True), [""]) if quoted else line.split(",")
        except csv.Error:
            raise _Refused("Quotes", "has a quotation mark without its other half") from None
        stripped = [field.strip() for field in fields]
        if stripped != fields:
            self._repair("Blanks", "has blanks around a field")
        return stripped

    def _column(self, position: int, name: str) -> None:
        known = _BY_FOLDED_NAME.get(name.lower())
        place = (1, position + 1)
        if known is None:
            if self.strict:
                raise RegistrationCsvError("ExtraColumn", f"there is no column {name!r}", *place)
            self.repairs.append(Repair(*place, "ExtraColumn", f"the column {name!r} is ignored", name))
            return
        if known in self.columns:
            raise RegistrationCsvError("DuplicateColumn", f"the column {known!r} stands twice", *place)
        if known != name and self.strict:
            raise RegistrationCsvError("HeaderCase", f"the header is {known!r}, not {name!r}", *place)
        if known != name:
            self.repairs.append(Repair(*place, "HeaderCase", f"{name!r} was read as {known!r}", known))
        self.columns[known] = position

    def _require(self, header: str, names: list[str]) -> None:
        if not self.columns:
            wrong = _what_instead_of_a_header(header, names)
            raise RegistrationCsvError("MissingHeader", f"{wrong}; the first line must be {','.join(HEADER[:3])}")
        needed = HEADER[:3] if self.strict else (_HASH,)
        for name in needed:
            if name not in self.columns:
                raise RegistrationCsvError("MissingColumn", f"the column {name!r} is missing")

    def _repair(self, code: str, text: str, field: str = "") -> None:
        if self.strict and code != "Blanks":
            raise _Refused(code, text, field)
        self.repairs.append(Repair(self._line, self.columns.get(field, 0) + 1, code, text, field))


def _what_instead_of_a_header(header: str, names: list[str]) -> str:
    if not header.strip():
        return "the file is empty"
    if len(names) == 1 and any(mark in header for mark in ";\t"):
        return "the columns are not separated by commas"
    return "the file has no header line"
