"""The name of the PC by the profile's template (06 section 4.2, node 13)."""

from __future__ import annotations

from taxiway.device.machine import Machine
from taxiway.device.state import DIAGNOSTICS
from taxiway.wire.autopilot_profile import AutopilotProfile
from taxiway.wire.device_name import InvalidDeviceName, parse_device_name


def rename(machine: Machine, profile: AutopilotProfile) -> None:
    """Give the PC the name of the profile's template; once, for one template."""
    state = machine.storage.state
    template = profile.cloud_assigned_device_name
    done = state.registry.get(DIAGNOSTICS, {}).get("CloudAssignedDeviceNameLastProcessed")
    if not template or template == done:
        return
    try:
        name = parse_device_name(template).expand(state.firmware.serial, machine.host.entropy.below)
    except InvalidDeviceName as error:
        machine.watch.note(109, f"the device name template is not usable: {error.message}")
        return
    state.device_name = name
    machine.storage.write(DIAGNOSTICS, CloudAssignedDeviceName=template, CloudAssignedDeviceNameLastProcessed=template)
    machine.watch.step("rename", {"name": name})
