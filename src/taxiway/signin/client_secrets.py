"""Secrets of confidential applications (03 section 15.7)."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from taxiway import directory
from taxiway.directory import Principal
from taxiway.signin.errors import ClientSecretWrong
from taxiway.signin.sealed import digest, same
from taxiway.signin.tables import client_secret
from taxiway.store import NotFound, Tx


def add_client_secret(tx: Tx, app_id: str, *, principal: Principal, lifetime: timedelta = timedelta(days=180)) -> str:
    """A new secret of an application, shown this once."""
    directory.require(tx, principal, "applications.secret")
    if directory.find_application(tx, app_id) is None:
        raise NotFound(f"There is no application '{app_id}'.")
    secret = tx.entropy.token(32)
    values = {"id": tx.entropy.uuid(), "app_id": app_id, "hash": digest(secret), "hint": secret[:3]}
    tx.execute(sa.insert(client_secret).values(tenant=tx.tenant, expires_at=tx.now + lifetime, **values))
    tx.log("application.secret_added", subject=f"application:{app_id}", what={"secret": values["id"]})
    return secret


def require_secret(tx: Tx, app_id: str, secret: str) -> None:
    """Raise ``ClientSecretWrong`` unless ``secret`` is a live one of the application."""
    mine = (client_secret.c.tenant == tx.tenant) & (client_secret.c.app_id == app_id)
    rows = tx.all(sa.select(client_secret).where(mine, client_secret.c.expires_at > tx.now))
    hashed = digest(secret)
    if not any(same(row["hash"], hashed) for row in rows):
        raise ClientSecretWrong("Invalid client secret provided.", remedy="Check that the secret has not run out.")
