"""Service principals: an application as an account of the tenant, first-party ones among them."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from taxiway.directory import access, key_credentials, permissions
from taxiway.directory.access import Principal
from taxiway.directory.application_entities import (
    APP_ROLE_ASSIGNMENTS,
    APPLICATIONS,
    PERMISSION_GRANTS,
    SERVICE_PRINCIPALS,
)
from taxiway.directory.catalogue import CLIENTS, RESOURCES
from taxiway.directory.errors import Invalid
from taxiway.directory.manifest import KINDS
from taxiway.store import NotFound, Row, Tx, eq, one_of

#: The tenant that the first-party applications belong to.
_OWNER = "f8cdef31-a31e-4b4a-93e4-5f571e91255a"
_RESOURCES = {resource.app_id: resource for resource in RESOURCES}
_FIRST_PARTY = {
    **{client.app_id: client.display_name for client in CLIENTS.values()},
    **{resource.app_id: resource.display_name for resource in RESOURCES},
}


@dataclass(frozen=True, slots=True)
class Offer:
    """What an application offers and answers to, in Graph's shapes; ``owner``: its tenant."""

    display_name: str
    owner: str
    scopes: list[dict[str, Any]]
    roles: list[dict[str, Any]]
    names: list[str]
    redirect_uris: list[str]
    audience: str


def seed(tx: Tx) -> None:
    """The first-party applications as accounts of the tenant; those that are there already stay as they are."""
    SERVICE_PRINCIPALS.insert_all(
        tx,
        [
            {"id": str(uuid.uuid5(uuid.UUID(tx.tenant), app_id)), "app_id": app_id, "display_name": name}
            for app_id, name in missing(tx).items()
        ],
    )


def principal_of(tx: Tx, app_id: str) -> Row | None:
    """The service principal of an application in this tenant."""
    return SERVICE_PRINCIPALS.find(tx, eq("app_id", app_id.lower()))


def create_service_principal(tx: Tx, app_id: str, *, principal: Principal, **props: Any) -> Row:
    """Give an application of the tenant its account."""
    access.require(tx, principal, "applications.create")
    application = APPLICATIONS.find(tx, eq("app_id", app_id.lower()))
    if application is None and app_id.lower() not in _FIRST_PARTY:
        raise Invalid(
            f"The appId '{app_id[:60]}' of the service principal does not reference a valid application object.",
            remedy="Create the application first.",
        )
    if principal_of(tx, app_id) is not None:
        raise Invalid(f"The service principal cannot be created: the appId '{app_id}' is already in use.")
    name = application["display_name"] if application is not None else _FIRST_PARTY[app_id.lower()]
    values = {"display_name": name, **props, "app_id": app_id.lower(), "created_at": tx.now}
    values["key_credentials"] = key_credentials.certificates(tx, [], props.get("key_credentials", []))
    row = SERVICE_PRINCIPALS.insert(tx, values)
    tx.log("service_principal.created", subject=f"application:{row['app_id']}", what={"name": row["display_name"]})
    return row


def update_service_principal(tx: Tx, row_id: str, changed: Mapping[str, Any], *, principal: Principal) -> Row:
    """Change properties, of first-party ones too: an administrator may switch one off."""
    access.require(tx, principal, "applications.update")
    before = SERVICE_PRINCIPALS.require(tx, row_id)
    values = dict(changed)
    if "key_credentials" in changed:
        values["key_credentials"] = key_credentials.certificates(
            tx, before["key_credentials"], changed["key_credentials"]
        )
    row = SERVICE_PRINCIPALS.update(tx, row_id, values)
    tx.log("service_principal.changed", subject=f"application:{row['app_id']}", what={"changed": sorted(changed)})
    return row


def delete_service_principal(tx: Tx, row_id: str, *, principal: Principal) -> None:
    """Remove an account and all that was granted to it or at it; the application stays."""
    access.require(tx, principal, "applications.delete")
    row = SERVICE_PRINCIPALS.get(tx, row_id)
    if row is None:
        raise NotFound(f"There is no service principal '{row_id}'.")
    if row["app_id"] in _FIRST_PARTY:
        raise Invalid("A first-party service principal is not deleted.", remedy="Set accountEnabled to false instead.")
    drop(tx, row["app_id"])


def drop(tx: Tx, app_id: str) -> None:
    """Remove the account of an application, if it has one."""
    row = principal_of(tx, app_id)
    if row is None:
        return
    drop_holder(tx, row["id"])
    for grants in (APP_ROLE_ASSIGNMENTS, PERMISSION_GRANTS):
        table = grants.entity.table
        tx.execute(sa.delete(table).where(table.c.tenant == tx.tenant, table.c.resource_id == row["id"]))
        grants.forget(tx)
    SERVICE_PRINCIPALS.delete(tx, row["id"])
    tx.log("service_principal.deleted", subject=f"application:{app_id}", what={"name": row["display_name"]})
    tx.announce("service_principal.deleted", id=row["id"], app_id=app_id)


def drop_holder(tx: Tx, object_id: str) -> None:
    """Forget what a user, a group or a service principal was granted."""
    roles, grants = APP_ROLE_ASSIGNMENTS.entity.table, PERMISSION_GRANTS.entity.table
    tx.execute(sa.delete(roles).where(roles.c.tenant == tx.tenant, roles.c.principal_id == object_id))
    holder = sa.or_(grants.c.client_id == object_id, grants.c.principal_id == object_id)
    tx.execute(sa.delete(grants).where(grants.c.tenant == tx.tenant, holder))
    APP_ROLE_ASSIGNMENTS.forget(tx)
    PERMISSION_GRANTS.forget(tx)


def offer_of(tx: Tx, app_id: str) -> Offer:
    """What the application behind a service principal offers."""
    return offers_of(tx, [app_id])[app_id]


def offers_of(tx: Tx, app_ids: Collection[str]) -> dict[str, Offer]:
    """What the applications behind several service principals offer, by app id."""
    registered = sorted(app_id for app_id in app_ids if app_id not in _FIRST_PARTY)
    own = APPLICATIONS.select(tx, one_of("app_id", registered)) if registered else []
    offers = {row["app_id"]: _offer(row, tx.tenant) for row in own}
    return offers | {app_id: _first_party_offer(app_id) for app_id in app_ids if app_id not in offers}


def _offer(application: Row, tenant: str) -> Offer:
    return Offer(
        display_name=application["display_name"],
        owner=tenant,
        scopes=application["api"]["oauth2PermissionScopes"],
        roles=application["app_roles"],
        names=application["identifier_uris"],
        redirect_uris=[uri for kind in KINDS for uri in application[kind]["redirectUris"]],
        audience=application["sign_in_audience"],
    )


def _first_party_offer(app_id: str) -> Offer:
    resource, client = _RESOURCES.get(app_id), CLIENTS.get(app_id)
    return Offer(
        display_name=_FIRST_PARTY.get(app_id, ""),
        owner=_OWNER,
        scopes=permissions.scopes_of(resource) if resource is not None else [],
        roles=permissions.roles_of(resource) if resource is not None else [],
        names=list(resource.identifiers) if resource is not None else [],
        redirect_uris=list(client.redirect_uris) if client is not None else [],
        audience="AzureADMultipleOrgs",
    )


def missing(tx: Tx) -> dict[str, str]:
    """The first-party applications that have no account in the tenant yet: appId -> name."""
    known = {row["app_id"] for row in SERVICE_PRINCIPALS.select(tx)}
    return {app_id: name for app_id, name in _FIRST_PARTY.items() if app_id not in known}
