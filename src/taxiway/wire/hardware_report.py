"""The hardware hash as a report of names and values, as the factory tool's decoder prints it (06 section 1.6)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from taxiway.wire import hardware_facts as facts
from taxiway.wire.hardware_hash import HardwareHash
from taxiway.wire.xml import escape

Line = tuple[str, str]

_ARCHITECTURES: Final = {0: "x86", 9: "x64", 12: "ARM64"}
_CORRECTION: Final = {3: "None", 4: "Parity", 5: "SingleBitECC", 6: "MultiBitECC", 7: "CRC"}
_BUSES: Final = {1: "SCSI", 2: "ATAPI", 3: "ATA", 8: "RAID", 10: "SAS", 11: "SATA", 17: "NVMe"}
_MEDIA: Final = {0: "Unspecified", 1: "WirelessLan", 9: "Native802_11", 10: "Bluetooth", 14: "802.3"}
_ROLES: Final = (
    "Unspecified",
    "Desktop",
    "Mobile",
    "Workstation",
    "EnterpriseServer",
    "SOHOServer",
    "AppliancePC",
    "PerformanceServer",
    "Slate",
)
_SOURCES: Final = {1: "TPM_EK", 2: "UEFI_VARIABLE_TPM", 3: "REGISTRY"}
_FULL_OS: Final = 2
#: What the inventory's version is above the tool's: seen once, with 3.
_INVENTORY: Final = 0x80
#: The first tools named the processor's maker only in its model.
_WITHOUT_MAKER: Final = 3


def report(found: HardwareHash) -> list[Line]:
    """Everything the hash tells, in the tool's order; what it does not tell is left out."""
    return [
        line
        for part in (_tool, _processor, _memory, _system, _disks, _network, _displays, _identity, _rest)
        for line in part(found)
    ]


def render(lines: list[Line]) -> str:
    """The report as the tool's XML, ready for scripts that read ``p`` by its name."""
    rows = "".join(f'    <p n="{escape(name)}" v="{escape(value)}" />\n' for name, value in lines)
    return f"<HardwareReport>\n  <HardwareInventory>\n{rows}  </HardwareInventory>\n</HardwareReport>\n"


def _tool(found: HardwareHash) -> Iterator[Line]:
    tool = found.tool
    if tool is None:
        return
    yield "ToolVersion", str(tool.tool_version)
    yield "HardwareInventoryVersion", str(_INVENTORY + tool.tool_version)
    yield "ToolBuild", _build(tool.tool_build)
    yield "OSType", "FullOS" if tool.os_kind == _FULL_OS else str(tool.os_kind)
    yield "OsCpuArchitecture", _ARCHITECTURES.get(tool.architecture, str(tool.architecture))
    yield "OsBuild", _build(tool.os_build)
    yield "OsSystemTime", tool.created.strftime("%Y-%m-%dT%H:%M:%SZ")
    yield "OsLocalTime", _local(tool)


def _local(tool: facts.ToolInfo) -> str:
    """The time on the machine's clock; an offset that no place on earth has is shown as it is, as the tool does."""
    offset = tool.utc_offset_minutes
    hours, minutes = divmod(abs(offset), 60)
    local = tool.created + timedelta(minutes=offset)
    return f"{local.strftime('%Y-%m-%dT%H:%M:%S')}{'-' if offset < 0 else '+'}{hours:02}:{minutes:02}"


def _processor(found: HardwareHash) -> Iterator[Line]:
    if found.tool is None or found.tool.tool_version > _WITHOUT_MAKER:
        yield from _text("ProcessorManufacturer", found.cpu_vendor)
    yield from _text("ProcessorModel", found.cpu_brand)
    counts = found.processors
    if counts is not None:
        yield "ProcessorPackages", str(counts.packages)
        yield "ProcessorThreads", str(counts.threads)
        yield "ProcessorCores", str(counts.cores)
        yield "ProcessorHyperThreading", str(counts.hyper_threading).lower()


def _memory(found: HardwareHash) -> Iterator[Line]:
    memory = found.memory
    if memory is not None:
        yield "SmbiosRamArrayCount", str(memory.arrays)
        yield "SmbiosRamSlots", str(memory.slots)
        yield "SmbiosRamErrorCorrection", _CORRECTION.get(memory.error_correction, str(memory.error_correction))
        yield "SmbiosRamMaximumCapacity", str(memory.maximum_gb)
        yield "TotalPhysicalRAM", str(memory.installed_gb)


def _system(found: HardwareHash) -> Iterator[Line]:
    yield from _text("SmbiosFirmwareVendor", found.firmware_vendor)
    yield from _text("SmbiosSystemManufacturer", found.manufacturer)
    yield from _text("SmbiosSystemProductName", found.product)
    yield from _text("SmbiosSystemSerialNumber", found.serial)
    yield from _text("SmbiosUuid", None if found.smbios_uuid is None else str(found.smbios_uuid))
    yield from _text("SmbiosSkuNumber", found.sku)
    yield from _text("SmbiosSystemFamily", found.family)
    yield from _text("SmbiosSystemVersion", found.system_version)
    yield from _text("SmbiosBoardManufacturer", found.board_manufacturer)
    yield from _text("SmbiosBoardProduct", found.board_product)
    yield from _text("SmbiosBoardVersion", found.board_version)
    if found.chassis is not None:
        role = found.chassis.power_role
        yield "ChassisType", str(found.chassis.type)
        yield "PowerPlatformRole", _ROLES[role] if role < len(_ROLES) else str(role)


def _disks(found: HardwareHash) -> Iterator[Line]:
    for disk in found.disks:
        yield "DiskCapacity", str(disk.capacity_gb)
        yield "DiskType", f"{_BUSES.get(disk.bus_type, disk.bus_type)}{' SSD' if disk.seek_penalty == 0 else ''}"
    for name, identities in (("Disk", found.disk_identities), ("DiskKernel", found.kernel_disk_identities)):
        for identity in identities:
            yield f"{name}SerialNumber", f"{identity.serial}|{identity.product}|{identity.vendor}"


def _network(found: HardwareHash) -> Iterator[Line]:
    for adapter in found.adapters:
        yield "NetworkPhysicalMedium", f"{_MEDIA.get(adapter.medium, adapter.medium)} ({adapter.enumerator})"
        yield "MacAddress", adapter.mac.hex("-").upper()


def _displays(found: HardwareHash) -> Iterator[Line]:
    for display in found.displays:
        if display != facts.Display():
            yield "DisplayResolution", f"{display.horizontal_pixels}x{display.vertical_pixels}"
            yield "DisplaySizePhysical", f"{display.width_mm}x{display.height_mm} mm"
    for size in found.display_sizes:
        yield "DisplaySize", f"{size.width_cm}x{size.height_cm} cm"


def _identity(found: HardwareHash) -> Iterator[Line]:
    yield from _text("TPMVersion", found.tpm_version)
    if found.tpm_ek is not None:
        yield "EkPubHash", hashlib.sha256(found.tpm_ek).hexdigest()
    if found.offline_id is not None:
        yield "OfflineDeviceId", found.offline_id.id.hex()
        yield "OfflineDeviceIdType", _SOURCES.get(found.offline_id.source, str(found.offline_id.source))
    yield from _text("ProductKeyID", found.product_key_id)
    yield from _text("ProductKeyPkPn", found.product_key_part_number)


def _rest(found: HardwareHash) -> Iterator[Line]:
    for name in found.gpu_names:
        yield "GpuName", name
    for memory in found.gpu_memory:
        yield "GpuMemory", f"{memory.video_bytes // 2**20} MiB"
    for element in found.unknown:
        yield f"Element{element.type}", element.payload.hex()


def _text(name: str, value: str | None) -> Iterator[Line]:
    if value:
        yield name, value


def _build(numbers: facts.Build) -> str:
    return ".".join(str(number) for number in numbers)
