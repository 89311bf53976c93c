"""Groups: assigned ones, whose members are stated, and dynamic ones, whose members follow a rule.

(02 section 6.1; 07)
"""

from __future__ import annotations

import struct
import uuid
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from taxiway.directory import access, assignments, changes, deleted_items, membership, population, processing
from taxiway.directory.access import SYSTEM_PRINCIPAL, Principal
from taxiway.directory.entities import DEVICES, GROUPS, USERS
from taxiway.directory.errors import Invalid, MemberAlready, MembershipByRule, NotAMember
from taxiway.directory.membership import ObjectKind
from taxiway.directory.rule_index import KINDS, compiled, rules_changed, rules_of
from taxiway.directory.tables import group_owner
from taxiway.store import NotFound, Repository, Row, Tx, one_of

#: Dynamic groups of a tenant (07 section 12).
MOST_DYNAMIC = 15_000
_MOST_SOURCES = 50
#: Groups of a tenant whose rule looks into other groups (07 section 12).
MOST_MEMBER_OF = 500
_STATES = ("On", "Paused")
_REPOSITORIES: dict[ObjectKind, Repository] = {"user": USERS, "device": DEVICES, "group": GROUPS}
_FIXED = (
    "kind",
    "assigned_licenses",
    "gives_licences",
    "licensed_up_to",
    "group_types",
    "is_assignable_to_role",
    "membership_rule_processing_status",
    "security_identifier",
)


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
    return group if rule is None else follow_rule(tx, group)


def update_group(tx: Tx, group_id: str, changed: Mapping[str, Any], *, principal: Principal = SYSTEM_PRINCIPAL) -> Row:
    """Change properties; a new rule, or one that is switched on again, is evaluated (07 section 14)."""
    before = GROUPS.require(tx, group_id)
    _require_right(tx, before, principal, "groups.update", owners_too="membership_rule_processing_state" not in changed)
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
        rule = str(differing.get("membership_rule", before["membership_rule"]))
        check_rule(tx, before["kind"], rule, group_id)
        _check_state(differing.get("membership_rule_processing_state", "On"))
        differing["membership_rule_processing_status"] = processing.NOT_STARTED
    if not differing:
        return before
    group = GROUPS.update(tx, group_id, differing)
    told = {name: value for name, value in differing.items() if name in changed}
    tx.log("group.changed", subject=f"group:{group_id}", what=changes.difference(before, told))
    if "display_name" in differing:
        tx.announce("group.renamed", id=group_id)
    return follow_rule(tx, group) if ruled else group


def delete_group(tx: Tx, group_id: str, *, principal: Principal = SYSTEM_PRINCIPAL) -> None:
    """Remove a group, its memberships and the assignments that name it; all but the assignments can be restored."""
    group = GROUPS.require(tx, group_id)
    _require_right(tx, group, principal, "groups.delete")
    deleted_items.keep(tx, "group", group, owned=owners(tx, group_id))
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
    """Let a user own a group."""
    _require_right(tx, GROUPS.require(tx, group_id), principal, "groups.update")
    USERS.require(tx, user_id)
    if user_id in owners(tx, group_id):
        raise MemberAlready(
            "One or more added object references already exist for the following modified properties: 'owners'."
        )
    tx.execute(sa.insert(group_owner).values(tenant=tx.tenant, group_id=group_id, user_id=user_id))
    tx.log("group.owner_added", subject=f"group:{group_id}", what={"owner": f"user:{user_id}"})


def remove_owner(tx: Tx, group_id: str, user_id: str, *, principal: Principal) -> None:
    """End a user's ownership of a group."""
    _require_right(tx, GROUPS.require(tx, group_id), principal, "groups.update")
    mine = (group_owner.c.tenant == tx.tenant) & (group_owner.c.group_id == group_id)
    if not tx.execute(sa.delete(group_owner).where(mine, group_owner.c.user_id == user_id)).rowcount:
        raise NotAMember("The user is not an owner of this group.")
    tx.log("group.owner_removed", subject=f"group:{group_id}", what={"owner": f"user:{user_id}"})


def security_identifier(object_id: str) -> str:
    """The SID of a directory object: the four little-endian words of its id (03 section 8.3)."""
    return "S-1-12-1-" + "-".join(str(word) for word in struct.unpack("<4I", uuid.UUID(object_id).bytes_le))


def follow_rule(tx: Tx, group: Row) -> Row:
    """Index the rule, and evaluate it unless it is paused; the members of a paused group stay as they are."""
    rules_changed(tx, group)
    return population.populate(tx, group) if group["membership_rule_processing_state"] == "On" else group


def _ruled(tx: Tx, kind: str, rule: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The properties that make a group dynamic, checked."""
    if values.get("is_assignable_to_role"):
        raise Invalid("A group to which roles can be assigned cannot be dynamic.")
    state = values.get("membership_rule_processing_state") or "On"
    _check_state(state)
    check_rule(tx, kind, rule, str(values["id"]))
    check_room(tx)
    return {
        "group_types": ["DynamicMembership"],
        "membership_rule": rule,
        "membership_rule_processing_state": state,
        "membership_rule_processing_status": processing.NOT_STARTED,
    }


def check_room(tx: Tx) -> None:
    """There must be room for one more dynamic group."""
    if GROUPS.count(tx, one_of("kind", list(KINDS))) >= MOST_DYNAMIC:
        raise Invalid("Dynamic group policies max allowed groups count reached.")


def check_rule(tx: Tx, kind: str, text: str, group_id: str) -> None:
    """The rule must compile, and look into no group that itself looks into groups (07 section 10.3)."""
    sources = sorted(compiled(text, KINDS[kind]).source_groups)
    if not sources:
        return
    others = _member_of_rules(tx, group_id)
    if len(others) >= MOST_MEMBER_OF:
        raise Invalid(f"A tenant has at most {MOST_MEMBER_OF} groups with a memberOf rule.")
    if any(group_id in looked_into for looked_into in others):
        raise Invalid("This group is a source of a memberOf rule and cannot have one itself.")
    if len(sources) > _MOST_SOURCES:
        raise Invalid(f"A memberOf rule names at most {_MOST_SOURCES} groups.")
    for row in GROUPS.select(tx, one_of("id", sources)):
        if row["kind"] in KINDS and compiled(row["membership_rule"], KINDS[row["kind"]]).source_groups:
            raise Invalid(f"The group '{row['display_name']}' has a memberOf rule itself and cannot be a source.")


def _member_of_rules(tx: Tx, but: str) -> list[frozenset[str]]:
    """The groups that each other memberOf rule that is on looks into."""
    sets = [rules for rules in (rules_of(tx, kind) for kind in KINDS.values()) if rules is not None]
    known = {group: rule.source_groups for rules in sets for group, rule in rules.rules.items()}
    return [sources for group, sources in known.items() if sources and group != but]


def _check_state(state: Any) -> None:
    if state not in _STATES:
        raise Invalid("Property membershipRuleProcessingState is 'On' or 'Paused'.")


def _check_name(name: Any) -> None:
    if not isinstance(name, str) or not name.strip() or len(name) > 256:
        raise Invalid("Property displayName of a group has 1 to 256 characters.")


def _require_assigned(tx: Tx, group_id: str, principal: Principal) -> None:
    group = GROUPS.require(tx, group_id)
    _require_right(tx, group, principal, "groups.update")
    if group["kind"] != "assigned":
        raise MembershipByRule("The members of a dynamic group come from its rule.", remedy="Change the rule.")


def _require_right(tx: Tx, group: Row, principal: Principal, action: str, *, owners_too: bool = True) -> None:
    """Owners may do with their group what its administrators may, but neither pause it nor touch one that has roles."""
    owns = principal.kind == "user" and principal.tenant == tx.tenant and principal.id in owners(tx, group["id"])
    if not (owns and owners_too and not group["is_assignable_to_role"]):
        access.require(tx, principal, action, ("group", group["id"]))
