"""Tenant policies: the user scopes of MDM and app management, and who may join devices (02 section 5)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from taxiway import directory
from taxiway.directory import Principal
from taxiway.graph.errors import BadRequest, NoSuchItem
from taxiway.graph.protocol import body, scopes
from taxiway.graph.protocol.call import Answer, Call, Handler, Operation
from taxiway.graph.protocol.face import Expansion, Face, Sharing
from taxiway.graph.protocol.lists import reading
from taxiway.graph.resources.members import members_answer
from taxiway.graph.resources.objects import object_json
from taxiway.graph.resources.references import reference, require_item
from taxiway.store import Repository, Row, Tx

_MDM: Final = "policies/mobileDeviceManagementPolicies"
_MAM: Final = "policies/mobileAppManagementPolicies"
_REGISTRATION: Final = "policies/deviceRegistrationPolicy"
_MEMBERSHIPS: Final = {
    "all": "#microsoft.graph.allDeviceRegistrationMembership",
    "none": "#microsoft.graph.noDeviceRegistrationMembership",
    "selected": "#microsoft.graph.enumeratedDeviceRegistrationMembership",
}
_DURING_REGISTRATION: Final = "is_mdm_enrollment_during_registration_disabled"
_Change = Callable[[Tx, Principal, Mapping[str, Any]], Row]
_URLS: Final = {"discoveryurl": "discovery_url", "termsofuseurl": "terms_of_use_url", "complianceurl": "compliance_url"}


def _filled(tx: Tx, rows: list[Row]) -> list[dict[str, Any]]:
    """The URLs as devices will be told them: the room fills in this instance's own."""
    return [_urls(directory.mdm_policy(tx)) for _ in rows]


def _urls(policy: Row) -> dict[str, Any]:
    return {
        "discoveryUrl": policy["discovery_url"],
        "termsOfUseUrl": policy["terms_of_use_url"],
        "complianceUrl": policy["compliance_url"],
    }


def _included(tx: Tx, row: Row) -> list[dict[str, Any]]:
    return [object_json(tx, "group", group) for group in row["group_ids"]]


def _face(path: str, policies: Repository, shown: Sharing, *, hidden: frozenset[str] = frozenset()) -> Face:
    return Face(
        path=path,
        repository=policies,
        family="directory",
        hidden=frozenset({"group_ids", "discovery_url", "terms_of_use_url", "compliance_url"}) | hidden,
        shown=shown,
        computed=frozenset({"discoveryUrl", "termsOfUseUrl", "complianceUrl"}),
        expansions=(Expansion("includedGroups", _included),),
        written=frozenset({"applies_to", "description", "display_name", _DURING_REGISTRATION}) - hidden,
    )


MDM: Final = _face(_MDM, directory.MDM_POLICIES, _filled)
#: App management without enrollment (WIP): nearly the same shape, and nobody fills in its URLs.
MAM: Final = _face(
    _MAM,
    directory.MAM_POLICIES,
    lambda _tx, rows: [_urls(row) for row in rows],
    hidden=frozenset({_DURING_REGISTRATION}),
)


def _mobility(face: Face, change: _Change) -> list[Operation]:
    """A user scope: who it is for, as three words or as groups."""
    item = f"{face.path}/{{id}}"
    groups = f"{item}/includedGroups"

    async def update(call: Call) -> Answer:
        changes = _scope_changes(face, call.json)

        def write(tx: Tx) -> None:
            require_item(tx, call, face.repository)
            change(tx, call.principal, changes)

        await call.write(write)
        return Answer(204)

    async def included(call: Call) -> Answer:
        return await members_answer(
            call, lambda tx: [("group", group) for group in require_item(tx, call, face.repository)["group_ids"]]
        )

    read, written = scopes.MDM_POLICY_READ, scopes.MDM_POLICY_WRITE
    return [
        *reading(face.path, face, read, beta=True),
        Operation("PATCH", item, update, written, "directory", beta=True),
        Operation("GET", groups, included, read, "directory", beta=True),
        Operation("POST", f"{groups}/$ref", _including(face, change), written, "directory", beta=True),
        Operation(
            "DELETE", f"{item}/includedGroups/{{group}}/$ref", _excluding(face, change), written, "directory", beta=True
        ),
    ]


def _including(face: Face, change: _Change) -> Handler:
    async def include(call: Call) -> Answer:
        group_id = reference(call.json)

        def write(tx: Tx) -> None:
            groups = list(require_item(tx, call, face.repository)["group_ids"])
            if directory.GROUPS.get(tx, group_id) is None:
                raise NoSuchItem(group_id)
            changes = {"applies_to": "selected", "group_ids": list(dict.fromkeys([*groups, group_id]))}
            change(tx, call.principal, changes)

        await call.write(write)
        return Answer(204)

    return include


def _excluding(face: Face, change: _Change) -> Handler:
    async def exclude(call: Call) -> Answer:
        group_id = call.keys["group"].lower()

        def write(tx: Tx) -> None:
            groups = list(require_item(tx, call, face.repository)["group_ids"])
            if group_id not in groups:
                raise NoSuchItem(group_id)
            groups.remove(group_id)
            change(tx, call.principal, {"applies_to": "selected" if groups else "none", "group_ids": groups})

        await call.write(write)
        return Answer(204)

    return exclude


def _scope_changes(face: Face, content: Mapping[str, Any]) -> dict[str, Any]:
    changes = body.incoming(face, content)
    changes |= {_URLS[k.lower()]: body.text_field(content, k) for k in content if k.lower() in _URLS}
    if "applies_to" in changes:
        wanted = changes["applies_to"]
        if len(changes) > 1:
            raise BadRequest("'appliesTo' cannot be changed together with other properties.")
        if wanted not in ("none", "all"):
            raise BadRequest("'appliesTo' can be set to 'none' or 'all'; 'selected' results from adding a group.")
        changes["group_ids"] = []
    return changes


# ------------------------------------------------------------------------------------------ who may join


def _registration(policy: Row) -> dict[str, Any]:
    """``deviceRegistrationPolicy`` in Graph's nested shape."""
    return {
        "id": "deviceRegistrationPolicy",
        "displayName": policy["display_name"],
        "description": policy["description"],
        "userDeviceQuota": _UNLIMITED if policy["quota"] is None else policy["quota"],
        "multiFactorAuthConfiguration": "required" if policy["mfa_required"] else "notRequired",
        "azureADRegistration": {
            "isAdminConfigurable": False,
            "allowedToRegister": {"@odata.type": _MEMBERSHIPS[policy["registration_allowed"]]},
        },
        "azureADJoin": {
            "isAdminConfigurable": True,
            "allowedToJoin": _membership(policy["join_allowed"], policy["join_users"], policy["join_groups"]),
            "localAdmins": {
                "enableGlobalAdmins": policy["global_admins_are_local_admins"],
                "registeringUsers": _membership(
                    policy["registering_users_are_local_admins"],
                    policy["registering_admin_users"],
                    policy["registering_admin_groups"],
                ),
            },
        },
        "localAdminPassword": {"isEnabled": policy["laps_enabled"]},
    }


#: What "unlimited" is called on the wire.
_UNLIMITED: Final = 2_147_483_647


def _membership(kind: str, users: list[str], groups: list[str]) -> dict[str, Any]:
    shown: dict[str, Any] = {"@odata.type": _MEMBERSHIPS[kind]}
    return shown | ({"users": users, "groups": groups} if kind == "selected" else {})


async def _get_registration(call: Call) -> Answer:
    return Answer(200, _with_context(call, await call.read(directory.registration_policy)))


async def _put_registration(call: Call) -> Answer:
    """PUT replaces, PATCH merges."""
    content = call.json
    changes = _changes(content)
    if call.operation.method == "PUT":
        changes = {"quota": 0, **changes}
    policy = await call.write(lambda tx: directory.update_registration_policy(tx, call.principal, changes))
    return Answer(200, _with_context(call, policy))


def _with_context(call: Call, policy: Row) -> dict[str, Any]:
    return {"@odata.context": f"{call.root}/$metadata#{_REGISTRATION}/$entity", **_registration(policy)}


def _changes(content: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    quota = body.field(content, "userDeviceQuota")
    if quota is not None:
        if not isinstance(quota, int) or isinstance(quota, bool) or not 0 <= quota <= _UNLIMITED:
            raise BadRequest("'userDeviceQuota' must be a number that is not negative.")
        found["quota"] = None if quota == _UNLIMITED else quota
    mfa = body.text_field(content, "multiFactorAuthConfiguration")
    if mfa:
        found["mfa_required"] = _one_of("multiFactorAuthConfiguration", mfa, ("required", "notRequired")) == "required"
    join = _object(content, "azureADJoin")
    found |= _read_membership(join, "allowedToJoin", ("join_allowed", "join_users", "join_groups"))
    admins = _object(join, "localAdmins")
    enable = body.field(admins, "enableGlobalAdmins")
    if isinstance(enable, bool):
        found["global_admins_are_local_admins"] = enable
    names = ("registering_users_are_local_admins", "registering_admin_users", "registering_admin_groups")
    found |= _read_membership(admins, "registeringUsers", names)
    laps = body.field(_object(content, "localAdminPassword"), "isEnabled")
    return found | ({"laps_enabled": laps} if isinstance(laps, bool) else {})


def _read_membership(content: Mapping[str, Any], name: str, into: tuple[str, str, str]) -> dict[str, Any]:
    stated = _object(content, name)
    if not stated:
        return {}
    wanted = body.odata_type(stated)
    kind = next((kind for kind, known in _MEMBERSHIPS.items() if known.lower() == wanted.lower()), None)
    if kind is None:
        raise BadRequest(f"'{name}' needs one of the types {', '.join(_MEMBERSHIPS.values())}.")
    users = [str(item) for item in body.list_field(stated, "users")]
    groups = [str(item) for item in body.list_field(stated, "groups")]
    return dict(zip(into, (kind, users, groups), strict=True))


def _object(content: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = body.field(content, name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadRequest(f"'{name}' must be an object.")
    return value


def _one_of(name: str, value: str, known: tuple[str, ...]) -> str:
    if value not in known:
        raise BadRequest(f"'{name}' must be one of {', '.join(known)}.")
    return value


OPERATIONS: Final = [
    # Graph has no application permission for these.
    *(replace(one, delegated=True) for one in _mobility(MDM, directory.update_mdm_policy)),
    *(replace(one, delegated=True) for one in _mobility(MAM, directory.update_wip_policy)),
    Operation("GET", _REGISTRATION, _get_registration, scopes.REGISTRATION_READ, "directory"),
    Operation("PUT", _REGISTRATION, _put_registration, scopes.REGISTRATION_WRITE, "directory"),
    Operation("PATCH", _REGISTRATION, _put_registration, scopes.REGISTRATION_WRITE, "directory"),
]
