"""A join request, read and checked as far as it can be without the database (03 sections 8.3 and 8.4)."""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import rsa

from taxiway.join.errors import BadRequest, JoinTypeUnknown
from taxiway.kernel.der import BROKEN_DER
from taxiway.wire import rsa_blob, rsa_public
from taxiway.wire.errors import WireError
from taxiway.wire.join import ENTRA_JOIN, REGISTER, JoinRequest, parse_join_request

TRUST_TYPES = {ENTRA_JOIN: "AzureAd", REGISTER: "Workplace"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a device asks for: its two keys and what it says of itself. ``ticket``: as it came in ``MSA-DDID``."""

    request: JoinRequest
    key: rsa.RSAPublicKey
    key_hash: str
    transport_key: str
    transport_hash: str
    ticket: str

    @property
    def trust_type(self) -> str:
        """How Graph calls the join type."""
        return TRUST_TYPES[self.request.join_type]


def read_request(body: bytes) -> JoinRequest:
    """The body; raises ``BadRequest`` or ``JoinTypeUnknown``."""
    try:
        request = parse_join_request(body)
    except WireError as error:
        raise BadRequest(f"The join request cannot be read: {error.message}.") from error
    if request.join_type not in TRUST_TYPES:
        raise JoinTypeUnknown(f"The join type {request.join_type} is not offered here.", remedy="Use 0 or 4.")
    return request


def ticket_of(request: JoinRequest) -> str:
    """The device ticket that ties a join to registered hardware (03 section 8.3); empty without one."""
    try:
        return b64decode(request.attributes.get("MSA-DDID", ""), validate=True).decode("ascii")
    except (Error, ValueError) as error:
        raise BadRequest("The attribute MSA-DDID is not base64.") from error


def check_keys(request: JoinRequest) -> Wanted:
    """Both keys: the device key proves that it is held, both are strong enough; raises ``BadRequest``.

    They may be one and the same: tools that have a single key register it as both.
    """
    key = _csr_key(request)
    try:
        transport = request.transport_public_key()
    except WireError as error:
        raise BadRequest(f"The transport key cannot be used: {error.message}.") from error
    return Wanted(
        request=request,
        key=key,
        key_hash=rsa_public.key_hash(key),
        transport_key=b64encode(rsa_blob.encode(transport)).decode(),
        transport_hash=rsa_public.key_hash(transport),
        ticket=ticket_of(request),
    )


def _csr_key(request: JoinRequest) -> rsa.RSAPublicKey:
    """The key of the certificate request. Its subject is the same constant for everybody and means nothing."""
    try:
        csr = x509.load_der_x509_csr(request.certificate_request.der())
        key = csr.public_key()
        proved = csr.is_signature_valid
    except WireError as error:
        raise BadRequest(error.message) from error
    except (*BROKEN_DER, InvalidSignature) as error:
        raise BadRequest("The certificate request is not a PKCS#10 request that can be read.") from error
    if not proved:
        raise BadRequest("The certificate request is not signed with its own key.")
    if not isinstance(key, rsa.RSAPublicKey):
        raise BadRequest("The device key is not an RSA key.", remedy="Keys on elliptic curves are not offered.")
    numbers = key.public_numbers()
    try:
        return rsa_public.public_key(numbers.n, numbers.e)
    except rsa_public.WeakKey as error:
        raise BadRequest(f"The device key cannot be used: {error.message}.") from error
