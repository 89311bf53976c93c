"""The web account page of OOBE, used the way its machine-readable part allows (03 sections 3.4, 3.5 and 9.2)."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, quote, urljoin, urlsplit

import httpx
import msgspec

from taxiway.device.errors import SignInRefused
from taxiway.device.oauth import (
    BROKER,
    BROKER_REDIRECT,
    DRS_RESOURCE,
    Tokens,
    answer_object,
    raise_for_error,
    read_tokens,
)
from taxiway.device.person import Person
from taxiway.device.transport import Transport

_PAGES = 12
_FIRST_VISIT = "50058"

# What the page would ask of the person next, when the person in front of this PC cannot do it.
_DEAD_ENDS = {
    "ConvergedChangePassword": ("AADSTS50055", "the password has expired"),
    "ConvergedConsent": ("AADSTS65001", "an administrator has to consent first"),
    "ConvergedProofUpRedirect": ("AADSTS50079", "a second factor has to be registered first"),
}

Page = dict[str, Any]


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who signed in, where, and the tokens for the next steps."""

    tokens: Tokens
    tenant_id: str
    used_factor: bool

    @property
    def claims(self) -> dict[str, Any]:
        """The claims of the id_token, among them the MDM addresses (03 section 9.3)."""
        return self.tokens.claims


def page_config(html: str) -> Page:
    """The ``$Config`` object of a sign-in page (03 section 3.4)."""
    _, mark, rest = html.partition("$Config=")
    try:
        config = msgspec.json.decode(rest[: _object_end(rest)].encode()) if mark else None
    except msgspec.MsgspecError as error:
        raise SignInRefused("OOBEIDPS", "the sign-in page cannot be read") from error
    if not isinstance(config, dict):
        raise SignInRefused("OOBEIDPS", "the answer is not a sign-in page")
    return config


def _object_end(text: str) -> int:
    end = text.find("//]]>")
    return text.rfind("}", 0, end if end >= 0 else None) + 1


class WebSignIn:
    """One visit to the sign-in page, from the discovery of the tenant to the tokens.

    ``on_screen`` hears of the first page that shows, with the organization's name as the page gives it.
    """

    def __init__(
        self,
        transport: Transport,
        login: str,
        person: Person,
        *,
        device_ticket: str = "",
        fresh_factor: bool = False,
        on_screen: Callable[[str], None] | None = None,
    ) -> None:
        self._transport = transport
        self._login = login
        self._person = person
        self._ticket = device_ticket
        self._fresh_factor = fresh_factor
        self._used_factor = False
        self._on_screen = on_screen

    async def run(self, tenant: str) -> SignedIn:
        """Sign in; begins anew when an answer was lost. A refusal carries the code that the page shows."""
        return await self._transport.again(lambda: self._run(tenant))

    async def _run(self, tenant: str) -> SignedIn:
        await self._realm()
        metadata = await self._get(f"{self._login}/{quote(tenant)}/v2.0/.well-known/openid-configuration")
        tenant_id = urlsplit(str(metadata.get("issuer", ""))).path.strip("/").split("/")[0] or tenant
        entropy = self._transport.host.entropy
        verifier, state = entropy.token(), entropy.token(12)
        code = await self._code(tenant_id, verifier, state)
        return SignedIn(await self._redeem(tenant_id, code, verifier), tenant_id, self._used_factor)

    async def _realm(self) -> None:
        """The page finds the realm as soon as the name is typed (03 section 2.5)."""
        realm = await self._get(f"{self._login}/common/userrealm/{quote(self._person.upn)}", {"api-version": "1.0"})
        kind = str(realm.get("account_type", realm.get("NameSpaceType", ""))).lower()
        if kind == "federated":
            raise SignInRefused("OOBEIDPS", "the domain signs in at a federated identity provider")
        if kind == "unknown":
            raise SignInRefused("AADSTS50034", f"there is no account {self._person.upn}")

    async def _get(self, url: str, query: dict[str, str] | None = None) -> Page:
        response = await self._transport.send("GET", url, params=query)
        reply = answer_object(response)
        raise_for_error(reply, response.status_code)
        return reply

    async def _code(self, tenant: str, verifier: str, state: str) -> str:
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        query = {
            "client_id": BROKER,
            "response_type": "code",
            "redirect_uri": BROKER_REDIRECT,
            "resource": DRS_RESOURCE,
            "scope": "openid profile",
            "login_hint": self._person.upn,
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            "client-request-id": self._transport.correlation,
            "haschrome": "1",
        }
        if self._fresh_factor:
            query["amr_values"] = "ngcmfa"
        headers = {"x-device-token": f"t={self._ticket}"} if self._ticket else {}
        url = f"{self._login}/{tenant}/oauth2/authorize"
        response = await self._transport.send("GET", url, params=query, headers=headers)
        answered = False
        for _ in range(_PAGES):
            location = response.headers.get("location", "") if response.is_redirect else ""
            if location.startswith(BROKER_REDIRECT):
                return _code_of(location, state)
            if location:
                response = await self._transport.send("GET", urljoin(str(response.url), location))
                continue
            page = page_config(response.text)
            if self._on_screen is not None:
                self._on_screen(str(page.get("sCompanyDisplayName") or ""))
                self._on_screen = None
            response = await self._turn(page, str(response.url), answered=answered)
            answered = True
        raise SignInRefused("OOBEIDPS", "the sign-in pages lead nowhere")

    async def _turn(self, page: Page, base: str, *, answered: bool) -> httpx.Response:
        """Do what a page asks for and return the next one."""
        code, kind = str(page.get("sErrorCode") or page.get("iErrorCode") or ""), page.get("pgid")
        if code not in {"", "0", _FIRST_VISIT} or kind == "ConvergedError":
            raise SignInRefused(f"AADSTS{code}" if code else "OOBEIDPS", _page_text(page))
        if kind == "ConvergedSignIn":
            if answered:
                raise SignInRefused("AADSTS50126", "the sign-in page asks for the password again")
            return await self._post(page, base, {**self._named(), "passwd": self._person.password, **_TYPED})
        if kind == "ConvergedTFA":
            return await self._second_factor(page, base)
        if kind == "KmsiInterrupt":
            return await self._post(page, base, {"LoginOptions": "0", "type": "28"})
        skip = page.get("urlSkipMfaRegistration")
        if kind == "ConvergedProofUpRedirect" and skip:
            return await self._transport.send("GET", urljoin(base, str(skip)))
        raise SignInRefused(*_DEAD_ENDS.get(str(kind), ("OOBEIDPS", f"the page {kind} is not one of OOBE")))

    def _named(self) -> dict[str, str]:
        return {"login": self._person.upn, "loginfmt": self._person.upn}

    async def _post(self, page: Page, base: str, form: dict[str, str]) -> httpx.Response:
        carried = {
            "ctx": str(page.get("sCtx", "")),
            str(page.get("sFTName") or "flowToken"): str(page.get("sFT", "")),
            "canary": str(page.get("canary", "")),
        }
        extra = page.get("oPostParams")
        fields = {**(extra if isinstance(extra, dict) else {}), **form, **carried}
        return await self._transport.send("POST", urljoin(base, str(page.get("urlPost", ""))), data=fields)

    async def _second_factor(self, page: Page, base: str) -> httpx.Response:
        """Begin, answer and hand in the second factor (03 section 3.5, step 3)."""
        method, answer = self._factor(page)
        begin = {
            "AuthMethodId": method,
            "Method": "BeginAuth",
            "ctx": page.get("sCtx"),
            "flowToken": page.get("sFT"),
        }
        begun = await self._factor_call(page, urljoin(base, str(page.get("urlBeginAuth"))), begin)
        end = {
            "Method": "EndAuth",
            "AuthMethodId": method,
            "SessionId": begun.get("SessionId"),
            "FlowToken": begun.get("FlowToken"),
            "Ctx": begun.get("Ctx"),
            "AdditionalAuthData": answer,
            "PollCount": 1,
        }
        ended = await self._factor_call(page, urljoin(base, str(page.get("urlEndAuth"))), end)
        self._used_factor = True
        form = {
            "request": str(ended.get("Ctx") or begun.get("Ctx") or page.get("sCtx")),
            "mfaAuthMethod": method,
            "login": self._person.upn,
        }
        passed = {**page, "sFT": ended.get("FlowToken") or page.get("sFT")}
        return await self._post(passed, base, form)

    def _factor(self, page: Page) -> tuple[str, str]:
        offered = {
            str(proof.get("authMethodId")) for proof in page.get("arrUserProofs") or [] if isinstance(proof, dict)
        }
        if self._person.temporary_access_pass and "AccessPass" in offered:
            return "AccessPass", self._person.temporary_access_pass
        if self._person.totp_secret and "PhoneAppOTP" in offered:
            return "PhoneAppOTP", self._person.one_time_code(self._transport.now())
        raise SignInRefused(
            "AADSTS50076", f"a second factor is asked for: {', '.join(sorted(offered)) or 'none offered'}"
        )

    async def _factor_call(self, page: Page, url: str, body: Page) -> Page:
        headers = {"canary": str(page.get("canary", "")), "hpgrequestid": str(page.get("sessionId", ""))}
        response = await self._transport.send("POST", url, json=body, headers=headers, repeatable=False)
        reply = answer_object(response)
        if not reply.get("Success"):
            code = reply.get("ErrCode")
            text = str(reply.get("Message") or reply.get("ResultValue") or "the second factor was refused")
            raise SignInRefused(f"AADSTS{code}" if code else "AADSTS500121", text)
        return reply

    async def _redeem(self, tenant: str, code: str, verifier: str) -> Tokens:
        form = {
            "grant_type": "authorization_code",
            "client_id": BROKER,
            "code": code,
            "redirect_uri": BROKER_REDIRECT,
            "resource": DRS_RESOURCE,
            "code_verifier": verifier,
        }
        url = f"{self._login}/{tenant}/oauth2/token"
        response = await self._transport.send("POST", url, data=form, repeatable=False)
        reply = answer_object(response)
        raise_for_error(reply, response.status_code)
        return read_tokens(reply)


_TYPED = {"type": "11", "LoginOptions": "3", "ps": "2"}


def _code_of(location: str, state: str) -> str:
    answer = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
    if "error" in answer:
        raise_for_error(dict(answer), 400)
    if answer.get("state") != state or "code" not in answer:
        raise SignInRefused("OOBEIDPS", "the sign-in service answered for another request")
    return answer["code"]


def _page_text(page: Page) -> str:
    names = ("sErrTxt", "strServiceExceptionMessage", "strMainMessage", "strAdditionalMessage")
    return next((str(page[name]) for name in names if page.get(name)), "the sign-in page shows an error")
