"""SOAP 1.2 as the enrollment protocol uses it: envelopes, addressing, credentials (04 sections 2 and 4)."""

import binascii
from base64 import b64decode, b64encode
from datetime import datetime
from typing import Final

import msgspec

from taxiway.wire.errors import BadEnrollment, BadSoap
from taxiway.wire.xml import Element, child, children, descend, escape, local, namespace, parse_xml, text

MAX_BYTES: Final = 256 * 1024  # a real token request with its attestation is about 10 KiB (04 section 2.5)
CONTENT_TYPE: Final = "application/soap+xml; charset=utf-8"

NS_SOAP: Final = "http://www.w3.org/2003/05/soap-envelope"
NS_ADDRESSING: Final = "http://www.w3.org/2005/08/addressing"
NS_DIAGNOSTICS: Final = "http://schemas.microsoft.com/2004/09/ServiceModel/Diagnostics"
NS_XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
NS_XSD: Final = "http://www.w3.org/2001/XMLSchema"
_WSS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
NS_SECEXT: Final = f"{_WSS}wssecurity-secext-1.0.xsd"
NS_UTILITY: Final = f"{_WSS}wssecurity-utility-1.0.xsd"

ENCODING_BASE64: Final = f"{NS_SECEXT}#base64binary"
PASSWORD_TEXT: Final = f"{_WSS}username-token-profile-1.0#PasswordText"
JWT_TOKEN: Final = "urn:ietf:params:oauth:token-type:jwt"  # noqa: S105 - the name of a kind of token
DEVICE_USER_TOKEN: Final = (
    "http://schemas.microsoft.com/5.0.0.0/ConfigurationManager/Enrollment/DeviceEnrollmentUserToken"  # noqa: S105 - as above
)
ANONYMOUS: Final = "http://www.w3.org/2005/08/addressing/anonymous"
_USERNAME_ID = "uuid-cc1ccc1f-2fba-4bcf-b063-ffc0cac77917-4"


class UsernameToken(msgspec.Struct, frozen=True):
    """A user name and password in clear text inside TLS (04 section 4.3)."""

    username: str
    password: str


class BinaryToken(msgspec.Struct, frozen=True):
    """A token as bytes; `value_type` says of which kind (04 sections 4.1 and 4.2)."""

    value_type: str
    content: bytes


class SignedToken(msgspec.Struct, frozen=True):
    """A certificate as DER, and the envelope that its key is to have signed between two times (04 section 4.4).

    The signature is not checked yet: ``xml_signature.verify_enveloped`` does that.
    """

    certificate: bytes
    envelope: Element
    created: datetime
    expires: datetime


Credential = UsernameToken | BinaryToken


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """A SOAP message: its addressing, its credential and the one element of its body."""

    action: str
    body: Element
    message_id: str | None = None
    to: str | None = None
    relates_to: str | None = None
    activity_id: str | None = None
    credential: Credential | SignedToken | None = None


def parse_envelope(data: bytes) -> Envelope:
    """Read an envelope; MalformedXml or BadSoap says why not (04 sections 2.2 and 2.5)."""
    root = parse_xml(data, limit=MAX_BYTES)
    if local(root) != "Envelope" or namespace(root) != NS_SOAP:
        raise BadSoap(f"The root element is {root.tag}, not a SOAP 1.2 Envelope.")
    body = child(root, "Body")
    if body is None or len(body) != 1:
        raise BadSoap("The envelope needs a Body with exactly one element.")
    header = child(root, "Header")
    parts = {} if header is None else {local(part): part for part in header}
    security = [] if header is None else list(children(header, "Security"))
    if len(security) > 1:
        raise BadSoap("The envelope has more than one Security header.")
    return Envelope(
        action=text(parts.get("Action")) or "",
        body=body[0],
        message_id=text(parts.get("MessageID")),
        to=text(parts.get("To")),
        relates_to=text(parts.get("RelatesTo")),
        activity_id=text(parts.get("ActivityId")),
        credential=_credential(security[0], root) if security else None,
    )


def render_request(action: str, body: str, *, message_id: str, to: str, credential: Credential | None = None) -> bytes:
    """A request envelope; `body` is XML, `message_id` a UUID without prefix (04 section 2.4)."""
    security = "" if credential is None else _render_credential(credential)
    header = (
        f'<a:Action s:mustUnderstand="1">{escape(action)}</a:Action>'
        f"<a:MessageID>urn:uuid:{escape(message_id)}</a:MessageID>"
        f"<a:ReplyTo><a:Address>{ANONYMOUS}</a:Address></a:ReplyTo>"
        f'<a:To s:mustUnderstand="1">{escape(to)}</a:To>{security}'
    )
    return render_envelope(header, body)


class Reply(msgspec.Struct, frozen=True):
    """What an answer's header says: the request's MessageID verbatim and the id of our log (04 section 2.4)."""

    relates_to: str | None
    activity_id: str


def render_response(action: str, body: str, reply: Reply, *, valid: tuple[datetime, datetime] | None = None) -> bytes:
    """An answer envelope; `valid` adds the Security timestamp that a token response bears (04 section 2.4)."""
    activity = escape(reply.activity_id)
    header = (
        f'<a:Action s:mustUnderstand="1">{escape(action)}</a:Action>'
        f'<ActivityId CorrelationId="{activity}" xmlns="{NS_DIAGNOSTICS}">{activity}</ActivityId>'
    )
    if reply.relates_to is not None:
        header += f"<a:RelatesTo>{escape(reply.relates_to)}</a:RelatesTo>"
    if valid is not None:
        created, expires = (_instant(moment) for moment in valid)
        header += (
            f'<o:Security s:mustUnderstand="1" xmlns:o="{NS_SECEXT}"><u:Timestamp u:Id="_0">'
            f"<u:Created>{created}</u:Created><u:Expires>{expires}</u:Expires></u:Timestamp></o:Security>"
        )
    return render_envelope(header, body)


def render_envelope(header: str, body: str) -> bytes:
    """The envelope around header blocks and a body, both XML."""
    return (
        f'<s:Envelope xmlns:s="{NS_SOAP}" xmlns:a="{NS_ADDRESSING}" xmlns:u="{NS_UTILITY}">'
        f"<s:Header>{header}</s:Header>"
        f'<s:Body xmlns:xsi="{NS_XSI}" xmlns:xsd="{NS_XSD}">{body}</s:Body></s:Envelope>'
    ).encode()


def expect(envelope: Envelope, action: str, ns: str, name: str) -> Element:
    """The body, when it is the element asked for under the action that belongs to it; else BadEnrollment."""
    body = envelope.body
    # Published samples write the namespace with a slash at its end and the action in lower case.
    if local(body) != name or namespace(body).rstrip("/") != ns:
        raise BadEnrollment(f"The body holds {body.tag}, not {name} in {ns}.")
    if envelope.action.lower() != action.lower():
        raise BadEnrollment(f"The action is {envelope.action[:200]!r}, not {action}.")
    return body


def decode_base64(value: str) -> bytes:
    """Bytes of base64 as clients write it: either alphabet, blanks inside, padding or none (04 section 4.1)."""
    packed = "".join(value.split()).translate({ord("-"): "+", ord("_"): "/"}).rstrip("=")
    try:
        return b64decode(packed + "=" * (-len(packed) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadSoap("A BinarySecurityToken is not base64.") from error


def attribute(element: Element, name: str) -> str:
    """An attribute, whether or not its writer qualified it, trimmed (04 section 2.2)."""
    for key, value in element.attrib.items():
        if str(key).rpartition("}")[2] == name:
            return str(value).strip()
    return ""


def _credential(security: Element, envelope: Element) -> Credential | SignedToken | None:
    if child(security, "Signature") is not None:
        return _signed(security, envelope)
    for part in security:
        if namespace(part) != NS_SECEXT:
            continue
        if local(part) == "BinarySecurityToken":
            return BinaryToken(attribute(part, "ValueType"), _token_bytes(text(part) or ""))
        if local(part) == "UsernameToken":
            return UsernameToken(text(child(part, "Username")) or "", text(child(part, "Password")) or "")
    return None


def _signed(security: Element, envelope: Element) -> SignedToken:
    tokens = list(children(security, "BinarySecurityToken"))
    if len(tokens) != 1:
        raise BadSoap(f"A signed Security header has {len(tokens)} BinarySecurityToken; it needs one.")
    created, expires = (_time(security, name) for name in ("Created", "Expires"))
    return SignedToken(decode_base64(text(tokens[0]) or ""), envelope, created, expires)


def _time(security: Element, name: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text(descend(security, "Timestamp", name)) or "")
    except ValueError as error:
        raise BadSoap(f"The Timestamp has no readable {name}.") from error
    if moment.tzinfo is None:
        raise BadSoap(f"The time {name} names no time zone.")
    return moment


def _token_bytes(value: str) -> bytes:
    # Some clients put the compact JWT itself where its base64 belongs; a dot is in no base64 alphabet.
    if value.startswith("eyJ") and value.count(".") == 2:
        return value.encode()
    return decode_base64(value)


def _render_credential(credential: Credential) -> str:
    match credential:
        case BinaryToken():
            inner = render_binary_token(credential)
        case UsernameToken():
            inner = (
                f'<wsse:UsernameToken u:Id="{_USERNAME_ID}">'
                f"<wsse:Username>{escape(credential.username)}</wsse:Username>"
                f'<wsse:Password Type="{PASSWORD_TEXT}">{escape(credential.password)}</wsse:Password>'
                "</wsse:UsernameToken>"
            )
    return f'<wsse:Security s:mustUnderstand="1" xmlns:wsse="{NS_SECEXT}">{inner}</wsse:Security>'


def render_binary_token(token: BinaryToken) -> str:
    """A BinarySecurityToken element, base64 on one line."""
    return (
        f'<wsse:BinarySecurityToken xmlns:wsse="{NS_SECEXT}" ValueType="{escape(token.value_type)}" '
        f'EncodingType="{ENCODING_BASE64}">{b64encode(token.content).decode()}</wsse:BinarySecurityToken>'
    )


def _instant(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
