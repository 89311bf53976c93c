"""The routes of the sign-in page (03 sections 3.1 to 3.6)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from taxiway import directory
from taxiway.doors.request import address, correlation
from taxiway.signin import authorize, device_page, flowtoken, logout, page, sessions
from taxiway.signin.authorize import AuthorizeRequest
from taxiway.signin.errors import (
    CodeUnknown,
    FlowExpired,
    MfaRequired,
    ParameterMissing,
    SignInError,
    SilentNotPossible,
)
from taxiway.signin.factor_calls import factor_call
from taxiway.signin.flowtoken import Flow
from taxiway.signin.forms import check_origin, once, read_fields
from taxiway.signin.interactive import SignIn
from taxiway.signin.model import MY_SIGN_INS, Proof
from taxiway.signin.passkeys import steps as passkey_steps
from taxiway.signin.refusals import note_refusal
from taxiway.signin.resources import GRAPH
from taxiway.signin.resume import resume, sign_in_of
from taxiway.signin.screens import Visit, go_back, show, show_error
from taxiway.signin.sso import recognise
from taxiway.signin.steps import Page, Step, same_page
from taxiway.signin.sts import describe, meaning_of
from taxiway.store import Runtime

Handler = Callable[[Request], Awaitable[Response]]

#: ``type`` of a form that brings the answer of an authenticator (03 section 3.5, step 5).
_PASSKEY = "23"


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
            known = await recognise(self._rt, request, asked)
            tenant = asked.tenant or (known.person[0] if known.person is not None else None)
            await authorize.check_redirectable(self._rt, asked, given, tenant)
            if known.again:
                return RedirectResponse(known.again, 302)
            flow = flowtoken.start(self._rt, session, context, device_id=known.device_id)
            step = await self._first_step(request, asked, flow, known.person)
        except SignInError as error:
            await note_refusal(self._rt, asked, error, asked.login_hint)
            if not asked.redirect_uri:
                return show_error(self._rt, error, correlation=cid)
            stamp = self._rt.clock.now().strftime("%Y-%m-%d %H:%M:%SZ")
            text = describe(error, trace=str(request.scope["request_id"]), correlation=cid, stamp=stamp)
            return go_back(self._rt, visit, asked.tenant or "common", authorize.error_answer(error, text))
        return await show(self._rt, visit, step)

    async def _first_step(
        self, request: Request, asked: AuthorizeRequest, flow: Flow, person: tuple[str, Proof] | None
    ) -> Step:
        """A PRT or an earlier session signs in without a page where the request allows it; else the page."""
        known = person or await self._session(request, asked)
        page_wanted = asked.prompts & {"login", "select_account", "create"}
        if known is not None and not page_wanted and _fresh_enough(self._rt, asked, known[1]):
            step = await sign_in_of(self._rt, request, asked, flow).by_proof(*known)
            if isinstance(step, Page) and "none" in asked.prompts:
                raise MfaRequired("A second factor is due, and the request allows no page.")
            return step
        if "none" in asked.prompts:
            raise SilentNotPossible("Nobody is signed in, and the request allows no page.")
        shown = {"sSignedIn": await self._name_of(known)} if known and "select_account" in asked.prompts else {}
        return Page("ConvergedSignIn", flow, None, shown)

    async def _session(self, request: Request, asked: AuthorizeRequest) -> tuple[str, Proof] | None:
        """The session of this browser, unless it is of another tenant or person than the request names."""
        found = await sessions.proof_of_cookie(self._rt, request.cookies.get(sessions.COOKIE, ""))
        if found is None or asked.tenant not in {None, found[0]}:
            return None
        hinted = asked.login_hint.strip().lower()
        if hinted and hinted != (await self._name_of(found)).lower():
            return None
        return found[0], replace(found[1], ztdid=asked.ztdid)

    async def _name_of(self, known: tuple[str, Proof]) -> str:
        tenant, proof = known
        user = await self._rt.store.read(tenant, lambda tx: directory.USERS.get(tx, proof.user_id))
        return str(user["user_principal_name"]) if user is not None else ""

    async def login(self, request: Request) -> Response:
        """Name and password, a passkey, or the word to go on as who is signed in already."""

        async def step(signin: SignIn, form: Mapping[str, str]) -> Step:
            if form.get("session") == "continue":
                return await signin.by_proof(*await self._required_session(request, form))
            if form.get("type") == _PASSKEY:
                return await passkey_steps.sign_in(signin, form.get("assertion", ""))
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

    async def _required_session(self, request: Request, form: Mapping[str, str]) -> tuple[str, Proof]:
        found = await self._session(request, AuthorizeRequest.unseal(self._rt, form.get("ctx", "")))
        if found is None:
            raise FlowExpired("The earlier sign-in has ended.", remedy="Sign in with your password.")
        return found

    async def register_factor(self, request: Request) -> Response:
        """The first code of a new authenticator, or a new passkey."""

        async def step(signin: SignIn, form: Mapping[str, str]) -> Step:
            if form.get("type") == _PASSKEY:
                return await passkey_steps.register(signin, form.get("attestation", ""))
            return await signin.register_authenticator(form.get("otc", ""))

        return await self._post(request, step)

    async def passkeys(self, request: Request) -> Response:
        """Where a person who signs in with a fresh second factor adds a passkey."""
        asked = AuthorizeRequest(
            client_id=MY_SIGN_INS,
            redirect_uri="",
            identifier=GRAPH,
            scope="",
            version="2.0",
            strong=True,
            manages=True,
            correlation=correlation(request),
        )
        return await self._begin(request, asked, {"response_type": "code"}, asked.correlation)

    async def device(self, request: Request) -> Response:
        """Where a person types the code that a device shows (03 section 4.3)."""
        cid = correlation(request)
        if request.method == "GET":
            return device_page.ask(self._rt, request.query_params.get("user_code", "")[:40])
        try:
            check_origin(request)
            form = await read_fields(request)
            asked = await device_page.begin(
                self._rt, form.get("user_code", "")[:40], address=address(request), correlation=cid
            )
        except CodeUnknown as error:
            return device_page.ask(self._rt, "", error)
        except SignInError as error:
            return show_error(self._rt, error, correlation=cid)
        return await self._begin(request, asked, {"response_type": "code"}, cid)

    async def confirm_device(self, request: Request) -> Response:
        """The person's answer."""
        return await self._post(request, lambda s, form: s.answer_device(approved=form.get("approve") == "yes"))

    async def process_factor(self, request: Request) -> Response:
        """After the second factor; a browser without scripts brings the code along."""

        async def step(signin: SignIn, form: Mapping[str, str]) -> Step:
            if not form.get("otc"):
                return await signin.finish()
            return await signin.after_factor(form.get("mfaAuthMethod", ""), form["otc"])

        return await self._post(request, step)

    async def begin_factor(self, request: Request) -> Response:
        """``BeginAuth``: nothing has to be sent anywhere for the methods we have."""
        return await factor_call(self._rt, request, answer=False)

    async def end_factor(self, request: Request) -> Response:
        """``EndAuth``: the answer of the person."""
        return await factor_call(self._rt, request, answer=True)

    async def logout(self, request: Request) -> Response:
        """End the session of this browser (03 section 3.6)."""
        return await logout.answer(self._rt, request)

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
            check_origin(request)
            form = await read_fields(request)
            context = form.get("ctx") or form.get("request", "")
            visit, flow = resume(self._rt, request, form, context)
        except SignInError as error:
            return show_error(self._rt, error, correlation=cid)
        try:
            return await show(self._rt, visit, await step(sign_in_of(self._rt, request, visit.request, flow), form))
        except SignInError as error:
            upn = form.get("login") or form.get("loginfmt") or flow.upn
            await note_refusal(self._rt, visit.request, error, upn)
            return await show(self._rt, visit, same_page(flow, error))


def _fresh_enough(rt: Runtime, asked: AuthorizeRequest, proof: Proof) -> bool:
    """``max_age``: how long ago the sign-in may have been."""
    return asked.max_age is None or rt.clock.now() - proof.auth_time <= timedelta(seconds=asked.max_age)
