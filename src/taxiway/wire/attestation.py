"""What a PC measured at its start, and how it tells: the messages of HealthAttestation's newer flow (05 section 10.17).

The order has the members that Windows documents. What goes between the PC and the attestation service is ours: the
original speaks to a service of Microsoft's, with evidence that only its hardware can sign.
"""

from __future__ import annotations

import base64
import binascii

import msgspec

from taxiway.wire.json_body import BadJson, decode_json


class Order(msgspec.Struct, frozen=True, rename="camel"):
    """The Data of TriggerAttestation."""

    rp_id: str = msgspec.field(name="rpID", default="")
    service_endpoint: str = ""
    nonce: str = ""
    aad_token: str = ""
    cv: str = ""


class Measured(msgspec.Struct, frozen=True, rename="camel"):
    """What counted when the PC last started; ``boot`` is the number of that start."""

    nonce: str
    boot: int
    bit_locker: bool
    secure_boot: bool
    code_integrity: bool
    early_launch: bool


class Evidence(msgspec.Struct, frozen=True):
    """``measured`` as JSON in base64, and the device key's signature over exactly these bytes."""

    measured: str
    signature: str


def read_order(data: str) -> Order:
    """The order of a server; raises ``BadJson``."""
    return decode_json(data.encode("utf-8", "replace"), Order)


def write_order(order: Order) -> str:
    """The order as Data of the Exec."""
    return msgspec.json.encode(order).decode()


def evidence(measured: Measured) -> bytes:
    """The bytes that are signed."""
    return msgspec.json.encode(measured)


def pack(signed: bytes, signature: bytes) -> bytes:
    """The body for the service."""
    return msgspec.json.encode(Evidence(base64.b64encode(signed).decode(), base64.b64encode(signature).decode()))


def unpack(body: bytes) -> tuple[bytes, bytes]:
    """The signed bytes and the signature; raises ``BadJson``."""
    sent = decode_json(body, Evidence)
    try:
        return base64.b64decode(sent.measured, validate=True), base64.b64decode(sent.signature, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadJson("The evidence is not base64.") from error


def read_measured(signed: bytes) -> Measured:
    """What was signed; raises ``BadJson``."""
    return decode_json(signed, Measured)
