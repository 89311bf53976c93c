"""Groups and their members (02 section 6.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from taxiway import directory
from taxiway.graph.errors import BadRequest, NoSuchItem, NotServed
from taxiway.graph.protocol import body, scopes
from taxiway.graph.protocol.call import Answer, Call, Operation
from taxiway.graph.protocol.face import Face, Meaning
from taxiway.graph.protocol.filter_tree import ALWAYS, NEVER
from taxiway.graph.protocol.lists import created, item_body, reading
from taxiway.graph.resources import licences, owners
from taxiway.graph.resources.members import GROUP_BETA, GROUP_HIDDEN, GROUP_ON_SELECT, members_answer
from taxiway.graph.resources.objects import EXPANDED, member_of, objects_expansion
from taxiway.graph.resources.references import reference, references, require_object
from taxiway.store import Not, Row, Tx, Where, one_of

_DYNAMIC: Final = "DynamicMembership"
_RULED: Final = ("dynamic_device", "dynamic_user")
_PROCESSING: Final = {True: "ProcessingComplete", False: "ProcessingInProgress"}


def _group_types(operator: str, value: Any) -> Where:
    """``groupTypes/any(c:c eq 'DynamicMembership')``: what the group's kind says."""
    dynamic = one_of("kind", _RULED)
    if operator == "any":
        return dynamic
    if operator not in ("eq", "ne"):
        return NEVER
    if str(value).lower() != _DYNAMIC.lower():
        return NEVER if operator == "eq" else ALWAYS
    return dynamic if operator == "eq" else Not(dynamic)


def _count(nobody: Where) -> Meaning:
    """``members/$count eq 0``: whether there is anybody, which is all that Graph counts in a filter."""

    def meaning(operator: str, value: Any) -> Where:
        if (operator, value) in (("eq", 0), ("lt", 1)):
            return nobody
        if (operator, value) in (("ne", 0), ("gt", 0), ("ge", 1)):
            return Not(nobody)
        raise BadRequest("A count can only be compared with 0 in a filter.")

    return meaning


def _members(tx: Tx, row: Row) -> list[directory.Member]:
    return directory.some_members(tx, row["id"], limit=EXPANDED)


def _all_members(tx: Tx, row: Row) -> list[directory.Member]:
    return directory.some_members(tx, row["id"], limit=EXPANDED, transitive=True)


def _license_processing(_tx: Tx, rows: list[Row]) -> list[dict[str, Any]]:
    """How far the group's licences have come to its members; shown when it is asked for."""
    return [
        {"licenseProcessingState": {"state": _PROCESSING[row["licensed_up_to"] is None]}}
        if row["assigned_licenses"] or row["licensed_up_to"] is not None
        else {"licenseProcessingState": None}
        for row in rows
    ]


GROUPS: Final = Face(
    path="groups",
    repository=directory.GROUPS,
    family="directory",
    hidden=GROUP_HIDDEN,
    beta=GROUP_BETA,
    on_select=GROUP_ON_SELECT,
    shown=_license_processing,
    computed=frozenset({"licenseProcessingState"}),
    written=frozenset(
        {
            "display_name",
            "description",
            "mail_enabled",
            "mail_nickname",
            "security_enabled",
            "membership_rule",
            "membership_rule_processing_state",
            "is_assignable_to_role",
            "visibility",
            "theme",
            "preferred_language",
            "classification",
            "preferred_data_location",
            "unique_name",
            "assigned_labels",
            "allow_external_senders",
            "auto_subscribe_new_members",
            "hide_from_address_lists",
            "hide_from_outlook_clients",
            "is_subscribed_by_mail",
            "is_favorite",
            "writeback_configuration",
        }
    ),
    lambdas={"grouptypes": _group_types},
    fixed={
        "members/$count": _count(directory.WITHOUT_MEMBERS),
        "owners/$count": _count(directory.WITHOUT_OWNERS),
    },
    expansions=(
        objects_expansion("members", _members, scopes.MEMBERS_READ),
        objects_expansion("transitiveMembers", _all_members, scopes.MEMBERS_READ),
        objects_expansion("owners", owners.owned_by),
        *member_of("group"),
    ),
)


async def _create(call: Call) -> Answer:
    content = call.json
    values = body.incoming(GROUPS, content)
    for name in ("displayName", "mailNickname"):
        if not body.text_field(content, name):
            raise BadRequest(f"A value is required for property '{name}' of resource 'Group'.")
    if values.get("mail_enabled"):
        raise NotServed("Mail-enabled groups are not implemented here.")
    name, rule = values.pop("display_name"), values.pop("membership_rule", None)
    kind = _kind(content, rule)
    if kind == "assigned" and rule is not None:
        raise BadRequest("One or more property values specified are invalid: an assigned group has no membershipRule.")
    invited, owning = references(content, "members"), references(content, "owners")
    if len(invited) + len(owning) > EXPANDED:
        raise BadRequest(f"A group is created with at most {EXPANDED} members and owners together.")
    if invited and kind != "assigned":
        raise BadRequest("The members of a dynamic group come from its rule.")

    def write(tx: Tx) -> dict[str, Any]:
        group = directory.create_group(tx, principal=call.principal, display_name=name, kind=kind, rule=rule, **values)
        for object_id in invited:
            _add(tx, call, group["id"], object_id)
        for object_id in owning:
            owners.add(tx, call, group["id"], object_id)
        return item_body(tx, call, GROUPS, group)

    return created(call, GROUPS, await call.write(write))


async def _update(call: Call) -> Answer:
    content = call.json
    changes = body.incoming(GROUPS, content)
    invited = references(content, "members")

    def write(tx: Tx) -> None:
        require_group(tx, call.keys["id"])
        if changes:
            directory.update_group(tx, call.keys["id"], changes, principal=call.principal)
        for object_id in invited:
            _add(tx, call, call.keys["id"], object_id)

    await call.write(write)
    return Answer(204)


async def _delete(call: Call) -> Answer:
    await call.write(lambda tx: directory.delete_group(tx, call.keys["id"], principal=call.principal))
    return Answer(204)


async def _add_member(call: Call) -> Answer:
    object_id = reference(call.json)

    def write(tx: Tx) -> None:
        require_group(tx, call.keys["id"])
        _add(tx, call, call.keys["id"], object_id)

    await call.write(write)
    return Answer(204)


async def _remove_member(call: Call) -> Answer:
    def write(tx: Tx) -> None:
        require_group(tx, call.keys["id"])
        kind, _ = require_object(tx, call.keys["member"].lower())
        directory.remove_member(tx, call.keys["id"], kind, call.keys["member"].lower(), principal=call.principal)

    await call.write(write)
    return Answer(204)


async def _assign_license(call: Call) -> Answer:
    added, removed = licences.read(call.json)

    def write(tx: Tx) -> dict[str, Any]:
        require_group(tx, call.keys["id"])
        group = directory.assign_group_licenses(
            tx, call.keys["id"], add=added, remove=removed, principal=call.principal
        )
        return item_body(tx, call, GROUPS, group)

    return Answer(202, await call.write(write))


async def _members_without_seat(call: Call) -> Answer:
    """``membersWithLicenseErrors``: those who wait until a seat is free."""

    def read(tx: Tx) -> list[tuple[str, str]]:
        require_group(tx, call.keys["id"])
        return [("user", user_id) for user_id in directory.members_without_seat(tx, call.keys["id"])]

    return await members_answer(call, read)


def require_group(tx: Tx, group_id: str) -> Row:
    """The group, or 404."""
    row = directory.GROUPS.get(tx, group_id)
    if row is None:
        raise NoSuchItem(group_id)
    return row


def _add(tx: Tx, call: Call, group_id: str, object_id: str) -> None:
    kind, _ = require_object(tx, object_id)
    directory.add_member(tx, group_id, kind, object_id, principal=call.principal)


def _kind(content: Mapping[str, Any], rule: str | None) -> str:
    """Assigned, or whose properties the rule speaks of."""
    types = [str(item).lower() for item in body.list_field(content, "groupTypes")]
    if "unified" in types:
        raise NotServed("Microsoft 365 groups ('Unified') are not implemented here.")
    if _DYNAMIC.lower() not in types:
        return "assigned"
    if not rule:
        raise BadRequest("A dynamic group needs its 'membershipRule'.")
    return f"dynamic_{directory.rule_kind(rule)}"


def _below(pattern: str, handler: Any, needed: frozenset[str], method: str = "GET") -> Operation:
    return Operation(method, pattern, handler, needed, "directory")


OPERATIONS: Final = [
    *reading("groups", GROUPS, scopes.GROUPS_READ),
    _below("groups", _create, scopes.GROUPS_CREATE, "POST"),
    _below("groups/{id}", _update, scopes.GROUPS_WRITE, "PATCH"),
    _below("groups/{id}", _delete, scopes.GROUPS_WRITE, "DELETE"),
    _below("groups/{id}/assignLicense", _assign_license, scopes.GROUP_LICENSES_WRITE, "POST"),
    _below("groups/{id}/membersWithLicenseErrors", _members_without_seat, scopes.GROUPS_READ),
    _below("groups/{id}/members/$ref", _add_member, scopes.MEMBERS_WRITE, "POST"),
    _below("groups/{id}/members/{member}/$ref", _remove_member, scopes.MEMBERS_WRITE, "DELETE"),
]
