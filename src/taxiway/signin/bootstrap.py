"""The first administrator of a tenant (01 section 2)."""

from __future__ import annotations

from taxiway import directory
from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.signin import passwords
from taxiway.store import Runtime, Tx

_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789"


async def bootstrap(rt: Runtime, tenant: str, upn: str, display_name: str = "Administrator") -> str:
    """Make a Global Administrator and return a one-time password, which the sign-in page asks to change at once.

    When the account exists and its password was never changed, it gets a new one; an account in use is left alone
    and the answer is empty.
    """
    found = await rt.store.read(tenant, lambda tx: _in_use(tx, upn))
    if found:
        return ""
    password = "-".join(_word(rt) for _ in range(4))
    hashed = await passwords.hash_secret(rt, password)

    def save(tx: Tx) -> None:
        user = directory.find_user(tx, upn)
        if user is None:
            user = directory.create_user(tx, principal=SYSTEM_PRINCIPAL, upn=upn, display_name=display_name)
        directory.assign_role(tx, user["id"], directory.GLOBAL_ADMINISTRATOR, principal=SYSTEM_PRINCIPAL)
        passwords.store_password(tx, user["id"], hashed, one_time=True)

    await rt.store.write(tenant, save)
    return password


def _in_use(tx: Tx, upn: str) -> bool:
    user = directory.find_user(tx, upn)
    known = passwords.find(tx, user["id"]) if user is not None else None
    return known is not None and not known["one_time"]


def _word(rt: Runtime) -> str:
    return "".join(_ALPHABET[rt.entropy.below(len(_ALPHABET))] for _ in range(5))
