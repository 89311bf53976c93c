"""Bulk tokens, with which a provisioning package joins devices (03 section 8.12).

The token belongs to an account made for the package. It is made when ``begin`` is asked for and shown once, to the one
who asked, by ``poll``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from msgspec import Struct

from taxiway import directory
from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.signin import issued, resources
from taxiway.signin.claims import Facts, id_claims, load
from taxiway.signin.errors import BulkNotAllowed, BulkRequestInvalid, CodeExpired, GrantInvalid, SignInError
from taxiway.signin.model import BULK_CLIENT, DRS_RESOURCE, Claims, Proof, principal_of
from taxiway.signin.sealed import digest, opaque
from taxiway.signin.tables import bulk_token
from taxiway.signin.tokens import sign
from taxiway.store import Row, Runtime, Tx

_LONGEST = timedelta(days=180)
_DEFAULT = timedelta(days=30)
#: A token that nobody fetched is not kept for ever.
_SHOWN_WITHIN = timedelta(hours=1)
_FORMS = ("%Y-%m-%d %H:%M:%S", "%m/%d/%Y")


class PackageRequest(Struct, frozen=True):
    """What ``begin`` is asked: the package's GUID, a name for people, and until when."""

    pid: str
    name: str = ""
    exp: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """A token that is about to be shown."""

    token: str
    facts: Facts
    proof: Proof
    expires_at: datetime


async def begin(rt: Runtime, claims: Claims, asked: PackageRequest, *, correlation: str) -> str:
    """Make the token; the flow under which it is fetched. Raises ``BulkNotAllowed`` or ``BulkRequestInvalid``."""
    package, expires_at = _package(asked.pid), _expiry(asked.exp, rt.clock.now())
    actor = f"user:{claims.oid}"
    flow = await rt.store.write(
        claims.tenant,
        lambda tx: _make(tx, claims, package, asked.name[:64], expires_at),
        actor=actor,
        correlation=correlation,
    )
    if isinstance(flow, SignInError):
        raise flow
    return flow


async def poll(rt: Runtime, claims: Claims, flow: str, *, correlation: str) -> dict[str, str]:
    """The token reply that ends the flow, once; raises ``GrantInvalid``."""
    shown = await rt.store.write(claims.tenant, lambda tx: _show(tx, claims, flow), correlation=correlation)
    (id_token,) = await sign(rt, id_claims(rt, shown.facts, shown.proof, BULK_CLIENT, version="1.0"))
    seconds = int((shown.expires_at - shown.facts.now).total_seconds())
    return {
        "token_type": "Bearer",
        "scope": "user_impersonation",
        "resource": DRS_RESOURCE,
        "expires_in": str(seconds),
        "ext_expires_in": "0",
        "expires_on": str(int(shown.expires_at.timestamp())),
        "refresh_token": shown.token,
        "id_token": id_token,
    }


def proof_of(tx: Tx, token: str) -> Proof:
    """Whom a bulk token stands for: the account of its package, and nobody in front of a screen."""
    row = tx.one(sa.select(bulk_token).where(bulk_token.c.tenant == tx.tenant, bulk_token.c.hash == digest(token)))
    if row is None:
        raise GrantInvalid("The bulk token is not known.", remedy="Make a new provisioning package.")
    if row["expires_at"] <= tx.now:
        raise CodeExpired("The bulk token has expired.", remedy="Make a new provisioning package.")
    return _proof(row)


def _make(tx: Tx, claims: Claims, package: str, name: str, expires_at: datetime) -> str | SignInError:
    """A refusal is kept in the log, so it is returned instead of raised."""
    decision = directory.decide(tx, principal_of(claims), "devices.bulk_token")
    if not decision.value:
        what = {"package": package, "by": claims.upn}
        tx.log("bulk_token.refused", subject=f"user:{claims.oid}", what=what, why=decision.reasons)
        return BulkNotAllowed("The user may not make bulk tokens.", reasons=decision.reasons)
    user = _account(tx, package)
    token, flow = opaque(tx.tenant, tx.entropy.token(32), kind=issued.BULK), f"{claims.oid}.{tx.entropy.token(24)}"
    hashed = digest(token)
    values = {
        "hash": hashed,
        "user_id": user["id"],
        "flow": digest(flow),
        "unseen": tx.seal(token.encode(), "bulk_token", "unseen", hashed),
        "issued_at": tx.now,
        "expires_at": expires_at,
    }
    tx.execute(sa.insert(bulk_token).values(tenant=tx.tenant, **values))
    what = {"package": package, "name": name, "upn": user["user_principal_name"], "by": claims.upn}
    tx.log("bulk_token.issued", subject=f"user:{user['id']}", what={**what, "expires_at": expires_at.isoformat()})
    return flow


def _show(tx: Tx, claims: Claims, flow: str) -> Shown:
    """Only the one who asked knows the flow, and it says who that is."""
    mine = (bulk_token.c.tenant == tx.tenant) & (bulk_token.c.flow == digest(flow))
    row = tx.one(sa.select(bulk_token).where(mine))
    late = row is None or row["unseen"] is None or tx.now - row["issued_at"] > _SHOWN_WITHIN
    if row is None or late or flow.partition(".")[0] != claims.oid:
        raise GrantInvalid("The flow is not known, or its token was shown already.", remedy="Begin again.")
    token = tx.unseal(row["unseen"], "bulk_token", "unseen", row["hash"]).decode()
    tx.execute(sa.update(bulk_token).where(mine).values(unseen=None))
    proof = _proof(row)
    target = resources.target_of(tx, resources.client_of(tx, BULK_CLIENT), DRS_RESOURCE)
    return Shown(token, load(tx, proof, BULK_CLIENT, target), proof, row["expires_at"])


def _account(tx: Tx, package: str) -> Row:
    """The package's account, which has no password and so signs in nowhere."""
    upn = f"package_{package}@{directory.get_tenant(tx)['initial_domain']}"
    known = directory.find_user(tx, upn)
    if known is not None:
        return known
    return directory.create_user(tx, principal=SYSTEM_PRINCIPAL, upn=upn, display_name=f"package_{package}")


def _proof(row: Row) -> Proof:
    return Proof(user_id=row["user_id"], amr=(), auth_time=row["issued_at"])


def _package(pid: str) -> str:
    try:
        return str(UUID(pid))
    except ValueError as error:
        raise BulkRequestInvalid("The package id is not a GUID.") from error


def _expiry(text: str, now: datetime) -> datetime:
    """Until when, in one of the two forms that tools write; 30 days when nothing is said, never beyond 180."""
    if not text:
        return now + _DEFAULT
    for form in _FORMS:
        try:
            until = datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
        if not now < until <= now + _LONGEST:
            raise BulkRequestInvalid(f"A bulk token is good for at most {_LONGEST.days} days from now.")
        return until
    raise BulkRequestInvalid("The end of the bulk token is not a date.", remedy="Write it as YYYY-MM-DD HH:MM:SS.")
