"""The token endpoint: one module per grant (03 section 4.2)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from taxiway.signin.errors import GrantUnsupported, SignInError
from taxiway.signin.grants import client_credentials, code, on_behalf_of, password, prt, refresh
from taxiway.signin.grants.common import TokenRequest
from taxiway.signin.grants.prt import Answer
from taxiway.signin.nonces import make_nonce
from taxiway.store import Runtime, Tx

__all__ = ["Answer", "TokenRequest", "answer"]

_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_GRANTS: dict[str, Callable[[Runtime, TokenRequest], Awaitable[Answer]]] = {
    "authorization_code": code.redeem,
    "refresh_token": refresh.refresh,
    "password": password.sign_in,
    "client_credentials": client_credentials.sign_in,
}


async def answer(rt: Runtime, request: TokenRequest) -> Answer:
    """The answer of the token endpoint; a refusal is written to the log of the tenant it concerns, then raised."""
    try:
        return await _dispatch(rt, request)
    except SignInError as error:
        await _note(rt, request, error)
        raise


async def _dispatch(rt: Runtime, request: TokenRequest) -> Answer:
    match request.need("grant_type"):
        case grant if grant in _GRANTS:
            return await _GRANTS[grant](rt, request)
        case "srv_challenge":
            return {"Nonce": make_nonce(rt)}
        case grant if grant == _JWT_BEARER and "request" in request.form:
            return await prt.answer(rt, request)
        case grant if grant == _JWT_BEARER:
            return await on_behalf_of.exchange(rt, request)
        case grant:
            raise GrantUnsupported(f"The grant type '{grant[:80]}' is not supported.")


async def _note(rt: Runtime, request: TokenRequest, error: SignInError) -> None:
    tenant = request.tenant
    if tenant is None:
        return
    # Under ``common`` only the credential says whose it is, and a refused one is not to be believed.
    what = {"error": error.name, "message": error.message, "grant": request.form.get("grant_type", "")[:80]}

    def write(tx: Tx) -> None:
        tx.log(
            "token.refused",
            subject=f"tenant:{tenant}",
            what={**what, "client": request.form.get("client_id", "")[:64]},
            why=error.reasons,
        )

    await rt.store.write(tenant, write, correlation=request.correlation)
