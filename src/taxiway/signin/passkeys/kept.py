"""The passkeys that users have."""

from __future__ import annotations

import sqlalchemy as sa

from taxiway import directory
from taxiway.directory import Principal
from taxiway.signin import recovery
from taxiway.signin.passkeys.ceremony import NewPasskey, key_of, refused
from taxiway.signin.passkeys.tables import passkey
from taxiway.signin.revocation import revoke_for_key
from taxiway.signin.tables import totp
from taxiway.store import Row, Tx

#: More than anybody has; a bound for what a page lists.
_MOST = 20

_one = sa.select(passkey).where(passkey.c.tenant == sa.bindparam("t"), passkey.c.id == sa.bindparam("i"))
_mine = (
    sa.select(passkey)
    .where(passkey.c.tenant == sa.bindparam("t"), passkey.c.user_id == sa.bindparam("u"))
    .order_by(passkey.c.created_at, passkey.c.id)
)


def passkeys_of(tx: Tx, user_id: str) -> list[Row]:
    """The passkeys of a user, the oldest first."""
    return tx.all(_mine, {"t": tx.tenant, "u": user_id})


def find(tx: Tx, passkey_id: str) -> Row | None:
    """A passkey by its id."""
    return tx.one(_one, {"t": tx.tenant, "i": passkey_id})


def keep(tx: Tx, user_id: str, new: NewPasskey) -> None:
    """Keep a new passkey; raises ``PasskeyRefused`` when it is somebody's already, or the user has enough."""
    passkey_id = key_of(new.credential_id)
    if find(tx, passkey_id) is not None:
        raise refused("The passkey is registered already.")
    if len(passkeys_of(tx, user_id)) >= _MOST:
        raise refused(f"A user has at most {_MOST} passkeys.")
    tx.execute(
        sa.insert(passkey).values(
            tenant=tx.tenant,
            id=passkey_id,
            user_id=user_id,
            credential_id=new.credential_id,
            public_key=new.public_key,
            sign_count=new.sign_count,
            display_name=f"Passkey of {tx.now:%Y-%m-%d}",
            aaguid=new.aaguid,
            created_at=tx.now,
        )
    )
    tx.log("passkey.registered", subject=f"user:{user_id}", what={"passkey": passkey_id, "aaguid": new.aaguid})


def spend(tx: Tx, read: Row, sign_count: int) -> None:
    """Note the use of a passkey that was read before its answer was checked; raises ``PasskeyRefused``.

    A counter that does not grow means that there are two of the authenticator; another use in between is as bad.
    """
    which = (passkey.c.tenant == tx.tenant) & (passkey.c.id == read["id"])
    same = which & (passkey.c.sign_count == read["sign_count"]) & (passkey.c.public_key == read["public_key"])
    changed = tx.execute(sa.update(passkey).where(same).values(sign_count=sign_count, used_at=tx.now))
    if changed.rowcount == 0:
        raise refused("The passkey was removed, or used elsewhere at the same time.")


def forget_passkey(tx: Tx, user_id: str, passkey_id: str, *, principal: Principal) -> bool:
    """Take a passkey away, and end what began with it; whether there was one."""
    directory.require(tx, principal, "users.access_pass.delete")
    which = (passkey.c.tenant == tx.tenant) & (passkey.c.user_id == user_id) & (passkey.c.id == passkey_id)
    gone = tx.execute(sa.delete(passkey).where(which)).rowcount > 0
    if gone:
        revoke_for_key(tx, user_id, passkey_id)
        _forget_orphaned_codes(tx, user_id)
        tx.log("passkey.removed", subject=f"user:{user_id}", what={"passkey": passkey_id})
    return gone


def _forget_orphaned_codes(tx: Tx, user_id: str) -> None:
    """Recovery codes stand in for an authenticator or a passkey: with the last of them they go."""
    has_totp = tx.one(sa.select(totp.c.user_id).where(totp.c.tenant == tx.tenant, totp.c.user_id == user_id))
    if has_totp is None and not passkeys_of(tx, user_id):
        recovery.forget(tx, user_id)
