"""The page behind ``AuthenticationServiceUrl``: our own sign-in, then the token for the client (04 section 4.2)."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from taxiway import directory, signin
from taxiway.doors.request import correlation
from taxiway.enrollment import web_tokens
from taxiway.enrollment.credentials import WELL_KNOWN_AUDIENCE, audiences
from taxiway.enrollment.errors import BadWebRequest
from taxiway.store import Runtime

COOKIE: Final = "__Host-taxiway-enroll"
_PURPOSE: Final = "enroll-web"
_LIFETIME: Final = timedelta(minutes=10)
#: Where a token may be posted to: the app that hosts the page on the device, and nothing on the web.
_APP: Final = re.compile(r"ms-app://[A-Za-z0-9._-]{1,200}/?")
_HINT: Final = re.compile(r"[\x21-\x7e]{1,320}")


def web_routes(rt: Runtime) -> list[Route]:
    """``/EnrollmentServer/Auth``."""
    return [Route("/enrollmentserver/auth", _Page(rt).show, methods=["GET"])]


class _Page:
    """The handler, bound to a runtime."""

    def __init__(self, rt: Runtime) -> None:
        self._rt = rt
        self._asked = signin.WebSignIn(
            client_id=directory.ENROLLMENT_APP_ID,
            redirect_uri=f"{rt.urls.mdm}/EnrollmentServer/Auth",
            scope=f"{WELL_KNOWN_AUDIENCE}.default",
        )

    async def show(self, request: Request) -> Response:
        """Send the browser to the sign-in page, or end what it brings back from there."""
        try:
            if "state" in request.query_params:
                return await self._finish(request)
            return self._begin(request)
        except BadWebRequest as error:
            return Response(error.message, 400, media_type="text/plain")

    def _begin(self, request: Request) -> Response:
        app, hint = request.query_params.get("appru", ""), request.query_params.get("login_hint", "")
        if not _APP.fullmatch(app):
            raise BadWebRequest("'appru' is not the address of an app on this device.")
        cookie, verifier = self._rt.entropy.token(24), self._rt.entropy.token(32)
        until = int((self._rt.clock.now() + _LIFETIME).timestamp())
        carried = {"app": app, "browser": signin.digest(cookie), "until": until, "verifier": verifier}
        url = signin.web_sign_in_url(
            self._rt,
            self._asked,
            verifier=verifier,
            state=signin.Sealer(self._rt).seal(_PURPOSE, carried),
            login_hint=hint if _HINT.fullmatch(hint) else "",
        )
        response = RedirectResponse(url, 302)
        response.set_cookie(COOKIE, cookie, path="/", secure=True, httponly=True, samesite="lax")
        return response

    async def _finish(self, request: Request) -> Response:
        carried = self._carried(request)
        code = request.query_params.get("code", "")
        if not code:
            raise BadWebRequest(f"The sign-in was refused: {request.query_params.get('error', 'no code')[:80]}")
        cid = correlation(request)
        try:
            claims = await signin.finish_web_sign_in(
                self._rt,
                self._asked,
                code=code,
                verifier=carried["verifier"],
                audiences=audiences(self._rt),
                correlation=cid,
            )
        except (signin.SignInError, signin.TokenRefused) as error:
            raise BadWebRequest(f"The sign-in was refused: {error.message}") from error
        user_id = str(claims.oid)
        token = await self._rt.store.write(
            claims.tenant, lambda tx: web_tokens.issue(tx, user_id), actor=f"user:{user_id}", correlation=cid
        )
        response = signin.render_post(carried["app"], {"wresult": token}, nonce=self._rt.entropy.token(16))
        response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="lax")
        return response

    def _carried(self, request: Request) -> dict[str, Any]:
        """What was sealed when this browser began; another browser, another time or another text is refused."""
        carried = signin.Sealer(self._rt).open(_PURPOSE, request.query_params.get("state", ""))
        cookie = signin.digest(request.cookies.get(COOKIE, ""))
        if carried is None or carried["browser"] != cookie or carried["until"] < self._rt.clock.now().timestamp():
            raise BadWebRequest("The sign-in did not begin here, or too long ago. Start the enrollment again.")
        return carried
