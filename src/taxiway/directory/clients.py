"""Applications as the sign-in sees them: as a client that asks, as a resource that is asked for (03 section 1.3)."""

from __future__ import annotations

from taxiway.directory import tenants
from taxiway.directory.application_entities import APPLICATIONS
from taxiway.directory.applications import app_of_uri
from taxiway.directory.catalogue import CLIENTS, ENROLLMENT_APP_ID, GRAPH_APP_ID, RESOURCES, Client, Resource
from taxiway.directory.manifest import KINDS
from taxiway.kernel import with_bare
from taxiway.store import Row, Tx, eq

#: Redirect URIs of these kinds belong to public clients, which can keep no secret.
_PUBLIC = ("spa", "public_client")


def find_application(tx: Tx, app_id: str) -> Row | None:
    """The first-party client or the tenant's own application with this id, as a client.

    ``redirect_uris``: all of them; ``redirects``: the same by kind. ``public``: it may come without a credential.
    """
    known = CLIENTS.get(app_id.lower())
    if known is not None:
        return _first_party(known, _own_pages(tx, known))
    row = APPLICATIONS.find(tx, eq("app_id", app_id.lower()))
    return None if row is None else _own(row)


def is_tenant_application(application: Row) -> bool:
    """Whether the tenant registered this application itself."""
    return not application["first_party"]


def resolve_resource(tx: Tx, identifier: str) -> Row | None:
    """The resource an identifier names: exactly, without one final slash, by app id, or by our own address.

    ``aud`` is what a token for it carries: the form that was asked for, as clients refuse a token with another one (03
    section 1.3), or in version 2 tokens the app id.
    """
    bare = identifier.removesuffix("/")
    for resource in RESOURCES:
        if bare in resource.identifiers or bare.lower() == resource.app_id:
            return _resource(resource, identifier)
    own = _own_address(tx, bare)
    return _tenant_resource(tx, bare, identifier) if own is None else _resource(own, identifier)


def _own_address(tx: Tx, bare: str) -> Resource | None:
    """Our own addresses are Graph or the MDM; clients may leave the port away (02 section 11)."""
    families = tenants.families(tx)
    by_app = {resource.app_id: resource for resource in RESOURCES}
    if any(bare in with_bare(urls.graph) for urls in families):
        return by_app[GRAPH_APP_ID]
    return by_app[ENROLLMENT_APP_ID] if any(bare in with_bare(urls.mdm) for urls in families) else None


def _tenant_resource(tx: Tx, bare: str, identifier: str) -> Row | None:
    app_id = app_of_uri(tx, bare) or bare.removeprefix("api://").lower()
    row = APPLICATIONS.find(tx, eq("app_id", app_id))
    if row is None:
        return None
    version = "2.0" if row["api"]["requestedAccessTokenVersion"] == 2 else "1.0"
    return {
        "app_id": row["app_id"],
        "display_name": row["display_name"],
        "aud": row["app_id"] if version == "2.0" else identifier,
        "scopes": [scope["value"] for scope in row["api"]["oauth2PermissionScopes"] if scope["isEnabled"]],
        "version": version,
        "first_party": False,
        "trusts": _trusted(row),
    }


def _trusted(row: Row) -> dict[str, list[str]]:
    """The permissions that pre-authorized clients have without consent, by client id."""
    values = {scope["id"]: scope["value"] for scope in row["api"]["oauth2PermissionScopes"] if scope["isEnabled"]}
    return {
        one["appId"].lower(): [values[name] for name in one["delegatedPermissionIds"] if name in values]
        for one in row["api"]["preAuthorizedApplications"]
    }


def _resource(resource: Resource, identifier: str) -> Row:
    return {
        "app_id": resource.app_id,
        "display_name": resource.display_name,
        "aud": identifier,
        "scopes": list(resource.scopes),
        "version": "1.0",
        "first_party": True,
        "trusts": {},
    }


def _own(row: Row) -> Row:
    redirects = {kind: row[kind]["redirectUris"] for kind in KINDS}
    return {
        **row,
        "redirects": redirects,
        "redirect_uris": [uri for uris in redirects.values() for uri in uris],
        "public": bool(row["is_fallback_public_client"]) or any(redirects[kind] for kind in _PUBLIC),
        "foci": False,
        "scopes": [],
        "first_party": False,
    }


def _own_pages(tx: Tx, client: Client) -> list[str]:
    """The pages of this instance that send people to sign in: the one that enrolls in a browser (04 section 4.2)."""
    if client.app_id != ENROLLMENT_APP_ID:
        return []
    return [f"{urls.mdm}/EnrollmentServer/Auth" for urls in tenants.families(tx)]


def _first_party(client: Client, pages: list[str]) -> Row:
    redirect_uris = [*client.redirect_uris, *pages]
    return {
        "app_id": client.app_id,
        "display_name": client.display_name,
        "redirects": {"web": [], "spa": [], "public_client": redirect_uris},
        "redirect_uris": redirect_uris,
        "public": True,
        "foci": client.foci,
        "scopes": list(client.scopes),
        "key_credentials": [],
        "first_party": True,
    }
