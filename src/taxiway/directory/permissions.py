"""What the first-party resources offer: delegated permissions and application roles, with their ids (02 section 2)."""

from __future__ import annotations

import tomllib
import uuid
from functools import cache
from importlib.resources import files
from typing import Any

from taxiway.directory.catalogue import GRAPH_APP_ID, Resource

Permission = dict[str, Any]

_FILE = "graph_permissions.toml"
_DERIVED = "derived"
_USER_CONSENT = frozenset({"User.Read", "User.ReadBasic.All", "email", "offline_access", "openid", "profile"})


def scopes_of(resource: Resource) -> list[Permission]:
    """The delegated permissions of a first-party resource, in the shape of ``oauth2PermissionScopes``."""
    if resource.app_id == GRAPH_APP_ID:
        return _graph()[0]
    return [_scope(value, derived_id(resource.app_id, value)) for value in resource.scopes]


def roles_of(resource: Resource) -> list[Permission]:
    """The application permissions of a first-party resource, in the shape of ``appRoles``."""
    return _graph()[1] if resource.app_id == GRAPH_APP_ID else []


def derived_id(*names: str) -> str:
    """An id that follows from names, the same on every instance."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "\x1f".join(names)))


@cache
def _graph() -> tuple[list[Permission], list[Permission]]:
    table: dict[str, list[str]] = tomllib.loads((files("taxiway.directory") / _FILE).read_text("utf-8"))
    scopes, roles = [], []
    for value, (delegated, application) in table.items():
        if delegated:
            scopes.append(_scope(value, delegated if delegated != _DERIVED else derived_id("delegated", value)))
        if application:
            roles.append(_role(value, application if application != _DERIVED else derived_id("application", value)))
    return scopes, roles


def _scope(value: str, permission_id: str) -> Permission:
    return {
        "id": permission_id,
        "value": value,
        "type": "User" if value in _USER_CONSENT or value == "user_impersonation" else "Admin",
        "isEnabled": True,
        "adminConsentDisplayName": value,
        "adminConsentDescription": value,
        "userConsentDisplayName": value,
        "userConsentDescription": value,
    }


def _role(value: str, permission_id: str) -> Permission:
    return {
        "id": permission_id,
        "value": value,
        "allowedMemberTypes": ["Application"],
        "isEnabled": True,
        "displayName": value,
        "description": value,
        "origin": "Application",
    }
