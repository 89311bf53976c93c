"""Joining the tenant: discovery, keys, the join request, the device certificate (03 section 8)."""

from __future__ import annotations

import base64
from typing import TypeVar

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from taxiway.device.broker import DEVICE_KEY, TRANSPORT_KEY
from taxiway.device.errors import JoinRefused
from taxiway.device.requests import plain_request
from taxiway.device.state import JOIN_INFO, Joined, Storage
from taxiway.device.transport import Transport
from taxiway.kernel.der import BROKEN_DER
from taxiway.wire.errors import WireError
from taxiway.wire.join import (
    CSR_SUBJECT,
    ENTRA_JOIN,
    LOCAL_ADMINISTRATORS,
    CertificateRequest,
    Discovery,
    JoinError,
    JoinRequest,
    JoinResponse,
    parse,
    render,
)
from taxiway.wire.rsa_blob import encode

# What OOBE shows for the answers of the registration service (03 section 8.9).
_HRESULTS = {
    "AuthenticationError": "0x801C0002",
    "AuthorizationError": "0x801C0003",
    "DeviceQuotaExceeded": "0x801C000E",
    "DirectoryError": "0x801C03F2",
    "InvalidRequest": "0x80070057",
    "InternalError": "0x801C0006",
    "DiscoveryError": "0x801C003A",
}
_UNREADABLE = "0x801C0001"

Shape = TypeVar("Shape")


class Joiner:
    """One join, repeatable after a power cut: keys that were made are used again."""

    def __init__(self, transport: Transport, drs: str, storage: Storage) -> None:
        self._transport = transport
        self._drs = drs
        self._storage = storage

    async def discover(self, domain: str) -> Discovery:
        """Where the tenant of a domain registers devices (03 section 8.2)."""
        url = f"{self._drs}/{domain}/Discover"
        response = await self._transport.send("GET", url, params={"api-version": "1.9", "managed": "True"})
        if response.status_code != 200:
            raise _refusal(response, "0x801C000C")
        found = _read(response, Discovery)
        self._storage.state.drs = {
            "join": found.device_join_service.join_endpoint,
            "join_version": found.device_join_service.service_version,
            "key": found.key_provisioning_service.key_provision_endpoint,
            "key_version": found.key_provisioning_service.service_version,
        }
        return found

    async def join(self, found: Discovery, *, token: str, domain: str, device_ticket: str) -> Joined:
        """Register the PC and keep its certificate."""
        tpm, state = self._transport.tpm, self._storage.state
        await tpm.make(DEVICE_KEY)
        csr = await tpm.use(DEVICE_KEY, plain_request, CSR_SUBJECT)
        attributes = {"ReuseDevice": "true", "ReturnClientSid": "true", "SharedDevice": "false"}
        if device_ticket:
            attributes["MSA-DDID"] = base64.b64encode(device_ticket.encode()).decode()
        request = JoinRequest(
            certificate_request=CertificateRequest("pkcs10", base64.b64encode(csr).decode()),
            transport_key=base64.b64encode(encode(await tpm.make(TRANSPORT_KEY))).decode(),
            target_domain=domain,
            device_type="Windows",
            os_version=state.firmware.os_version,
            device_display_name=state.device_name,
            join_type=ENTRA_JOIN,
            attributes=attributes,
        )
        response = await self._transport.send(
            "POST",
            found.device_join_service.join_endpoint,
            params={"api-version": found.device_join_service.service_version},
            content=render(request),
            headers={
                "authorization": f"Bearer {token}",
                "content-type": "application/json",
                "user-agent": f"Dsreg/10.0 (Windows {state.firmware.os_version})",
            },
        )
        if response.status_code != 200:
            raise _refusal(response, "0x801C0006")
        return await self._accept(_read(response, JoinResponse), found)

    async def _accept(self, answer: JoinResponse, found: Discovery) -> Joined:
        tpm = self._transport.tpm
        try:
            certificate = x509.load_der_x509_certificate(answer.certificate.der())
        except (WireError, *BROKEN_DER) as error:
            raise JoinRefused(_UNREADABLE, "the device certificate cannot be read") from error
        names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        spki = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        ours = (await tpm.public(DEVICE_KEY)).public_bytes(*spki)
        if len(names) != 1 or certificate.public_key().public_bytes(*spki) != ours:
            raise JoinRefused(_UNREADABLE, "the device certificate is not for the key of this PC")
        tpm.keep_certificate(DEVICE_KEY, certificate)
        device_id = str(names[0].value)
        joined = Joined(
            tenant_id=found.tenant_info.tenant_id,
            tenant_name=found.tenant_info.display_name,
            device_id=device_id,
            administrators=[
                sid
                for change in answer.membership_changes
                if change.local_sid == LOCAL_ADMINISTRATORS
                for sid in change.add_sids
            ],
        )
        self._storage.state.joined = joined
        self._storage.write(
            JOIN_INFO,
            Thumbprint=answer.certificate.thumbprint,
            IdpDomain="login",
            TenantId=joined.tenant_id,
            UserEmail=answer.user.upn,
            DeviceId=device_id,
        )
        return joined


def _read(response: httpx.Response, shape: type[Shape]) -> Shape:
    try:
        return parse(response.content, shape)
    except WireError as error:
        raise JoinRefused(_UNREADABLE, f"the registration service's answer cannot be read: {error.message}") from error


def _refusal(response: httpx.Response, otherwise: str) -> JoinRefused:
    """The refusal behind an error answer; its kind decides the code on the screen."""
    try:
        error = parse(response.content, JoinError)
    except WireError:
        return JoinRefused(otherwise, f"the registration service answers HTTP {response.status_code}")
    return JoinRefused(_HRESULTS.get(error.error_type, otherwise), error.message)
