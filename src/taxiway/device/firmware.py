"""A plausible PC: what its firmware says about itself, and the hardware hash made of it (06 section 1)."""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime
from typing import Self
from uuid import UUID

import msgspec
from msgspec import Struct

from taxiway.kernel import Entropy
from taxiway.wire import hardware_facts as facts
from taxiway.wire.hardware_hash import HardwareHash

OS_VERSION = "10.0.26100.1742"

_SERIAL_LETTERS = "23456789BCDFGHJKLMNPQRSTVWXYZ"

HOME = "Home"

# Editions by product type, as discovery wants them (04 section 3.5).
EDITIONS = {
    "Enterprise": 4,
    "Professional": 48,
    HOME: 101,
    "Education": 121,
    "Pro for Workstations": 161,
}


class _Model(Struct, frozen=True):
    manufacturer: str
    product: str
    family: str
    sku: str
    cpu_vendor: str
    cpu: str
    cores: int
    gpu: str
    oui: str


_MODELS = (
    _Model(
        "Contoso Devices", "Contoso Book 14", "Contoso Book", "CB14-2", "GenuineIntel",
        "Intel(R) Core(TM) Ultra 5 125U", 12, "Intel(R) Graphics", "00155d",
    ),
    _Model(
        "Fabrikam Computers", "Fabrikam Slate 13", "Fabrikam Slate", "FS13-1", "AuthenticAMD",
        "AMD Ryzen 5 PRO 7540U", 6, "AMD Radeon(TM) 740M", "02a4c1",
    ),
    _Model(
        "Northwind Systems", "Northwind Desk Mini", "Northwind Desk", "ND-M3", "GenuineIntel",
        "Intel(R) Core(TM) i5-14500T", 14, "Intel(R) UHD Graphics 770", "025056",
    ),
)  # fmt: skip


class Firmware(Struct, frozen=True, kw_only=True):
    """What does not change when Windows is reset. ``tpm_key`` is the modulus of the endorsement key, base64."""

    manufacturer: str
    model: str
    family: str
    sku: str
    serial: str
    smbios_uuid: str
    cpu_vendor: str
    cpu: str
    cores: int
    gpu: str
    lan_mac: str
    wlan_mac: str
    disk_serial: str
    disk_gb: int = 512
    memory_gb: int = 16
    tpm_key: str = ""
    secure_boot: bool = True
    edition: str = "Professional"
    os_version: str = OS_VERSION

    @classmethod
    def new(
        cls,
        entropy: Entropy,
        *,
        serial: str = "",
        tpm: bool = True,
        secure_boot: bool = True,
        edition: str = "Professional",
        os_version: str = OS_VERSION,
    ) -> Self:
        """Draw a PC; the same stream gives the same PC."""
        model = _MODELS[entropy.below(len(_MODELS))]
        return cls(
            manufacturer=model.manufacturer,
            model=model.product,
            family=model.family,
            sku=model.sku,
            serial=serial or _serial(entropy),
            smbios_uuid=entropy.uuid(),
            cpu_vendor=model.cpu_vendor,
            cpu=model.cpu,
            cores=model.cores,
            gpu=model.gpu,
            lan_mac=model.oui + entropy.bytes(3).hex(),
            wlan_mac=model.oui + entropy.bytes(3).hex(),
            disk_serial=_disk_serial(entropy),
            tpm_key=_tpm_key(entropy) if tpm else "",
            secure_boot=secure_boot,
            edition=edition,
            os_version=os_version,
        )

    def with_new_board(self, entropy: Entropy, *, reflashed: bool = True) -> Self:
        """The PC with another board, of the same model: TPM, UUID and the network adapter on it are new.

        ``reflashed``: the repairer wrote the old serial number into the new board, as the maker's instructions say.
        The wireless adapter and the disk move over.
        """
        return msgspec.structs.replace(
            self,
            serial=self.serial if reflashed else _serial(entropy),
            smbios_uuid=entropy.uuid(),
            lan_mac=self.lan_mac[:6] + entropy.bytes(3).hex(),
            tpm_key=_tpm_key(entropy) if self.tpm_key else "",
        )

    def with_new_disk(self, entropy: Entropy) -> Self:
        """The PC with another disk."""
        return msgspec.structs.replace(self, disk_serial=_disk_serial(entropy))

    @property
    def has_tpm(self) -> bool:
        """Whether a TPM 2.0 is present and on."""
        return bool(self.tpm_key)

    @property
    def os_edition(self) -> int:
        """The product type of the edition (04 section 3.5)."""
        return EDITIONS.get(self.edition, EDITIONS["Professional"])

    @property
    def hardware_id(self) -> str:
        """64 hexadecimal digits, the same for the life of the hardware (04 section 8.2, `HWDevID`)."""
        return self._offline_id().hex()

    def hardware_hash(self, now: datetime) -> HardwareHash:
        """The facts of a hash taken now; two of them differ in their time (06 section 1.7)."""
        build = _build(self.os_version)
        key = base64.b64decode(self.tpm_key)
        source = facts.ID_SOURCE_TPM if key else facts.ID_SOURCE_UEFI
        disk = facts.DiskIdentity(self.disk_serial, "NVMe Fast 512", "")
        return HardwareHash(
            tool=facts.ToolInfo(build, build, now.replace(microsecond=0)),
            processors=facts.Processors(facts.ARCHITECTURE_X64, 1, self.cores, self.cores * 2, hyper_threading=True),
            memory=facts.Memory(self.memory_gb, 64, 2),
            cpu_vendor=self.cpu_vendor,
            cpu_brand=self.cpu,
            disks=(facts.Disk(self.disk_gb, facts.BUS_NVME),),
            disk_identities=(disk,),
            adapters=(
                facts.NetworkAdapter(facts.MEDIUM_8023, bytes.fromhex(self.lan_mac), "PCI"),
                facts.NetworkAdapter(facts.MEDIUM_NATIVE_80211, bytes.fromhex(self.wlan_mac), "PCI"),
            ),
            displays=(facts.Display(300, 190, 1920, 1200, 0x80000000),),
            display_sizes=(facts.DisplaySize(30, 19),),
            chassis=facts.Chassis(10, 2),
            tpm_version="2.0-1.59" if key else None,
            tpm_ek=key or None,
            offline_id=facts.OfflineDeviceId(source, self._offline_id()),
            smbios_uuid=UUID(self.smbios_uuid),
            serial=self.serial,
            firmware_vendor=self.manufacturer,
            manufacturer=self.manufacturer,
            product=self.model,
            sku=self.sku,
            family=self.family,
            system_version="1.0",
            board_manufacturer=self.manufacturer,
            board_product=f"{self.sku} board",
            board_version="A1",
            kernel_disk_identities=(disk,),
            gpu_memory=(facts.GpuMemory(134217728),),
            gpu_names=(self.gpu,),
        )

    def _offline_id(self) -> bytes:
        """SHA-256 of the endorsement key where there is a TPM, otherwise of the board (06 section 1.3, element 11)."""
        return hashlib.sha256(base64.b64decode(self.tpm_key) or UUID(self.smbios_uuid).bytes).digest()


def _serial(entropy: Entropy) -> str:
    return "".join(_SERIAL_LETTERS[entropy.below(len(_SERIAL_LETTERS))] for _ in range(9))


def _disk_serial(entropy: Entropy) -> str:
    return entropy.bytes(8).hex().upper()


def _tpm_key(entropy: Entropy) -> str:
    # The lowest bit of a modulus is set, and so is the highest of one that has 2048 bits.
    modulus = bytearray(entropy.bytes(256))
    modulus[0] |= 0x80
    modulus[-1] |= 1
    return base64.b64encode(bytes(modulus)).decode()


def _build(version: str) -> facts.Build:
    major, minor, build, revision = (int(part) for part in version.split("."))
    return major, minor, build, revision
