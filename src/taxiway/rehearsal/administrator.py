"""An administrator at work: signs in on the web page and speaks Microsoft Graph, over HTTPS like any client."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import httpx

from taxiway.device.errors import SignInRefused
from taxiway.device.signin import page_config
from taxiway.kernel import Clock, Entropy
from taxiway.rehearsal.errors import AdminRefused, GraphRefused, NoAnswer

#: Microsoft Graph command-line tools: a public client with a loopback redirect (03 section 1.3).
CLIENT = "14d82eec-204b-4c2f-b7e8-296a70dab67e"
REDIRECT = "http://localhost"
_PAGES = 6
#: What Intune's sentences end with.
_OPERATION = " - Operation ID (for customer support):"
#: How often a call is made before a server that is busy has had its last chance.
_TRIES = 5


class _Reporting(httpx.AsyncHTTPTransport):
    """Says in a sentence that a server gave no answer."""

    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__(verify=context)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request."""
        try:
            return await super().handle_async_request(request)
        except httpx.TransportError as error:
            raise NoAnswer(
                f"{request.url.netloc.decode()} gives no answer ({type(error).__name__}: {error}).",
                remedy="Start the server with 'taxiway up', or name another with --server and --ca.",
            ) from error


@dataclass(slots=True)
class Administrator:
    """One administrator.

    ``new_password`` replaces a one-time password at the first sign-in; ``ask_code`` gives the second factor when the
    page asks for one.
    """

    origin: str
    ca_file: Path
    upn: str
    password: str = field(repr=False)
    clock: Clock
    entropy: Entropy
    new_password: str = field(default="", repr=False)
    ask_code: Callable[[], str] | None = None
    _http: httpx.AsyncClient | None = None
    _token: str = field(default="", repr=False)
    _refresh: str = field(default="", repr=False)
    _until: float = 0.0
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)

    async def __aenter__(self) -> Self:
        self._http = httpx.AsyncClient(
            transport=_Reporting(ssl.create_default_context(cafile=str(self.ca_file))),
            base_url=self.origin,
            trust_env=False,
            timeout=60,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._http is not None:
            await self._http.aclose()

    # ------------------------------------------------------------------------------------------ Graph

    async def get(self, path: str, **query: str) -> Any:
        """GET below the origin, for example ``/v1.0/users``; the JSON."""
        return await self.call("GET", path, query=query)

    async def values(self, path: str, **query: str) -> list[dict[str, Any]]:
        """A whole collection, page by page."""
        page = await self.get(path, **query)
        found: list[dict[str, Any]] = list(page["value"])
        while "@odata.nextLink" in page:
            page = await self.call("GET", page["@odata.nextLink"])
            found.extend(page["value"])
        return found

    async def call(self, method: str, path: str, body: Any = None, *, query: dict[str, str] | None = None) -> Any:
        """One call of Graph; its JSON (None without a body), or ``GraphRefused``."""
        answer = await self._asked(method, path, body, query)
        content = answer.json() if answer.content else None
        if answer.status_code >= 400:
            error = (content or {}).get("error", {})
            code = str(error.get("code", answer.status_code))
            message = _unwrapped(str(error.get("message", code)))
            raise GraphRefused(f"{method} {urlsplit(path).path}: {message}", status=answer.status_code, code=code)
        return content

    async def _asked(self, method: str, path: str, body: Any, query: dict[str, str] | None) -> httpx.Response:
        """The answer; a server that asks to come back later is asked again, as often as Graph's clients do."""
        tried = 0
        while True:
            headers = {"authorization": f"Bearer {await self._access_token()}"}
            answer = await self._client.request(method, path, json=body, params=query or None, headers=headers)
            tried += 1
            if answer.status_code not in (429, 503) or tried == _TRIES:
                return answer
            told = answer.headers.get("retry-after", "")
            await self.clock.sleep(float(told) if told.isdigit() else 2.0**tried)

    async def upload(self, address: str, chunk: bytes, **query: str) -> None:
        """PUT bytes at a content address, which carries its own proof (02 section 8.3)."""
        joined = f"{address}&{urlencode(query)}"
        answer = await self._client.put(joined, content=chunk, headers={"x-ms-blob-type": "BlockBlob"})
        if answer.status_code != 201:
            raise GraphRefused("The content upload was refused.", status=answer.status_code, code="upload")

    # ------------------------------------------------------------------------------------------ sign-in

    @property
    def _client(self) -> httpx.AsyncClient:
        if self._http is None:
            raise AdminRefused("The administrator is used outside 'async with'.")
        return self._http

    async def _access_token(self) -> str:
        async with self._turn:  # two sign-ins at a time would take each other's cookies
            if not self._token or self.clock.monotonic() > self._until:
                await (self._renew() if self._refresh else self._sign_in())
        return self._token

    async def _sign_in(self) -> None:
        verifier, state = self.entropy.token(), self.entropy.token(12)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        answer = await self._client.get(
            "/organizations/oauth2/v2.0/authorize",
            params={
                "client_id": CLIENT,
                "response_type": "code",
                "redirect_uri": REDIRECT,
                "scope": "https://graph.microsoft.com/.default offline_access openid profile",
                "login_hint": self.upn,
                "state": state,
                "code_challenge": challenge,
                "code_challenge_method": "S256",
            },
        )
        code = await self._through_pages(answer, state)
        await self._redeem(
            {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "code_verifier": verifier}
        )

    async def _through_pages(self, answer: httpx.Response, state: str) -> str:
        tried: set[str] = set()
        for _ in range(_PAGES):
            location = answer.headers.get("location", "") if answer.is_redirect else ""
            if location.startswith(REDIRECT):
                return _code(location, state)
            if location:
                answer = await self._client.get(urljoin(str(answer.url), location))
                continue
            try:
                page = page_config(answer.text)
            except SignInRefused as error:
                raise AdminRefused(f"The sign-in page cannot be read: {error.message}") from error
            kind = str(page.get("pgid", ""))
            form = self._form(kind)
            if form is None or kind in tried:
                text = page.get("sErrTxt") or page.get("strServiceExceptionMessage") or kind
                raise AdminRefused(
                    f"{self.upn} could not sign in: {text} (AADSTS{page.get('sErrorCode') or '?'})",
                    remedy="Check the name and the password of the administrator.",
                )
            tried.add(kind)
            carried = {"ctx": page.get("sCtx"), "flowToken": page.get("sFT"), "canary": page.get("canary")}
            target = urljoin(str(answer.url), str(page.get("urlPost", "")))
            answer = await self._client.post(target, data={**form, **{k: str(v) for k, v in carried.items()}})
        raise AdminRefused("The sign-in pages lead nowhere.")

    def _form(self, page: str) -> dict[str, str] | None:
        if page == "ConvergedTFA" and self.ask_code is not None:
            return {"otc": self.ask_code()}
        named = {"login": self.upn, "loginfmt": self.upn}
        if page == "ConvergedSignIn":
            return {**named, "passwd": self.password, "type": "11", "LoginOptions": "3"}
        if page == "ConvergedChangePassword" and self.new_password:
            return {**named, "oldpasswd": self.password, "newpasswd": self.new_password}
        if page == "KmsiInterrupt":
            return {"LoginOptions": "0", "type": "28"}
        return None

    async def _renew(self) -> None:
        await self._redeem({"grant_type": "refresh_token", "refresh_token": self._refresh})

    async def _redeem(self, grant: dict[str, str]) -> None:
        scope = "https://graph.microsoft.com/.default offline_access openid profile"
        answer = await self._client.post(
            "/organizations/oauth2/v2.0/token", data={**grant, "client_id": CLIENT, "scope": scope}
        )
        reply = answer.json()
        if "access_token" not in reply:
            text = str(reply.get("error_description", f"HTTP {answer.status_code}")).splitlines()[0]
            raise AdminRefused(f"The token endpoint gave no token: {text}")
        self._token = reply["access_token"]
        self._refresh = reply.get("refresh_token", "")
        self._until = self.clock.monotonic() + int(reply.get("expires_in", 300)) - 60


def _unwrapped(message: str) -> str:
    """The sentence in the JSON document that Intune's own messages are (02 section 1.5)."""
    try:
        told = str(json.loads(message)["Message"])
    except (ValueError, KeyError, TypeError):
        return message
    return told.partition(_OPERATION)[0]


def _code(location: str, state: str) -> str:
    answer = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
    if "code" not in answer or answer.get("state") != state:
        raise AdminRefused(answer.get("error_description", "The sign-in gave no code."))
    return answer["code"]
