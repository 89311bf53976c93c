"""The assertion that a Windows Hello key signs (03 section 7.6)."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from taxiway import directory
from taxiway.signin import lockout, nonces
from taxiway.signin.broker import DeviceSigned, SignedToken, check_times
from taxiway.signin.credentials import require_enabled
from taxiway.signin.errors import (
    HelloDeviceDisabled,
    HelloKeyUnknown,
    HelloSignatureWrong,
    NonceInvalid,
    SignInError,
)
from taxiway.signin.grants.broker.asked import text
from taxiway.signin.hello import find_hello_key
from taxiway.signin.lockout import Caller
from taxiway.signin.model import Proof
from taxiway.store import Row, Runtime, Tx
from taxiway.wire import rsa_blob


@dataclass(frozen=True, slots=True)
class Assertion:
    """An assertion that was good. ``nonce``: its own, when it brought one beside that of the signed request."""

    caller: Caller
    key_id: str
    nonce: str


async def check(rt: Runtime, signed: DeviceSigned, *, address: str, correlation: str) -> Assertion:
    """Check key, signature, audience, times and nonce; a wrong one counts towards the lock of the account."""
    token = SignedToken.parse(text(signed.claims, "assertion"))
    caller, name = Caller.of(text(token.claims, "iss"), address), text(token.header, "kid")
    key = await rt.store.read(signed.tenant, lambda tx: _key(tx, caller, name))
    try:
        _check_signature(token, key)
    except SignInError:
        await rt.store.write(signed.tenant, lambda tx: lockout.failed(tx, caller), correlation=correlation)
        raise
    if text(token.claims, "aud").lower() not in {signed.tenant, "common"} or token.claims.get("exp") is None:
        raise HelloSignatureWrong("The assertion is for another tenant, or does not say how long it is good.")
    check_times(rt, token.claims)
    return Assertion(caller, name, _nonce(rt, signed, token, key))


def confirm(tx: Tx, assertion: Assertion) -> Proof:
    """What the assertion proves, after what was read before was checked again; forgets earlier failures."""
    key = _key(tx, assertion.caller, assertion.key_id)
    if key is None:
        raise _unknown()
    if assertion.nonce:
        nonces.use_nonce(tx, assertion.nonce)
    device = directory.find_device(tx, device_id=key["device_id"])
    if device is None or not device["account_enabled"]:
        raise HelloDeviceDisabled(
            "The device of the Windows Hello key is disabled.", remedy="Ask an administrator to enable it."
        )
    require_enabled(directory.USERS.require(tx, key["user_id"]))
    lockout.succeeded(tx, assertion.caller)
    return Proof(user_id=key["user_id"], amr=("rsa", "mfa"), auth_time=tx.now, mfa_at=tx.now, key_id=assertion.key_id)


def _key(tx: Tx, caller: Caller, name: str) -> Row | None:
    """The user's registered key; whether the account or the key is unknown makes no difference."""
    lockout.require_open(tx, caller)
    user = directory.find_user(tx, caller.account) if "@" in caller.account else None
    key = find_hello_key(tx, name)
    return key if key is not None and user is not None and key["user_id"] == user["id"] else None


def _check_signature(token: SignedToken, key: Row | None) -> None:
    if key is None:
        raise _unknown()
    good = token.header.get("alg") == "RS256" and token.header.get("use") == "ngc"
    if not good or not token.verify(rsa_blob.decode(base64.b64decode(key["blob"]))):
        raise HelloSignatureWrong("The assertion is not signed with the Windows Hello key.")


def _nonce(rt: Runtime, signed: DeviceSigned, token: SignedToken, key: Row | None) -> str:
    """A nonce must be a good one; on another device than that of the key there must be one."""
    nonce = token.claims.get("request_nonce")
    if nonce is None and key is not None and key["device_id"] == signed.device["device_id"]:
        return ""
    if nonce is None:
        raise NonceInvalid("The assertion was made on another device and has no nonce.")
    return "" if nonce == signed.nonce else nonces.check_nonce(rt, nonce)


def _unknown() -> HelloKeyUnknown:
    return HelloKeyUnknown("The Windows Hello key is not registered.", remedy="Set up Windows Hello again.")
