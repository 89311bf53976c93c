"""An OpenID provider that says whatever a test wants it to say."""

from __future__ import annotations

import base64
import hmac
import json
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

ISSUER = "https://idp.example"
CLIENT = "client-1"
SECRET = "a-secret-of-the-client"


class FakeProvider:
    """An ASGI application. Change ``claims``, ``metadata`` or an answer to make it lie; ``asked``: what came in."""

    def __init__(self, clock):
        self.clock = clock
        self.key = RSAKey.import_key(_pem())
        self.claims, self.header, self.metadata = {}, {}, {}
        self.answers = {}
        self.sign_with, self.algorithm = self.key, "RS256"
        self.asked = []
        self.nonce = ""
        names = {"/.well-known/openid-configuration": self._metadata, "/keys": self._keys, "/token": self._token}
        self.app = Starlette(routes=[Route(path, act, methods=["GET", "POST"]) for path, act in names.items()])

    async def __call__(self, scope, receive, send):
        await self.app(scope, receive, send)

    def visit(self, url):
        """What a browser is told there: the query it came with."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        self.nonce = query["nonce"]
        return query

    async def _metadata(self, request):
        self.asked.append(("metadata", dict(request.headers)))
        found = {
            "issuer": ISSUER,
            "authorization_endpoint": f"{ISSUER}/authorize",
            "token_endpoint": f"{ISSUER}/token",
            "jwks_uri": f"{ISSUER}/keys",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
            **self.metadata,
        }
        return self.answers.get("metadata") or JSONResponse(found)

    async def _keys(self, _request):
        self.asked.append(("keys", {}))
        return self.answers.get("keys") or JSONResponse({"keys": [{**self.key.as_dict(private=False), "kid": "k1"}]})

    async def _token(self, request):
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        self.asked.append(("token", {**form, "authorization": request.headers.get("authorization", "")}))
        return self.answers.get("token") or JSONResponse({"id_token": self.id_token(), "token_type": "Bearer"})

    def id_token(self):
        now = int(self.clock.now().timestamp())
        claims = {
            "iss": ISSUER,
            "aud": CLIENT,
            "sub": "somebody",
            "exp": now + 600,
            "iat": now,
            "nonce": self.nonce,
            "email": "ada@fabrikam.example",
            "email_verified": True,
            **self.claims,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        header = {"alg": self.algorithm, "kid": "k1", **self.header}
        return jwt.encode(header, claims, self.sign_with, algorithms=[self.algorithm])

    def unsigned(self):
        """An id_token with ``alg`` none."""
        body = self.id_token().split(".")[1]
        return f"{_b64({'alg': 'none', 'kid': 'k1'})}.{body}."

    def by_public_key(self):
        """An id_token signed with the public key as if it were a shared secret."""
        signed = f"{_b64({'alg': 'HS256', 'kid': 'k1'})}.{self.id_token().split('.')[1]}"
        mark = hmac.digest(self.key.as_pem(private=False), signed.encode(), "sha256")
        return f"{signed}.{base64.urlsafe_b64encode(mark).rstrip(b'=').decode()}"

    def elsewhere(self, url):
        """A redirect."""
        return RedirectResponse(url, 302)

    def flood(self):
        """More than anybody needs."""
        return Response(b'{"a": "' + b"x" * 300_000 + b'"}')


def _pem():
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _b64(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
