"""What ends when a user, a device or an application changes (03 section 7.9)."""

from __future__ import annotations

import sqlalchemy as sa

from taxiway import directory
from taxiway.signin import tables
from taxiway.signin.hello import forget_hello_keys
from taxiway.signin.passkeys.tables import passkey
from taxiway.signin.revocation import revoke_for_client, revoke_for_device, revoke_for_user
from taxiway.store import Followers, Tx
from taxiway.store.unit import Event

_OF_A_USER = (
    tables.password,
    tables.access_pass,
    tables.totp,
    tables.recovery_code,
    tables.hello_key,
    passkey,
)


def follow(followers: Followers) -> None:
    """Follow users, devices and applications."""
    followers.on("user.changed", _user_changed)
    followers.on("user.deleted", _user_deleted)
    followers.on("user.purged", _user_purged)
    followers.on("device.changed", _device_changed)
    followers.on("device.deleted", _device_deleted)
    followers.on("application.deleted", _application_deleted)
    followers.on("service_principal.deleted", _principal_deleted)


def _user_changed(tx: Tx, event: Event) -> None:
    if "account_enabled" in event["changed"]:
        user = directory.USERS.get(tx, event["id"])
        if user is not None and not user["account_enabled"]:
            revoke_for_user(tx, event["id"])


def _user_deleted(tx: Tx, event: Event) -> None:
    """Signed out everywhere; the credentials stay, and nobody finds them, until the user is restored or purged."""
    revoke_for_user(tx, event["id"])


def _user_purged(tx: Tx, event: Event) -> None:
    for table in _OF_A_USER:
        tx.execute(sa.delete(table).where(table.c.tenant == tx.tenant, table.c.user_id == event["id"]))


def _device_changed(tx: Tx, event: Event) -> None:
    if "account_enabled" in event["changed"]:
        device = directory.find_device(tx, id=event["id"])
        if device is not None and not device["account_enabled"]:
            revoke_for_device(tx, device["device_id"])


def _device_deleted(tx: Tx, event: Event) -> None:
    device_id = event.get("device_id")
    if device_id:
        revoke_for_device(tx, device_id)
        forget_hello_keys(tx, device_id)


def _application_deleted(tx: Tx, event: Event) -> None:
    _forget_secrets(tx, tables.client_secret.c.app_id == event["app_id"])


def _principal_deleted(tx: Tx, event: Event) -> None:
    """The account's own secrets, and every sign-in at the application: one that comes back begins anew."""
    _forget_secrets(tx, tables.client_secret.c.object_id == event["id"])
    revoke_for_client(tx, event["app_id"])


def _forget_secrets(tx: Tx, which: sa.ColumnElement[bool]) -> None:
    tx.execute(sa.delete(tables.client_secret).where(tables.client_secret.c.tenant == tx.tenant, which))
