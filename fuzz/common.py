"""What the messages of all targets share: names, a token of the person, a request for the sign-in page."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from typing import Any

from fuzz.instance import CLI, GRAPH, Instance, rs256
from fuzz.message import Message, Pairs, Token, b64url
from taxiway import signin
from taxiway.signin import keys

Make = Callable[[Instance], Awaitable[Message]]

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
PRT_CLIENT = "38aa3b87-a06d-4817-b275-7a316988d93b"
UPN = "ada@contoso.example"
VERIFIER = "v" * 43
REDIRECT = "http://localhost:5000"


async def access_token(it: Instance, audience: str, **claims: Any) -> Token:
    """An access token of this person, signed with the key of the day."""
    current = await keys.signing_keys(it.rt)
    header = {"typ": "JWT", "alg": "RS256", "kid": current.kid, "x5t": current.kid}
    return Token(header, it.bearer(audience, **claims), rs256(current.key.private_key), "Bearer ")


def authorize_query(it: Instance) -> Pairs:
    """The parameters of the authorise endpoint."""
    return [
        ("client_id", CLI),
        ("response_type", "code"),
        ("redirect_uri", REDIRECT),
        ("resource", GRAPH),
        ("state", "s 1"),
        ("nonce", "n1"),
        ("login_hint", UPN),
        ("code_challenge", b64url(hashlib.sha256(VERIFIER.encode()).digest())),
        ("code_challenge_method", "S256"),
        ("response_mode", "query"),
        ("max_age", "600"),
        ("prompt", ""),
        ("claims", '{"id_token":{"auth_time":null}}'),
        ("amr_values", ""),
        ("sso_nonce", signin.make_nonce(it.rt)),
    ]
