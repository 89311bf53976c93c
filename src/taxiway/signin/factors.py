"""Second factors: Temporary Access Pass, authenticator app, recovery codes, passkey (03 sections 3.5 and 5.3)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import struct
from datetime import datetime, timedelta
from urllib.parse import quote

import sqlalchemy as sa

from taxiway import directory
from taxiway.directory import SYSTEM_PRINCIPAL, Principal
from taxiway.signin import passwords, recovery
from taxiway.signin.errors import FactorRefused, PassRefused, SignInError
from taxiway.signin.passkeys import passkeys_of
from taxiway.signin.tables import access_pass, totp
from taxiway.store import Row, Runtime, Tx

ACCESS_PASS, ONE_TIME_CODE, RECOVERY_CODE, PASSKEY = "AccessPass", "PhoneAppOTP", "RecoveryCode", "FidoKey"
#: Who has one of these shows it at every sign-in.
_REGISTERED = frozenset({ONE_TIME_CODE, PASSKEY})

#: No look-alikes: people read a pass aloud and type it on a PC without a clipboard.
_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789"
_PASS_LENGTH = 8
_SHORTEST, _LONGEST = 10, 43_200
_STEP = 30

_code = sa.select(totp).where(totp.c.tenant == sa.bindparam("t"), totp.c.user_id == sa.bindparam("u"))


async def issue_access_pass(
    rt: Runtime,
    tenant: str,
    user_id: str,
    *,
    lifetime_minutes: int = 60,
    once: bool = False,
    principal: Principal = SYSTEM_PRINCIPAL,
) -> str:
    """Give a user a Temporary Access Pass, shown once; an earlier one ends. Lifetime: 10 minutes to 30 days."""
    code = "".join(_ALPHABET[rt.entropy.below(len(_ALPHABET))] for _ in range(_PASS_LENGTH))
    hashed = await passwords.hash_secret(rt, code)
    minutes = min(max(lifetime_minutes, _SHORTEST), _LONGEST)

    def save(tx: Tx) -> None:
        directory.require(tx, principal, "users.access_pass.create", ("user", user_id))
        directory.USERS.require(tx, user_id)
        tx.execute(sa.delete(access_pass).where(access_pass.c.tenant == tx.tenant, access_pass.c.user_id == user_id))
        tx.execute(
            sa.insert(access_pass).values(
                tenant=tx.tenant,
                id=tx.entropy.uuid(),
                user_id=user_id,
                hash=hashed,
                created_at=tx.now,
                expires_at=tx.now + timedelta(minutes=minutes),
                once=once,
                used_at=None,
            )
        )
        tx.log("access_pass.issued", subject=f"user:{user_id}", what={"minutes": minutes, "once": once})

    await rt.store.write(tenant, save, actor=f"{principal.kind}:{principal.id}")
    return code


async def register_totp(rt: Runtime, tenant: str, user_id: str) -> str:
    """Give a user an authenticator secret; the ``otpauth`` address to show as a QR code, this once."""
    secret = new_secret(rt)

    def save(tx: Tx) -> str:
        upn = str(directory.USERS.require(tx, user_id)["user_principal_name"])
        _keep_secret(tx, user_id, secret, last_step=0)
        return otpauth(upn, secret, directory.get_tenant(tx)["display_name"])

    return await rt.store.write(tenant, save)


def new_secret(rt: Runtime) -> str:
    """A secret for an authenticator app: 160 bits in base32."""
    return base64.b32encode(rt.entropy.bytes(20)).decode()


def otpauth(upn: str, secret: str, organization: str) -> str:
    """The address that authenticator apps read."""
    issuer = quote(organization, safe="")
    return f"otpauth://totp/{issuer}:{quote(upn)}?secret={secret.rstrip('=')}&issuer={issuer}"


def register_code(tx: Tx, user_id: str, secret: str, code: str) -> bool:
    """Register an authenticator whose first code is right; that code is used up."""
    step = _right_step(base64.b32decode(secret), code, tx.now)
    if step is None:
        return False
    _keep_secret(tx, user_id, secret, last_step=step)
    return True


def _keep_secret(tx: Tx, user_id: str, secret: str, *, last_step: int) -> None:
    tx.execute(sa.delete(totp).where(totp.c.tenant == tx.tenant, totp.c.user_id == user_id))
    sealed = tx.seal(base64.b32decode(secret), "totp", "secret", user_id)
    tx.execute(sa.insert(totp).values(tenant=tx.tenant, user_id=user_id, secret=sealed, last_step=last_step))
    tx.log("totp.registered", subject=f"user:{user_id}")


def forget_totp(tx: Tx, user_id: str, *, principal: Principal) -> bool:
    """Take a user's authenticator away, with its recovery codes; whether there was one."""
    directory.require(tx, principal, "users.access_pass.delete", ("user", user_id))
    gone = tx.execute(sa.delete(totp).where(totp.c.tenant == tx.tenant, totp.c.user_id == user_id)).rowcount > 0
    recovery.forget(tx, user_id)
    if gone:
        tx.log("totp.removed", subject=f"user:{user_id}")
    return gone


def forget_access_pass(tx: Tx, user_id: str, *, principal: Principal) -> bool:
    """End a user's Temporary Access Pass; whether there was one."""
    directory.require(tx, principal, "users.access_pass.delete", ("user", user_id))
    mine = (access_pass.c.tenant == tx.tenant) & (access_pass.c.user_id == user_id)
    gone = tx.execute(sa.delete(access_pass).where(mine)).rowcount > 0
    if gone:
        tx.log("access_pass.removed", subject=f"user:{user_id}")
    return gone


def methods_of(tx: Tx, user_id: str) -> list[str]:
    """The second factors a user has now."""
    found = []
    if active_pass(tx, user_id) is not None:
        found.append(ACCESS_PASS)
    if tx.one(_code, {"t": tx.tenant, "u": user_id}) is not None:
        found.append(ONE_TIME_CODE)
    if recovery.left(tx, user_id):
        found.append(RECOVERY_CODE)
    if passkeys_of(tx, user_id):
        found.append(PASSKEY)
    return found


def can_prove(tx: Tx, user_id: str) -> bool:
    """Whether a user has any second factor to show now."""
    return bool(methods_of(tx, user_id))


def is_registered(tx: Tx, user_id: str) -> bool:
    """Whether a user has a second factor of their own, which then is asked for at every sign-in with a password."""
    return not _REGISTERED.isdisjoint(methods_of(tx, user_id))


def active_pass(tx: Tx, user_id: str) -> Row | None:
    """The user's pass while it can be used."""
    row = tx.one(sa.select(access_pass).where(access_pass.c.tenant == tx.tenant, access_pass.c.user_id == user_id))
    if row is None or row["expires_at"] <= tx.now or (row["once"] and row["used_at"] is not None):
        return None
    return row


def spend_pass(tx: Tx, user_id: str, pass_id: str) -> None:
    """Use a pass whose hash was checked beside the transaction; raises ``PassRefused`` when it ended meanwhile."""
    row = active_pass(tx, user_id)
    if row is None or row["id"] != pass_id:
        raise wrong(ACCESS_PASS)
    mine = (access_pass.c.tenant == tx.tenant) & (access_pass.c.id == pass_id)
    tx.execute(sa.update(access_pass).where(mine).values(used_at=tx.now))


def spend(tx: Tx, user_id: str, method: str, answer: str) -> bool:
    """Whether an answer is right for a method that is checked within the transaction; a right one is used up."""
    if method == RECOVERY_CODE:
        return recovery.spend(tx, user_id, answer)
    return method == ONE_TIME_CODE and spend_code(tx, user_id, answer)


def spend_code(tx: Tx, user_id: str, code: str) -> bool:
    """Whether a one-time code is right: one step of clock drift either way, and never twice."""
    row = tx.one(_code, {"t": tx.tenant, "u": user_id})
    if row is None:
        return False
    step = _right_step(tx.unseal(row["secret"], "totp", "secret", user_id), code, tx.now)
    if step is None or step <= row["last_step"]:
        return False
    mine = (totp.c.tenant == tx.tenant) & (totp.c.user_id == user_id)
    tx.execute(sa.update(totp).where(mine).values(last_step=step))
    return True


def code_at(secret: bytes, step: int) -> str:
    """The six digits of RFC 6238 for a time step (SHA-1, 30 seconds)."""
    digest = hmac.new(secret, struct.pack(">Q", step), hashlib.sha1).digest()
    offset = digest[-1] & 0x0F
    number = struct.unpack(">I", digest[offset : offset + 4])[0] & 0x7FFF_FFFF
    return f"{number % 1_000_000:06d}"


def wrong(method: str) -> SignInError:
    """What a wrong answer to this method is called."""
    if method == ACCESS_PASS:
        return PassRefused("The Temporary Access Pass is wrong, was used, or has run out.", remedy="Ask for a new one.")
    return FactorRefused("The code is wrong, or was used already.", remedy="Wait for the next code.")


def _right_step(secret: bytes, code: str, now: datetime) -> int | None:
    """The latest time step, of this one and its neighbours, whose code this is."""
    step = int(now.timestamp()) // _STEP
    right = [s for s in (step - 1, step, step + 1) if hmac.compare_digest(code_at(secret, s), _digits(code))]
    return right[-1] if right else None


def _digits(code: str) -> str:
    return "".join(sign for sign in code if sign in "0123456789")
