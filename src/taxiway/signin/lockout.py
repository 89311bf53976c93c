"""Locking out who guesses: by account and place, and by address (03 section 15.8).

An account name is counted whether or not there is such an account. It has two counters, one for networks from which it
has signed in before and one for all others, so that guessing from elsewhere does not lock its owner out. Second factors
have two more: a right password must not make room for another ten guesses at the code. A network has one of its own,
with a higher limit, over all the names that it tries; a flow ends at its fifth wrong code.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from taxiway.kernel import Reason
from taxiway.signin.errors import AccountLocked
from taxiway.signin.tables import failed_attempt, familiar_place
from taxiway.store import Row, Tx

_LIMIT, _ADDRESS_LIMIT, _FLOW_LIMIT = 10, 100, 5
_FIRST = timedelta(seconds=60)
_LONGEST = timedelta(hours=1)
_FLOW = "flow"
#: A name that nobody tried for this long starts anew, and its row goes; likewise a network that was not seen again.
_FORGOTTEN = timedelta(days=1)
_UNFAMILIAR = timedelta(days=90)

_find = sa.select(failed_attempt).where(
    failed_attempt.c.tenant == sa.bindparam("t"),
    failed_attempt.c.account == sa.bindparam("a"),
    failed_attempt.c.place == sa.bindparam("p"),
)
_familiar = sa.select(familiar_place).where(
    familiar_place.c.tenant == sa.bindparam("t"),
    familiar_place.c.account == sa.bindparam("a"),
    familiar_place.c.place == sa.bindparam("p"),
)


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose name is tried, and from which network: /24 of IPv4, /64 of IPv6, empty when it is not known.

    ``factor``: what is tried is a second factor; ``flow``: in which sign-in.
    """

    account: str
    network: str = ""
    factor: bool = False
    flow: str = ""

    @classmethod
    def of(cls, upn: str, address: str) -> Caller:
        """The caller behind a name as typed and an address as the connection has it."""
        return cls(upn.strip().lower()[:320], network_of(address))


def network_of(address: str) -> str:
    """The network that an address belongs to."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    prefix = 24 if found.version == 4 else 64
    return str(ipaddress.ip_network((found, prefix), strict=False))


def require_open(tx: Tx, caller: Caller) -> None:
    """Raise ``AccountLocked`` while name or network is locked; a right password makes no difference then."""
    counters = _counters(tx, caller)
    if caller.factor:
        counters += _counters(tx, Caller(caller.account, caller.network))[:1]
    for account, place, _ in counters:
        row = tx.one(_find, {"t": tx.tenant, "a": account, "p": place})
        if row is not None and row["locked_until"] is not None and row["locked_until"] > tx.now:
            until = row["locked_until"].strftime("%H:%M:%SZ")
            what = "network" if not account else "sign-in" if place == _FLOW else "account"
            raise AccountLocked(
                f"The {what} is locked: too many sign-ins failed.",
                reasons=[Reason("locked", f"{row['failed']} sign-ins in a row failed.", {"until": until})],
                remedy="Try again later.",
            )


def failed(tx: Tx, caller: Caller) -> None:
    """Count a failure; the last one allowed locks for a minute, each further one for twice as long."""
    for account, place, limit in _counters(tx, caller):
        _count(tx, account, place, limit)


def succeeded(tx: Tx, caller: Caller) -> None:
    """Forget the account's failures from places like this one, and remember the place."""
    place = _place(tx, caller)
    mine = (failed_attempt.c.tenant == tx.tenant) & (failed_attempt.c.account == caller.account)
    if tx.one(_find, {"t": tx.tenant, "a": caller.account, "p": place}) is not None:
        tx.execute(sa.delete(failed_attempt).where(mine, failed_attempt.c.place == place))
    if caller.network:
        _remember(tx, caller)


def _counters(tx: Tx, caller: Caller) -> list[tuple[str, str, int]]:
    """Account, place and limit of each counter that a failure moves."""
    found = [(caller.account, _place(tx, caller), _LIMIT)] if caller.account else []
    if caller.flow:
        found.append((caller.flow, _FLOW, _FLOW_LIMIT))
    return [*found, ("", caller.network, _ADDRESS_LIMIT)] if caller.network else found


def _place(tx: Tx, caller: Caller) -> str:
    place = "familiar" if _known(tx, caller) is not None else "new"
    return f"factor {place}" if caller.factor else place


def _known(tx: Tx, caller: Caller) -> Row | None:
    row = tx.one(_familiar, {"t": tx.tenant, "a": caller.account, "p": caller.network}) if caller.network else None
    return row if row is not None and tx.now - row["seen_at"] <= _UNFAMILIAR else None


def _count(tx: Tx, account: str, place: str, limit: int) -> None:
    row = tx.one(_find, {"t": tx.tenant, "a": account, "p": place})
    count = 1 if row is None or tx.now - row["changed_at"] > _FORGOTTEN else row["failed"] + 1
    values = {"failed": count, "locked_until": None, "changed_at": tx.now}
    if count >= limit:
        # A flow does not live as long as the longest lock, so it does not come back.
        values["locked_until"] = tx.now + (
            _LONGEST if place == _FLOW else min(_LONGEST, _FIRST * 2 ** min(count - limit, 10))
        )
        kind = "network.locked" if not account else "signin.tries_spent" if place == _FLOW else "account.locked"
        tx.log(kind, subject=f"tenant:{tx.tenant}", what={"account": account, "place": place, "failed": count})
    if row is None:
        tx.execute(sa.insert(failed_attempt).values(tenant=tx.tenant, account=account, place=place, **values))
    else:
        mine = (
            (failed_attempt.c.tenant == tx.tenant)
            & (failed_attempt.c.account == account)
            & (failed_attempt.c.place == place)
        )
        tx.execute(sa.update(failed_attempt).where(mine).values(**values))


def _remember(tx: Tx, caller: Caller) -> None:
    row = tx.one(_familiar, {"t": tx.tenant, "a": caller.account, "p": caller.network})
    if row is None:
        values = {"account": caller.account, "place": caller.network, "seen_at": tx.now}
        tx.execute(sa.insert(familiar_place).values(tenant=tx.tenant, **values))
    elif tx.now - row["seen_at"] > _FORGOTTEN:
        here = (
            (familiar_place.c.tenant == tx.tenant)
            & (familiar_place.c.account == caller.account)
            & (familiar_place.c.place == caller.network)
        )
        tx.execute(sa.update(familiar_place).where(here).values(seen_at=tx.now))
