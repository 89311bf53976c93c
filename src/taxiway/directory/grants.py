"""What an administrator holds of Intune's roles: through the groups that their assignments name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from taxiway.directory import membership, resource_actions
from taxiway.directory.role_entities import INTUNE_ROLE_ASSIGNMENTS, INTUNE_ROLES
from taxiway.store import Row, Tx

_MEMO: Final = "intune_grants"
#: A directory object that an action is about: its kind and its id.
Object = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Grant:
    """One assignment of a role to the administrator: what it permits, on objects with which tags, on whom."""

    role: str
    actions: frozenset[str]
    tags: frozenset[str]
    groups: frozenset[str]
    devices: bool
    users: bool

    def reaches(self, tx: Tx, target: Object | None) -> bool:
        """Whether the object is within the assignment's scope groups; what is no user or device always is."""
        if target is None or target[0] not in ("user", "device"):
            return True
        kind, object_id = target
        everyone = self.devices if kind == "device" else self.users
        return everyone or bool(self.groups & membership.groups_of(tx, kind, object_id))  # type: ignore[arg-type]


def intune_grants(tx: Tx, user_id: str) -> tuple[Grant, ...]:
    """Every assignment that reaches the user."""
    known: dict[str, tuple[Grant, ...]] = tx.memo.setdefault(_MEMO, {})
    if user_id not in known:
        rows = INTUNE_ROLE_ASSIGNMENTS.select(tx)
        held = membership.groups_of(tx, "user", user_id) if rows else frozenset()
        known[user_id] = tuple(_grant(tx, row) for row in rows if held & set(row["members"]))
    return known[user_id]


def forget(tx: Tx) -> None:
    """Roles or assignments changed."""
    tx.memo.pop(_MEMO, None)


def _grant(tx: Tx, row: Row) -> Grant:
    role = INTUNE_ROLES.require(tx, row["role_id"])
    return Grant(
        role["display_name"],
        resource_actions.of_intune(role["resource_actions"]),
        frozenset(row["role_scope_tag_ids"]),
        frozenset(row["resource_scopes"]),
        row["scope_type"] in ("allDevices", "allDevicesAndLicensedUsers"),
        row["scope_type"] in ("allLicensedUsers", "allDevicesAndLicensedUsers"),
    )
