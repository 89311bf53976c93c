"""Device tickets: what a device said about itself, sealed, with its time; nothing is kept (06 section 3.4)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

import msgspec
from msgspec import Struct

from taxiway.autopilot import hardware
from taxiway.autopilot.errors import TicketRefused
from taxiway.kernel import Reason
from taxiway.store import SYSTEM, Runtime, StoreError, Tx, router
from taxiway.wire.ztd import FactDigests

T = TypeVar("T")

LIFETIME: Final = timedelta(hours=1)
_PURPOSE: Final = "autopilot/ticket"
_LONGEST: Final = 16_384
_SKEW: Final = timedelta(minutes=5)


class _Sealed(Struct, frozen=True):
    facts: FactDigests
    issued: int


@dataclass(frozen=True, slots=True)
class Ticket:
    """A device as its ticket shows it: ``tenant`` and ``ztdid`` are None where nobody registered this hardware."""

    tenant: str | None
    ztdid: str | None
    facts: FactDigests


@dataclass(frozen=True, slots=True)
class Found:
    """Where a device is registered; ``mismatch`` names what of its hardware differs from the registration."""

    tenant: str
    ztdid: str
    mismatch: str | None


def issue_ticket(rt: Runtime, facts: FactDigests) -> tuple[str, datetime]:
    """A ticket for a device with these facts, and until when it is good."""
    now = rt.clock.now()
    raw = msgspec.json.encode(_Sealed(facts, int(now.timestamp())))
    sealed = rt.store.ring.seal_for(_PURPOSE, raw, nonce=rt.entropy.bytes(12)).rstrip("=")
    return sealed, (now + LIFETIME).replace(microsecond=0)


def open_ticket(rt: Runtime, ticket: str) -> FactDigests:
    """The facts in a ticket of ours that is not too old, or ``TicketRefused``."""
    if not ticket or len(ticket) > _LONGEST or not ticket.isascii():
        raise _refused("ticket.unreadable", "This is no device ticket.")
    padded = ticket + "=" * (-len(ticket.partition(".")[2]) % 4)
    try:
        sealed = msgspec.json.decode(rt.store.ring.unseal_for(_PURPOSE, padded), type=_Sealed)
    except (StoreError, ValueError) as error:
        raise _refused("ticket.unreadable", "This is no device ticket of this service.") from error
    issued = datetime.fromtimestamp(sealed.issued, UTC)
    if not issued - _SKEW <= rt.clock.now() <= issued + LIFETIME:
        raise _refused("ticket.expired", "The device ticket has expired.")
    return sealed.facts


async def find(rt: Runtime, facts: FactDigests) -> Found | None:
    """The registration of this hardware in whichever tenant has it."""
    found = await find_and_ask(rt, facts, lambda _, found: found)
    return None if found is None else found[0]


async def find_and_ask(rt: Runtime, facts: FactDigests, ask: Callable[[Tx, Found], T]) -> tuple[Found, T] | None:
    """The same, with what ``ask`` has to say about it in the transaction that recognised it."""
    claims = hardware.sought(facts)
    holders = await rt.store.read(SYSTEM, lambda tx: router.holders(tx, "hardware", claims))
    best: tuple[tuple[bool, int], Found, T] | None = None

    def recognise(tx: Tx) -> tuple[tuple[bool, int], Found, T] | None:
        known = hardware.recognise(tx, facts)
        if known is None:
            return None
        found = Found(tx.tenant, known.ztdid, known.mismatch)
        return (known.mismatch is not None, -known.score), found, ask(tx, found)

    for tenant in sorted(set(holders.values())):
        here = await rt.store.read(tenant, recognise)
        if here is not None and (best is None or here[0] < best[0]):
            best = here
    return None if best is None else best[1:]


async def verify_ticket(rt: Runtime, ticket: str) -> Ticket:
    """Whose device presents this ticket, as registrations stand now; ``TicketRefused`` blocks the deployment."""
    facts = open_ticket(rt, ticket)
    found = await find(rt, facts)
    if found is None:
        return Ticket(None, None, facts)
    if found.mismatch is not None:
        raise _refused(f"ticket.{found.mismatch}", "The hardware differs from its registration; register it again.")
    return Ticket(found.tenant, found.ztdid, facts)


def _refused(code: str, text: str) -> TicketRefused:
    return TicketRefused(text, reasons=[Reason(code, text)], remedy="Restart the device to look it up again.")
