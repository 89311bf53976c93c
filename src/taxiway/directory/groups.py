"""Groups: assigned ones, whose members are stated, and dynamic ones, whose members follow a rule.

(02 section 6.1; 07)
"""

from __future__ import annotations

import struct
import uuid
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from taxiway.directory import access, assignments, membership, population, processing
from taxiway.directory.access import SYSTEM_PRINCIPAL, Principal
from taxiway.directory.entities import DEVICES, GROUPS, USERS
from taxiway.directory.errors import Invalid, MembershipByRule
from taxiway.directory.membership import ObjectKind
from taxiway.directory.rule_index import KINDS, compiled, rules_changed
from taxiway.directory.tables import group_owner
from taxiway.store import NotFound, Repository, Row, Tx, one_of

#: Dynamic groups of a tenant (07 section 12).
MOST_DYNAMIC = 15_000
_MOST_SOURCES = 50
_STATES = ("On", "Paused")
_REPOSITORIES: dict[ObjectKind, Repository] = {"user": USERS, "device": DEVICES, "group": GROUPS}
_FIXED = ("kind", "group_types", "is_assignable_to_role", "membership_rule_processing_status", "security_identifier")


def create_group(
    tx: Tx,
    *,
    principal: Principal,
    display_name: str,
    kind: str = "assigned",
    rule: str | None = None,
    **props: Any,
) -> Row:
    """Add a group; a dynamic one has its members at once, or when its population has been evaluated."""
    access.require(tx, principal, "groups.create")
    _check_name(display_name)
    if kind != "assigned" and kind not in KINDS:
        raise Invalid(f"There is no membership type '{kind}'.")
    if (rule is not None) != (kind in KINDS):
        raise Invalid("A dynamic group has a membership rule, and an assigned one has none.")
    group_id = tx.entropy.uuid()
    values: dict[str, Any] = {
        "mail_nickname": group_id,
        **props,
        "id": group_id,
        "display_name": display_name,
        "kind": kind,
        "created_at": tx.now,
        "renewed_date_time": tx.now,
        "security_identifier": security_identifier(group_id),
    }
    if rule is not None:
        values |= _ruled(tx, kind, rule, values)
    group = GROUPS.insert(tx, values)
    tx.log("group.created", subject=f"group:{group_id}", what={"name": display_name, "kind": kind, "rule": rule})
    return group if rule is None else _follow_rule(tx, group)


def update_group(tx: Tx, group_id: str, changed: Mapping[str, Any], *, principal: Principal = SYSTEM_PRINCIPAL) -> Row:
    """Change properties; a new rule, or one that is switched on again, is evaluated (07 section 14)."""
    access.require(tx, principal, "groups.update", ("group", group_id))
    before = GROUPS.require(tx, group_id)
    differing = {name: value for name, value in changed.items() if before.get(name) != value}
    fixed = sorted(differing.keys() & set(_FIXED))
    if fixed:
        raise Invalid(f"'{fixed[0]}' of a group cannot be changed.")
    if "display_name" in differing:
        _check_name(differing["display_name"])
    ruled = differing.keys() & {"membership_rule", "membership_rule_processing_state"}
    if ruled:
        if before["kind"] not in KINDS:
            raise Invalid("An assigned group has no membership rule.")
        _check_rule(tx, before["kind"], str(differing.get("membership_rule", before["membership_rule"])))
        _check_state(differing.get("membership_rule_processing_state", "On"))
        differing["membership_rule_processing_status"] = processing.NOT_STARTED
    if not differing:
        return before
    group = GROUPS.update(tx, group_id, differing)
    tx.log("group.changed", subject=f"group:{group_id}", what={"changed": sorted(changed)})
    if "display_name" in differing:
        tx.announce("group.renamed", id=group_id)
    return _follow_rule(tx, group) if ruled else group


def delete_group(tx: Tx, group_id: str, *, principal: Principal = SYSTEM_PRINCIPAL) -> None:
    """Remove a group, its memberships and the assignments that name it."""
    access.require(tx, principal, "groups.delete", ("group", group_id))
    group = GROUPS.require(tx, group_id)
    GROUPS.delete(tx, group_id)
    if group["kind"] in KINDS:
        rules_changed(tx, {**group, "deleted_at": tx.now})
    membership.drop_group(tx, group_id)
    assignments.drop_group(tx, group_id)
    tx.execute(sa.delete(group_owner).where(group_owner.c.tenant == tx.tenant, group_owner.c.group_id == group_id))
    tx.log("group.deleted", subject=f"group:{group_id}", what={"name": group["display_name"]})
    tx.announce("group.deleted", id=group_id)


def add_member(
    tx: Tx, group_id: str, object_kind: ObjectKind, object_id: str, *, principal: Principal = SYSTEM_PRINCIPAL
) -> None:
    """State a direct member of an assigned group; a device's anchor will do (01 R-56)."""
    _require_assigned(tx, group_id, principal)
    if _REPOSITORIES[object_kind].get(tx, object_id) is None:
        raise NotFound(f"There is no {object_kind} '{object_id}'.")
    membership.link(tx, group_id, (object_kind, object_id))


def remove_member(
    tx: Tx, group_id: str, object_kind: ObjectKind, object_id: str, *, principal: Principal = SYSTEM_PRINCIPAL
) -> None:
    """Take back a stated member."""
    _require_assigned(tx, group_id, principal)
    membership.unlink(tx, group_id, (object_kind, object_id))


def owners(tx: Tx, group_id: str) -> frozenset[str]:
    """The users who own a group."""
    owned = (group_owner.c.tenant == tx.tenant) & (group_owner.c.group_id == group_id)
    return frozenset(row["user_id"] for row in tx.all(sa.select(group_owner.c.user_id).where(owned)))


def add_owner(tx: Tx, group_id: str, user_id: str, *, principal: Principal) -> None:
    """Let a user own a group; repeatable."""
    access.require(tx, principal, "groups.update", ("group", group_id))
    GROUPS.require(tx, group_id)
    USERS.require(tx, user_id)
    if user_id not in owners(tx, group_id):
        tx.execute(sa.insert(group_owner).values(tenant=tx.tenant, group_id=group_id, user_id=user_id))
        tx.log("group.owner_added", subject=f"group:{group_id}", what={"owner": f"user:{user_id}"})


def remove_owner(tx: Tx, group_id: str, user_id: str, *, principal: Principal) -> None:
    """End a user's ownership of a group."""
    access.require(tx, principal, "groups.update", ("group", group_id))
    mine = (group_owner.c.tenant == tx.tenant) & (group_owner.c.group_id == group_id)
    if tx.execute(sa.delete(group_owner).where(mine, group_owner.c.user_id == user_id)).rowcount:
        tx.log("group.owner_removed", subject=f"group:{group_id}", what={"owner": f"user:{user_id}"})


def security_identifier(object_id: str) -> str:
    """The SID of a directory object: the four little-endian words of its id (03 section 8.3)."""
    return "S-1-12-1-" + "-".join(str(word) for word in struct.unpack("<4I", uuid.UUID(object_id).bytes_le))


def _follow_rule(tx: Tx, group: Row) -> Row:
    """Index the rule, and evaluate it unless it is paused; the members of a paused group stay as they are."""
    rules_changed(tx, group)
    return population.populate(tx, group) if group["membership_rule_processing_state"] == "On" else group


def _ruled(tx: Tx, kind: str, rule: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The properties that make a group dynamic, checked."""
    if values.get("is_assignable_to_role"):
        raise Invalid("A group to which roles can be assigned cannot be dynamic.")
    state = values.get("membership_rule_processing_state") or "On"
    _check_state(state)
    _check_rule(tx, kind, rule)
    if GROUPS.count(tx, one_of("kind", list(KINDS))) >= MOST_DYNAMIC:
        raise Invalid("Dynamic group policies max allowed groups count reached.")
    return {
        "group_types": ["DynamicMembership"],
        "membership_rule": rule,
        "membership_rule_processing_state": state,
        "membership_rule_processing_status": processing.NOT_STARTED,
    }


def _check_rule(tx: Tx, kind: str, text: str) -> None:
    """The rule must compile, and look into no group that itself looks into groups (07 section 10.3)."""
    sources = sorted(compiled(text, KINDS[kind]).source_groups)
    if len(sources) > _MOST_SOURCES:
        raise Invalid(f"A memberOf rule names at most {_MOST_SOURCES} groups.")
    for row in GROUPS.select(tx, one_of("id", sources)) if sources else ():
        if row["kind"] in KINDS and compiled(row["membership_rule"], KINDS[row["kind"]]).source_groups:
            raise Invalid(f"The group '{row['display_name']}' has a memberOf rule itself and cannot be a source.")


def _check_state(state: Any) -> None:
    if state not in _STATES:
        raise Invalid("Property membershipRuleProcessingState is 'On' or 'Paused'.")


def _check_name(name: Any) -> None:
    if not isinstance(name, str) or not name.strip() or len(name) > 256:
        raise Invalid("Property displayName of a group has 1 to 256 characters.")


def _require_assigned(tx: Tx, group_id: str, principal: Principal) -> None:
    access.require(tx, principal, "groups.update", ("group", group_id))
    if GROUPS.require(tx, group_id)["kind"] != "assigned":
        raise MembershipByRule("The members of a dynamic group come from its rule.", remedy="Change the rule.")
