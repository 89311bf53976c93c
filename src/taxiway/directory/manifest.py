"""The complex properties of an application, checked member by member (02 section 6; v1.0 resource ``application``)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from taxiway.directory.application_entities import APPLICATION
from taxiway.directory.errors import Invalid

_REDIRECT = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s#*]{1,500}\Z")
_SCRIPTED = ("javascript:", "data:", "file:", "vbscript:")
_GUID = r"^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$"

_IDS = frozenset({"id", "appId", "resourceAppId", "delegatedPermissionIds", "knownClientApplications"})

Guid = Annotated[str, Meta(pattern=_GUID)]
Name = Annotated[str, Meta(max_length=256)]
Text = Annotated[str, Meta(max_length=1024)]
#: A permission's name: what stands in ``scp`` and ``roles``, so it has no blank.
Value = Annotated[str, Meta(pattern=r"^[!-~]{1,120}$")]
Uris = Annotated[list[str], Meta(max_length=256)]


class _Part(Struct, rename="camel", kw_only=True):
    """What is sent and not named here is left out."""


class ImplicitGrant(_Part):
    """Tokens at the authorise endpoint: not offered here, whatever is set (03 section 15.2)."""

    enable_access_token_issuance: bool = False
    enable_id_token_issuance: bool = False


class Web(_Part):
    """A web application: a confidential client."""

    home_page_url: Text | None = None
    logout_url: Text | None = None
    redirect_uris: Uris = []
    implicit_grant_settings: ImplicitGrant = msgspec.field(default_factory=ImplicitGrant)


class Redirects(_Part):
    """A single-page, or a mobile or desktop application: a public client."""

    redirect_uris: Uris = []


class PermissionScope(_Part):
    """A delegated permission that the application offers."""

    id: Guid
    value: Value
    type: Literal["User", "Admin"] = "User"
    is_enabled: bool = True
    admin_consent_display_name: Text | None = None
    admin_consent_description: Text | None = None
    user_consent_display_name: Text | None = None
    user_consent_description: Text | None = None


class PreAuthorized(_Part):
    """A client that the application trusts with some of its permissions, without anybody's consent."""

    app_id: Guid
    delegated_permission_ids: list[Guid] = []


class Api(_Part):
    """What an application is as a resource."""

    accept_mapped_claims: bool | None = None
    known_client_applications: list[Guid] = []
    oauth2_permission_scopes: list[PermissionScope] = []
    pre_authorized_applications: list[PreAuthorized] = []
    requested_access_token_version: Literal[1, 2] | None = None


class AppRole(_Part):
    """A role that users, groups or other applications can hold."""

    id: Guid
    allowed_member_types: list[Literal["User", "Application"]]
    display_name: Name
    description: Text | None = None
    is_enabled: bool = True
    origin: str = "Application"
    value: Value | None = None


class ResourceAccess(_Part):
    """One permission that the application would like to have."""

    id: Guid
    type: Literal["Scope", "Role"]


class RequiredResource(_Part):
    """The permissions that the application would like to have at one resource."""

    resource_app_id: Guid
    resource_access: list[ResourceAccess] = []


_PARTS: dict[str, Any] = {
    "web": Web,
    "spa": Redirects,
    "public_client": Redirects,
    "api": Api,
    "app_roles": list[AppRole],
    "required_resource_access": list[RequiredResource],
}
#: The kinds of redirect URI, by the property that holds them.
KINDS = ("web", "spa", "public_client")


def checked(before: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The complex properties after a change; members that an object does not name stay as they were."""
    return {name: _part(name, before.get(name), changes[name]) for name in _PARTS if name in changes}


def blank(name: str) -> Any:
    """What a complex property reads before anything was set."""
    return [] if name not in (*KINDS, "api") else msgspec.to_builtins(_PARTS[name]())


def _part(name: str, before: Any, given: Any) -> Any:
    merged = given
    if given is None:
        return blank(name)
    if isinstance(given, Mapping) and isinstance(before, Mapping):
        merged = {**before, **given}
    try:
        made = _lowered(msgspec.to_builtins(msgspec.convert(merged, _PARTS[name], strict=False)))
    except msgspec.ValidationError as error:
        spelled = APPLICATION.props[name].graph_name
        raise Invalid(f"Invalid value specified for property '{spelled}': {error}.") from error
    if name in KINDS:
        _check_uris(made["redirectUris"])
    if name == "api":
        _check_once("oauth2PermissionScopes", made["oauth2PermissionScopes"])
    if name == "app_roles":
        _check_once("appRoles", made)
    return made


def _lowered(value: Any, member: str = "") -> Any:
    """GUIDs in lower case, as all others here, so that ids compare as texts."""
    if isinstance(value, dict):
        return {key: _lowered(one, key) for key, one in value.items()}
    if isinstance(value, list):
        return [_lowered(one, member) for one in value]
    return value.lower() if member in _IDS else value


def _check_uris(uris: list[str]) -> None:
    for uri in uris:
        if not _REDIRECT.match(uri) or uri.lower().startswith(_SCRIPTED):
            raise Invalid(f"'{uri[:100]}' is not a redirect URI.")


def _check_once(name: str, permissions: list[dict[str, Any]]) -> None:
    """Ids and values lead to one permission each."""
    for member in ("id", "value"):
        seen = [str(one[member]).lower() for one in permissions if one[member] is not None]
        if len(seen) != len(set(seen)):
            raise Invalid(f"Two of '{name}' have the same '{member}'.")
