"""The hardware hash: 3000 bytes of firmware facts with a checksum, base64 on the way (06 section 1).

`decode` reads one whole and says precisely what is wrong with a damaged one; `HardwareHash.encode` writes one
from facts, for a simulated PC. Two hashes of one device are never equal (06 section 1.7), so a hash is no key:
`HardwareHash.identity` gives the facts by which a device is recognised (06 section 1.9).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import struct
from collections.abc import Callable
from typing import Any, Literal, NamedTuple, TypeAlias
from uuid import UUID

from msgspec import Struct

from taxiway.wire import hardware_facts as facts
from taxiway.wire.errors import WireError

HASH_BYTES = 3000

_MAX_BYTES = 4096  # some texts call the blob 4096 bytes; more zeros than that are nobody's hash
_TRAILER = b"CS\x24\x00"
_TRAILER_BYTES = 36
_MODULUS_BYTES = 256
_REPAIR_STEPS = 6
_ALPHABET = re.compile(r"[A-Za-z0-9+/]*={0,2}\Z")
_MEDIA = {
    facts.MEDIUM_UNSPECIFIED,
    facts.MEDIUM_WIRELESS_LAN,
    facts.MEDIUM_NATIVE_80211,
    facts.MEDIUM_8023,
}
_DUMMY_UUIDS = {
    UUID(int=0),
    UUID(int=2**128 - 1),
    UUID("03000200-0400-0500-0006-000700080009"),  # shipped by board makers who never set one
    UUID("00020003-0004-0005-0006-000700080009"),
}

Fault: TypeAlias = Literal[
    "base64", "padding", "magic", "truncated", "elements", "payload", "trailer", "checksum", "fill",
    "offline_id", "serial", "manufacturer", "too_large",
]  # fmt: skip


class InvalidHardwareHash(WireError):
    """A hash that cannot be used (`InvalidZtdHardwareHash`, 802); `fault` names the kind, `offset` the byte."""

    def __init__(self, fault: Fault, message: str, offset: int = 0) -> None:
        super().__init__(message)
        self.fault = fault
        self.offset = offset


class IdentityFacts(Struct, frozen=True, kw_only=True):
    """What a device is recognised by (06 section 1.9); empty means unknown. `ek` is SHA-256 of the TPM key, hex."""

    ek: str = ""
    smbios_uuid: str = ""
    serial: str = ""
    manufacturer: str = ""
    product: str = ""
    product_key_id: str = ""
    macs: tuple[str, ...] = ()
    disk_serials: tuple[str, ...] = ()


class UnknownElement(Struct, frozen=True):
    """An element whose meaning is not known (35, 37 and later ones), kept as it came."""

    type: int
    payload: bytes


class HardwareHash(Struct, frozen=True, kw_only=True):
    """All facts of one hash; what firmware does not give is None or empty (06 section 1.3)."""

    tool: facts.ToolInfo | None = None
    processors: facts.Processors | None = None
    core_classes: tuple[facts.CoreClass, ...] = ()
    memory: facts.Memory | None = None
    cpu_vendor: str | None = None
    cpu_brand: str | None = None
    disks: tuple[facts.Disk, ...] = ()
    disk_identities: tuple[facts.DiskIdentity, ...] = ()
    adapters: tuple[facts.NetworkAdapter, ...] = ()
    displays: tuple[facts.Display, ...] = ()
    display_sizes: tuple[facts.DisplaySize, ...] = ()
    chassis: facts.Chassis | None = None
    tpm_version: str | None = None
    tpm_ek: bytes | None = None
    offline_id: facts.OfflineDeviceId | None = None
    smbios_uuid: UUID | None = None
    serial: str | None = None
    firmware_vendor: str | None = None
    manufacturer: str | None = None
    product: str | None = None
    sku: str | None = None
    family: str | None = None
    system_version: str | None = None
    board_manufacturer: str | None = None
    board_product: str | None = None
    board_version: str | None = None
    product_key_id: str | None = None
    product_key_part_number: str | None = None
    kernel_disk_identities: tuple[facts.DiskIdentity, ...] = ()
    gpu_memory: tuple[facts.GpuMemory, ...] = ()
    gpu_names: tuple[str, ...] = ()
    unknown: tuple[UnknownElement, ...] = ()

    def encode(self) -> bytes:
        """Write the 3000 bytes; facts that do not fit raise `InvalidHardwareHash`."""
        elements = b"".join(self._elements())
        total = 4 + len(elements)
        if total + _TRAILER_BYTES > HASH_BYTES:
            raise InvalidHardwareHash("too_large", f"the facts need {total} bytes and {HASH_BYTES - 36} fit")
        body = b"OA" + struct.pack("<H", total) + elements
        return (body + _TRAILER + hashlib.sha256(body).digest()).ljust(HASH_BYTES, b"\0")

    def encode_base64(self) -> str:
        """Write the 4000 characters that go into a CSV or a Graph body."""
        return base64.b64encode(self.encode()).decode("ascii")

    def identity(self) -> IdentityFacts:
        """Give the facts that recognise this device, without placeholders that many devices share."""
        uuid = self.smbios_uuid
        disks = self.disk_identities + self.kernel_disk_identities
        return IdentityFacts(
            ek=self._ek_digest(),
            smbios_uuid=str(uuid) if uuid is not None and uuid not in _DUMMY_UUIDS else "",
            serial=self.serial or "",
            manufacturer=self.manufacturer or "",
            product=self.product or "",
            product_key_id=self.product_key_id or "",
            macs=tuple(sorted({a.mac.hex() for a in self.adapters if _identifies(a)})),
            disk_serials=tuple(sorted({d.serial.strip() for d in disks} - {""})),
        )

    def _ek_digest(self) -> str:
        if self.tpm_ek is not None:
            return hashlib.sha256(self.tpm_ek).hexdigest()
        if self.offline_id is not None and self.offline_id.source == facts.ID_SOURCE_TPM:
            return self.offline_id.id.hex()
        return ""

    def _elements(self) -> list[bytes]:
        out = []
        for kind, layout in _LAYOUTS.items():
            value = getattr(self, layout.field)
            values = value if layout.repeats else (() if value is None or value == () else (value,))
            out += [_element(kind, layout.render, item) for item in values]
        return out + [_element(u.type, bytes, u.payload) for u in self.unknown]


def decode_base64(text: str, *, repair: bool = False) -> HardwareHash:
    """Decode the base64 form; with `repair`, missing padding is restored first (01 section 4.3)."""
    return decode(repair_padding(text)[1] if repair else from_base64(text))


def from_base64(text: str) -> bytes:
    """Undo base64 strictly; a length that is no multiple of four is `padding`, everything else `base64`."""
    if not _ALPHABET.match(text):
        raise InvalidHardwareHash("base64", "the hash holds characters that are not base64")
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise InvalidHardwareHash("padding", f"{len(text)} characters of base64 are not padded to four") from None


def repair_padding(text: str) -> tuple[str, bytes]:
    """Pad as the documentation advises: append `=`, and turn a `==` that does not help into `A` (01 section 4.3).

    Returns the text that decodes, which is the one given when nothing was wrong, and its bytes.
    """
    for _ in range(_REPAIR_STEPS):
        try:
            return text, from_base64(text)
        except InvalidHardwareHash as error:
            if error.fault != "padding":
                raise
            text = f"{text[:-2]}A" if text.endswith("==") else f"{text}="
    return text, from_base64(text)


def decode(blob: bytes) -> HardwareHash:
    """Read a hash; `InvalidHardwareHash` says what is wrong and at which byte (06 sections 1.2 to 1.4)."""
    values: dict[str, Any] = {}
    unknown: list[UnknownElement] = []
    for kind, offset, payload in _split(blob, _verified_total(blob)):
        layout = _LAYOUTS.get(kind)
        if layout is None:
            unknown.append(UnknownElement(kind, payload))
            continue
        try:
            value = layout.parse(payload)
        except ValueError as error:
            raise InvalidHardwareHash("payload", f"element {kind} {error}", offset) from None
        if layout.repeats:
            values[layout.field] = (*values.get(layout.field, ()), value)
        elif layout.field in values:
            raise InvalidHardwareHash("elements", f"element {kind} stands twice", offset)
        else:
            values[layout.field] = value
    return _checked(HardwareHash(**values, unknown=tuple(unknown)))


def _verified_total(blob: bytes) -> int:
    if blob[:2] != b"OA":
        raise InvalidHardwareHash("magic", "a hardware hash begins with the letters OA")
    if len(blob) > _MAX_BYTES:
        raise InvalidHardwareHash("too_large", f"a hardware hash has {HASH_BYTES} bytes, this has {len(blob)}")
    if len(blob) < 4 or len(blob) < (total := int.from_bytes(blob[2:4], "little")) + _TRAILER_BYTES:
        raise InvalidHardwareHash("truncated", f"the hash ends after {len(blob)} bytes", len(blob))
    trailer = blob[total : total + _TRAILER_BYTES]
    if total < 4 or trailer[:4] != _TRAILER:
        raise InvalidHardwareHash("trailer", "no checksum stands where the header says", total)
    if not hmac.compare_digest(hashlib.sha256(blob[:total]).digest(), trailer[4:]):
        raise InvalidHardwareHash("checksum", "the checksum does not belong to these facts", total + 4)
    if blob[total + _TRAILER_BYTES :].strip(b"\0"):
        raise InvalidHardwareHash("fill", "something other than zeros follows the checksum", total + 36)
    return total


def _split(blob: bytes, total: int) -> list[tuple[int, int, bytes]]:
    elements = []
    offset = 4
    while offset < total:
        if offset + 4 > total:
            raise InvalidHardwareHash("elements", "an element header is cut off", offset)
        kind, length = struct.unpack_from("<HH", blob, offset)
        if length < 4 or offset + length > total:
            raise InvalidHardwareHash("elements", f"element {kind} has the impossible length {length}", offset)
        elements.append((kind, offset, blob[offset + 4 : offset + length]))
        offset += length
    return elements


def _checked(decoded: HardwareHash) -> HardwareHash:
    """Check what the service wants of any hash: a serial number and a manufacturer (06 section 1.8)."""
    if not (decoded.serial or "").strip():
        raise InvalidHardwareHash("serial", "the hash has no serial number")
    if not (decoded.manufacturer or "").strip():
        raise InvalidHardwareHash("manufacturer", "the hash has no manufacturer")
    offline = decoded.offline_id
    if offline is None or offline.source != facts.ID_SOURCE_TPM or decoded.tpm_ek is None:
        return decoded
    if offline.id != hashlib.sha256(decoded.tpm_ek).digest():
        raise InvalidHardwareHash("offline_id", "the offline device id does not belong to the TPM key")
    return decoded


def _identifies(adapter: facts.NetworkAdapter) -> bool:
    return adapter.medium in _MEDIA and adapter.enumerator.upper() not in {"USB", "BTH"} and any(adapter.mac)


def _element(kind: int, render: Callable[[Any], bytes], value: Any) -> bytes:
    try:
        payload = render(value)
        return struct.pack("<HH", kind, len(payload) + 4) + payload
    except (struct.error, ValueError) as error:
        raise InvalidHardwareHash("payload", f"element {kind} cannot be written: {error}") from None


def _parse_brand(payload: bytes) -> str:
    if len(payload) != 48:
        raise ValueError(f"has {len(payload)} bytes where the layout has 48")
    return payload.split(b"\0", 1)[0].decode("utf-8", "replace").rstrip()


def _render_brand(brand: str) -> bytes:
    return brand.encode()[:48].ljust(48, b"\0")


def _parse_modulus(payload: bytes) -> bytes:
    if len(payload) != _MODULUS_BYTES:
        raise ValueError(f"has {len(payload)} bytes where an RSA-2048 modulus has {_MODULUS_BYTES}")
    return payload


def _parse_uuid(payload: bytes) -> UUID:
    if len(payload) != 16:
        raise ValueError(f"has {len(payload)} bytes where a UUID has 16")
    return UUID(bytes_le=payload)


class _Layout(NamedTuple):
    field: str
    parse: Callable[[bytes], Any]
    render: Callable[[Any], bytes]
    repeats: bool = False


def _record(field: str, kind: Any, *, repeats: bool = False) -> _Layout:
    return _Layout(field, kind.parse, kind.render, repeats)


def _text(field: str) -> _Layout:
    return _Layout(field, facts.read_text, facts.write_text)


# In the order in which the elements stand in a hash.
_LAYOUTS: dict[int, _Layout] = {
    1: _record("tool", facts.ToolInfo),
    2: _record("processors", facts.Processors),
    34: _Layout("core_classes", facts.parse_core_classes, facts.render_core_classes),
    5: _record("memory", facts.Memory),
    3: _text("cpu_vendor"),
    4: _Layout("cpu_brand", _parse_brand, _render_brand),
    6: _record("disks", facts.Disk, repeats=True),
    7: _record("disk_identities", facts.DiskIdentity, repeats=True),
    8: _record("adapters", facts.NetworkAdapter, repeats=True),
    9: _record("displays", facts.Display, repeats=True),
    27: _record("display_sizes", facts.DisplaySize, repeats=True),
    10: _record("chassis", facts.Chassis),
    13: _text("tpm_version"),
    25: _Layout("tpm_ek", _parse_modulus, bytes),
    11: _record("offline_id", facts.OfflineDeviceId),
    12: _Layout("smbios_uuid", _parse_uuid, lambda uuid: uuid.bytes_le),
    14: _text("serial"),
    15: _text("firmware_vendor"),
    16: _text("manufacturer"),
    17: _text("product"),
    18: _text("sku"),
    19: _text("family"),
    23: _text("system_version"),
    20: _text("board_manufacturer"),
    21: _text("board_product"),
    22: _text("board_version"),
    24: _text("product_key_id"),
    26: _text("product_key_part_number"),
    28: _Layout("kernel_disk_identities", facts.DiskIdentity.parse, lambda disk: disk.render() + b"\0", repeats=True),
    29: _record("gpu_memory", facts.GpuMemory, repeats=True),
    30: _Layout("gpu_names", facts.read_wide, lambda name: name.encode("utf-16-le"), repeats=True),
}
