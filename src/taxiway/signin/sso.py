"""Single sign-on at the authorise endpoint: a PRT speaks for the person, a device for itself (03 section 7.8)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request

from taxiway.signin import broker, nonces
from taxiway.signin.authorize import AuthorizeRequest
from taxiway.signin.errors import NonceInvalid, SignInError
from taxiway.signin.grants.common import require_device, require_standing
from taxiway.signin.model import Proof
from taxiway.store import Runtime, Tx

_PERSON = ("x-ms-refreshtokencredential", "x-ms-refreshtokencredential1", "x-ms-refreshtokencredential2")
_DEVICE = ("x-ms-devicecredential",)
_NONCE = "sso_nonce"


@dataclass(frozen=True, slots=True)
class Recognised:
    """Who spoke. ``device_id``: a device whose user has yet to sign in; ``again``: where to go with a new nonce."""

    person: tuple[str, Proof] | None = None
    device_id: str | None = None
    again: str = ""


async def recognise(rt: Runtime, request: Request, asked: AuthorizeRequest) -> Recognised:
    """Who speaks by the credentials in headers and cookies, the person's first.

    One that is not good is ignored, as the protocol says. One that only lacks a good nonce, and so one that bears a
    time instead, sends the browser to the same address with a nonce to sign.
    """
    stale = False
    for token in _given(request, _PERSON) if "login" not in asked.prompts else ():
        person, late = await _person(rt, token, asked)
        stale = stale or late
        if person is not None:
            return Recognised(person=person)
    for token in _given(request, _DEVICE):
        device_id, late = await _device(rt, token, asked)
        stale = stale or late
        if device_id is not None:
            return Recognised(device_id=device_id)
    return Recognised(again=await _again(rt, request, asked) if stale else "")


def _given(request: Request, names: tuple[str, ...]) -> Iterator[str]:
    """The values of these names: brokers send headers, browsers cookies."""
    cookies = {name.lower(): value for name, value in request.cookies.items()}
    for name in names:
        yield from filter(None, (request.headers.get(name), cookies.get(name)))


async def _person(rt: Runtime, token: str, asked: AuthorizeRequest) -> tuple[tuple[str, Proof] | None, bool]:
    """Tenant and proof of a PRT's credential, and whether only its nonce was wrong."""
    try:
        signed = await broker.session_signed(rt, token)
        if asked.tenant not in {None, signed.tenant}:
            return None, False

        def use(tx: Tx) -> Proof:
            proof = Proof.of(broker.spend(tx, signed))
            require_standing(tx, proof)
            return replace(proof, ztdid=asked.ztdid or proof.ztdid)

        proof = await rt.store.write(signed.tenant, use, correlation=asked.correlation)
    except SignInError as error:
        return None, isinstance(error, NonceInvalid)
    return (signed.tenant, proof), False


async def _device(rt: Runtime, token: str, asked: AuthorizeRequest) -> tuple[str | None, bool]:
    """The device id of a device's credential. Where the tenant is not known yet, a device's word is none."""
    try:
        signed = await broker.device_signed(rt, token)
        if asked.tenant != signed.tenant:
            return None, False

        def use(tx: Tx) -> str:
            nonces.use_nonce(tx, signed.nonce)
            return str(require_device(tx, signed.device["device_id"])["device_id"])

        return await rt.store.write(signed.tenant, use, correlation=asked.correlation), False
    except SignInError as error:
        return None, isinstance(error, NonceInvalid)


async def _again(rt: Runtime, request: Request, asked: AuthorizeRequest) -> str:
    """The same address with a new nonce; empty when the browser was given one that it did not use."""
    if request.method != "GET" or await _unused(rt, request.query_params.get(_NONCE, ""), asked):
        return ""
    pairs = [(name, value) for name, value in parse_qsl(request.url.query, keep_blank_values=True) if name != _NONCE]
    return f"{request.url.path}?{urlencode([*pairs, (_NONCE, nonces.make_nonce(rt))])}"


async def _unused(rt: Runtime, nonce: str, asked: AuthorizeRequest) -> bool:
    try:
        nonces.check_nonce(rt, nonce)
    except NonceInvalid:
        return False
    tenant = asked.tenant
    return tenant is None or not await rt.store.read(tenant, lambda tx: nonces.was_used(tx, nonce))
