"""What service principals, users and groups were granted: app roles, and delegated permissions (03 section 15.17).

Admin consent is an app role assignment (the application acts for itself) or a permission grant for all principals (it
acts for whoever signed in).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from taxiway.directory import access, membership, service_principals
from taxiway.directory.access import Principal
from taxiway.directory.application_entities import APP_ROLE_ASSIGNMENTS, PERMISSION_GRANTS, SERVICE_PRINCIPALS
from taxiway.directory.catalogue import GRAPH_APP_ID
from taxiway.directory.entities import GROUPS, USERS
from taxiway.directory.errors import Invalid
from taxiway.directory.verdicts import no, yes
from taxiway.kernel import Decision, Reason
from taxiway.store import Repository, Row, Tx, both, eq, one_of

#: What is assigned where the application has no roles of its own.
DEFAULT_ROLE = "00000000-0000-0000-0000-000000000000"
ALL_PRINCIPALS, ONE_PRINCIPAL = "AllPrincipals", "Principal"

_HOLDERS: tuple[tuple[str, Repository, str], ...] = (
    ("ServicePrincipal", SERVICE_PRINCIPALS, "Application"),
    ("User", USERS, "User"),
    ("Group", GROUPS, "User"),
)
_LONGEST_SCOPE = 4000


def assign_app_role(tx: Tx, *, holder_id: str, resource_id: str, role_id: str, principal: Principal) -> Row:
    """Give a user, a group or a service principal a role of an application."""
    resource = _require_resource(tx, resource_id)
    access.require(tx, principal, _action(resource, "assign"))
    kind, holder, member_type = _holder(tx, holder_id)
    _check_role(tx, resource, role_id, member_type)
    same = both(eq("principal_id", holder["id"]), eq("resource_id", resource["id"]), eq("app_role_id", role_id))
    if APP_ROLE_ASSIGNMENTS.find(tx, same) is not None:
        raise Invalid("Permission being assigned already exists on the object.")
    row = APP_ROLE_ASSIGNMENTS.insert(
        tx,
        {
            "principal_id": holder["id"],
            "principal_type": kind,
            "principal_display_name": holder["display_name"],
            "resource_id": resource["id"],
            "resource_display_name": resource["display_name"],
            "app_role_id": role_id,
            "created_at": tx.now,
        },
    )
    what = {"holder": holder["id"], "resource": resource["app_id"], "role": role_id}
    tx.log("app_role.assigned", subject=_subject(kind, holder), what=what)
    return row


def remove_app_role(tx: Tx, assignment_id: str, *, principal: Principal) -> None:
    """Take a role away."""
    row = APP_ROLE_ASSIGNMENTS.require(tx, assignment_id)
    resource = _require_resource(tx, row["resource_id"])
    access.require(tx, principal, _action(resource, "remove"))
    kind, holder, _ = _holder(tx, row["principal_id"])
    APP_ROLE_ASSIGNMENTS.delete(tx, assignment_id)
    what = {"holder": holder["id"], "resource": resource["app_id"], "role": row["app_role_id"]}
    tx.log("app_role.removed", subject=_subject(kind, holder), what=what)


def grant_permissions(
    tx: Tx, *, client_id: str, resource_id: str, scope: str, principal: Principal, user_id: str | None = None
) -> Row:
    """Let a client act at a resource in the name of a user, or of all; ``scope`` holds the permissions' names."""
    access.require(tx, principal, "applications.consent.grant")
    client, resource = SERVICE_PRINCIPALS.require(tx, client_id), _require_resource(tx, resource_id)
    if user_id is not None:
        USERS.require(tx, user_id)
    consent = ONE_PRINCIPAL if user_id is not None else ALL_PRINCIPALS
    same = both(eq("client_id", client_id), eq("resource_id", resource_id), eq("principal_id", user_id))
    if PERMISSION_GRANTS.find(tx, same) is not None:
        raise Invalid("Permission entry already exists.", remedy="Change the scope of the one that is there.")
    row = PERMISSION_GRANTS.insert(
        tx,
        {
            "client_id": client_id,
            "consent_type": consent,
            "principal_id": user_id,
            "resource_id": resource_id,
            "scope": _checked_scope(tx, resource, scope),
        },
    )
    what = {"resource": resource["app_id"], "scope": row["scope"], "user": user_id}
    tx.log("permission.granted", subject=f"application:{client['app_id']}", what=what)
    return row


def change_grant(tx: Tx, grant_id: str, scope: str, *, principal: Principal) -> Row:
    """Replace the permissions of a grant."""
    access.require(tx, principal, "applications.consent.grant")
    before = PERMISSION_GRANTS.require(tx, grant_id)
    resource = _require_resource(tx, before["resource_id"])
    row = PERMISSION_GRANTS.update(tx, grant_id, {"scope": _checked_scope(tx, resource, scope)})
    _log_grant(tx, "permission.changed", row)
    return row


def revoke_grant(tx: Tx, grant_id: str, *, principal: Principal) -> None:
    """Take a grant back: the client's next token lacks it."""
    access.require(tx, principal, "applications.consent.grant")
    row = PERMISSION_GRANTS.require(tx, grant_id)
    PERMISSION_GRANTS.delete(tx, grant_id)
    _log_grant(tx, "permission.revoked", row)


def granted_scopes(tx: Tx, client_id: str, resource_id: str, user_id: str) -> frozenset[str]:
    """The delegated permissions that a client holds at a resource for this user."""
    grants = PERMISSION_GRANTS.select(tx, both(eq("client_id", client_id), eq("resource_id", resource_id)))
    return frozenset(
        name for row in grants if row["principal_id"] in (None, user_id) for name in str(row["scope"]).split()
    )


def granted_roles(tx: Tx, holder_ids: Collection[str], resource: Row) -> frozenset[str]:
    """The names of the roles that these objects hold at a resource, as ``roles`` has them."""
    held = {row["app_role_id"] for row in _assignments(tx, holder_ids, resource["id"])}
    offered = service_principals.offer_of(tx, resource["app_id"]).roles if held else []
    return frozenset(role["value"] for role in offered if role["id"] in held and role["isEnabled"] and role["value"])


def is_assigned(tx: Tx, user_id: str, resource: Row) -> Decision[bool]:
    """Whether a user may use an application: it asks for no assignment, or the user has one."""
    if not resource["app_role_assignment_required"]:
        return yes(Reason("open", f"{resource['display_name']} asks for no assignment."))
    if _assignments(tx, with_groups(tx, user_id), resource["id"]):
        return yes(Reason("assigned", f"The user is assigned to {resource['display_name']}."))
    return no(Reason("not_assigned", f"Neither the user nor a group of theirs is assigned to '{resource['app_id']}'."))


def with_groups(tx: Tx, user_id: str) -> list[str]:
    """The objects whose app roles a user has: the user, and the groups that hold them directly."""
    return [user_id, *sorted(membership.direct_groups_of(tx, "user", user_id))]


def _assignments(tx: Tx, holder_ids: Collection[str], resource_id: str) -> list[Row]:
    wanted = both(one_of("principal_id", sorted(holder_ids)), eq("resource_id", resource_id))
    return APP_ROLE_ASSIGNMENTS.select(tx, wanted)


def _require_resource(tx: Tx, resource_id: str) -> Row:
    return SERVICE_PRINCIPALS.require(tx, resource_id)


def _holder(tx: Tx, object_id: str) -> tuple[str, Row, str]:
    for kind, rows, member_type in _HOLDERS:
        row = rows.get(tx, object_id)
        if row is not None:
            return kind, row, member_type
    raise Invalid(f"'{object_id[:60]}' is no user, group or service principal of this tenant.")


def _check_role(tx: Tx, resource: Row, role_id: str, member_type: str) -> None:
    roles = service_principals.offer_of(tx, resource["app_id"]).roles
    fitting = [role for role in roles if member_type in role["allowedMemberTypes"] and role["isEnabled"]]
    if role_id == DEFAULT_ROLE and not fitting:
        return
    if not any(role["id"] == role_id for role in fitting):
        raise Invalid(f"Permission being assigned was not found on application '{resource['app_id']}'.")


def _checked_scope(tx: Tx, resource: Row, scope: str) -> str:
    """The names, each once, in the resource's own spelling."""
    if len(scope) > _LONGEST_SCOPE:
        raise Invalid(f"Property scope has at most {_LONGEST_SCOPE} characters.")
    offered = {one["value"].lower(): one["value"] for one in service_principals.offer_of(tx, resource["app_id"]).scopes}
    unknown = [name for name in scope.split() if name.lower() not in offered]
    if unknown:
        raise Invalid(f"The permission '{unknown[0][:100]}' was not found on application '{resource['app_id']}'.")
    return " ".join(dict.fromkeys(offered[name.lower()] for name in scope.split()))


def _action(resource: Row, verb: str) -> str:
    """Roles at Microsoft Graph are the keys to the tenant: not every application administrator hands them out."""
    return (
        f"applications.consent.graph.{verb}" if resource["app_id"] == GRAPH_APP_ID else f"applications.consent.{verb}"
    )


def _subject(kind: str, holder: dict[str, Any]) -> str:
    return f"application:{holder['app_id']}" if kind == "ServicePrincipal" else f"{kind.lower()}:{holder['id']}"


def _log_grant(tx: Tx, kind: str, row: Row) -> None:
    client = SERVICE_PRINCIPALS.require(tx, row["client_id"])
    what = {"grant": row["id"], "scope": row["scope"], "user": row["principal_id"]}
    tx.log(kind, subject=f"application:{client['app_id']}", what=what)
