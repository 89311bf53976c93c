"""Discovery: which service enrolls this user, and how to authenticate there (04 section 3)."""

from typing import Final

import msgspec

from taxiway.wire.errors import BadEnrollment
from taxiway.wire.soap import Envelope, Reply, expect, render_request, render_response
from taxiway.wire.soap_fault import parse_response
from taxiway.wire.xml import Element, child, children, escape, local, text

NS_DISCOVERY: Final = "http://schemas.microsoft.com/windows/management/2012/01/enrollment"
ACTION: Final = f"{NS_DISCOVERY}/IDiscoveryService/Discover"
RESPONSE_ACTION: Final = f"{NS_DISCOVERY}/IDiscoveryService/DiscoverResponse"
DEVICE_TYPE_PC: Final = "CIMClient_Windows"


class DiscoverRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a client says of itself; everything may be missing (04 section 3.2)."""

    email_address: str = ""
    request_version: str = "1.0"
    device_type: str | None = None
    application_version: str | None = None
    os_edition: str | None = None
    os_version: str | None = None
    auth_policies: tuple[str, ...] = ()


class DiscoverResponse(msgspec.Struct, frozen=True, kw_only=True):
    """Where to go on: the policy service is optional, the authentication page is for web sign-in (04 section 3.3)."""

    auth_policy: str
    enrollment_service_url: str
    enrollment_version: str | None = None
    enrollment_policy_service_url: str | None = None
    authentication_service_url: str | None = None


def parse_discover(envelope: Envelope) -> DiscoverRequest:
    """Read the request out of its envelope; BadEnrollment when there is none."""
    request = child(expect(envelope, ACTION, NS_DISCOVERY, "Discover"), "request")
    if request is None:
        raise BadEnrollment("Discover has no request.")
    values = {local(part): text(part) or None for part in request}
    return DiscoverRequest(
        email_address=values.get("EmailAddress") or "",
        request_version=values.get("RequestVersion") or "1.0",
        device_type=values.get("DeviceType"),
        application_version=values.get("ApplicationVersion"),
        os_edition=values.get("OSEdition"),
        os_version=values.get("OSVersion"),
        auth_policies=_auth_policies(child(request, "AuthPolicies")),
    )


def render_discover(request: DiscoverRequest, *, message_id: str, to: str) -> bytes:
    """The request as a device sends it."""
    policies = "".join([f"<AuthPolicy>{escape(policy)}</AuthPolicy>" for policy in request.auth_policies])
    fields = (
        f"<EmailAddress>{escape(request.email_address)}</EmailAddress>"
        f"<RequestVersion>{escape(request.request_version)}</RequestVersion>"
        f"{_leaf('DeviceType', request.device_type)}{_leaf('ApplicationVersion', request.application_version)}"
        f"{_leaf('OSEdition', request.os_edition)}{_leaf('OSVersion', request.os_version)}"
        f"<AuthPolicies>{policies}</AuthPolicies>"
    )
    body = f'<Discover xmlns="{NS_DISCOVERY}"><request>{fields}</request></Discover>'
    return render_request(ACTION, body, message_id=message_id, to=to)


def render_discover_response(response: DiscoverResponse, reply: Reply) -> bytes:
    """The answer as a server sends it."""
    fields = (
        f"<AuthPolicy>{escape(response.auth_policy)}</AuthPolicy>"
        f"{_leaf('EnrollmentVersion', response.enrollment_version)}"
        f"{_leaf('EnrollmentPolicyServiceUrl', response.enrollment_policy_service_url)}"
        f"<EnrollmentServiceUrl>{escape(response.enrollment_service_url)}</EnrollmentServiceUrl>"
        f"{_leaf('AuthenticationServiceUrl', response.authentication_service_url)}"
    )
    body = f'<DiscoverResponse xmlns="{NS_DISCOVERY}"><DiscoverResult>{fields}</DiscoverResult></DiscoverResponse>'
    return render_response(RESPONSE_ACTION, body, reply)


def parse_discover_response(data: bytes) -> DiscoverResponse:
    """Read the answer; FaultReceived or BadEnrollment when it leads nowhere."""
    body = expect(parse_response(data), RESPONSE_ACTION, NS_DISCOVERY, "DiscoverResponse")
    result = child(body, "DiscoverResult")
    values = {} if result is None else {local(part): text(part) or None for part in result}
    policy, url = values.get("AuthPolicy"), values.get("EnrollmentServiceUrl")
    if policy is None or url is None:
        raise BadEnrollment("DiscoverResult lacks AuthPolicy or EnrollmentServiceUrl.")
    return DiscoverResponse(
        auth_policy=policy,
        enrollment_service_url=url,
        enrollment_version=values.get("EnrollmentVersion"),
        enrollment_policy_service_url=values.get("EnrollmentPolicyServiceUrl"),
        authentication_service_url=values.get("AuthenticationServiceUrl"),
    )


def _auth_policies(element: Element | None) -> tuple[str, ...]:
    if element is None:
        return ()
    found = tuple(policy for part in children(element, "AuthPolicy") if (policy := text(part)))
    # A documented sample has the one policy as text, without an element of its own.
    bare = text(element)
    return found or ((bare,) if bare else ())


def _leaf(name: str, value: str | None) -> str:
    return "" if value is None else f"<{name}>{escape(value)}</{name}>"
