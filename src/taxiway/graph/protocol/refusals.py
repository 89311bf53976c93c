"""Every error as Graph words it: status, code, message, ``innerError`` (02 section 1.5)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from taxiway.directory import Forbidden, MembershipByRule, NotAMember, RuleError
from taxiway.doors import BodyTooLarge
from taxiway.graph import errors
from taxiway.graph.protocol.call import Answer
from taxiway.graph.protocol.face import Family
from taxiway.kernel import Busy, NotImplementedHere, TaxiwayError
from taxiway.store import AlreadyExists, NotFound, StoreError
from taxiway.store.errors import BadToken, NotFilterable, UnknownProperty, WriteFailed

#: Error class -> status, code for directory addresses, code for Intune addresses. The first that fits counts.
_MEANINGS: tuple[tuple[type[TaxiwayError], int, str, str], ...] = (
    (errors.Malformed, 400, "BadRequest", "BadRequest"),
    (errors.BadRequest, 400, "Request_BadRequest", "BadRequest"),
    (errors.UnsupportedQuery, 400, "Request_UnsupportedQuery", "BadRequest"),
    (errors.InvalidToken, 401, "InvalidAuthenticationToken", "InvalidAuthenticationToken"),
    (errors.ScopeMissing, 403, "Authorization_RequestDenied", "Forbidden"),
    (errors.NoSuchItem, 404, "Request_ResourceNotFound", "ResourceNotFound"),
    (errors.OnlyInBeta, 404, "ResourceNotFound", "ResourceNotFound"),
    (errors.MethodNotAllowed, 405, "MethodNotAllowed", "MethodNotAllowed"),
    (errors.UnsupportedMediaType, 415, "UnsupportedMediaType", "UnsupportedMediaType"),
    (errors.SyncStateGone, 410, "SyncStateNotFound", "SyncStateNotFound"),
    (errors.PreconditionFailed, 412, "PreconditionFailed", "PreconditionFailed"),
    (errors.TooManyRequests, 429, "TooManyRequests", "TooManyRequests"),
    (errors.ServiceFault, 500, "InternalServerError", "InternalServerError"),
    (Forbidden, 403, "Authorization_RequestDenied", "Forbidden"),
    (MembershipByRule, 403, "Authorization_RequestDenied", "Forbidden"),
    (NotAMember, 404, "Request_ResourceNotFound", "ResourceNotFound"),
    (NotFound, 404, "Request_ResourceNotFound", "ResourceNotFound"),
    (AlreadyExists, 400, "Request_BadRequest", "BadRequest"),
    (BodyTooLarge, 413, "RequestEntityTooLarge", "RequestEntityTooLarge"),
    (NotFilterable, 400, "Request_BadRequest", "BadRequest"),
    (UnknownProperty, 400, "Request_BadRequest", "BadRequest"),
    (BadToken, 400, "BadRequest", "BadRequest"),
    (WriteFailed, 503, "ServiceUnavailable", "ServiceUnavailable"),
    (Busy, 503, "ServiceUnavailable", "ServiceUnavailable"),
    (NotImplementedHere, 501, "NotImplemented", "NotImplemented"),
    (StoreError, 500, "InternalServerError", "InternalServerError"),
    # A refusal of the room that was asked: the request was understood, and its content does not hold.
    (TaxiwayError, 400, "Request_BadRequest", "BadRequest"),
)


def refusal(error: TaxiwayError, family: Family, *, now: datetime, request_id: str, client_id: str, url: str) -> Answer:
    """The answer to an error."""
    _, status, directory, intune = next(meaning for meaning in _MEANINGS if isinstance(error, meaning[0]))
    code = directory if family == "directory" else intune
    message = _sentences(error)
    if family == "intune" and status in (400, 403, 404) and not isinstance(error, errors.Malformed):
        message = _wrapped(message, request_id, client_id, url)
    inner: dict[str, Any] = {
        "date": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S").zfill(19),
        "request-id": request_id,
        "client-request-id": client_id,
    }
    body: dict[str, Any] = {"code": code, "message": message, "innerError": inner}
    if isinstance(error, RuleError):
        inner |= {"position": error.position, "token": error.token}
        body |= {"code": error.code, "details": [_rule_detail(error)]}
    return Answer(status, {"error": body}, _headers(error, status))


def _rule_detail(error: RuleError) -> dict[str, str]:
    """What the help page calls the mistake, and what it is (01 section 5; 07 section 13)."""
    message = f"{error.documented}: {error.message}"
    return {"code": error.code, "target": "membershipRule", "message": message}


def _sentences(error: TaxiwayError) -> str:
    """What happened, why, and what to do next."""
    reasons = [reason.text for reason in error.reasons]
    return " ".join(dict.fromkeys(part for part in (error.message, *reasons, error.remedy) if part))


def _headers(error: TaxiwayError, status: int) -> dict[str, str]:
    if isinstance(error, errors.TooManyRequests):
        return error.headers
    if isinstance(error, errors.SyncStateGone):
        return {"Location": error.location}
    if status == 503:
        return {"Retry-After": "1"}
    if status == 401:
        return {"WWW-Authenticate": 'Bearer realm="", error="invalid_token"'}
    return {}


def _wrapped(message: str, request_id: str, client_id: str, url: str) -> str:
    """The Intune service's own wrapping: a JSON document as the message."""
    document: dict[str, Any] = {
        "_version": 3,
        "Message": f"{message} - Operation ID (for customer support): {request_id} - Activity ID: {client_id} - "
        f"Url: {url}",
        "CustomApiErrorPhrase": "",
        "RetryAfter": None,
        "ErrorSourceService": "",
        "HttpHeaders": "{}",
    }
    return json.dumps(document)
