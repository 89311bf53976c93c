"""What the PC says about itself: DevInfo, DevDetail, DeviceStatus (05 sections 10.1 and 10.11)."""

from __future__ import annotations

from collections.abc import Awaitable

from taxiway.device.csp.base import MSFT, Change, Csp
from taxiway.device.csp.node import Node, Refused
from taxiway.device.state import Storage
from taxiway.device.transport import Transport
from taxiway.wire import hardware_change
from taxiway.wire.syncml import Code

MAX_NAME = 63


class DevInfo(Csp):
    """Who speaks: the five values of package 1."""

    root = ("DevInfo",)

    def __init__(self, storage: Storage, device_id: str) -> None:
        self._storage = storage
        self._device_id = device_id

    def read(self, node: Node) -> str | None:
        """One of the five."""
        return self.values().get(node.name)

    def values(self) -> dict[str, str]:
        """All of them, in the order in which they are sent (05 section 3.5)."""
        firmware = self._storage.state.firmware
        return {
            "DevId": self._device_id,
            "Man": firmware.manufacturer,
            "Mod": firmware.model,
            "DmV": "1.3",
            "Lang": "en-US",
        }


class DevDetail(Csp):
    """Versions, names, storage and the hardware hash."""

    root = ("DevDetail",)

    def __init__(self, storage: Storage, transport: Transport) -> None:
        self._storage = storage
        self._transport = transport

    def read(self, node: Node) -> str | None:
        """A fact by its place; the name is that of the PC as it is now."""
        state, firmware, now = self._storage.state, self._storage.state.firmware, self._transport.now()
        match node.path[1:]:
            case ("Ext", "DeviceHardwareData"):
                return firmware.hardware_hash(now).encode_base64()
            case ("Ext", "Microsoft", "LocalTime"):
                return self._transport.host.clock.now().strftime("%Y-%m-%dT%H:%M:%S.0000000Z")
            case ("Ext", "Microsoft", "DeviceName" | "DNSComputerName"):
                return state.device_name
            case below:
                return {
                    ("SwV",): firmware.os_version,
                    ("HwV",): "1.0",
                    ("FwV",): "1.0",
                    ("OEM",): firmware.manufacturer,
                    ("DevTyp",): "Desktop",
                    ("LrgObj",): "true",
                    ("URI", "MaxDepth"): "0",
                    ("URI", "MaxTotLen"): "0",
                    ("URI", "MaxSegLen"): "0",
                    ("Ext", "WLANMACAddress"): firmware.wlan_mac,
                    ("Ext", "Microsoft", "OSPlatform"): f"Windows 11 {firmware.edition}",
                    ("Ext", "Microsoft", "ProcessorArchitecture"): "9",
                    ("Ext", "Microsoft", "ProcessorType"): "8664",
                    ("Ext", "Microsoft", "SystemSKU"): firmware.sku,
                    ("Ext", "Microsoft", "SMBIOSSerialNumber"): firmware.serial,
                    ("Ext", "Microsoft", "SMBIOSVersion"): "3.4",
                    ("Ext", "Microsoft", "TotalStorage"): str(firmware.disk_gb * 1024),
                    ("Ext", "Microsoft", "FreeStorage"): str(firmware.disk_gb * 900),
                    ("Ext", "Microsoft", "TotalRAM"): str(firmware.memory_gb * 1024),
                }.get(below)

    def check(self, change: Change) -> None:
        """A name has to be one that Windows takes."""
        name = change.value
        fits = name.replace("-", "").isalnum() and name.isascii() and len(name) <= MAX_NAME
        if not fits:
            raise Refused(Code.BAD_REQUEST)

    def changed(self, change: Change) -> Awaitable[Code | None] | None:
        """The name takes effect at the next restart."""
        self._storage.state.next_name = change.value
        self._storage.state.reboots.append(change.node.uri)
        return None


class WindowsAutopilot(Csp):
    """What an enrolled PC says of a changed board (06 section 1.10)."""

    root = (*MSFT, "WindowsAutopilot")

    def __init__(self, storage: Storage, transport: Transport) -> None:
        self._storage = storage
        self._transport = transport

    def read(self, node: Node) -> str | None:
        """The hardware of the enrollment and the present one; empty where they are the same."""
        if node.name != "HardwareMismatchRemediationData":
            return None
        state, now = self._storage.state, self._transport.now()
        if state.enrolled_with is None:
            return ""
        before, after = state.enrolled_with.hardware_hash(now), state.firmware.hardware_hash(now)
        return hardware_change.render(hardware_change.HardwareChange(before, after))


class DeviceStatus(Csp):
    """The facts that compliance is judged by."""

    root = (*MSFT, "DeviceStatus")

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def read(self, node: Node) -> str | None:
        """A fact by its place."""
        firmware, disk = self._storage.state.firmware, self._storage.state.disk
        below = node.path[len(self.root) :]
        if below[:1] == ("NetworkIdentifiers",) and len(below) == 3:
            return self._adapter(below[1], below[2])
        tpm = firmware.has_tpm
        return {
            ("SecureBootState",): "1" if firmware.secure_boot else "2",
            ("Compliance", "EncryptionCompliance"): "1" if disk.encrypted else "0",
            ("TPM", "SpecificationVersion"): "2.0" if tpm else "Not available",
            ("TPM", "ManufacturerIdTxt"): "TXWY" if tpm else "Not available",
            ("TPM", "ManufacturerVersion"): "1.0.0.0" if tpm else "Not available",
            ("OS", "Edition"): str(firmware.os_edition),
            ("OS", "Mode"): "0",
            ("Antivirus", "SignatureStatus"): "1",
            ("Antivirus", "Status"): "0",
            ("Antispyware", "SignatureStatus"): "1",
            ("Antispyware", "Status"): "0",
            ("Firewall", "Status"): "0",
            ("UAC", "Status"): "0",
            ("DeviceGuard", "VirtualizationBasedSecurityHwReq"): "0" if firmware.secure_boot else "1",
            ("DeviceGuard", "VirtualizationBasedSecurityStatus"): "0" if firmware.secure_boot else "5",
            ("DeviceGuard", "HypervisorEnforcedCodeIntegrityStatus"): "0" if firmware.secure_boot else "3",
            ("DeviceGuard", "SystemGuardStatus"): "3",
            ("DMA", "BootDMAProtectionStatus"): "1" if firmware.secure_boot else "2",
        }.get(below)

    def names(self, node: Node) -> list[str]:
        """The network adapters by MAC address."""
        firmware = self._storage.state.firmware
        return [firmware.lan_mac, firmware.wlan_mac] if node.name == "NetworkIdentifiers" else []

    def _adapter(self, mac: str, leaf: str) -> str | None:
        firmware = self._storage.state.firmware
        kinds = {firmware.lan_mac: "1", firmware.wlan_mac: "2"}
        if mac not in kinds:
            return None
        wired = mac == firmware.lan_mac
        return {"Type": kinds[mac], "IsConnected": "true" if wired else "false"}.get(leaf)
