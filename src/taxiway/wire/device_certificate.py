"""What a device certificate says in its private extensions, and SIDs made from ids (03 sections 8.3, 8.5)."""

from __future__ import annotations

import struct
from uuid import UUID

from msgspec import Struct

from taxiway.wire.errors import WireError

ARC = "1.2.840.113556.1.5.284"
DEVICE_ID, USER_ID, TENANT_ID, JOIN_TYPE, REGION = (f"{ARC}.{tail}" for tail in (2, 3, 5, 7, 8))

REGISTERED, JOINED = "0", "1"


class BadExtension(WireError):
    """An extension that does not hold what its number promises."""


class DeviceClaims(Struct, frozen=True, kw_only=True):
    """The facts in the private extensions; the user is absent where nobody joined the device."""

    device_id: UUID
    tenant_id: UUID
    user_id: UUID | None = None
    join_type: str = JOINED
    region: str = "EU"


def encode_extensions(claims: DeviceClaims) -> dict[str, bytes]:
    """Give the value of each extension by its OID, in the order of the OIDs."""
    values = {DEVICE_ID: claims.device_id.bytes_le}
    if claims.user_id is not None:
        values[USER_ID] = claims.user_id.bytes_le
    values[TENANT_ID] = claims.tenant_id.bytes_le
    values[JOIN_TYPE] = claims.join_type.encode("ascii")
    values[REGION] = claims.region.encode("ascii")
    return {oid: wrap(value) for oid, value in values.items()}


def decode_extensions(values: dict[str, bytes]) -> DeviceClaims:
    """Read the extensions of a device certificate; raises `BadExtension`."""
    if DEVICE_ID not in values or TENANT_ID not in values:
        raise BadExtension("the certificate names no device or no tenant")
    user = values.get(USER_ID)
    return DeviceClaims(
        device_id=_uuid(values[DEVICE_ID]),
        tenant_id=_uuid(values[TENANT_ID]),
        user_id=None if user is None else _uuid(user),
        join_type=_text(values.get(JOIN_TYPE, wrap(JOINED.encode()))),
        region=_text(values.get(REGION, wrap(b""))),
    )


def wrap(value: bytes) -> bytes:
    """Put bytes into an OCTET STRING with the long-form length that Entra writes, also for short values."""
    if len(value) > 0xFF:
        raise BadExtension("the value is too long for one length byte")
    return b"\x04\x81" + bytes([len(value)]) + value


def unwrap(extension: bytes) -> bytes:
    """Undo `wrap`; the ordinary short form is read as well."""
    header = 3 if extension[:2] == b"\x04\x81" else 2
    if len(extension) < header or extension[0] != 0x04 or extension[header - 1] != len(extension) - header:
        raise BadExtension("the extension is no octet string")
    return extension[header:]


def sid(object_id: UUID) -> str:
    """Give the SID of an Entra object: four little-endian words of its id."""
    return "S-1-12-1-" + "-".join(str(word) for word in struct.unpack("<4I", object_id.bytes_le))


def _uuid(extension: bytes) -> UUID:
    value = unwrap(extension)
    if len(value) != 16:
        raise BadExtension("the extension holds no id")
    return UUID(bytes_le=value)


def _text(extension: bytes) -> str:
    try:
        return unwrap(extension).decode("ascii")
    except UnicodeDecodeError:
        raise BadExtension("the extension holds no ASCII text") from None
