"""The request for a management certificate and its answer, the provisioning document (04 sections 8 and 10)."""

from datetime import datetime
from typing import Final

import msgspec

from taxiway.wire.errors import BadEnrollment
from taxiway.wire.soap import (
    NS_SECEXT,
    BinaryToken,
    Credential,
    Envelope,
    Reply,
    attribute,
    decode_base64,
    expect,
    render_binary_token,
    render_request,
    render_response,
)
from taxiway.wire.soap_fault import parse_response
from taxiway.wire.xml import Element, child, children, escape, local, namespace, text

NS_TRUST: Final = "http://docs.oasis-open.org/ws-sx/ws-trust/200512"
NS_WSTEP: Final = "http://schemas.microsoft.com/windows/pki/2009/01/enrollment"
NS_CONTEXT: Final = "http://schemas.xmlsoap.org/ws/2006/12/authorization"
ACTION: Final = f"{NS_WSTEP}/RST/wstep"
RESPONSE_ACTION: Final = f"{NS_WSTEP}/RSTRC/wstep"

ISSUE: Final = f"{NS_TRUST}/Issue"
RENEW: Final = f"{NS_TRUST}/Renew"
RECOVERY: Final = f"{NS_TRUST}/Recovery"
PKCS10: Final = f"{NS_WSTEP}#PKCS10"
PKCS7: Final = f"{NS_WSTEP}#PKCS7"
_TOKENS = "http://schemas.microsoft.com/5.0.0.0/ConfigurationManager/Enrollment/"
TOKEN_TYPE: Final = f"{_TOKENS}DeviceEnrollmentToken"
PROVISION_DOC: Final = f"{_TOKENS}DeviceEnrollmentProvisionDoc"

MAX_ITEMS: Final = 64
MAX_VALUE: Final = 16 * 1024


class EnrollRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request for a certificate: PKCS#10 to issue, CMS around it to renew (04 sections 8.1 and 14.2).

    `context` keeps the items as they came, in order. All of them are the client's word: none proves anything.
    """

    request_type: str
    token: BinaryToken
    context: tuple[tuple[str, str], ...] = ()

    def first(self, name: str) -> str | None:
        """The first value under that name, whatever its case; an empty value counts as absent."""
        return next(iter(self.every(name)), None)

    def every(self, name: str) -> list[str]:
        """All values under that name: `MAC` and `IMEI` repeat."""
        return [value for key, value in self.context if key.lower() == name.lower() and value]

    def flag(self, name: str) -> bool | None:
        """A boolean item by its value, not by its presence; None when it is absent."""
        value = self.first(name)
        return None if value is None else value.lower() in {"true", "1"}


class EnrollResponse(msgspec.Struct, frozen=True):
    """The answer: the provisioning document as bytes (04 section 10)."""

    document: bytes
    request_id: str = "0"


def parse_enroll(envelope: Envelope) -> EnrollRequest:
    """Read the token request; BadEnrollment names the element at fault."""
    body = expect(envelope, ACTION, NS_TRUST, "RequestSecurityToken")
    token_type = "".join((text(child(body, "TokenType")) or "").split())
    if token_type != TOKEN_TYPE:
        raise BadEnrollment(f"TokenType is {token_type[:200]!r}, not {TOKEN_TYPE}.")
    request_type = text(child(body, "RequestType")) or ""
    if request_type not in {ISSUE, RENEW, RECOVERY}:
        raise BadEnrollment(f"RequestType is {request_type[:200]!r}; Issue, Renew and Recovery are known.")
    kind = PKCS7 if request_type == RENEW else PKCS10
    return EnrollRequest(request_type=request_type, token=_token(body, kind), context=_context(body))


def render_enroll(request: EnrollRequest, *, message_id: str, to: str, credential: Credential | None) -> bytes:
    """The token request as a device sends it."""
    items = "".join(
        [
            f'<ac:ContextItem Name="{escape(name)}"><ac:Value>{escape(value)}</ac:Value></ac:ContextItem>'
            for name, value in request.context
        ]
    )
    body = (
        f'<wst:RequestSecurityToken xmlns:wst="{NS_TRUST}"><wst:TokenType>{TOKEN_TYPE}</wst:TokenType>'
        f"<wst:RequestType>{escape(request.request_type)}</wst:RequestType>{render_binary_token(request.token)}"
        f'<ac:AdditionalContext xmlns:ac="{NS_CONTEXT}">{items}</ac:AdditionalContext></wst:RequestSecurityToken>'
    )
    return render_request(ACTION, body, message_id=message_id, to=to, credential=credential)


def render_enroll_response(response: EnrollResponse, reply: Reply, *, valid: tuple[datetime, datetime]) -> bytes:
    """The answer; `valid` is the timestamp of its Security header, five minutes wide by custom."""
    token = render_binary_token(BinaryToken(PROVISION_DOC, response.document))
    body = (
        f'<RequestSecurityTokenResponseCollection xmlns="{NS_TRUST}"><RequestSecurityTokenResponse>'
        f'<TokenType>{TOKEN_TYPE}</TokenType><DispositionMessage xmlns="{NS_WSTEP}"></DispositionMessage>'
        f"<RequestedSecurityToken>{token}</RequestedSecurityToken>"
        f'<RequestID xmlns="{NS_WSTEP}">{escape(response.request_id)}</RequestID>'
        "</RequestSecurityTokenResponse></RequestSecurityTokenResponseCollection>"
    )
    return render_response(RESPONSE_ACTION, body, reply, valid=valid)


def parse_enroll_response(data: bytes) -> EnrollResponse:
    """Read the answer; FaultReceived or BadEnrollment when there is no provisioning document in it."""
    body = expect(parse_response(data), RESPONSE_ACTION, NS_TRUST, "RequestSecurityTokenResponseCollection")
    for element in body.iter(f"{{{NS_SECEXT}}}BinarySecurityToken"):
        if attribute(element, "ValueType") != PROVISION_DOC:
            continue
        number = next((text(part) for part in body.iter() if local(part) == "RequestID"), None)
        return EnrollResponse(decode_base64(text(element) or ""), number or "0")
    raise BadEnrollment("The answer has no provisioning document.")


def _token(body: Element, kind: str) -> BinaryToken:
    found = [part for part in children(body, "BinarySecurityToken") if namespace(part) == NS_SECEXT]
    if len(found) != 1:
        raise BadEnrollment(f"RequestSecurityToken has {len(found)} BinarySecurityToken; it needs one.")
    value_type = attribute(found[0], "ValueType")
    # A renewal's token is named under either of two namespaces (04 section 14.2).
    if value_type not in {kind, f"{NS_SECEXT}#{kind.rpartition('#')[2]}"}:
        raise BadEnrollment(f"The token's ValueType is {value_type[:200]!r}, not {kind}.")
    return BinaryToken(kind, decode_base64(text(found[0]) or ""))


def _context(body: Element) -> tuple[tuple[str, str], ...]:
    context = child(body, "AdditionalContext")
    if context is None:
        return ()
    items = [(attribute(item, "Name"), text(child(item, "Value")) or "") for item in children(context, "ContextItem")]
    if len(items) > MAX_ITEMS:
        raise BadEnrollment(f"AdditionalContext has {len(items)} items; at most {MAX_ITEMS} are read.")
    for name, value in items:
        if len(name) + len(value) > MAX_VALUE:
            raise BadEnrollment(f"The context item {name[:40]!r} is longer than {MAX_VALUE} characters.")
    return tuple(items)
