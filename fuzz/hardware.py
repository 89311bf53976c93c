"""What names devices: the hardware hash, the CSV files with hashes in them, a PC's word on a changed board."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime

from fuzz.mutate import Mutator
from taxiway.device import Firmware
from taxiway.kernel import SeededEntropy
from taxiway.wire import hardware_change, hardware_report, partner_csv, registration_csv
from taxiway.wire.hardware_hash import decode, decode_base64

_FIRMWARE = Firmware.new(SeededEntropy("fuzz"))
_HASH = _FIRMWARE.hardware_hash(datetime(2026, 3, 1, tzinfo=UTC))
_BLOB, _TEXT = _HASH.encode(), _HASH.encode_base64()
_TOTAL = int.from_bytes(_BLOB[2:4], "little")
_ROW = (_FIRMWARE.serial, "", _TEXT, "KIOSK", "ada@contoso.example")
_PARTNER = (
    "Device serial number,Windows product ID,Hardware hash,Manufacturer name,Device model\r\n"
    f"{_FIRMWARE.serial},,,Contoso,Book\r\n,3305400111222,,,\r\n"
)

Made = tuple[bytes, Callable[[], object]]


def _elements(mutator: Mutator) -> Made:
    """Spoiled elements under a checksum that holds: the readers behind it are reached."""
    body = bytearray(mutator.data(_BLOB[4:_TOTAL])[:2900])
    whole = b"OA" + (4 + len(body)).to_bytes(2, "little") + body
    data = (whole + b"CS\x24\x00" + hashlib.sha256(whole).digest()).ljust(3000, b"\0")
    return data, lambda: hardware_report.render(hardware_report.report(decode(data)))


def _text(mutator: Mutator) -> Made:
    text = mutator.string(_TEXT)
    return text.encode("utf-8", "surrogatepass"), lambda: decode_base64(text, repair=True)


def _csv(mutator: Mutator) -> Made:
    text = registration_csv.write([_ROW], 5)
    strict = mutator.rng.random() < 0.5
    data = mutator.data(text if mutator.rng.random() < 0.5 else text.decode("utf-16").encode())
    return data, lambda: registration_csv.read_all(data, strict=strict)


def _partner_csv(mutator: Mutator) -> Made:
    data = mutator.data(_PARTNER.encode())
    return data, lambda: partner_csv.read(data)


def _change(mutator: Mutator) -> Made:
    text = mutator.string(hardware_change.render(hardware_change.HardwareChange(_HASH, _HASH)))
    return text.encode("utf-8", "surrogatepass"), lambda: hardware_change.parse(text)


HARDWARE: dict[str, Callable[[Mutator], Made]] = {
    "hash elements": _elements,
    "hardware hash": _text,
    "registration CSV": _csv,
    "partner CSV": _partner_csv,
    "hardware change": _change,
}
