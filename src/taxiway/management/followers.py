"""What management does when others change something, in the same transaction (design, rule 4)."""

from __future__ import annotations

from taxiway import pki
from taxiway.management.actions import orders
from taxiway.management.certificates import challenges
from taxiway.management.configuration import resolution
from taxiway.management.esp import deployments, details
from taxiway.management.extension import states
from taxiway.management.session import runs
from taxiway.store import Followers, Tx
from taxiway.store.unit import Event


def follow(followers: Followers) -> None:
    """Follow what concerns this room."""
    followers.on("managed_device.enrolled", _begin)
    followers.on("managed_device.removed", _erase)
    resolution.follow(followers)


def _begin(tx: Tx, event: Event) -> None:
    deployments.begin(tx, event["id"])
    orders.follow_enrolled(tx, event["id"])


def _erase(tx: Tx, event: Event) -> None:
    details.keep_details(tx, event["id"])
    deployments.abandon(tx, event["id"])
    orders.follow_removed(tx, event["id"])
    states.erase(tx, event["id"])
    runs.erase(tx, event["id"])
    pki.revoke(tx, subject=f"managed:{event['id']}", purpose="client")
    challenges.forget_of(tx, event["id"])
