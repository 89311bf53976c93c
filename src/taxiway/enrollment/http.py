"""The enrollment services: discovery, policies, token requests, terms of use (04 sections 3, 6, 7, 8 and 12)."""

from __future__ import annotations

import html
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

import structlog
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from taxiway import directory
from taxiway.doors.request import bearer, correlation, read_body, read_form
from taxiway.enrollment import flow, terms
from taxiway.enrollment.errors import (
    BadCertificateRequest,
    BadTermsRequest,
    DeviceLimitReached,
    DeviceNotAllowed,
    EnrollmentError,
    InvalidSecurity,
    LicenseMissing,
    NotAuthenticated,
    NotAuthorized,
    NotEligibleToRenew,
    NotForThisAccount,
    TermsNotAccepted,
)
from taxiway.kernel import NotImplementedHere, TaxiwayError
from taxiway.store import Runtime
from taxiway.wire import discovery, enroll, policy
from taxiway.wire.errors import WireError
from taxiway.wire.soap import CONTENT_TYPE, MAX_BYTES, Envelope, Reply, parse_envelope
from taxiway.wire.soap_fault import ErrorType, Fault, Subcode, render_fault

_log = structlog.get_logger("taxiway.enrollment")

MAX_VERSION: Final = 4.0
_TIMESTAMP: Final = timedelta(minutes=5)
_Answer = Callable[[Envelope, Reply], Awaitable[bytes]]

#: Subcode and error type of each refusal; the first class that fits decides (04 sections 12.2 and 12.3).
_FAULTS: Final[tuple[tuple[type[TaxiwayError], Subcode, ErrorType | None], ...]] = (
    (WireError, Subcode.MESSAGE_FORMAT, None),
    (InvalidSecurity, Subcode.INVALID_SECURITY, None),
    (NotAuthenticated, Subcode.AUTHENTICATION, None),
    (LicenseMissing, Subcode.AUTHORIZATION, ErrorType.USER_LICENSE),
    (DeviceNotAllowed, Subcode.AUTHORIZATION, ErrorType.DEVICE_NOT_SUPPORTED),
    (DeviceLimitReached, Subcode.AUTHORIZATION, ErrorType.DEVICE_CAP_REACHED),
    (NotForThisAccount, Subcode.AUTHORIZATION, ErrorType.NOT_SUPPORTED),
    (NotAuthorized, Subcode.AUTHORIZATION, None),
    (TermsNotAccepted, Subcode.AUTHORIZATION, ErrorType.INVALID_ENROLLMENT_DATA),
    (NotEligibleToRenew, Subcode.CERTIFICATE_REQUEST, ErrorType.NOT_ELIGIBLE_TO_RENEW),
    (BadCertificateRequest, Subcode.CERTIFICATE_REQUEST, None),
    (NotImplementedHere, Subcode.ENROLLMENT_SERVER, ErrorType.NOT_SUPPORTED),
    (TaxiwayError, Subcode.ENROLLMENT_SERVER, None),
)


def routes(rt: Runtime) -> list[Route]:
    """The routes of this room, for the door of the devices."""
    services = _Services(rt)
    return [
        Route("/enrollmentserver/discovery.svc", services.probe, methods=["GET"]),
        Route("/enrollmentserver/discovery.svc", services.discover, methods=["POST"]),
        Route("/enrollmentserver/policy.svc", services.policies, methods=["POST"]),
        Route("/enrollmentserver/enrollment.svc", services.enroll, methods=["POST"]),
        Route("/termsofuse", services.terms_page, methods=["GET"]),
        Route("/termsofuse", services.terms_answer, methods=["POST"]),
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

        return await self._serve(request, discovery.RESPONSE_ACTION, answer)

    async def policies(self, request: Request) -> Response:
        """How to make the key; for the same token as the request that follows (04 section 7)."""

        async def answer(envelope: Envelope, reply: Reply) -> bytes:
            policy.parse_get_policies(envelope)
            await flow.authenticate(self._rt, envelope.credential)
            return policy.render_policies(policy.CertificatePolicy(), reply)

        return await self._serve(request, policy.RESPONSE_ACTION, answer)

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

        return await self._serve(request, enroll.RESPONSE_ACTION, answer)

    async def terms_page(self, request: Request) -> Response:
        """The terms, or at once the answer where a tenant has none (04 section 6)."""
        query = request.query_params
        try:
            redirect = terms.checked_redirect(query.get("redirect_uri", ""))
        except BadTermsRequest as error:
            return Response(error.message, 400, media_type="text/plain")
        if query.get("api-version", "1.0") != "1.0":
            return _terms_error(redirect, "invalid_request", "unsupported version")
        try:
            claims = await flow.authenticate_bearer(self._rt, bearer(request))
        except NotAuthenticated as error:
            return _terms_error(redirect, "unauthorized_client", error.message)
        if claims.oid is None:
            return _terms_error(redirect, "unauthorized_client", "The token names no user.")
        asked = await self._rt.store.read(claims.tenant, terms.terms_of)
        if asked is None:
            return await self._accept(claims.tenant, claims.oid, redirect, correlation(request))
        proof = await self._rt.store.read(
            claims.tenant, lambda tx: tx.seal(str(claims.oid).encode(), "terms_of_use", "proof", redirect)
        )
        return HTMLResponse(_page(asked["title"], asked["text"], f"{claims.tenant}:{proof}"), headers=_PAGE_HEADERS)

    async def terms_answer(self, request: Request) -> Response:
        """The accept button: the sealed proof stands in for the token, which only the first request carries."""
        form = await read_form(request)
        try:
            redirect = terms.checked_redirect(request.query_params.get("redirect_uri", ""))
        except BadTermsRequest as error:
            return Response(error.message, 400, media_type="text/plain")
        tenant, _, proof = form.get("proof", "").partition(":")
        try:
            oid = await self._rt.store.read(
                tenant, lambda tx: tx.unseal(proof, "terms_of_use", "proof", redirect).decode()
            )
        except (TaxiwayError, ValueError):
            return _terms_error(redirect, "unauthorized_client", "The page was not made for this answer.")
        return await self._accept(tenant, oid, redirect, correlation(request))

    async def _accept(self, tenant: str, oid: str, redirect: str, cid: str) -> Response:
        user = await self._rt.store.read(tenant, lambda tx: directory.find_user(tx, oid))
        if user is None:
            return _terms_error(redirect, "unauthorized_client", "The user does not exist any more.")
        blob = await self._rt.store.write(
            tenant, lambda tx: terms.accept(tx, oid), actor=f"user:{oid}", correlation=cid
        )
        answer = {"IsAccepted": "true", "OpaqueBlob": blob, "client-request-id": cid}
        return RedirectResponse(terms.answer_uri(redirect, **answer), 302)

    async def _serve(self, request: Request, action: str, answer: _Answer) -> Response:
        """Read the envelope, answer it, and turn every refusal into the service's fault."""
        body = await read_body(request, limit=MAX_BYTES)
        reply = Reply(None, correlation(request))
        try:
            envelope = await self._rt.workers.run(parse_envelope, body)
            reply = Reply(envelope.message_id, reply.activity_id)
            return Response(await answer(envelope, reply), headers={"content-type": CONTENT_TYPE})
        except TaxiwayError as error:
            return _faulted(_fault(error, reply), action, reply)
        except Exception:  # noqa: BLE001 - the client needs the fault of an internal error, not a bare 500
            _log.exception("enrollment failed", action=action, correlation=reply.activity_id)
            text = f"Internal error; quote {reply.activity_id} to the operator."
            return _faulted(Fault(subcode=Subcode.INTERNAL_SERVICE_FAULT, reason=text), action, reply)


#: The page has neither script nor style nor image, and leads back to whatever its checked redirect URI names.
_PAGE_HEADERS = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
    "cross-origin-opener-policy": "same-origin",
}


def _version(asked: str) -> str:
    """The lower of what the client can and what is served (04 section 3.3)."""
    try:
        number = float(asked)
    except ValueError:
        return "3.0"
    return f"{min(max(number, 3.0), MAX_VERSION):.1f}"


def _fault(error: TaxiwayError, reply: Reply) -> Fault:
    subcode, kind = next((s, k) for cls, s, k in _FAULTS if isinstance(error, cls))
    if not isinstance(error, (EnrollmentError, WireError, NotImplementedHere)):
        _log.error("unmapped error", name=error.name, message=error.message)
    reason = " ".join(filter(None, (error.message, error.remedy)))
    return Fault(subcode=subcode, error_type=kind, reason=reason, trace_id=reply.activity_id)


def _faulted(fault: Fault, action: str, reply: Reply) -> Response:
    return Response(render_fault(fault, action, reply), 500, headers={"content-type": CONTENT_TYPE})


def _terms_error(redirect: str, error: str, text: str) -> Response:
    return RedirectResponse(terms.answer_uri(redirect, error=error, error_description=text), 302)


def _page(title: str, text: str, proof: str) -> str:
    """The terms as a page without script; its form posts back to its own address."""
    paragraphs = "".join(f"<p>{html.escape(part)}</p>" for part in text.split("\n\n"))
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title></head>'
        f'<body><main><h1>{html.escape(title)}</h1>{paragraphs}<form method="post">'
        f'<input type="hidden" name="proof" value="{html.escape(proof)}"><button type="submit">Accept</button>'
        "</form></main></body></html>"
    )
