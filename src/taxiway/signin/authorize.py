"""The authorise request: what is asked, by whom, and where the answer goes (03 sections 3.1 to 3.3)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

import msgspec
from msgspec import Struct

from taxiway import autopilot
from taxiway.signin import resources
from taxiway.signin.credentials import tenant_of_name, tenant_of_segment
from taxiway.signin.errors import (
    ChallengeMissing,
    DeviceRefused,
    FlowExpired,
    Malformed,
    MfaNotRegistered,
    MfaRequired,
    ParameterMissing,
    RedirectMismatch,
    ResponseModeUnsupported,
    ResponseTypeUnsupported,
    SignInError,
)
from taxiway.signin.forms import read_claims
from taxiway.signin.policy import signin_policy_of
from taxiway.signin.sealed import Sealer
from taxiway.signin.sts import sts_of
from taxiway.signin.tokens import issuer
from taxiway.store import SYSTEM, Row, Runtime, Tx

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}\Z")
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
#: No blanks, no control characters, nothing beyond ASCII, no backslash, no fragment: what readers of URIs disagree on.
_PLAIN = re.compile(r"[!\"$-\[\]-~]+\Z")
_NEVER = frozenset({"javascript", "data", "file", "vbscript", ""})
_LONGEST = 4096
_MODES = frozenset({"query", "fragment", "form_post"})
_STRONG = frozenset({"mfa", "ngcmfa"})
_PROMPTS = frozenset({"none", "login", "select_account", "consent", "create"})
_PURPOSE = "ctx"


class AuthorizeRequest(Struct, frozen=True, kw_only=True):
    """A request found in order; travels sealed in ``sCtx``.

    ``max_age``: seconds since the sign-in. ``device_code``: hash of the device code that the sign-in is to approve
    and ``asked_from`` where it was asked for; ``manages``: the sign-in leads to the page of the person's own passkeys;
    neither has a redirect URI. ``ztdid``: of the device whose ticket came along.
    """

    client_id: str
    redirect_uri: str
    identifier: str
    scope: str
    version: str
    tenant: str | None = None
    state: str = ""
    nonce: str = ""
    response_mode: str = "query"
    challenge: str = ""
    prompt: str = ""
    login_hint: str = ""
    max_age: int | None = None
    strong: bool = False
    device_code: str = ""
    asked_from: str = ""
    manages: bool = False
    ztdid: str | None = None
    correlation: str = ""

    @property
    def prompts(self) -> frozenset[str]:
        """What ``prompt`` asks for."""
        return frozenset(self.prompt.split())

    def seal(self, rt: Runtime) -> str:
        """``sCtx``."""
        return Sealer(rt).seal(_PURPOSE, msgspec.to_builtins(self))

    @classmethod
    def unseal(cls, rt: Runtime, text: str) -> AuthorizeRequest:
        """The request in ``sCtx``; raises ``FlowExpired``."""
        body = Sealer(rt).open(_PURPOSE, text)
        if body is None:
            raise FlowExpired("The sign-in page is no longer valid.", remedy="Start the sign-in again.")
        return msgspec.convert(body, cls)


async def read_authorize(
    rt: Runtime, segment: str, given: Mapping[str, str], *, version: str, ticket: str, correlation: str
) -> AuthorizeRequest:
    """The request, checked. Until client and redirect URI are known to be good, errors must not be redirected."""
    for name in ("client_id", "redirect_uri"):
        if not given.get(name):
            raise ParameterMissing(f"The request must contain the parameter '{name}'.")
    if any(len(given.get(name, "")) > _LONGEST for name in ("state", "nonce", "scope", "resource", "redirect_uri")):
        raise Malformed(f"A parameter has more than {_LONGEST} characters.")
    hint = given.get("login_hint") or given.get("username", "")
    device = await _device_behind(rt, ticket) if ticket else None
    tenant = await tenant_of_segment(rt, segment)
    if tenant is None and device is not None:
        tenant = device.tenant
    if tenant is None:
        tenant = await tenant_of_name(rt, hint or f"@{given.get('domain_hint', '')}")
    request = AuthorizeRequest(
        client_id=given["client_id"].lower(),
        redirect_uri=given["redirect_uri"],
        identifier=resources.asked(given.get("resource", ""), given.get("scope", "")) or resources.GRAPH,
        scope=given.get("scope", ""),
        version=version,
        tenant=tenant,
        state=given.get("state", ""),
        nonce=given.get("nonce", ""),
        response_mode=given.get("response_mode", "query") or "query",
        challenge=given.get("code_challenge", ""),
        prompt=given.get("prompt", ""),
        login_hint=hint[:320],
        max_age=_seconds(given.get("max_age", "")),
        strong=bool(_STRONG & set(given.get("amr_values", "").split())),
        ztdid=device.ztdid if device is not None and device.tenant == tenant else None,
        correlation=correlation,
    )
    await rt.store.read(tenant or SYSTEM, lambda tx: _check_client(tx, request))
    return request


async def _device_behind(rt: Runtime, ticket: str) -> autopilot.Ticket:
    try:
        return await autopilot.verify_ticket(rt, ticket)
    except autopilot.TicketRefused as error:
        raise DeviceRefused("The device ticket is not valid.", reasons=error.reasons, remedy=error.remedy) from error


def _check_client(tx: Tx, request: AuthorizeRequest) -> None:
    client = resources.client_of(tx, request.client_id)
    if not registered(client, request.redirect_uri):
        raise RedirectMismatch(
            f"The redirect URI '{request.redirect_uri[:200]}' is not one of those registered for the application "
            f"'{request.client_id}'."
        )
    resources.target_of(tx, client, request.identifier)


async def check_redirectable(
    rt: Runtime, request: AuthorizeRequest, given: Mapping[str, str], tenant: str | None
) -> None:
    """The rest of the checks: what fails here may be told to the redirect URI, if there is one.

    ``tenant``: whose switches hold, the request's or that of the person for whom a PRT speaks; None before it is known.
    """
    if not request.redirect_uri:
        return
    if given.get("response_type") != "code":
        raise ResponseTypeUnsupported(f"The response type '{given.get('response_type', '')[:60]}' is not supported.")
    if request.response_mode not in _MODES:
        raise ResponseModeUnsupported(f"The response mode '{request.response_mode[:60]}' is not supported.")
    if given.get("request") or given.get("request_uri"):
        raise Malformed("Request objects are not supported.")
    if not request.prompts <= _PROMPTS or ("none" in request.prompts and len(request.prompts) > 1):
        raise Malformed(f"The prompt '{request.prompt[:60]}' is not supported.")
    read_claims(given.get("claims", ""))
    if request.challenge:
        if given.get("code_challenge_method") != "S256" or not _CHALLENGE.match(request.challenge):
            raise ChallengeMissing("The PKCE challenge is not one of method S256.")
        return
    await rt.store.read(tenant or SYSTEM, lambda tx: _may_go_without_challenge(tx, request))


def _seconds(text: str) -> int | None:
    """``max_age``; a text that is no number is an error that the page shows."""
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise Malformed("'max_age' is a number of seconds.")
    return int(text)


def _may_go_without_challenge(tx: Tx, request: AuthorizeRequest) -> None:
    client = resources.client_of(tx, request.client_id)
    excused = client.get("first_party", False) and signin_policy_of(tx).seeded_without_challenge
    if client["public"] and not excused:
        raise ChallengeMissing("Proof Key for Code Exchange is required: send a code_challenge of method S256.")


def registered(client: Row, uri: str) -> bool:
    """Exact comparison, but for the case of scheme and host, and the port of loopback addresses (03 section 15.1)."""
    asked = _split(uri)
    return asked is not None and any(_fits(_split(known), asked) for known in client["redirect_uris"])


def _split(uri: str) -> tuple[str, str, int | None, str] | None:
    if not _PLAIN.match(uri):
        return None
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        return None
    if parts.username is not None or parts.scheme in _NEVER:
        return None
    rest = parts.path + (f"?{parts.query}" if parts.query else "")
    return parts.scheme, (parts.hostname or ""), port, rest


def _fits(known: tuple[str, str, int | None, str] | None, asked: tuple[str, str, int | None, str]) -> bool:
    if known is None:
        return False
    if asked[0] == "http" and asked[1] in _LOOPBACK:
        return (known[0], known[1], known[3] or "/") == (asked[0], asked[1], asked[3] or "/")
    return known == asked


def answer_url(rt: Runtime, request: AuthorizeRequest, tenant: str, answer: Mapping[str, str]) -> str:
    """Where a browser goes with the answer, ``state`` and issuer added (RFC 9207)."""
    fields = answer_fields(rt, request, tenant, answer)
    mark = "#" if request.response_mode == "fragment" else "&" if "?" in request.redirect_uri else "?"
    return f"{request.redirect_uri}{mark}{urlencode(fields)}"


def answer_fields(rt: Runtime, request: AuthorizeRequest, tenant: str, answer: Mapping[str, str]) -> dict[str, str]:
    """The members of an answer, however it travels."""
    fields = {**answer, "iss": issuer(rt.urls.issuer, tenant, request.version)}
    return {**fields, "state": request.state} if request.state else fields


def error_answer(error: SignInError, description: str) -> dict[str, Any]:
    """The members of an error answer; ``invalid_grant`` is no error of this endpoint (RFC 6749 section 4.1.2.1)."""
    name = sts_of(error).error
    if name == "invalid_grant":
        name = "interaction_required" if isinstance(error, MfaRequired | MfaNotRegistered) else "access_denied"
    return {"error": name, "error_description": description}
