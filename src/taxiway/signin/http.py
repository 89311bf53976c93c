"""The routes of sign-in (03 sections 1.2, 2, 3 and 4)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import unquote_plus

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from taxiway.doors.errors import BadBody
from taxiway.doors.request import Kept, address, bearer, correlation, json_response, kept_response, read_json
from taxiway.doors.throttle import Throttle
from taxiway.signin import branding, bulk_http, grants, metadata, userinfo
from taxiway.signin.credentials import tenant_of_segment
from taxiway.signin.errors import AskedTooOften, Malformed, SignInError, TokenRefused
from taxiway.signin.federation import http as federation_http
from taxiway.signin.forms import check_script, read_fields
from taxiway.signin.grants import TokenRequest
from taxiway.signin.inspection import introspect, revoke
from taxiway.signin.lockout import network_of
from taxiway.signin.often import NONCE_BURST, NONCE_RATE, NameThrottle
from taxiway.signin.pages_http import Pages
from taxiway.signin.policy_http import policy_routes
from taxiway.signin.published import Published
from taxiway.signin.sts import error_object, status_of
from taxiway.store import Runtime

Handler = Callable[[Request], Awaitable[Response]]

_FORM_LIMIT = 65_536
_OPEN = {"access-control-allow-origin": "*"}
#: Seconds that anyone may keep metadata and keys: the next key is published a day before it signs.
_MAX_AGE = 3600


def routes(rt: Runtime) -> list[Route]:
    """Every route of the sign-in service."""
    face, pages = _Face(rt), Pages(rt)
    authorize = ["GET", "POST"]
    return [
        Route("/{tenant}/.well-known/openid-configuration", face.provider("1.0")),
        Route("/{tenant}/v2.0/.well-known/openid-configuration", face.provider("2.0")),
        Route("/{tenant}/discovery/keys", face.keys(v2=False)),
        Route("/{tenant}/discovery/v2.0/keys", face.keys(v2=True)),
        Route("/{tenant}/discovery/instance", face.instance),
        Route("/{tenant}/userrealm/{upn}", face.realm),
        Route("/{tenant}/userrealm", face.realm),
        Route("/getuserrealm.srf", face.realm),
        Route("/{tenant}/getcredentialtype", face.credential_type, methods=["POST"]),
        Route("/{tenant}/oauth2/token", face.token("1.0"), methods=["POST"]),
        Route("/{tenant}/oauth2/v2.0/token", face.token("2.0"), methods=["POST"]),
        Route("/{tenant}/oauth2/devicecode", face.device_code("1.0"), methods=["POST"]),
        Route("/{tenant}/oauth2/v2.0/devicecode", face.device_code("2.0"), methods=["POST"]),
        Route("/{tenant}/oauth2/v2.0/revoke", face.revoke(), methods=["POST"]),
        Route("/{tenant}/oauth2/v2.0/introspect", face.introspect(), methods=["POST"]),
        Route("/{tenant}/openid/userinfo", face.userinfo, methods=["GET", "POST"]),
        Route("/oidc/userinfo", face.userinfo, methods=["GET", "POST"]),
        Route("/{tenant}/oauth2/authorize", pages.authorize("1.0"), methods=authorize),
        Route("/{tenant}/oauth2/v2.0/authorize", pages.authorize("2.0"), methods=authorize),
        Route("/{tenant}/login", pages.login, methods=["POST"]),
        Route("/{tenant}/changepassword", pages.change_password, methods=["POST"]),
        Route("/{tenant}/proofup", pages.register_factor, methods=["POST"]),
        Route("/passkeys", pages.passkeys),
        Route("/device", pages.device, methods=authorize),
        Route("/{tenant}/oauth2/deviceauth", pages.device, methods=authorize),
        Route("/{tenant}/deviceauth/confirm", pages.confirm_device, methods=["POST"]),
        Route("/{tenant}/sas/beginauth", pages.begin_factor, methods=["POST"]),
        Route("/{tenant}/sas/endauth", pages.end_factor, methods=["POST"]),
        Route("/{tenant}/sas/processauth", pages.process_factor, methods=["POST"]),
        Route("/{tenant}/oauth2/logout", pages.logout, methods=authorize),
        Route("/{tenant}/oauth2/v2.0/logout", pages.logout, methods=authorize),
        Route("/{tenant}/branding/{sha256}", face.brand_image),
        Route("/error", pages.explain),
        *policy_routes(rt),
        *federation_http.routes(rt),
        *bulk_http.routes(rt),
    ]


class _Face:
    """The endpoints that programs call."""

    def __init__(self, rt: Runtime) -> None:
        self._rt = rt
        self._published = Published(rt)
        self._nonces = Throttle(rt.clock, burst=NONCE_BURST, rate=NONCE_RATE)
        self._names = NameThrottle(rt)

    def provider(self, version: str) -> Handler:
        """Provider metadata."""
        return self._guarded(lambda r: self._published.provider(r.path_params["tenant"], version), _OPEN)

    def keys(self, *, v2: bool) -> Handler:
        """The key set."""
        return self._guarded(lambda r: self._published.keys(r.path_params["tenant"], v2=v2), _OPEN)

    async def instance(self, request: Request) -> Response:
        """Instance discovery."""
        query = request.query_params

        async def answer(_: Request) -> Any:
            return metadata.instance(
                self._rt, query.get("authorization_endpoint", ""), query.get("api-version", "").strip()
            )

        return await self._guarded(answer, _OPEN)(request)

    async def realm(self, request: Request) -> Response:
        """Home realm discovery in its three spellings."""
        query = request.query_params
        upn = request.path_params.get("upn") or query.get("user") or query.get("login", "")
        version = query.get("api-version", "2.1" if "login" in query else "1.0")
        return json_response(await metadata.realm(self._rt, upn[:320], version))

    async def credential_type(self, request: Request) -> Response:
        """How a name can sign in."""

        async def answer(r: Request) -> Any:
            check_script(r)
            body = await read_json(r, limit=_FORM_LIMIT)
            throttled = self._names.spent(network_of(address(r)), body)
            return await metadata.credential_type(self._rt, body, throttled=throttled)

        return await self._guarded(answer)(request)

    async def brand_image(self, request: Request) -> Response:
        """An image of a tenant's sign-in page."""
        return await branding.image(self._rt, request)

    async def userinfo(self, request: Request) -> Response:
        """Who the bearer of a token is (03 section 3.7)."""
        try:
            return json_response(await userinfo.userinfo(self._rt, bearer(request) or ""))
        except TokenRefused as error:
            headers = {"www-authenticate": 'Bearer error="invalid_token"'}
            return json_response({"error": "invalid_token", "error_description": error.message}, 401, headers)

    def token(self, version: str) -> Handler:
        """The token endpoint."""

        async def answer(request: Request) -> Any:
            return await grants.answer(self._rt, await self._asked(request, version))

        return self._guarded(answer, _OPEN)

    def revoke(self) -> Handler:
        """Token revocation (RFC 7009): an empty answer, whether or not there was anything to revoke."""
        return self._for_clients(revoke)

    def introspect(self) -> Handler:
        """Token introspection (RFC 7662)."""
        return self._for_clients(introspect)

    def _for_clients(self, act: Callable[[Runtime, TokenRequest], Awaitable[Any]]) -> Handler:
        """An endpoint of a tenant's own clients."""

        async def answer(request: Request) -> Any:
            return await act(self._rt, await self._asked(request, "2.0"))

        return self._guarded(answer)

    def device_code(self, version: str) -> Handler:
        """The device authorization endpoint."""

        async def answer(request: Request) -> Any:
            return await grants.begin_device_code(self._rt, await self._asked(request, version))

        return self._guarded(answer)

    async def _asked(self, request: Request, version: str) -> TokenRequest:
        form = await read_fields(request)
        # A nonce is for any tenant: clients ask for it under foreign ones (03 section 1.2).
        nonce = form.get("grant_type") == "srv_challenge"
        if nonce and not self._nonces.allow(network_of(address(request))):
            raise AskedTooOften("Too many nonces were asked for from this network.", remedy="Wait a few seconds.")
        tenant = None if nonce else await tenant_of_segment(self._rt, request.path_params["tenant"])
        return TokenRequest(
            form,
            version,
            tenant,
            correlation(request),
            _basic(request),
            address(request),
            authority=f"{self._rt.urls.login}/{request.path_params['tenant']}",
            origin=request.headers.get("origin", ""),
        )

    def _guarded(self, answer: Callable[[Request], Awaitable[Any]], headers: dict[str, str] | None = None) -> Handler:
        """An endpoint whose refusals are AADSTS error objects; a text is an encrypted reply (03 section 4.1)."""

        async def handler(request: Request) -> Response:
            cid = correlation(request)
            echo = {"client-request-id": cid} if request.headers.get("return-client-request-id") == "true" else {}
            extra = {**(headers or {}), **echo}
            try:
                body = await answer(request)
            except SignInError as error:
                return self._refusal(request, error, cid, extra)
            except BadBody as error:
                return self._refusal(request, Malformed(error.message), cid, extra)
            if isinstance(body, Kept):
                return kept_response(request, body, _MAX_AGE, extra)
            if isinstance(body, str):
                return Response(body, 200, extra, media_type="application/json")
            return json_response(body, 200, extra)

        return handler

    def _refusal(self, request: Request, error: SignInError, cid: str, extra: dict[str, str]) -> Response:
        trace = str(request.scope["request_id"])
        body = error_object(error, now=self._rt.clock.now(), trace=trace, correlation=cid, login=self._rt.urls.login)
        status = status_of(error)
        return json_response(body, status, {**extra, "retry-after": "5"} if status == 429 else extra)


def _basic(request: Request) -> tuple[str, str] | None:
    """Client id and secret of HTTP Basic, each percent-encoded (RFC 6749 section 2.3.1)."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError) as error:
        raise Malformed("The Authorization header cannot be read.") from error
    given = unquote_plus(name), unquote_plus(secret)
    if "\0" in "".join(given):
        raise Malformed("The Authorization header holds a NUL.")
    return given
