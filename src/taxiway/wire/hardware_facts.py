"""The facts a hardware hash carries, element by element, as typed values and as bytes (06 sections 1.3 and 1.4).

Each class is one element payload: `parse` takes exactly the payload bytes and raises `ValueError` with a short
reason when they do not fit the layout; `render` gives the payload back.
"""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta
from typing import Self, TypeAlias

from msgspec import Struct

ARCHITECTURE_X86, ARCHITECTURE_X64, ARCHITECTURE_ARM64 = 0, 9, 12
MEDIUM_UNSPECIFIED, MEDIUM_WIRELESS_LAN, MEDIUM_NATIVE_80211, MEDIUM_BLUETOOTH, MEDIUM_8023 = 0, 1, 9, 10, 14
BUS_SCSI, BUS_ATA, BUS_RAID, BUS_SAS, BUS_SATA, BUS_NVME = 1, 3, 8, 10, 11, 17
ID_SOURCE_TPM, ID_SOURCE_UEFI, ID_SOURCE_REGISTRY = 1, 2, 3

Build: TypeAlias = tuple[int, int, int, int]

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_ID_LENGTH = 32


def unpack(layout: str, payload: bytes) -> tuple[int, ...]:
    """Unpack a payload whose length is fixed, or say how it differs."""
    if len(payload) != struct.calcsize(layout):
        raise ValueError(f"has {len(payload)} bytes where the layout has {struct.calcsize(layout)}")
    return struct.unpack(layout, payload)


def read_text(payload: bytes) -> str:
    """Read UTF-8 that ends in NUL; what follows an earlier NUL is dropped, firmware leaves rubbish there."""
    if not payload.endswith(b"\0"):
        raise ValueError("is text without its closing NUL")
    return payload.split(b"\0", 1)[0].decode("utf-8", "replace")


def write_text(text: str) -> bytes:
    """Write UTF-8 with a closing NUL."""
    return text.encode() + b"\0"


def read_wide(payload: bytes) -> str:
    """Read UTF-16LE up to the first NUL, or to the end."""
    if len(payload) % 2:
        raise ValueError("is UTF-16 text of an odd number of bytes")
    return payload.decode("utf-16-le", "replace").split("\0", 1)[0]


class ToolInfo(Struct, frozen=True):
    """Element 1: what made the hash, on which Windows, and when."""

    tool_build: Build
    os_build: Build
    created: datetime
    utc_offset_minutes: int = 0
    os_kind: int = 2
    architecture: int = ARCHITECTURE_X64
    tool_version: int = 9

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        """Read versions (stored minor first), seconds since 2000 and the offset in quarters of an hour."""
        f = unpack("<8HIbBBB", payload)
        return cls(
            tool_build=(f[1], f[0], f[3], f[2]),
            os_build=(f[5], f[4], f[7], f[6]),
            created=_EPOCH + timedelta(seconds=f[8]),
            utc_offset_minutes=f[9] * 15,
            os_kind=f[10],
            architecture=f[11],
            tool_version=f[12],
        )

    def render(self) -> bytes:
        """Give the payload back."""
        tool, system = self.tool_build, self.os_build
        seconds = int((self.created - _EPOCH).total_seconds())
        numbers = (tool[1], tool[0], tool[3], tool[2], system[1], system[0], system[3], system[2], seconds)
        offset = self.utc_offset_minutes // 15
        return struct.pack("<8HIbBBB", *numbers, offset, self.os_kind, self.architecture, self.tool_version)


class Processors(Struct, frozen=True):
    """Element 2: how many processors of which architecture."""

    architecture: int
    packages: int
    cores: int
    threads: int
    hyper_threading: bool

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        """Read six 16-bit numbers, the last unused."""
        architecture, packages, cores, threads, hyper_threading, _ = unpack("<6H", payload)
        return cls(architecture, packages, cores, threads, bool(hyper_threading))

    def render(self) -> bytes:
        """Give the payload back."""
        counts = (self.architecture, self.packages, self.cores, self.threads)
        return struct.pack("<6H", *counts, self.hyper_threading, 0)


class CoreClass(Struct, frozen=True):
    """One efficiency class of a hybrid processor, part of element 34."""

    efficiency: int
    cores: int
    threads: int


def parse_core_classes(payload: bytes) -> tuple[CoreClass, ...]:
    """Element 34: a count, then the classes."""
    if not payload or len(payload) != 1 + 5 * payload[0]:
        raise ValueError("has a class count that does not match its length")
    return tuple(CoreClass(*unpack("<BHH", payload[i : i + 5])) for i in range(1, len(payload), 5))


def render_core_classes(classes: tuple[CoreClass, ...]) -> bytes:
    """Give the payload of element 34 back."""
    return bytes([len(classes)]) + b"".join(struct.pack("<BHH", c.efficiency, c.cores, c.threads) for c in classes)


class Memory(Struct, frozen=True):
    """Element 5: installed and possible memory in GB."""

    installed_gb: int
    maximum_gb: int
    slots: int
    arrays: int = 1
    error_correction: int = 3

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        """Read two 64-bit sizes, two counts and the SMBIOS error correction code."""
        return cls(*unpack("<QQHHB", payload))

    def render(self) -> bytes:
        """Give the payload back."""
        sizes = (self.installed_gb, self.maximum_gb)
        return struct.pack("<QQHHB", *sizes, self.slots, self.arrays, self.error_correction)


class Disk(Struct, frozen=True):
    """Element 6: one fixed disk; `seek_penalty` 0 is an SSD, 255 unknown or spinning."""

    capacity_gb: int
    bus_type: int
    seek_penalty: int = 0

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        """Read decimal GB, bus type, seek penalty and a constant."""
        capacity, bus, seek, _ = unpack("<QHBB", payload)
        return cls(capacity, bus, seek)

    def render(self) -> bytes:
        """Give the payload back."""
        return struct.pack("<QHBB", self.capacity_gb, self.bus_type, self.seek_penalty, 1)


class DiskIdentity(Struct, frozen=True):
    """Elements 7 and 28: serial, product and vendor of a disk, joined by bars; empty parts keep their bar."""

    serial: str
    product: str = ""
    vendor: str = ""

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        """Read the text, with or without the NUL that only element 28 has."""
        parts = payload.split(b"\0", 1)[0].decode("utf-8", "replace").split("|", 2)
        return cls(*parts)

    def render(self) -> bytes:
        """Give the text of element 7; element 28 adds a NUL."""
        return f"{self.serial}|{self.product}|{self.vendor}".encode()


class NetworkAdapter(Struct, frozen=True):
    """Element 8: a network adapter, its NDIS medium, six MAC bytes and its bus (`PCI`, `USB`, `BTH`, `VMBUS`)."""

    medium: int
    mac: bytes
    enumerator: str

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        """Read medium, MAC, length of the name, and the name."""
        if len(payload) < struct.calcsize("<I6sI"):
            raise ValueError("is too short for an adapter")
        medium, mac, length = struct.unpack_from("<I6sI", payload)
        name = payload[14:]
        if len(name) != length:
            raise ValueError(f"announces {length} bytes of name and has {len(name)}")
        return cls(medium, mac, read_wide(name))

    def render(self) -> bytes:
        """Give the payload back."""
        name = f"{self.enumerator}\0".encode("utf-16-le")
        return struct.pack("<I6sI", self.medium, self.mac, len(name)) + name


class Display(Struct, frozen=True):
    """Element 9: size in millimetres, resolution, output technology; a guest gives all ones."""

    width_mm: int = 0xFFFF
    height_mm: int = 0xFFFF
    horizontal_pixels: int = 0xFFFF
    vertical_pixels: int = 0xFFFF
    technology: int = 0xFFFFFFFF

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        """Read four 16-bit numbers and one of 32 bits."""
        return cls(*unpack("<4HI", payload))

    def render(self) -> bytes:
        """Give the payload back."""
        pixels = (self.horizontal_pixels, self.vertical_pixels)
        return struct.pack("<4HI", self.width_mm, self.height_mm, *pixels, self.technology)


class DisplaySize(Struct, frozen=True):
    """Element 27: the display in whole centimetres."""

    width_cm: int
    height_cm: int

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        """Read two 16-bit numbers."""
        return cls(*unpack("<2H", payload))

    def render(self) -> bytes:
        """Give the payload back."""
        return struct.pack("<2H", self.width_cm, self.height_cm)


class Chassis(Struct, frozen=True):
    """Element 10: SMBIOS chassis type, power platform role, and a flag of unknown meaning."""

    type: int
    power_role: int
    flag: int = 0

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        """Read five bytes, the last two unused."""
        kind, role, flag, _, _ = unpack("<5B", payload)
        return cls(kind, role, flag)

    def render(self) -> bytes:
        """Give the payload back."""
        return bytes([self.type, self.power_role, self.flag, 0, 0])


class OfflineDeviceId(Struct, frozen=True):
    """Element 11: where the id comes from (1 TPM, 2 UEFI variable, 3 registry) and its 32 bytes."""

    source: int
    id: bytes

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        """Read the source and the id behind its length."""
        if len(payload) != 10 + _ID_LENGTH:
            raise ValueError(f"has {len(payload)} bytes where the layout has {10 + _ID_LENGTH}")
        _, source, _, length = struct.unpack_from("<IBBI", payload)
        if length != _ID_LENGTH:
            raise ValueError(f"announces an id of {length} bytes instead of {_ID_LENGTH}")
        return cls(source, payload[10:])

    def render(self) -> bytes:
        """Give the payload back; the byte behind the source is 1 where the registry had to serve."""
        return struct.pack("<IBBI", 0, self.source, self.source == ID_SOURCE_REGISTRY, _ID_LENGTH) + self.id


class GpuMemory(Struct, frozen=True):
    """Element 29: dedicated video and system memory of an adapter in bytes."""

    video_bytes: int
    system_bytes: int = 0

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        """Read two 64-bit sizes and two constants."""
        video, system, _, _ = unpack("<QQBB", payload)
        return cls(video, system)

    def render(self) -> bytes:
        """Give the payload back."""
        return struct.pack("<QQBB", self.video_bytes, self.system_bytes, 1, 1)
