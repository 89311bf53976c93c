"""Going on with a sign-in: from what a browser brings back to the visit and the flow (03 section 15.12)."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request

from taxiway.doors.request import address
from taxiway.signin import flowtoken, sessions
from taxiway.signin.authorize import AuthorizeRequest
from taxiway.signin.flowtoken import COOKIE, Flow
from taxiway.signin.interactive import SignIn
from taxiway.signin.screens import Visit
from taxiway.signin.steps import Browser
from taxiway.store import Runtime


def sign_in_of(rt: Runtime, request: Request, asked: AuthorizeRequest, flow: Flow) -> SignIn:
    """The sign-in behind a request of its browser."""
    browser = Browser(address(request), request.cookies.get(sessions.COOKIE, ""))
    return SignIn(rt, asked, flow, browser)


def resume(rt: Runtime, request: Request, form: Mapping[str, str], context: str) -> tuple[Visit, Flow]:
    """Visit and flow, if cookie, canary, request and flow token belong together; raises ``FlowExpired``."""
    asked = AuthorizeRequest.unseal(rt, context)
    session = request.cookies.get(COOKIE, "")
    flow = flowtoken.open_flow(
        rt,
        form.get("flowToken", ""),
        session=session,
        context=context,
        canary_text=form.get("canary", ""),
    )
    return Visit(asked, context, session, asked.correlation), flow
