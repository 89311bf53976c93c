"""The enrollment client: discovery, policies, the certificate, the provisioning document (04)."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import TypeVar

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from taxiway.device.csp.dmclient import FIRST_SYNC, provider
from taxiway.device.csp.node import DEVICE, Node
from taxiway.device.csp.tree import Tree
from taxiway.device.errors import EnrollmentRefused
from taxiway.device.firmware import HOME
from taxiway.device.requests import management_request
from taxiway.device.state import CORRELATIONS, Enrolled, Storage
from taxiway.device.transport import PACKED, Identity, Transport
from taxiway.kernel.der import BROKEN_DER
from taxiway.wire.discovery import (
    DEVICE_TYPE_PC,
    DiscoverRequest,
    DiscoverResponse,
    parse_discover_response,
    render_discover,
)
from taxiway.wire.enroll import ISSUE, PKCS7, PKCS10, RENEW, EnrollRequest, parse_enroll_response, render_enroll
from taxiway.wire.errors import BadProvisioning, WireError
from taxiway.wire.policy import CertificatePolicy, parse_policies, render_get_policies
from taxiway.wire.provisioning_read import parse_provisioning
from taxiway.wire.provisioning_types import (
    ESP_PARMS,
    HRESULT_APPLICATION,
    HRESULT_CERTIFICATE_STORE,
    HRESULT_DMCLIENT,
    POLL_PARMS,
    PROVIDER_PARMS,
    Certificates,
    DmClient,
    ProvisioningDocument,
    thumbprint,
)
from taxiway.wire.soap import CONTENT_TYPE, JWT_TOKEN, BinaryToken
from taxiway.wire.soap_fault import FaultReceived, parse_response

MANAGEMENT_KEY = Identity.MANAGEMENT.value
#: Where the key waits that is to follow: it becomes the account's together with its certificate.
NEXT_KEY = "management-next"
ACCOUNT_SLOT = "account"
Read = TypeVar("Read")
SignRenewal = Callable[[rsa.RSAPrivateKey, x509.Certificate, bytes], bytes]

REQUEST_VERSION = "5.0"

_MESSAGE_FORMAT = "0x80180001"
_FORMATS = {"boolean": "bool", "integer": "int", "string": "chr"}


class Enroller:
    """One enrollment, repeatable after a power cut: the key that was made is used again."""

    def __init__(self, transport: Transport, storage: Storage, tree: Tree) -> None:
        self._transport = transport
        self._storage = storage
        self._tree = tree

    async def enroll(self, discovery_url: str, *, upn: str, token: str) -> Enrolled:
        """Enroll the PC for the user whose token this is; it must name the joined device (04 section 5)."""
        self._check_can_enroll()
        await self._transport.send("GET", discovery_url, headers=_CLIENT)
        found = await self._discover(discovery_url, upn)
        credential = BinaryToken(JWT_TOKEN, token.encode())
        policy = CertificatePolicy()
        if found.enrollment_policy_service_url:
            policy = await self._policies(found.enrollment_policy_service_url, credential)
        if policy.minimal_key_length > 2048:
            raise EnrollmentRefused("0x80180027", f"a key of {policy.minimal_key_length} bits is asked for")
        version = found.enrollment_version or "4.0"
        csr = await self._request(MANAGEMENT_KEY)
        asked = self._asked(ISSUE, BinaryToken(PKCS10, csr), version)
        document = await self._document(found.enrollment_service_url, asked, credential)
        return await self._apply(document, discovery_url)

    async def renew(self, next_key: str, sign: SignRenewal) -> None:
        """Ask for a certificate for a new key, vouched for by the current one, and take it (04 section 14.2)."""
        state, tpm = self._storage.state, self._transport.tpm
        if state.enrolled is None:
            raise EnrollmentRefused("0x80180026", "the PC is not enrolled")
        found = await self._discover(
            state.enrolled.discovery, state.user.upn if state.user else "", Identity.MANAGEMENT
        )
        request = await self._request(next_key)
        signed = await tpm.use(MANAGEMENT_KEY, sign, tpm.certificate(MANAGEMENT_KEY), request)
        asked = self._asked(RENEW, BinaryToken(PKCS7, signed), found.enrollment_version or "4.0")
        document = await self._document(found.enrollment_service_url, asked, None, Identity.MANAGEMENT)
        await self._keep_certificates(document.certificates, next_key)
        self._storage.save()
        tpm.follow(MANAGEMENT_KEY, next_key)
        await self._transport.forget(Identity.MANAGEMENT)

    async def _discover(self, url: str, upn: str, identity: Identity = Identity.NONE) -> DiscoverResponse:
        firmware = self._storage.state.firmware
        request = DiscoverRequest(
            email_address=upn,
            request_version=REQUEST_VERSION,
            device_type=DEVICE_TYPE_PC,
            application_version=firmware.os_version,
            os_edition=str(firmware.os_edition),
            auth_policies=("OnPremise", "Federated"),
        )
        message_id = self._message_id()
        body = render_discover(request, message_id=message_id, to=url)
        return _understood(parse_discover_response, await self._post(url, body, message_id, identity))

    def _check_can_enroll(self) -> None:
        """What Windows refuses before it asks anybody (01 section 9.3)."""
        state = self._storage.state
        if state.firmware.edition == HOME:
            raise EnrollmentRefused("0x80180022", "Windows Home cannot be managed")
        if state.enrolled is not None:
            raise EnrollmentRefused("0x8018000A", "the PC is enrolled already")

    async def _policies(self, url: str, credential: BinaryToken) -> CertificatePolicy:
        message_id = self._message_id()
        body = render_get_policies(message_id=message_id, to=url, credential=credential)
        return _understood(parse_policies, await self._post(url, body, message_id))

    async def _request(self, key: str) -> bytes:
        """A request for a key that is made for it, or was before a power cut."""
        tpm, device_id = self._transport.tpm, management_id(self._storage)
        await tpm.make(key)
        name = f"{self._transport.correlation.upper()[:30]}!{device_id}"
        return await tpm.use(key, management_request, name, device_id)

    def _asked(self, request_type: str, token: BinaryToken, version: str) -> EnrollRequest:
        context = self._context(management_id(self._storage), version)
        return EnrollRequest(request_type=request_type, token=token, context=tuple(context))

    async def _document(
        self, url: str, request: EnrollRequest, credential: BinaryToken | None, identity: Identity = Identity.NONE
    ) -> ProvisioningDocument:
        message_id = self._message_id()
        body = render_enroll(request, message_id=message_id, to=url, credential=credential)
        answer = _understood(parse_enroll_response, await self._post(url, body, message_id, identity))
        return _understood(parse_provisioning, answer.document)

    def _context(self, device_id: str, version: str) -> list[tuple[str, str]]:
        """What the PC says about itself (04 section 8.2)."""
        state = self._storage.state
        firmware, profile = state.firmware, state.profile
        items = [
            ("UXInitiated", "false"),
            ("HWDevID", firmware.hardware_id),
            ("Locale", "en-US"),
            ("TargetedUserLoggedIn", "True"),
            ("OSEdition", str(firmware.os_edition)),
            ("OSVersion", firmware.os_version),
            ("DeviceName", state.device_name),
            ("MAC", _dashed(firmware.lan_mac)),
            ("MAC", _dashed(firmware.wlan_mac)),
            ("DeviceID", device_id),
            ("EnrollmentType", "Device"),
            ("DeviceType", DEVICE_TYPE_PC),
            ("ApplicationVersion", firmware.os_version),
            ("NotInOobe", "false"),
        ]
        if state.terms:
            items.append(("EnrollmentData", state.terms))
        if profile is not None and profile.ztd_registration_id:
            items.append(("ZeroTouchProvisioning", profile.ztd_registration_id))
        elif profile is not None and profile.ztd_correlation_id:
            items.append(("OfflineAutoPilotEnrollmentCorrelator", profile.ztd_correlation_id))
        if version.partition(".")[0].isdigit() and int(version.partition(".")[0]) >= 5:
            items.append(("RequestVersion", REQUEST_VERSION))
        return items

    async def _post(self, url: str, body: bytes, message_id: str, identity: Identity = Identity.NONE) -> bytes:
        headers = {**_CLIENT, "content-type": CONTENT_TYPE}
        response = await self._transport.send("POST", url, identity=identity, content=body, headers=headers)
        if response.headers.get(PACKED):
            raise EnrollmentRefused(_MESSAGE_FORMAT, "the answer is chunked or compressed")
        if response.is_redirect:
            raise EnrollmentRefused("0x8018001A", "the enrollment service redirects")
        if not response.content:
            raise EnrollmentRefused("0x80180029", f"HTTP {response.status_code} without a message")
        envelope = _understood(parse_response, response.content)
        if envelope.relates_to not in {None, f"urn:uuid:{message_id}"}:
            raise EnrollmentRefused(_MESSAGE_FORMAT, "the answer belongs to another message")
        return response.content

    async def _apply(self, document: ProvisioningDocument, discovery_url: str) -> Enrolled:
        """Install what the document holds, certificates last: with them the account is complete (04 section 11)."""
        application, client = document.application, document.dm_client
        if application is None:
            raise EnrollmentRefused(f"0x{HRESULT_APPLICATION:08X}", "the provisioning document has no APPLICATION")
        if client is None:
            raise EnrollmentRefused(f"0x{HRESULT_DMCLIENT:08X}", "the provisioning document has no DMClient")
        if not application.address.startswith("https://"):
            raise EnrollmentRefused(f"0x{HRESULT_APPLICATION:08X}", "the management address is not https")
        if not document.certificates.device_context:
            raise EnrollmentRefused(
                f"0x{HRESULT_CERTIFICATE_STORE:08X}", "the certificate is not for the device's store"
            )
        self._keep_settings(client)
        account = {
            "name": application.client.name or "",
            "secret": application.client.secret,
            "nonce": application.client.nonce,
        }
        self._transport.tpm.seal(ACCOUNT_SLOT, msgspec.json.encode(account))
        await self._keep_certificates(document.certificates, MANAGEMENT_KEY)
        await self._transport.forget(Identity.MANAGEMENT)
        renewal = document.renewal
        enrolled = Enrolled(
            provider=application.provider_id,
            address=application.address,
            discovery=(renewal.server_url if renewal else None) or discovery_url,
            renew_days=renewal.period_days if renewal else 0,
            retry_days=renewal.retry_days if renewal else 0,
        )
        self._storage.state.enrolled = enrolled
        return enrolled

    def _keep_settings(self, client: DmClient) -> None:
        home = provider(client.provider_id)
        blocks = [
            (home, PROVIDER_PARMS, client),
            (home.child("Poll"), POLL_PARMS, client.poll),
            (home.child(FIRST_SYNC), ESP_PARMS, client.first_sync_status),
        ]
        for node, parms, values in blocks:
            for field, name, datatype in parms if values is not None else ():
                value = getattr(values, field)
                if value is not None:
                    text = str(value).lower() if isinstance(value, bool) else str(value)
                    self._tree.put(node.child(name), text, _FORMATS[datatype])
        self._storage.write(CORRELATIONS, EntDMID=client.ent_dm_id)

    async def _keep_certificates(self, found: Certificates, key: str) -> None:
        try:
            root, intermediate, leaf = (
                x509.load_der_x509_certificate(der) for der in (found.root, found.intermediate, found.leaf)
            )
            leaf.verify_directly_issued_by(intermediate)
            intermediate.verify_directly_issued_by(root)
        except (*BROKEN_DER, InvalidSignature) as error:
            raise EnrollmentRefused(f"0x{HRESULT_CERTIFICATE_STORE:08X}", "the certificates form no chain") from error
        form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        ours = (await self._transport.tpm.public(key)).public_bytes(*form)
        if leaf.public_key().public_bytes(*form) != ours:
            raise EnrollmentRefused(
                f"0x{HRESULT_CERTIFICATE_STORE:08X}", "the certificate is not for the key of this PC"
            )
        store = Node(DEVICE, ("Vendor", "MSFT", "RootCATrustedCertificates"))
        for place, der in (("Root", found.root), ("CA", found.intermediate)):
            node = store.child(place, thumbprint(der), "EncodedCertificate")
            self._tree.put(node, base64.b64encode(der).decode(), "b64")
        self._transport.tpm.keep_certificate(key, leaf, intermediate)

    def _message_id(self) -> str:
        return self._transport.host.entropy.uuid()


def management_id(storage: Storage) -> str:
    """How the PC names itself to a management server: 32 hexadecimal digits of its hardware (05 section 3.2)."""
    return storage.state.firmware.hardware_id[:32].upper()


_CLIENT = {"user-agent": "ENROLLClient", "pragma": "no-cache"}


def _understood(read: Callable[[bytes], Read], data: bytes) -> Read:
    """Read an answer; a fault or an unusable document becomes the HRESULT that Windows shows (04 section 12)."""
    try:
        return read(data)
    except FaultReceived as error:
        raise EnrollmentRefused(f"0x{error.fault.hresult:08X}", error.fault.reason or error.fault.subcode) from error
    except BadProvisioning as error:
        raise EnrollmentRefused(f"0x{error.hresult:08X}", error.message) from error
    except WireError as error:
        raise EnrollmentRefused(_MESSAGE_FORMAT, error.message) from error


def _dashed(mac: str) -> str:
    return "-".join(mac[place : place + 2].upper() for place in range(0, 12, 2))
