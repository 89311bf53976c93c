"""Users and the signed-in one (02 section 6.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from taxiway import directory, signin
from taxiway.graph.errors import BadRequest, Malformed, NoSuchItem
from taxiway.graph.protocol import body, scopes
from taxiway.graph.protocol.call import Answer, Call, Handler, Operation
from taxiway.graph.protocol.face import Expansion, Face
from taxiway.graph.protocol.lists import created, item_answer, item_body, reading, value_answer
from taxiway.graph.resources import licences, objects
from taxiway.graph.resources.objects import OBJECTS, member_of, objects_expansion
from taxiway.store import Row, Tx

_DEFAULT: Final = (
    "businessPhones",
    "displayName",
    "givenName",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
)
_BETA: Final = frozenset(
    {
        "cloud_licensing",
        "cloud_realtime_communication_info",
        "device_keys",
        "identity_governance",
        "info_catalogs",
        "is_license_reconciliation_needed",
        "on_premises_sip_info",
        "refresh_tokens_valid_from_date_time",
    }
)
#: Graph keeps these elsewhere than the rest of a person, and shows them when asked for.
_ON_SELECT: Final = frozenset(
    {
        "about_me",
        "birthday",
        "cloud_licensing",
        "custom_security_attributes",
        "hire_date",
        "identity_governance",
        "interests",
        "mailbox_settings",
        "my_site",
        "past_projects",
        "preferred_name",
        "print",
        "responsibilities",
        "schools",
        "sign_in_activity",
        "skills",
    }
)
_READ_ONLY: Final = frozenset(
    {
        "created_at",
        "deleted_at",
        "assigned_licenses",
        "assigned_plans",
        "provisioned_plans",
        "license_assignment_states",
        "last_password_change_at",
        "sign_in_sessions_valid_from",
        "security_identifier",
        "creation_type",
        "manager_id",
        "password_profile",
        "directory_extensions",
        "proxy_addresses",
        "on_premises_provisioning_errors",
        "on_premises_sync_enabled",
        "on_premises_last_sync_date_time",
        "on_premises_domain_name",
        "on_premises_sam_account_name",
        "on_premises_security_identifier",
        "on_premises_distinguished_name",
        "on_premises_user_principal_name",
        "refresh_tokens_valid_from_date_time",
        "identity_parent_id",
        "info_catalogs",
        "is_management_restricted",
        "is_license_reconciliation_needed",
        "service_provisioning_errors",
        "sign_in_activity",
        "authorization_info",
        "custom_security_attributes",
        "mailbox_settings",
        "print",
        "device_keys",
        *_BETA,
    }
)
USERS: Final = Face(
    path="users",
    repository=directory.USERS,
    family="directory",
    hidden=frozenset({"manager_id", "directory_extensions"}),
    beta=_BETA,
    on_select=_ON_SELECT,
    default=_DEFAULT,
    written=frozenset(directory.USERS.entity.props) - _READ_ONLY,
    expansions=(
        Expansion("manager", objects.manager, many=False, needs=scopes.USERS_READ),
        objects_expansion("directReports", objects.reports, scopes.USERS_READ),
        objects_expansion("ownedDevices", objects.owned, scopes.DEVICES_READ),
        objects_expansion("registeredDevices", objects.owned, scopes.DEVICES_READ),
        *member_of("user"),
    ),
)
OBJECTS["user"] = USERS


async def _create(call: Call) -> Answer:
    content = call.json
    values = body.incoming(USERS, content)
    for name in ("userPrincipalName", "displayName", "mailNickname"):
        if not body.text_field(content, name):
            raise BadRequest(f"A value is required for property '{name}' of resource 'User'.")
    profile = body.field(content, "passwordProfile")
    if not isinstance(profile, dict):
        raise BadRequest("A value is required for property 'passwordProfile' of resource 'User'.")
    upn, name = values.pop("user_principal_name"), values.pop("display_name")
    hashed = await _hashed(call, profile)

    def write(tx: Tx) -> dict[str, Any]:
        user = directory.create_user(tx, principal=call.principal, upn=upn, display_name=name, **values)
        signin.store_password(tx, user["id"], hashed, one_time=_one_time(profile))
        return item_body(tx, call, USERS, user)

    return created(call, USERS, await call.write(write))


async def _update(call: Call) -> Answer:
    content = call.json
    changes = body.incoming(USERS, content)
    profile = body.field(content, "passwordProfile")
    hashed = await _hashed(call, profile) if isinstance(profile, dict) else None

    def write(tx: Tx) -> None:
        user = require_user(tx, call.keys["id"])
        if changes:
            directory.update_user(tx, user["id"], changes, principal=call.principal)
        if hashed is not None:
            directory.require(tx, call.principal, "users.password.update", ("user", user["id"]))
            signin.store_password(tx, user["id"], hashed, one_time=_one_time(profile))

    await call.write(write)
    return Answer(204)


async def _delete(call: Call) -> Answer:
    def write(tx: Tx) -> None:
        directory.delete_user(tx, require_user(tx, call.keys["id"])["id"], principal=call.principal)

    await call.write(write)
    return Answer(204)


async def _assign_license(call: Call) -> Answer:
    added, removed = licences.read(call.json)

    def write(tx: Tx) -> dict[str, Any]:
        user = require_user(tx, call.keys["id"])
        changed = directory.assign_licenses(tx, user["id"], add=added, remove=removed, principal=call.principal)
        return item_body(tx, call, USERS, changed)

    return Answer(200, await call.write(write))


async def _reprocess_licenses(call: Call) -> Answer:
    """What the groups say is given once more: a licence that had failed is tried again."""

    def write(tx: Tx) -> dict[str, Any]:
        directory.require(tx, call.principal, "users.license")
        user = require_user(tx, call.keys["id"])
        return item_body(tx, call, USERS, directory.license_user(tx, user["id"]) or user)

    return Answer(200, await call.write(write))


async def _license_details(call: Call) -> Answer:
    def read(tx: Tx) -> list[dict[str, Any]]:
        return licences.details(tx, require_user(tx, call.keys["id"]))

    return value_answer(call, f"users('{call.keys['id']}')/licenseDetails", await call.read(read))


async def _revoke_sessions(call: Call) -> Answer:
    def write(tx: Tx) -> None:
        directory.require(tx, call.principal, "users.update")
        signin.revoke_for_user(tx, require_user(tx, call.keys["id"])["id"])

    await call.write(write)
    return Answer(200, {"@odata.context": f"{call.root}/$metadata#Edm.Boolean", "value": True})


async def _me(call: Call) -> Answer:
    return await item_answer(call, USERS, caller(call))


def caller(call: Call) -> str:
    """The id of the person who calls: what ``me`` stands for."""
    if call.principal.kind != "user":
        raise Malformed("/me request is only valid with delegated authentication flow.")
    return call.principal.id


def require_user(tx: Tx, upn_or_id: str) -> Row:
    """The user with this name or id, or 404."""
    user = directory.find_user(tx, upn_or_id)
    if user is None:
        raise NoSuchItem(upn_or_id)
    return user


async def _hashed(call: Call, profile: Mapping[str, Any]) -> str:
    """The hash of the password in a profile: made before the transaction, in which nothing slow may happen."""
    password = body.text_field(profile, "password")
    signin.check_strength(password)
    return await signin.hash_secret(call.rt, password)


def _one_time(profile: Mapping[str, Any]) -> bool:
    """Whether the sign-in page asks for another password: what Graph does unless told otherwise."""
    return str(body.field(profile, "forceChangePasswordNextSignIn", default=True)).lower() == "true"


def _post(action: str, handler: Handler, needed: frozenset[str]) -> Operation:
    return Operation("POST", f"users/{{id}}/{action}", handler, needed, "directory")


OPERATIONS: Final = [
    *reading("users", USERS, scopes.USERS_READ, find=directory.find_user),
    Operation("POST", "users", _create, scopes.USERS_WRITE, "directory"),
    Operation("PATCH", "users/{id}", _update, scopes.USERS_WRITE, "directory"),
    Operation("DELETE", "users/{id}", _delete, scopes.USERS_WRITE, "directory"),
    _post("assignLicense", _assign_license, scopes.LICENSES_WRITE),
    _post("reprocessLicenseAssignment", _reprocess_licenses, scopes.LICENSES_WRITE),
    _post("revokeSignInSessions", _revoke_sessions, scopes.USERS_WRITE),
    Operation("GET", "users/{id}/licenseDetails", _license_details, scopes.USERS_READ, "directory"),
    Operation("GET", "me", _me, scopes.ME_READ, "directory"),
]
