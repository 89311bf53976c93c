"""From a step of the sign-in to the page that shows it (03 sections 3.3 and 3.4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import segno
from starlette.responses import Response

from taxiway import autopilot, directory
from taxiway.directory import Branding
from taxiway.signin import page, sessions
from taxiway.signin.authorize import AuthorizeRequest, answer_fields, answer_url
from taxiway.signin.branding import image_path, user_tenant_branding
from taxiway.signin.errors import SignInError
from taxiway.signin.federation.steps import depart
from taxiway.signin.flowtoken import COOKIE, Flow, canary
from taxiway.signin.page import Brand, View
from taxiway.signin.page_forms import Facts, Form, form_of
from taxiway.signin.passkeys import ceremony, passkeys_of
from taxiway.signin.resources import client_of
from taxiway.signin.steps import Away, Code, Page, Step
from taxiway.signin.sts import sts_of
from taxiway.store import Row, Runtime, Tx


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit of one browser.

    ``session``: the value of its cookie; ``context``: ``sCtx`` as it came or was made; ``from_outside``: the browser
    comes from a form of another site, to whose policy a redirect would be held.
    """

    request: AuthorizeRequest
    context: str
    session: str
    correlation: str
    from_outside: bool = False


@dataclass(frozen=True, slots=True)
class _Setting:
    """What the page shows of the tenant and of the device in front of it."""

    tenant: Row | None = None
    branding: Branding = field(default_factory=Branding)
    assigned: Row | None = None
    client: str = ""
    passkeys: Sequence[Row] = ()


async def show(rt: Runtime, visit: Visit, step: Step) -> Response:
    """The page of a step, the way to an outside provider, or the way back to the application."""
    if isinstance(step, Code):
        response = go_back(rt, visit, step.tenant, {"code": step.code, "session_state": visit.correlation})
        if step.session:
            _set_cookie(response, sessions.COOKIE, step.session)
        return response
    if isinstance(step, Away):
        return await _leave(rt, visit, step)
    visit = _next(rt, visit, step)
    step = replace(step, flow=step.flow.of_page(visit.session, rt.entropy.token(32)))
    flow, where = step.flow, step.flow.tenant or visit.request.tenant
    setting = await rt.store.read(where, lambda tx: _setting(tx, visit.request, flow)) if where else _Setting()
    form = form_of(step, _facts(visit, step, setting))
    qr = await rt.workers.run(_qr, form.link) if form.link else ""
    view = _view(rt, visit, step, setting, form, qr)
    response = page.render(view, nonce=rt.entropy.token(16))
    _set_cookie(response, COOKIE, visit.session)
    return response


async def _leave(rt: Runtime, visit: Visit, step: Away) -> Response:
    """The page that goes on to the provider by itself.

    Not a redirect: browsers hold those to the ``form-action`` of the page before, which does not know the provider.
    """
    visit = replace(visit, session=rt.entropy.token(24))
    flow = step.flow.of_page(visit.session, "")
    address = await depart(rt, step.provider, flow, visit.context)
    setting = await rt.store.read(flow.tenant, lambda tx: _setting(tx, visit.request, flow))
    config = {**_base_config(rt, visit, setting), "pgid": "HomeRealmDiscovery", "FederationRedirectUrl": address}
    view = View("Taking you to your organization's sign-in", config, _brand(setting), account=flow.upn, leave=address)
    response = page.render(view, nonce=rt.entropy.token(16))
    _set_cookie(response, COOKIE, visit.session)
    return response


def _next(rt: Runtime, visit: Visit, step: Page) -> Visit:
    """Each step forward gets a cookie of its own, so that one planted before it is of no use (03 section 15.11)."""
    if step.error is not None or step.flow.stage == "start":
        return visit
    return replace(visit, session=rt.entropy.token(24))


def _set_cookie(response: Response, name: str, value: str) -> None:
    response.set_cookie(name, value, path="/", secure=True, httponly=True, samesite="lax")


def go_back(rt: Runtime, visit: Visit, tenant: str, answer: Mapping[str, str]) -> Response:
    """The answer, in the way the application asked for; the cookie has served."""
    request = visit.request
    if request.response_mode == "form_post":
        fields = answer_fields(rt, request, tenant, answer)
        response = page.render_post(request.redirect_uri, fields, nonce=rt.entropy.token(16))
    else:
        response = _onward(rt, visit, answer_url(rt, request, tenant, answer))
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="lax")
    return response


def _onward(rt: Runtime, visit: Visit, url: str) -> Response:
    """A redirect, or a page that goes on by itself."""
    if not visit.from_outside:
        return page.redirect(url)
    view = View("Signing you in", {"pgid": "Redirect", "urlNext": url}, leave=url)
    return page.render(view, nonce=rt.entropy.token(16))


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
    view = View(title="Sign-in is not possible", config=config, error=f"AADSTS{code}: {text}")
    return page.render(view, nonce=rt.entropy.token(16), status=400)


def _setting(tx: Tx, request: AuthorizeRequest, flow: Flow) -> _Setting:
    assigned = autopilot.assigned_user(tx, request.ztdid) if request.ztdid else None
    return _Setting(
        tenant=directory.get_tenant(tx),
        branding=directory.branding_of(tx),
        assigned=assigned,
        client=str(client_of(tx, request.client_id)["display_name"]),
        passkeys=passkeys_of(tx, flow.user_id),
    )


def _facts(visit: Visit, step: Page, setting: _Setting) -> Facts:
    fixed = setting.assigned["user_principal_name"] if setting.assigned else ""
    return Facts(
        upn=fixed or step.flow.upn or visit.request.login_hint,
        fixed=bool(fixed),
        company=str(setting.tenant["display_name"]) if setting.tenant else "",
        request=visit.request,
        client=setting.client,
        hint=setting.branding.texts.get("usernameHintText", ""),
        passkeys=setting.passkeys,
    )


def _qr(address: str) -> str:
    """An address as an SVG image: shapes alone, so it may stand in the page as it is."""
    return str(segno.make(address, error="m").svg_inline(border=2, omitsize=True, svgclass=None, lineclass=None))


def _brand(setting: _Setting) -> Brand:
    if setting.tenant is None:
        return Brand()
    tenant, branding = setting.tenant["id"], setting.branding
    return Brand(
        company=str(setting.tenant["display_name"]),
        text=branding.texts.get("signInPageText", ""),
        colour=branding.texts.get("backgroundColor", ""),
        logo=image_path(tenant, branding, "bannerLogo"),
        background=image_path(tenant, branding, "backgroundImage"),
        icon=image_path(tenant, branding, "squareLogo"),
    )


def _view(rt: Runtime, visit: Visit, step: Page, setting: _Setting, form: Form, qr: str) -> View:
    bird = canary(rt, visit.session)
    token = step.flow.seal(rt)
    facts = _facts(visit, step, setting)
    # The greeting is the friendly name of the assignment; without one the name is not repeated (01 section 8).
    friendly = setting.assigned["addressable_user_name"] if setting.assigned else ""
    greeting = f"Welcome, {friendly}" if friendly else ""
    config = {
        **_base_config(rt, visit, setting),
        **_passkey_config(rt, step, setting, facts),
        **step.extra,
        "pgid": step.pgid,
        "canary": bird,
        "sFT": token,
        "urlPost": form.action,
        "sPOST_Username": facts.upn,
        "strMainMessage": greeting,
        "fFixedUsername": facts.fixed,
        **_error_config(step.error),
    }
    return View(
        title=form.title,
        config=config,
        brand=_brand(setting),
        account=step.flow.upn if form.action else "",
        greeting=greeting or form.text,
        error=" ".join(filter(None, (step.error.message, step.error.remedy))) if step.error else "",
        action=form.action,
        verb=form.verb,
        fields=form.fields,
        hidden={"ctx": visit.context, "request": visit.context, "flowToken": token, "canary": bird, **form.hidden},
        buttons=form.buttons,
        lines=form.lines,
        codes=form.codes,
        link=form.link,
        qr=qr,
        passkey=form.passkey,
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
        "fIsPasskeySupportEnabled": True,
        "urlFidoLogin": f"{login}/common/login",
        "sTenantId": setting.tenant["id"] if setting.tenant else "",
        "sCompanyDisplayName": setting.tenant["display_name"] if setting.tenant else "",
        "staticTenantBranding": user_tenant_branding(rt, setting.tenant["id"], setting.branding)
        if setting.tenant
        else None,
        "oPostParams": {},
    }


def _passkey_config(rt: Runtime, step: Page, setting: _Setting, facts: Facts) -> dict[str, Any]:
    """What the page asks authenticators for. Until it is known who signs in, any passkey will do (03 section 15.8)."""
    known = [row["credential_id"] for row in setting.passkeys]
    config: dict[str, Any] = {"sFidoChallenge": step.flow.challenge, "arrFidoAllowList": known}
    if step.flow.stage in {"enrol", "manage"} and step.flow.tenant:
        handle = ceremony.user_handle(step.flow.tenant, step.flow.user_id)
        config["oNewPasskey"] = {
            "rp": {"name": facts.company or ceremony.Site(rt.urls.login).rp_id},
            "user": {"id": handle, "name": facts.upn, "displayName": facts.upn},
            "algorithms": [int(algorithm) for algorithm in ceremony.ALGORITHMS],
            "exclude": known,
        }
    return config


def _error_config(error: SignInError | None) -> dict[str, Any]:
    if error is None:
        return {"sErrorCode": "", "iErrorCode": 0}
    code = sts_of(error).code
    return {"sErrorCode": str(code), "iErrorCode": code, "sErrTxt": error.message, "strAdditionalMessage": error.remedy}
