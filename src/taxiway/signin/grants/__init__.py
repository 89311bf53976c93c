"""The token endpoint: one module per grant (03 section 4.2)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from taxiway.signin.errors import GrantUnsupported, SignInError
from taxiway.signin.forms import read_claims
from taxiway.signin.grants import (
    broker,
    bulk,
    client_credentials,
    code,
    device_code,
    on_behalf_of,
    password,
    refresh,
)
from taxiway.signin.grants.broker import Answer
from taxiway.signin.grants.common import TokenRequest
from taxiway.signin.nonces import make_nonce
from taxiway.store import Runtime, Tx

__all__ = ["Answer", "TokenRequest", "answer", "begin_device_code"]

_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_GRANTS: dict[str, Callable[[Runtime, TokenRequest], Awaitable[Answer]]] = {
    "authorization_code": code.redeem,
    "refresh_token": refresh.refresh,
    "password": password.sign_in,
    "client_credentials": client_credentials.sign_in,
    **dict.fromkeys(device_code.GRANTS, device_code.redeem),
}


async def answer(rt: Runtime, request: TokenRequest) -> Answer:
    """The answer of the token endpoint; a refusal is written to the log of the tenant it concerns, then raised."""
    try:
        return await _dispatch(rt, request)
    except SignInError as error:
        await _note(rt, request, error)
        raise


async def begin_device_code(rt: Runtime, request: TokenRequest) -> Answer:
    """The answer of the device authorization endpoint."""
    try:
        return await device_code.start(rt, request)
    except SignInError as error:
        await _note(rt, request, error)
        raise


async def _dispatch(rt: Runtime, request: TokenRequest) -> Answer:
    grant = request.need("grant_type")
    read_claims(request.form.get("claims", ""))
    if "stk_jwk" in request.form:
        raise GrantUnsupported("A primary refresh token without a device is not offered.", remedy="Join the device.")
    if grant == "srv_challenge":
        return {"Nonce": make_nonce(rt)}
    if grant == _JWT_BEARER:
        return await (broker.answer if "request" in request.form else on_behalf_of.exchange)(rt, request)
    if bulk.is_bulk(request):
        return await bulk.redeem(rt, request)
    known = _GRANTS.get(grant)
    if known is None:
        raise GrantUnsupported(f"The grant type '{grant[:80]}' is not supported.")
    return await known(rt, request)


async def _note(rt: Runtime, request: TokenRequest, error: SignInError) -> None:
    # Under ``common`` only the credential says whose it is, and one that was not good is not to be believed.
    tenant, subject = error.about or (request.tenant, f"tenant:{request.tenant}")
    if tenant is None:
        return
    what = {"error": error.name, "message": error.message, "grant": request.form.get("grant_type", "")[:80]}

    def write(tx: Tx) -> None:
        tx.log(
            "token.refused",
            subject=subject,
            what={**what, "client": request.form.get("client_id", "")[:64]},
            why=error.reasons,
        )

    await rt.store.write(tenant, write, correlation=request.correlation)
