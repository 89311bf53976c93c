"""Scope tags: create, change, delete, and whose devices bear them (02 section 9.4)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from taxiway.directory import access, membership
from taxiway.directory.access import Principal
from taxiway.directory.entities import GROUPS, ROLE_SCOPE_TAGS
from taxiway.directory.errors import Invalid
from taxiway.directory.role_entities import INTUNE_ROLE_ASSIGNMENTS
from taxiway.store import NotFound, Row, Tx
from taxiway.store.query import Compare

#: The tag that everything bears which bears no other.
DEFAULT: Final = "0"
_MEMO: Final = "scope_tag_groups"
_LONGEST_NAME: Final = 128


def create_tag(tx: Tx, values: Mapping[str, Any], *, principal: Principal) -> Row:
    """Add a tag; ids are numbers, as in the original."""
    access.require(tx, principal, "scope_tags.create")
    _check_name(tx, values.get("display_name"))
    last = max((int(row["id"]) for row in ROLE_SCOPE_TAGS.select(tx)), default=0)
    row = ROLE_SCOPE_TAGS.insert(tx, {**values, "id": str(last + 1)})
    tx.log("scope_tag.created", subject=f"scope_tag:{row['id']}", what={"name": row["display_name"]})
    return row


def update_tag(tx: Tx, tag_id: str, changes: Mapping[str, Any], *, principal: Principal) -> Row:
    """Change a tag's name or description."""
    access.require(tx, principal, "scope_tags.update")
    before = _custom(tx, tag_id)
    if "display_name" in changes and changes["display_name"] != before["display_name"]:
        _check_name(tx, changes["display_name"])
    row = ROLE_SCOPE_TAGS.update(tx, tag_id, dict(changes))
    tx.log("scope_tag.changed", subject=f"scope_tag:{tag_id}", what={"changed": sorted(changes)})
    return row


def delete_tag(tx: Tx, tag_id: str, *, principal: Principal) -> None:
    """Remove a tag that no role assignment gives; objects that bear it keep a number that means nothing."""
    access.require(tx, principal, "scope_tags.delete")
    _custom(tx, tag_id)
    if any(tag_id in row["role_scope_tag_ids"] for row in INTUNE_ROLE_ASSIGNMENTS.select(tx)):
        raise Invalid("The scope tag is used by role assignments.", remedy="Remove it from them first.")
    assign_tag(tx, tag_id, [], principal=principal)
    ROLE_SCOPE_TAGS.delete(tx, tag_id)
    tx.log("scope_tag.deleted", subject=f"scope_tag:{tag_id}")


def assign_tag(tx: Tx, tag_id: str, group_ids: Sequence[str], *, principal: Principal) -> Row:
    """Give the tag to the devices of these groups, and to no others by that."""
    access.require(tx, principal, "scope_tags.assign")
    before = _custom(tx, tag_id)
    for group_id in group_ids:
        if GROUPS.get(tx, group_id) is None:
            raise NotFound(f"There is no group '{group_id}'.")
    row = ROLE_SCOPE_TAGS.update(tx, tag_id, {"group_ids": sorted(set(group_ids))})
    tx.memo.pop(_MEMO, None)
    tx.log("scope_tag.assigned", subject=f"scope_tag:{tag_id}", what={"groups": row["group_ids"]})
    for kind, object_id in sorted(_held(tx, set(before["group_ids"]) ^ set(row["group_ids"]))):
        if kind == "device":
            tx.announce("scope_tags.changed", device_id=object_id)
    return row


def tags_of_device(tx: Tx, device_id: str) -> list[str]:
    """The tags that a device has by its groups; empty where no group gives it one."""
    groups = _giving(tx)
    held = membership.groups_of(tx, "device", device_id) if groups else frozenset()
    return sorted({tag for group in held for tag in groups.get(group, ())})


def gives_tags(tx: Tx, group_ids: Collection[str]) -> bool:
    """Whether one of these groups gives its devices a tag."""
    return not _giving(tx).keys().isdisjoint(group_ids)


def drop_group(tx: Tx, group_id: str) -> None:
    """The group is gone: it gives no tag any more."""
    for row in ROLE_SCOPE_TAGS.select(tx):
        if group_id in row["group_ids"]:
            ROLE_SCOPE_TAGS.update(tx, row["id"], {"group_ids": [one for one in row["group_ids"] if one != group_id]})
            tx.memo.pop(_MEMO, None)


def _giving(tx: Tx) -> dict[str, list[str]]:
    """Group -> the tags it gives."""
    known: dict[str, list[str]] | None = tx.memo.get(_MEMO)
    if known is None:
        known = tx.memo[_MEMO] = {}
        for row in ROLE_SCOPE_TAGS.select(tx, Compare("id", "ne", DEFAULT)):
            for group in row["group_ids"]:
                known.setdefault(group, []).append(row["id"])
    return known


def _held(tx: Tx, group_ids: Collection[str]) -> set[tuple[str, str]]:
    return {member for group in group_ids for member in membership.members(tx, group, transitive=True)}


def _custom(tx: Tx, tag_id: str) -> Row:
    row = ROLE_SCOPE_TAGS.require(tx, tag_id)
    if row["is_built_in"]:
        raise Invalid("The built-in scope tag 'Default' can be neither changed nor removed nor assigned.")
    return row


def _check_name(tx: Tx, name: Any) -> None:
    if not isinstance(name, str) or not name.strip() or len(name) > _LONGEST_NAME:
        raise Invalid(f"A scope tag has a name of 1 to {_LONGEST_NAME} characters.")
    if ROLE_SCOPE_TAGS.find(tx, Compare("display_name", "eq", name)) is not None:
        raise Invalid(f"There is a scope tag named '{name}' already.")
