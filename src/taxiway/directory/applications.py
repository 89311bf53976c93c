"""Applications and resources: the first-party catalogue, and what a tenant registers itself (03 section 1.3)."""

from __future__ import annotations

import re
from typing import Any

from taxiway.directory import access, tenants
from taxiway.directory.access import Principal
from taxiway.directory.catalogue import CLIENTS, ENROLLMENT_APP_ID, GRAPH_APP_ID, RESOURCES, Client, Resource
from taxiway.directory.entities import APPLICATIONS
from taxiway.directory.errors import Invalid
from taxiway.kernel import with_bare
from taxiway.store import NotFound, Row, Tx, eq

_REDIRECT = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s#*]{1,500}\Z")


def find_application(tx: Tx, app_id: str) -> Row | None:
    """The first-party client or the tenant's own application with this id."""
    known = CLIENTS.get(app_id.lower())
    return _first_party(known) if known is not None else APPLICATIONS.find(tx, eq("app_id", app_id.lower()))


def is_tenant_application(application: Row) -> bool:
    """Whether the tenant registered this application itself."""
    return not application.get("first_party", False)


def resolve_resource(tx: Tx, identifier: str) -> Row | None:
    """The resource an identifier names: exactly, without one final slash, by app id, or by our own address.

    ``aud`` is the form that was asked for: clients refuse a token with another one (03 section 1.3).
    """
    bare = identifier.removesuffix("/")
    for resource in RESOURCES:
        if bare in resource.identifiers or bare.lower() == resource.app_id:
            return _resource(resource, identifier)
    own = _own_address(tx, bare)
    return _tenant_resource(tx, bare, identifier) if own is None else _resource(own, identifier)


def create_application(tx: Tx, *, principal: Principal, display_name: str, **props: Any) -> Row:
    """Register an application of the tenant with its service principal."""
    access.require(tx, principal, "applications.create")
    for uri in props.get("redirect_uris", ()):
        if not _REDIRECT.match(uri):
            raise Invalid(f"'{uri[:100]}' is not a redirect URI.")
    values = {
        "app_id": tx.entropy.uuid(),
        "service_principal_id": tx.entropy.uuid(),
        **props,
        "display_name": display_name,
        "created_at": tx.now,
    }
    if str(values["app_id"]) in CLIENTS:
        raise Invalid("This id belongs to a first-party application.")
    row = APPLICATIONS.insert(tx, values)
    tx.log("application.created", subject=f"application:{row['app_id']}", what={"name": display_name})
    return row


def delete_application(tx: Tx, app_id: str, *, principal: Principal) -> None:
    """Remove an application of the tenant."""
    access.require(tx, principal, "applications.delete")
    row = APPLICATIONS.find(tx, eq("app_id", app_id.lower()))
    if row is None:
        raise NotFound(f"There is no application '{app_id}'.")
    APPLICATIONS.delete(tx, row["id"])
    tx.log("application.deleted", subject=f"application:{row['app_id']}", what={"name": row["display_name"]})
    tx.announce("application.deleted", app_id=row["app_id"])


def _own_address(tx: Tx, bare: str) -> Resource | None:
    """Our own addresses are Graph or the MDM; clients may leave the port away (02 section 11)."""
    families = tenants.families(tx)
    by_app = {resource.app_id: resource for resource in RESOURCES}
    if any(bare in with_bare(urls.graph) for urls in families):
        return by_app[GRAPH_APP_ID]
    return by_app[ENROLLMENT_APP_ID] if any(bare in with_bare(urls.mdm) for urls in families) else None


def _tenant_resource(tx: Tx, bare: str, identifier: str) -> Row | None:
    for row in APPLICATIONS.select(tx):
        if bare in row["identifier_uris"] or bare.lower() in (row["app_id"], f"api://{row['app_id']}"):
            scopes = row["scopes"] or ["user_impersonation"]
            return {"app_id": row["app_id"], "display_name": row["display_name"], "aud": identifier, "scopes": scopes}
    return None


def _resource(resource: Resource, identifier: str) -> Row:
    return {
        "app_id": resource.app_id,
        "display_name": resource.display_name,
        "aud": identifier,
        "scopes": list(resource.scopes),
    }


def _first_party(client: Client) -> Row:
    return {
        "app_id": client.app_id,
        "display_name": client.display_name,
        "redirect_uris": list(client.redirect_uris),
        "public": True,
        "foci": client.foci,
        "scopes": list(client.scopes),
        "app_roles": [],
        "first_party": True,
    }
