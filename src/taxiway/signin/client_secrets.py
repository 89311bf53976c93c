"""Secrets of confidential applications (03 section 15.7)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from taxiway import directory
from taxiway.directory import Principal
from taxiway.signin.errors import ClientSecretExpired, ClientSecretWrong
from taxiway.signin.sealed import digest, same
from taxiway.signin.tables import client_secret
from taxiway.store import NotFound, Row, Tx

_LASTS = timedelta(days=2 * 365)
_FARTHEST = timedelta(days=10 * 365)
_MOST = 50
_t = client_secret.c
_of_app = sa.select(client_secret).where(_t.tenant == sa.bindparam("t"), _t.app_id == sa.bindparam("a"))


def add_client_secret(tx: Tx, app_id: str, *, principal: Principal, lifetime: timedelta = timedelta(days=180)) -> str:
    """A new secret of an application of the tenant, shown this once."""
    application = directory.find_application(tx, app_id)
    if application is None or not directory.is_tenant_application(application):
        raise NotFound(f"There is no application '{app_id}' of this tenant.")
    return add_secret(tx, application, principal=principal, ends=tx.now + lifetime)[1]


def add_secret(
    tx: Tx,
    owner: Row,
    *,
    principal: Principal,
    display_name: str | None = None,
    starts: datetime | None = None,
    ends: datetime | None = None,
) -> tuple[Row, str]:
    """A new secret of an application or a service principal: its row, and the secret itself."""
    directory.require(tx, principal, "applications.secret")
    starts = starts or tx.now
    if not tx.now - _FARTHEST <= starts <= tx.now + _FARTHEST:
        raise directory.Invalid("The start of a secret is within ten years of today.")
    ends = ends or starts + _LASTS
    if ends <= starts:
        raise directory.Invalid("The end of a secret comes after its start.")
    if len(secrets_of(tx, [owner["id"]])) >= _MOST:
        raise directory.Invalid(f"An application has at most {_MOST} secrets.", remedy="Remove one first.")
    secret = tx.entropy.token(32)
    row = {
        "tenant": tx.tenant,
        "id": tx.entropy.uuid(),
        "app_id": owner["app_id"],
        "object_id": owner["id"],
        "display_name": display_name,
        "hash": digest(secret),
        "hint": secret[:3],
        "starts_at": starts,
        "expires_at": ends,
    }
    tx.execute(sa.insert(client_secret), [row])
    tx.log("application.secret_added", subject=f"application:{owner['app_id']}", what={"secret": row["id"]})
    return row, secret


def remove_secret(tx: Tx, owner: Row, secret_id: str, *, principal: Principal) -> None:
    """Remove a secret: the next request that bears it is refused."""
    directory.require(tx, principal, "applications.secret")
    mine = (_t.tenant == tx.tenant) & (_t.object_id == owner["id"])
    if tx.execute(sa.delete(client_secret).where(mine, _t.id == secret_id)).rowcount == 0:
        raise NotFound(f"No password credential found with keyId '{secret_id}'.")
    tx.log("application.secret_removed", subject=f"application:{owner['app_id']}", what={"secret": secret_id})


def secrets_of(tx: Tx, object_ids: Collection[str]) -> list[Row]:
    """The secrets that these applications and service principals list, oldest first."""
    wanted = (_t.tenant == tx.tenant) & _t.object_id.in_(sorted(object_ids))
    return tx.all(sa.select(client_secret).where(wanted).order_by(_t.starts_at, _t.id))


def has_secret(tx: Tx, app_id: str) -> bool:
    """Whether a client has any secret, good or not."""
    return bool(tx.all(_of_app, {"t": tx.tenant, "a": app_id}))


def require_secret(tx: Tx, app_id: str, secret: str) -> None:
    """Raise ``ClientSecretWrong`` unless ``secret`` is one of the application, ``ClientSecretExpired`` if it was."""
    hashed = digest(secret)
    rows: list[dict[str, Any]] = tx.all(_of_app, {"t": tx.tenant, "a": app_id})
    known = [row for row in rows if same(row["hash"], hashed) and row["starts_at"] <= tx.now]
    if not known:
        raise ClientSecretWrong(
            "Invalid client secret provided.",
            remedy="Ensure the secret being sent in the request is the client secret value, not the client secret ID.",
        )
    if all(row["expires_at"] <= tx.now for row in known):
        raise ClientSecretExpired("The provided client secret keys are expired.", remedy="Add a new client secret.")
