"""Applications that a tenant registers itself (v1.0 resource ``application``; 03 section 1.3)."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa

from taxiway.directory import access, key_credentials, manifest, service_principals, tenants
from taxiway.directory.access import Principal
from taxiway.directory.application_entities import APPLICATIONS, SERVICE_PRINCIPALS
from taxiway.directory.catalogue import CLIENTS, RESOURCES
from taxiway.directory.errors import Invalid
from taxiway.directory.tables import identifier_uri
from taxiway.store import NotFound, Row, Tx

_AUDIENCES = ("AzureADMyOrg", "AzureADMultipleOrgs", "AzureADandPersonalMicrosoftAccount")
_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s#*?]{1,240}\Z")
_FIXED = ("app_id", "created_at", "publisher_domain")
_LONGEST_NAME = 256
_uris = identifier_uri.c
_app_of_uri = sa.select(_uris.app_id).where(_uris.tenant == sa.bindparam("t"), _uris.uri == sa.bindparam("u"))


def create_application(tx: Tx, *, principal: Principal, display_name: str, **props: Any) -> Row:
    """Register an application of the tenant; like Graph, without its service principal."""
    access.require(tx, principal, "applications.create")
    _check({**props, "display_name": display_name})
    app_id = str(props.get("app_id") or tx.entropy.uuid())
    if app_id in CLIENTS or app_id in {resource.app_id for resource in RESOURCES}:
        raise Invalid("This id belongs to a first-party application.")
    values = {
        **props,
        **{name: manifest.blank(name) for name in (*manifest.KINDS, "api")},
        **manifest.checked({}, props),
        "app_id": app_id,
        "display_name": display_name,
        "created_at": tx.now,
        "publisher_domain": tenants.get_tenant(tx)["initial_domain"],
        "key_credentials": key_credentials.certificates(tx, [], props.get("key_credentials", [])),
    }
    row = APPLICATIONS.insert(tx, values)
    _claim_uris(tx, app_id, row["identifier_uris"])
    tx.log("application.created", subject=f"application:{app_id}", what={"name": display_name})
    return row


def update_application(tx: Tx, row_id: str, changed: Mapping[str, Any], *, principal: Principal) -> Row:
    """Change properties; the members of a complex one that are not named stay as they were."""
    access.require(tx, principal, "applications.update")
    before = APPLICATIONS.require(tx, row_id)
    fixed = sorted(changed.keys() & set(_FIXED))
    if fixed:
        raise Invalid(f"'{fixed[0]}' of an application cannot be changed.")
    _check(changed)
    values = {**changed, **manifest.checked(before, changed)}
    if "key_credentials" in changed:
        values["key_credentials"] = key_credentials.certificates(
            tx, before["key_credentials"], changed["key_credentials"]
        )
    row = APPLICATIONS.update(tx, row_id, values)
    if "identifier_uris" in changed:
        _claim_uris(tx, row["app_id"], row["identifier_uris"])
    mine = service_principals.principal_of(tx, row["app_id"])
    if mine is not None and mine["display_name"] == before["display_name"] != row["display_name"]:
        SERVICE_PRINCIPALS.update(tx, mine["id"], {"display_name": row["display_name"]})
    tx.log("application.changed", subject=f"application:{row['app_id']}", what={"changed": sorted(changed)})
    return row


def delete_application(tx: Tx, row_id: str, *, principal: Principal) -> None:
    """Remove an application with its service principal, its credentials and all that was granted to it."""
    access.require(tx, principal, "applications.delete")
    row = APPLICATIONS.get(tx, row_id)
    if row is None:
        raise NotFound(f"There is no application '{row_id}'.")
    service_principals.drop(tx, row["app_id"])
    _claim_uris(tx, row["app_id"], ())
    APPLICATIONS.delete(tx, row_id)
    tx.log("application.deleted", subject=f"application:{row['app_id']}", what={"name": row["display_name"]})
    tx.announce("application.deleted", app_id=row["app_id"])


def app_of_uri(tx: Tx, uri: str) -> str | None:
    """The application that claims an identifier URI."""
    found: str | None = tx.scalar(_app_of_uri, {"t": tx.tenant, "u": uri})
    return found


def _check(values: Mapping[str, Any]) -> None:
    """The invariants of the plain properties that are being set."""
    if "display_name" in values:
        name = str(values["display_name"] or "").strip()
        if not name or len(name) > _LONGEST_NAME:
            raise Invalid("Property displayName has 1 to 256 characters.")
    if values.get("sign_in_audience", _AUDIENCES[0]) not in _AUDIENCES:
        raise Invalid(f"Property signInAudience is one of: {', '.join(_AUDIENCES)}.")
    for uri in values.get("identifier_uris", ()):
        if not _IDENTIFIER.match(uri):
            raise Invalid(f"'{uri[:100]}' is not an identifier URI.")


def _claim_uris(tx: Tx, app_id: str, uris: Collection[str]) -> None:
    """Let each URI lead to this application, and to no other."""
    taken = {name for resource in RESOURCES for name in resource.identifiers}
    for uri in uris:
        bare = uri.removesuffix("/")
        if bare in taken or app_of_uri(tx, bare) not in (None, app_id):
            raise Invalid(f"Another object with the same value for property identifierUris already exists: '{uri}'.")
    tx.execute(sa.delete(identifier_uri).where(_uris.tenant == tx.tenant, _uris.app_id == app_id))
    bares = dict.fromkeys(uri.removesuffix("/") for uri in uris)
    if bares:
        tx.execute(sa.insert(identifier_uri), [{"tenant": tx.tenant, "uri": uri, "app_id": app_id} for uri in bares])
