"""From an error to its AADSTS code and OAuth error (03 sections 6.1 and 6.2)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from taxiway.signin import errors
from taxiway.signin.errors import SignInError


@dataclass(frozen=True, slots=True)
class Sts:
    """How an error reads on the wire."""

    code: int
    error: str
    suberror: str = ""


CODES: dict[type[SignInError], Sts] = {
    errors.Malformed: Sts(9002313, "invalid_request"),
    errors.ParameterMissing: Sts(900144, "invalid_request"),
    errors.TenantUnknown: Sts(90002, "invalid_tenant"),
    errors.NoTenant: Sts(50059, "invalid_request"),
    errors.InstanceUnknown: Sts(50049, "invalid_instance"),
    errors.ClientUnknown: Sts(700016, "unauthorized_client"),
    errors.RedirectMismatch: Sts(50011, "invalid_request"),
    errors.ResponseTypeUnsupported: Sts(70005, "unsupported_response_type"),
    errors.ResponseModeUnsupported: Sts(70007, "invalid_request"),
    errors.GrantUnsupported: Sts(70003, "unsupported_grant_type"),
    errors.GrantNeedsTenant: Sts(9001023, "invalid_request"),
    errors.ResourceUnknown: Sts(500011, "invalid_resource"),
    errors.ScopeInvalid: Sts(70011, "invalid_scope"),
    errors.ConsentMissing: Sts(65001, "invalid_grant", "consent_required"),
    errors.ScopeUnknown: Sts(650053, "invalid_scope"),
    errors.ResourceNotProvisioned: Sts(650052, "invalid_client"),
    errors.ResourceDisabled: Sts(500014, "invalid_resource"),
    errors.NotAssigned: Sts(50105, "access_denied"),
    errors.ChallengeMissing: Sts(9002325, "invalid_request"),
    errors.VerifierMismatch: Sts(501481, "invalid_grant"),
    errors.SilentNotPossible: Sts(50058, "login_required"),
    errors.BadCredentials: Sts(50126, "invalid_grant"),
    errors.AccountLocked: Sts(50053, "invalid_grant"),
    errors.AccountDisabled: Sts(50057, "invalid_grant"),
    errors.PasswordExpired: Sts(50055, "invalid_grant", "user_password_expired"),
    errors.PasswordWeak: Sts(50192, "invalid_grant"),
    errors.MfaRequired: Sts(50076, "invalid_grant", "basic_action"),
    errors.MfaNotRegistered: Sts(50079, "invalid_grant", "basic_action"),
    errors.AccessBlocked: Sts(53003, "access_denied", "message_only"),
    errors.DeviceNotCompliant: Sts(53000, "interaction_required", "additional_action"),
    errors.DeviceNotJoined: Sts(53001, "interaction_required", "additional_action"),
    errors.FactorRefused: Sts(500121, "invalid_grant"),
    errors.PassRefused: Sts(130503, "invalid_grant"),
    errors.PasskeyRefused: Sts(500121, "invalid_grant"),
    errors.ProviderFailed: Sts(90033, "temporarily_unavailable"),
    errors.ProviderAnswerRefused: Sts(5001256, "invalid_grant"),
    errors.ProviderAccountUnknown: Sts(51004, "invalid_grant"),
    errors.OtherOrganization: Sts(50020, "invalid_grant"),
    errors.OtherUser: Sts(50105, "access_denied"),
    errors.FlowExpired: Sts(50089, "invalid_request"),
    errors.CodeExpired: Sts(70008, "invalid_grant", "token_expired"),
    errors.CodePending: Sts(70016, "authorization_pending"),
    errors.CodeTooSoon: Sts(70016, "slow_down"),
    errors.CodeDeclined: Sts(70018, "authorization_declined"),
    errors.CodeUnknown: Sts(70018, "bad_verification_code"),
    errors.CodeReused: Sts(54005, "invalid_grant", "bad_token"),
    errors.GrantInvalid: Sts(70000, "invalid_grant", "bad_token"),
    errors.GrantRevoked: Sts(50173, "invalid_grant", "bad_token"),
    errors.ClientSecretWrong: Sts(7000215, "invalid_client"),
    errors.ClientCredentialMissing: Sts(7000218, "invalid_client"),
    errors.ClientIsPublic: Sts(700025, "invalid_client"),
    errors.ClientSecretExpired: Sts(7000222, "invalid_client"),
    errors.ClientAssertionWrong: Sts(700027, "invalid_client"),
    errors.ClientAssertionUntimely: Sts(700024, "invalid_client"),
    errors.ClientDisabled: Sts(7000112, "unauthorized_client"),
    errors.ClientNotProvisioned: Sts(7000229, "invalid_client"),
    errors.OriginMissing: Sts(9002327, "invalid_request"),
    errors.OriginRefused: Sts(9002326, "invalid_request"),
    errors.AssertionInvalid: Sts(50013, "invalid_grant"),
    errors.AssertionElsewhere: Sts(500131, "invalid_grant"),
    errors.AssertionExpired: Sts(500133, "invalid_grant"),
    errors.RevocationUnsupported: Sts(70003, "unsupported_token_type"),
    errors.DeviceRefused: Sts(50155, "invalid_grant", "device_authentication_failed"),
    errors.DeviceDisabled: Sts(135011, "invalid_grant", "device_authentication_failed"),
    errors.HelloKeyUnknown: Sts(130004, "invalid_grant"),
    errors.HelloSignatureWrong: Sts(130005, "invalid_grant"),
    errors.HelloDeviceDisabled: Sts(130007, "invalid_grant"),
    errors.NonceInvalid: Sts(140000, "invalid_grant"),
    errors.SessionKeyInvalid: Sts(140001, "invalid_grant"),
    errors.KdfRefused: Sts(5000611, "invalid_grant"),
    errors.BrokerRequestInvalid: Sts(165900, "invalid_request"),
    errors.BulkNotAllowed: Sts(240001, "invalid_grant"),
    errors.BulkTokenUnusable: Sts(240002, "invalid_grant"),
    errors.BulkRequestInvalid: Sts(90092, "invalid_request"),
    errors.AskedTooOften: Sts(90055, "temporarily_unavailable"),
}
_OTHER = Sts(90024, "invalid_request")


def sts_of(error: SignInError) -> Sts:
    """The code of an error."""
    return CODES.get(type(error), _OTHER)


def meaning_of(code: str) -> str:
    """What a code stands for, in a sentence; empty for an unknown one."""
    return next((str(kind.__doc__) for kind, known in CODES.items() if str(known.code) == code), "")


def status_of(error: SignInError) -> int:
    """The HTTP status of an error at the token endpoint."""
    if isinstance(error, errors.AskedTooOften):
        return 429
    return 401 if sts_of(error).error == "invalid_client" else 400


def error_object(error: SignInError, *, now: datetime, trace: str, correlation: str, login: str) -> dict[str, Any]:
    """The error object of the token endpoint."""
    known = sts_of(error)
    stamp = now.strftime("%Y-%m-%d %H:%M:%SZ")
    body: dict[str, Any] = {
        "error": known.error,
        "error_description": describe(error, trace=trace, correlation=correlation, stamp=stamp),
        "error_codes": [known.code],
        "timestamp": stamp,
        "trace_id": trace,
        "correlation_id": correlation,
        "error_uri": f"{login}/error?code={known.code}",
    }
    if error.policies:
        # The claim that Entra asks back for: it names the policies (03 section 6.1).
        asked = {"access_token": {"capolids": {"essential": True, "values": list(error.policies)}}}
        body["claims"] = json.dumps(asked, separators=(",", ":"))
    return {**body, "suberror": known.suberror} if known.suberror else body


def describe(error: SignInError, *, trace: str, correlation: str, stamp: str) -> str:
    """The description: the code, the sentence, and what to quote to the operator."""
    text = " ".join(filter(None, (error.message, error.remedy)))
    return f"AADSTS{sts_of(error).code}: {text} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {stamp}"
