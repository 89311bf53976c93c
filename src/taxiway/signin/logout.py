"""Signing out: by an application that shows an id_token, or by a person who confirms it (03 section 3.6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from taxiway.doors.request import correlation
from taxiway.signin import flowtoken, page, sessions
from taxiway.signin.authorize import registered
from taxiway.signin.errors import SignInError
from taxiway.signin.forms import check_origin, once, read_fields
from taxiway.signin.model import Proof
from taxiway.signin.page import View
from taxiway.signin.resources import client_of
from taxiway.signin.screens import show_error
from taxiway.signin.tokens import read_id_token
from taxiway.store import Runtime, Tx

_CARRIED = ("post_logout_redirect_uri", "state", "client_id", "id_token_hint")


@dataclass(frozen=True, slots=True)
class _Leaving:
    """What is known of a sign-out. ``hint``: the claims of the id_token, None without a good one."""

    form: Mapping[str, str]
    cookie: str
    session: tuple[str, Proof] | None
    hint: Mapping[str, Any] | None

    @property
    def sure(self) -> bool:
        """Whether the application has shown whose session it is."""
        if self.session is None or self.hint is None:
            return self.session is None
        tenant, proof = self.session
        return bool((self.hint.get("tid"), self.hint.get("oid")) == (tenant, proof.user_id))


async def answer(rt: Runtime, request: Request) -> Response:
    """Sign out, or ask first: without an id_token any page could send a person here (03 section 15.12)."""
    try:
        leaving = await _read(rt, request)
    except SignInError as error:
        return show_error(rt, error, correlation=correlation(request))
    confirmed = request.method == "POST" and flowtoken.check_canary(rt, leaving.cookie, leaving.form.get("canary", ""))
    if not leaving.sure and not confirmed:
        return _ask(rt, request, leaving, await _target(rt, leaving))
    if leaving.session is not None:
        tenant, proof = leaving.session

        def end(tx: Tx) -> None:
            sessions.end(tx, leaving.cookie)
            tx.log("session.ended", subject=proof.subject)

        await rt.store.write(tenant, end, correlation=correlation(request))
    return await _gone(rt, leaving)


async def _read(rt: Runtime, request: Request) -> _Leaving:
    form = once(request.query_params.multi_items())
    if request.method == "POST":
        check_origin(request)
        form |= await read_fields(request)
    cookie = request.cookies.get(sessions.COOKIE, "")
    hint = form.get("id_token_hint", "")
    return _Leaving(
        form,
        cookie,
        await sessions.proof_of_cookie(rt, cookie),
        await read_id_token(rt, hint) if hint else None,
    )


def _ask(rt: Runtime, request: Request, leaving: _Leaving, target: str) -> Response:
    hidden = {name: leaving.form[name] for name in _CARRIED if name in leaving.form}
    view = View(
        title="Do you want to sign out?",
        config={"pgid": "LogoutConfirm"},
        greeting="You will be signed out of every application in this browser.",
        action=request.url.path,
        verb="Sign out",
        hidden={**hidden, "canary": flowtoken.canary(rt, leaving.cookie)},
        leads_to=target,
    )
    return page.render(view, nonce=rt.entropy.token(16))


async def _gone(rt: Runtime, leaving: _Leaving) -> Response:
    target = await _target(rt, leaving)
    if target:
        state = leaving.form.get("state", "")
        mark = "&" if "?" in target else "?"
        response = page.redirect(f"{target}{mark}{urlencode({'state': state})}" if state else target)
    else:
        view = View(title="You are signed out", config={"pgid": "SignedOut"}, verb="")
        response = page.render(view, nonce=rt.entropy.token(16))
    for name in (sessions.COOKIE, flowtoken.COOKIE):
        response.delete_cookie(name, path="/", secure=True, httponly=True, samesite="lax")
    return response


async def _target(rt: Runtime, leaving: _Leaving) -> str:
    """The address to go on to, if the application has registered it; everything else stays on our page."""
    target = leaving.form.get("post_logout_redirect_uri", "")
    client_id = str(leaving.hint["aud"]) if leaving.hint is not None else leaving.form.get("client_id", "")
    tenant = str(leaving.hint["tid"]) if leaving.hint is not None else leaving.session[0] if leaving.session else None
    if not target or not client_id or tenant is None:
        return ""
    try:
        client = await rt.store.read(tenant, lambda tx: client_of(tx, client_id))
    except SignInError:
        return ""
    return target if registered(client, target) else ""
