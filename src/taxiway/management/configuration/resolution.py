"""The effective configuration of a device and its person, worked out once for everybody of whom it holds.

It is a pure function of memberships and assignments (design, rule 4), so it is remembered by what it rests on: the
tenant's edition, a random word that changes whenever a configuration or an assignment does; the groups of device and
user; and the device itself, where an assignment has a filter. The edition is read in the same transaction. A word that
was written and rolled back never comes again, so nothing of a failed transaction is ever found here.
"""

from __future__ import annotations

from collections.abc import Hashable
from functools import cached_property
from typing import Final, Literal

import sqlalchemy as sa

from taxiway import directory
from taxiway.management.configuration import meant
from taxiway.management.configuration.meant import CONFIGURATION_OBJECTS, Meant
from taxiway.management.configuration.units import Unit, units_of
from taxiway.management.model import Effective, Source
from taxiway.management.tables import configuration_edition
from taxiway.store import Followers, Memory, Row, Tx
from taxiway.store.unit import Event
from taxiway.wire import csp

_read = sa.select(configuration_edition.c.word).where(configuration_edition.c.tenant == sa.bindparam("t"))


class Resolved:
    """What holds for a device and its person: the configurations, what they come to, and the commands that say it."""

    def __init__(self, found: list[Meant], effective: Effective) -> None:
        self.meant = found
        self.effective = effective

    @cached_property
    def units(self) -> tuple[Unit, ...]:
        """What is sent as one command each; nothing in dispute."""
        return units_of(self.effective)


_memory: Final = Memory[Resolved](128)


def resolve(tx: Tx, *, device: Row | None, user: Row | None) -> Resolved:
    """The configurations that are meant, and their merger with what the tenant tells every device."""
    word = tx.scalar(_read, {"t": tx.tenant})
    base = meant.tenant_wide(tx)
    if word is None:
        return _made(tx, device, user, base)
    groups = (_groups(tx, device, "device"), _groups(tx, user, "user"))
    key = (tx.tenant, word, csp.edition(), base, *groups, _asked(tx, device))
    return _memory.recall(tx, key, lambda: _made(tx, device, user, base))


def follow(followers: Followers) -> None:
    """Begin a new edition whenever a configuration or an assignment of one changes."""
    followers.on("assignments.changed", _changed)
    followers.on("managed_object.changed", _changed)


def _changed(tx: Tx, event: Event) -> None:
    if event["object_kind"] not in CONFIGURATION_OBJECTS:
        return
    tx.execute(sa.delete(configuration_edition).where(configuration_edition.c.tenant == tx.tenant))
    tx.execute(sa.insert(configuration_edition).values(tenant=tx.tenant, word=tx.entropy.uuid()))


def _made(tx: Tx, device: Row | None, user: Row | None, base: tuple[Source, ...]) -> Resolved:
    found = meant.meant_for(tx, device=device, user=user)
    return Resolved(found, meant.effective(found, base))


def _groups(tx: Tx, row: Row | None, kind: Literal["device", "user"]) -> frozenset[str] | None:
    return None if row is None else directory.groups_of(tx, kind, row["id"])


def _asked(tx: Tx, device: Row | None) -> Hashable:
    """What an assignment filter may look at: the device as it is, and the time by the minute."""
    if device is None or not directory.filters_in_use(tx, CONFIGURATION_OBJECTS):
        return None
    return device["id"], device["version"], int(tx.now.timestamp() // 60)
