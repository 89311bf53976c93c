"""The page on which a person types the code that a device shows (03 sections 4.3 and 15.9)."""

from __future__ import annotations

from starlette.responses import Response

from taxiway.signin import device_codes, lockout, page
from taxiway.signin.authorize import AuthorizeRequest
from taxiway.signin.errors import CodeUnknown, SignInError
from taxiway.signin.lockout import Caller
from taxiway.signin.page import Field, View
from taxiway.signin.sts import sts_of
from taxiway.store import SYSTEM, Row, Runtime, Tx


def ask(rt: Runtime, user_code: str, error: SignInError | None = None) -> Response:
    """The form; a code that came with the address is filled in and still has to be handed in by a person."""
    code = sts_of(error).code if error is not None else 0
    config = {"pgid": "ConvergedRemoteConnect", "sErrorCode": str(code) if code else "", "iErrorCode": code}
    view = View(
        title="Enter code",
        config=config,
        greeting="Enter the code that is shown on the other device.",
        error=" ".join(filter(None, (error.message, error.remedy))) if error is not None else "",
        action="/device",
        verb="Next",
        fields=(Field("user_code", "Code", "text", user_code),),
    )
    return page.render(view, nonce=rt.entropy.token(16))


async def begin(rt: Runtime, user_code: str, *, address: str, correlation: str) -> AuthorizeRequest:
    """The sign-in that a code asks for; guessing codes locks the network it comes from."""
    caller = Caller("", lockout.network_of(address))

    def look(tx: Tx) -> Row:
        lockout.require_open(tx, caller)
        return device_codes.find_pending(tx, user_code)

    try:
        row = await rt.store.read(SYSTEM, look)
    except CodeUnknown:
        await rt.store.write(SYSTEM, lambda tx: lockout.failed(tx, caller), correlation=correlation)
        raise
    return AuthorizeRequest(
        client_id=row["client_id"],
        redirect_uri="",
        identifier=row["resource"],
        scope=row["scope"],
        version=row["version"],
        tenant=row["asked_tenant"],
        device_code=row["hash"],
        asked_from=row["asked_from"],
        correlation=correlation,
    )
