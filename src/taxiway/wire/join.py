"""Joining a device: discovery, the join request and its answer, key registration, errors (03 section 8)."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Any, TypeVar

import msgspec
from cryptography.hazmat.primitives.asymmetric import rsa
from msgspec import Struct, field

from taxiway.wire import rsa_blob, rsa_jwk
from taxiway.wire.json_body import BadJson, decode_json

T = TypeVar("T")

JOIN_PATH = "/EnrollmentServer/device/"
KEY_PATH = "/EnrollmentServer/key/"
RESOURCE = "urn:ms-drs:enterpriseregistration.windows.net"
CSR_SUBJECT = "7E980AD9-B86D-4306-9425-9AC066FB014A"
LOCAL_ADMINISTRATORS = "S-1-5-32-544"

ENTRA_JOIN, REGISTER, HYBRID_JOIN = 0, 4, 6

_FIELD_LIMIT = 256
_BLOB_LIMIT = 16384


class DiscoveryService(Struct, frozen=True, rename="pascal"):
    """Where this answer came from."""

    discovery_endpoint: str
    service_version: str = "1.9"


class OAuth2(Struct, frozen=True, rename="pascal"):
    """Where tokens come from."""

    auth_code_endpoint: str
    token_endpoint: str


class AuthenticationService(Struct, frozen=True):
    """How to sign in before joining."""

    oauth2: OAuth2 = field(name="OAuth2")


class DeviceJoinService(Struct, frozen=True, rename="pascal"):
    """Where to join, and for which resource the token must be."""

    join_endpoint: str
    join_resource_id: str = RESOURCE
    service_version: str = "2.0"


class KeyProvisioningService(Struct, frozen=True, rename="pascal"):
    """Where Windows Hello keys are registered."""

    key_provision_endpoint: str
    key_provision_resource_id: str = RESOURCE
    service_version: str = "1.0"


class NonceService(Struct, frozen=True, rename="pascal"):
    """Where nonces come from."""

    endpoint: str
    resource_id: str = RESOURCE
    service_version: str = "1.0"


class TenantInfo(Struct, frozen=True, rename="pascal"):
    """Which tenant the domain belongs to."""

    tenant_id: str
    tenant_name: str
    display_name: str


class Discovery(Struct, frozen=True, rename="pascal"):
    """The discovery document, in the members that clients read (03 section 8.2)."""

    discovery_service: DiscoveryService
    authentication_service: AuthenticationService
    device_join_service: DeviceJoinService
    key_provisioning_service: KeyProvisioningService
    nonce_service: NonceService
    tenant_info: TenantInfo


class Nonce(Struct, frozen=True, rename="pascal"):
    """The answer of the nonce service."""

    value: str


class CertificateRequest(Struct, frozen=True, rename="pascal"):
    """A PKCS#10 request in base64."""

    type: str
    data: str

    def der(self) -> bytes:
        """Give the DER of the request; raises `BadJson`."""
        if self.type.lower() != "pkcs10":
            raise BadJson(f"CertificateRequest.Type is {self.type[:20]!r} instead of pkcs10")
        return decode_base64("CertificateRequest.Data", self.data)


class JoinRequest(Struct, frozen=True, kw_only=True, rename="pascal"):
    """What a device sends to join (03 section 8.3); `attributes` are strings, `MSA-DDID` holds the device ticket."""

    certificate_request: CertificateRequest
    transport_key: str
    join_type: int
    target_domain: str = ""
    device_type: str = ""
    os_version: str = field(default="", name="OSVersion")
    device_display_name: str = ""
    attributes: dict[str, str] = {}

    def transport_public_key(self) -> rsa.RSAPublicKey:
        """Read the transport key, a blob or JSON; raises a `WireError`."""
        data = decode_base64("TransportKey", self.transport_key)
        return rsa_jwk.decode(data) if data.startswith(b"{") else rsa_blob.decode(data)

    def flag(self, attribute: str) -> bool:
        """Read an attribute such as `ReuseDevice`, written `true` or `True`."""
        return self.attributes.get(attribute, "").lower() == "true"


class Certificate(Struct, frozen=True, rename="pascal"):
    """The device certificate: SHA-1 in capitals, and its DER in base64."""

    thumbprint: str
    raw_body: str

    @classmethod
    def of(cls, der: bytes) -> Certificate:
        """Make the member from a certificate."""
        thumbprint = hashlib.sha1(der, usedforsecurity=False).hexdigest().upper()
        return cls(thumbprint, base64.b64encode(der).decode())

    def der(self) -> bytes:
        """Give the certificate back; raises `BadJson`."""
        return decode_base64("Certificate.RawBody", self.raw_body)


class JoiningUser(Struct, frozen=True, rename="pascal"):
    """Who joined the device."""

    upn: str


class MembershipChange(Struct, frozen=True):
    """SIDs to add to a local group."""

    local_sid: str = field(name="LocalSID")
    add_sids: tuple[str, ...] = field(name="AddSIDs")


class JoinResponse(Struct, frozen=True, rename="pascal"):
    """The answer to a join."""

    certificate: Certificate
    user: JoiningUser
    membership_changes: tuple[MembershipChange, ...] = ()


class JoinError(Struct, frozen=True, kw_only=True, rename="pascal"):
    """The error body (03 section 8.9); `time` reads `02-24-2026 17:37:01Z`."""

    error_type: str
    message: str
    trace_id: str
    time: str
    error_subcode: str = ""
    operation: str = "DeviceJoin"
    request_id: str = ""


class KeyRequest(Struct, frozen=True):
    """A Windows Hello key to register: an RSA public blob in base64 (03 section 8.11)."""

    kngc: str

    def blob(self) -> bytes:
        """Give the key as bytes, for `rsa_blob.decode`; raises `BadJson`."""
        return decode_base64("kngc", self.kngc)


class KeyResponse(Struct, frozen=True):
    """The registered key's id."""

    kid: str
    upn: str
    pctx: str | None = None
    krctx: str = ""


class KeyFaultInner(Struct, frozen=True):
    """Where to look for a failed key registration."""

    trace: str = ""
    context: str = ""


class KeyFault(Struct, frozen=True, kw_only=True):
    """The error body of key registration."""

    code: str
    message: str
    time: str
    response: str = "ERROR_FAIL"
    target: str = ""
    clientrequestid: str = ""
    innererror: KeyFaultInner = KeyFaultInner()


def parse_join_request(data: bytes) -> JoinRequest:
    """Read a join request in any of the spellings clients use; raises `BadJson`."""
    members = decode_json(data, dict[str, Any])
    if "attributes" in members:
        members["Attributes"] = members.pop("attributes")
    try:
        request = msgspec.convert(members, JoinRequest)
    except msgspec.ValidationError as error:
        raise BadJson(str(error)) from None
    for name, limit in (("device_type", 64), ("os_version", 64), ("device_display_name", _FIELD_LIMIT)):
        value = getattr(request, name)
        if len(value) > limit or "\0" in value:
            raise BadJson(f"{name} is longer than {limit} characters or holds a NUL")
    return request


def parse(data: bytes, shape: type[T]) -> T:
    """Read any other body of this module; raises `BadJson`."""
    return decode_json(data, shape)


def render(body: Struct) -> bytes:
    """Write any body of this module as JSON."""
    return msgspec.json.encode(body)


def decode_base64(name: str, text: str) -> bytes:
    """Undo base64 of a member; raises `BadJson` naming it."""
    if len(text) > _BLOB_LIMIT:
        raise BadJson(f"{name} has more than {_BLOB_LIMIT} characters")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise BadJson(f"{name} is not base64") from None
