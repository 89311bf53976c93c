"""The routes of the sign-in page (03 sections 3.1 to 3.6)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.datastructures import URL
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from taxiway.doors.errors import BadBody
from taxiway.doors.request import correlation, json_response, read_json
from taxiway.signin import authorize, flowtoken, page
from taxiway.signin.authorize import AuthorizeRequest
from taxiway.signin.errors import Malformed, ParameterMissing, SignInError, SilentNotPossible
from taxiway.signin.flowtoken import COOKIE, Flow
from taxiway.signin.forms import once, read_fields
from taxiway.signin.interactive import Page, SignIn, Step, factor_page
from taxiway.signin.refusals import note_refusal
from taxiway.signin.screens import Visit, go_back, show, show_error
from taxiway.signin.sso import recognise
from taxiway.signin.sts import describe, meaning_of, sts_of
from taxiway.store import Runtime

Handler = Callable[[Request], Awaitable[Response]]

_LIMIT = 65_536


class Pages:
    """The sign-in page, and the second factor's calls behind it."""

    def __init__(self, rt: Runtime) -> None:
        self._rt = rt

    def authorize(self, version: str) -> Handler:
        """Begin a sign-in."""

        async def handler(request: Request) -> Response:
            cid = correlation(request)
            try:
                given = (
                    once(request.query_params.multi_items()) if request.method == "GET" else await read_fields(request)
                )
                asked = await authorize.read_authorize(
                    self._rt,
                    request.path_params["tenant"],
                    given,
                    version=version,
                    ticket=request.headers.get("x-device-token", "").removeprefix("t="),
                    correlation=cid,
                )
            except SignInError as error:
                return show_error(self._rt, error, correlation=cid)
            return await self._begin(request, asked, given, cid)

        return handler

    async def _begin(self, request: Request, asked: AuthorizeRequest, given: Mapping[str, str], cid: str) -> Response:
        session, context = self._rt.entropy.token(24), asked.seal(self._rt)
        visit = Visit(asked, context, session, cid)
        try:
            await authorize.check_redirectable(self._rt, asked, given)
            known = await recognise(self._rt, request, asked)
            if known.again:
                return RedirectResponse(known.again, 302)
            flow = flowtoken.start(self._rt, session, context, device_id=known.device_id)
            if known.person is not None:
                step: Step = await SignIn(self._rt, asked, flow).by_device(*known.person)
            elif asked.prompt == "none":
                raise SilentNotPossible("Nobody is signed in, and the request allows no page.")
            else:
                step = Page("ConvergedSignIn", flow)
        except SignInError as error:
            await note_refusal(self._rt, asked, error, asked.login_hint)
            stamp = self._rt.clock.now().strftime("%Y-%m-%d %H:%M:%SZ")
            text = describe(error, trace=str(request.scope["request_id"]), correlation=cid, stamp=stamp)
            return go_back(self._rt, visit, asked.tenant or "common", authorize.error_answer(error, text))
        return await show(self._rt, visit, step)

    async def login(self, request: Request) -> Response:
        """Name and password."""

        async def step(signin: SignIn, form: Mapping[str, str]) -> Step:
            upn = form.get("login") or form.get("loginfmt", "")
            if not upn:
                raise ParameterMissing("Type your name first.")
            return await signin.by_password(upn.strip()[:320], form.get("passwd", ""))

        return await self._post(request, step)

    async def change_password(self, request: Request) -> Response:
        """The new password that replaces a one-time one."""
        return await self._post(
            request, lambda s, form: s.new_password(form.get("oldpasswd", ""), form.get("newpasswd", ""))
        )

    async def process_factor(self, request: Request) -> Response:
        """After the second factor; a browser without scripts brings the code along."""

        async def step(signin: SignIn, form: Mapping[str, str]) -> Step:
            if not form.get("otc"):
                return await signin.finish()
            return await signin.after_factor(form.get("mfaAuthMethod", ""), form["otc"])

        return await self._post(request, step)

    async def begin_factor(self, request: Request) -> Response:
        """``BeginAuth``: nothing has to be sent anywhere for the methods we have."""
        return await self._factor_call(request, answer=False)

    async def end_factor(self, request: Request) -> Response:
        """``EndAuth``: the answer of the person."""
        return await self._factor_call(request, answer=True)

    async def logout(self, _request: Request) -> Response:
        """End the visit. There is no session beyond it, so there is nothing to confirm, and nothing is redirected."""
        view = page.View(title="You are signed out", config={"pgid": "SignedOut"})
        response = page.render(view, nonce=self._rt.entropy.token(16))
        response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="lax")
        return response

    async def explain(self, request: Request) -> Response:
        """What an AADSTS code means: where ``error_uri`` leads."""
        code = request.query_params.get("code", "").upper().removeprefix("AADSTS")
        text = meaning_of(code) or "This code is not one of this service."
        view = page.View(title=f"AADSTS{code}"[:30], config={"pgid": "ConvergedError"}, greeting=text)
        return page.render(view, nonce=self._rt.entropy.token(16))

    # ------------------------------------------------------------------------------------------ inside

    async def _post(self, request: Request, step: Callable[[SignIn, Mapping[str, str]], Awaitable[Step]]) -> Response:
        cid = correlation(request)
        try:
            _check_origin(request)
            form = await read_fields(request)
            context = form.get("ctx") or form.get("request", "")
            visit, flow = self._resume(request, form, context)
        except SignInError as error:
            return show_error(self._rt, error, correlation=cid)
        try:
            return await show(self._rt, visit, await step(SignIn(self._rt, visit.request, flow), form))
        except SignInError as error:
            upn = form.get("login") or form.get("loginfmt") or flow.upn
            await note_refusal(self._rt, visit.request, error, upn)
            return await show(self._rt, visit, _same_page(flow, error))

    async def _factor_call(self, request: Request, *, answer: bool) -> Response:
        """The JSON half of the second factor (03 section 3.5, step 3)."""
        cid = correlation(request)
        body: Any = None
        try:
            body = await read_json(request, limit=_LIMIT)
            if not isinstance(body, dict):
                raise Malformed("The body is not a JSON object.")
            given = {name: value for name, value in body.items() if isinstance(value, str)}
            context = given.get("Ctx") or given.get("ctx", "")
            form = {"flowToken": given.get("FlowToken") or given.get("flowToken", "")}
            visit, flow = self._resume(request, {**form, "canary": request.headers.get("canary", "")}, context)
            method = given.get("AuthMethodId", "")
            if answer:
                flow = await SignIn(self._rt, visit.request, flow).factor(method, given.get("AdditionalAuthData", ""))
        except SignInError as error:
            return json_response(_factor_reply(self._rt, body, cid, error=error))
        except BadBody as error:
            return json_response(_factor_reply(self._rt, body, cid, error=Malformed(error.message)), 400)
        return json_response(_factor_reply(self._rt, body, cid, flow=flow, context=context))

    def _resume(self, request: Request, form: Mapping[str, str], context: str) -> tuple[Visit, Flow]:
        asked = AuthorizeRequest.unseal(self._rt, context)
        session = request.cookies.get(COOKIE, "")
        flow = flowtoken.open_flow(
            self._rt,
            form.get("flowToken", ""),
            session=session,
            context=context,
            canary_text=form.get("canary", ""),
        )
        return Visit(asked, context, session, asked.correlation), flow


def _check_origin(request: Request) -> None:
    """A browser says where a form comes from; ``null`` is what our own referrer policy makes of it."""
    origin = request.headers.get("origin", "null")
    fetched = request.headers.get("sec-fetch-site", "same-origin")
    if fetched == "cross-site" or (origin != "null" and URL(origin).netloc != request.headers.get("host", "")):
        raise Malformed("The form was sent by another site.")


def _same_page(flow: Flow, error: SignInError) -> Page:
    """The page on which the step is tried again."""
    match flow.stage:
        case "change":
            return Page("ConvergedChangePassword", flow, error)
        case "factor":
            return factor_page(flow, error)
        case _:
            return Page("ConvergedSignIn", flow, error)


def _factor_reply(
    rt: Runtime, body: Any, cid: str, *, flow: Flow | None = None, context: str = "", error: SignInError | None = None
) -> dict[str, Any]:
    method = body.get("AuthMethodId", "") if isinstance(body, dict) else ""
    return {
        "Success": error is None,
        "ResultValue": "Success" if error is None else "OtpCodeIncorrect",
        "Message": None if error is None else error.message,
        "AuthMethodId": method,
        "ErrCode": 0 if error is None else sts_of(error).code,
        "Retry": False,
        "FlowToken": flow.seal(rt) if flow is not None else "",
        "Ctx": context,
        "SessionId": cid,
        "CorrelationId": cid,
        "Timestamp": rt.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
        "Entropy": 0,
    }
