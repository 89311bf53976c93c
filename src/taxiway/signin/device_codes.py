"""Device codes: a program without a browser waits while a person approves it in one (03 sections 4.3 and 15.9).

While a code waits nobody knows whose it will be, so its row is the instance's and names no person. What the person
proved is kept in the person's tenant, and the row then says in which.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from taxiway.kernel import Entropy
from taxiway.signin.errors import CodeDeclined, CodeExpired, CodePending, CodeTooSoon, CodeUnknown
from taxiway.signin.model import Proof
from taxiway.signin.sealed import digest
from taxiway.signin.tables import device_code, device_grant
from taxiway.store import SYSTEM, Row, Runtime, Tx

LIFETIME = timedelta(minutes=15)
INTERVAL = 5

#: Twenty consonants and digits that nobody confuses: nine of them make 41 bits.
_ALPHABET = "BCDFGHJKLMNPQRSTVWXZ2456789"
_LENGTH = 9

_by_hash = sa.select(device_code).where(device_code.c.tenant == SYSTEM, device_code.c.hash == sa.bindparam("h"))
_by_user_code = sa.select(device_code).where(
    device_code.c.tenant == SYSTEM, device_code.c.user_code == sa.bindparam("c")
)
_granted = sa.select(device_grant).where(
    device_grant.c.tenant == sa.bindparam("t"), device_grant.c.hash == sa.bindparam("h")
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a device asks for. ``tenant``: of the path, None for ``common``; ``network``: where it asked from."""

    client_id: str
    resource: str
    scope: str
    version: str
    tenant: str | None
    network: str


def start(tx: Tx, wanted: Wanted) -> tuple[str, str]:
    """A device code and its user code; both are good for fifteen minutes."""
    code, user_code = tx.entropy.token(32), _user_code(tx.entropy)
    values: dict[str, Any] = {
        "hash": digest(code),
        "user_code": digest(user_code),
        "client_id": wanted.client_id,
        "resource": wanted.resource,
        "scope": wanted.scope,
        "version": wanted.version,
        "asked_from": wanted.network,
        "asked_tenant": wanted.tenant,
        "state": "pending",
        "expires_at": tx.now + LIFETIME,
    }
    tx.execute(sa.insert(device_code).values(tenant=SYSTEM, **values))
    return code, user_code


def find_pending(tx: Tx, user_code: str) -> Row:
    """The row that a person's code names; raises ``CodeUnknown`` also for one that was used or ran out."""
    typed = "".join(sign for sign in user_code.upper() if sign.isalnum())
    row = tx.one(_by_user_code, {"c": digest(typed)})
    if row is None or row["state"] != "pending" or row["expires_at"] <= tx.now:
        raise CodeUnknown("That code did not work.", remedy="Check it, or start again on the device.")
    return row


def find_approvable(tx: Tx, hashed: str) -> Row:
    """The row behind a page that is open; raises ``CodeUnknown`` once it was answered or ran out."""
    row = tx.one(_by_hash, {"h": hashed})
    if row is None or row["state"] != "pending" or row["expires_at"] <= tx.now:
        raise CodeUnknown("This code was answered already, or has run out.", remedy="Start again on the device.")
    return row


async def approve(
    rt: Runtime, tenant: str, hashed: str, proof: Proof, *, what: dict[str, Any], correlation: str
) -> None:
    """Keep what the person proved, then let the waiting device know in which tenant it is."""

    def grant(tx: Tx) -> None:
        before = (device_grant.c.tenant == tx.tenant) & (device_grant.c.hash == hashed)
        tx.execute(sa.delete(device_grant).where(before))
        values = {"hash": hashed, "expires_at": tx.now + LIFETIME, **proof.row()}
        tx.execute(sa.insert(device_grant).values(tenant=tx.tenant, **values))
        tx.log("device_code.approved", subject=proof.subject, what=what)

    await rt.store.write(tenant, grant, correlation=correlation)
    await rt.store.write(SYSTEM, lambda tx: _answer(tx, hashed, "approved", tenant), correlation=correlation)


async def decline(
    rt: Runtime, tenant: str, hashed: str, proof: Proof, *, what: dict[str, Any], correlation: str
) -> None:
    """The person said no."""
    await rt.store.write(SYSTEM, lambda tx: _answer(tx, hashed, "declined", None), correlation=correlation)
    await rt.store.write(
        tenant, lambda tx: tx.log("device_code.declined", subject=proof.subject, what=what), correlation=correlation
    )


def poll(tx: Tx, code: str, client_id: str) -> Row | CodePending | CodeTooSoon:
    """The row once it was approved; what is still to wait for is returned, since the time of asking has to be kept."""
    row = tx.one(_by_hash, {"h": digest(code)})
    if row is None or row["client_id"] != client_id:
        raise CodeUnknown("The device code is not known for this client.", remedy="Start again.")
    if row["state"] == "declined":
        raise CodeDeclined("The person declined the request.")
    if row["expires_at"] <= tx.now:
        raise CodeExpired("The device code has expired.", remedy="Start again.")
    if row["state"] == "approved":
        return row
    mine = (device_code.c.tenant == SYSTEM) & (device_code.c.hash == row["hash"])
    tx.execute(sa.update(device_code).where(mine).values(polled_at=tx.now))
    if row["polled_at"] is not None and tx.now - row["polled_at"] < timedelta(seconds=INTERVAL - 1):
        return CodeTooSoon(f"The device asks more often than every {INTERVAL} seconds.", remedy="Wait longer.")
    return CodePending("Nobody has approved the code yet.", remedy="Ask again after the interval.")


def redeem(tx: Tx, hashed: str) -> Proof | None:
    """What was approved, once; None when it was fetched before."""
    row = tx.one(_granted, {"t": tx.tenant, "h": hashed})
    if row is None or row["expires_at"] <= tx.now:
        return None
    mine = (device_grant.c.tenant == tx.tenant) & (device_grant.c.hash == hashed)
    tx.execute(sa.delete(device_grant).where(mine))
    return Proof.of(row)


def _answer(tx: Tx, hashed: str, state: str, tenant: str | None) -> None:
    row = find_approvable(tx, hashed)
    mine = (device_code.c.tenant == SYSTEM) & (device_code.c.hash == row["hash"])
    tx.execute(sa.update(device_code).where(mine).values(state=state, tenant_id=tenant))


def _user_code(entropy: Entropy) -> str:
    return "".join(_ALPHABET[entropy.below(len(_ALPHABET))] for _ in range(_LENGTH))
