"""The enrollment services: discovery, policies, token requests (04 sections 3, 7 and 8)."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from taxiway.doors.request import correlation
from taxiway.enrollment import flow
from taxiway.enrollment.errors import NotEligibleToRenew
from taxiway.enrollment.faults import serve
from taxiway.enrollment.terms_http import terms_routes
from taxiway.kernel import NotImplementedHere
from taxiway.store import Runtime
from taxiway.wire import discovery, enroll, policy
from taxiway.wire.soap import Envelope, Reply

MAX_VERSION: Final = 4.0
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
        """Where to go on; the same answer for everybody, known or not (04 section 3.4)."""

        async def answer(envelope: Envelope, reply: Reply) -> bytes:
            asked = discovery.parse_discover(envelope)
            if asked.auth_policies and "Federated" not in asked.auth_policies:
                raise NotImplementedHere("Only Federated authentication is served here.")
            origin = f"{self._rt.urls.mdm}/EnrollmentServer"
            return discovery.render_discover_response(
                discovery.DiscoverResponse(
                    auth_policy="Federated",
                    enrollment_version=_version(asked.request_version),
                    enrollment_policy_service_url=f"{origin}/Policy.svc",
                    enrollment_service_url=f"{origin}/Enrollment.svc",
                ),
                reply,
            )

        return await serve(self._rt, request, discovery.RESPONSE_ACTION, answer)

    async def policies(self, request: Request) -> Response:
        """How to make the key; for the same token as the request that follows (04 section 7)."""

        async def answer(envelope: Envelope, reply: Reply) -> bytes:
            policy.parse_get_policies(envelope)
            await flow.authenticate(self._rt, envelope.credential)
            return policy.render_policies(policy.CertificatePolicy(), reply)

        return await serve(self._rt, request, policy.RESPONSE_ACTION, answer)

    async def enroll(self, request: Request) -> Response:
        """The token request (04 section 8)."""

        async def answer(envelope: Envelope, reply: Reply) -> bytes:
            asked = enroll.parse_enroll(envelope)
            if asked.request_type == enroll.RECOVERY:
                raise NotEligibleToRenew(
                    "Recovery of a lost key is not allowed here.", remedy="Enroll the device again."
                )
            cid = correlation(request)
            if asked.request_type == enroll.RENEW:
                document = await flow.renew(self._rt, asked, correlation=cid)
            else:
                claims = await flow.authenticate(self._rt, envelope.credential)
                document = await flow.enroll(self._rt, claims, asked, correlation=cid)
            now = self._rt.clock.now()
            response = enroll.EnrollResponse(document)
            return enroll.render_enroll_response(response, reply, valid=(now, now + _TIMESTAMP))

        return await serve(self._rt, request, enroll.RESPONSE_ACTION, answer)


def _version(asked: str) -> str:
    """The lower of what the client can and what is served; the lowest where it does not say (04 section 3.3)."""
    number = float(asked) if _VERSION.fullmatch(asked) else 0.0
    return f"{min(max(number, 3.0), MAX_VERSION):.1f}"
