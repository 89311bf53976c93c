"""Which resource a client asks for, and what it may do there (03 sections 1.3, 3.1 and 15.17)."""

from __future__ import annotations

from dataclasses import dataclass

from taxiway import directory
from taxiway.directory import GRAPH_APP_ID
from taxiway.kernel import with_bare
from taxiway.signin.errors import (
    ClientDisabled,
    ClientNotProvisioned,
    ClientUnknown,
    ConsentMissing,
    NotAssigned,
    ResourceDisabled,
    ResourceNotProvisioned,
    ResourceUnknown,
    ScopeInvalid,
    ScopeUnknown,
)
from taxiway.signin.model import BROKER, DRS_APP, ENROLLMENT_APP
from taxiway.store import Row, Runtime, Tx

GRAPH = "https://graph.microsoft.com"
_OPENID = frozenset({"openid", "profile", "email", "offline_access", "aza", "ugs", "sid"})
#: Of the sign-in's own scopes, those that a token for Microsoft Graph lists, for userinfo.
_SHOWN = ("email", "openid", "profile")
_DEFAULT = ".default"
_REGISTRARS = frozenset({BROKER, "dd762716-544d-4aeb-a526-687b73838a22", "9ba1a5c7-f17a-4de9-a1f1-6178c8d51223"})


@dataclass(frozen=True, slots=True)
class Target:
    """A resource as one client may use it. ``version``: of its tokens.

    ``scp``: in the name of a user; ``roles``: those of the user there, or of the client that acts for itself.
    """

    app_id: str
    aud: str
    scp: str
    version: str = "1.0"
    roles: frozenset[str] = frozenset()


def client_of(tx: Tx, client_id: str) -> Row:
    """The application with this id, as a client that may ask; ``service_principal``: its account, if it has one."""
    row = directory.find_application(tx, client_id.lower())
    if row is None:
        raise ClientUnknown(
            f"Application with identifier '{client_id[:60]}' was not found in the directory.",
            remedy="Register the application in this tenant first.",
        )
    principal = directory.principal_of(tx, row["app_id"])
    if principal is None and directory.is_tenant_application(row):
        raise ClientNotProvisioned(
            f"The client application {row['app_id']} is missing service principal in the tenant {tx.tenant}.",
            remedy="Create its service principal.",
        )
    if principal is not None and not principal["account_enabled"]:
        raise ClientDisabled(f"Application '{row['app_id']}' ({row['display_name']}) is disabled.")
    return {**row, "service_principal": principal}


def resource_of(tx: Tx, identifier: str) -> Row:
    """The resource an identifier names (v1 ``resource``); ``service_principal``: its account, if it has one."""
    row = directory.resolve_resource(tx, identifier)
    if row is None:
        raise ResourceUnknown(
            f"The resource principal named '{identifier[:200]}' was not found in this tenant.",
            remedy="Check the resource or scope of the request.",
        )
    principal = directory.principal_of(tx, row["app_id"])
    if principal is None and not row["first_party"]:
        raise ResourceNotProvisioned(
            f"The app is trying to access a service '{row['app_id']}' ({row['display_name']}) that this organization "
            "lacks a service principal for.",
            remedy="Create its service principal.",
        )
    if principal is not None and not principal["account_enabled"]:
        raise ResourceDisabled(f"The service principal for resource '{identifier[:200]}' is disabled.")
    return {**row, "service_principal": principal}


def target_of(tx: Tx, client: Row, identifier: str, *, scope: str = "", user_id: str | None = None) -> Target:
    """The resource as this client may use it in the name of this user, and only then.

    ``scope``: what is asked, where a v2 request said so; else all that was granted. Before anybody signed in
    (``user_id`` None) it is only known whether there is such a resource: then ``scp`` is empty.
    """
    resource = resource_of(tx, identifier)
    fixed = client["first_party"] and resource["first_party"]
    if user_id is None:
        return Target(resource["app_id"], resource["aud"], "", resource["version"])
    for principal in (client["service_principal"], resource["service_principal"]):
        if principal is not None:
            _require_assigned(tx, user_id, principal)
    scp = _fixed(client, resource) if fixed else _granted(tx, client, resource, _asked(scope, identifier), user_id)
    return Target(resource["app_id"], resource["aud"], scp, resource["version"], _roles(tx, resource, user_id))


def own_target_of(tx: Tx, client: Row, identifier: str) -> Target:
    """The resource as this client may use it for itself: with the roles it was given there."""
    resource = resource_of(tx, identifier)
    holder, principal = client["service_principal"], resource["service_principal"]
    roles = frozenset[str]()
    if holder is not None and principal is not None:
        roles = directory.granted_roles(tx, [holder["id"]], principal)
    if principal is not None and principal["app_role_assignment_required"] and not roles:
        raise NotAssigned(f"Application '{client['app_id']}' is not assigned to a role for '{identifier[:200]}'.")
    return Target(resource["app_id"], resource["aud"], "", resource["version"], roles)


def names_of(client: Row) -> frozenset[str]:
    """What a token may be made out to that is for this application of the tenant."""
    own = client.get("identifier_uris", ())
    return frozenset({client["app_id"], f"api://{client['app_id']}", *own})


def asked(resource: str, scope: str) -> str:
    """The identifier that a request names: v1 says ``resource``, v2 puts it in front of each scope.

    Bare names belong to Microsoft Graph; an empty answer means none was named.
    """
    if resource:
        return resource
    named = {_resource_of(item) for item in scope.split() if item.lower() not in _OPENID}
    if len({name.rstrip("/") for name in named}) > 1:
        raise ScopeInvalid("The scope names more than one resource.", remedy="Ask for one resource at a time.")
    return next(iter(named), "")


def graph_audiences(rt: Runtime) -> frozenset[str]:
    """What a token for Graph may be made out to: its public name, its id, and our own addresses."""
    return frozenset({GRAPH, GRAPH_APP_ID}.union(*(with_bare(urls.graph) for urls in rt.families)))


def wants(scope: str, name: str) -> bool:
    """Whether a scope string holds ``name``."""
    return name in scope.lower().split()


def said(scope: str, scp: str) -> str:
    """What was granted, as a v2 reply says it: in the long form if the request had it, and with its ``.default``.

    Clients look for a token in their cache by the scopes that they asked for.
    """
    items = scope.split() if scp else []
    prefix = next((item.rpartition("/")[0] for item in items if "/" in item), "")
    granted = [f"{prefix}/{name}" if prefix and name not in _OPENID else name for name in scp.split()]
    return " ".join([*granted, *(item for item in items if item.rpartition("/")[2].lower() == _DEFAULT)])


def _resource_of(item: str) -> str:
    if "://" not in item and not item.startswith("urn:") and "/" not in item:
        return GRAPH
    resource, _, permission = item.rpartition("/")
    if not resource or not permission:
        raise ScopeInvalid(f"The scope '{item[:100]}' names no permission.")
    return resource


def _asked(scope: str, identifier: str) -> list[str]:
    """The permissions of a scope string that belong to this resource, and the sign-in's own."""
    bare = identifier.rstrip("/")
    items = scope.split()
    own = [item.lower() for item in items if item.lower() in _OPENID]
    rest = [item for item in items if item.lower() not in _OPENID]
    return [*own, *(item.rpartition("/")[2] for item in rest if _resource_of(item).rstrip("/") == bare)]


def _granted(tx: Tx, client: Row, resource: Row, names: list[str], user_id: str) -> str:
    """What was asked and granted; what the request names without a grant is refused.

    The sign-in's own scopes say who the user is, to an application that the tenant knows: they need no grant.
    """
    own = [name for name in names if name in _OPENID]
    wanted = [name for name in names if name not in _OPENID]
    known = {scope.lower(): scope for scope in _offered(tx, resource)}
    held = {name.lower() for name in _held(tx, client, resource, user_id)}
    unknown = [name for name in wanted if name.lower() not in known and name.lower() != _DEFAULT]
    if unknown:
        raise ScopeUnknown(
            f"The application '{client['display_name']}' asked for scope '{unknown[0][:100]}' that doesn't exist on "
            f"the resource '{resource['app_id']}'."
        )
    lacking = [name for name in wanted if name.lower() not in held and name.lower() != _DEFAULT]
    everything = not wanted or _DEFAULT in (name.lower() for name in wanted)
    given = {known[name] for name in held if name in known and (everything or name in map(str.lower, wanted))}
    if resource["app_id"] == GRAPH_APP_ID:
        given |= {name for name in own if name in _SHOWN}
    if lacking or not given:
        raise ConsentMissing(
            f"The user or administrator has not consented to use the application with ID '{client['app_id']}' named "
            f"'{client['display_name']}' for '{' '.join(lacking) or resource['aud']}'.",
            remedy="Ask an administrator to grant it.",
        )
    return " ".join(sorted(given))


def _offered(tx: Tx, resource: Row) -> list[str]:
    if not resource["first_party"]:
        return list(resource["scopes"])
    return [scope["value"] for scope in directory.offer_of(tx, resource["app_id"]).scopes]


def _held(tx: Tx, client: Row, resource: Row, user_id: str) -> frozenset[str]:
    """The permissions that a client holds: its own, those it is trusted with, those that were granted."""
    if client["app_id"] == resource["app_id"]:
        return frozenset(resource["scopes"])
    trusted = frozenset(resource["trusts"].get(client["app_id"], ()))
    holder, principal = client["service_principal"], resource["service_principal"]
    if holder is None or principal is None:
        return trusted
    return trusted | directory.granted_scopes(tx, holder["id"], principal["id"], user_id)


def _roles(tx: Tx, resource: Row, user_id: str) -> frozenset[str]:
    """The roles that a user has at an application of the tenant; first-party ones give none to users."""
    if resource["first_party"]:
        return frozenset()
    return directory.granted_roles(tx, directory.with_groups(tx, user_id), resource["service_principal"])


def _require_assigned(tx: Tx, user_id: str, principal: Row) -> None:
    decision = directory.is_assigned(tx, user_id, principal)
    if not decision.value:
        raise NotAssigned(
            f"The administrator has configured the application '{principal['display_name']}' ({principal['app_id']}) "
            "to block users unless they are specifically granted access to it.",
            reasons=decision.reasons,
            remedy="Ask an administrator to assign you to the application.",
        )


def _fixed(client: Row, resource: Row) -> str:
    """Scopes of first-party clients are fixed; ``mdm_delegation`` is the broker's alone (03 section 15.17)."""
    if resource["app_id"] == DRS_APP:
        return "adrs_access" if client["app_id"] in _REGISTRARS else "user_impersonation"
    if resource["app_id"] == ENROLLMENT_APP:
        return "mdm_delegation" if client["app_id"] == BROKER else "user_impersonation"
    if resource["app_id"] == GRAPH_APP_ID:
        return " ".join(sorted(client["scopes"] or ["User.Read"]))
    return " ".join(sorted(resource["scopes"])) or "user_impersonation"
