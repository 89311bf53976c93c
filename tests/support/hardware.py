"""Made-up PCs and the rows that register them."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from uuid import UUID

import msgspec

from taxiway import autopilot
from taxiway.kernel import SystemEntropy
from taxiway.wire import hardware_facts as facts
from taxiway.wire.hardware_hash import HardwareHash

_entropy = SystemEntropy()


def make_hardware(**changes):
    """The facts of a PC that nobody has seen before."""
    key = b"\x80" + _entropy.bytes(255)
    disk = facts.DiskIdentity(_entropy.bytes(8).hex().upper(), "NVMe", "")
    made = HardwareHash(
        tool=facts.ToolInfo((10, 0, 1, 1), (10, 0, 1, 1), datetime(2026, 1, 5, tzinfo=UTC)),
        disk_identities=(disk,),
        adapters=(facts.NetworkAdapter(facts.MEDIUM_8023, _entropy.bytes(6), "PCI"),),
        tpm_version="2.0",
        tpm_ek=key,
        smbios_uuid=UUID(_entropy.uuid()),
        serial=_entropy.bytes(5).hex().upper(),
        manufacturer="Contoso Devices",
        product="Contoso Book 14",
        sku="CB14",
        family="Contoso Book",
        product_key_id="",
    )
    return msgspec.structs.replace(made, **changes)


def row_of(hardware, **more):
    """The import row of a PC."""
    values = {"serial_number": hardware.serial or "", "hardware_identifier": hardware.encode_base64(), **more}
    return autopilot.ImportRow(**values)


def unpadded(hardware):
    """A hash whose base64 lacks its padding."""
    return base64.b64encode(hardware.encode() + b"\0\0").decode().rstrip("=")
