"""What ends when a device object goes (03 section 8.8)."""

from __future__ import annotations

from taxiway.join.keys import forget_recovery_keys
from taxiway.join.laps import forget_local_credentials
from taxiway.join.service import forget_keys
from taxiway.store import Followers, Tx
from taxiway.store.unit import Event


def follow(followers: Followers) -> None:
    """Follow the deletion of devices."""
    followers.on("device.deleted", _device_deleted)


def _device_deleted(tx: Tx, event: Event) -> None:
    forget_keys(tx, event["id"])
    forget_recovery_keys(tx, event["device_id"])
    forget_local_credentials(tx, event["device_id"])
