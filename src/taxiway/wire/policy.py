"""The certificate policy a device makes its key and request by: GetPolicies and its answer (04 section 7)."""

from typing import Any, Final

import msgspec

from taxiway.wire.errors import BadEnrollment
from taxiway.wire.soap import NS_XSI, Credential, Envelope, Reply, expect, render_request, render_response
from taxiway.wire.soap_fault import parse_response
from taxiway.wire.xml import Element, child, children, descend, escape, text

NS_POLICY: Final = "http://schemas.microsoft.com/windows/pki/2009/01/enrollmentpolicy"
ACTION: Final = f"{NS_POLICY}/IPolicy/GetPolicies"
RESPONSE_ACTION: Final = f"{NS_POLICY}/IPolicy/GetPoliciesResponse"
TPM_PROVIDER: Final = "Microsoft Platform Crypto Provider"
SOFTWARE_PROVIDER: Final = "Microsoft Software Key Storage Provider"
SHA256_OID: Final = "2.16.840.1.101.3.4.2.1"


class CertificatePolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How to make the key: providers in order of preference, smallest key in bits, hash of the request.

    The validity is advice in seconds; the certificate itself decides. `hash_group` is 4 as Windows has been served,
    although the prose of the protocol says 1 (04 section 7.2).
    """

    common_name: str = "DeviceManagement"
    validity_seconds: int = 31_536_000
    renewal_seconds: int = 3_628_800
    minimal_key_length: int = 2048
    providers: tuple[str, ...] = (TPM_PROVIDER, SOFTWARE_PROVIDER)
    hash_oid: str = SHA256_OID
    hash_name: str = "szOID_NIST_sha256"
    hash_group: int = 4


def parse_get_policies(envelope: Envelope) -> None:
    """Check that the envelope asks for policies; it carries nothing else that a server uses (04 section 7.1)."""
    if child(expect(envelope, ACTION, NS_POLICY, "GetPolicies"), "client") is None:
        raise BadEnrollment("GetPolicies has no client.")


def render_get_policies(*, message_id: str, to: str, credential: Credential) -> bytes:
    """The request as a device sends it."""
    body = (
        f'<GetPolicies xmlns="{NS_POLICY}" xmlns:xsi="{NS_XSI}">'
        f"<client>{_nil('lastUpdate', 'preferredLanguage')}</client>"
        f"{_nil('requestFilter')}</GetPolicies>"
    )
    return render_request(ACTION, body, message_id=message_id, to=to, credential=credential)


def render_policies(policy: CertificatePolicy, reply: Reply) -> bytes:
    """The answer; each unused element stands there as nil, in the order of the schema (04 section 7.2)."""
    providers = "".join([f"<provider>{escape(name)}</provider>" for name in policy.providers])
    attributes = (
        f"<commonName>{escape(policy.common_name)}</commonName><policySchema>3</policySchema>"
        f"<certificateValidity><validityPeriodSeconds>{policy.validity_seconds}</validityPeriodSeconds>"
        f"<renewalPeriodSeconds>{policy.renewal_seconds}</renewalPeriodSeconds></certificateValidity>"
        "<permission><enroll>true</enroll><autoEnroll>false</autoEnroll></permission>"
        f"<privateKeyAttributes><minimalKeyLength>{policy.minimal_key_length}</minimalKeyLength>"
        f"{_nil('keySpec', 'keyUsageProperty', 'permissions', 'algorithmOIDReference')}"
        f"<cryptoProviders>{providers}</cryptoProviders></privateKeyAttributes>"
        "<revision><majorRevision>101</majorRevision><minorRevision>0</minorRevision></revision>"
        f"{_nil('supersededPolicies', 'privateKeyFlags', 'subjectNameFlags', 'enrollmentFlags', 'generalFlags')}"
        "<hashAlgorithmOIDReference>0</hashAlgorithmOIDReference>"
        f"{_nil('rARequirements', 'keyArchivalAttributes', 'extensions')}"
    )
    body = (
        f'<GetPoliciesResponse xmlns="{NS_POLICY}"><response><policyID/>'
        f"{_nil('policyFriendlyName', 'nextUpdateHours', 'policiesNotChanged')}"
        f"<policies><policy><policyOIDReference>0</policyOIDReference>{_nil('cAs')}"
        f"<attributes>{attributes}</attributes></policy></policies></response>{_nil('cAs')}"
        f"<oIDs><oID><value>{escape(policy.hash_oid)}</value><group>{policy.hash_group}</group>"
        f"<oIDReferenceID>0</oIDReferenceID><defaultName>{escape(policy.hash_name)}</defaultName></oID></oIDs>"
        "</GetPoliciesResponse>"
    )
    return render_response(RESPONSE_ACTION, body, reply)


def parse_policies(data: bytes) -> CertificatePolicy:
    """Read the answer; what it leaves out keeps the default (04 section 7)."""
    body = expect(parse_response(data), RESPONSE_ACTION, NS_POLICY, "GetPoliciesResponse")
    attributes = descend(body, "response", "policies", "policy", "attributes")
    if attributes is None:
        raise BadEnrollment("GetPoliciesResponse has no policy.")
    key = child(attributes, "privateKeyAttributes")
    providers = None if key is None else child(key, "cryptoProviders")
    names = () if providers is None else tuple(text(part) or "" for part in children(providers, "provider"))
    validity = child(attributes, "certificateValidity")
    default = CertificatePolicy()
    return CertificatePolicy(
        common_name=text(child(attributes, "commonName")) or default.common_name,
        validity_seconds=_number(validity, "validityPeriodSeconds", default.validity_seconds),
        renewal_seconds=_number(validity, "renewalPeriodSeconds", default.renewal_seconds),
        minimal_key_length=_number(key, "minimalKeyLength", default.minimal_key_length),
        providers=names or default.providers,
        **_hash(body, text(child(attributes, "hashAlgorithmOIDReference"))),
    )


def _hash(body: Element, reference: str | None) -> dict[str, Any]:
    table = child(body, "oIDs")
    for oid in () if table is None else children(table, "oID"):
        if reference is not None and text(child(oid, "oIDReferenceID")) == reference:
            return {
                "hash_oid": text(child(oid, "value")) or "",
                "hash_name": text(child(oid, "defaultName")) or "",
                "hash_group": _number(oid, "group", 0),
            }
    return {}


def _number(parent: Element | None, name: str, default: int) -> int:
    value = None if parent is None else text(child(parent, name))
    if not value:
        return default
    if not (value.isascii() and value.isdigit() and len(value) <= 12):
        raise BadEnrollment(f"{name} is {value[:20]!r}, not a number.")
    return int(value)


def _nil(*names: str) -> str:
    return "".join([f'<{name} xsi:nil="true"/>' for name in names])
