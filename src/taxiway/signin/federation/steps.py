"""The two steps of a sign-in at an outside provider: to it, and back."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import msgspec
import sqlalchemy as sa

from taxiway import directory
from taxiway.kernel import Reason
from taxiway.signin import lockout
from taxiway.signin.authorize import AuthorizeRequest
from taxiway.signin.credentials import require_enabled
from taxiway.signin.errors import FlowExpired, ProviderAccountUnknown, SignInError
from taxiway.signin.federation import openid
from taxiway.signin.federation.openid import Asked, refused
from taxiway.signin.federation.providers import Provider, client_secret, provider_of
from taxiway.signin.federation.tables import outside_visit
from taxiway.signin.flowtoken import Flow
from taxiway.signin.interactive import SignIn
from taxiway.signin.lockout import Caller
from taxiway.signin.model import Proof
from taxiway.signin.sealed import digest, same
from taxiway.signin.steps import Step
from taxiway.store import Runtime, Tx

_LIFETIME = timedelta(minutes=30)
#: Clocks differ, and signing in takes a moment, when the request limits how long ago it may have been.
_SLACK = timedelta(minutes=1)
_PLACE = ("outside_visit", "doc")


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-in that is away; kept sealed under its ``state``."""

    context: str
    flow: Flow
    domain: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider sends its browser back with."""

    state: str
    code: str = ""
    error: str = ""
    issuer: str = ""


def redirect_uri(rt: Runtime, tenant: str) -> str:
    """Where providers send browsers back to: register it there."""
    return f"{rt.urls.login}/{tenant}/federation/oauth2"


async def depart(rt: Runtime, provider: Provider, flow: Flow, context: str) -> str:
    """The address at the provider, for the browser whose cookie the flow is bound to."""
    metadata = await openid.discover(rt, provider)
    request = AuthorizeRequest.unseal(rt, context)
    state, nonce, verifier = (rt.entropy.token(32) for _ in range(3))
    visit = Visit(context=context, flow=flow, domain=provider.domain, nonce=nonce, verifier=verifier)
    await rt.store.write(flow.tenant, lambda tx: _remember(tx, state, visit), correlation=request.correlation)
    query = {
        "client_id": provider.client_id,
        "response_type": "code",
        "redirect_uri": redirect_uri(rt, flow.tenant),
        "scope": "openid profile email",
        "state": state,
        "nonce": nonce,
        "code_challenge": _challenge(verifier),
        "code_challenge_method": "S256",
        "login_hint": flow.upn,
    }
    if request.max_age is not None:
        query["max_age"] = str(request.max_age)
    if request.strong or "login" in request.prompts:
        query["prompt"] = "login"
    mark = "&" if "?" in metadata.authorization_endpoint else "?"
    return f"{metadata.authorization_endpoint}{mark}{urlencode(query)}"


def claim_visit(tx: Tx, state: str, session: str) -> Visit:
    """The sign-in that comes back, once, and in the browser that left; raises ``FlowExpired``."""
    mine = (outside_visit.c.tenant == tx.tenant) & (outside_visit.c.hash == digest(state))
    row = tx.one(sa.select(outside_visit).where(mine))
    if row is None or row["expires_at"] <= tx.now:
        raise _gone()
    visit = msgspec.json.decode(tx.unseal(row["doc"], *_PLACE, row["hash"]), type=Visit)
    if not session or not same(visit.flow.session, digest(session)):
        raise _gone()
    tx.execute(sa.delete(outside_visit).where(mine))
    return visit


async def arrive(signin: SignIn, visit: Visit, answer: Answer) -> Step:
    """Go on as who the provider says has signed in there."""
    rt, tenant = signin.rt, visit.flow.tenant
    caller = Caller("", lockout.network_of(signin.browser.address))

    def load(tx: Tx) -> tuple[Provider, str]:
        lockout.require_open(tx, caller)
        provider = provider_of(tx, visit.domain)
        if provider is None:
            raise _gone()
        return provider, client_secret(tx, provider)

    provider, secret = await rt.store.read(tenant, load)
    try:
        claims = await _claims(rt, provider, secret, visit, answer)
        name = openid.name_of(claims, provider)
        if name.lower() != visit.flow.upn.lower():
            raise refused("Somebody else signed in at the provider than the name that was typed here.")
    except SignInError:
        await signin.write(tenant, lambda tx: lockout.failed(tx, caller))
        raise
    return await signin.write(tenant, lambda tx: _accept(tx, signin, provider, name, claims))


async def _claims(rt: Runtime, provider: Provider, secret: str, visit: Visit, answer: Answer) -> Mapping[str, Any]:
    if answer.issuer and answer.issuer != provider.issuer:
        raise refused("The answer names another issuer.")
    if answer.error or not answer.code:
        raise refused(f"The provider answered with the error {answer.error[:60]!a}.")
    asked = Asked(visit.nonce, visit.verifier, redirect_uri(rt, visit.flow.tenant))
    metadata = await openid.discover(rt, provider)
    return await openid.redeem(rt, provider, metadata, secret, code=answer.code, asked=asked)


def _accept(tx: Tx, signin: SignIn, provider: Provider, name: str, claims: Mapping[str, Any]) -> Step:
    if provider_of(tx, provider.domain) != provider:
        raise _gone()
    user = directory.find_user(tx, name)
    if user is None:
        raise ProviderAccountUnknown(
            "Your organization's sign-in service knows you, this directory does not.",
            reasons=[Reason("provider_account", f"There is no account {name}.")],
            remedy="Ask an administrator to make an account of this name.",
        )
    require_enabled(user)
    signin.check_assigned(tx, user["user_principal_name"])
    return signin.go_on(tx, user, _proof(tx, signin, provider, user["id"], claims))


def _proof(tx: Tx, signin: SignIn, provider: Provider, user_id: str, claims: Mapping[str, Any]) -> Proof:
    """``fed``; and ``mfa`` from when it was shown there, if the tenant takes the provider's word for it."""
    at = min(openid.moment(claims, "auth_time") or tx.now, tx.now)
    _check_age(signin, claims, at, tx.now)
    methods = claims.get("amr")
    has_mfa = provider.trusts_mfa and isinstance(methods, list) and "mfa" in methods
    return Proof(
        user_id=user_id,
        amr=("fed", "mfa") if has_mfa else ("fed",),
        auth_time=at,
        mfa_at=at if has_mfa else None,
        device_id=signin.flow.device_id,
        ztdid=signin.request.ztdid,
    )


def _check_age(signin: SignIn, claims: Mapping[str, Any], at: datetime, now: datetime) -> None:
    """A provider that was asked for a recent sign-in has to say when it was."""
    longest = signin.request.max_age
    if longest is None:
        return
    if "auth_time" not in claims or now - at > timedelta(seconds=longest) + _SLACK:
        raise refused("The sign-in at the provider is older than the request allows.")


def _remember(tx: Tx, state: str, visit: Visit) -> None:
    tx.execute(sa.delete(outside_visit).where(outside_visit.c.tenant == tx.tenant, outside_visit.c.expires_at < tx.now))
    name = digest(state)
    doc = tx.seal(msgspec.json.encode(visit), *_PLACE, name)
    tx.execute(sa.insert(outside_visit).values(tenant=tx.tenant, hash=name, doc=doc, expires_at=tx.now + _LIFETIME))
    what = {"upn": visit.flow.upn, "domain": visit.domain}
    tx.log("signin.sent_outside", subject=f"tenant:{tx.tenant}", what=what)


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _gone() -> FlowExpired:
    return FlowExpired("The sign-in has run out or belongs to another browser.", remedy="Start the sign-in again.")
