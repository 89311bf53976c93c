"""The routes of federation: an administrator's settings, and the way back from a provider."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from taxiway.directory import Principal
from taxiway.doors.request import correlation
from taxiway.signin.administered import administered, read_object
from taxiway.signin.authorize import AuthorizeRequest
from taxiway.signin.credentials import tenant_of_segment
from taxiway.signin.errors import FlowExpired, SignInError
from taxiway.signin.federation.providers import Provider, providers, remove_provider, set_provider
from taxiway.signin.federation.steps import Answer, arrive, claim_visit, redirect_uri
from taxiway.signin.flowtoken import COOKIE
from taxiway.signin.refusals import note_refusal
from taxiway.signin.resume import sign_in_of
from taxiway.signin.screens import Visit, show, show_error
from taxiway.signin.steps import same_page
from taxiway.store import Runtime, Tx

_LONGEST = 8192


def routes(rt: Runtime) -> list[Route]:
    """``/taxiway/federation`` for administrators, ``/{tenant}/federation/oauth2`` for browsers."""
    face = _Face(rt)
    return [
        Route("/taxiway/federation", administered(rt, face.settings), methods=["GET", "PUT", "DELETE"]),
        Route("/{tenant}/federation/oauth2", face.callback),
    ]


class _Face:
    """Parses, calls, renders."""

    def __init__(self, rt: Runtime) -> None:
        self._rt = rt

    async def settings(self, request: Request, principal: Principal) -> dict[str, Any]:
        """The tenant's providers; PUT sets one, DELETE with ``domain`` takes one away. Secrets never come back."""
        given = await read_object(request) if request.method == "PUT" else {}
        domain = request.query_params.get("domain", "")

        def act(tx: Tx) -> list[Provider]:
            if request.method == "PUT":
                set_provider(tx, given, principal=principal)
            elif request.method == "DELETE":
                remove_provider(tx, domain, principal=principal)
            return providers(tx, principal=principal)

        tenant, actor = principal.tenant, f"{principal.kind}:{principal.id}"
        if request.method == "GET":
            found = await self._rt.store.read(tenant, act)
        else:
            found = await self._rt.store.write(tenant, act, actor=actor, correlation=correlation(request))
        return {"redirect_uri": redirect_uri(self._rt, tenant), "providers": msgspec.to_builtins(found)}

    async def callback(self, request: Request) -> Response:
        """The browser is back: go on, or show the first page with what went wrong."""
        query, session = request.query_params, request.cookies.get(COOKIE, "")
        names = {"state": "state", "code": "code", "error": "error", "issuer": "iss"}
        given = {name: query.get(parameter, "")[:_LONGEST] for name, parameter in names.items()}
        try:
            tenant = await tenant_of_segment(self._rt, request.path_params["tenant"])
            if tenant is None:
                raise FlowExpired("The address names no tenant.", remedy="Start the sign-in again.")
            away = await self._rt.store.write(tenant, lambda tx: claim_visit(tx, given["state"], session))
        except SignInError as error:
            return show_error(self._rt, error, correlation=correlation(request))
        asked = AuthorizeRequest.unseal(self._rt, away.context)
        visit = Visit(asked, away.context, session, asked.correlation, from_outside=True)
        signin = sign_in_of(self._rt, request, asked, away.flow)
        try:
            return await show(self._rt, visit, await arrive(signin, away, Answer(**given)))
        except SignInError as error:
            await note_refusal(self._rt, asked, error, away.flow.upn)
            return await show(self._rt, visit, same_page(away.flow, error))
