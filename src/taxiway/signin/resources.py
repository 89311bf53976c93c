"""Which resource a client asks for, and what it may do there (03 sections 1.3 and 3.1)."""

from __future__ import annotations

from dataclasses import dataclass

from taxiway import directory
from taxiway.kernel import with_bare
from taxiway.signin.errors import ClientUnknown, ResourceUnknown, ScopeInvalid
from taxiway.signin.model import BROKER, DRS_APP, ENROLLMENT_APP
from taxiway.store import Row, Runtime, Tx

GRAPH = "https://graph.microsoft.com"
GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000"
_OPENID = frozenset({"openid", "profile", "email", "offline_access", "aza", "ugs", "sid"})
_REGISTRARS = frozenset({BROKER, "dd762716-544d-4aeb-a526-687b73838a22", "9ba1a5c7-f17a-4de9-a1f1-6178c8d51223"})


@dataclass(frozen=True, slots=True)
class Target:
    """A resource as one client may use it. ``aud`` is the form that was asked for."""

    app_id: str
    aud: str
    scp: str
    version: str = "1.0"


def client_of(tx: Tx, client_id: str) -> Row:
    """The application with this id, or ``ClientUnknown``."""
    row = directory.find_application(tx, client_id.lower())
    if row is None:
        raise ClientUnknown(
            f"Application with identifier '{client_id[:60]}' was not found in the directory.",
            remedy="Register the application in this tenant first.",
        )
    return row


def target_of(tx: Tx, client: Row, identifier: str) -> Target:
    """The resource an identifier names (v1 ``resource``), as this client may use it."""
    row = directory.resolve_resource(tx, identifier)
    if row is None:
        raise ResourceUnknown(
            f"The resource principal named '{identifier[:200]}' was not found in this tenant.",
            remedy="Check the resource or scope of the request.",
        )
    return Target(row["app_id"], row["aud"], _scp(client, row))


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


def _resource_of(item: str) -> str:
    if "://" not in item and not item.startswith("urn:") and "/" not in item:
        return GRAPH
    resource, _, permission = item.rpartition("/")
    if not resource or not permission:
        raise ScopeInvalid(f"The scope '{item[:100]}' names no permission.")
    return resource


def _scp(client: Row, resource: Row) -> str:
    """Scopes of first-party clients are fixed; ``mdm_delegation`` is the broker's alone (03 section 15.17)."""
    if resource["app_id"] == DRS_APP:
        return "adrs_access" if client["app_id"] in _REGISTRARS else "user_impersonation"
    if resource["app_id"] == ENROLLMENT_APP:
        return "mdm_delegation" if client["app_id"] == BROKER else "user_impersonation"
    if resource["aud"].rstrip("/") == GRAPH or resource["app_id"] == GRAPH_APP_ID:
        return " ".join(sorted(client["scopes"] or ["User.Read"]))
    return " ".join(sorted(resource["scopes"])) or "user_impersonation"
