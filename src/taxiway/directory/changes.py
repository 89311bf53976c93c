"""What follows a change of a user or a device, in the same transaction (design, rule 4)."""

from __future__ import annotations

from collections.abc import Collection

from taxiway.store import Row, Tx


def user_changed(tx: Tx, user: Row, changed: Collection[str]) -> None:
    """Tell who follows ``user.changed``."""
    tx.announce("user.changed", id=user["id"], changed=frozenset(changed))


def device_changed(tx: Tx, device: Row, changed: Collection[str]) -> None:
    """Tell who follows ``device.changed``."""
    tx.announce("device.changed", id=device["id"], changed=frozenset(changed))


def user_deleted(tx: Tx, user: Row) -> None:
    """Tell who follows ``user.deleted``."""
    tx.announce("user.deleted", id=user["id"])


def device_deleted(tx: Tx, device: Row) -> None:
    """Tell who follows ``device.deleted``."""
    tx.announce("device.deleted", id=device["id"], device_id=device["device_id"])
