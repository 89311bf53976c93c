"""Every refusal of the enrollment services as the fault a device understands (04 section 12)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from starlette.requests import Request
from starlette.responses import Response

from taxiway.doors.errors import BodyTooLarge
from taxiway.doors.request import correlation, read_body
from taxiway.enrollment.errors import (
    BadCertificateRequest,
    DeviceLimitReached,
    DeviceNotAllowed,
    EnrollmentError,
    InMaintenance,
    InvalidSecurity,
    IssuerUnreachable,
    LicenseMissing,
    NotAuthenticated,
    NotAuthorized,
    NotEligibleToRenew,
    NotForThisAccount,
    NotOffered,
    SignInRefused,
    TermsNotAccepted,
)
from taxiway.kernel import Busy, NotImplementedHere, TaxiwayError
from taxiway.store import Runtime
from taxiway.wire.errors import WireError
from taxiway.wire.soap import CONTENT_TYPE, MAX_BYTES, Envelope, Reply, parse_envelope
from taxiway.wire.soap_fault import ErrorType, Fault, Subcode, render_fault

_log = structlog.get_logger("taxiway.enrollment")

Answer = Callable[[Envelope, Reply], Awaitable[bytes]]

#: Subcode and error type of each refusal; the first class that fits decides (04 sections 12.2 and 12.3).
FAULTS: Final[tuple[tuple[type[TaxiwayError], Subcode, ErrorType | None], ...]] = (
    (WireError, Subcode.MESSAGE_FORMAT, None),
    (BodyTooLarge, Subcode.MESSAGE_FORMAT, None),
    (InvalidSecurity, Subcode.INVALID_SECURITY, None),
    (SignInRefused, Subcode.AUTHENTICATION, ErrorType.CUSTOM_SERVER_ERROR),
    (NotAuthenticated, Subcode.AUTHENTICATION, None),
    (LicenseMissing, Subcode.AUTHORIZATION, ErrorType.USER_LICENSE),
    (DeviceNotAllowed, Subcode.AUTHORIZATION, ErrorType.DEVICE_NOT_SUPPORTED),
    (DeviceLimitReached, Subcode.AUTHORIZATION, ErrorType.DEVICE_CAP_REACHED),
    (NotForThisAccount, Subcode.AUTHORIZATION, ErrorType.NOT_SUPPORTED),
    (NotAuthorized, Subcode.AUTHORIZATION, None),
    (TermsNotAccepted, Subcode.AUTHORIZATION, ErrorType.INVALID_ENROLLMENT_DATA),
    (NotEligibleToRenew, Subcode.CERTIFICATE_REQUEST, ErrorType.NOT_ELIGIBLE_TO_RENEW),
    (BadCertificateRequest, Subcode.CERTIFICATE_REQUEST, None),
    (IssuerUnreachable, Subcode.ENROLLMENT_SERVER, None),
    (NotOffered, Subcode.ENROLLMENT_SERVER, ErrorType.NOT_SUPPORTED),
    (InMaintenance, Subcode.ENROLLMENT_SERVER, ErrorType.IN_MAINTENANCE),
    (NotImplementedHere, Subcode.ENROLLMENT_SERVER, ErrorType.NOT_SUPPORTED),
    (Busy, Subcode.ENROLLMENT_SERVER, ErrorType.IN_MAINTENANCE),
    (TaxiwayError, Subcode.ENROLLMENT_SERVER, None),
)
_EXPECTED: Final = (EnrollmentError, WireError, BodyTooLarge, NotImplementedHere, Busy)


async def serve(rt: Runtime, request: Request, action: str, answer: Answer) -> Response:
    """Read the envelope, answer it, and turn every refusal into the service's fault; nothing else leaves here."""
    reply = Reply(None, correlation(request))
    try:
        body = await read_body(request, limit=MAX_BYTES)
        envelope = await rt.workers.run(parse_envelope, body)
        reply = Reply(envelope.message_id, reply.activity_id)
        return Response(await answer(envelope, reply), headers={"content-type": CONTENT_TYPE})
    except TaxiwayError as error:
        return _faulted(_fault(error, reply), action, reply)
    except Exception:  # noqa: BLE001 - the client needs the fault of an internal error, not a bare 500
        _log.exception("enrollment failed", action=action, correlation=reply.activity_id)
        text = f"Internal error; quote {reply.activity_id} to the operator."
        return _faulted(Fault(subcode=Subcode.INTERNAL_SERVICE_FAULT, reason=text), action, reply)


def _fault(error: TaxiwayError, reply: Reply) -> Fault:
    subcode, kind = next((s, k) for cls, s, k in FAULTS if isinstance(error, cls))
    reason = " ".join(filter(None, (error.message, error.remedy)))
    if not isinstance(error, _EXPECTED):
        # What went wrong inside is for the operator's log, not for whoever asked.
        _log.error("unmapped error", name=error.name, message=error.message)
        reason = f"The service cannot do this now; quote {reply.activity_id} to the operator."
    return Fault(subcode=subcode, error_type=kind, reason=reason, trace_id=reply.activity_id)


def _faulted(fault: Fault, action: str, reply: Reply) -> Response:
    return Response(render_fault(fault, action, reply), 500, headers={"content-type": CONTENT_TYPE})
