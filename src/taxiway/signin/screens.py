"""From a step of the sign-in to the page that shows it (03 sections 3.3 and 3.4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from taxiway import autopilot, directory
from taxiway.signin import page
from taxiway.signin.authorize import AuthorizeRequest, answer_fields, answer_url
from taxiway.signin.errors import SignInError
from taxiway.signin.flowtoken import COOKIE, canary
from taxiway.signin.interactive import Code, Page, Step
from taxiway.signin.page import Field, View
from taxiway.signin.sts import sts_of
from taxiway.store import Row, Runtime, Tx

_TITLES = {
    "ConvergedSignIn": "Sign in",
    "ConvergedTFA": "Verify your identity",
    "ConvergedChangePassword": "Choose a new password",
    "ConvergedProofUpRedirect": "More information required",
    "ConvergedError": "Sign-in is not possible",
}
_FACTOR_LABELS = {"AccessPass": "Temporary Access Pass", "PhoneAppOTP": "Code of your authenticator app"}
_PASSWORD = Field("passwd", "Password", "password", autocomplete="current-password")


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit of one browser. ``session``: the value of its cookie; ``context``: ``sCtx`` as it came or was made."""

    request: AuthorizeRequest
    context: str
    session: str
    correlation: str


@dataclass(frozen=True, slots=True)
class _Setting:
    """What the page shows of the tenant and of the device in front of it."""

    tenant: Row | None
    assigned: Row | None


async def show(rt: Runtime, visit: Visit, step: Step) -> Response:
    """The page of a step, or the way back to the application."""
    if isinstance(step, Code):
        return go_back(rt, visit, step.tenant, {"code": step.code, "session_state": visit.correlation})
    where = step.flow.tenant or visit.request.tenant
    setting = (
        await rt.store.read(where, lambda tx: _setting(tx, visit.request))
        if where is not None
        else _Setting(None, None)
    )
    view = _view(rt, visit, step, setting)
    response = page.render(view, nonce=rt.entropy.token(16))
    response.set_cookie(COOKIE, visit.session, path="/", secure=True, httponly=True, samesite="lax")
    return response


def go_back(rt: Runtime, visit: Visit, tenant: str, answer: Mapping[str, str]) -> Response:
    """The answer, in the way the application asked for; the cookie has served."""
    request = visit.request
    if request.response_mode == "form_post":
        fields = answer_fields(rt, request, tenant, answer)
        response = page.render_post(request.redirect_uri, fields, nonce=rt.entropy.token(16))
    else:
        response = page.redirect(answer_url(rt, request, tenant, answer))
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="lax")
    return response


def show_error(rt: Runtime, error: SignInError, *, correlation: str) -> Response:
    """The page of an error that must not be redirected."""
    code = str(sts_of(error).code)
    text = " ".join(filter(None, (error.message, error.remedy)))
    config = {
        "pgid": "ConvergedError",
        "sErrorCode": code,
        "iErrorCode": int(code),
        "sErrTxt": text,
        "strServiceExceptionMessage": f"AADSTS{code}: {text}",
        "correlationId": correlation,
        "sessionId": correlation,
        "canary": "",
    }
    view = View(title=_TITLES["ConvergedError"], config=config, error=f"AADSTS{code}: {text}")
    return page.render(view, nonce=rt.entropy.token(16), status=400)


def _setting(tx: Tx, request: AuthorizeRequest) -> _Setting:
    assigned = autopilot.assigned_user(tx, request.ztdid) if request.ztdid else None
    return _Setting(directory.get_tenant(tx), assigned)


def _view(rt: Runtime, visit: Visit, step: Page, setting: _Setting) -> View:
    bird = canary(rt, visit.session)
    token = step.flow.seal(rt)
    fixed = setting.assigned["user_principal_name"] if setting.assigned else ""
    upn = fixed or step.flow.upn or visit.request.login_hint
    # The greeting is the friendly name of the assignment; without one the name is not repeated (01 section 8).
    friendly = setting.assigned["addressable_user_name"] if setting.assigned else ""
    greeting = f"Welcome, {friendly}" if friendly else ""
    action, fields = _form(step, upn, fixed=bool(fixed))
    config = {
        **_base_config(rt, visit, setting),
        **step.extra,
        "pgid": step.pgid,
        "canary": bird,
        "sFT": token,
        "urlPost": action,
        "sPOST_Username": upn,
        "strMainMessage": greeting,
        "fFixedUsername": bool(fixed),
        **_error_config(step.error),
    }
    text = " ".join(filter(None, (step.error.message, step.error.remedy))) if step.error else ""
    hidden = {"ctx": visit.context, "request": visit.context, "flowToken": token, "canary": bird}
    if step.pgid == "ConvergedTFA":
        hidden |= {"mfaAuthMethod": step.extra["arrUserProofs"][0]["authMethodId"], "login": upn}
    return View(
        title=_TITLES[step.pgid],
        config=config,
        tenant=setting.tenant,
        greeting=greeting,
        error=text,
        action=action,
        verb="Sign in",
        fields=fields,
        hidden=hidden,
        leads_to=visit.request.redirect_uri,
    )


def _base_config(rt: Runtime, visit: Visit, setting: _Setting) -> dict[str, Any]:
    login = rt.urls.login
    return {
        "sessionId": visit.correlation,
        "correlationId": visit.correlation,
        "apiCanary": "",
        "sCtx": visit.context,
        "sFTName": "flowToken",
        "urlGetCredentialType": f"{login}/common/GetCredentialType?mkt=en-US",
        "urlBeginAuth": f"{login}/common/SAS/BeginAuth",
        "urlEndAuth": f"{login}/common/SAS/EndAuth",
        "iMaxPollAttempts": 10,
        "iPollingInterval": 1000,
        "arrUserProofs": [],
        "iAllowedIdentities": 2,
        "fIsPasskeySupportEnabled": False,
        "sTenantId": setting.tenant["id"] if setting.tenant else "",
        "sCompanyDisplayName": setting.tenant["display_name"] if setting.tenant else "",
        "oPostParams": {},
    }


def _error_config(error: SignInError | None) -> dict[str, Any]:
    if error is None:
        return {"sErrorCode": "", "iErrorCode": 0}
    code = sts_of(error).code
    return {"sErrorCode": str(code), "iErrorCode": code, "sErrTxt": error.message, "strAdditionalMessage": error.remedy}


def _form(step: Page, upn: str, *, fixed: bool) -> tuple[str, tuple[Field, ...]]:
    """Where the page posts to, and its lines."""
    if step.pgid == "ConvergedSignIn":
        return "/common/login", (Field("login", "name@domain", "email", upn, "username", fixed), _PASSWORD)
    if step.pgid == "ConvergedTFA":
        method = str(step.extra["arrUserProofs"][0]["authMethodId"])
        return "/common/SAS/ProcessAuth", (Field("otc", _FACTOR_LABELS[method], "text", "", "one-time-code"),)
    if step.pgid == "ConvergedChangePassword":
        old = Field("oldpasswd", "Current password", "password", autocomplete="current-password")
        return "/common/changepassword", (old, Field("newpasswd", "New password", "password", "", "new-password"))
    return "", ()
