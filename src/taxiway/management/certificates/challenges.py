"""One-time challenges, and the decision on a certificate request that brings one (RFC 8894, section 7.3)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

import sqlalchemy as sa

from taxiway.kernel import Reason
from taxiway.management.certificates.tables import scep_challenge
from taxiway.store import Tx
from taxiway.wire.scep import FailInfo
from taxiway.wire.scep_content import Request

#: How long a device has from the moment it is sent the challenge.
LIFETIME: Final = timedelta(days=1)
#: How long a used one is kept, so that a request that comes again gets the same certificate.
_KEPT: Final = timedelta(days=7)
_SLICE: Final = 500
_c = scep_challenge.c
_mine = (_c.tenant == sa.bindparam("t")) & (_c.hash == sa.bindparam("h"))
_find = sa.select(scep_challenge).where(_mine)
_use = (
    sa.update(scep_challenge)
    .where(_mine, _c.used_at.is_(None))
    .values({name: sa.bindparam(f"new_{name}") for name in ("used_at", "key_hash", "transaction", "thumbprint")})
)

Challenge = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a request: a certificate, the one it was given before, or a refusal with its reason."""

    value: Literal["issue", "again", "refuse"]
    why: Reason
    fail: FailInfo = FailInfo.BAD_REQUEST


def draw(tx: Tx, managed_id: str, configuration_id: str, terms: Mapping[str, Any]) -> str:
    """A challenge for one enrolment; those the device was given before for the same profile are void, if not used."""
    of = (_c.tenant == tx.tenant) & (_c.managed_id == managed_id) & (_c.configuration_id == configuration_id)
    tx.execute(sa.delete(scep_challenge).where(of, _c.used_at.is_(None)))
    challenge = tx.entropy.token()
    values = {
        "tenant": tx.tenant,
        "hash": _hash(challenge),
        "managed_id": managed_id,
        "configuration_id": configuration_id,
        "terms": dict(terms),
        "expires_at": tx.now + LIFETIME,
    }
    tx.execute(sa.insert(scep_challenge).values(values))
    return challenge


def find(tx: Tx, challenge: str) -> Challenge | None:
    """What is known of a challenge in this tenant."""
    return tx.one(_find, {"t": tx.tenant, "h": _hash(challenge)})


def judge(known: Challenge | None, request: Request, key_hash: str, transaction: str, now: datetime) -> Verdict:
    """Whether a request gets a certificate; pure. What differs from what was granted is said, but never what was."""
    if known is None:
        text = "No challenge that this tenant's devices were given, or one that is void; no certificate that vouches."
        return _refuse("unknown", text)
    if known["used_at"] is not None:
        if (known["key_hash"], known["transaction"]) == (key_hash, transaction):
            return Verdict("again", Reason("scep.again", "The same request came before; it has its certificate."))
        return _refuse("used", "The challenge was used for another key or transaction.")
    if known["expires_at"] < now:
        return _refuse("expired", "The challenge is older than a day.", FailInfo.BAD_TIME)
    return _against(known["terms"], request)


def use(tx: Tx, challenge: str, key_hash: str, transaction: str, thumbprint: str) -> None:
    """The challenge has its certificate."""
    told = {"used_at": tx.now, "key_hash": key_hash, "transaction": transaction, "thumbprint": thumbprint}
    values = {f"new_{name}": value for name, value in told.items()}
    tx.execute(_use, {"t": tx.tenant, "h": _hash(challenge), **values})


def forget_of(tx: Tx, managed_id: str) -> None:
    """The device is not managed any more."""
    tx.execute(sa.delete(scep_challenge).where(_c.tenant == tx.tenant, _c.managed_id == managed_id))


def forget_challenges(tx: Tx) -> bool:
    """Delete what ran out; whether there may be more of it."""
    old = sa.select(_c.hash).where(_c.tenant == tx.tenant, _c.expires_at < tx.now - _KEPT).limit(_SLICE)
    gone = tx.execute(sa.delete(scep_challenge).where(_c.tenant == tx.tenant, _c.hash.in_(old)))
    return gone.rowcount >= _SLICE


def _against(terms: Mapping[str, Any], request: Request) -> Verdict:
    """The request against what was granted."""
    if request.subject != terms["subject"]:
        return _refuse("subject", "The request's subject is not that of the profile.")
    if sorted(request.names) != sorted(terms["names"]):
        return _refuse("names", "The request's alternative names are not those of the profile.")
    if request.key.key_size < int(terms["bits"]):
        return _refuse("key", "The request's key is shorter than the profile asks for.", FailInfo.BAD_ALG)
    return Verdict("issue", Reason("scep.granted", "The challenge is this device's and the request is as it was told."))


def _refuse(code: str, text: str, fail: FailInfo = FailInfo.BAD_REQUEST) -> Verdict:
    return Verdict("refuse", Reason(f"scep.{code}", text), fail)


def renewal(transaction: str, key_hash: str, thumbprint: str) -> str:
    """What stands in a challenge's place where a certificate vouches for the next one: the same for a repetition."""
    return f"renewal|{thumbprint}|{key_hash}|{transaction}"


def vouched(tx: Tx, token: str, managed_id: str, profile: str, terms: Mapping[str, Any]) -> Challenge:
    """The grant of a renewal, kept like a challenge from its first request on."""
    known = find(tx, token)
    if known is not None:
        return known
    values = {"managed_id": managed_id, "configuration_id": profile, "terms": dict(terms)}
    return {**values, "hash": _hash(token), "expires_at": tx.now + LIFETIME, "used_at": None}


def keep(tx: Tx, known: Challenge) -> None:
    """Put the grant of a renewal on record where it is not yet."""
    if tx.one(_find, {"t": tx.tenant, "h": known["hash"]}) is None:
        names = ("hash", "managed_id", "configuration_id", "terms", "expires_at")
        tx.execute(sa.insert(scep_challenge).values({"tenant": tx.tenant, **{name: known[name] for name in names}}))


def _hash(challenge: str) -> str:
    return hashlib.sha256(challenge.encode("utf-8", "replace")).hexdigest()
