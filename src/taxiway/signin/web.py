"""Signing in on the page for another service of this instance: the code flow, ended in this process."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlencode

from taxiway.signin import grants
from taxiway.signin.errors import GrantInvalid
from taxiway.signin.grants import TokenRequest
from taxiway.signin.model import Claims
from taxiway.signin.tokens import verify_token
from taxiway.store import Runtime


@dataclass(frozen=True, slots=True)
class WebSignIn:
    """One page's way of asking: the client it is, where it is answered, and what it asks a token for."""

    client_id: str
    redirect_uri: str
    scope: str


def web_sign_in_url(rt: Runtime, asked: WebSignIn, *, verifier: str, state: str, login_hint: str) -> str:
    """Where to send the browser. ``verifier``: a secret that the end of the sign-in needs again."""
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    query = {
        "client_id": asked.client_id,
        "response_type": "code",
        "response_mode": "query",
        "redirect_uri": asked.redirect_uri,
        "scope": asked.scope,
        "state": state,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        **({"login_hint": login_hint} if login_hint else {}),
    }
    return f"{rt.urls.login}/organizations/oauth2/v2.0/authorize?{urlencode(query)}"


async def finish_web_sign_in(
    rt: Runtime, asked: WebSignIn, *, code: str, verifier: str, audiences: Collection[str], correlation: str
) -> Claims:
    """Who signed in: the code is redeemed and the token verified as anybody else's; raises ``SignInError``."""
    form = {
        "grant_type": "authorization_code",
        "client_id": asked.client_id,
        "code": code,
        "redirect_uri": asked.redirect_uri,
        "code_verifier": verifier,
        "scope": asked.scope,
    }
    reply = await grants.answer(rt, TokenRequest(form, "2.0", None, correlation))
    if isinstance(reply, str):
        raise GrantInvalid("The sign-in ended with an answer for another client.")
    return await verify_token(rt, str(reply["access_token"]), audiences=audiences)
