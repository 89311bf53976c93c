"""SOAP faults of the enrollment services, and the HRESULT a Windows client makes of them (04 section 12)."""

from enum import StrEnum
from typing import Final

import msgspec

from taxiway.wire.errors import WireError
from taxiway.wire.soap import Envelope, Reply, parse_envelope, render_response
from taxiway.wire.xml import child, descend, escape, local, text

NS_FAULT_DETAIL: Final = "http://schemas.microsoft.com/windows/pki/2009/01/enrollment"
NS_DISPATCHER: Final = "http://schemas.microsoft.com/net/2005/12/windowscommunicationfoundation/dispatcher"


class Subcode(StrEnum):
    """The coarse kind of a fault (04 section 12.2)."""

    MESSAGE_FORMAT = "s:MessageFormat"
    AUTHENTICATION = "s:Authentication"
    AUTHORIZATION = "s:Authorization"
    CERTIFICATE_REQUEST = "s:CertificateRequest"
    ENROLLMENT_SERVER = "s:EnrollmentServer"
    INTERNAL_SERVICE_FAULT = "a:InternalServiceFault"
    INVALID_SECURITY = "a:InvalidSecurity"


class ErrorType(StrEnum):
    """The fine kind, in the fault's detail; it decides before the subcode (04 section 12.3)."""

    DEVICE_CAP_REACHED = "DeviceCapReached"
    DEVICE_NOT_SUPPORTED = "DeviceNotSupported"
    NOT_SUPPORTED = "NotSupported"
    NOT_ELIGIBLE_TO_RENEW = "NotEligibleToRenew"
    IN_MAINTENANCE = "InMaintenance"
    USER_LICENSE = "UserLicense"
    INVALID_ENROLLMENT_DATA = "InvalidEnrollmentData"
    CUSTOM_SERVER_ERROR = "CustomServerError"


SUBCODE_HRESULT: Final = {subcode: 0x80180001 + place for place, subcode in enumerate(Subcode)}
ERROR_TYPE_HRESULT: Final = {
    **{kind: 0x80180013 + place for place, kind in enumerate(list(ErrorType)[:-1])},
    ErrorType.CUSTOM_SERVER_ERROR: 0x80180032,
}
UNKNOWN_HRESULT: Final = 0x80180008

_SUBCODES = {subcode.partition(":")[2].lower(): subcode for subcode in Subcode}
_ERROR_TYPES = {kind.lower(): kind for kind in ErrorType}


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """A refusal: `subcode` and `error_type` for the client, `reason` for people, `trace_id` for our log."""

    subcode: str
    reason: str
    error_type: str | None = None
    trace_id: str | None = None

    @property
    def hresult(self) -> int:
        """The error number a Windows client ends with (04 sections 12.2 and 12.3)."""
        kind = _ERROR_TYPES.get((self.error_type or "").lower())
        if kind is not None:
            return ERROR_TYPE_HRESULT[kind]
        subcode = _SUBCODES.get(self.subcode.rpartition(":")[2].lower())
        return UNKNOWN_HRESULT if subcode is None else SUBCODE_HRESULT[subcode]


class FaultReceived(WireError):
    """The peer answered with a fault instead of the message asked for."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(f"{fault.error_type or fault.subcode}: {fault.reason} (0x{fault.hresult:08X})")
        self.fault = fault


def render_fault(fault: Fault, action: str, reply: Reply) -> bytes:
    """The fault as the answer to a request; `action` is the response action of the service (04 section 12.1)."""
    bound = f' xmlns:a="{NS_DISPATCHER}"' if fault.subcode.startswith("a:") else ""
    detail = ""
    if fault.error_type is not None:
        detail = (
            f'<s:Detail><deviceenrollmentserviceerror xmlns="{NS_FAULT_DETAIL}">'
            f"<errortype>{escape(fault.error_type)}</errortype><message>{escape(fault.reason)}</message>"
            f"<traceid>{escape(fault.trace_id or reply.activity_id)}</traceid>"
            "</deviceenrollmentserviceerror></s:Detail>"
        )
    body = (
        f"<s:Fault><s:Code><s:Value>s:Receiver</s:Value><s:Subcode><s:Value{bound}>{escape(fault.subcode)}</s:Value>"
        f'</s:Subcode></s:Code><s:Reason><s:Text xml:lang="en-us">{escape(fault.reason)}</s:Text></s:Reason>'
        f"{detail}</s:Fault>"
    )
    return render_response(action, body, reply)


def parse_response(data: bytes) -> Envelope:
    """Read an answer; FaultReceived when it is a fault, in proper or in all lower case (04 section 12.1)."""
    envelope = parse_envelope(data)
    if local(envelope.body).lower() == "fault":
        raise FaultReceived(_fault(envelope))
    return envelope


def _fault(envelope: Envelope) -> Fault:
    for element in envelope.body.iter():
        prefix, _, name = str(element.tag).rpartition("}")
        element.tag = f"{prefix}}}{name.lower()}" if prefix else name.lower()
    body = envelope.body
    detail = descend(body, "detail", "deviceenrollmentserviceerror")
    return Fault(
        subcode=text(descend(body, "code", "subcode", "value")) or "",
        reason=text(descend(body, "reason", "text")) or "",
        error_type=None if detail is None else text(child(detail, "errortype")),
        trace_id=None if detail is None else text(child(detail, "traceid")),
    )
