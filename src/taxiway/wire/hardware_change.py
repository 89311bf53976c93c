"""What a PC says of a changed board: ``HardwareMismatchRemediationData`` (06 section 1.10).

Base64 of a JSON object with two hardware hashes: ``CachedHardwareBlob`` as at the enrollment, ``CurrentHardwareBlob``
as it is now. Only these two members are known; others are passed over.
"""

from __future__ import annotations

import base64
import binascii

import msgspec
from msgspec import Struct

from taxiway.wire.errors import WireError
from taxiway.wire.hardware_hash import HardwareHash, decode_base64
from taxiway.wire.json_body import BadJson, decode_json

NODE = "./Vendor/MSFT/WindowsAutopilot/HardwareMismatchRemediationData"
HASH_NODE = "./DevDetail/Ext/DeviceHardwareData"


class BadHardwareChange(WireError):
    """The node's value is not what it should be."""


class HardwareChange(Struct, frozen=True):
    """The hardware of the enrollment, and the hardware as it is."""

    cached: HardwareHash
    current: HardwareHash


class _Members(Struct, rename="pascal"):
    cached_hardware_blob: str
    current_hardware_blob: str


def render(change: HardwareChange) -> str:
    """The value of the node."""
    members = _Members(change.cached.encode_base64(), change.current.encode_base64())
    return base64.b64encode(msgspec.json.encode(members)).decode()


def parse(value: str) -> HardwareChange:
    """Read the node; raises ``BadHardwareChange``, or ``InvalidHardwareHash`` for a hash that is none."""
    try:
        raw = base64.b64decode("".join(value.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadHardwareChange("the hardware change is not base64") from error
    try:
        members = decode_json(raw, _Members)
    except BadJson as error:
        raise BadHardwareChange(f"the hardware change is not readable: {error.message}") from error
    return HardwareChange(decode_base64(members.cached_hardware_blob), decode_base64(members.current_hardware_blob))
