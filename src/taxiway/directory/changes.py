"""What follows a change of a user or a device, in the same transaction: memberships first (design, rule 4)."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from taxiway.directory import dynamic, membership
from taxiway.store import Row, Tx


def user_changed(tx: Tx, user: Row, changed: Collection[str]) -> None:
    """Re-evaluate the groups that read what changed, then tell who follows ``user.changed``."""
    dynamic.reconsider(tx, "user", user, changed)
    tx.announce("user.changed", id=user["id"], changed=frozenset(changed))


def user_deleted(tx: Tx, user: Row) -> None:
    """Take the user out of every group, then tell who follows ``user.deleted``."""
    membership.drop_object(tx, ("user", user["id"]))
    tx.announce("user.deleted", id=user["id"])


def device_changed(tx: Tx, device: Row, changed: Collection[str]) -> None:
    """Re-evaluate the groups that read what changed, then tell who follows ``device.changed``."""
    dynamic.reconsider(tx, "device", device, changed)
    tx.announce("device.changed", id=device["id"], changed=frozenset(changed))


def devices_created(tx: Tx, devices: Sequence[Row]) -> None:
    """Put new devices into the groups whose rules they match; nobody has derived anything from them yet."""
    dynamic.place(tx, "device", devices)


def device_deleted(tx: Tx, device: Row) -> None:
    """Take the device out of every group, then tell who follows ``device.deleted``."""
    membership.drop_object(tx, ("device", device["id"]))
    tx.announce("device.deleted", id=device["id"], device_id=device["device_id"])
