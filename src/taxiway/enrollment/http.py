"""The enrollment services: discovery, policies, token requests (04 sections 3, 7 and 8)."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from taxiway import pki, signin
from taxiway.doors.request import address, correlation, peer
from taxiway.enrollment import flow
from taxiway.enrollment.credentials import Origin, Proven, authenticate
from taxiway.enrollment.errors import NotEligibleToRenew, NotOffered
from taxiway.enrollment.faults import serve
from taxiway.enrollment.policy import EnrollmentPolicy, enrollment_policy_of
from taxiway.enrollment.recovery import recover
from taxiway.enrollment.terms_http import terms_routes
from taxiway.enrollment.web_http import web_routes
from taxiway.store import Runtime
from taxiway.wire import discovery, policy
from taxiway.wire import enroll as wire
from taxiway.wire.soap import Envelope, Reply

FEDERATED, ON_PREMISE, CERTIFICATE = "Federated", "OnPremise", "Certificate"
_VERSION: Final = re.compile(r"\d{1,3}(\.\d{1,3})?")
_TIMESTAMP: Final = timedelta(minutes=5)


def routes(rt: Runtime) -> list[Route]:
    """The routes of this room, for the door of the devices."""
    services = _Services(rt)
    return [
        Route("/enrollmentserver/discovery.svc", services.probe, methods=["GET"]),
        Route("/enrollmentserver/discovery.svc", services.discover, methods=["POST"]),
        Route("/enrollmentserver/policy.svc", services.policies, methods=["POST"]),
        Route("/enrollmentserver/enrollment.svc", services.enroll, methods=["POST"]),
        *web_routes(rt),
        *terms_routes(rt),
    ]


class _Services:
    """The handlers, bound to a runtime."""

    def __init__(self, rt: Runtime) -> None:
        self._rt = rt

    async def probe(self, request: Request) -> Response:  # noqa: ARG002 - Starlette's shape
        """Proves that the name exists (04 section 3.1)."""
        return Response(b"", media_type="text/html")

    async def discover(self, request: Request) -> Response:
        """Where to go on; the same answer for every name of a domain, known or not (04 section 3.4)."""

        async def answer(envelope: Envelope, reply: Reply) -> bytes:
            asked = discovery.parse_discover(envelope)
            policy = await self._policy_of(asked.email_address)
            origin = f"{self._rt.urls.mdm}/EnrollmentServer"
            way = _way(asked.auth_policies, policy)
            return discovery.render_discover_response(
                discovery.DiscoverResponse(
                    auth_policy=way,
                    enrollment_version=_version(asked.request_version, policy.highest_version),
                    enrollment_policy_service_url=f"{origin}/Policy.svc",
                    enrollment_service_url=f"{origin}/Enrollment.svc",
                    authentication_service_url=f"{origin}/Auth" if way == FEDERATED else None,
                ),
                reply,
            )

        return await serve(self._rt, request, discovery.RESPONSE_ACTION, answer)

    async def _policy_of(self, email: str) -> EnrollmentPolicy:
        """The policy of the tenant that the domain belongs to; the default where it belongs to none."""
        tenant = await signin.tenant_of_name(self._rt, email)
        return EnrollmentPolicy() if tenant is None else await self._rt.store.read(tenant, enrollment_policy_of)

    async def policies(self, request: Request) -> Response:
        """How to make the key; for the same credential as the request that follows (04 section 7)."""

        async def answer(envelope: Envelope, reply: Reply) -> bytes:
            policy.parse_get_policies(envelope)
            await self._authenticate(request, envelope)
            return policy.render_policies(policy.CertificatePolicy(), reply)

        return await serve(self._rt, request, policy.RESPONSE_ACTION, answer)

    async def enroll(self, request: Request) -> Response:
        """The token request (04 section 8)."""

        async def answer(envelope: Envelope, reply: Reply) -> bytes:
            asked = wire.parse_enroll(envelope)
            document = await self._document(request, envelope, asked)
            now = self._rt.clock.now()
            response = wire.EnrollResponse(document)
            return wire.render_enroll_response(response, reply, valid=(now, now + _TIMESTAMP))

        return await serve(self._rt, request, wire.RESPONSE_ACTION, answer)

    async def _document(self, request: Request, envelope: Envelope, asked: wire.EnrollRequest) -> bytes:
        cid = correlation(request)
        match asked.request_type:
            case wire.RENEW:
                return await flow.renew(self._rt, asked, await self._presented(request), correlation=cid)
            case wire.RECOVERY:
                proven = await self._authenticate(request, envelope)
                return await recover(self._rt, proven, asked, correlation=cid)
            case _:
                proven = await self._authenticate(request, envelope)
                return await flow.enroll(self._rt, proven, asked, correlation=cid)

    async def _authenticate(self, request: Request, envelope: Envelope) -> Proven:
        return await authenticate(self._rt, envelope.credential, Origin(address(request), correlation(request)))

    async def _presented(self, request: Request) -> pki.Peer | None:
        try:
            return await peer(request, self._rt)
        except pki.PeerRefused as error:
            raise NotEligibleToRenew(error.message, remedy=error.remedy) from error


def _way(offered: tuple[str, ...], policy: EnrollmentPolicy) -> str:
    """The way to authenticate: the page where the client can show it, else what its tenant has opened (section 3.3)."""
    if not offered or FEDERATED in offered:
        return FEDERATED
    opened = {ON_PREMISE: policy.on_premise, CERTIFICATE: policy.certificate}
    for way in offered:
        if opened.get(way):
            return way
    raise NotOffered("None of the ways to authenticate that the client offers is open for this account.")


def _version(asked: str, highest: str) -> str:
    """The lower of what the client can and what is served; the lowest where it does not say (04 section 3.3)."""
    number = float(asked) if _VERSION.fullmatch(asked) else 0.0
    return f"{min(max(number, 3.0), float(highest)):.1f}"
