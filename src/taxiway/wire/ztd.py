"""Asking the deployment service who a device is: the ticket, the result codes, the error body.

How a real PC obtains its device ticket is not public in full (06 sections 3.2 to 3.4), so this shape is our own:

    POST TICKET_PATH            {"Facts": {"Ek": "…", "Serial": "…", "Macs": ["…"], …}}
    200                         {"Ticket": "…", "Expires": "2026-11-24T08:00:00Z"}
    GET  PROFILE_PATH           with the ticket in `x-device-token` (see `taxiway.wire.autopilot_profile`)

As with the original, the raw hardware hash is never sent (06 section 1.9); the device sends the facts that
identify it, each as a SHA-256 digest. Equal facts have equal digests, which is all that recognising a device needs,
and a recorded request shows nobody a serial number in clear. The digests are no secret and no proof: a serial number
can be guessed and hashed. TLS protects the request, and what a ticket opens is a profile, not a tenant.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from taxiway.wire.hardware_hash import IdentityFacts
from taxiway.wire.json_body import decode_json

TICKET_PATH = "/ztd/device/ticket"

INVALID_BODY = 801
INVALID_HARDWARE_HASH = 802
MISSING_SERIAL_AND_KEY = 803
ALREADY_ASSIGNED = 806
NOT_REGISTERED = 807
OTHER_TENANT = 808
PROFILE_DELETED = 809
NO_PROFILE = 815
MISMATCH = 908
#: Our own: the profile asks for a deployment that is not carried out here.
MODE_NOT_SERVED = 899

CODE_NAMES = {
    INVALID_BODY: "InvalidZtdRequestBody",
    INVALID_HARDWARE_HASH: "InvalidZtdHardwareHash",
    MISSING_SERIAL_AND_KEY: "MissingZtdSerialNumberAndProductKey",
    ALREADY_ASSIGNED: "ZtdDeviceAlreadyAssigned",
    NOT_REGISTERED: "ZtdDeviceIsNotRegistered",
    OTHER_TENANT: "ZtdDeviceAssignedToOtherTenant",
    PROFILE_DELETED: "ZtdDeviceHasNoAssignedProfile",
    NO_PROFILE: "ZtdDeviceHasNoAssignedProfile",
    MISMATCH: "SerialNumberMismatch",
    MODE_NOT_SERVED: "DeploymentModeNotServed",
}
PRODUCT_KEY_MISMATCH = "ProductKeyIdMismatch"

# Results that have a name and no known number (06 section 2.4).
DUPLICATED = "ZtdDeviceDuplicated"
NOT_FOUND = "ZtdDeviceNotFound"
STORAGE_ERROR = "StorageError"

Digest = Annotated[str, Meta(pattern="^([0-9a-f]{64})?$")]
Digests = Annotated[tuple[Digest, ...], Meta(max_length=32)]


class FactDigests(Struct, frozen=True, kw_only=True, rename="pascal"):
    """The identity facts of a device, each as 64 hexadecimal digits; empty means unknown."""

    ek: Digest = ""
    smbios_uuid: Digest = ""
    serial: Digest = ""
    manufacturer: Digest = ""
    product: Digest = ""
    product_key_id: Digest = ""
    macs: Digests = ()
    disk_serials: Digests = ()


class DeviceTicketRequest(Struct, frozen=True, rename="pascal"):
    """What a device sends to obtain a ticket."""

    facts: FactDigests


class DeviceTicketResponse(Struct, frozen=True, rename="pascal"):
    """The ticket for the profile request, and until when it is good."""

    ticket: str
    expires: datetime


class ZtdError(Struct, frozen=True, kw_only=True, rename="pascal"):
    """The error body (06 section 3.5): a code of 06 section 2.4, its name, and the correlation vector."""

    error_code: int
    message: str
    correlation_vector: str = ""

    @classmethod
    def of(cls, code: int, correlation_vector: str = "", name: str | None = None) -> ZtdError:
        """Make the body for a known code; `name` where a code has two."""
        return cls(error_code=code, message=name or CODE_NAMES[code], correlation_vector=correlation_vector)


def digest_facts(facts: IdentityFacts) -> FactDigests:
    """Digest each fact on its own, so that two sets can be compared fact by fact."""
    return FactDigests(
        ek=_digest("ek", facts.ek),
        smbios_uuid=_digest("smbios_uuid", facts.smbios_uuid),
        serial=_digest("serial", facts.serial),
        manufacturer=_digest("manufacturer", facts.manufacturer),
        product=_digest("product", facts.product),
        product_key_id=_digest("product_key_id", facts.product_key_id),
        macs=tuple(_digest("mac", mac) for mac in facts.macs),
        disk_serials=tuple(_digest("disk_serial", serial) for serial in facts.disk_serials),
    )


def render(body: DeviceTicketRequest | DeviceTicketResponse | ZtdError) -> bytes:
    """Write any body of this module as JSON."""
    return msgspec.json.encode(body)


def parse_ticket_request(data: bytes) -> DeviceTicketRequest:
    """Read what a device sent; raises `BadJson` (801)."""
    return decode_json(data, DeviceTicketRequest)


def parse_ticket_response(data: bytes) -> DeviceTicketResponse:
    """Read what the service answered; raises `BadJson`."""
    return decode_json(data, DeviceTicketResponse)


def parse_error(data: bytes) -> ZtdError:
    """Read an error body; raises `BadJson`."""
    return decode_json(data, ZtdError)


def _digest(name: str, value: str) -> str:
    """Digest a fact under its name, so that a serial number never equals a product with the same text."""
    value = value.strip()
    return hashlib.sha256(f"taxiway fact 1\0{name}\0{value}".encode("utf-8", "replace")).hexdigest() if value else ""
